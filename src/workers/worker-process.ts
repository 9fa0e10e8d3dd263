// A worker as its primary sees it: its process, its channel and its memory.
import { type Channel, createChannel } from './channel.ts';
import { HEAD_BYTES } from './journal.ts';
import { WORKER_MEMORY_BYTES } from './packet-buffer.ts';
import type { PrimaryMethods, WorkerMethods } from './protocol.ts';
import { OTHER_PROGRAM_CODE, WORKER_VARIABLE } from './protocol.ts';
import { createSharedMemory, type SharedMemory } from './shared-memory.ts';
import { codeOf } from '../model/thrown.ts';

/** How a worker is started: with the same program and arguments as this process. */
export interface WorkerCommand {
  command: readonly string[];
  environment: Readonly<Record<string, string | undefined>>;
  directory: string;
  /** What `identifyProgram` returned when this process started. */
  program: string;
}

export interface WorkerProcess {
  readonly index: number;
  readonly pid: number;
  readonly channel: Channel<WorkerMethods>;
  /** Its journal, which can still be read when it is gone, and its packets of rows. */
  readonly memory: Uint8Array;
  /** Resolves when it is gone and all its messages have arrived, with how it ended, in words. */
  readonly gone: Promise<string>;
  /** Whether it is gone without having served, after the program's files changed. */
  isOfOtherProgram(): boolean;
  /** @param why the reason, in words that follow "because"; they become part of how it ended. */
  kill(why?: string): void;
}

/** The system ends the worker together with this process, even if it hangs or is stopped: otherwise it would keep its share of the port. */
const ENDS_WITH_PARENT = { BUN_FEATURE_FLAG_NO_ORPHANS: '1' };

export interface WorkerOptions extends WorkerCommand {
  index: number;
  workers: number;
  shared: SharedMemory;
  methods: PrimaryMethods;
  onError(error: unknown): void;
}

export function startWorker(options: WorkerOptions): WorkerProcess {
  const { index, workers, shared, command, directory, environment, program, methods, onError } = options;
  const memory = createSharedMemory(WORKER_MEMORY_BYTES, HEAD_BYTES);
  const disconnected = Promise.withResolvers<void>();
  /** Undefined: this process has not killed it. */
  let reason: string | undefined;
  const spawn = () =>
    Bun.spawn([...command], {
      cwd: directory,
      env: { ...environment, [WORKER_VARIABLE]: `${index}/${workers}/${program}`, ...ENDS_WITH_PARENT },
      stdio: ['ignore', 'inherit', 'inherit', shared.descriptor, memory.descriptor],
      serialization: 'advanced',
      ipc: (message) => channel.take(message),
      onDisconnect: () => disconnected.resolve(),
    });
  let process: ReturnType<typeof spawn>;
  try {
    process = spawn();
  } finally {
    // Even after a failure: a worker that cannot be started is retried, and each attempt would leak a descriptor.
    memory.close();
  }
  const channel = createChannel<WorkerMethods>({
    send(message) {
      try {
        process.send(message);
      } catch (error) {
        // It has closed its end or died, which will be reported soon; nobody receives this.
        if (!isClosed(error)) throw error;
      }
    },
    methods,
    onError,
  });
  return {
    index,
    pid: process.pid,
    channel,
    memory: memory.bytes,
    gone: Promise.all([process.exited, disconnected.promise]).then(() => {
      channel.close();
      return process.signalCode === null
        ? `ended with code ${process.exitCode}`
        : `was ended by ${process.signalCode}${reason ?? (process.signalCode === 'SIGKILL' ? FROM_OUTSIDE : '')}`;
    }),
    isOfOtherProgram: () => process.exitCode === OTHER_PROGRAM_CODE,
    kill(why) {
      reason ??= why === undefined ? '' : ` because ${why}`;
      process.kill('SIGKILL');
    },
  };
}

/** The kernel says nothing to a process that it ends. */
const FROM_OUTSIDE = ' from outside, as the system does where memory runs out';

function isClosed(error: unknown): boolean {
  return codeOf(error) === 'ERR_IPC_CHANNEL_CLOSED';
}
