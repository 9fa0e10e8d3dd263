// Codex takes any ending but a finished or failed response for a broken connection, and asks five more times.
import { describe, expect, test } from 'bun:test';
import { MESSAGE } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { readEvents } from '../../support/read-events.ts';
import { replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const REFUSED =
  MESSAGE.start +
  MESSAGE.block +
  MESSAGE.delta('I will look at') +
  MESSAGE.end.replace('"end_turn"', '"refusal"');

/** The last event for a client with these headers, and the row. */
async function ask(headers: Record<string, string>, stream = REFUSED) {
  const upstream = createReplayFetch(replyWith(stream, { headers: { 'content-type': 'text/event-stream' } }));
  const provider = { base_url: 'http://lab.invalid', api_key: 'k', max_retries: 0 };
  const { post, row } = createTestGateway({
    config: { providers: { anthropic: provider } },
    fetch: upstream.fetch,
  });
  const body = { model: 'anthropic/claude-opus-4-8', input: 'hi', stream: true };
  const answer = await post('/v1/responses', body, { headers });
  const last = readEvents(await answer.bytes()).at(-1);
  return { last: JSON.parse(last?.data ?? '{}'), row: await row(0) };
}

test.each([
  ['Codex', { originator: 'codex_exec', 'user-agent': 'codex_exec/0.171.0 (Debian 12.0.0; x86_64) xterm' }],
  ['a program built on it', { originator: 'my_app', 'x-codex-turn-metadata': '{"request_kind":"turn"}' }],
])('%s gets a refusal as a failure that it shows and does not retry', async (_, headers) => {
  const { last, row } = await ask(headers);
  expect(last).toMatchObject({
    type: 'response.failed',
    response: {
      status: 'failed',
      error: {
        code: 'invalid_prompt',
        message: 'The model, or a filter of its provider, refused to answer (refusal).',
      },
      incomplete_details: { reason: 'content_filter' },
      output: [{ type: 'message', content: [{ text: 'I will look at' }] }],
      usage: { output_tokens: 3 },
    },
  });
  expect(row).toMatchObject({ status: 'success', finishReason: 'refusal' });
});

test('its other answers, and the refusals of other clients, end as ever', async () => {
  const finished = await ask({ originator: 'codex_exec' }, REFUSED.replace('"refusal"', '"end_turn"'));
  expect(finished.last.type).toBe('response.completed');
  const { last } = await ask({ 'user-agent': 'OpenAI/JS 6.1.0' });
  expect(last).toMatchObject({ type: 'response.incomplete', response: { error: null } });
});

describe('a Responses stream that', () => {
  const response = { id: 'resp_1', object: 'response', status: 'in_progress', model: 'm', output: [] };
  const item = { id: 'msg_1', type: 'message', role: 'assistant', status: 'in_progress', content: [] };
  const place = { item_id: 'msg_1', output_index: 0, content_index: 0 };
  const begun = [
    { type: 'response.created', response },
    { type: 'response.output_item.added', output_index: 0, item },
    { type: 'response.content_part.added', ...place, part: { type: 'output_text', text: '' } },
    { type: 'response.output_text.delta', ...place, delta: 'Hello' },
  ];
  const error = { code: 'server_error', message: 'the model is gone', param: null };
  const reported = { type: 'error', ...error };
  const failed = { type: 'response.failed', response: { ...response, status: 'failed', error } };
  const CODEX = { originator: 'codex_exec' };
  /** What the client gets behind what was said. */
  const ending = async (headers: Record<string, string>, ...last: object[]) => {
    const sent = [...begun, ...last];
    const stream = sent.map((event, at) => `data: ${JSON.stringify({ ...event, sequence_number: at })}\n\n`);
    const upstream = createReplayFetch(
      replyWith(stream.join(''), { headers: { 'content-type': 'text/event-stream' } }),
    );
    const provider = { base_url: 'http://lab.invalid', api_key: 'k', max_retries: 0 };
    const { post } = createTestGateway({
      config: { providers: { lab: { ...provider, dialect: 'openai-responses' } } },
      fetch: upstream.fetch,
    });
    const body = { model: 'lab/gpt-5.4', input: 'hi', stream: true };
    const answer = await post('/v1/responses', body, { headers });
    return readEvents(await answer.bytes())
      .slice(begun.length)
      .map(({ data }) => JSON.parse(data));
  };

  test('breaks off ends as a failure, behind what it has', async () => {
    expect(await ending(CODEX)).toMatchObject([
      {
        type: 'response.failed',
        sequence_number: begun.length,
        response: { error: { code: 'server_error', message: expect.stringContaining('connection lost') } },
      },
    ]);
    expect(await ending({})).toMatchObject([{ type: 'error', sequence_number: begun.length }]);
  });

  test('ends in an error event alone has a failed response behind it, as OpenAI’s own has', async () => {
    expect(await ending(CODEX, reported)).toMatchObject([
      { ...reported, sequence_number: begun.length },
      {
        type: 'response.failed',
        sequence_number: begun.length + 1,
        response: { error: { code: 'server_error', message: expect.stringContaining('the model is gone') } },
      },
    ]);
    expect(await ending({}, reported)).toEqual([{ ...reported, sequence_number: begun.length }]);
  });

  test('has both passes as it came', async () => {
    expect(await ending(CODEX, reported, failed)).toEqual([
      { ...reported, sequence_number: begun.length },
      { ...failed, sequence_number: begun.length + 1 },
    ]);
  });
});
