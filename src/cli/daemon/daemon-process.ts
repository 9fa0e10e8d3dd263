// The background process: starting it, waiting for it and ending it.
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isFullLog, LOG_FILE_VARIABLE, rotateLog } from '../../server/log-file.ts';
import {
  PID_FILE_VARIABLE,
  type PidFileState,
  readPidFile,
  removeStale,
  type RunningServer,
} from '../../server/pid-file.ts';
import { type CliContext, CommandFailure } from '../command.ts';
import { pidFilePath, reaching } from '../gateway-client.ts';
import { findReadableHome, usingHome } from '../home.ts';
import { BEAT_MS, UNANSWERED_BEATS_AT_START } from '../../workers/heartbeat.ts';
import { describeSpawnError } from '../../workers/spawn-error.ts';
import { codeOf } from '../../model/thrown.ts';

const POLL_MS = 50;
/** In milliseconds, longer than a first start from a slow disk takes; after it, the person who waits is told what for. */
const PATIENCE_MS = 10_000;
/** In milliseconds, a little longer than a worker may take to load (while the machine boots, or with a part of a core). */
const START_TIMEOUT_MS = UNANSWERED_BEATS_AT_START * BEAT_MS + PATIENCE_MS;
/** In milliseconds, added to the drain itself for the ledger's last rows. */
const STOP_GRACE_MS = 5_000;
const LOG_LINES_SHOWN = 12;

/** The file for the standard output and error of the background process. Throws CommandFailure. */
export function logPath(environment: CliContext['environment']): string {
  return join(findReadableHome(environment), 'logs', 'sluice.log');
}

/** Starts `sluice serve ARGS` in the background, and resolves when it answers. Throws CommandFailure. */
export async function startDaemon(args: readonly string[], context: CliContext): Promise<RunningServer> {
  const { environment, directory } = context;
  const path = pidFilePath(environment);
  const log = logPath(environment);
  const logged = usingHome(log, () => openLog(log));
  const child = spawnSelf(['serve', ...args], directory, {
    env: { ...environment, [PID_FILE_VARIABLE]: path, [LOG_FILE_VARIABLE]: log },
    stdio: ['ignore', logged.descriptor, logged.descriptor],
    // In a session of its own it outlives the terminal, and does not receive Ctrl-C there.
    detached: true,
  });
  child.unref();
  closeSync(logged.descriptor);
  return untilServing(child, path, logged, context);
}

/** The clock that measures how long a start takes. */
export interface StartClock {
  /** In milliseconds. */
  now(): number;
  pause(): Promise<void>;
}

const REAL_CLOCK: StartClock = { now: () => performance.now(), pause: () => Bun.sleep(POLL_MS) };

/**
 * Resolves when the process answers. One that never does is ended, so that it is not in the way of the next start. Throws CommandFailure.
 * @param path of the pid file that the process claims.
 */
export async function untilServing(
  child: Bun.Subprocess,
  path: string,
  logged: LogSpan,
  context: Pick<CliContext, 'err'>,
  { now, pause }: StartClock = REAL_CLOCK,
): Promise<RunningServer> {
  const begun = now();
  let isTold = false;
  for (let waited = 0; waited < START_TIMEOUT_MS; waited = now() - begun) {
    const hasEnded = child.exitCode !== null || child.signalCode !== null;
    const { is, server } = readPidFile(path);
    if (hasEnded && server !== undefined)
      throw new CommandFailure(`another start came first: process ${server.pid} is running at ${server.url}`);
    // If another start is about to serve, its log must not be reported as this one's.
    if (hasEnded && is !== 'starting')
      throw new CommandFailure(`${howEnded(child)}:\n${newestLines(logged)}`);
    if (server?.pid === child.pid && (await answers(server.url))) return server;
    if (waited >= PATIENCE_MS && !isTold) {
      isTold = true;
      context.err(
        `process ${child.pid} is still starting; it is given ${START_TIMEOUT_MS / 1_000} s, and its log is ${logged.path}`,
      );
    }
    await pause();
  }
  child.kill('SIGKILL');
  throw new CommandFailure(
    `the gateway did not answer within ${START_TIMEOUT_MS / 1_000} s, and process ${child.pid} was ended; "sluice serve" shows in the foreground what it waits for:\n${newestLines(logged)}`,
  );
}

function howEnded({ signalCode }: Bun.Subprocess): string {
  if (signalCode === null) return 'the gateway ended at once';
  const why =
    signalCode === 'SIGKILL' ? ' (by hand, or by the system for want of memory: "journalctl -k")' : '';
  return `the gateway was ended by ${signalCode} before it answered${why}`;
}

/** Another process of this program, with these arguments. Throws CommandFailure. */
export function spawnSelf(
  args: readonly string[],
  directory: string,
  options: Bun.Spawn.SpawnOptions<'ignore' | 'inherit', number | 'inherit', number | 'inherit'>,
): Bun.Subprocess {
  try {
    return Bun.spawn([process.execPath, process.argv[1] ?? '', ...args], { ...options, cwd: directory });
  } catch (cause) {
    const reason = describeSpawnError(
      cause,
      directory,
      'the system may allow no more processes or open files; see ulimit -u and ulimit -n',
    );
    throw new CommandFailure(`the gateway could not be started ${reason}`, { cause });
  }
}

/** Any answer counts, since a gateway with keys refuses this request. */
async function answers(url: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(1_000);
    await fetch(`${url}/gateway/health`, { ...reaching({ url, isOwn: true }), signal });
    return true;
  } catch {
    return false;
  }
}

/**
 * Asks the process to end and waits until it has. Running streams may finish within `drainMs`. Resolves to
 * whether it had to be killed.
 */
export async function stopDaemon(
  server: RunningServer,
  drainMs: number,
  environment: CliContext['environment'],
): Promise<'ended' | 'killed'> {
  const path = pidFilePath(environment);
  signal(server.pid, 'SIGTERM');
  if (await isGone(path, server.pid, performance.now() + drainMs + STOP_GRACE_MS)) return 'ended';
  signal(server.pid, 'SIGKILL');
  if (!(await isGone(path, server.pid, performance.now() + STOP_GRACE_MS)))
    throw new CommandFailure(`process ${server.pid} does not end, even after SIGKILL`);
  if (readPidFile(path).is === 'stale') removeStale(path);
  return 'killed';
}

/** If another command has ended it meanwhile, no signal is needed. Throws CommandFailure. */
function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch (cause) {
    if (codeOf(cause) !== 'ESRCH')
      throw new CommandFailure(`process ${pid} cannot be ended (${String(cause)}); run as its owner`, {
        cause,
      });
  }
}

/**
 * Also true if another start has taken its place.
 * @param deadline in `performance.now()` time: setting the clock meanwhile must not kill the process.
 */
async function isGone(path: string, pid: number, deadline: number): Promise<boolean> {
  while (readPidFile(path).server?.pid === pid || isAlive(pid)) {
    if (performance.now() > deadline) return false;
    await Bun.sleep(POLL_MS);
  }
  return true;
}

/** Valid only directly after its lock was seen held: later the pid may belong to another program. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The gateway serving in the background. A file left by a dead process is removed. Throws CommandFailure. */
export function findDaemon(environment: CliContext['environment']): PidFileState {
  findReadableHome(environment);
  const path = pidFilePath(environment);
  const state = readPidFile(path);
  if (state.is === 'stale') usingHome(path, () => removeStale(path));
  return state;
}

interface LogSpan {
  path: string;
  /** The offset at which the lines of this start begin. */
  start: number;
}

interface OpenLog extends LogSpan {
  descriptor: number;
}

function openLog(path: string): OpenLog {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  if (isFullLog(path)) rotateLog(path);
  const start = existsSync(path) ? statSync(path).size : 0;
  return { path, start, descriptor: openSync(path, 'a', 0o600) };
}

function newestLines({ path, start }: LogSpan): string {
  const text = readFileSync(path).subarray(start).toString('utf8').trimEnd();
  const lines = text === '' ? [whySilent(path)] : text.split('\n').slice(-LOG_LINES_SHOWN);
  return lines.map((line) => `  ${line}`).join('\n');
}

function whySilent(path: string): string {
  const { bavail } = statfsSync(path);
  return bavail > 0 ? '(it wrote nothing)' : `(it could not write why: there is no space left for ${path})`;
}
