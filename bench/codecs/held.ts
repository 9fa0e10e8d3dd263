// What each pair holds after a short and after a long stream, as JSON: in a process of its own, since a collector that
// must be run to know it takes as long as everything else in the process is large.
// Arguments: events of the short stream, of the long one, bytes of text in each.
import { heapStats } from 'bun:jsc';
import { createPairPump, PAIRS, type Pair, run } from './pair.ts';
import { textStream } from './streams.ts';

export interface Held {
  pair: Pair;
  /** Bytes on the heap before the last event. */
  short: number;
  long: number;
  /** Events that gave the client something. */
  given: [short: number, long: number];
}

const [short = 0, long = 0, bytes = 0] = process.argv.slice(2).map(Number);

async function after(pair: Pair, events: number): Promise<[held: number, given: number]> {
  const pump = await createPairPump(pair);
  let held = 0;
  const given = run(pump, textStream(pair.wire, 'x'.repeat(bytes)), events, (sent) => {
    if (sent !== events - 1) return;
    Bun.gc(true);
    held = heapStats().heapSize;
  });
  return [held, given];
}

const all: Held[] = [];
for (const pair of PAIRS) {
  // Compiled code and caches are held once.
  await after(pair, short);
  const [heldShort, givenShort] = await after(pair, short);
  const [heldLong, givenLong] = await after(pair, long);
  all.push({ pair, short: heldShort, long: heldLong, given: [givenShort, givenLong] });
}
console.log(JSON.stringify(all));
