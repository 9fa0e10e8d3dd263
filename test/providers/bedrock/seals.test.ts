// A conversation that moves between Claude at Anthropic and Claude behind Converse keeps its thinking: what one platform
// sealed is valid on the other. Models of other vendors get none of it.
import { describe, expect, test } from 'bun:test';
import { asArray, asObject, type JsonObject } from '../../../src/model/json/json.ts';
import { CARRY_CLIENTS, type Fetch } from '../../gateway/carry/clients.ts';
import { CITIES } from '../../gateway/carry/providers.ts';
import { SPOKEN_DIALECTS } from '../../support/client-requests.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const SIGNATURE = 'EuoCCkYICBgCKkAh/9+w==';
const REDACTED = 'EtMFCkgICxABGAIqQGqBMwBi46+SDEE=';
/** As in a recorded answer of Bedrock: base64 of the text that Anthropic's own API gives. */
const REDACTED_BYTES = btoa(REDACTED);

const CLAUDE_AT_BEDROCK = 'bedrock/us.anthropic.claude-3-7-sonnet-20250219-v1:0';
const CLAUDE = 'anthropic/claude-3-7-sonnet-20250219';

const FROM_CONVERSE = {
  output: {
    message: {
      role: 'assistant',
      content: [
        { reasoningContent: { reasoningText: { text: 'Both at once.', signature: SIGNATURE } } },
        { reasoningContent: { redactedContent: REDACTED_BYTES } },
        { toolUse: { toolUseId: 'tooluse_0', name: 'weather', input: { city: CITIES[0] } } },
      ],
    },
  },
  stopReason: 'tool_use',
  usage: { inputTokens: 3, outputTokens: 9 },
};
const FROM_MESSAGES = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude',
  content: [
    { type: 'thinking', thinking: 'Both at once.', signature: SIGNATURE },
    { type: 'redacted_thinking', data: REDACTED },
    { type: 'tool_use', id: 'toolu_0', name: 'weather', input: { city: CITIES[0] } },
  ],
  stop_reason: 'tool_use',
  stop_sequence: null,
  usage: { input_tokens: 3, output_tokens: 9 },
};

/** What the second provider gets of the first one's turn. */
async function carry(client: keyof typeof CARRY_CLIENTS, first: string, second: string) {
  const upstream = createReplayFetch(({ path }) =>
    jsonReply(path.endsWith('/converse') ? FROM_CONVERSE : FROM_MESSAGES),
  );
  const { gateway, row } = createTestGateway({
    config: {
      providers: {
        bedrock: { api_key: 'lab-key', options: { region: 'us-east-1' } },
        anthropic: { api_key: 'lab-key' },
        glm: { dialect: 'anthropic-messages', base_url: 'http://upstream.test', api_key: 'lab-key' },
      },
    },
    fetch: upstream.fetch,
  });
  const to =
    (target: string): Fetch =>
    (input, init) => {
      const request = new Request(input, init);
      request.headers.set('x-sluice-target', target);
      return gateway.fetch(request);
    };
  await CARRY_CLIENTS[client]({ model: 'claude', stream: false, first: to(first), second: to(second) });
  const { messages } = (upstream.requests[1]?.json() ?? {}) as JsonObject;
  const turns = (asArray(messages) ?? []).map((message) => asObject(message) ?? {});
  const blocks = turns.find(({ role }) => role === 'assistant')?.content;
  const thinking = (asArray(blocks) ?? []).filter((block) => {
    const { type, reasoningContent } = asObject(block) ?? {};
    return reasoningContent !== undefined || type === 'thinking' || type === 'redacted_thinking';
  });
  return { thinking, lost: (await row(1)).lost };
}

for (const client of SPOKEN_DIALECTS) {
  describe(client, () => {
    test('from Converse to Anthropic', async () => {
      const { thinking, lost } = await carry(client, CLAUDE_AT_BEDROCK, CLAUDE);
      expect(thinking).toEqual(FROM_MESSAGES.content.slice(0, 2));
      expect(lost).not.toContain('reasoning');
    });

    test('from Anthropic to Converse', async () => {
      const { thinking, lost } = await carry(client, CLAUDE, CLAUDE_AT_BEDROCK);
      expect(thinking).toEqual(FROM_CONVERSE.output.message.content.slice(0, 2));
      expect(lost).not.toContain('reasoning');
    });

    test('not to models of other vendors on either wire', async () => {
      for (const [first, second] of [
        [CLAUDE, 'bedrock/us.amazon.nova-2-lite-v1:0'],
        [CLAUDE_AT_BEDROCK, 'glm/glm-4.7'],
      ] as const) {
        const { thinking, lost } = await carry(client, first, second);
        expect(thinking).toEqual([]);
        expect(lost).toContain('reasoning');
      }
    });
  });
}
