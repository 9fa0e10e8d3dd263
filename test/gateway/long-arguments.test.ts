// What an event costs does not grow with the stream: each is parsed and written once, however much came before, and of
// a call's arguments nothing is kept but what the client's dialect says only whole, or says again.
import { heapStats } from 'bun:jsc';
import { expect, spyOn, test } from 'bun:test';
import { createPairPump, PAIRS, type Pair } from '../../bench/codecs/pair.ts';
import { callStream, textStream, type WireStream } from '../../bench/codecs/streams.ts';
import type { DialectId } from '../../src/model/dialect-id.ts';
import type { Pump } from '../../src/gateway/pump.ts';

const FRAGMENT = 'a piece of an argument, as long ';
const SHORT = 2_000;
const LONG = 10_000;
/** What a look at the heap is off by: 12 bytes for each further event. */
const NOISE_BYTES = 96 * 1024;
/** Bytes: two a character, where a string has them so, and half of that to spare. */
const KEPT_PER_CHARACTER = 3;
/** Calls go out whole, or are told again at the end. */
const KEEPS_ARGUMENTS: Record<DialectId, boolean> = {
  'anthropic-messages': false,
  'openai-chat': false,
  'openai-responses': true,
  gemini: true,
};

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

  test(`${pair.wire} → ${pair.client}: arguments are kept only where the client needs them whole`, async () => {
    const keptBy = async (events: number): Promise<number> => {
      Bun.gc(true);
      const before = heapStats().heapSize;
      const pump = await createPairPump(pair);
      pump.push(stream.head);
      push(pump, stream, events);
      Bun.gc(true);
      const kept = heapStats().heapSize - before;
      pump.push(stream.tail);
      expect(pump.ended()).toBe(true);
      return kept;
    };
    await keptBy(SHORT);
    const growth = (await keptBy(LONG)) - (await keptBy(SHORT));
    const isKept = pair.client !== pair.wire && KEEPS_ARGUMENTS[pair.client];
    expect(growth).toBeLessThan(
      NOISE_BYTES + (isKept ? (LONG - SHORT) * FRAGMENT.length * KEPT_PER_CHARACTER : 0),
    );
  });
}
