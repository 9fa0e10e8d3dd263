// A conversation with tools survives translation: signatures and redacted thinking of a model behind Converse travel
// through the history of every dialect's client and arrive as they were sent.
import { describe, expect, test } from 'bun:test';
import { asArray, asObject, type JsonObject } from '../../../src/model/json/json.ts';
import { CARRY_CLIENTS, type Fetch } from '../../gateway/carry/clients.ts';
import { CITIES } from '../../gateway/carry/providers.ts';
import { SPOKEN_DIALECTS } from '../../support/client-requests.ts';
import { concat, eventMessage } from '../../support/event-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';
import { streamReply } from './lab.ts';

const MODEL = 'us.anthropic.claude-3-7-sonnet-20250219-v1:0';
const SIGNATURE = 'U2lnbmVkK3JlYXNvbmluZy8=';
const REDACTED = 'UmVkYWN0ZWQ/cmVhc29uaW5n';
const CALLS = CITIES.map((city, at) => ({ toolUseId: `tooluse_${at}`, name: 'weather', input: { city } }));

const reasoning = { reasoningText: { text: 'Both at once.', signature: SIGNATURE } };
const WHOLE = {
  output: {
    message: {
      role: 'assistant',
      content: [
        { reasoningContent: reasoning },
        { reasoningContent: { redactedContent: REDACTED } },
        { text: 'I look.' },
        ...CALLS.map((toolUse) => ({ toolUse })),
      ],
    },
  },
  stopReason: 'tool_use',
  usage: { inputTokens: 3, outputTokens: 9 },
};

const delta = (contentBlockIndex: number, said: JsonObject) =>
  eventMessage('contentBlockDelta', { contentBlockIndex, delta: said });
const stop = (contentBlockIndex: number) => eventMessage('contentBlockStop', { contentBlockIndex });
const STREAM = concat([
  eventMessage('messageStart', { role: 'assistant' }),
  delta(0, { reasoningContent: { text: 'Both ' } }),
  delta(0, { reasoningContent: { text: 'at once.' } }),
  delta(0, { reasoningContent: { signature: SIGNATURE } }),
  stop(0),
  delta(1, { reasoningContent: { redactedContent: REDACTED } }),
  stop(1),
  delta(2, { text: 'I look.' }),
  stop(2),
  ...CALLS.flatMap(({ toolUseId, name, input }, at) => [
    eventMessage('contentBlockStart', { contentBlockIndex: 3 + at, start: { toolUse: { toolUseId, name } } }),
    delta(3 + at, { toolUse: { input: JSON.stringify(input) } }),
    stop(3 + at),
  ]),
  eventMessage('messageStop', { stopReason: 'tool_use' }),
  eventMessage('metadata', { usage: WHOLE.usage }),
]);

/** Of the second request: what came back of the answer, in its order. */
function held(body: JsonObject): unknown {
  const messages = (asArray(body.messages) ?? []).map((message) => asObject(message) ?? {});
  const blocks = messages
    .flatMap(({ content }) => asArray(content) ?? [])
    .map((block) => asObject(block) ?? {});
  return {
    reasoning: blocks.flatMap((block) => block.reasoningContent ?? []),
    calls: blocks.flatMap((block) => block.toolUse ?? []),
    results: blocks.flatMap((block) => asObject(block.toolResult)?.toolUseId ?? []),
  };
}

for (const client of SPOKEN_DIALECTS) {
  for (const stream of [true, false]) {
    describe(`${client}, ${stream ? 'streamed' : 'whole'}`, () => {
      test('brings back all that the provider sealed', async () => {
        const upstream = createReplayFetch(() => (stream ? streamReply(STREAM) : jsonReply(WHOLE)));
        const { gateway } = createTestGateway({
          config: { providers: { bedrock: { api_key: 'lab-key', options: { region: 'us-east-1' } } } },
          fetch: upstream.fetch,
        });
        const connection: Fetch = (input, init) => {
          const request = new Request(input, init);
          request.headers.set('x-sluice-target', `bedrock/${MODEL}`);
          return gateway.fetch(request);
        };
        await CARRY_CLIENTS[client]({ model: MODEL, stream, first: connection, second: connection });
        expect(held(upstream.requests[1]?.json() as JsonObject)).toEqual({
          reasoning: [reasoning, { redactedContent: REDACTED }],
          calls: CALLS,
          results: CALLS.map(({ toolUseId }) => toolUseId),
        });
      });
    });
  }
}
