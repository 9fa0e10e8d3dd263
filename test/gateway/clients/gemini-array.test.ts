// Clients that ask Gemini for a stream without `alt=sse` read one JSON array: of a provider of their own dialect its
// elements are that provider's own words.
import { describe, expect, test } from 'bun:test';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { ONE_BYTE_PIECES } from '../../support/splits.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const ASK = { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] };
const PATH = '/v1beta/models/gemini/gemini-2.5-pro:streamGenerateContent';

/** With what no translation would keep: a field of its own, a number as it is written, an escape. */
const FIRST =
  '{"candidates": [{"content": {"parts": [{"text": "H\\u00e9","new": 1.50}],"role": "model"}}],"newer": {}}';
const LAST =
  '{"candidates": [{"content": {"parts": [{"text": "llo"}],"role": "model"},"finishReason": "STOP"}],"usageMetadata": {"promptTokenCount": 3,"candidatesTokenCount": 2}}';

const events = (...texts: string[]) => texts.map((text) => `data: ${text}\r\n\r\n`).join('');

async function read(body: string, type = 'text/event-stream', routing = {}) {
  const upstream = createReplayFetch(
    replyWith(body, { headers: { 'content-type': type }, split: ONE_BYTE_PIECES }),
  );
  const config = { providers: { gemini: { api_key: 'key', max_retries: 0 } }, routing };
  const { post, row } = createTestGateway({ config, fetch: upstream.fetch });
  const response = await post(PATH, ASK);
  return { response, text: await response.text(), row: await row(0), upstream };
}

test('the provider’s words are the elements', async () => {
  const { response, text, row, upstream } = await read(events(FIRST, LAST));
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(text).toBe(`[${FIRST},\r\n${LAST}]`);
  expect(row).toMatchObject({ status: 'success', lost: [], usage: { inputTokens: 3, outputTokens: 2 } });
  expect(upstream.requests[0]?.path).toEndWith(':streamGenerateContent?alt=sse');
});

test('a provider that answers with an array of its own all the same', async () => {
  const { text, row } = await read(`[${FIRST}\n,\n${LAST}\n]`, 'application/json');
  expect(JSON.parse(text)).toEqual([JSON.parse(FIRST), JSON.parse(LAST)]);
  expect(row.status).toBe('success');
});

describe('the array is whole', () => {
  test('where the provider breaks off: its last element is the error', async () => {
    const { text, row } = await read(events(FIRST));
    const [first, second, ...more] = JSON.parse(text);
    expect([first, more]).toEqual([JSON.parse(FIRST), []]);
    expect(second.error.message).toContain('connection lost');
    expect(row.status).toBe('truncated');
  });

  test('where it has an error', async () => {
    const error = '{"error": {"code": 503,"message": "busy","status": "UNAVAILABLE"}}';
    const { text, row } = await read(events(FIRST, error, LAST));
    expect(JSON.parse(text)).toEqual([JSON.parse(FIRST), JSON.parse(error)]);
    expect(row.status).toBe('error');
  });

  test('where an event is torn: that one is left out, and counted', async () => {
    const { text, row } = await read(events(FIRST, '{"candidates": [', LAST));
    expect(JSON.parse(text)).toEqual([JSON.parse(FIRST), JSON.parse(LAST)]);
    expect(row).toMatchObject({ status: 'success', malformedEvents: 1 });
  });

  test('where another target may go on with it', async () => {
    const { text } = await read(events(FIRST, LAST), 'text/event-stream', { continue_streams: true });
    expect(JSON.parse(text)[0]).toMatchObject({ candidates: [{ content: { parts: [{ text: 'Hé' }] } }] });
  });
});
