// Pages that go from one process to another piece by piece.
import { expect, test } from 'bun:test';
import { createPageSource, pageBody } from '../../src/workers/page-pieces.ts';

const PIECE = 512 * 1024;

/** So many pieces, each made when it is asked for. */
function longAnswer(pieces: number, failing = Number.POSITIVE_INFINITY, length = PIECE) {
  const made = { pieces: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (made.pieces === failing) throw new Error('the disk is gone');
        if (made.pieces === pieces) controller.close();
        else controller.enqueue(new Uint8Array(length).fill(made.pieces++));
      },
      cancel() {
        made.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { made, answer: new Response(body, { status: 200, headers: { 'x-page': 'long' } }) };
}

test('a short page is whole with its head', async () => {
  const source = createPageSource();
  for (const body of ['{"a":1}', null]) {
    const page = await source.open(new Response(body, { status: 404, headers: { 'x-page': 'short' } }));
    expect(page).toMatchObject({ status: 404, isLast: true });
    expect(page.headers).toContainEqual(['x-page', 'short']);
    expect(pageBody(page, source)).toEqual(new TextEncoder().encode(body ?? ''));
  }
});

test('of a long one no more is made than its reader takes', async () => {
  const source = createPageSource();
  const { made, answer } = longAnswer(5);
  const page = await source.open(answer);
  const reader = new Response(pageBody(page, source)).body?.getReader();
  const read: (number | undefined)[] = [];
  for (let taken = 0; taken < 5; taken++) {
    const next = await reader?.read();
    read.push(next?.value?.at(-1));
    expect(next?.value?.length).toBe(PIECE);
    expect(made.pieces).toBeLessThanOrEqual(taken + 2);
  }
  expect(read).toEqual([0, 1, 2, 3, 4]);
  expect((await reader?.read())?.done).toBe(true);
});

test('one that comes in small parts is sent in pieces of many, and no more of it is held than one', async () => {
  const source = createPageSource();
  const { made, answer } = longAnswer(10, undefined, PIECE / 4);
  const page = await source.open(answer);
  expect([made.pieces, page.bytes.length, page.isLast]).toEqual([4, PIECE, false]);
  expect((await source.next(page.page)).bytes.length).toBe(PIECE);
  expect(await source.next(page.page)).toMatchObject({ isLast: true });
});

test('one that breaks off does so for its reader as well', async () => {
  const source = createPageSource();
  const page = await source.open(longAnswer(5, 2).answer);
  await expect(new Response(pageBody(page, source)).bytes()).rejects.toThrow('the disk is gone');
  // It is forgotten.
  expect(await source.next(page.page)).toMatchObject({ isLast: true });
});

test('one whose reader leaves is made no further', async () => {
  const source = createPageSource();
  const { made, answer } = longAnswer(5);
  const body = pageBody(await source.open(answer), source);
  if (body instanceof Uint8Array) throw new Error('the page is not long');
  await body.cancel();
  expect(made).toEqual({ pieces: 1, cancelled: true });
});
