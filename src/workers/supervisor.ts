// Keeps the number of serving processes: starts them, replaces those that die or hang, and ends them together.
import { endServing, endStarting } from './end-worker.ts';
import { watchHeartbeat } from './heartbeat.ts';
import type { EndTimes, PrimaryMethods } from './protocol.ts';
import { createRestartPauses } from './restart-pauses.ts';
import { NoSharedMemory, type SharedMemory } from './shared-memory.ts';
import { describeSpawnError } from './spawn-error.ts';
import { startWorker, type WorkerCommand, type WorkerOptions, type WorkerProcess } from './worker-process.ts';

export interface SupervisorOptions extends WorkerCommand {
  workers: number;
  /** What all workers share. */
  shared: SharedMemory;
  /** The methods that a worker can call. */
  methods(worker: () => WorkerProcess): Omit<PrimaryMethods, 'ready'>;
  /** The worker has begun to serve. */
  onServing(worker: WorkerProcess): void;
  /** A worker that served is gone. @param how it ended, in words. */
  onGone(worker: WorkerProcess, how: string, isReplaced: boolean): void;
  /** No worker is left, and none can be started any more. @param error the reason, and what to do. */
  onNoneLeft(error: ProgramChanged): void;
  monotonic(): number;
  setTimer(callback: () => void, ms: number): () => void;
  log(level: 'info' | 'error', message: string, fields: Record<string, unknown>): void;
}

export interface Supervisor {
  /** The workers that serve, without those still starting. */
  serving(): WorkerProcess[];
  /** How many of the first workers have not served yet. */
  starting(): number;
  /** How many workers have replaced others. */
  replaced(): number;
  /** Resolves when all serve. Throws WorkerFailed, in which case none is left. */
  start(): Promise<void>;
  /** Stops replacing workers; resolves when all are gone, with how many requests were cut. The time is over when `sooner` resolves. */
  end(times: EndTimes, sooner?: Promise<void>): Promise<number>;
}

/** A worker ended before it served (and has written why to standard error), or could not be started. */
export class WorkerFailed extends Error {
  override readonly name: string = 'WorkerFailed';
}

/** The program's files are not those that this process runs any more, as after an update: a worker would be of the other version. */
class ProgramChanged extends WorkerFailed {
  override readonly name = 'ProgramChanged';
}

const PROGRAM_CHANGED =
  'the files of the program have changed since this gateway started, as after an update: restart it';

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { workers: wanted, monotonic, setTimer, log } = options;
  const alive = new Map<number, WorkerProcess>();
  const serving = new Set<WorkerProcess>();
  let ending = false;
  let haveAllServed = false;
  let replaced = 0;
  const pauses = createRestartPauses();

  /** Resolves when it serves. Throws WorkerFailed. */
  async function start(index: number): Promise<void> {
    const ready = Promise.withResolvers<'ready'>();
    const worker: WorkerProcess = spawn({
      ...options,
      index,
      methods: {
        ...options.methods(() => worker),
        ready() {
          serving.add(worker);
          options.onServing(worker);
          ready.resolve('ready');
        },
      },
      onError: (error) => log('error', 'a worker could not handle a message', { worker: index, error }),
    });
    alive.set(index, worker);
    killWhereItHangs(worker, ready.promise, options);
    const bornAt = monotonic();
    const outcome = await Promise.race([ready.promise, worker.gone]);
    if (outcome !== 'ready') {
      alive.delete(index);
      if (worker.isOfOtherProgram()) throw new ProgramChanged(PROGRAM_CHANGED);
      throw new WorkerFailed(`worker ${index} ${outcome} before it served`);
    }
    void worker.gone.then((how) => handleGone(worker, how, monotonic() - bornAt));
  }

  function handleGone(worker: WorkerProcess, how: string, livedMs: number): void {
    alive.delete(worker.index);
    serving.delete(worker);
    options.onGone(worker, how, !ending);
    if (ending) return;
    replace(worker.index, pauses.afterServing(worker.index, livedMs));
  }

  function replace(index: number, pauseMs: number): void {
    setTimer(() => {
      if (ending) return;
      start(index).then(
        () => {
          replaced += 1;
          log('info', 'a worker was replaced', { worker: index });
        },
        (error) => {
          if (ending) return;
          if (error instanceof ProgramChanged) {
            log('error', 'a worker is not replaced until the gateway is restarted', { worker: index, error });
            if (alive.size === 0) options.onNoneLeft(error);
            return;
          }
          log('error', 'a worker could not be replaced; this is tried again', { error });
          replace(index, pauses.afterFailedStart(index));
        },
      );
    }, pauseMs);
  }

  return {
    serving: () => [...serving],
    starting: () => (haveAllServed ? 0 : wanted - serving.size),
    replaced: () => replaced,
    async start() {
      try {
        await Promise.all(Array.from({ length: wanted }, (_, index) => start(index)));
        haveAllServed = true;
      } catch (error) {
        ending = true;
        for (const worker of alive.values()) worker.kill();
        await Promise.all([...alive.values()].map(({ gone }) => gone));
        throw error;
      }
    },
    async end(times, sooner) {
      ending = true;
      const cuts = await Promise.all(
        [...alive.values()].map((worker) =>
          serving.has(worker) ? endServing(worker, { ...times, sooner, setTimer }) : endStarting(worker),
        ),
      );
      return cuts.reduce((sum, cut) => sum + cut, 0);
    },
  };
}

/** Watches it from start to end, since a worker may hang before it serves, and while it drains. */
function killWhereItHangs(
  worker: WorkerProcess,
  serves: Promise<unknown>,
  { setTimer, log }: Pick<SupervisorOptions, 'setTimer' | 'log'>,
): void {
  const stop = watchHeartbeat({
    ask: () => worker.channel.call('beat'),
    serves,
    setTimer,
    onHang(silentSeconds) {
      log('error', 'a worker hangs and is killed', {
        worker: worker.index,
        pid: worker.pid,
        silent_for_s: silentSeconds,
      });
      worker.kill(`it had not answered for ${silentSeconds} s`);
    },
  });
  void worker.gone.then(stop);
}

/** Throws WorkerFailed, and NoSharedMemory. */
function spawn(options: WorkerOptions): WorkerProcess {
  try {
    return startWorker(options);
  } catch (error) {
    if (error instanceof NoSharedMemory) throw error;
    const reason = describeSpawnError(
      error,
      options.directory,
      'the system may allow no more processes or open files; see ulimit -u and ulimit -n, or serve with --workers 1',
    );
    throw new WorkerFailed(`worker ${options.index} could not be started ${reason}`, { cause: error });
  }
}
