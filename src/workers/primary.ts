// The process that serves no requests itself: it has the only ledger, forwards each worker's notices to the others, and answers the
// gateway's own pages for all of them.
import type { ResolvedConfig } from '../config/resolved.ts';
import type { FleetNotice } from '../gateway/fleet.ts';
import type { Telemetry } from '../gateway/host.ts';
import { createRemoteLog } from '../gateway/shared-server.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { mergeRemoteStates, type RemoteState } from '../limits/remote-count.ts';
import type { LogState } from '../model/log-state.ts';
import { createMeter } from '../telemetry/meter.ts';
import type { PoolState } from '../upstream/connections.ts';
import { createProviderStates, type ProviderStates } from '../upstream/provider-state.ts';
import { createQuestions, type Questions } from './ask-all.ts';
import { createFleetBudgets, type FleetBudgets } from './fleet-budgets.ts';
import { createFleetView } from './fleet-view.ts';
import { createFrameRelay, type FrameRelay } from './frame-relay.ts';
import { createPageSource } from './page-pieces.ts';
import { createPoolTally } from './pool-tally.ts';
import type { EndTimes, PageRequest, PrimaryMethods, WorkerSetup } from './protocol.ts';
import { createRowIntake, type RowIntake } from './row-intake.ts';
import { sendable } from './sent-config.ts';
import { createWorkersMemory, type WorkersMemory } from './shared-layout.ts';
import { createSupervisor, type Supervisor } from './supervisor.ts';
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
  /** As in `GatewayHost`. */
  elapsed?(): number;
  setTimer(callback: () => void, ms: number): () => void;
  /** The state of this process's log. */
  logState(): LogState;
  /** As in `GatewayHost`. */
  refusedChange?(): string | null;
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>): void;
}

export interface Primary {
  /** Applies to new requests of all workers; resolves when all have it, except any that is too busy to answer. */
  reload(config: ResolvedConfig): Promise<void>;
  activeStreams(): Promise<number>;
  /** All workers' connections to providers' servers. */
  connections(): Promise<PoolState[]>;
  /** Resolves, with the reason, when no worker is left and none can be started any more. */
  readonly lost: Promise<Error>;
  /**
   * Lets no worker take new requests; resolves when all have ended, with how many requests were cut. The time is over when `sooner`
   * resolves.
   */
  drain(times: EndTimes, sooner?: Promise<void>): Promise<number>;
}

/** How long a worker, which may have code to load, is waited for, in milliseconds. */
const RELOAD_MS = 10_000;
const LOST_AT_SHUTDOWN = 'a worker died while its requests were finishing; they are recorded as failed';

/** Resolves when all workers serve. Throws WorkerFailed, and NoSharedMemory. */
export async function startPrimary(options: PrimaryOptions): Promise<Primary> {
  const primary = new StartedPrimary(options);
  await primary.start();
  return primary;
}

class StartedPrimary implements Primary {
  readonly lost: Promise<Error>;
  private readonly options: PrimaryOptions;
  private config: ResolvedConfig;
  /** The configuration that each worker was given last. */
  private readonly configs = new WeakMap<WorkerProcess, ResolvedConfig>();
  /** Each provider's column in the table of loads, for as long as the gateway runs. */
  private readonly columns = new Map<string, number>();
  private readonly memory: WorkersMemory;
  /** What the workers have reported about providers, for workers that start later. */
  private readonly known: ProviderStates;
  private readonly intake: RowIntake;
  private readonly budgets: FleetBudgets;
  private readonly questions: Questions;
  private readonly supervisor: Supervisor;
  private readonly frames: FrameRelay;
  private readonly view: (request: PageRequest) => Promise<Response | undefined>;
  private readonly pools = createPoolTally<WorkerProcess>();
  /** What each worker reported of the server over which several gateways count rate limits; null: there is none. */
  private readonly remotes = new Map<WorkerProcess, RemoteState | null>();
  private readonly logRemote: (state: RemoteState | null) => void;
  private prober: WorkerProcess | undefined;

  constructor(options: PrimaryOptions) {
    const { workers: wanted, config, ledger, telemetry, now, monotonic, setTimer, log } = options;
    this.options = options;
    this.config = config;
    this.addColumns(config);
    this.memory = createWorkersMemory(wanted);
    this.known = createProviderStates(options);
    const meter = createMeter();
    this.intake = createRowIntake({ ledger, meter, telemetry, now });
    this.budgets = createFleetBudgets({
      ledger,
      now,
      setTimer,
      log,
      tell: (spent) => this.notifyAll({ about: 'spent', spent }),
    });
    this.budgets.configure(config.costs.budgets);
    this.questions = createQuestions(setTimer);
    this.logRemote = createRemoteLog(log);
    const lost = Promise.withResolvers<Error>();
    this.supervisor = createSupervisor({
      ...options,
      shared: this.memory,
      methods: (worker) => this.methodsFor(worker),
      onServing: (worker) => this.welcome(worker),
      onGone: (worker, how, isReplaced) => this.handleGone(worker, how, isReplaced),
      onNoneLeft: lost.resolve,
    });
    const { questions, supervisor } = this;
    this.lost = lost.promise;
    this.frames = createFrameRelay(supervisor.serving, questions);
    const begunAt = monotonic();
    this.view = createFleetView({
      config: () => this.config,
      ledger,
      meter,
      version: options.version,
      logState: options.logState,
      ...(options.refusedChange !== undefined && { refusedChange: options.refusedChange }),
      startedAt: now(),
      uptimeMs: () => monotonic() - begunAt,
      now,
      setTimer,
      processes: supervisor.serving,
      questions,
      connections: () => this.connections(),
      budgets: this.budgets.states,
      budgetsUnread: this.budgets.unread,
      remoteCount: () => this.remoteCount(),
      workers: () => ({
        wanted,
        running: supervisor.serving().length,
        starting: supervisor.starting(),
        silent: supervisor.serving().filter(questions.isSilent).length,
        replaced: supervisor.replaced(),
      }),
    });
  }

  async start(): Promise<void> {
    try {
      this.budgets.readLedger();
      await this.supervisor.start();
    } catch (error) {
      this.release();
      throw error;
    }
  }

  async reload(changed: ResolvedConfig): Promise<void> {
    const { budgets, columns, questions, supervisor } = this;
    this.config = changed;
    this.addColumns(changed);
    budgets.configure(changed.costs.budgets);
    const serving = supervisor.serving();
    for (const worker of serving) this.configs.set(worker, changed);
    await questions.allWithin(RELOAD_MS, serving, 'reload', columns, sendable(changed));
    // Spending for new budgets is sent once the workers have those budgets.
    budgets.readLedger();
  }

  async activeStreams(): Promise<number> {
    return (await this.questions.all(this.supervisor.serving(), 'running')).flat().length;
  }

  connections(): Promise<PoolState[]> {
    return this.pools.read(this.supervisor.serving(), async (worker) => {
      const [state] = await this.questions.all([worker], 'connections');
      return state;
    });
  }

  async drain(times: EndTimes, sooner?: Promise<void>): Promise<number> {
    const cut = await this.supervisor.end(times, sooner);
    this.release();
    return cut;
  }

  private release(): void {
    this.budgets.stop();
    this.memory.close();
  }

  /** Each provider keeps its column. */
  private addColumns({ providers }: ResolvedConfig): void {
    const { columns } = this;
    for (const { name } of providers) if (!columns.has(name)) columns.set(name, columns.size);
  }

  private notifyAll(notice: FleetNotice, but?: WorkerProcess): void {
    for (const worker of this.supervisor.serving())
      if (worker !== but) worker.channel.notify('learn', notice);
  }

  private remoteCount(): RemoteState | null {
    const states = [...this.remotes.values()].filter((state) => state !== null);
    return this.config.redis === null ? null : mergeRemoteStates(states);
  }

  private methodsFor(worker: () => WorkerProcess): Omit<PrimaryMethods, 'ready'> {
    const { intake, frames, view, known, budgets } = this;
    const pages = createPageSource();
    return {
      setup: () => this.setupOf(worker()),
      notice: (notice) => {
        if (notice.about === 'provider') known.learn(notice.notice);
        this.notifyAll(notice, worker());
      },
      remoteChanged: (state) => {
        this.remotes.set(worker(), state);
        this.logRemote(this.remoteCount());
      },
      spent: budgets.receive,
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

  private setupOf(worker: WorkerProcess): WorkerSetup {
    const { config, columns } = this;
    const { hostname, port, ledger, telemetry, monotonic, elapsed = monotonic } = this.options;
    this.configs.set(worker, config);
    return {
      hostname,
      port,
      tls: config.server.tls,
      config: sendable(config),
      columns,
      recorded: ledger !== null,
      traced: telemetry !== null,
      clock: elapsed(),
    };
  }

  /** Tells a worker what it has missed. */
  private welcome(worker: WorkerProcess): void {
    const { config } = this;
    for (const notice of this.known.recall()) worker.channel.notify('learn', { about: 'provider', notice });
    if (this.configs.get(worker) !== config) worker.channel.notify('reload', this.columns, sendable(config));
    const spent = this.budgets.spent();
    if (spent !== null) worker.channel.notify('learn', { about: 'spent', spent });
    if (this.frames.isWatched()) worker.channel.notify('watched', true);
    if (this.prober === undefined) this.appointProber(worker);
  }

  private appointProber(worker: WorkerProcess | undefined): void {
    this.prober = worker;
    worker?.channel.notify('learn', { about: 'probes' });
  }

  /** Records what a worker had begun, and releases what it held. */
  private handleGone(worker: WorkerProcess, how: string, isReplaced: boolean): void {
    const { log } = this.options;
    void this.frames.watch(worker, false);
    this.remotes.delete(worker);
    this.memory.releaseOf(worker.index);
    const running = this.intake.takeLeft(worker, how);
    const fields = { worker: worker.index, pid: worker.pid, how, requests: running };
    if (!isReplaced) {
      // At a shutdown workers end properly, and answer or cut their requests and account for them by themselves.
      if (running > 0) log('error', LOST_AT_SHUTDOWN, fields);
      return;
    }
    this.known.peerGone();
    this.notifyAll({ about: 'loss' });
    if (this.prober === worker) this.appointProber(this.supervisor.serving()[0]);
    log(
      'error',
      'a worker is gone and will be replaced; its running requests are recorded as failed',
      fields,
    );
  }
}
