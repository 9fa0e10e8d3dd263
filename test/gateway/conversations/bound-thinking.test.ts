// Claude's newest models take their thinking back only behind what stood before it: clients of other dialects, which cannot
// say what is to happen then, go on with a conversation that they cut or changed.
import { describe, expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../../src/dialects/registry.ts';
import type { ProviderDialectId } from '../../../src/model/dialect-id.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { ownToken, tokenToWire } from '../../../src/model/opaque-token.ts';
import type { Message, NeutralRequest } from '../../../src/model/request.ts';
import { wholeMessage } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const BETA = 'thinking-binding-controls-2026-08-01';
const BINDING = { prefix_mismatch_behavior: 'drop_block' };
const SEAL = ownToken('anthropic-messages', 'sealed');

const TOOL = { type: 'function', name: 'f', parameters: { type: 'object' } } as const;

/** The second question of a conversation in which Claude thought. */
function goingOn(more: Partial<NeutralRequest> = {}): NeutralRequest {
  return {
    model: 'm',
    stream: false,
    system: [],
    messages: [
      { role: 'user', parts: [{ type: 'text', text: 'Hi' }] },
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', text: 'Hm.', signature: SEAL },
          { type: 'text', text: 'Hello.' },
        ],
      },
      { role: 'user', parts: [{ type: 'text', text: 'And?' }] },
    ],
    tools: [],
    ...more,
  };
}

const thoughtAlone: Message = {
  role: 'assistant',
  parts: [{ type: 'reasoning', text: 'Hm?', signature: SEAL }],
};

const HERE = 'https://claude.test';

function built(dialect: ProviderDialectId, model: string, request: NeutralRequest, baseUrl = HERE) {
  const quirks = { bindingControls: /^https:\/\/claude\.test$/ };
  return PROVIDER_SIDES[dialect].buildRequest(request, { model, quirks, baseUrl });
}

/** Of what says so, for those who read it. */
function controls(dialect: ProviderDialectId, { body, headers }: ReturnType<typeof built>) {
  const more = (body.additionalModelRequestFields ?? {}) as JsonObject;
  switch (dialect) {
    case 'anthropic-messages':
      return { thinking: body.thinking, betas: headers?.['anthropic-beta']?.split(',') };
    case 'bedrock-invoke':
      return { thinking: body.thinking, betas: body.anthropic_beta };
    default:
      return { thinking: more.thinking, betas: more.anthropic_beta };
  }
}

const NONE = { thinking: undefined, betas: undefined };

describe.each([['anthropic-messages'], ['bedrock-invoke'], ['bedrock-converse']] as const)(
  '%s',
  (dialect) => {
    const said = (model: string, more?: Partial<NeutralRequest>, baseUrl?: string) =>
      controls(dialect, built(dialect, `anthropic.${model}`, goingOn(more), baseUrl));

    test.each([
      'claude-fable-5-2',
      'claude-mythos-5-1',
      'claude-opus-5-5',
      'claude-sonnet-5-5',
      'claude-haiku-5-5',
    ])('%s leaves out what is no longer valid', (model) => {
      expect(said(model)).toEqual({ thinking: { type: 'adaptive', block_binding: BINDING }, betas: [BETA] });
    });

    test.each(['claude-opus-5', 'claude-haiku-4-5', 'claude-fable-5'])(
      '%s takes it wherever it stands',
      (model) => {
        expect(said(model)).toEqual(NONE);
      },
    );

    test('beside the thinking that is asked for', () => {
      const { thinking, betas } = said('claude-opus-5-5', { reasoning: { effort: 'high' } });
      expect(thinking).toEqual({ type: 'adaptive', display: 'summarized', block_binding: BINDING });
      expect(betas).toEqual([BETA]);
    });

    test('beside the effort that is asked for', () => {
      const { body } = built(dialect, 'anthropic.claude-opus-5-5', goingOn({ reasoning: { effort: 'low' } }));
      expect(JSON.stringify(body)).toContain('"effort":"low"');
    });

    test('where no call can be forced, a call that should be', () => {
      const forced = said('claude-opus-5-5', { tools: [TOOL], toolChoice: { type: 'required' } });
      expect(forced).toEqual({
        thinking: { type: 'adaptive', block_binding: BINDING },
        betas: [BETA],
      });
    });

    test.each<[string, string, Partial<NeutralRequest>]>([
      ['a question alone', 'claude-opus-5-5', { messages: goingOn().messages.slice(0, 1) }],
      ['thinking between calls alone', 'claude-sonnet-5-5', { reasoning: { mode: 'off' } }],
      ['no thinking', 'claude-haiku-5-5', { reasoning: { mode: 'off' } }],
      ['a forced call', 'claude-haiku-5-5', { tools: [TOOL], toolChoice: { type: 'required' } }],
    ])('not with %s', (_, model, more) => {
      const { thinking, betas } = said(model, more);
      expect((thinking as JsonObject | undefined)?.block_binding).toBeUndefined();
      expect(betas).toBeUndefined();
    });

    test('where it may not think, what it thought stays out: it cannot be asked to leave out what is no longer valid', () => {
      const [hi, hello, and] = goingOn().messages;
      const cut: Partial<NeutralRequest> = {
        messages: [hi, thoughtAlone, and, hello, and].filter((message) => message !== undefined),
        reasoning: { effort: 'none' },
      };
      const { body, losses } = built(
        dialect,
        'anthropic.claude-haiku-5-5',
        goingOn(cut),
        'https://proxy.test',
      );
      const turns = body.messages as { role: string }[];
      expect(turns.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
      expect(JSON.stringify(turns)).not.toContain('sealed');
      expect(losses).toMatchObject([{ feature: 'reasoning', outcome: 'lost' }]);
    });

    test.each([
      ['claude-haiku-5-5', 'low'],
      ['claude-opus-5-5', 'none'],
      ['claude-sonnet-5-5', 'none'],
      ['claude-haiku-4-5', 'none'],
      ['claude-opus-5', 'none'],
    ] as const)('%s with effort %s gets what it thought back', (model, effort) => {
      const { body } = built(dialect, `anthropic.${model}`, goingOn({ reasoning: { effort } }));
      expect(JSON.stringify(body)).toContain('sealed');
    });

    test('not where the server may not know it', () => {
      expect(said('claude-opus-5-5', {}, 'https://proxy.test')).toEqual(NONE);
    });
  },
);

test('a client of the same dialect decides by itself', () => {
  const request = goingOn({ extension: { dialect: 'anthropic-messages', fields: {} } });
  const said = built('anthropic-messages', 'claude-opus-5-5', request);
  expect(controls('anthropic-messages', said)).toEqual(NONE);
});

test('a client of the same dialect sends thinking back though it wants no more', () => {
  const request = goingOn({
    reasoning: { mode: 'off' },
    extension: { dialect: 'anthropic-messages', fields: {} },
  });
  const { body } = built('anthropic-messages', 'claude-haiku-5-5', request);
  expect(JSON.stringify(body)).toContain('sealed');
});

test.each([
  ['thinking', { type: 'adaptive', block_binding: BINDING }, [BETA]],
  ['thinking', { type: 'adaptive', display: 'updates' }, ['thinking-display-updates-2026-08-18']],
  [
    'context_management',
    { edits: [{ type: 'clear_tool_uses_20250919' }, { type: 'compact_20260112' }] },
    ['context-management-2025-06-27', 'compact-2026-01-12'],
  ],
  ['safeguards', [{ type: 'dangerous_tool_use' }], ['dangerous-tool-use-2026-09-03']],
  [
    'tools',
    [
      { type: 'computer_20251124', name: 'computer', display_width_px: 9, display_height_px: 9 },
      { type: 'tool_search_tool_regex_20251119', name: 'tool_search_tool_regex' },
    ],
    ['computer-use-2025-11-24', 'tool-search-tool-2025-10-19'],
  ],
  [
    'messages',
    [
      { role: 'user', content: 'Hi' },
      {
        role: 'system',
        content: [{ type: 'tool_removal', tool: { type: 'tool_reference', name: 'f' } }],
        output_config: { effort: 'low' },
      },
    ],
    ['mid-conversation-output-config-2026-07-01', 'mid-conversation-tool-changes-2026-07-01'],
  ],
])('what an Anthropic client says in %s reaches Amazon with the beta that it needs', (name, value, betas) => {
  const { client } = DIALECTS['anthropic-messages'];
  const ask = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }], [name]: value };
  const { body } = built(
    'bedrock-invoke',
    'anthropic.claude-opus-5-5',
    client.parseRequest(ask, { operation: 'generate' }),
  );
  expect(body[name]).toEqual(value);
  expect(body.anthropic_beta).toEqual(betas);
});

describe('a Chat client that cut its history', () => {
  const seal = tokenToWire('openai-chat', SEAL);
  const ask = {
    model: 'anthropic/claude-fable-5-2',
    messages: [
      {
        role: 'assistant',
        content: 'Hello.',
        reasoning_details: [{ type: 'reasoning.text', text: 'Hm.', signature: seal }],
      },
      { role: 'user', content: 'And?' },
    ],
  };
  const setup = (headers: Record<string, string>, answer: JsonObject = {}) => {
    const upstream = createReplayFetch(() => jsonReply({ ...wholeMessage('Well.'), ...answer }));
    const config = { providers: { anthropic: { api_key: 'sk-ant-api03-abcdefgh', headers } } };
    return { upstream, ...createTestGateway({ config, fetch: upstream.fetch }) };
  };

  test('names the beta beside those of the configuration', async () => {
    const { post, upstream } = setup({ 'anthropic-beta': 'other,mine' });
    const answer = await post('/v1/chat/completions', ask);
    expect(answer.status).toBe(200);
    const [sent] = upstream.requests;
    expect(sent?.json()).toMatchObject({ thinking: { type: 'adaptive', block_binding: BINDING } });
    expect(sent?.headers.get('anthropic-beta')).toBe(`other,mine,${BETA}`);
  });

  test.each([
    ['nothing, where all was valid', [], []],
    [
      'what was left out',
      [{ type: 'thinking_dropped', path: 'messages.0.content.0' }],
      ['input_transformations'],
    ],
  ])('has in its row %s', async (_, transformations, lost) => {
    const { post, row } = setup({}, { input_transformations: transformations });
    expect((await post('/v1/chat/completions', ask)).status).toBe(200);
    expect((await row(0)).lost).toEqual(lost);
  });
});
