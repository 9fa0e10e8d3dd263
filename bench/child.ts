// Child processes: started with a small environment, read line by line, and none left behind.
import type { Subprocess } from 'bun';

export interface Child {
  pid: number;
  /** Milliseconds of `performance.now()` just before it was started. */
  startedAt: number;
  /** The next line of standard output; rejects when there is none any more or within LINE_TIMEOUT_MS. */
  readLine(): Promise<string>;
  writeLine(line: string): void;
  stop(): Promise<void>;
}

export interface ChildOptions {
  /** Runs only on this core, where `taskset` is installed. */
  core?: number;
  environment?: Record<string, string>;
  /** Where it runs; default: here. */
  directory?: string;
  /** False: its standard output is discarded. Default: true. */
  readsLines?: boolean;
}

const LINE_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5_000;
/** Bun's client allows 256 requests at once unless this is in the environment before it starts. */
const MAX_HTTP_REQUESTS = '65336';
const TASKSET = Bun.which('taskset');

const running = new Set<Subprocess>();

export function canPin(): boolean {
  return TASKSET !== null && navigator.hardwareConcurrency > 1;
}

export function startChild(command: readonly string[], options: ChildOptions = {}): Child {
  const pin =
    options.core !== undefined && canPin() && TASKSET !== null ? [TASKSET, '-c', String(options.core)] : [];
  const startedAt = performance.now();
  // Descriptor 3 is a pipe that `sluice serve` watches: it ends with this process, however that ends.
  const child = Bun.spawn([...pin, ...command], {
    stdio: ['pipe', options.readsLines === false ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(options.directory === undefined ? {} : { cwd: options.directory }),
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      BUN_CONFIG_MAX_HTTP_REQUESTS: MAX_HTTP_REQUESTS,
      SLUICE_LAUNCHER_FD: '3',
      ...options.environment,
    },
  });
  running.add(child);
  const errors = new Response(child.stderr).text();
  const lines = readLines(child.stdout ?? new ReadableStream());
  return {
    pid: child.pid,
    startedAt,
    async readLine() {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`${command[0]} says nothing`)), LINE_TIMEOUT_MS);
      });
      const next = await Promise.race([lines.next(), late]);
      clearTimeout(timer);
      if (next.done !== true) return next.value;
      throw new Error(`${command.join(' ')} ended: ${(await errors).trim().slice(0, 2000)}`);
    },
    writeLine(line) {
      child.stdin.write(`${line}\n`);
      child.stdin.flush();
    },
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await child.exited;
      clearTimeout(timer);
      running.delete(child);
    },
  };
}

async function* readLines(bytes: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined, undefined> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of bytes) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    yield* lines;
  }
  return undefined;
}

/** Kills it at once: for the benchmark's own end. */
export function killChildren(): void {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
}
