// A chaos run: many clients at once, providers that fail in every way, and the books compared at the end.
import { Database } from 'bun:sqlite';
import { join } from 'node:path';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { type Ask, ask, drawAsk, type Seen } from './client.ts';
import { createDice } from './dice.ts';
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
/** For requests that were left, and for time limits that still run. */
const QUIET_WITHIN_MS = 10_000;
const MOST_PROBLEMS = 20;

interface Provider {
  name: string;
  breaker: string;
  in_flight: number;
}

/** Which statuses of the row agree with what the client saw. Who leaves may leave as the answer ends. */
const AGREES: Record<Seen['outcome'], readonly string[]> = {
  success: ['success'],
  failed: ['error', 'truncated'],
  left: ['aborted', 'success', 'error', 'truncated'],
  broken: [],
};

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { clients, durationMs, seed, workers, say = () => {} } = options;
  const upstreams = await startUpstreams();
  await using sluice = await startSluice({ config: upstreams.config, workers });
  try {
    const before = sluice.usage().descriptors;
    const dice = createDice(seed);
    const done: { asked: Ask; seen: Seen }[] = [];
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

/** Nothing runs and nothing is held, within a time. */
async function waitForQuiet(sluice: SluiceProcess): Promise<string[]> {
  const deadline = performance.now() + QUIET_WITHIN_MS;
  for (;;) {
    const { streams } = await sluice.get<{ streams: object[] }>('/gateway/streams');
    const { providers } = await sluice.get<{ providers: Provider[] }>('/gateway/providers');
    const held = providers.filter(({ in_flight }) => in_flight !== 0).map(({ name }) => name);
    if (streams.length === 0 && held.length === 0) return [];
    if (performance.now() > deadline) {
      return [
        `${streams.length} requests run that nobody asks any more; places held at: ${held.join(', ') || 'none'}`,
      ];
    }
    await Bun.sleep(50);
  }
}

/** Asks until the breaker is there; it opens while the provider is down, and closes when it answers well again. */
async function reaches(
  state: 'open' | 'closed',
  sluice: SluiceProcess,
  done: { asked: Ask; seen: Seen }[],
): Promise<boolean> {
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

/** Status by request id, and how many tries a breaker kept from their provider, straight from the file. */
function readRows(home: string): { rows: Map<string, string>; refusals: number } {
  const database = new Database(join(home, 'sluice.db'), { readonly: true });
  try {
    const found = database
      .query<{ request_id: string; status: string; attempts: string }, []>(
        'select request_id, status, attempts from ledger_row',
      )
      .all();
    return {
      rows: new Map(found.map(({ request_id, status }) => [request_id, status])),
      refusals: found.filter(({ attempts }) => attempts.includes('"skipped":"breaker_open"')).length,
    };
  } finally {
    database.close();
  }
}

function compare(done: readonly { asked: Ask; seen: Seen }[], rows: ReadonlyMap<string, string>): string[] {
  const problems: string[] = [];
  // Who leaves at once may have left before its request had arrived: that is the only way to have no row.
  const unheard = done.filter(({ seen }) => seen.outcome === 'left' && seen.requestId === null).length;
  if (rows.size > done.length || rows.size < done.length - unheard)
    problems.push(`${done.length} requests, ${unheard} of them left at once; ${rows.size} rows`);
  for (const { asked, seen } of done) {
    const what = `${asked.client} ${asked.stream ? 'stream' : 'whole'} of ${asked.model} (${asked.question})`;
    if (seen.outcome === 'broken') problems.push(`${what}: ${seen.why}`);
    // Who left before the head knows no id.
    if (seen.requestId === null) continue;
    const status = rows.get(seen.requestId);
    if (status === undefined) problems.push(`${what}: no row for ${seen.requestId}`);
    else if (seen.outcome !== 'broken' && !AGREES[seen.outcome].includes(status))
      problems.push(`${what}: the client saw ${seen.outcome}, the row says ${status}`);
  }
  return problems;
}

function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

function medianMegabytes(samples: readonly number[], from: number, to: number): number {
  const part = samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to));
  const sorted = part.toSorted((one, other) => one - other);
  return Math.round((sorted[Math.floor(sorted.length / 2)] ?? 0) / 1024 / 1024);
}
