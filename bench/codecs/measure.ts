// The cost of a pair's pump: per event, per byte of a long stream, per byte of a long argument, and its memory.
import { join } from 'node:path';
import { quantile } from '../statistics.ts';
import { createPairPump, type Pair, run } from './pair.ts';
import { callStream, textStream, type WireStream } from './streams.ts';

export interface Speed {
  eventsPerSecond: number;
  /** Of the provider's bytes. */
  megabytesPerSecond: number;
  /** Allocated, garbage included. */
  bytesPerEvent: number;
}

export interface Growth {
  /** Time per byte of the long stream over that of the short one: 1 is linear. */
  timeRatio: number;
  /** What is held when all of the long stream has come, over what is held of the short one, in MB. */
  heldMegabytes: number;
}

const MB = 1024 * 1024;
/** About one token. */
const TOKEN = ' word';

export async function measureSpeed(pair: Pair, rounds: number): Promise<Speed> {
  const deltas = 5_000;
  const stream = textStream(pair.wire, TOKEN);
  const seconds: number[] = [];
  if (run(await createPairPump(pair), stream, deltas) !== deltas) throw new Error('events came to nothing');
  for (let round = -4; round < rounds; round++) {
    const took = await timed(pair, stream, deltas);
    // The first ones warm up.
    if (round >= 0) seconds.push(took);
  }
  const median = quantile(seconds, 0.5);
  return {
    eventsPerSecond: deltas / median,
    megabytesPerSecond: (deltas * stream.delta.length) / MB / median,
    bytesPerEvent: await allocatedPerEvent(pair),
  };
}

/** A stream of so many MB beside one of an eighth, in events of 1 KB. */
export async function measureLength(pair: Pair, megabytes: number): Promise<Growth> {
  const text = 'x'.repeat(1_000);
  const stream = textStream(pair.wire, text);
  return compare(pair, { what: 'text', text, stream }, (megabytes * MB) / stream.delta.length, 8);
}

/** One tool argument of so many MB beside one of a quarter; undefined where the wire sends arguments whole. */
export async function measureArgument(pair: Pair, megabytes: number): Promise<Growth | undefined> {
  const fragment = 'x'.repeat(256);
  const stream = callStream(pair.wire, fragment);
  if (stream === undefined) return undefined;
  return compare(pair, { what: 'argument', text: fragment, stream }, (megabytes * MB) / fragment.length, 4);
}

/** A stream, and what it is made of. */
interface Fed {
  what: 'text' | 'argument';
  text: string;
  stream: WireStream;
}

async function compare(pair: Pair, fed: Fed, deltas: number, times: number): Promise<Growth> {
  const { stream } = fed;
  const long = Math.floor(deltas);
  const short = Math.floor(deltas / times);
  await timed(pair, stream, short);
  // The best of two, since other load on the machine only makes it slower.
  const shortest = Math.min(await timed(pair, stream, short), await timed(pair, stream, short));
  const longest = Math.min(await timed(pair, stream, long), await timed(pair, stream, long));
  const held = (await heldAfter(pair, fed, long)) - (await heldAfter(pair, fed, short));
  return { timeRatio: longest / long / (shortest / short), heldMegabytes: held / MB };
}

/** Seconds of CPU, which other load on the machine does not affect. */
async function timed(pair: Pair, stream: WireStream, deltas: number): Promise<number> {
  const pump = await createPairPump(pair);
  Bun.gc(true);
  const from = process.cpuUsage();
  run(pump, stream, deltas);
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1_000_000;
}

const HOLD = join(import.meta.dir, 'hold.ts');

/** Bytes held just before the last event of the stream. */
async function heldAfter({ wire, client }: Pair, { what, text }: Fed, deltas: number): Promise<number> {
  const child = Bun.spawn([process.execPath, HOLD, wire, client, what, text, String(deltas)], {
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [held, complaint] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) throw new Error(complaint);
  return Number(held);
}

const ALLOCATE = join(import.meta.dir, 'allocate.ts');
/** The collector's own figures, once for each run of it. */
const CYCLE = /bytes allocated this cycle: (\d+)/g;

/** By what the collector of a process of its own reports, over enough events for it to run some times. */
async function allocatedPerEvent({ wire, client }: Pair): Promise<number> {
  const deltas = [100_000, 300_000] as const;
  const totals = await Promise.all(
    deltas.map(async (count) => {
      const child = Bun.spawn([process.execPath, ALLOCATE, wire, client, TOKEN, String(count)], {
        env: { ...process.env, BUN_JSC_logGC: '1' },
        stdout: 'ignore',
        stderr: 'pipe',
      });
      const said = await new Response(child.stderr).text();
      if ((await child.exited) !== 0) throw new Error(said);
      return [...said.matchAll(CYCLE)].reduce((sum, [, bytes]) => sum + Number(bytes), 0);
    }),
  );
  const [few = 0, many = 0] = totals;
  return (many - few) / (deltas[1] - deltas[0]);
}
