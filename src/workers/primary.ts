// The process that serves nothing itself: it starts the workers and replaces those that die, has the one ledger,
// carries what one worker tells to the others, and answers the gateway's own pages for all of them.
import type { ResolvedConfig } from '../config/resolved.ts';
import type { FleetNotice } from '../gateway/fleet.ts';
import type { Telemetry } from '../gateway/host.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { LedgerRow } from '../ledger/row.ts';
import { createMeter } from '../telemetry/meter.ts';
import { askAll, askAllWithin } from './ask-all.ts';
import { boardBytes, createBoard } from './board.ts';
import { createFleetView } from './fleet-view.ts';
import { readJournal } from './journal.ts';
import { lostRow } from './lost-row.ts';
import type { PrimaryMethods } from './protocol.ts';
import { sendable } from './sent-config.ts';
import { createSharedMemory } from './shared-memory.ts';
import { startWorker, type WorkerCommand, type WorkerProcess } from './worker-process.ts';

export interface PrimaryOptions extends WorkerCommand {
  workers: number;
  config: ResolvedConfig;
  hostname: string;
  port: number;
  /** Null: nothing is recorded. Closed by who opened it. */
  ledger: Ledger | null;
  /** Who collects traces. Closed by who opened it. */
  telemetry: Telemetry | null;
  version: string;
  now(): number;
  monotonic(): number;
  setTimer(callback: () => void, ms: number): () => void;
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>): void;
}

export interface Primary {
  /** Applies to new requests of all workers; resolves when they have it, but for one that is too busy to say so. */
  reload(config: ResolvedConfig): Promise<void>;
  activeStreams(): Promise<number>;
  /** No worker takes new requests; resolves when all have ended, to how many requests were cut. */
  drain(timeoutMs: number): Promise<number>;
}

/** A worker ended before it served. Why, it has said itself on standard error. */
export class WorkerFailed extends Error {
  override readonly name = 'WorkerFailed';
}

/** A worker that died sooner is not replaced at once: the next may die of the same. */
const SHORT_LIFE_MS = 5_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** How long a worker is waited for that has code to load. */
const RELOAD_MS = 10_000;
/** Beyond the drain itself, for a worker that hangs. */
const END_GRACE_MS = 3_000;

/** Resolves when all workers serve. Throws WorkerFailed. */
export async function startPrimary(options: PrimaryOptions): Promise<Primary> {
  const { workers: wanted, ledger, telemetry, log, now, monotonic, setTimer } = options;
  const memory = createSharedMemory(boardBytes(wanted));
  const board = createBoard(memory.bytes, wanted, 0);
  const running = new Map<number, WorkerProcess>();
  const watchedAt = new Set<WorkerProcess>();
  const columns = addColumns({}, options.config);
  let { config } = options;
  let draining = false;
  let replaced = 0;
  let shortLives = 0;

  const meter = createMeter();

  const view = createFleetView({
    config: () => config,
    ledger,
    meter,
    version: options.version,
    startedAt: now(),
    now,
    setTimer,
    processes: () => running.values(),
    workers: () => ({ wanted, running: running.size, replaced }),
  });

  function note(row: LedgerRow): void {
    ledger?.record(row);
    meter.see(row);
    telemetry?.see(row);
  }

  function othersThan(one: WorkerProcess): WorkerProcess[] {
    return [...running.values()].filter((other) => other !== one);
  }

  async function watch(worker: WorkerProcess, isOn: boolean): Promise<void> {
    const before = watchedAt.size;
    if (isOn) watchedAt.add(worker);
    else watchedAt.delete(worker);
    const after = watchedAt.size;
    if ((before === 0) === (after === 0)) return;
    await askAll(running.values(), setTimer, 'watched', after > 0);
  }

  function methodsFor(worker: () => WorkerProcess, ready: () => void): PrimaryMethods {
    const { hostname, port } = options;
    return {
      setup: () => ({
        hostname,
        port,
        config: sendable(config),
        columns,
        recorded: ledger !== null,
        traced: telemetry !== null,
      }),
      ready,
      notice(notice) {
        for (const { channel } of othersThan(worker())) channel.tell('learn', notice);
      },
      append(text) {
        for (const row of JSON.parse(text) as LedgerRow[]) note(row);
      },
      page: view,
      watching: (isOn) => watch(worker(), isOn),
      frame(frame) {
        for (const { channel } of watchedAt) channel.tell('frame', frame);
      },
    };
  }

  /** Resolves when it serves. Throws WorkerFailed. */
  async function start(index: number): Promise<void> {
    const ready = Promise.withResolvers<'ready'>();
    const worker: WorkerProcess = startWorker({
      ...options,
      index,
      board: memory,
      methods: methodsFor(
        () => worker,
        () => ready.resolve('ready'),
      ),
      onError: (error) => log('error', 'a worker was told what it could not take', { worker: index, error }),
    });
    running.set(index, worker);
    const bornAt = monotonic();
    const outcome = await Promise.race([ready.promise, worker.gone]);
    if (outcome !== 'ready') {
      running.delete(index);
      throw new WorkerFailed(`worker ${index} ${outcome} before it served`);
    }
    if (watchedAt.size > 0) worker.channel.tell('watched', true);
    void worker.gone.then((how) => bury(worker, how, monotonic() - bornAt));
  }

  /** Accounts for what a worker had begun, and puts another in its place. */
  function bury(worker: WorkerProcess, how: string, livedMs: number): void {
    running.delete(worker.index);
    void watch(worker, false);
    board.clear(worker.index);
    const begun = readJournal(worker.journal);
    for (const request of begun) note(lostRow(request, how, now()));
    if (draining) return;
    const loss: FleetNotice = { about: 'loss' };
    for (const { channel } of running.values()) channel.tell('learn', loss);
    log('error', 'a worker is gone and will be replaced; its running requests are recorded as failed', {
      worker: worker.index,
      pid: worker.pid,
      how,
      requests: begun.length,
    });
    shortLives = livedMs < SHORT_LIFE_MS ? shortLives + 1 : 0;
    replace(worker.index, shortLives === 0 ? 0 : FIRST_PAUSE_MS * 2 ** (shortLives - 1));
  }

  function replace(index: number, pauseMs: number): void {
    setTimer(
      () => {
        if (draining) return;
        start(index).then(
          () => {
            replaced += 1;
            log('info', 'a worker was replaced', { worker: index });
          },
          (error) => {
            shortLives += 1;
            log('error', 'a worker could not be replaced; it is tried again', { error });
            replace(index, FIRST_PAUSE_MS * 2 ** shortLives);
          },
        );
      },
      Math.min(LONGEST_PAUSE_MS, pauseMs),
    );
  }

  async function end(worker: WorkerProcess, timeoutMs: number): Promise<number> {
    const cancel = setTimer(worker.kill, timeoutMs + END_GRACE_MS);
    try {
      return await worker.channel.call('drain', timeoutMs);
    } catch {
      // It died meanwhile; its requests are accounted like those of any dead worker.
      return 0;
    } finally {
      await worker.gone;
      cancel();
    }
  }

  async function drain(timeoutMs: number): Promise<number> {
    draining = true;
    const cuts = await Promise.all([...running.values()].map((worker) => end(worker, timeoutMs)));
    memory.close();
    return cuts.reduce((sum, cut) => sum + cut, 0);
  }

  try {
    await Promise.all(Array.from({ length: wanted }, (_, index) => start(index)));
  } catch (error) {
    draining = true;
    for (const worker of running.values()) worker.kill();
    await Promise.all([...running.values()].map(({ gone }) => gone));
    memory.close();
    throw error;
  }
  return {
    async reload(changed) {
      config = changed;
      addColumns(columns, changed);
      await askAllWithin(RELOAD_MS, running.values(), setTimer, 'reload', columns, sendable(changed));
    },
    async activeStreams() {
      return (await askAll(running.values(), setTimer, 'running')).flat().length;
    },
    drain,
  };
}

/** Each provider keeps its column for as long as the gateway runs. Returns `columns`. */
function addColumns(columns: Record<string, number>, { providers }: ResolvedConfig): Record<string, number> {
  for (const { name } of providers) columns[name] ??= Object.keys(columns).length;
  return columns;
}
