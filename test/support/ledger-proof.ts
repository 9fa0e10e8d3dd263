// That the ledger equals the traffic: under load, killed in the midst of it, and with two gateways on one store.
import { Database } from 'bun:sqlite';
import { rmSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPostgresStore } from '../../src/ledger/postgres/store.ts';
import { createSqliteStore } from '../../src/ledger/sqlite/store.ts';
import type { LedgerStore } from '../../src/ledger/store.ts';
import {
  compareWithLedger,
  type Ended,
  missing,
  readRows,
  runLoad,
  startLoadUpstream,
  sumsOfRows,
} from './ledger-load.ts';
import { startSluice } from './sluice-process.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface ProofOptions {
  requests: number;
  concurrency: number;
  /** An address of an empty PostgreSQL database; left out: SQLite. */
  postgres?: string;
}

export interface Proof {
  /** What was not right; empty: nothing. */
  wrong: string[];
  /** Rows in the end. */
  rows: number;
  seconds: number;
}

/** GUARANTEES 17: what ended longer before a kill than this has its row. */
const WINDOW_MS = 1000;

function open(home: string, postgres: string | undefined): LedgerStore {
  return postgres === undefined ? createSqliteStore(join(home, 'sluice.db')) : createPostgresStore(postgres);
}

/** Streamed, whole, aborted and failing requests at full speed, to one or several gateways with one store. */
export async function proveLoad(
  { requests, concurrency, postgres }: ProofOptions,
  gateways = 1,
): Promise<Proof> {
  const upstream = startLoadUpstream();
  const homes = Array.from({ length: gateways }, () => temporaryFolder('load'));
  const config = upstream.config(postgres === undefined ? {} : { store: postgres });
  const started = await Promise.all(homes.map((home) => startSluice({ config, home })));
  try {
    const begun = performance.now();
    const ended = await runLoad(
      started.map(({ url }) => url),
      { requests, concurrency },
    );
    const seconds = (performance.now() - begun) / 1000;
    const wrong: string[] = [];
    if (ended.length !== requests) wrong.push(`${requests - ended.length} requests did not end`);
    for (const gateway of started) {
      const code = await gateway.stop();
      if (code !== 0) wrong.push(`a gateway ended with code ${code}`);
    }
    const store = open(homes[0] ?? '', postgres);
    wrong.push(...(await compareWithLedger(store, ended, upstream)));
    const rows = (await readRows(store)).length;
    await store.close();
    return { wrong, rows, seconds };
  } finally {
    for (const gateway of started) await gateway[Symbol.asyncDispose]();
    await upstream.stop();
    for (const home of homes) rmSync(home, { recursive: true, force: true });
  }
}

/** `kill -9` in the midst of the load, so many times, each time with a new gateway on the same home and store. */
export async function proveKills(
  { requests, concurrency, postgres }: ProofOptions,
  kills: number,
): Promise<Proof> {
  const upstream = startLoadUpstream();
  const home = temporaryFolder('kill');
  const config = upstream.config(postgres === undefined ? {} : { store: postgres });
  const begun = performance.now();
  const safe: Ended[] = [];
  try {
    for (let round = 0; round < kills; round++) {
      await using gateway = await startSluice({ config, home });
      let isKilled = false;
      const { promise: first, resolve: onEnd } = Promise.withResolvers<void>();
      const load = runLoad([gateway.url], { requests, concurrency, goesOn: () => !isKilled, onEnd });
      await first;
      const firstAt = performance.now();
      const disk = watchDisk(home);
      // Long enough that some requests are older than the window, at another moment each time.
      const wait = 300 + 130 * round;
      while (performance.now() - firstAt < WINDOW_MS + disk.longestMs() + wait) await Bun.sleep(50);
      isKilled = true;
      const killedAt = performance.now();
      const window = WINDOW_MS + disk.longestMs();
      await gateway.kill();
      await disk.stop();
      safe.push(...(await load).filter(({ at }) => at < killedAt - window));
    }
    // What the last one left on disk is taken over by the next.
    const last = await startSluice({ config, home });
    await last.get('/gateway/audit');
    await last.stop();
    const wrong: string[] = safe.length === 0 ? ['no request ended early enough to be judged'] : [];
    if (postgres === undefined) wrong.push(...soundness(join(home, 'sluice.db')));
    const store = open(home, postgres);
    const rows = await readRows(store);
    wrong.push(...missing(rows, safe), ...(await sumsOfRows(store)));
    await store.close();
    return { wrong, rows: rows.length, seconds: (performance.now() - begun) / 1000 };
  } finally {
    await upstream.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

/**
 * How long the machine takes at most for a few bytes to be on disk, while others work on it: no gateway can keep a row
 * sooner than that.
 */
function watchDisk(directory: string) {
  const path = join(directory, 'probe');
  let longest = 0;
  let isOver = false;
  let begunAt = performance.now();
  const took = () => performance.now() - begunAt;
  const probe = async () => {
    while (!isOver) {
      begunAt = performance.now();
      const file = await openFile(path, 'w');
      await file.write('probe');
      await file.sync();
      await file.close();
      longest = Math.max(longest, took());
      await Bun.sleep(20);
      begunAt = performance.now();
    }
  };
  const probing = probe();
  return {
    /** Also of what is not there yet. */
    longestMs: () => Math.max(longest, took()),
    async stop() {
      isOver = true;
      await probing;
    },
  };
}

function soundness(path: string): string[] {
  const database = new Database(path, { readonly: true });
  const found = database.query<{ integrity_check: string }, []>('PRAGMA integrity_check').all();
  database.close();
  return found.map((line) => line.integrity_check).filter((line) => line !== 'ok');
}
