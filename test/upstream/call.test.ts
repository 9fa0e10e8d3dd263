// What is read of an answer that is not streamed on, and what is left of one that is refused.
import { expect, test } from 'bun:test';
import { HeaderList } from '../../src/model/header-list.ts';
import { AnswerTooLarge, reach, readFailure, readText, requireNoRedirect } from '../../src/upstream/call.ts';
import { createFetchTransport } from '../../src/upstream/fetch-transport.ts';

/** Much longer than anything that is read whole. */
const LONG = Array.from({ length: 64 }, () => new Uint8Array(64 * 1024).fill(0x61));

/** An answer whose body comes in these pieces; null: it has none. */
async function answered(pieces: readonly Uint8Array<ArrayBuffer>[] | null, status = 200) {
  const stream = { isCancelled: false };
  let at = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const piece = pieces?.[at++];
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
    cancel() {
      stream.isCancelled = true;
    },
  });
  const send = createFetchTransport(async () => new Response(pieces === null ? null : body, { status }));
  const url = 'http://127.0.0.1/';
  const answer = await send({ method: 'POST', url, headers: new HeaderList(), connectMs: 1_000 });
  return { answer, stream };
}

test.each([1, 2, 3, 100])(
  'text in pieces of %i bytes is put together, letters that were cut too',
  async (size) => {
    const bytes = new TextEncoder().encode('“Größe” 𝒜');
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      bytes.slice(at * size, (at + 1) * size),
    );
    const { answer } = await answered(pieces);
    expect(await readText(answer, 1_000)).toEqual({ text: '“Größe” 𝒜', bytes: null });
    const refused = await answered(pieces, 400);
    expect((await readFailure(refused.answer)).body).toBe('“Größe” 𝒜');
  },
);

test('no body is an empty text', async () => {
  const { answer } = await answered(null, 204);
  expect(await readText(answer, 1_000)).toEqual({ text: '', bytes: null });
});

test.each([1, 3, 100])(
  'what is no UTF-8, or has a byte order mark, in pieces of %i bytes is kept as it came',
  async (size) => {
    const encoder = new TextEncoder();
    const broken = Uint8Array.from([
      ...encoder.encode('Gr\u00f6\u00dfe '),
      0xe2,
      0x80,
      ...encoder.encode(' end'),
    ]);
    const marked = encoder.encode('\uFEFF{}');
    for (const [bytes, text] of [
      [broken, 'Größe \uFFFD end'],
      [marked, '{}'],
    ] as const) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.slice(at * size, (at + 1) * size),
      );
      const { answer } = await answered(pieces);
      expect(await readText(answer, 1_000)).toEqual({ text, bytes });
    }
  },
);

test('text over the limit is an error, and the rest is not read', async () => {
  const { answer, stream } = await answered(LONG);
  const reading = readText(answer, 1_000_000);
  await expect(reading).rejects.toThrow(AnswerTooLarge);
  await expect(reading).rejects.toThrow('longer than 1000000 bytes');
  expect(stream.isCancelled).toBe(true);
});

test('of the reason for a failure 256 KiB are read, and no more', async () => {
  const { answer, stream } = await answered(LONG, 500);
  expect((await readFailure(answer)).body).toHaveLength(256 * 1024);
  expect(stream.isCancelled).toBe(true);
});

test('the body of a redirect is not waited for', async () => {
  const { answer, stream } = await answered(LONG, 302);
  expect(() => requireNoRedirect('lab', { url: 'http://127.0.0.1/' }, answer)).toThrow(
    'lab answered with a redirect (302)',
  );
  expect(stream.isCancelled).toBe(true);
});

test('where no answer comes, the failure is the network’s, or the reason for which the request was called off', async () => {
  const left = new AbortController();
  const asked = reach(
    createFetchTransport(async () => {
      throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    }),
    'lab',
    { method: 'POST', url: 'http://127.0.0.1/', headers: new HeaderList(), connectMs: 1_000 },
  );
  await expect(asked).rejects.toMatchObject({ code: 'upstream_unreachable' });
  left.abort(new Error('the client left'));
  const called = reach(createFetchTransport(fetch), 'lab', {
    method: 'POST',
    url: 'http://127.0.0.1:9/',
    headers: new HeaderList(),
    connectMs: 1_000,
    signal: left.signal,
  });
  await expect(called).rejects.toThrow('the client left');
});
