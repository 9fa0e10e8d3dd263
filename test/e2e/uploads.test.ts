// Uploads over real sockets: they pass through while they come in, at the provider's pace, and end with either side.
import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigInput } from '../../src/index.ts';
import { createAuthority } from '../support/certificates.ts';
import { startTunnelProxy } from '../support/tunnel-proxy.ts';
import { connectRaw, type RawClient } from '../support/raw-client.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { type ReceivedUpload, startUploadProvider, type UploadProvider } from '../support/upload-provider.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const MB = 1024 * 1024;
const LONG = 200 * MB;
/** What is in use beside the upload's own pieces differs by some. */
const MEMORY = 96 * MB;
const STORED = JSON.stringify({ id: 'file-1' });

let provider: UploadProvider;
let sluice: SluiceProcess;
beforeAll(async () => {
  provider = startUploadProvider();
  sluice = await startSluice({ config: configOf() });
});
afterAll(async () => {
  await sluice[Symbol.asyncDispose]();
  provider.close();
});
beforeEach(() => {
  provider.pausesNew = false;
});

function configOf(server: ConfigInput['server'] = {}): ConfigInput {
  const base_url = `${provider.url}/v1`;
  return {
    server: { port: 0, ...server },
    routing: { default_provider: 'files' },
    providers: {
      files: { dialect: 'openai-chat', base_url, api_key: 'lab-key-1' },
      keyed: { dialect: 'openai-chat', base_url, api_keys: ['lab-key-6', 'lab-key-7'] },
      'keyed-too': { dialect: 'openai-chat', base_url, api_keys: ['lab-key-8', 'lab-key-9'] },
      other: {
        dialect: 'openai-chat',
        base_url: `${provider.url}/other/v1`,
        api_key: 'lab-key-3',
        models: { fast: 'gpt-5-mini' },
      },
      anthropic: { dialect: 'anthropic-messages', base_url: provider.url, api_key: 'lab-key-4' },
      gemini: { dialect: 'gemini', base_url: provider.url, api_key: 'lab-key-5' },
    },
  };
}

interface Row {
  status: string;
  http_status: number;
  operation: string;
  error_code: string | null;
  request_body?: string | null;
  attempts: { provider: string; status: number | null; error: string | null; sent_bytes?: number }[];
}

async function rows(of = sluice): Promise<{ total: number; newest: Row }> {
  const { total, entries } = await of.get<{ total: number; entries: Row[] }>(
    '/gateway/audit?limit=1&include_bodies=true',
  );
  const [newest] = entries;
  if (newest === undefined) throw new Error('there is no row');
  return { total, newest };
}

/** The next row after `before`. */
async function rowAfter(before: number, of = sluice): Promise<Row> {
  for (;;) {
    const { total, newest } = await rows(of);
    if (total > before) return newest;
    await Bun.sleep(5);
  }
}

async function rowCount(of = sluice): Promise<number> {
  return (await of.get<{ total: number }>('/gateway/audit?limit=1')).total;
}

/** Pieces that all differ, of `total` bytes together; `sha256` once all were given. */
function content(total: number) {
  const hasher = new Bun.CryptoHasher('sha256');
  const block = crypto.getRandomValues(new Uint8Array(64 * 1024));
  let given = 0;
  function* pieces(): Generator<Uint8Array<ArrayBuffer>> {
    while (given < total) {
      const piece = block.slice(0, total - given);
      new DataView(piece.buffer).setFloat64(0, given);
      given += piece.length;
      hasher.update(piece);
      yield piece;
    }
  }
  return { pieces: pieces(), given: () => given, sha256: () => hasher.digest('hex') };
}

interface Posting {
  path?: string;
  /** False: in chunks. */
  isDeclared?: boolean;
  headers?: Record<string, string>;
  to?: SluiceProcess;
  tls?: { ca: string };
}

/** Posts so many bytes as fast as they are taken. */
function post(
  total: number,
  { path = '/v1/files', isDeclared = true, headers = {}, to = sluice, tls }: Posting = {},
) {
  const { pieces, given, sha256 } = content(total);
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { done, value } = pieces.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
    },
    { highWaterMark: 0 },
  );
  const length: Record<string, string> = isDeclared ? { 'content-length': String(total) } : {};
  const init: BunFetchRequestInit & { duplex: 'half' } = {
    method: 'POST',
    body,
    duplex: 'half',
    headers: { 'content-type': 'application/octet-stream', ...length, ...headers },
    ...(tls !== undefined && { tls }),
  };
  const answered = fetch(to.url + path, init).then(async (response) => ({
    status: response.status,
    text: await response.text(),
  }));
  return { answered, given, sha256 };
}

/** A client on a bare socket that has sent the head, and so many bytes of the body. */
async function begin(
  declared: number | null,
  sent: number,
  { path = '/v1/files', to = sluice, headers = {} }: Posting = {},
): Promise<RawClient> {
  const client = await connectRaw(to.port);
  client.write(headOf(path, declared, headers));
  sendMore(client, sent, declared === null);
  return client;
}

function headOf(path: string, declared: number | null, headers: Record<string, string> = {}): string {
  const fields = {
    host: '127.0.0.1',
    'content-type': 'application/octet-stream',
    ...(declared === null ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(declared) }),
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

function sendMore(client: RawClient, bytes: number, isChunked: boolean): void {
  const piece = new Uint8Array(bytes).fill(120);
  if (isChunked) client.write(`${bytes.toString(16)}\r\n`);
  client.write(piece);
  if (isChunked) client.write('\r\n');
}

/** `most` ends it, and says how much memory the gateway had at its peak, in bytes. */
function watchMemory(of: SluiceProcess): { most(): number } {
  let peak = 0;
  const look = () => {
    peak = Math.max(peak, of.usage().residentBytes);
  };
  const watching = setInterval(look, 20);
  return {
    most() {
      clearInterval(watching);
      look();
      return peak;
    },
  };
}

async function storeNext(): Promise<ReceivedUpload> {
  const upload = await provider.accept();
  await upload.whole();
  upload.answer('200 OK', STORED);
  return upload;
}

describe('200 MB pass through, byte for byte, in little memory', () => {
  test.each([true, false])('with a declared length: %p', async (isDeclared) => {
    const before = await rowCount();
    const { residentBytes } = sluice.usage();
    const { answered, sha256 } = post(LONG, { isDeclared });
    const memory = watchMemory(sluice);
    const upload = await storeNext();
    expect(await answered).toEqual({ status: 200, text: STORED });
    expect(upload).toMatchObject({ isWhole: true, bytes: LONG });
    expect(upload.sha256()).toBe(sha256());
    const framing = ['content-length', 'transfer-encoding'].map((name) => upload.headers.get(name));
    expect(framing).toEqual(isDeclared ? [String(LONG), null] : [null, 'chunked']);
    expect(upload.headers.get('authorization')).toBe('Bearer lab-key-1');
    if (process.platform === 'linux') expect(memory.most() - residentBytes).toBeLessThan(MEMORY);
    expect(await rowAfter(before)).toMatchObject({
      status: 'success',
      operation: 'forward',
      request_body: null,
      attempts: [{ provider: 'files', status: 200, sent_bytes: LONG }],
    });
  });

  test('with several processes, over TLS', async () => {
    const directory = temporaryFolder('uploads');
    const authority = createAuthority('Lab');
    const { certificate, key } = authority.issue({ names: ['127.0.0.1', 'localhost'] });
    const tls = { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
    writeFileSync(tls.cert, certificate);
    writeFileSync(tls.key, key, { mode: 0o600 });
    await using secure = await startSluice({ config: configOf({ tls }), workers: 2 });
    const posts = [post, post].map((each) =>
      each(LONG / 4, { to: secure, tls: { ca: authority.certificate } }),
    );
    const uploads = await Promise.all([storeNext(), storeNext()]);
    for (const { answered } of posts) expect(await answered).toEqual({ status: 200, text: STORED });
    expect(uploads.map((upload) => upload.sha256()).sort()).toEqual(
      posts.map(({ sha256 }) => sha256()).sort(),
    );
    rmSync(directory, { recursive: true });
  });
});

describe('what streams', () => {
  const MULTIPART = 'multipart/form-data; boundary=lab';
  const BATCHES = '/v1/messages/batches';
  const JSON_TYPE = { 'content-type': 'application/json' };

  test.each([
    ['/v1/uploads/upload-1/parts', MULTIPART, {}, '/v1/uploads/upload-1/parts', 'lab-key-1'],
    ['/v1/containers/c/files', MULTIPART, {}, '/v1/containers/c/files', 'lab-key-1'],
    ['/v1/files', MULTIPART, { 'anthropic-version': '2023-06-01' }, '/v1/files', 'lab-key-4'],
    ['/v1/skills', MULTIPART, {}, '/v1/skills', 'lab-key-1'],
    ['/v1/skills', MULTIPART, { 'anthropic-version': '2023-06-01' }, '/v1/skills', 'lab-key-4'],
    [
      '/upload/v1beta/files?uploadType=media',
      'video/mp4',
      {},
      '/upload/v1beta/files?uploadType=media',
      'lab-key-5',
    ],
  ])('%s', async (path, type, more, asked, key) => {
    // More than server.max_body.
    const total = 70 * MB;
    const { answered, sha256 } = post(total, { path, headers: { 'content-type': type, ...more } });
    const upload = await storeNext();
    expect((await answered).status).toBe(200);
    expect(upload.line).toBe(`POST ${asked} HTTP/1.1`);
    expect(upload.sha256()).toBe(sha256());
    expect(upload.headers.get('content-type')).toBe(type);
    const given = ['authorization', 'x-api-key', 'x-goog-api-key'].map((name) => upload.headers.get(name));
    expect(given.filter(Boolean).join().replace('Bearer ', '')).toBe(key);
  });

  test.each([true, false])(
    'a batch of Anthropic’s longer than server.max_body, with a declared length: %p',
    async (isDeclared) => {
      const before = await rowCount();
      const { answered, sha256 } = post(70 * MB, { path: BATCHES, isDeclared, headers: JSON_TYPE });
      const upload = await storeNext();
      expect((await answered).status).toBe(200);
      expect(upload.line).toBe(`POST ${BATCHES} HTTP/1.1`);
      expect(upload.sha256()).toBe(sha256());
      expect(upload.headers.get('x-api-key')).toBe('lab-key-4');
      expect(upload.headers.get('content-type')).toBe('application/json');
      expect(await rowAfter(before)).toMatchObject({
        status: 'success',
        operation: 'forward',
        request_body: null,
        attempts: [{ provider: 'anthropic', status: 200, sent_bytes: 70 * MB }],
      });
    },
  );

  test('no shorter batch: the row has it', async () => {
    const before = await rowCount();
    const body = JSON.stringify({ requests: [{ custom_id: 'a'.repeat(3 * MB), params: {} }] });
    const answered = fetch(sluice.url + BATCHES, { method: 'POST', body, headers: JSON_TYPE });
    const upload = await storeNext();
    expect((await answered).status).toBe(200);
    expect(upload.bytes).toBe(body.length);
    const { request_body, attempts } = await rowAfter(before);
    expect(request_body).toStartWith('{"requests"');
    expect(attempts).toEqual([expect.not.objectContaining({ sent_bytes: expect.anything() })]);
  });

  test.each([
    ['/v1/audio/transcriptions', MULTIPART],
    ['/v1/messages/batches/b/cancel', 'application/json'],
    ['/v1/videos', MULTIPART],
    ['/v1/batches', 'application/json'],
  ])('not %s: its body is read, and server.max_body limits it', async (path, type) => {
    const asked = provider.received.length;
    const { answered } = post(70 * MB, { path, headers: { 'content-type': type } });
    const { status, text } = await answered;
    expect(status).toBe(413);
    expect(text).toContain('server.max_body');
    expect(provider.received).toHaveLength(asked);
  });

  test('not a compressed body, which is unpacked as it is elsewhere', async () => {
    const plain = new Uint8Array(3 * MB).fill(7);
    const body = Bun.gzipSync(plain);
    const headers = { 'content-type': 'application/octet-stream', 'content-encoding': 'gzip' };
    const answered = fetch(`${sluice.url}/v1/files`, { method: 'POST', body, headers });
    const upload = await storeNext();
    expect((await answered).status).toBe(200);
    expect(upload).toMatchObject({ bytes: plain.length });
    expect(upload.headers.has('content-encoding')).toBe(false);
  });

  test('a model that the form names before its file chooses the provider, which gets its own name for it', async () => {
    const start = '--lab\r\ncontent-disposition: form-data; name="model"\r\n\r\nother/whisper\r\n--lab\r\n';
    const file = `${start}content-disposition: form-data; name="file"; filename="a"\r\n\r\n`;
    const end = '\r\n--lab--\r\n';
    const length = file.length + 3 * MB + end.length;
    const client = await begin(length, 0, { headers: { 'content-type': MULTIPART } });
    client.write(file);
    sendMore(client, 3 * MB, false);
    client.write(end);
    const upload = await storeNext();
    await client.until((text) => text.includes('file-1'));
    client.leave();
    expect(upload.line).toBe('POST /other/v1/files HTTP/1.1');
    expect(upload.bytes).toBe(length - 'other/'.length);
    expect(upload.headers.get('content-length')).toBe(String(upload.bytes));
  });
});

describe('a long batch', () => {
  const FORM = { 'content-type': 'multipart/form-data; boundary=lab' };
  const START = '--lab\r\ncontent-disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n';
  const END = '\r\n--lab\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--lab--\r\n';
  const LINES = 3_000;
  const line = (name: string, place: number) =>
    `{"custom_id":"${place}","body":{"messages":[{"content":"${'x'.repeat(1_000)}"}],"model":"${name}"}}\n`;
  const batchOf = (nameAt: (place: number) => string) =>
    START + Array.from({ length: LINES }, (_, place) => line(nameAt(place), place + 1)).join('') + END;
  const sha256 = (text: string) => new Bun.CryptoHasher('sha256').update(text).digest('hex');
  const send = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${sluice.url}/v1/files`, { method: 'POST', body, headers: { ...FORM, ...headers } });

  test('has the provider’s own names, and its declared length', async () => {
    const names = ['files/gpt-5', 'gpt-5', 'org/llama'];
    const body = batchOf((place) => names[place % 3] ?? '');
    const answered = send(body);
    const upload = await storeNext();
    expect((await answered).status).toBe(200);
    expect(upload.headers.get('content-length')).toBe(String(body.length));
    expect(upload.sha256()).toBe(sha256(body.replaceAll('"files/gpt-5"', '"gpt-5"      ')));
  });

  test('goes in chunks where an alias is shorter than the name that it stands for', async () => {
    const body = batchOf(() => 'fast');
    const answered = send(body, { 'x-sluice-target': 'other' });
    const upload = await storeNext();
    expect((await answered).status).toBe(200);
    expect(upload.headers.get('transfer-encoding')).toBe('chunked');
    expect(upload.sha256()).toBe(sha256(body.replaceAll('"fast"', '"gpt-5-mini"')));
  });

  test('that names another provider late is broken off, with the number of its line', async () => {
    const before = await rowCount();
    const answered = send(batchOf((place) => (place === 2_500 ? 'other/gpt-5' : 'gpt-5')));
    const upload = await provider.accept();
    await upload.closed;
    expect(upload.isWhole).toBe(false);
    const response = await answered;
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('line 2501 asks for \\"other/gpt-5\\"');
    expect(await rowAfter(before)).toMatchObject({
      status: 'error',
      http_status: 400,
      error_code: 'invalid_request',
    });
  });

  test('that names another provider early reaches none', async () => {
    const asked = provider.received.length;
    const response = await send(batchOf(() => 'other/gpt-5'));
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('line 1 asks for');
    expect(provider.received).toHaveLength(asked);
  });

  test('of Anthropic’s, too', async () => {
    const request = (model: string) => ({ custom_id: 'a', params: { system: 'x'.repeat(1_000), model } });
    const body = (model: string) => JSON.stringify({ requests: new Array(70_000).fill(request(model)) });
    const answered = fetch(`${sluice.url}/v1/messages/batches`, {
      method: 'POST',
      body: body('anthropic/claude-x'),
      headers: { 'content-type': 'application/json' },
    });
    const upload = await storeNext();
    expect((await answered).status).toBe(200);
    const own = body('anthropic/claude-x').replaceAll('"anthropic/claude-x"', `"claude-x"${' '.repeat(10)}`);
    expect(upload.sha256()).toBe(sha256(own));
  });
});

// What has been copied is not collected at once.
test('a form that has to be read whole is held once, and not three times', async () => {
  await using roomy = await startSluice({ config: configOf({ max_body: '256MB' }) });
  const { residentBytes } = roomy.usage();
  const { answered, sha256 } = post(LONG, { path: '/v1/audio/transcriptions', to: roomy });
  const memory = watchMemory(roomy);
  const upload = await storeNext();
  expect((await answered).status).toBe(200);
  expect(upload.sha256()).toBe(sha256());
  if (process.platform === 'linux') expect(memory.most() - residentBytes).toBeLessThan(2 * LONG + MEMORY);
});

describe('back pressure', () => {
  test('a provider that does not read pauses the client, and the upload goes on when it does', async () => {
    provider.pausesNew = true;
    const { answered, given, sha256 } = post(LONG);
    const upload = await provider.accept();
    let before = -1;
    while (before !== given()) {
      before = given();
      await Bun.sleep(300);
    }
    // What runtimes and kernels hold on the way: of each connection up to 36 MB by Linux' largest defaults.
    expect(given()).toBeLessThan(LONG / 2);
    upload.resume();
    await upload.whole();
    upload.answer('200 OK', STORED);
    expect((await answered).status).toBe(200);
    expect(upload.sha256()).toBe(sha256());
  });
});

describe('the client ends it', () => {
  test.each([
    ['leaves', true],
    ['leaves', false],
    ['closes in order', true],
    ['closes in order', false],
  ] as const)('%s in the middle, with a declared length: %p', async (how, isDeclared) => {
    const before = await rowCount();
    const client = await begin(isDeclared ? 50 * MB : null, 5 * MB);
    const upload = await provider.accept();
    await upload.until(() => upload.bytes === 5 * MB);
    if (how === 'leaves') client.leave();
    else client.end();
    await upload.closed;
    // It never looks whole.
    expect(upload).toMatchObject({ isWhole: false, bytes: 5 * MB });
    expect(await rowAfter(before)).toMatchObject({
      status: 'aborted',
      http_status: 499,
      attempts: [{ provider: 'files', status: null }],
    });
  });

  test('leaves while the provider does not read: it is noticed all the same', async () => {
    provider.pausesNew = true;
    const before = await rowCount();
    const client = await begin(50 * MB, 40 * MB);
    const upload = await provider.accept();
    await Bun.sleep(500);
    client.leave();
    expect(await rowAfter(before)).toMatchObject({ status: 'aborted', http_status: 499 });
    upload.resume();
    await upload.closed;
    expect(upload.isWhole).toBe(false);
  });

  test('is silent in the middle: a 408, and the provider’s request is broken off', async () => {
    await using hasty = await startSluice({ config: configOf({ body_timeout: '1s' }) });
    const client = await begin(50 * MB, 5 * MB, { to: hasty });
    const upload = await provider.accept();
    await upload.until(() => upload.bytes === 5 * MB);
    await client.until((text) => text.includes('server.body_timeout'));
    expect(client.text()).toStartWith('HTTP/1.1 408 ');
    await upload.closed;
    expect(upload.isWhole).toBe(false);
    expect(await rowAfter(0, hasty)).toMatchObject({
      status: 'error',
      http_status: 408,
      error_code: 'invalid_request',
      // Not the provider's failure.
      attempts: [{ provider: 'files', status: null, error: null }],
    });
    client.leave();
  });

  test('sends `expect: 100-continue`', async () => {
    const client = await begin(3 * MB, 0, { headers: { expect: '100-continue' } });
    await client.until((text) => text.startsWith('HTTP/1.1 100 '));
    sendMore(client, 3 * MB, false);
    const upload = await storeNext();
    await client.until((text) => text.includes('file-1'));
    expect(upload.headers.has('expect')).toBe(false);
    client.leave();
  });
});

describe('the provider ends it', () => {
  const REFUSAL = JSON.stringify({
    error: { message: 'the file is too large', type: 'invalid_request_error' },
  });

  test.each(['leaves it open', 'closes', 'resets'] as const)(
    'with an early refusal, and %s: the client gets it, and may go on',
    async (how) => {
      const before = await rowCount();
      const client = await begin(50 * MB, 5 * MB);
      const upload = await provider.accept();
      await upload.until(() => upload.bytes > 2 * MB);
      upload.answer('413 Payload Too Large', REFUSAL, 'content-type: application/json');
      if (how === 'closes') upload.end();
      if (how === 'resets') upload.reset();
      await client.until((text) => text.includes('too large'));
      expect(client.text()).toStartWith('HTTP/1.1 413 ');
      const { attempts, ...row } = await rowAfter(before);
      expect(row).toMatchObject({ status: 'error', http_status: 413 });
      expect(attempts).toMatchObject([{ provider: 'files', status: 413 }]);
      await upload.closed;
      expect(upload.isWhole).toBe(false);
      // The rest is read and dropped, and the connection serves the next request.
      sendMore(client, 45 * MB, false);
      client.write(headOf('/v1/files', 5));
      client.write('small');
      const next = await storeNext();
      expect(next.bytes).toBe(5);
      await client.until((text) => text.includes('file-1'));
      client.leave();
    },
  );

  describe('with a refused key', () => {
    const refusal = JSON.stringify({ error: { message: 'slow down' } });
    const keyOf = (upload: ReceivedUpload) => upload.headers.get('authorization');

    test('what has gone is not sent again with the next one, which the client’s own retry has', async () => {
      const headers = { 'x-sluice-target': 'keyed' };
      const before = await rowCount();
      const asked = provider.received.length;
      const { answered } = post(20 * MB, { headers });
      const upload = await provider.accept();
      await upload.until(() => upload.bytes > 2 * MB);
      upload.answer('429 Too Many Requests', refusal);
      expect((await answered).status).toBe(429);
      expect((await rowAfter(before)).attempts).toHaveLength(1);
      expect(provider.received).toHaveLength(asked + 1);
      const { answered: second } = post(20 * MB, { headers });
      expect(keyOf(await storeNext())).not.toBe(keyOf(upload));
      expect((await second).status).toBe(200);
    });

    test('a short file is sent again with the next one', async () => {
      const { answered, sha256 } = post(MB / 2, { headers: { 'x-sluice-target': 'keyed-too' } });
      const refused = await provider.accept();
      await refused.whole();
      refused.answer('429 Too Many Requests', refusal);
      const upload = await storeNext();
      expect((await answered).status).toBe(200);
      expect(upload.sha256()).toBe(sha256());
      expect(keyOf(upload)).not.toBe(keyOf(refused));
    });
  });

  test('with an answer that begins early: the rest is sent all the same', async () => {
    const { answered, sha256 } = post(20 * MB);
    const upload = await provider.accept();
    await upload.until(() => upload.bytes > 2 * MB);
    upload.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbegun\r\n');
    await upload.whole();
    expect(upload.sha256()).toBe(sha256());
    upload.write('6\r\n ended\r\n0\r\n\r\n');
    expect(await answered).toEqual({ status: 200, text: 'begun ended' });
  });

  test('by breaking off: a 502, and no second try', async () => {
    const before = await rowCount();
    const asked = provider.received.length;
    const { answered } = post(20 * MB);
    const upload = await provider.accept();
    await upload.until(() => upload.bytes > 2 * MB);
    upload.reset();
    expect((await answered).status).toBe(502);
    expect(await rowAfter(before)).toMatchObject({
      status: 'error',
      attempts: [{ provider: 'files', status: null }],
    });
    expect(provider.received).toHaveLength(asked + 1);
  });
});

test('connections to the provider are reused after a whole upload, and not after one that was broken off', async () => {
  const first = post(3 * MB);
  const upload = await storeNext();
  expect((await first.answered).status).toBe(200);
  const list = fetch(`${sluice.url}/v1/files`);
  const listed = await storeNext();
  expect((await list).status).toBe(200);
  expect(listed.connection).toBe(upload.connection);
  const client = await begin(20 * MB, 5 * MB);
  const broken = await provider.accept();
  await broken.until(() => broken.bytes === 5 * MB);
  client.leave();
  await broken.closed;
  const again = fetch(`${sluice.url}/v1/files`);
  const after = await storeNext();
  expect((await again).status).toBe(200);
  expect(after.connection).not.toBe(broken.connection);
});

test('who may not ask is refused before the body has come, and no provider is asked', async () => {
  const keys = { keys: ['operator-key'], project_keys: { acme: ['acme-key'] } };
  await using closed = await startSluice({ config: configOf(keys) });
  const asked = provider.received.length;
  const cases: [Record<string, string>, string][] = [
    [{}, 'HTTP/1.1 401 '],
    [{ authorization: 'Bearer acme-key' }, 'HTTP/1.1 403 '],
  ];
  for (const [headers, status] of cases) {
    const client = await begin(50 * MB, 5 * MB, { to: closed, headers });
    await client.until((text) => text.includes('\r\n\r\n'));
    expect(client.text()).toStartWith(status);
    client.leave();
  }
  expect(provider.received).toHaveLength(asked);
});

// Our own HTTP client goes through the first, the runtime's fetch through the second.
describe.each(['http', 'https'])('by way of a proxy at %s://', (scheme) => {
  const directory = temporaryFolder('uploads-proxy');
  const authority = createAuthority('Lab');
  const authorityFile = join(directory, 'authority.pem');
  writeFileSync(authorityFile, authority.certificate);
  const files = startUploadProvider(authority.issue({ names: ['files.example'] }));
  let proxy: Awaited<ReturnType<typeof startTunnelProxy>>;
  let behind: SluiceProcess;
  beforeAll(async () => {
    const own = scheme === 'https' ? authority.issue({ names: ['127.0.0.1'] }) : undefined;
    proxy = await startTunnelProxy(() => files.port, own);
    const providers = {
      files: { dialect: 'openai-chat', base_url: 'https://files.example/v1', api_key: 'lab-key-1' },
    } satisfies ConfigInput['providers'];
    behind = await startSluice({
      config: { server: { port: 0, body_timeout: '2s' }, providers },
      environment: { HTTPS_PROXY: `${scheme}://${proxy.host}`, NODE_EXTRA_CA_CERTS: authorityFile },
    });
  });
  afterAll(async () => {
    await behind[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    files.close();
    rmSync(directory, { recursive: true });
  });

  test.each([true, false])('it passes, with a declared length: %p', async (isDeclared) => {
    const before = await rowCount(behind);
    const { residentBytes } = behind.usage();
    const memory = watchMemory(behind);
    const { answered, sha256 } = post(LONG / 2, { to: behind, isDeclared });
    const upload = await files.accept();
    await upload.whole();
    upload.answer('200 OK', STORED);
    expect(await answered).toEqual({ status: 200, text: STORED });
    expect(upload.sha256()).toBe(sha256());
    const framing = ['content-length', 'transfer-encoding'].map((name) => upload.headers.get(name));
    expect(framing).toEqual(isDeclared ? [String(LONG / 2), null] : [null, 'chunked']);
    if (process.platform === 'linux') expect(memory.most() - residentBytes).toBeLessThan(MEMORY);
    expect((await rowAfter(before, behind)).attempts).toMatchObject([{ sent_bytes: LONG / 2 }]);
  });

  test.each([true, false])(
    'it never looks whole where the client leaves, declared: %p',
    async (isDeclared) => {
      const before = await rowCount(behind);
      const client = await begin(isDeclared ? 50 * MB : null, 5 * MB, { to: behind });
      const upload = await files.accept();
      await upload.until(() => upload.bytes > 2 * MB);
      client.leave();
      await upload.closed;
      expect(upload.isWhole).toBe(false);
      expect(await rowAfter(before, behind)).toMatchObject({ status: 'aborted', http_status: 499 });
    },
  );

  test('a client that is silent gets a 408', async () => {
    const client = await begin(50 * MB, 5 * MB, { to: behind });
    const upload = await files.accept();
    await client.until((text) => text.includes('server.body_timeout'));
    expect(client.text()).toStartWith('HTTP/1.1 408 ');
    await upload.closed;
    expect(upload.isWhole).toBe(false);
    client.leave();
  });

  test('an early refusal reaches the client', async () => {
    const client = await begin(50 * MB, 5 * MB, { to: behind });
    const upload = await files.accept();
    await upload.until(() => upload.bytes > 2 * MB);
    upload.answer('413 Payload Too Large', JSON.stringify({ error: { message: 'the file is too large' } }));
    await client.until((text) => text.includes('too large'));
    expect(client.text()).toStartWith('HTTP/1.1 413 ');
    client.leave();
  });
});

test('the end of the gateway ends it at both sides', async () => {
  await using closing = await startSluice({ config: configOf({ drain_timeout: '200ms' }) });
  const client = await begin(50 * MB, 5 * MB, { to: closing });
  const upload = await provider.accept();
  await upload.until(() => upload.bytes === 5 * MB);
  closing.signal('SIGTERM');
  await client.until((text) => text.includes('shut down'));
  expect(client.text()).toStartWith('HTTP/1.1 503 ');
  await upload.closed;
  expect(upload.isWhole).toBe(false);
  await closing.exited;
});
