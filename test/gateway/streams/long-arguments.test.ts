// What an event costs does not grow with the stream: each is parsed and written once, however much came before.
import { expect, spyOn, test } from 'bun:test';
import { createPairPump, PAIRS, type Pair } from '../../../bench/codecs/pair.ts';
import { callStream, textStream, type WireStream } from '../../../bench/codecs/streams.ts';
import type { Pump } from '../../../src/gateway/pumps/pump.ts';

const FRAGMENT = 'a piece of an argument, as long ';
const SHORT = 2_000;

const CALLS = PAIRS.flatMap((pair) => {
  const stream = callStream(pair.wire, FRAGMENT);
  return stream === undefined ? [] : [{ ...pair, stream }];
});

function push(pump: Pump<Uint8Array>, { delta }: WireStream, times: number): void {
  for (let count = 0; count < times; count++) pump.push(delta);
}

/** Characters that JSON.parse and JSON.stringify go through during `run`. */
function jsonWork(run: () => void): number {
  const parse = spyOn(JSON, 'parse');
  const stringify = spyOn(JSON, 'stringify');
  try {
    run();
    const parsed = parse.mock.calls.map(([text]) => text.length);
    const written = stringify.mock.results.map(({ value }) => String(value).length);
    return [...parsed, ...written].reduce((sum, length) => sum + length, 0);
  } finally {
    parse.mockRestore();
    stringify.mockRestore();
  }
}

async function expectSameWork(pair: Pair, stream: WireStream): Promise<void> {
  const pump = await createPairPump(pair);
  pump.push(stream.head);
  push(pump, stream, 100);
  const early = jsonWork(() => push(pump, stream, 100));
  push(pump, stream, SHORT);
  expect(jsonWork(() => push(pump, stream, 100))).toBe(early);
  // The envelope, what is in it, the words of it, what is written of them.
  expect(early).toBeLessThanOrEqual(100 * stream.delta.length * 4);
}

for (const pair of PAIRS) {
  test(`${pair.wire} → ${pair.client}: text late in a stream is the same work as early`, () =>
    expectSameWork(pair, textStream(pair.wire, FRAGMENT)));
}

for (const { stream, ...pair } of CALLS) {
  test(`${pair.wire} → ${pair.client}: so are arguments`, () => expectSameWork(pair, stream));
}
