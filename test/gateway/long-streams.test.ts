// However long a stream is, the gateway holds no more of it: what a client's dialect repeats at the end aside.
import { expect, test } from 'bun:test';
import { heapStats } from 'bun:jsc';
import { createPairPump, PAIRS, type Pair, run } from '../../bench/codecs/pair.ts';
import { textStream } from '../../bench/codecs/streams.ts';

const KILOBYTE = 1_000;
const SHORT = 500;
const LONG = 16 * SHORT;
/** Of an answer's text, Gemini's decoder keeps the first million characters, to place citations in it. */
const KEPT = 1_500 * KILOBYTE;

/** Bytes on the heap when so many events of a kilobyte have come, and how many gave the client something. */
async function heldAfter(pair: Pair, deltas: number) {
  const pump = await createPairPump(pair);
  let held = 0;
  const given = run(pump, textStream(pair.wire, 'x'.repeat(KILOBYTE)), deltas, (sent) => {
    if (sent !== deltas - 1) return;
    Bun.gc(true);
    held = heapStats().heapSize;
  });
  return { held, given };
}

for (const pair of PAIRS) {
  test(`${pair.wire} → ${pair.client}`, async () => {
    // Compiled code and caches are held once.
    await heldAfter(pair, SHORT);
    const short = await heldAfter(pair, SHORT);
    const long = await heldAfter(pair, LONG);
    // Each event goes on when it comes.
    expect([short.given, long.given]).toEqual([SHORT, LONG]);
    // Responses' last events hold the whole text once more.
    const repeats = pair.client === 'openai-responses' && pair.wire !== pair.client;
    const text = repeats ? (LONG - SHORT) * KILOBYTE : 0;
    expect(long.held - short.held).toBeLessThan(text + KEPT);
  });
}
