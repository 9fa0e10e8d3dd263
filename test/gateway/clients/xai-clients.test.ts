// The AI SDK's provider for xAI, which speaks Responses: it refuses reasoning without a status.
import { expect, test } from 'bun:test';
import { asArray, asObject, type JsonValue, parseObject } from '../../../src/model/json/json.ts';
import { readEvents } from '../../support/read-events.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const AI_SDK = [
  'ai/6.0.3 ai-sdk/xai/3.0.138 ai-sdk/provider-utils/4.0.56 runtime/node.js/v20.20.2',
  'ai/7.0.173 ai-sdk-provider-utils/5.0.51 node.js/v20.20.2',
  'ai-sdk-xai/5.0.12 ai-sdk-provider-utils/5.0.51 node.js/v20.20.2',
];
const OPENAI = 'OpenAI/JS 7.59.0';

const WHOLE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: [
    { type: 'thinking', thinking: 'Hm.', signature: 'U0lH' },
    { type: 'redacted_thinking', data: 'UkVE' },
    { type: 'text', text: 'Yes.' },
  ],
  stop_reason: 'end_turn',
  usage: { input_tokens: 2, output_tokens: 3 },
};
const STREAM = [
  { type: 'message_start', message: { ...WHOLE, content: [], stop_reason: null } },
  { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Hm.' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'U0lH' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'content_block_start', index: 1, content_block: { type: 'redacted_thinking', data: 'UkVE' } },
  { type: 'content_block_stop', index: 1 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } },
  { type: 'message_stop' },
]
  .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  .join('');

async function ask(userAgent: string, stream: boolean): Promise<string> {
  const reply = stream
    ? replyWith(STREAM, { headers: { 'content-type': 'text/event-stream' } })
    : jsonReply(WHOLE);
  const provider = { base_url: 'http://lab.invalid', api_key: 'k', max_retries: 0 };
  const { post } = createTestGateway({
    config: { providers: { anthropic: provider } },
    fetch: createReplayFetch(reply).fetch,
  });
  const body = { model: 'anthropic/claude-opus-4-8', input: 'hi', stream };
  return (await post('/v1/responses', body, { headers: { 'user-agent': userAgent } })).text();
}

const reasoningOf = (items: readonly JsonValue[]) =>
  items.map(asObject).filter((item) => item?.type === 'reasoning');

test.each(AI_SDK)(
  'reasoning has a status for %s, in whole answers and in each event of a stream',
  async (userAgent) => {
    const whole = parseObject(await ask(userAgent, false));
    const items = reasoningOf(asArray(whole?.output) ?? []);
    expect(items.map((item) => item?.status)).toEqual(['completed', 'completed']);

    const events = readEvents(new TextEncoder().encode(await ask(userAgent, true))).map(({ data }) =>
      parseObject(data),
    );
    const status = (type: string) =>
      reasoningOf(events.filter((event) => event?.type === type).map((event) => event?.item ?? null)).map(
        (item) => item?.status,
      );
    expect(status('response.output_item.added')).toEqual(['in_progress', 'in_progress']);
    expect(status('response.output_item.done')).toEqual(['completed', 'completed']);
    const last = asObject(events.find((event) => event?.type === 'response.completed')?.response);
    expect(reasoningOf(asArray(last?.output) ?? []).map((item) => item?.status)).toEqual([
      'completed',
      'completed',
    ]);
  },
);

test('for other clients it has none, as from OpenAI', async () => {
  for (const item of reasoningOf(asArray(parseObject(await ask(OPENAI, false))?.output) ?? []))
    expect(item).not.toHaveProperty('status');
  expect(await ask(OPENAI, true)).not.toMatch(/"type":"reasoning"[^}]*"status"/);
});
