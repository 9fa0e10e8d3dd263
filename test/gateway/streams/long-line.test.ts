// A long answer in one line, from a server of lines of JSON that labels it JSON: each piece of it costs the same.
import { expect, test } from 'bun:test';
import type { Pump } from '../../../src/gateway/pumps/pump.ts';
import { pumpFor } from '../../../src/gateway/pumps/unstreamed-answer.ts';

/** Bytes. */
const PIECE = 512;
const PIECES = 100_000;

const unused = (): never => {
  throw new Error('it is no stream');
};
const STREAM: Pump<number> = {
  push: unused,
  end: unused,
  fail: unused,
  ended: () => false,
  tookEvent: () => true,
  hasKeepAlives: () => false,
  settle: unused,
  gaveUp: () => false,
};

// Were all of it looked at with each piece, this would take minutes.
test('a line of fifty megabytes in small pieces is read as a body once it is whole', () => {
  const piece = new Uint8Array(PIECE).fill('x'.charCodeAt(0));
  const begin = new TextEncoder().encode('{"response":"');
  const reader = {
    provider: 'lab',
    limit: Number.POSITIVE_INFINITY,
    pagesOnly: true,
    listsEvents: false,
    isLines: true,
    isJson: true,
    failure: () => undefined,
    read: (text: string) => text.length,
  };
  const pump = pumpFor(begin, STREAM, reader, []);
  pump?.push(begin);
  for (let count = 0; count < PIECES; count++) pump?.push(piece);
  pump?.push(new TextEncoder().encode('"}'));
  expect(pump?.end()).toBe(begin.length + PIECES * PIECE + 2);
});
