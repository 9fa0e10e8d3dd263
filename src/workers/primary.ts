// The process that serves no requests itself: it has the one ledger, forwards each worker's notices to the others,
// and answers the gateway's own pages for all of them.
import type { ResolvedConfig } from '../config/resolved.ts';
import { BUDGETS_READ_AGAIN, BUDGETS_UNREAD } from '../gateway/budgets.ts';
import type { FleetNotice } from '../gateway/fleet.ts';
import type { Telemetry } from '../gateway/host.ts';
import { createRemoteLog } from '../gateway/rate-limits.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { createBudgetBook } from '../ledger/budgets/budget-book.ts';
import { createSpendingReader } from '../ledger/budgets/read-spending.ts';
import { mergeRemoteStates, type RemoteState } from '../limits/remote-count.ts';
import type { LogState } from '../model/log-state.ts';
import { createMeter } from '../telemetry/meter.ts';
import type { PoolState } from '../upstream/connections.ts';
import { createProviderStates } from '../upstream/provider-state.ts';
import { createQuestions } from './ask-all.ts';
import { createLoadTable } from './load-table.ts';
import { createSupervisor } from './supervisor.ts';
import { createFleetView } from './fleet-view.ts';
import { createFrameRelay } from './frame-relay.ts';
import { createPageSource } from './page-pieces.ts';
import { createPoolTally } from './pool-tally.ts';
import type { PrimaryMethods } from './protocol.ts';
import { createRowIntake } from './row-intake.ts';
import { sendable } from './sent-config.ts';
import { divideShared, sharedBytes } from './shared-layout.ts';
import { clearCounters, seedCounters } from './shared-counters.ts';
import { createSharedMemory } from './shared-memory.ts';
import type { WorkerCommand, WorkerProcess } from './worker-process.ts';

export interface PrimaryOptions extends WorkerCommand {
  workers: number;
  config: ResolvedConfig;
  hostname: string;
  port: number;
  /** Null: nothing is recorded. The caller closes it. */
  ledger: Ledger | null;
  /** Collects traces. The caller closes it. */
  telemetry: Telemetry | null;
  version: string;
  now(): number;
  monotonic(): number;
  setTimer(callback: () => void, ms: number): () => void;
  /** What became of the lines of this process. */
  logState(): LogState;
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>): void;
}

export interface Primary {
  /** Applies to new requests of all workers; resolves when all have it, except any that is too busy to answer. */
  reload(config: ResolvedConfig): Promise<void>;
  activeStreams(): Promise<number>;
  /** All workers' connections to providers' servers. */
  connections(): Promise<PoolState[]>;
  /**
   * Lets no worker take new requests; resolves when all have ended, to how many requests were cut. When `sooner`
   * resolves, the time is over.
   */
  drain(timeoutMs: number, sooner?: Promise<void>): Promise<number>;
}

/** How long to wait for a worker, which may have code to load. */
const RELOAD_MS = 10_000;
const LOST_AT_SHUTDOWN = 'a worker died while its requests were finishing; they are recorded as failed';

/** Resolves when all workers serve. Throws WorkerFailed. */
export async function startPrimary(options: PrimaryOptions): Promise<Primary> {
  const { workers: wanted, ledger, telemetry, log, now, monotonic, setTimer } = options;
  const begunAt = monotonic();
  const memory = createSharedMemory(sharedBytes(wanted));
  const shared = divideShared(memory.bytes, wanted);
  seedCounters(shared.counters);
  const load = createLoadTable(shared.load, wanted, 0);
  /** The configuration that each worker was given last. */
  const configs = new WeakMap<WorkerProcess, ResolvedConfig>();
  const columns = addColumns(new Map(), options.config);
  /** What the workers have reported about providers, for workers that start later. */
  const known = createProviderStates(options);
  let { config } = options;
  let prober: WorkerProcess | undefined;

  const meter = createMeter();
  const intake = createRowIntake({ ledger, meter, telemetry, now });
  const budgets = createBudgetBook();
  budgets.configure(config.costs.budgets);
  const questions = createQuestions(setTimer);
  const pools = createPoolTally<WorkerProcess>();
  /** What each worker reported of the server over which several gateways count rate limits; null: it has none. */
  const remotes = new Map<WorkerProcess, RemoteState | null>();
  const logRemote = createRemoteLog(log);

  const supervisor = createSupervisor({
    ...options,
    shared: memory,
    methods: methodsFor,
    onServing: welcome,
    onGone: handleGone,
  });
  const frames = createFrameRelay(supervisor.serving, questions);

  const view = createFleetView({
    config: () => config,
    ledger,
    meter,
    version: options.version,
    logState: options.logState,
    startedAt: now(),
    uptimeMs: () => monotonic() - begunAt,
    now,
    setTimer,
    processes: supervisor.serving,
    questions,
    connections,
    budgets: () => budgets.states(now()),
    budgetsUnread: () => spending?.failure() ?? null,
    remoteCount,
    workers: () => ({
      wanted,
      running: supervisor.serving().length,
      silent: supervisor.serving().filter(questions.isSilent).length,
      replaced: supervisor.replaced(),
    }),
  });

  function remoteCount(): RemoteState | null {
    const states = [...remotes.values()].filter((state) => state !== null);
    return config.redis === null ? null : mergeRemoteStates(states);
  }

  function connections(): Promise<PoolState[]> {
    return pools.read(supervisor.serving(), async (worker) => {
      const [state] = await questions.all([worker], 'connections');
      return state;
    });
  }

  const spending =
    ledger &&
    createSpendingReader(budgets, ledger.store, {
      now,
      setTimer,
      onRead: sendSpent,
      onFailed: (reason) => log('warn', BUDGETS_UNREAD, { error: reason }),
      onRecovered: () => log('info', BUDGETS_READ_AGAIN),
    });

  /** Each worker refuses requests by what all have spent. */
  function sendSpent(): void {
    notifyAll({ about: 'spent', spent: budgets.spent(now()) });
  }

  function notifyAll(notice: FleetNotice, but?: WorkerProcess): void {
    for (const worker of supervisor.serving()) if (worker !== but) worker.channel.notify('learn', notice);
  }

  function methodsFor(worker: () => WorkerProcess): Omit<PrimaryMethods, 'ready'> {
    const { hostname, port } = options;
    const pages = createPageSource();
    return {
      setup() {
        configs.set(worker(), config);
        return {
          hostname,
          port,
          tls: config.server.tls,
          config: sendable(config),
          columns,
          recorded: ledger !== null,
          traced: telemetry !== null,
          clock: monotonic(),
        };
      },
      notice(notice) {
        if (notice.about === 'provider') known.learn(notice.notice);
        notifyAll(notice, worker());
      },
      remoteChanged(state) {
        remotes.set(worker(), state);
        logRemote(remoteCount());
      },
      spent(added) {
        budgets.receive(added, now());
        sendSpent();
      },
      append: (rows, batch) => intake.take(worker(), rows, batch),
      async page(request) {
        const answer = await view(request);
        return answer && pages.open(answer);
      },
      nextPiece: pages.next,
      leavePage: pages.leave,
      watching: (isOn) => frames.watch(worker(), isOn),
      frame: frames.publish,
    };
  }

  /** Tells a worker what it missed. */
  function welcome(worker: WorkerProcess): void {
    for (const notice of known.recall()) worker.channel.notify('learn', { about: 'provider', notice });
    if (configs.get(worker) !== config) worker.channel.notify('reload', columns, sendable(config));
    if (!budgets.isEmpty) worker.channel.notify('learn', { about: 'spent', spent: budgets.spent(now()) });
    if (frames.isWatched()) worker.channel.notify('watched', true);
    if (prober === undefined) appointProber(worker);
  }

  function appointProber(worker: WorkerProcess | undefined): void {
    prober = worker;
    worker?.channel.notify('learn', { about: 'probes' });
  }

  /** Records what a worker had begun, and releases what it held. */
  function handleGone(worker: WorkerProcess, how: string, isReplaced: boolean): void {
    void frames.watch(worker, false);
    remotes.delete(worker);
    load.clear(worker.index);
    clearCounters(shared.counters, wanted, worker.index);
    const running = intake.takeLeft(worker, how);
    const fields = { worker: worker.index, pid: worker.pid, how, requests: running };
    if (!isReplaced) {
      // At a shutdown workers end as they should, with their requests answered or cut and accounted by themselves.
      if (running > 0) log('error', LOST_AT_SHUTDOWN, fields);
      return;
    }
    known.peerGone();
    notifyAll({ about: 'loss' });
    if (prober === worker) appointProber(supervisor.serving()[0]);
    log(
      'error',
      'a worker is gone and will be replaced; its running requests are recorded as failed',
      fields,
    );
  }

  try {
    spending?.configured();
    await supervisor.start();
  } catch (error) {
    spending?.stop();
    memory.close();
    throw error;
  }
  return {
    async reload(changed) {
      config = changed;
      addColumns(columns, changed);
      budgets.configure(changed.costs.budgets);
      for (const worker of supervisor.serving()) configs.set(worker, changed);
      await questions.allWithin(RELOAD_MS, supervisor.serving(), 'reload', columns, sendable(changed));
      // New budgets' spending is sent once the workers have those budgets.
      spending?.configured();
    },
    connections,
    async activeStreams() {
      return (await questions.all(supervisor.serving(), 'running')).flat().length;
    },
    async drain(timeoutMs, sooner) {
      const cut = await supervisor.end(timeoutMs, sooner);
      spending?.stop();
      memory.close();
      return cut;
    },
  };
}

/** Each provider keeps its column for as long as the gateway runs. Returns `columns`. */
function addColumns(columns: Map<string, number>, { providers }: ResolvedConfig): Map<string, number> {
  for (const { name } of providers) if (!columns.has(name)) columns.set(name, columns.size);
  return columns;
}
