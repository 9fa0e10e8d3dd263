// Fills a ledger, reads its pages and expires rows, and measures how long each takes.
import { resolveInput } from '../../test/support/resolve-input.ts';
import { createWebHost } from '../../src/gateway/host.ts';
import { createLedger } from '../../src/ledger/queue/recorder.ts';
import type { LedgerStore } from '../../src/ledger/store.ts';
import { createManagement } from '../../src/management/management.ts';
import { createMeter } from '../../src/telemetry/meter.ts';
import { type Spread, spreadOf } from '../statistics.ts';
import { type Page, pagesAt } from './pages.ts';
import { rowAt, SECOND_MS } from './rows.ts';

/** The size of the gateway queue's batches. */
const BATCH = 256;
/** How often each page is read. */
export const ROUNDS = 25;
/** Batches and slices that are measured one by one, once the ledger is full. */
const SINGLE = 40;

/** All in ms. */
export interface LedgerFigures {
  rows: number;
  /** Of a row, while the ledger was filled. */
  filling: number;
  /** Of a batch of 256 rows, at the end. */
  batch: Spread;
  pages: { page: Page; took: Spread }[];
  /** Of one slice of retention, 500 rows, for which a batch may have to wait. */
  slice: Spread;
}

/** @param hurry is called when the ledger is full; what it returns, at the end. */
export async function measureLedger(
  store: LedgerStore,
  rows: number,
  hurry: () => () => void,
): Promise<LedgerFigures> {
  const start = Date.now() - rows * SECOND_MS;
  const append = async (from: number, until: number): Promise<number> => {
    const batch = Array.from({ length: until - from }, (_, at) =>
      rowAt(from + at, start + (from + at) * SECOND_MS),
    );
    return timed(() => store.append(batch));
  };
  let filling = 0;
  for (let at = 0; at < rows; at += BATCH) filling += await append(at, Math.min(at + BATCH, rows));
  const rest = hurry();
  const pages = await askPages(store, pagesAt(start + rows * SECOND_MS));
  const batches: number[] = [];
  for (let at = rows; batches.length < SINGLE; at += BATCH) batches.push(await append(at, at + BATCH));
  const slices: number[] = [];
  while (slices.length < SINGLE) slices.push(await timed(() => store.expire(start + (rows / 2) * SECOND_MS)));
  rest();
  return { rows, filling: filling / rows, batch: spreadOf(batches), pages, slice: spreadOf(slices) };
}

async function askPages(store: LedgerStore, pages: readonly Page[]): Promise<LedgerFigures['pages']> {
  const manage = managementOf(store);
  const ask = async ({ path }: Page): Promise<void> => {
    const url = new URL(path, 'http://127.0.0.1');
    const response = await manage(new Request(url), url, null);
    const text = await response?.text();
    if (response?.status !== 200) throw new Error(`${path}: ${response?.status} ${text}`);
  };
  const found: LedgerFigures['pages'] = [];
  for (const page of pages) {
    await ask(page);
    const times: number[] = [];
    while (times.length < ROUNDS) times.push(await timed(() => ask(page)));
    found.push({ page, took: spreadOf(times) });
  }
  return found;
}

function managementOf(store: LedgerStore): ReturnType<typeof createManagement> {
  const { now, monotonic, setTimer } = createWebHost();
  const { config } = resolveInput(null);
  return createManagement({
    config: () => config,
    ledger: createLedger(store, { now, monotonic, setTimer }),
    meter: createMeter(),
    version: 'bench',
    startedAt: now(),
    uptimeMs: () => 0,
    now,
    setTimer,
    running: { list: () => [], cancel: () => false, watch: () => new ReadableStream() },
    connections: () => [],
    budgets: () => [],
    budgetsUnread: () => null,
    remoteCount: () => null,
    rateLimits: () => [],
    providerStates: () => [],
  });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
