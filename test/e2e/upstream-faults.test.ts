// Upstreams that misbehave on a real socket: each failure has its status, its words and its row.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { gzipSync } from 'node:zlib';
import { labConfig } from '../support/lab-config.ts';
import { CHAT, MESSAGE, utf8, wholeMessage } from '../support/message-stream.ts';
import { connectRaw, postText } from '../support/raw-client.ts';
import { type ReplayUpstream, startReplayUpstream } from '../support/replay-upstream.ts';
import { jsonReply, type Reply, replyWith } from '../support/reply.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { ONE_BYTE_PIECES } from '../support/splits.ts';

const STREAM = MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hello') + MESSAGE.delta(' there') + MESSAGE.end;
const HALF = utf8(STREAM.slice(0, STREAM.indexOf(' there')));
const HTML = '<!doctype html><html><title>Gateway Time-out</title></html>';
const HTML_TYPE = { 'content-type': 'text/html' };

let upstream: ReplayUpstream;
let sluice: SluiceProcess;
beforeAll(async () => {
  upstream = await startReplayUpstream(replyWith(''));
  const config = labConfig(upstream.url, { breaker: { enabled: false } }, { server: { max_event: '1MB' } });
  // Nobody listens there: a port that was just given back.
  await using gone = await startReplayUpstream(replyWith(''));
  config.providers = {
    ...config.providers,
    gone: {
      dialect: 'anthropic-messages',
      base_url: gone.url,
      api_key: 'lab-key',
      max_retries: 0,
      breaker: { enabled: false },
    },
  };
  await gone.stop();
  sluice = await startSluice({ config });
});
afterAll(async () => {
  await sluice[Symbol.asyncDispose]();
  await upstream.stop();
});

interface Row {
  status: string;
  error_code: string | null;
  http_status: number;
}

const ASK = { stream: true, max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
const PATHS = ['/v1/messages', '/v1/chat/completions'] as const;

async function ask(path: string, stream: boolean, model = 'claude/m') {
  const response = await fetch(sluice.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...ASK, model, stream }),
  });
  return { response, text: await response.text(), row: await newestRow() };
}

async function newestRow(): Promise<Row | undefined> {
  const { entries } = await sluice.get<{ entries: Row[] }>('/gateway/audit?limit=1');
  return entries[0];
}

/** The error's own words, whichever dialect it is told in. */
function errorIn(text: string): string {
  const value: unknown = JSON.parse(text);
  return String((value as { error?: { message?: unknown } }).error?.message);
}

interface Fault {
  name: string;
  reply: Reply;
  /** Streamed and whole; default both. */
  streams?: boolean[];
  status: number;
  code: string;
  says: RegExp;
}

const overloaded = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
const FAULTS: Fault[] = [
  {
    name: 'a reset before the first byte of the body',
    reply: replyWith(HALF, { fault: { kind: 'reset', after: 0 } }),
    status: 502,
    code: 'upstream_truncated',
    says: /broke off|closed/,
  },
  {
    name: 'a clean cut before the first content',
    reply: replyWith(utf8(STREAM), { fault: { kind: 'cut', after: MESSAGE.start.length } }),
    streams: [true],
    status: 502,
    code: 'upstream_truncated',
    says: /closed the stream before the answer began/,
  },
  {
    name: 'half a JSON answer and a reset',
    reply: jsonReply(wholeMessage('x'.repeat(1000)), { fault: { kind: 'reset', after: 500 } }),
    streams: [false],
    status: 502,
    code: 'upstream_truncated',
    says: /broke off/,
  },
  {
    name: 'an HTML page',
    reply: replyWith(HTML, { headers: HTML_TYPE }),
    status: 502,
    code: 'upstream_malformed',
    says: /HTML page.*base_url/,
  },
  {
    name: 'an HTML page with a status of its own',
    reply: replyWith(HTML, { headers: HTML_TYPE, status: 504 }),
    status: 502,
    code: 'upstream_failed',
    says: /answered 504: an HTML page titled "Gateway Time-out".*base_url/,
  },
  {
    name: 'text instead of a JSON object',
    reply: replyWith('OK', { headers: { 'content-type': 'text/plain' } }),
    streams: [false],
    status: 502,
    code: 'upstream_malformed',
    says: /answered 200 with "OK" instead of a JSON object; check its base_url/,
  },
  {
    name: 'more text than is quoted',
    reply: replyWith('word '.repeat(40), { headers: { 'content-type': 'text/plain' } }),
    streams: [false],
    status: 502,
    code: 'upstream_malformed',
    says: /answered 200 with 199 characters of text instead of a JSON object/,
  },
  {
    name: 'half an answer, which is not quoted',
    reply: replyWith('{"content":[{"type":"text","text":"Once', {
      headers: { 'content-type': 'text/plain' },
    }),
    streams: [false],
    status: 502,
    code: 'upstream_malformed',
    says: /answered 200 with broken JSON instead of a JSON object/,
  },
  {
    name: '200 with an error body',
    reply: jsonReply(overloaded),
    status: 529,
    code: 'upstream_overloaded',
    says: /Overloaded/,
  },
  {
    name: '200 with an error as first event',
    reply: replyWith(MESSAGE.error('overloaded_error', 'Overloaded')),
    streams: [true],
    status: 529,
    code: 'upstream_overloaded',
    says: /Overloaded/,
  },
  {
    name: 'an empty 200',
    reply: replyWith('', { headers: { 'content-type': 'application/json' } }),
    status: 502,
    code: 'upstream_malformed',
    says: /answered 200 with nothing instead of a JSON object; check its base_url/,
  },
  {
    name: 'a redirect, which is not followed',
    reply: replyWith('', { status: 307, headers: { location: 'https://llm.example/v1/messages?key=k' } }),
    status: 502,
    code: 'upstream_failed',
    says: /redirect \(307\) to https:\/\/llm\.example, which is not followed; set base_url/,
  },
];

for (const path of PATHS) {
  describe(path, () => {
    for (const { name, reply, streams = [true, false], status, code, says } of FAULTS) {
      for (const stream of streams) {
        test(`${name}, ${stream ? 'streamed' : 'whole'}: ${status}`, async () => {
          upstream.answer(reply);
          const asked = upstream.requests.length;
          const { response, text, row } = await ask(path, stream);
          expect([response.status, response.headers.get('content-type')]).toEqual([
            status,
            'application/json',
          ]);
          expect(errorIn(text)).toMatch(says);
          expect(row).toMatchObject({ error_code: code, http_status: status });
          expect(row?.status).toBe(code === 'upstream_truncated' ? 'truncated' : 'error');
          expect(upstream.requests.length).toBe(asked + 1);
        });
      }
    }

    test('a refused connection: 502, and where it was looked for', async () => {
      const { response, text, row } = await ask(path, true, 'gone/m');
      expect(response.status).toBe(502);
      expect(errorIn(text)).toMatch(
        /cannot be reached at http:\/\/127\.0\.0\.1:\d+: no connection.*base_url/,
      );
      expect(row).toMatchObject({ status: 'error', error_code: 'upstream_unreachable' });
    });

    for (const kind of ['reset', 'cut'] as const) {
      test(`a ${kind} mid-stream: what came, then exactly one error, and no ending`, async () => {
        // The upstream goes on once the client has the first half: a reset overtakes what is still in the kernel.
        const gate = Promise.withResolvers<void>();
        upstream.answer(
          replyWith([HALF, utf8(STREAM).slice(HALF.length)], {
            before: (index) => (index === 1 ? gate.promise : undefined),
            fault: { kind, after: HALF.length + 1 },
          }),
        );
        const client = await connectRaw(sluice.port);
        client.write(postText(path, { ...ASK, model: 'claude/m' }, { connection: 'close' }));
        await client.until((seen) => seen.includes('Hello'));
        gate.resolve();
        await client.closed;
        const text = client.text();
        const row = await newestRow();
        expect(text.match(/"error":/g)).toHaveLength(1);
        expect(text).not.toContain('message_stop');
        expect(text).not.toContain('[DONE]');
        expect(text).not.toContain('finish_reason":"stop');
        expect(row).toMatchObject({
          status: 'truncated',
          error_code: 'upstream_truncated',
          http_status: 200,
        });
      });
    }

    test('one byte at a time: the same stream', async () => {
      upstream.answer(replyWith(utf8(STREAM)));
      const whole = await ask(path, true);
      upstream.answer(replyWith(utf8(STREAM), { split: ONE_BYTE_PIECES }));
      const dripped = await ask(path, true);
      const stable = (text: string) => text.replace(/"(id|created)":("[^"]*"|\d+)/g, '');
      expect(stable(dripped.text)).toBe(stable(whole.text));
      expect(dripped.row).toMatchObject({ status: 'success' });
    });

    test('a compressed answer: read, and handed on uncompressed with headers that fit', async () => {
      const body = gzipSync(JSON.stringify(wholeMessage('compressed ünïcode')));
      upstream.answer(
        replyWith(new Uint8Array(body), {
          headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
        }),
      );
      const { response, text } = await ask(path, false);
      expect(response.headers.get('content-encoding')).toBeNull();
      expect(response.headers.get('content-length')).toBe(String(utf8(text).length));
      expect(text).toContain('compressed ünïcode');
    });

    test('a compressed error: its words reach the client', async () => {
      upstream.answer(
        replyWith(new Uint8Array(gzipSync(JSON.stringify(overloaded))), {
          status: 529,
          headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
        }),
      );
      const { response, text } = await ask(path, false);
      expect([response.status, response.headers.get('content-encoding')]).toEqual([529, null]);
      expect(errorIn(text)).toContain('Overloaded');
    });

    test('a whole answer to a streamed request is streamed', async () => {
      upstream.answer(jsonReply(wholeMessage('all at once')));
      const { response, text, row } = await ask(path, true);
      expect(response.headers.get('content-type')).toBe('text/event-stream');
      expect(text).toContain('all at once');
      expect(text).toMatch(path === '/v1/messages' ? /message_stop/ : /\[DONE\]/);
      expect(row).toMatchObject({ status: 'success' });
    });
  });
}

test('a stream that ends is over for the client though the upstream keeps its connection open', async () => {
  const whole = utf8(CHAT.start + CHAT.delta('done') + CHAT.end);
  upstream.answer(replyWith(whole, { fault: { kind: 'hang', after: whole.length } }));
  const { text, row } = await ask('/v1/chat/completions', true, 'gpt/m');
  expect(text).toEndWith('[DONE]\n\n');
  expect(row).toMatchObject({ status: 'success' });
});

describe('an upstream that never stops', () => {
  const filler = utf8('x'.repeat(64 * 1024));
  function* endless(start: string) {
    yield utf8(start);
    for (;;) yield filler;
  }
  const type = { 'content-type': 'application/json' };
  const cases: [string, () => Reply, boolean, number][] = [
    ['a whole answer', () => replyWith(endless('{"id":"'), { headers: type }), false, 502],
    ['an error body', () => replyWith(endless('{"error":"'), { headers: type, status: 500 }), false, 502],
    ['the first event of a stream', () => replyWith(endless('data: ')), true, 502],
    [
      'a later event of a stream',
      () => replyWith(endless(`${MESSAGE.start}${MESSAGE.block}${MESSAGE.delta('a')}data: `)),
      true,
      200,
    ],
  ];
  for (const path of PATHS) {
    test.each(cases)(
      `${path}: %s ends at server.max_event, memory stays bounded`,
      async (_, reply, stream, status) => {
        upstream.answer(reply);
        const before = sluice.usage().residentBytes;
        const asked = upstream.requests.length;
        const { response, text, row } = await ask(path, stream);
        expect(response.status).toBe(status);
        if (text.includes('over the limit')) expect(text).toContain('server.max_event');
        expect(text.length).toBeLessThan(10_000);
        expect(row?.error_code).toMatch(/^upstream_(malformed|failed)$/);
        expect(await upstream.requests[asked]?.ended).toBe('left');
        expect(sluice.usage().residentBytes - before).toBeLessThan(64 * 1024 * 1024);
      },
    );
  }

  test.each([
    ['comments', `: ${'x'.repeat(1_000)}\n\n`],
    ['pings', 'event: ping\ndata: {"type":"ping"}\n\n'],
    ['events that nobody knows', `event: odd\ndata: {"type":"odd","text":"${'x'.repeat(1_000)}"}\n\n`],
  ])('%s before the first content that never comes end at server.max_event too', async (_, frame) => {
    const frames = utf8(frame.repeat(Math.ceil(filler.length / frame.length)));
    const without = (function* () {
      yield utf8(MESSAGE.start);
      for (;;) yield frames;
    })();
    upstream.answer(replyWith(without));
    const before = sluice.usage().residentBytes;
    const asked = upstream.requests.length;
    const { response, text, row } = await ask('/v1/messages', true);
    expect([response.status, row?.error_code]).toEqual([502, 'upstream_malformed']);
    expect(text).toContain('more than 1048576 bytes before the first content; raise server.max_event');
    expect(await upstream.requests[asked]?.ended).toBe('left');
    expect(sluice.usage().residentBytes - before).toBeLessThan(64 * 1024 * 1024);
  });
});

test('a connection that the upstream closed between two requests is no failure', async () => {
  upstream.answer(jsonReply(wholeMessage('first')));
  expect((await ask('/v1/messages', false)).response.status).toBe(200);
  upstream.dropConnections();
  expect((await ask('/v1/messages', false)).response.status).toBe(200);
});

// To the gateway this looks like a close of an idle connection that crossed the request.
test.each([
  ['with max_retries: 0', '/v1/messages', 0, 1],
  ['where another try is allowed', '/v1/messages', 1, 2],
  ['where it is forwarded as it is', '/v1/messages/batches', 1, 1],
])('a request over a used connection that closes at once, %s', async (_, path, retries, times) => {
  await using upstream = await startReplayUpstream(jsonReply(wholeMessage('first')));
  const config = labConfig(upstream.url, { max_retries: retries, breaker: { enabled: false } });
  await using sluice = await startSluice({ config });
  const post = async (to: string) => {
    const response = await fetch(sluice.url + to, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...ASK, model: 'claude/m', stream: false }),
    });
    return [response.status, await response.text()];
  };
  expect(await post('/v1/messages')).toEqual([200, expect.stringContaining('first')]);
  let asked = 0;
  upstream.answer(() => {
    if (++asked === 1) upstream.dropConnections();
    return jsonReply(wholeMessage('again'));
  });
  const again = await post(path);
  expect(asked).toBe(times);
  expect(again[0]).toBe(times === 1 ? 502 : 200);
});
