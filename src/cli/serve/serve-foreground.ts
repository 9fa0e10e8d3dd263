// The gateway in the foreground, from the configuration to the last drained stream.
import { join } from 'node:path';
import { findConfigFile, findHome, type LoadedConfig } from '../../config/load.ts';
import { awaitFile, stampOf, watchCertificate, watchConfigFile, watchStore } from '../../config/watch.ts';
import type { ResolvedConfig } from '../../config/resolved.ts';
import { exposedKey, vaultPath } from '../../credentials/vault.ts';
import { ListenError } from '../../server/host.ts';
import { type Proxies, ProxySettingError, readProxies } from '../../server/http1/proxies.ts';
import { moduleFile, retireModules } from '../../server/load-modules.ts';
import {
  createLog,
  type LogOptions,
  logSettingProblem,
  noteLostLines,
  parseLogSetting,
} from '../../server/log.ts';
import { claimPidFile, type PidFile, PidFileError } from '../../server/pid-file.ts';
import { WorkerFailed } from '../../workers/supervisor.ts';
import { NoSharedMemory } from '../../workers/shared-memory.ts';
import { portFlag, stringFlag, workersFlag } from '../arguments.ts';
import type { CliContext, ParsedArguments } from '../command.ts';
import { describeProblems, loadOptions } from '../config-flags.ts';
import { type ChangedCredentials, createCredentialChanges } from './credential-changes.ts';
import { PID_FILE_VARIABLE } from '../daemon/daemon-process.ts';
import { reportCrash } from './crash.ts';
import { inTurn } from './in-turn.ts';
import { loadWithCode, moduleDirectory } from './load-with-code.ts';
import { type Change, fieldsOf, type ReloadOptions, reloadConfig } from './reload.ts';
import { type Serving, withSchemeOf } from './serving.ts';
import { announce } from '../standard-output.ts';
import { describeStart, describeStartInJson, reachableUrl } from './start-message.ts';
import { keepOwnLogFile } from '../daemon/own-log-file.ts';
import { HURRY_MS, untilShutdown } from './until-shutdown.ts';
import { VERSION } from '../version.ts';

export const DATABASE_NAME = 'sluice.db';

export async function serveInForeground(input: ParsedArguments, context: CliContext): Promise<number> {
  const host = stringFlag(input, 'host');
  const port = portFlag(input, 'port');
  const overrides = { ...(host !== undefined && { host }), ...(port !== undefined && { port }) };
  const options = loadOptions(input, context, overrides);
  const askedWorkers = workersFlag(input);
  const watching = Promise.withResolvers<Watched>();
  const hangsUp = context.terminal.isAttached;
  let signalled = '';
  const hurried = Promise.withResolvers<number>();
  // Before anyone can be served: a signal would otherwise kill the process together with its running requests.
  const ending = untilShutdown(
    hangsUp
      ? context
      : reloadingOnHangup(context, () => {
          watching.promise.then(({ reload }) => reload());
        }),
    {
      onFirst(signal) {
        signalled = signal;
      },
      onSecond: hurried.resolve,
    },
  );
  // Before anything is read, so that no change is missed.
  const credentials = watchable(findHome(context.environment));
  const loaded = await loadWithCode(options);
  const { config, path } = loaded;
  const forced = parseLogSetting(context.environment.SLUICE_LOG);
  const logged = {
    level: 'info',
    format: 'text',
    ...config?.log,
    ...forced,
    write: context.err,
  } satisfies LogOptions;
  const log = createLog(logged);
  noteLostLines(log);
  const isJson = logged.format === 'json';
  const fail = (message: string) => (isJson ? log('error', message) : context.err(`error: ${message}`));
  for (const { fails, message, line } of describeProblems(loaded)) {
    if (isJson) log(fails ? 'error' : 'warn', message);
    else context.err(line);
  }
  if (config === null) return 1;

  let pidFile: PidFile | undefined;
  let proxies: Proxies;
  try {
    // Every serving process reads them for itself; errors in them are reported once, here.
    proxies = readProxies(context.environment);
    pidFile = claim(context);
  } catch (error) {
    if (!(error instanceof PidFileError || error instanceof ProxySettingError)) throw error;
    fail(error.message);
    return 1;
  }
  const wrong = logSettingProblem(context.environment.SLUICE_LOG);
  if (wrong !== undefined) log('warn', wrong);
  const exposed = exposedKey(findHome(context.environment));
  if (exposed !== undefined) log('warn', exposed);
  keepOwnLogFile(context, { putsAside: true, log });
  const databasePath = join(findHome(context.environment), DATABASE_NAME);
  const { environment, directory } = context;
  const serveOptions = { config, environment, databasePath, log };
  const workers = countWorkers(askedWorkers ?? config.server.workers);
  // Workers load the code for themselves.
  if (workers !== 1) retireModules(config);
  let current = config;
  let hasCrashed = false;
  const crashed = Promise.withResolvers<void>();
  context.onUncaught((thrown) => {
    reportCrash(thrown, { config: current, environment, log });
    if (hasCrashed) return;
    hasCrashed = true;
    setTimeout(() => context.exit(1), HURRY_MS).unref();
    crashed.resolve();
  });
  let serving: Serving;
  try {
    serving =
      workers === 1
        ? await (await import('./serve-alone.ts')).serveAlone(serveOptions)
        : await (await import('./serve-with-workers.ts')).serveWithWorkers(workers, {
            ...serveOptions,
            directory,
            command: workerCommand(input),
          });
  } catch (error) {
    pidFile?.release();
    if (!(error instanceof ListenError || error instanceof WorkerFailed || error instanceof NoSharedMemory))
      throw error;
    fail(error.message);
    return 1;
  }
  const apply = async (loaded: ResolvedConfig) => {
    const changed = withSchemeOf(current, loaded);
    await serving.reload(changed);
    retireModules(workers === 1 ? current : changed);
    Object.assign(logged, changed.log, forced);
    current = changed;
  };
  const watched = watch(loaded, credentials, {
    started: config,
    load: options,
    inUse: { text: loaded.text },
    log,
    apply,
  });
  watching.resolve(watched);
  const describe = isJson ? describeStartInJson : describeStart;
  announce(describe(config, serving, path, VERSION, proxies), context);
  pidFile?.write({
    pid: process.pid,
    url: reachableUrl(config.server, serving.port),
    config: path,
    ...overrides,
    ...(askedWorkers !== undefined && { workers: askedWorkers }),
    directory,
    startedAt: Date.now(),
  });
  await Promise.race([ending, crashed.promise]);
  watched.stop();
  if (hasCrashed) {
    // Running requests are cut off, each with its final error and its row.
    await serving.end(0);
    pidFile?.release();
    return 1;
  }
  log('info', 'shutting down: running streams may finish; a second signal ends them at once', {
    signal: signalled,
    streams: await serving.activeStreams(),
    within_ms: current.server.drainTimeoutMs,
  });
  let code = 0;
  const sooner = hurried.promise.then((forced) => {
    code = forced;
  });
  const cut = await serving.end(current.server.drainTimeoutMs, sooner);
  const why = code === 0 ? 'after server.drain_timeout' : 'on a second signal';
  if (cut > 0) log('warn', `ended the requests still running ${why}`, { requests: cut });
  pidFile?.release();
  return code;
}

/** Where started in the background: records this process and its address. */
function claim({ environment }: CliContext): PidFile | undefined {
  const path = environment[PID_FILE_VARIABLE];
  return path === undefined || path === '' ? undefined : claimPidFile(path);
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

/** Without a terminal nothing hangs up: SIGHUP then asks for the configuration to be read again. */
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

interface Watched {
  /** Reads the configuration again now. */
  reload(): void;
  stop(): void;
}

/** The state of the credential store at some moment. */
interface SeenCredentials {
  path: string;
  stamp: string | undefined;
  /** Which credentials have changed since. */
  changes(): ChangedCredentials;
}

function watchable(home: string): SeenCredentials {
  const path = vaultPath(home);
  const stamp = stampOf(path);
  return { path, stamp, changes: createCredentialChanges(home) };
}

type WatchOptions = Omit<ReloadOptions, 'path'>;

/** Also where there is no file yet: one may be written while the gateway runs. */
function watch({ path, text }: LoadedConfig, credentials: SeenCredentials, options: WatchOptions): Watched {
  if (path !== null) return watchChanges(path, text ?? '', credentials, options);
  const { log, load } = options;
  let found: Watched | undefined;
  const stop = awaitFile(
    () => findConfigFile(load),
    (path) => {
      log('info', 'a configuration file has appeared', { file: path });
      found = watchChanges(path, '', credentials, options);
    },
  );
  return {
    reload() {
      if (found === undefined) log('warn', 'there is no readable configuration file');
      else found.reload();
    },
    stop() {
      stop();
      found?.stop();
    },
  };
}

/** @param seen the contents of the file at `path` when it was read. */
function watchChanges(
  path: string,
  seen: string,
  credentials: SeenCredentials,
  options: WatchOptions,
): Watched {
  const onGone = () =>
    options.log('warn', 'the configuration file is gone; its settings stay in use', { file: path });
  const { load, started, apply } = options;
  const directory = moduleDirectory({ path }, load);
  const watchNamed = ({ transformers, providers, server }: ResolvedConfig) => {
    const stops = transformers.modules.map((module) => {
      const file = moduleFile(module, directory);
      return watchStore(file, module.stamp, () => reload({ of: 'module', file }));
    });
    for (const { files, stamp } of [server, ...providers].flatMap(({ tls }) => tls ?? [])) {
      const file = files.cert ?? Object.values(files).join(', ');
      stops.push(watchCertificate(files, stamp, () => reload({ of: 'certificate', file })));
    }
    return stops;
  };
  const reload = inTurn(async (change: Change) => {
    try {
      await reloadConfig(change, {
        ...options,
        path,
        apply(changed) {
          for (const stop of named) stop();
          named = watchNamed(changed);
          return apply(changed);
        },
      });
    } catch (error) {
      const message = `the changed ${change.of} did not reach all processes: change it again, or restart`;
      options.log('error', message, { ...fieldsOf(change, path), error });
    }
  });
  let named = watchNamed(started);
  const readAgain = () => reload({ of: 'configuration' });
  const stops = [watchConfigFile(path, seen, readAgain, onGone)];
  // A changed credential matters only where the file refers to it.
  const { path: vault, stamp, changes } = credentials;
  stops.push(watchStore(vault, stamp, () => reload({ of: 'credential', ...changes() })));
  return {
    reload: readAgain,
    stop() {
      for (const stop of [...stops, ...named]) stop();
    },
  };
}
