// Forwarded requests over real sockets: large bodies in both directions, and answers that break off, stall or are left.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { ConfigInput } from '../../src/index.ts';
import { connectRaw } from '../support/raw-client.ts';
import { createRawServer, type RawServer } from '../support/raw-server.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { eventually } from '../support/time-limit.ts';

const LARGE = new Uint8Array(12 * 1024 * 1024).map((_, at) => (at * 2_654_435_761) >>> 24);
const PART = 64 * 1024;

/** What reached the server: the bytes that were posted to it. */
let stored = new Uint8Array(0);
/** Set while a download is open: bytes handed to it so far, and whether it was cancelled. */
const download = { given: 0, isCancelled: false };

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  idleTimeout: 0,
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (request.method === 'POST') {
      stored = await request.bytes();
      return Response.json({ id: 'file-1', bytes: stored.length });
    }
    if (pathname.endsWith('/endless/content')) return new Response(endless());
    const type = 'application/octet-stream';
    const [, from = '', to = ''] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get('range') ?? '') ?? [];
    if (from === '')
      return new Response(LARGE, { headers: { 'content-type': type, 'accept-ranges': 'bytes' } });
    const range = { 'content-range': `bytes ${from}-${to}/${LARGE.length}`, 'content-type': type };
    return new Response(LARGE.slice(Number(from), Number(to) + 1), { status: 206, headers: range });
  },
});

function endless(): ReadableStream {
  download.given = 0;
  download.isCancelled = false;
  return new ReadableStream(
    {
      async pull(controller) {
        await Bun.sleep(0);
        controller.enqueue(new Uint8Array(PART));
        download.given += PART;
      },
      cancel() {
        download.isCancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
}

let broken: RawServer;
let sluice: SluiceProcess;
beforeAll(async () => {
  broken = createRawServer();
  const providers = {
    files: { dialect: 'openai-chat', base_url: `${server.url.origin}/v1`, api_key: 'lab-key' },
    broken: { dialect: 'openai-chat', base_url: `${broken.url}/v1`, api_key: 'lab-key' },
  } satisfies ConfigInput['providers'];
  sluice = await startSluice({ config: { server: { port: 0 }, providers } });
});
afterAll(async () => {
  await sluice[Symbol.asyncDispose]();
  broken.close();
  await server.stop(true);
});

async function newestRow(): Promise<{ status: string; operation: string; provider: string }> {
  const response = await fetch(`${sluice.url}/gateway/audit?limit=1`);
  const { entries } = (await response.json()) as {
    entries: { status: string; operation: string; provider: string }[];
  };
  const [row] = entries;
  if (row === undefined) throw new Error('there is no row');
  return row;
}

describe('large files', () => {
  test('are uploaded byte by byte', async () => {
    const form = new FormData();
    form.set('purpose', 'user_data');
    form.set('file', new File([LARGE], 'large.bin'));
    const response = await fetch(`${sluice.url}/v1/files`, { method: 'POST', body: form });
    expect(await response.json()).toEqual({ id: 'file-1', bytes: stored.length });
    const head = new TextDecoder('latin1').decode(stored.subarray(0, 1_000));
    const boundary = head.slice(0, head.indexOf('\r\n'));
    const sent = await new Response(stored, {
      headers: { 'content-type': `multipart/form-data; boundary=${boundary.slice(2)}` },
    }).formData();
    const file = sent.get('file');
    if (!(file instanceof Blob)) throw new Error('no file came');
    expect(Bun.hash(await file.bytes())).toBe(Bun.hash(LARGE));
  });

  test('are downloaded byte by byte', async () => {
    const response = await fetch(`${sluice.url}/v1/files/file-1/content`);
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect(Bun.hash(await response.bytes())).toBe(Bun.hash(LARGE));
    await eventually(async () => (await newestRow()).status === 'success');
    expect(await newestRow()).toMatchObject({ operation: 'forward', provider: 'files' });
  });

  test('are read in parts, and looked at by their heads', async () => {
    const path = `${sluice.url}/v1/files/file-1/content`;
    const part = await fetch(path, { headers: { range: 'bytes=1000-1999' } });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes 1000-1999/${LARGE.length}`);
    expect(await part.bytes()).toEqual(LARGE.slice(1_000, 2_000));
    const head = await fetch(path, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(Object.fromEntries(head.headers)).toMatchObject({
      'accept-ranges': 'bytes',
      'content-length': String(LARGE.length),
    });
    expect(await head.text()).toBe('');
    await eventually(async () => (await newestRow()).status === 'success');
  });
});

test('an answer that breaks off ends the client’s connection before its end', async () => {
  const client = await connectRaw(Number(new URL(sluice.url).port));
  client.write('GET /v1/files/x/content HTTP/1.1\r\nhost: 127.0.0.1\r\nx-sluice-target: broken\r\n\r\n');
  const connection = await broken.accept();
  await connection.request();
  await connection.write(
    'HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ncontent-length: 1000\r\n\r\nonly this',
  );
  await client.until((received) => received.includes('only this'));
  connection.reset();
  await client.closed;
  // The last chunk, which would say that it is whole, never came.
  expect(client.text()).not.toContain('\r\n0\r\n');
  await eventually(async () => (await newestRow()).status === 'truncated');
});

test('a client that does not read pauses the provider, and one that leaves cancels the request', async () => {
  const client = await connectRaw(Number(new URL(sluice.url).port));
  client.pause();
  client.write('GET /v1/files/endless/content HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
  let before = -1;
  await eventually(async () => {
    const isStill = download.given > 0 && download.given === before;
    before = download.given;
    await Bun.sleep(300);
    return isStill;
  });
  expect(download.given).toBeLessThan(64 * 1024 * 1024);
  expect(download.isCancelled).toBe(false);
  client.leave();
  await eventually(() => download.isCancelled);
  await eventually(async () => (await newestRow()).status === 'aborted');
});
