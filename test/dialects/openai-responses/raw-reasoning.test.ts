// Reasoning of which a server gives the words and a summary: clients of this dialect get and send back both.
import { expect, test } from 'bun:test';
import { encodeStreamed, encodeWhole } from '../../../scripts/fidelity/probe-answer.ts';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import { DIALECT_IDS } from '../../../src/model/dialect-id.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const ID = 'openai-responses';
const { client, provider } = DIALECTS[ID];
const SUMMARY = [{ type: 'summary_text', text: 'It adds.' }];
const CONTENT = [{ type: 'reasoning_text', text: 'Add sk-12345 to it.' }];
const ITEM: JsonObject = {
  type: 'reasoning',
  id: 'rs_1',
  summary: SUMMARY,
  content: CONTENT,
  encrypted_content: 'ZW5j',
};
const SAID: JsonObject = {
  type: 'message',
  role: 'assistant',
  content: [{ type: 'output_text', text: 'Done.', annotations: [] }],
};
const ANSWER: JsonObject = { id: 'resp_1', model: 'm', status: 'completed', output: [ITEM, SAID] };

const STREAM = [
  { type: 'response.created', response: { ...ANSWER, output: [] } },
  {
    type: 'response.output_item.added',
    output_index: 0,
    item: { type: 'reasoning', id: 'rs_1', summary: [] },
  },
  { type: 'response.reasoning_text.delta', output_index: 0, content_index: 0, delta: 'Add sk-12345 to it.' },
  { type: 'response.reasoning_summary_text.delta', output_index: 0, summary_index: 0, delta: 'It adds.' },
  { type: 'response.output_item.done', output_index: 0, item: ITEM },
  { type: 'response.completed', response: ANSWER },
];

test.each(DIALECT_IDS)('%s', (id) => {
  const response = provider.parseResponse(ANSWER);
  for (const { body, lost } of [encodeWhole(id, response), encodeStreamed(id, response)]) {
    const isOwn = id === ID;
    expect(lost).toEqual(isOwn ? [] : ['reasoning.content']);
    if (isOwn) expect(body.output).toMatchObject([{ summary: SUMMARY }, {}]);
  }
  expect(encodeWhole(ID, response).body.output).toMatchObject([{ content: CONTENT }, {}]);
});

test.each<[string, string, StreamEvent]>([
  [
    'response.reasoning_text.delta',
    'It adds.',
    { type: 'extension', dialect: ID, name: 'reasoning.content', value: { content: CONTENT } },
  ],
  [
    'response.reasoning_summary_text.delta',
    'Add sk-12345 to it.',
    { type: 'extension', dialect: ID, name: 'reasoning.summary', value: {} },
  ],
])('in a stream without %s the text is the other form', (left, text, told) => {
  const events: StreamEvent[] = [];
  const decoder = provider.createStreamDecoder(events);
  for (const event of STREAM)
    if (event.type !== left) decoder.decode({ event: '', data: JSON.stringify(event) });
  expect(events.flatMap((event) => (event.type === 'reasoning-delta' ? [event.text] : []))).toEqual([text]);
  expect(events.filter(({ type }) => type === 'extension')).toEqual([told]);
});

test('both go back', () => {
  const input = [{ role: 'user', content: 'hi' }, ITEM, SAID, { role: 'user', content: 'again' }];
  const request = client.parseRequest({ model: 'm', input }, { operation: 'generate' });
  const { body, losses } = provider.buildRequest(request, { model: 'm', quirks: {} });
  expect(body.input).toMatchObject([{}, ITEM, {}, {}]);
  expect(losses).toEqual([]);
});

test.each([false, true])('both are redacted, stream: %p', async (stream) => {
  const events = STREAM.filter(({ type }) => type !== 'response.reasoning_text.delta');
  const sse = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
  const reply = stream
    ? replyWith(sse, { headers: { 'content-type': 'text/event-stream' } })
    : jsonReply(ANSWER);
  const { post } = createTestGateway({
    config: {
      providers: { own: { dialect: ID, base_url: 'http://up.test/v1', api_key: 'key' } },
      routing: {
        default_provider: 'own',
        transformers: [{ name: 'redact', patterns: ['sk-[0-9]+'], direction: 'answer' }],
      },
    },
    fetch: createReplayFetch(reply).fetch,
  });
  const answer = await (await post('/v1/responses', { model: 'm', input: 'hi', stream })).text();
  expect(answer).toContain('Add [redacted] to it.');
  expect(answer).not.toContain('12345');
});
