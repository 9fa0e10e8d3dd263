// A chaos run: many clients at once, providers that fail in every way, and at the end the comparison with the ledger.
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { type Ask, ask, drawAsk, type Seen } from './client.ts';
import { type Done, compare, countBy, readRows } from './books.ts';
import { createDice } from './dice.ts';
import { type Provider, waitForQuiet } from './quiet.ts';
import { OPEN_FOR_MS, startUpstreams } from './upstreams.ts';

export interface ChaosOptions {
  /** Clients at once. */
  clients: number;
  durationMs: number;
  seed: number;
  workers: number;
  say?(line: string): void;
}

export interface ChaosResult {
  requests: number;
  seen: Record<Seen['outcome'], number>;
  rows: Record<string, number>;
  /** What was promised and not kept, one line each; empty is well. */
  problems: string[];
  breakerOpened: boolean;
  breakerClosedAgain: boolean;
  residentMegabytes: { early: number; late: number };
  descriptors: { before: number; after: number };
}

/** Mood of the moody provider, in turn. */
const MOOD_MS = 1_000;
const MOST_PROBLEMS = 20;

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { clients, durationMs, seed, workers, say = () => {} } = options;
  const upstreams = await startUpstreams();
  await using sluice = await startSluice({ config: upstreams.config, workers });
  try {
    const before = sluice.usage().descriptors;
    const dice = createDice(seed);
    const done: Done[] = [];
    const resident: number[] = [];
    const breakers = new Set<string>();
    const endsAt = performance.now() + durationMs;

    async function client(): Promise<void> {
      while (performance.now() < endsAt) {
        const asked = drawAsk(dice);
        done.push({ asked, seen: await ask(sluice.url, asked) });
      }
    }
    async function observe(): Promise<void> {
      for (let at = 0; performance.now() < endsAt; at++) {
        upstreams.setMood(Math.floor((at * 100) / MOOD_MS) % 2 === 0);
        breakers.add((await moody(sluice)).breaker);
        resident.push(sluice.usage().residentBytes);
        if (at % 50 === 49) say(`${done.length} requests`);
        await Bun.sleep(100);
      }
      upstreams.setMood(true);
    }
    await Promise.all([observe(), ...Array.from({ length: clients }, client)]);

    const problems = await waitForQuiet(sluice);
    upstreams.setMood(false);
    const opens = await reaches('open', sluice, done);
    upstreams.setMood(true);
    const breakerClosedAgain = await reaches('closed', sluice, done);
    await sluice.get('/gateway/metrics');
    const { rows, refusals } = readRows(sluice.home);
    problems.push(...compare(done, rows));
    return {
      requests: done.length,
      seen: countBy(done.map(({ seen }) => seen.outcome)) as ChaosResult['seen'],
      rows: countBy([...rows.values()]),
      problems: problems.slice(0, MOST_PROBLEMS),
      // Looks may miss what is short; a request that was kept from the provider is proof as well.
      breakerOpened: opens || breakers.has('open') || breakers.has('half-open') || refusals > 0,
      breakerClosedAgain,
      residentMegabytes: {
        early: medianMegabytes(resident, 0.25, 0.5),
        late: medianMegabytes(resident, 0.75, 1),
      },
      descriptors: { before, after: sluice.usage().descriptors },
    };
  } finally {
    await upstreams.stop();
  }
}

async function moody(sluice: SluiceProcess): Promise<Provider> {
  const { providers } = await sluice.get<{ providers: Provider[] }>('/gateway/providers');
  return (
    providers.find(({ name }) => name === 'moody') ?? { name: 'moody', breaker: 'unknown', in_flight: 0 }
  );
}

/** Asks until the breaker is there; it opens while the provider is down, and closes when it answers well again. */
async function reaches(state: 'open' | 'closed', sluice: SluiceProcess, done: Done[]): Promise<boolean> {
  for (let tries = 0; tries < 20; tries++) {
    if ((await moody(sluice)).breaker === state) return true;
    if (state === 'closed') await Bun.sleep(OPEN_FOR_MS);
    const asked: Ask = {
      client: 'openai-chat',
      model: 'moody/fast',
      question: 'Better?',
      stream: false,
      manner: 'reads',
      leavesAfterMs: 0,
    };
    done.push({ asked, seen: await ask(sluice.url, asked) });
  }
  return false;
}

function medianMegabytes(samples: readonly number[], from: number, to: number): number {
  const part = samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to));
  const sorted = part.toSorted((one, other) => one - other);
  return Math.round((sorted[Math.floor(sorted.length / 2)] ?? 0) / 1024 / 1024);
}
