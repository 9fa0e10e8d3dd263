// The stream that a client reads: pings where there was silence and only there, long writes in pieces, and one end.
import { expect, test } from 'bun:test';
import { ClientStream } from '../../../src/gateway/response/client-stream.ts';
import type { Taker } from '../../../src/gateway/pumps/relay.ts';
import { createManualTimers } from '../../support/manual-timers.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

function setup({ pingsFirst = false, hasEnding = () => false as boolean } = {}) {
  const timers = createManualTimers();
  /** What was written, and when. */
  const written: [ms: number, what: string][] = [];
  const ends: string[] = [];
  let taker: Taker<Uint8Array> | undefined;
  let hasRoom = true;
  const stream = new ClientStream({
    next(asking) {
      taker = asking;
    },
    failed: () => bytesOf('failed'),
    sending() {},
    ping: () => bytesOf('ping'),
    hasEnding,
    pingIntervalMs: 10_000,
    pingsFirst,
    reframer: null,
    monotonic: timers.monotonic,
    setTimer: timers.setTimer,
    closed: (how) => ends.push(how),
  });
  stream.start({
    write(bytes) {
      written.push([
        timers.now(),
        bytes.length > 9 ? `${bytes.length} bytes` : new TextDecoder().decode(bytes),
      ]);
      return hasRoom;
    },
    fail() {},
    end: () => written.push([timers.now(), 'end']),
  });
  return {
    ...{ timers, written, ends, stream },
    give(text: string | Uint8Array | undefined, failure?: unknown) {
      const asking = taker;
      taker = undefined;
      asking?.take(typeof text === 'string' ? bytesOf(text) : text, failure);
    },
    isAsked: () => taker !== undefined,
    fill(full: boolean) {
      hasRoom = !full;
    },
  };
}

test('a ping comes after so much silence, not so long after the beginning', async () => {
  const { timers, written, give } = setup();
  await timers.advance(9_000);
  give('a');
  await timers.advance(9_999);
  expect(written).toEqual([[9_000, 'a']]);
  await timers.advance(11_001);
  expect(written.slice(1)).toEqual([
    [19_000, 'ping'],
    [29_000, 'ping'],
  ]);
});

test('the first comes at once where the client has waited already', () => {
  expect(setup({ pingsFirst: true }).written).toEqual([[0, 'ping']]);
});

test('none follows the provider’s ending, however long the connection stays open behind it', async () => {
  let hasEnding = false;
  const { timers, written, give } = setup({ hasEnding: () => hasEnding });
  give('ending');
  hasEnding = true;
  await timers.advance(60_000);
  give(undefined);
  expect(written).toEqual([
    [0, 'ending'],
    [60_000, 'end'],
  ]);
});

test('a client that does not read gets none, and nothing is asked for it', async () => {
  const { timers, written, give, fill, isAsked, stream } = setup();
  fill(true);
  give('a');
  await timers.advance(60_000);
  expect([written, isAsked()]).toEqual([[[0, 'a']], false]);
  fill(false);
  stream.resume();
  expect(isAsked()).toBe(true);
  await timers.advance(10_000);
  expect(written.slice(1).map(([, what]) => what)).toEqual(['ping']);
});

test('a long piece goes out in several, each when there is room for it', () => {
  const { written, give, fill, isAsked, stream } = setup();
  fill(true);
  give(new Uint8Array(1_200_000));
  expect([written.length, isAsked()]).toEqual([1, false]);
  stream.resume();
  stream.resume();
  expect(written.map(([, what]) => what)).toEqual(['524288 bytes', '524288 bytes', '151424 bytes']);
  expect(isAsked()).toBe(false);
  fill(false);
  stream.resume();
  expect(isAsked()).toBe(true);
});

test('silence begins behind the last piece of a long one', async () => {
  const { timers, written, give, fill, stream } = setup();
  fill(true);
  give(new Uint8Array(600_000));
  fill(false);
  await timers.advance(9_000);
  stream.resume();
  await timers.advance(10_000);
  expect(written.slice(1)).toEqual([
    [9_000, '75712 bytes'],
    [19_000, 'ping'],
  ]);
});

test('however many are there at once, the stack does not grow with them', () => {
  const { monotonic, setTimer } = createManualTimers();
  let left = 100_000;
  let written = 0;
  const stream = new ClientStream({
    next: (taker) => taker.take(left-- > 0 ? bytesOf('a') : undefined),
    failed: () => bytesOf('failed'),
    sending() {},
    ping: () => bytesOf('ping'),
    hasEnding: () => false,
    pingIntervalMs: 10_000,
    pingsFirst: false,
    reframer: null,
    monotonic,
    setTimer,
    closed() {},
  });
  stream.start({
    write(bytes) {
      written += bytes.length;
      return true;
    },
    end() {},
    fail() {},
  });
  expect(written).toBe(100_000);
});

test('a failure is reported, then the end; no timer is left', () => {
  const { written, give, ends, timers, stream } = setup();
  give(undefined, new Error('broke'));
  give(undefined);
  stream.cancel();
  expect(written.map(([, what]) => what)).toEqual(['failed', 'end']);
  expect([ends, timers.pending()]).toEqual([['completed'], 0]);
});

test('of a client that has left nothing more is asked, and nothing is written for it', () => {
  const { written, give, ends, timers, stream, isAsked } = setup();
  stream.cancel();
  give('late');
  stream.resume();
  expect([written, isAsked(), ends, timers.pending()]).toEqual([[], false, ['cancelled'], 0]);
});
