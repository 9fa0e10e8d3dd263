// The gateway in the foreground, from the configuration to the last drained stream.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findHome, type LoadedConfig } from '../../config/load.ts';
import type { ResolvedConfig, ServerConfig } from '../../config/resolved.ts';
import { exposedKey } from '../../credentials/vault.ts';
import { messageOf } from '../../model/thrown.ts';
import { ListenError } from '../../server/listen.ts';
import { type Proxies, ProxySettingError, readProxies } from '../../server/http1/proxies.ts';
import { retireModules } from '../../server/load-modules.ts';
import { type Log, logSettingProblem } from '../../server/log.ts';
import { notifyReady } from '../../server/notify-ready.ts';
import { claimPidFile, PID_FILE_VARIABLE, type PidFile, PidFileError } from '../../server/pid-file.ts';
import { identifyProgram } from '../../workers/program.ts';
import { WorkerFailed } from '../../workers/supervisor.ts';
import { NoSharedMemory } from '../../workers/shared-memory.ts';
import { placeFlags, stringFlag, workersFlag } from '../arguments.ts';
import type { CliContext, ParsedArguments } from '../command.ts';
import { describeProblems, loadOptions } from '../config-flags.ts';
import { foregroundFilePath } from '../gateway-client.ts';
import { keepOwnLogFile } from './own-log-file.ts';
import { announce } from '../standard-output.ts';
import { VERSION } from '../version.ts';
import { reportCrash } from './crash.ts';
import { loadWithCode } from './load-with-code.ts';
import { createServedLog } from './served-log.ts';
import { type ServeOptions, type Serving, withSchemeOf } from './serving.ts';
import { describeStart, describeStartInJson, reachableUrl } from './start-message.ts';
import { HURRY_MS, untilShutdown } from './until-shutdown.ts';
import { seeCredentials, watchConfiguration, type Watched } from './watch-configuration.ts';

export const DATABASE_NAME = 'sluice.db';

export async function serveInForeground(input: ParsedArguments, context: CliContext): Promise<number> {
  const { environment, directory } = context;
  const home = findHome(environment);
  const options = loadOptions(input, context);
  const askedWorkers = workersFlag(input);
  const watching = Promise.withResolvers<Watched>();
  // Done before anyone can be served: a signal would otherwise kill the process together with its running requests.
  const signals = followSignals(context, () => {
    watching.promise.then(({ reload }) => reload());
  });
  // Done before anything is read, so that no change is missed.
  const credentials = seeCredentials(home);
  const loaded = await loadWithCode(options);
  const { config, path } = loaded;
  const { log, fail, isJson, configureLog } = openLog(loaded, context);
  if (config === null) return 1;

  const workers = countWorkers(askedWorkers ?? config.server.workers);
  let current = config;
  let refusedChange: string | null = null;
  const crashed = followCrashes(context, log, () => current);
  let pidFile: PidFile | undefined;
  let proxies: Proxies;
  let serving: Serving;
  try {
    // Every serving process reads them for itself; here errors in them are reported once.
    proxies = readProxies(environment);
    pidFile = claim(context);
    for (const warning of [logSettingProblem(environment.SLUICE_LOG), exposedKey(home)])
      if (warning !== undefined) log('warn', warning);
    // Not done before the pid file is claimed, so that another gateway's log stays as it is.
    keepOwnLogFile(context, { putsAside: true, log });
    // Workers load the code themselves.
    if (workers !== 1) retireModules(config);
    serving = await startServing(workers, input, context, {
      config,
      environment,
      databasePath: join(home, DATABASE_NAME),
      log,
      refusedChange: () => refusedChange,
    });
  } catch (error) {
    pidFile?.release();
    if (!REASONS_NOT_TO_START.some((kind) => error instanceof kind)) throw error;
    fail(messageOf(error));
    return 1;
  }
  const watched = watchConfiguration(loaded, credentials, {
    started: config,
    load: options,
    inUse: { text: loaded.text },
    log,
    refuse(why) {
      refusedChange = why;
    },
    async apply(loaded) {
      const changed = withSchemeOf(current, loaded);
      await serving.reload(changed);
      retireModules(workers === 1 ? current : changed);
      configureLog(changed);
      current = changed;
    },
  });
  watching.resolve(watched);
  pidFile ??= claimForeground(context);
  pidFile?.write({
    pid: process.pid,
    url: reachableUrl(config.server, serving.port),
    config: path,
    ...placeFlags(input),
    ...(askedWorkers !== undefined && { workers: askedWorkers }),
    directory,
    program: identifyProgram(process.argv[1] ?? ''),
    startedAt: Date.now(),
  });
  if (environment.NOTIFY_SOCKET) {
    const problem = notifyReady(environment.NOTIFY_SOCKET);
    if (problem !== undefined) log('warn', problem);
  }
  const describe = isJson ? describeStartInJson : describeStart;
  announce(describe(config, serving, path, VERSION, proxies), context);
  const end = await Promise.race([
    signals.ended.then(() => 'asked' as const),
    crashed.then(() => 'failed' as const),
    noWorkerLeft(serving, log).then(() => 'failed' as const),
  ]);
  watched.stop();
  const code =
    end === 'failed' ? await endCrashed(serving) : await drain(serving, signals, current.server, log);
  pidFile?.release();
  return code;
}

/** Their messages say what to do. */
const REASONS_NOT_TO_START = [PidFileError, ProxySettingError, ListenError, WorkerFailed, NoSharedMemory];

interface Signals {
  /** Resolves at the first signal that ends the process. */
  ended: Promise<void>;
  /** The name of that signal. */
  name(): string;
  /** Resolves at a second signal, to the exit code to end with at once. */
  hurried: Promise<number>;
}

/** @param reload called at SIGHUP if no terminal can hang up. */
function followSignals(context: CliContext, reload: () => void): Signals {
  const hurried = Promise.withResolvers<number>();
  let name = '';
  const ended = untilShutdown(context.terminal.isAttached ? context : reloadingOnHangup(context, reload), {
    onFirst(signal) {
      name = signal;
    },
    onSecond: hurried.resolve,
  });
  return { ended, name: () => name, hurried: hurried.promise };
}

interface OpenLog {
  log: Log;
  /** Reports why the gateway does not start. */
  fail(message: string): void;
  isJson: boolean;
  /** Follows a changed configuration, except in what the environment sets. */
  configureLog(config: ResolvedConfig): void;
}

/** Opens the log and reports the problems of the configuration in it. */
function openLog(loaded: LoadedConfig, context: CliContext): OpenLog {
  const { log, configure, writesJson } = createServedLog(context.environment.SLUICE_LOG, context.err);
  if (loaded.config !== null) configure(loaded.config);
  const isJson = writesJson();
  for (const { fails, message, line } of describeProblems(loaded)) {
    if (isJson) log(fails ? 'error' : 'warn', message);
    else context.err(line);
  }
  return {
    log,
    fail: (message) => (isJson ? log('error', message) : context.err(`error: ${message}`)),
    isJson,
    configureLog: configure,
  };
}

/** Never resolves where this process serves alone. */
async function noWorkerLeft({ lost }: Serving, log: Log): Promise<void> {
  const error = await (lost ?? new Promise<never>(() => {}));
  log('error', 'no worker is left, and none can be started: this process ends', { error });
}

/**
 * Reports errors that nothing caught. `HURRY_MS` after the first, the process ends even if requests are still being cut off. Resolves at
 * the first one.
 */
function followCrashes(context: CliContext, log: Log, current: () => ResolvedConfig): Promise<void> {
  const { environment } = context;
  const crashed = Promise.withResolvers<void>();
  let hasHappened = false;
  context.onUncaught((thrown) => {
    reportCrash(thrown, { config: current(), environment, log });
    if (hasHappened) return;
    hasHappened = true;
    setTimeout(() => context.exit(1), HURRY_MS).unref();
    crashed.resolve();
  });
  return crashed.promise;
}

/** Loads only what is needed. Throws ListenError, WorkerFailed or NoSharedMemory. */
async function startServing(
  workers: number,
  input: ParsedArguments,
  { directory }: CliContext,
  options: ServeOptions,
): Promise<Serving> {
  if (workers === 1) return (await import('./serve-alone.ts')).serveAlone(options);
  const { serveWithWorkers } = await import('./serve-with-workers.ts');
  const command = workerCommand(input);
  const program = identifyProgram(process.argv[1] ?? '');
  return serveWithWorkers(workers, { ...options, directory, command, program });
}

/** Cuts off running requests, each with its final error and its row. Resolves to the exit code. */
async function endCrashed(serving: Serving): Promise<number> {
  await serving.end({ delayMs: 0, timeoutMs: 0 });
  return 1;
}

/** Lets running requests finish within the configured times, or until a second signal. Resolves to the exit code. */
async function drain(
  serving: Serving,
  signals: Signals,
  { shutdownDelayMs: delayMs, drainTimeoutMs: timeoutMs }: ServerConfig,
  log: Log,
): Promise<number> {
  log('info', 'shutting down: running streams may finish; a second signal ends them at once', {
    signal: signals.name(),
    streams: await serving.activeStreams(),
    ...(delayMs > 0 && { after_ms: delayMs }),
    within_ms: timeoutMs,
  });
  let code = 0;
  const sooner = signals.hurried.then((forced) => {
    code = forced;
  });
  const cut = await serving.end({ delayMs, timeoutMs }, sooner);
  const why = code === 0 ? 'after server.drain_timeout' : 'on a second signal';
  if (cut > 0) log('warn', `ended the requests still running ${why}`, { requests: cut });
  return code;
}

/** Records this process and its address if it was started in the background. */
function claim({ environment }: CliContext): PidFile | undefined {
  const path = environment[PID_FILE_VARIABLE];
  return path === undefined || path === '' ? undefined : claimPidFile(path);
}

/**
 * Records it so that commands find it whatever its port is. Returns undefined where another gateway of this home has done so, or nothing
 * can be written there: neither keeps this one from serving.
 */
function claimForeground({ environment }: CliContext): PidFile | undefined {
  if (!existsSync(findHome(environment))) return undefined;
  try {
    return claimPidFile(foregroundFilePath(environment), 0);
  } catch (error) {
    if (error instanceof PidFileError) return undefined;
    throw error;
  }
}

/** Only Linux distributes the connections of one port to several processes. */
function countWorkers(wanted: number | 'all'): number {
  if (process.platform !== 'linux') return 1;
  return wanted === 'all' ? navigator.hardwareConcurrency : wanted;
}

/** The command that runs this program as a worker with the same configuration. */
function workerCommand(input: ParsedArguments): string[] {
  const config = stringFlag(input, 'config');
  return [
    process.execPath,
    process.argv[1] ?? '',
    'serve',
    ...(config === undefined ? [] : ['--config', config]),
  ];
}

/** Without a terminal nothing can hang up: SIGHUP then asks for the configuration to be read again. */
function reloadingOnHangup(context: CliContext, reload: () => void): CliContext {
  return {
    ...context,
    onSignal: (handler) =>
      context.onSignal((signal) => {
        if (signal === 'SIGHUP') reload();
        else handler(signal);
      }),
  };
}
