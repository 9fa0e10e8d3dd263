// A soak: a steady mixture of streams, whole answers, clients that leave and providers that fail, and what the
// gateway holds meanwhile.
import { compare, countBy, type Done, readRows } from '../chaos/books.ts';
import { ask, type Ask, drawAsk } from '../chaos/client.ts';
import { createDice, type Dice } from '../chaos/dice.ts';
import { waitForQuiet } from '../chaos/quiet.ts';
import { startUpstreams } from '../chaos/upstreams.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { createHeapLog, HEAP_LOG } from './heap-log.ts';

export interface SoakOptions {
  /** Each asks, waits a while, and asks again. */
  clients: number;
  /** On average, between two requests of a client. */
  pauseMs: number;
  durationMs: number;
  sampleEveryMs: number;
  seed: number;
  say?(line: string): void;
}

export interface Sample {
  /** Seconds since the first request. */
  seconds: number;
  requests: number;
  residentMegabytes: number;
  /** Alive on the JavaScript heaps of all threads after their last full collection. */
  heapMegabytes: number;
  descriptors: number;
  activeStreams: number;
}

export interface SoakResult {
  samples: Sample[];
  requests: number;
  rows: number;
  outcomes: Record<string, number>;
  /** What was promised and not kept, one line each; empty is well. */
  problems: string[];
  /**
   * Of a gateway that had nothing to do, before and afterwards. `most`: with the connections to providers that are kept
   * for reuse, of which there are never more than clients.
   */
  descriptors: { before: number; after: number; most: number };
  activeStreamsAfter: number;
}

/** Beside the short answers: of twenty requests, one is a stream of some seconds. */
const LONG_SHARE = 0.05;
const LONG: Pick<Ask, 'model' | 'stream' | 'manner'> = {
  model: 'sim-anthropic-messages/tokens=300,rate=100',
  stream: true,
  manner: 'reads',
};
const SETTLE_MS = 15_000;
/** Of a gateway at rest: its log, a store's file that is open for a moment. */
const FEW_DESCRIPTORS = 5;

export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const { clients, pauseMs, durationMs, sampleEveryMs, seed, say = () => {} } = options;
  const upstreams = await startUpstreams();
  // Everything that is on by default is on, bodies in the ledger among it.
  const config = { ...upstreams.config, audit: {} };
  await using sluice = await startSluice({ config, environment: HEAP_LOG });
  try {
    const dice = createDice(seed);
    const done: Done[] = [];
    const samples: Sample[] = [];
    const heap = createHeapLog();
    let heapRead = 0;
    const startedAt = performance.now();
    const goesOn = () => performance.now() - startedAt < durationMs;
    const before = sluice.usage().descriptors;

    async function client(): Promise<void> {
      while (goesOn()) {
        const asked = draw(dice);
        done.push({ asked, seen: await ask(sluice.url, asked) });
        await Bun.sleep(dice.between(0, 2 * pauseMs));
      }
    }
    async function observe(): Promise<void> {
      while (goesOn()) {
        await Bun.sleep(sampleEveryMs);
        const written = sluice.output();
        heap.read(written.slice(heapRead));
        heapRead = written.length;
        const { residentBytes, descriptors } = sluice.usage();
        const sample: Sample = {
          seconds: Math.round((performance.now() - startedAt) / 1_000),
          requests: done.length,
          residentMegabytes: residentBytes / 1024 / 1024,
          heapMegabytes: heap.kilobytes() / 1024,
          descriptors,
          activeStreams: await countStreams(sluice),
        };
        samples.push(sample);
        say(describe(sample));
      }
    }
    await Promise.all([observe(), ...Array.from({ length: clients }, client)]);

    const problems = await waitForQuiet(sluice);
    const most = before + clients + FEW_DESCRIPTORS;
    const after = await descriptorsAtRest(sluice, most);
    // Answered when the ledger has written what it was given.
    await sluice.get('/gateway/metrics');
    const { rows } = readRows(sluice.home);
    problems.push(...compare(done, rows));
    return {
      samples,
      requests: done.length,
      rows: rows.size,
      outcomes: countBy(done.map(({ seen }) => seen.outcome)),
      problems,
      descriptors: { before, after, most },
      activeStreamsAfter: await countStreams(sluice),
    };
  } finally {
    await upstreams.stop();
  }
}

function draw(dice: Dice): Ask {
  const asked = drawAsk(dice);
  return dice.next() < LONG_SHARE ? { ...asked, ...LONG } : asked;
}

async function countStreams(sluice: SluiceProcess): Promise<number> {
  const { streams } = await sluice.get<{ streams: object[] }>('/gateway/streams');
  return streams.length;
}

/** Connections of clients that have left are closed a moment later. */
async function descriptorsAtRest(sluice: SluiceProcess, most: number): Promise<number> {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const { descriptors } = sluice.usage();
    if (descriptors <= most || performance.now() > deadline) return descriptors;
    await Bun.sleep(100);
  }
}

function describe({ seconds, requests, residentMegabytes, heapMegabytes, ...counts }: Sample): string {
  const memory = `${residentMegabytes.toFixed(1)} MB resident, ${heapMegabytes.toFixed(1)} MB heap`;
  return `${seconds} s · ${requests} requests · ${memory} · ${counts.descriptors} descriptors · ${counts.activeStreams} streams`;
}
