// Request bodies over real sockets: too large, slow, broken off, badly framed.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { labConfig } from '../support/lab-config.ts';
import { utf8, wholeMessage } from '../support/message-stream.ts';
import { connectRaw, postText } from '../support/raw-client.ts';
import { type ReplayUpstream, startReplayUpstream } from '../support/replay-upstream.ts';
import { jsonReply } from '../support/reply.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { eventually } from '../support/time-limit.ts';

const MAX_BODY = 256 * 1024;
const ASK = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };

let upstream: ReplayUpstream;
let sluice: SluiceProcess;
beforeAll(async () => {
  upstream = await startReplayUpstream(() => jsonReply(wholeMessage('served')));
  const config = labConfig(upstream.url, {}, { server: { max_body: '256KB' } });
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

async function rows(): Promise<{ total: number; newest: Row | undefined }> {
  const { total, entries } = await sluice.get<{ total: number; entries: Row[] }>('/gateway/audit?limit=1');
  return { total, newest: entries[0] };
}

/** Sends `total` bytes of a body that begins like a good one, as fast as the socket takes them. */
function* bodyOf(total: number): Generator<Uint8Array> {
  const start = utf8(
    JSON.stringify(ASK)
      .replace('hi', `hi${' '.repeat(1000)}`)
      .slice(0, -4),
  );
  yield start;
  const filler = utf8('x'.repeat(64 * 1024));
  for (let sent = start.length; sent < total; sent += filler.length) yield filler.subarray(0, total - sent);
}

async function serveOne(): Promise<void> {
  const client = await connectRaw(sluice.port);
  client.write(postText('/v1/messages', ASK));
  await client.until((text) => text.includes('served'));
  client.leave();
}

describe('over server.max_body: 413 in the client’s dialect, one row, nothing sent upstream', () => {
  const errors: [string, object][] = [
    ['/v1/messages', { type: 'error', error: { type: 'request_too_large' } }],
    ['/v1/chat/completions', { error: { type: 'invalid_request_error' } }],
  ];
  for (const [path, shape] of errors) {
    for (const megabytes of [0.3, 64]) {
      for (const framing of ['declared', 'chunked'] as const) {
        test(`${path}, ${megabytes} MB, ${framing}`, async () => {
          const size = Math.round(megabytes * 1024 * 1024);
          const before = { ...(await rows()), asked: upstream.requests.length, ...sluice.usage() };
          const client = await connectRaw(sluice.port);
          const length: Record<string, string> =
            framing === 'declared' ? { 'content-length': String(size) } : { 'transfer-encoding': 'chunked' };
          client.write(headOf(path, length));
          for (const piece of bodyOf(size)) {
            if (framing === 'chunked') client.write(`${piece.length.toString(16)}\r\n`);
            client.write(piece);
            if (framing === 'chunked') client.write('\r\n');
          }
          if (framing === 'chunked') client.write('0\r\n\r\n');
          await client.until((text) => text.includes('max_body'));
          const [head = '', body = ''] = client.text().split('\r\n\r\n');
          expect(head).toStartWith('HTTP/1.1 413 ');
          expect(JSON.parse(body)).toMatchObject(shape);
          expect(body).toContain(String(MAX_BODY));
          client.leave();
          const after = await rows();
          expect(after.total).toBe(before.total + 1);
          expect(after.newest).toMatchObject({ status: 'error', error_code: 'too_large', http_status: 413 });
          expect(upstream.requests.length).toBe(before.asked);
          // Of 64 MB, at most what the runtime reads ahead.
          expect(sluice.usage().residentBytes - before.residentBytes).toBeLessThan(16 * 1024 * 1024);
          await serveOne();
        });
      }
    }
  }

  test('a body of exactly the limit is served', async () => {
    const text = JSON.stringify(ASK);
    const client = await connectRaw(sluice.port);
    client.write(postText('/v1/messages', text + ' '.repeat(MAX_BODY - text.length)));
    await client.until((seen) => seen.includes('served'));
    client.leave();
  });
});

describe('slow and broken bodies', () => {
  test('one byte at a time', async () => {
    const client = await connectRaw(sluice.port);
    for (const byte of utf8(postText('/v1/messages', ASK))) {
      client.write(new Uint8Array([byte]));
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    await client.until((text) => text.includes('served'));
    client.leave();
  });

  test.each(['declared', 'chunked'] as const)(
    'a client that leaves in the middle, %s: one row, aborted',
    async (framing) => {
      const before = await rows();
      const client = await connectRaw(sluice.port);
      const length: Record<string, string> =
        framing === 'declared' ? { 'content-length': '1000' } : { 'transfer-encoding': 'chunked' };
      client.write(`${headOf('/v1/messages', length)}${framing === 'chunked' ? '5\r\n' : ''}{"mod`);
      // The gateway reads the body by now, or it would not have answered the next request.
      await serveOne();
      client.leave();
      await client.closed;
      let after = await rows();
      await eventually(async () => {
        after = await rows();
        return after.total >= before.total + 2;
      });
      expect(after.total).toBe(before.total + 2);
      const { entries } = await sluice.get<{ entries: Row[] }>('/gateway/audit?limit=2');
      expect(entries.map(({ status }) => status).sort()).toEqual(['aborted', 'success']);
    },
  );

  test('chunks that are none: the connection is refused, the next request served', async () => {
    const client = await connectRaw(sluice.port);
    client.write(`${headOf('/v1/messages', { 'transfer-encoding': 'chunked' })}not-a-size\r\n{}\r\n`);
    await client.closed;
    expect(client.text()).not.toContain(' 200 ');
    await serveOne();
  });
});

test('nothing of this was an internal error', () => {
  expect(sluice.output()).not.toMatch(/internal|ERROR/);
});

function headOf(path: string, more: Record<string, string>): string {
  const lines = Object.entries({ host: '127.0.0.1', 'content-type': 'application/json', ...more });
  return `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}
