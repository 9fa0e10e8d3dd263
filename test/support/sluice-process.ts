// The real thing for tests: `sluice serve` as a process of its own, through its launcher, on a free port.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ConfigInput } from '../../src/index.ts';
import { freePort } from './free-port.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { inTime } from './time-limit.ts';

const ROOT = resolve(import.meta.dir, '..', '..');
const LAUNCHER = [Bun.which('node') ?? 'node', join(ROOT, 'bin', 'sluice')];

export interface SluiceProcess extends AsyncDisposable {
  /** `http://127.0.0.1:port`, or `https://`, no trailing slash. */
  readonly url: string;
  readonly port: number;
  readonly home: string;
  /** Of the gateway itself, not of its launcher. */
  readonly pid: number;
  /** Everything it wrote so far, stdout and stderr. */
  output(): string;
  /** Resolves once `pattern` has been written. */
  wrote(pattern: RegExp): Promise<void>;
  /** Resolves once `pattern` has been written after this call. */
  writes(pattern: RegExp): Promise<void>;
  writeConfig(config: ConfigInput | string): void;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, then its end. */
  stop(): Promise<number>;
  /** SIGKILL to the gateway, no farewell. */
  kill(): Promise<void>;
  readonly exited: Promise<number>;
  /** JSON of a path below the gateway. */
  get<T>(path: string): Promise<T>;
  usage(): { residentBytes: number; descriptors: number };
}

export interface StartOptions {
  config?: ConfigInput | string;
  environment?: Record<string, string>;
  /** A home to go on with; default: a fresh one, removed at the end. */
  home?: string;
  /** Processes that serve; default: one, whose resources can be told. */
  workers?: number;
  /** Default: a free one. */
  port?: number;
  /** The command that `serve` follows; default: the launcher. */
  program?: string[];
}

export async function startSluice(options: StartOptions = {}): Promise<SluiceProcess> {
  const { config, environment, home, workers = 1, program = LAUNCHER } = options;
  // Of a port that the system deals out, another process may make a connection before all workers listen there.
  const port = options.port ?? (workers === 1 ? 0 : await freePort());
  const directory = home ?? temporaryFolder('e2e');
  const file = join(directory, 'sluice.json');
  const writeConfig = (value: ConfigInput | string) =>
    writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
  if (config !== undefined) writeConfig(config);
  const args = [
    '--port',
    String(port),
    '--workers',
    String(workers),
    ...(existsSync(file) ? ['--config', file] : []),
  ];
  const child = Bun.spawn([...program, 'serve', ...args], {
    cwd: directory,
    // Nothing of the tester's environment: a key in it would enable a provider.
    env: { PATH: process.env.PATH ?? '', HOME: directory, SLUICE_HOME: directory, ...environment },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const { output, wrote, writes } = collect([child.stdout, child.stderr], child.exited);
  const tidy = () => {
    if (home === undefined) rmSync(directory, { recursive: true, force: true });
  };
  await wrote(/listens on https?:\/\/[^\s"]+/).catch((error: unknown) => {
    tidy();
    throw error;
  });
  const url = /listens on (https?:\/\/[^\s"]+)/.exec(output())?.[1] ?? '';
  const pid = childOf(child.pid) ?? child.pid;
  const stop = async () => {
    child.kill('SIGTERM');
    return child.exited;
  };
  return {
    url,
    port: Number(new URL(url).port),
    home: directory,
    pid,
    output,
    wrote,
    writes,
    writeConfig,
    signal: (name) => child.kill(name),
    stop,
    async kill() {
      process.kill(pid, 'SIGKILL');
      await child.exited;
    },
    get exited() {
      return inTime(child.exited, () => `sluice does not end:\n${output()}`);
    },
    async get<T>(path: string) {
      // Who proves to be there is for the tests of TLS to check.
      const response = await fetch(url + path, { tls: { rejectUnauthorized: false } });
      return (await response.json()) as T;
    },
    usage: () => usageOf(pid),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        // A second signal later than the first press ends what would not end by itself.
        const late = setTimeout(() => child.kill('SIGTERM'), 2_000);
        await child.exited;
        clearTimeout(late);
      }
      tidy();
    },
  };
}

function collect(streams: ReadableStream<Uint8Array>[], exited: Promise<number>) {
  let text = '';
  let over = false;
  let waiting: (() => void)[] = [];
  const wake = () => {
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve();
  };
  const read = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      text += decoder.decode(chunk, { stream: true });
      wake();
    }
  };
  void Promise.all([...streams.map(read), exited]).then(() => {
    over = true;
    wake();
  });
  const wroteAfter = (start: number, pattern: RegExp) => {
    const written = async () => {
      while (!pattern.test(text.slice(start))) {
        if (over) throw new Error(`sluice ended without writing ${pattern}:\n${text}`);
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    };
    return inTime(written(), () => `sluice does not write ${pattern}:\n${text}`);
  };
  return {
    output: () => text,
    wrote: (pattern: RegExp) => wroteAfter(0, pattern),
    writes: (pattern: RegExp) => wroteAfter(text.length, pattern),
  };
}

/** The launcher's only child; undefined where the system does not tell. */
function childOf(pid: number): number | undefined {
  return childrenOf(pid)[0];
}

/** Linux only; elsewhere none. */
export function childrenOf(pid: number): number[] {
  const path = `/proc/${pid}/task/${pid}/children`;
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8').split(' ').map(Number).filter(Boolean);
}

/** Linux only; elsewhere zeros. */
function usageOf(pid: number): { residentBytes: number; descriptors: number } {
  if (!existsSync(`/proc/${pid}/status`)) return { residentBytes: 0, descriptors: 0 };
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return { residentBytes: Number(kilobytes) * 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
}
