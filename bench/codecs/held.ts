// What each pair holds after a short and after a long stream, as JSON: in a process of its own, since a collector that
// must be run to know it takes as long as everything else in the process is large, and sees all that is in it.
// Arguments: `text` or `argument`, events of the short stream, of the long one, characters in each.
import { heapStats } from 'bun:jsc';
import { createPairPump, PAIRS, type Pair, run } from './pair.ts';
import { callStream, textStream, type WireStream } from './streams.ts';

export interface Held {
  pair: Pair;
  /** Bytes on the heap before the last event. */
  short: number;
  long: number;
  /** Events that gave the client something. */
  given: [short: number, long: number];
}

const [kind = 'text', ...counts] = process.argv.slice(2);
const [short = 0, long = 0, characters = 0] = counts.map(Number);

/** Undefined for wires that send a call's arguments whole. */
function streamOf(pair: Pair): WireStream | undefined {
  const text = 'x'.repeat(characters);
  return kind === 'argument' ? callStream(pair.wire, text) : textStream(pair.wire, text);
}

async function after(pair: Pair, stream: WireStream, events: number): Promise<[held: number, given: number]> {
  const pump = await createPairPump(pair);
  let held = 0;
  const given = run(pump, stream, events, (sent) => {
    if (sent !== events - 1) return;
    Bun.gc(true);
    held = heapStats().heapSize;
  });
  return [held, given];
}

const all: Held[] = [];
for (const pair of PAIRS) {
  const stream = streamOf(pair);
  if (stream === undefined) continue;
  // Compiled code and caches are held once.
  await after(pair, stream, short);
  const [heldShort, givenShort] = await after(pair, stream, short);
  const [heldLong, givenLong] = await after(pair, stream, long);
  all.push({ pair, short: heldShort, long: heldLong, given: [givenShort, givenLong] });
}
console.log(JSON.stringify(all));
