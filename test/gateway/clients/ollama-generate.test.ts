// Clients of Ollama's /api/generate: a prompt becomes a turn for any provider, and its answer the form that they read.
import { describe, expect, test } from 'bun:test';
import { type GenerateRequest, Ollama } from 'ollama';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { MESSAGE } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { startSluice } from '../../support/sluice-process.ts';
import { allSplits } from '../../support/splits.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const OLLAMA = { kind: 'ollama', base_url: 'http://127.0.0.1:11434' } as const;

function setup(reply: Reply, provider: object = LAB_PROVIDERS.claude) {
  const upstream = createReplayFetch(reply);
  const lab = createTestGateway({
    config: { providers: { lab: provider }, routing: { default_provider: 'lab' } },
    fetch: upstream.fetch,
  });
  let headers = new Headers();
  const fetch = async (input: string | URL | Request, init?: RequestInit) => {
    const response = await lab.gateway.fetch(new Request(input, init));
    headers = response.headers;
    return response;
  };
  const client = new Ollama({ host: 'http://127.0.0.1:8088', fetch: fetch as typeof globalThis.fetch });
  const sent = () => upstream.requests[0]?.json() as JsonObject;
  return { ...lab, upstream, client, sent, headers: () => headers };
}

const EVENTS = { headers: { 'content-type': 'text/event-stream' } };
const CLAUDE = MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hel') + MESSAGE.delta('lo') + MESSAGE.end;

const line = (message: JsonObject, more: JsonObject = { done: false }) =>
  `${JSON.stringify({ model: 'm', created_at: '2026-01-01T00:00:00Z', message: { role: 'assistant', content: '', ...message }, ...more })}\n`;
const ENDING = {
  done: true,
  done_reason: 'stop',
  total_duration: 5_000_000_000,
  prompt_eval_count: 3,
  eval_count: 2,
};
const LINES =
  line({ thinking: 'Hm.' }) + line({ content: 'Hel' }) + line({ content: 'lo' }) + line({}, ENDING);

describe('a stream', () => {
  test('is pieces of the response, and ends with the counts', async () => {
    const lab = setup(replyWith(CLAUDE, EVENTS));
    const pieces = [];
    for await (const piece of await lab.client.generate({ model: 'm', prompt: 'hi', stream: true }))
      pieces.push(piece);
    expect(pieces.map(({ response }) => response)).toEqual(['Hel', 'lo', '']);
    expect(pieces.map(({ done }) => done)).toEqual([false, false, true]);
    const last = pieces.at(-1);
    expect(last).toMatchObject({ done_reason: 'stop', eval_count: expect.any(Number) });
    expect(Object.keys(last ?? {})).not.toContain('message');
    expect(lab.headers().get('content-type')).toBe('application/x-ndjson');
  });

  test('is the default', async () => {
    const lab = setup(replyWith(CLAUDE, EVENTS));
    const text = await (await lab.post('/api/generate', { model: 'm', prompt: 'hi' })).text();
    expect(text.trimEnd().split('\n')).toHaveLength(3);
    expect(lab.sent().stream).toBe(true);
    const row = await lab.row(0);
    expect(row).toMatchObject({ status: 'success', streamed: true, clientDialect: 'ollama-chat' });
    // As a client of /api/chat would have asked, and been answered.
    expect(row.requestBody).toContain('"messages"');
    expect(row.responseBody).toContain('"message"');
  });

  test('of an Ollama server keeps its thinking and its durations, however its bytes come', async () => {
    for (const split of allSplits()) {
      const lab = setup(
        replyWith(LINES, { split, headers: { 'content-type': 'application/x-ndjson' } }),
        OLLAMA,
      );
      const text = await (await lab.post('/api/generate', { model: 'm', prompt: 'hi' })).text();
      const head = { model: 'm', created_at: '2026-01-01T00:00:00Z' };
      const lines = text.trimEnd().split('\n');
      expect(
        lines.map((each) => JSON.parse(each)),
        split.name,
      ).toEqual([
        { ...head, response: '', thinking: 'Hm.', done: false },
        { ...head, response: 'Hel', done: false },
        { ...head, response: 'lo', done: false },
        { ...head, response: '', ...ENDING },
      ]);
      expect(lab.upstream.requests[0]?.path).toBe('/api/chat');
    }
  });

  test('that breaks ends with an error', async () => {
    const lab = setup(replyWith(MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hel'), EVENTS));
    const reading = (async () => {
      for await (const _ of await lab.client.generate({ model: 'm', prompt: 'hi', stream: true }));
    })();
    await expect(reading).rejects.toThrow(/closed the stream/);
  });
});

describe('a whole answer', () => {
  test('has the response and the thinking', async () => {
    const body = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-opus-4-6',
      content: [
        { type: 'thinking', thinking: 'Hm.', signature: 'U2VhbGVk' },
        { type: 'text', text: 'Hello' },
      ],
      stop_reason: 'max_tokens',
      stop_sequence: null,
      usage: { input_tokens: 3, output_tokens: 2 },
    };
    const lab = setup(jsonReply(body));
    const answer = await lab.client.generate({ model: 'm', prompt: 'hi', think: true });
    expect(answer).toMatchObject({
      model: 'claude-opus-4-6',
      response: 'Hello',
      thinking: 'Hm.',
      done: true,
    });
    expect(answer).toMatchObject({ done_reason: 'length', prompt_eval_count: 3, eval_count: 2 });
  });

  test('of an Ollama server is written anew', async () => {
    const lab = setup(jsonReply(JSON.parse(line({ content: 'Hello' }, ENDING))), OLLAMA);
    const answer = await lab.client.generate({ model: 'm', prompt: 'hi' });
    expect(answer).toEqual({
      model: 'm',
      created_at: '2026-01-01T00:00:00Z',
      response: 'Hello',
      ...ENDING,
    } as never);
  });

  test('that fails has the words and the status', async () => {
    const lab = setup(
      jsonReply({ type: 'error', error: { type: 'x', message: 'no such model' } }, { status: 404 }),
    );
    await expect(lab.client.generate({ model: 'm', prompt: 'hi' })).rejects.toMatchObject({
      status_code: 404,
      error: expect.stringContaining('no such model'),
    });
  });
});

describe('a request', () => {
  const sentFor = async (request: Omit<Partial<GenerateRequest>, 'stream'>, provider: object = OLLAMA) => {
    const lab = setup(jsonReply(JSON.parse(line({ content: 'Hello' }, ENDING))), provider);
    await lab.client.generate({ model: 'm', prompt: 'hi', ...request });
    return { body: lab.sent(), lost: lab.headers().get('x-sluice-lost') };
  };

  test('is a conversation of one turn; what both paths have stays', async () => {
    const { body, lost } = await sentFor({
      system: 'Be brief.',
      images: ['iVBORw0KGgo='],
      format: 'json',
      think: false,
      keep_alive: '5m',
      raw: false,
      suffix: '',
      template: '',
      context: [],
      options: { num_predict: 5, num_ctx: 4096 },
    });
    expect(body).toEqual({
      model: 'm',
      stream: false,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'hi', images: ['iVBORw0KGgo='] },
      ],
      format: 'json',
      think: false,
      keep_alive: '5m',
      options: { num_predict: 5, num_ctx: 4096 },
    });
    expect(lost).toBeNull();
  });

  test('names what a conversation cannot say', async () => {
    const { body, lost } = await sentFor({ template: '{{ .Prompt }}', context: [1, 2] });
    expect(lost).toBe('template, context');
    expect(Object.keys(body)).toEqual(['model', 'stream', 'messages']);
    const claude = setup(replyWith(CLAUDE, EVENTS));
    await claude.client.generate({ model: 'm', prompt: 'hi', context: [1] });
    expect(claude.headers().get('x-sluice-lost')).toContain('context');
  });

  test.each([
    [{ raw: true }, /^raw: .*\/v1\/completions/],
    [{ suffix: 'return x' }, /^suffix: .*\/v1\/completions/],
    [{ prompt: 5 }, /^prompt: /],
    [{ images: [5] }, /^images: /],
  ])('that cannot be a turn is refused: %j', async (more, words) => {
    const lab = setup(replyWith(''));
    const response = await lab.post('/api/generate', { model: 'm', prompt: 'hi', ...more });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: string }).error).toMatch(words);
    expect(lab.upstream.requests).toEqual([]);
  });

  test.each([
    [{}, 'load'],
    [{ keep_alive: 0 }, 'unload'],
  ])('without a prompt loads or frees the model, without a provider: %j', async (more, reason) => {
    const lab = setup(replyWith(''));
    const answer = await lab.client.generate({ model: 'm', prompt: '', ...more });
    expect(answer).toEqual({
      model: 'm',
      created_at: expect.any(String),
      response: '',
      done: true,
      done_reason: reason,
    } as never);
    const pieces = [];
    const stream = await lab.client.generate({ model: 'm', prompt: '', stream: true, ...more });
    for await (const piece of stream) pieces.push(piece.done_reason);
    expect(pieces).toEqual([reason]);
    expect(lab.upstream.requests).toEqual([]);
  });
});

test('a client that leaves ends the stream, over a socket', async () => {
  await using sluice = await startSluice({ config: { providers: { simulator: {} } } });
  const client = new Ollama({ host: sluice.url });
  const stream = await client.generate({ model: 'simulator/demo,rate=20', prompt: 'hi', stream: true });
  const reading = (async () => {
    for await (const { response } of stream) if (response !== '') stream.abort();
  })();
  await expect(reading).rejects.toThrow(/abort/i);
  let rows: { status: string }[] = [];
  while (rows.length === 0)
    rows = ((await (await fetch(`${sluice.url}/gateway/audit`)).json()) as { entries: typeof rows }).entries;
  expect(rows[0]?.status).toBe('aborted');
});
