// Prints what one pair holds just before the last event of a stream, in bytes above what was there before the first:
// in a process of its own, where no older stream is among what the collector finds or misses.
// Arguments: wire, client, `text` or `argument`, text of each event, events.
import { heapStats } from 'bun:jsc';
import type { DialectId, ProviderDialectId } from '../../src/model/dialect-id.ts';
import { createPairPump, run } from './pair.ts';
import { callStream, textStream } from './streams.ts';

const [wire = '', client = '', what = '', text = '', deltas = ''] = process.argv.slice(2);
const pair = { wire: wire as ProviderDialectId, client: client as DialectId };
const stream = what === 'text' ? textStream(pair.wire, text) : callStream(pair.wire, text);
if (stream === undefined) throw new Error(`${wire} sends arguments whole`);

function alive(): number {
  Bun.gc(true);
  return heapStats().heapSize;
}

// Compiled code and caches are held once.
run(await createPairPump(pair), stream, 1_000);
const events = Number(deltas);
const pump = await createPairPump(pair);
const before = alive();
run(pump, stream, events, (sent) => {
  if (sent === events - 1) console.log(alive() - before);
});
