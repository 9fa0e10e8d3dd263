// A last turn of the assistant: who goes on with it, who has to be asked to, and what is said where nobody does.
import { describe, expect, test } from 'bun:test';
import { PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { ProviderDialectId } from '../../src/model/dialect-id.ts';
import type { Part } from '../../src/model/content.ts';
import { asArray } from '../../src/model/json/json.ts';
import type { Message, ReasoningSettings } from '../../src/model/request.ts';
import { PROVIDER_KINDS } from '../../src/providers/kinds.ts';
import { wholeChat } from '../support/message-stream.ts';
import { createTestGateway } from '../support/test-gateway.ts';

const CALL: Part = { type: 'tool-call', id: 'c', name: 'f', arguments: '{}', kind: 'function' };
const HALF: Part = { type: 'text', text: 'One, ' };

function lostBy(kind: string, dialect: 'openai-chat' | 'openai-responses', model: string, parts: Part[]) {
  const { losses } = PROVIDER_SIDES[dialect].buildRequest(
    {
      ...{ model, stream: false, system: [], tools: [] },
      messages: [
        { role: 'user', parts: [{ type: 'text', text: 'Count.' }] },
        { role: 'assistant', parts },
      ],
    },
    { model, quirks: PROVIDER_KINDS.find((row) => row.kind === kind)?.quirks ?? {} },
  );
  return losses.map(({ feature, outcome }) => `${outcome} ${feature}`);
}

const NAMED = ['approximated messages.prefill'];

test.each([
  ['openai', 'openai-chat', 'gpt-4.1', NAMED],
  ['azure', 'openai-chat', 'gpt-4.1', NAMED],
  ['openai', 'openai-responses', 'gpt-5', NAMED],
  // Their servers go on with it.
  ['openrouter', 'openai-chat', 'anthropic/claude-sonnet-4.5', []],
  ['groq', 'openai-chat', 'llama-3.3-70b-versatile', []],
  // But these models do not.
  ['openrouter', 'openai-chat', 'openai/gpt-5', NAMED],
  ['openrouter', 'openai-chat', '~openai/gpt-latest', NAMED],
  // They do not say.
  ['none', 'openai-responses', 'llama3', NAMED],
  ['none', 'openai-chat', 'llama3', NAMED],
  ...['xai', 'together', 'fireworks', 'cerebras', 'glm'].map(
    (kind) => [kind, 'openai-chat', 'some-model', NAMED] as const,
  ),
  // It goes on, but repeats the turn; for clients of other dialects that is taken off (test/gateway).
  ['mistral', 'openai-chat', 'mistral-large', NAMED],
] as const)('%s, %s, %s', (kind, dialect, model, expected) => {
  expect(lostBy(kind, dialect, model, [HALF])).toEqual([...expected]);
  expect(lostBy(kind, dialect, model, [HALF, CALL])).toEqual([]);
});

test('white space alone is nothing to go on with', () => {
  expect(lostBy('openai', 'openai-chat', 'gpt-4.1', [{ type: 'text', text: ' ' }])).toEqual([]);
});

function asked(
  kind: string,
  model: string,
  options: { baseUrl?: string; reasoning?: ReasoningSettings } = {},
) {
  const row = PROVIDER_KINDS.find((each) => each.kind === kind);
  const { baseUrl = row?.baseUrl ?? '', reasoning } = options;
  const { body, losses, ...rest } = PROVIDER_SIDES['openai-chat'].buildRequest(
    {
      ...{ model, stream: false, system: [], tools: [], ...(reasoning && { reasoning }) },
      messages: [
        { role: 'user', parts: [{ type: 'text', text: 'Count.' }] },
        { role: 'assistant', parts: [HALF] },
      ],
    },
    { model, quirks: row?.quirks ?? {}, baseUrl },
  );
  const { messages, ...fields } = body;
  return { last: asArray(messages)?.at(-1), fields, lost: losses.map(({ how }) => how), ...rest };
}

const TURN = { role: 'assistant', content: 'One, ' };

describe('asked to go on', () => {
  test.each(['https://api.deepseek.com', 'https://api.deepseek.com/v1'])('DeepSeek, at %s', (baseUrl) => {
    expect(asked('deepseek', 'deepseek-chat', { baseUrl })).toMatchObject({
      last: { ...TURN, prefix: true },
      lost: [],
      baseUrl: 'https://api.deepseek.com/beta',
    });
  });

  test('DeepSeek, where its beta is the address', () => {
    const { last, lost, ...rest } = asked('deepseek', 'deepseek-chat', {
      baseUrl: 'https://api.deepseek.com/beta',
    });
    expect([last, lost]).toEqual([{ ...TURN, prefix: true }, []]);
    expect(rest).not.toHaveProperty('baseUrl');
  });

  test('not DeepSeek’s models elsewhere: no request goes to an address that is not configured', () => {
    const { last, lost, ...rest } = asked('deepseek', 'deepseek-chat', {
      baseUrl: 'http://proxy.example/ds',
    });
    expect([last, lost]).toEqual([
      TURN,
      ['the last turn is continued only if base_url is https://api.deepseek.com/beta'],
    ]);
    expect(rest).not.toHaveProperty('baseUrl');
  });

  test('Moonshot', () => {
    expect(asked('moonshot', 'kimi-k2.5')).toMatchObject({ last: { ...TURN, partial: true }, lost: [] });
  });

  test('vLLM', () => {
    expect(asked('vllm', 'qwen3-8b')).toMatchObject({
      last: TURN,
      fields: { continue_final_message: true, add_generation_prompt: false },
      lost: [],
    });
  });

  test('Qwen, while it does not think', () => {
    const partial = { ...TURN, partial: true };
    expect(asked('qwen', 'qwen-plus')).toMatchObject({ last: partial, lost: [] });
    const quiet = 'thinking is off for this answer: it rules out continuing the last turn';
    expect(asked('qwen', 'qwen3.5-plus')).toMatchObject({
      last: partial,
      fields: { enable_thinking: false },
      lost: [quiet],
    });
    expect(asked('qwen', 'qwen3.5-plus', { reasoning: { mode: 'off' } })).toMatchObject({
      last: partial,
      lost: [],
    });
    const thinks = 'the model thinks, so it does not continue the last turn: its answer starts afresh';
    expect(asked('qwen', 'qwen-plus', { reasoning: { mode: 'on' } })).toMatchObject({
      last: TURN,
      lost: [thinks],
    });
    expect(asked('qwen', 'qwq-plus')).toMatchObject({ last: TURN, lost: [thinks] });
  });

  test('a conversation that ends with the user is not', () => {
    for (const kind of ['deepseek', 'moonshot', 'qwen', 'vllm']) {
      const row = PROVIDER_KINDS.find((each) => each.kind === kind);
      const messages = [{ role: 'user' as const, parts: [HALF] }];
      const { body, losses } = PROVIDER_SIDES['openai-chat'].buildRequest(
        { model: 'm', stream: false, system: [], tools: [], messages },
        { model: 'm', quirks: row?.quirks ?? {}, baseUrl: row?.baseUrl ?? '' },
      );
      expect([body.messages, body.continue_final_message, losses]).toEqual([
        [{ role: 'user', content: 'One, ' }],
        undefined,
        [],
      ]);
    }
  });
});

test('DeepSeek is sent there what another client asks so, with a query of nobody’s', async () => {
  const urls: string[] = [];
  const gateway = createTestGateway({
    config: { providers: { deepseek: { api_key: 'k' } } },
    fetch: async (url) => {
      urls.push(String(url));
      return Response.json(wholeChat('two'));
    },
  });
  const ask = async (path: string, messages: object[]) => {
    const body = { model: 'deepseek/deepseek-chat', max_tokens: 9, messages };
    expect((await gateway.post(path, body)).status).toBe(200);
  };
  const user = { role: 'user', content: 'Count.' };
  await ask('/v1/messages?beta=true', [user, TURN]);
  await ask('/v1/messages?beta=true', [user]);
  // Its own clients say for themselves where they go on.
  await ask('/v1/chat/completions', [user, TURN]);
  expect(urls).toEqual([
    'https://api.deepseek.com/beta/chat/completions',
    'https://api.deepseek.com/chat/completions',
    'https://api.deepseek.com/chat/completions',
  ]);
});

describe('models that refuse such an end are asked by the user to go on, which is named', () => {
  const GO_ON = expect.stringMatching(/^Continue your last message exactly where it ends/);
  const said = (dialect: ProviderDialectId, model: string, parts: Part[], kind = dialect as string) => {
    const { body, losses } = PROVIDER_SIDES[dialect].buildRequest(
      {
        ...{ model, stream: false, system: [], tools: [] },
        messages: [
          { role: 'user', parts: [{ type: 'text', text: 'Count.' }] },
          { role: 'assistant', parts },
        ],
      },
      { model, quirks: PROVIDER_KINDS.find((row) => row.kind === kind)?.quirks ?? {} },
    );
    const last = asArray(body.messages ?? body.contents)?.at(-1);
    return { last, named: losses.filter(({ feature }) => feature === 'messages.prefill').length };
  };

  test.each(['claude-opus-4-6', 'claude-sonnet-5-5', 'claude-haiku-5', 'claude-fable-5-1'])('%s', (model) => {
    const text = { role: 'user', content: GO_ON };
    expect(said('anthropic-messages', model, [HALF])).toMatchObject({ last: text, named: 1 });
    const asked = { role: 'user', content: [{ text: GO_ON }] };
    const amazon = said('bedrock-converse', `us.anthropic.${model}-v1:0`, [HALF]);
    expect(amazon).toMatchObject({ last: asked, named: 1 });
  });

  test.each(['gemini-3.6-flash', 'gemini-3.5-flash-lite', 'gemini-3.8-flash', 'gemini-flash-latest'])(
    '%s',
    (model) => {
      const last = { role: 'user', parts: [{ text: GO_ON }] };
      expect(said('gemini', model, [HALF])).toMatchObject({ last, named: 1 });
    },
  );

  test.each([
    'anthropic/claude-opus-4.6',
    'anthropic/claude-sonnet-5',
    '~anthropic/claude-sonnet-latest',
    'google/gemini-3.6-flash',
    'google/gemini-3.5-flash-lite',
  ])('%s at OpenRouter', (model) => {
    const last = { role: 'user', content: GO_ON };
    expect(said('openai-chat', model, [HALF], 'openrouter')).toMatchObject({ last, named: 1 });
  });

  test.each([
    ['anthropic-messages', 'claude-sonnet-4-5'],
    ['anthropic-messages', 'claude-opus-4-1-20250805'],
    ['anthropic-messages', 'glm-5'],
    ['bedrock-converse', 'anthropic.claude-sonnet-4-5-20250929-v1:0'],
    ['bedrock-converse', 'amazon.nova-pro-v1:0'],
    ['gemini', 'gemini-3.5-flash'],
    ['gemini', 'gemini-2.5-flash'],
    ['openai-chat', 'anthropic/claude-sonnet-4.5'],
    ['openai-chat', 'anthropic/claude-opus-4'],
    ['openai-chat', 'google/gemini-3.5-flash'],
  ] as const)('not %s, %s', (dialect, model) => {
    const { last, named } = said(dialect, model, [HALF], dialect === 'openai-chat' ? 'openrouter' : dialect);
    expect(last).not.toMatchObject({ role: 'user' });
    expect(named).toBe(0);
  });

  test('not behind a call, whose result is what lacks', () => {
    for (const [dialect, model] of [
      ['anthropic-messages', 'claude-opus-4-6'],
      ['bedrock-converse', 'anthropic.claude-opus-4-6-v1'],
      ['gemini', 'gemini-3.6-flash'],
    ] as const) {
      expect(said(dialect, model, [HALF, CALL])).toMatchObject({ named: 0 });
    }
  });
});

test.each<[ProviderDialectId, string]>([
  ['anthropic-messages', 'claude-sonnet-4-5'],
  ['bedrock-converse', 'anthropic.claude-sonnet-4-5-20250929-v1:0'],
])('%s: Claude, which refuses to think while it goes on with a turn, does not', (dialect, model) => {
  const { body, losses } = PROVIDER_SIDES[dialect].buildRequest(
    {
      ...{ model, stream: false, system: [], tools: [], maxOutputTokens: 9_000 },
      reasoning: { mode: 'on', budgetTokens: 2_000 },
      messages: [
        { role: 'user', parts: [{ type: 'text', text: 'Count.' }] },
        { role: 'assistant', parts: [HALF] },
      ],
    },
    { model, quirks: {} },
  );
  expect(JSON.stringify(body)).not.toContain('budget_tokens');
  expect(losses.find(({ feature }) => feature === 'thinking')).toEqual({
    feature: 'thinking',
    outcome: 'lost',
    how: 'off, since the thinking of the continued turn cannot be sent back',
  });
});

describe('a schema of the answer, which Claude refuses where it goes on with a turn or cites', () => {
  const asked = (dialect: ProviderDialectId, model: string, messages: Message[]) => {
    const schema = { type: 'object', properties: { x: { type: 'integer' } }, required: ['x'] };
    const outputFormat = { type: 'json-schema', schema } as const;
    const { body, losses } = PROVIDER_SIDES[dialect].buildRequest(
      { model, stream: false, system: [], tools: [], outputFormat, messages },
      { model, quirks: {} },
    );
    return {
      isBound: body.output_config !== undefined || body.outputConfig !== undefined,
      isTold: JSON.stringify(body.system ?? '').includes('integer'),
      named: losses.some(({ feature }) => feature === 'response_format'),
    };
  };
  const question: Message = { role: 'user', parts: [{ type: 'text', text: 'Count.' }] };
  const begun: Message[] = [question, { role: 'assistant', parts: [HALF] }];
  const source = { kind: 'base64', mediaType: 'application/pdf', data: 'QUJD' } as const;
  const cited: Message[] = [{ role: 'user', parts: [{ type: 'document', source, cites: true }] }];

  test.each<[ProviderDialectId, string, string]>([
    ['anthropic-messages', 'claude-sonnet-4-5', 'claude-opus-4-6'],
    ['bedrock-converse', 'anthropic.claude-sonnet-4-5-20250929-v1:0', 'anthropic.claude-opus-4-6-v1'],
  ])('%s: it is told in words', (dialect, model, newer) => {
    const told = { isBound: false, isTold: true, named: true };
    expect(asked(dialect, model, begun)).toEqual(told);
    expect(asked(dialect, newer, cited)).toEqual(told);
    expect(asked(dialect, model, [question])).toMatchObject({ isBound: true, isTold: false });
    // It gets a turn of the user's behind its own.
    expect(asked(dialect, newer, begun)).toMatchObject({ isBound: true, isTold: false });
  });
});
