// `sluice serve`: the gateway in the foreground, from the configuration to the last drained stream.
import { join } from 'node:path';
import { findHome, type LoadedConfig, loadConfig } from '../config/load.ts';
import { watchConfigFile, watchStore } from '../config/watch.ts';
import type { ResolvedConfig } from '../config/resolved.ts';
import { vaultPath } from '../credentials/vault.ts';
import { createGateway, type Gateway } from '../gateway/gateway.ts';
import { createHttpHost, type HttpHost, ListenError } from '../server/host.ts';
import { createLog, type Log, parseLogSetting } from '../server/log.ts';
import { claimPidFile, type PidFile, PidFileHeld } from '../server/pid-file.ts';
import { createServerHost } from '../server/server-host.ts';
import { portFlag, stringFlag } from './arguments.ts';
import type { CliContext, Command } from './command.ts';
import { CONFIG_FLAG, describeProblems, loadOptions } from './config-flags.ts';
import { PID_FILE_VARIABLE } from './daemon-process.ts';
import { type ReloadOptions, reloadConfig } from './reload.ts';
import { describeStart, reachableUrl } from './start-message.ts';
import { untilShutdown } from './until-shutdown.ts';
import { VERSION } from './version.ts';

export const DATABASE_NAME = 'sluice.db';

export const serveCommand: Command = {
  name: 'serve',
  summary: 'Serve in the foreground; SIGTERM or SIGINT lets running streams finish, a second one does not.',
  flags: {
    config: CONFIG_FLAG,
    host: { value: 'HOST', summary: 'Address to listen on, before server.host.' },
    port: { value: 'PORT', summary: 'Port to listen on, before server.port; 0 takes a free one.' },
  },
  async run(input, context) {
    const host = stringFlag(input, 'host');
    const port = portFlag(input, 'port');
    const overrides = { ...(host !== undefined && { host }), ...(port !== undefined && { port }) };
    const options = loadOptions(input, context, overrides);
    const loaded = loadConfig(options);
    for (const { line } of describeProblems(loaded)) context.err(line);
    const { config, path } = loaded;
    if (config === null) return 1;

    let pidFile: PidFile | undefined;
    try {
      pidFile = claim(context);
    } catch (error) {
      if (!(error instanceof PidFileHeld)) throw error;
      context.err(`error: ${error.message}; "sluice daemon status" shows it`);
      return 1;
    }
    const forced = parseLogSetting(context.environment.SLUICE_LOG);
    const logged = { ...config.log, ...forced };
    const log = createLog(logged);
    const databasePath = join(findHome(context.environment), DATABASE_NAME);
    const gateway = createGateway(
      config,
      createServerHost({ config, environment: context.environment, databasePath, log, version: VERSION }),
    );
    let http: HttpHost;
    try {
      http = listen(config, gateway, log);
    } catch (error) {
      await gateway.close();
      pidFile?.release();
      if (!(error instanceof ListenError)) throw error;
      context.err(`error: ${error.message}`);
      return 1;
    }
    let current = config;
    const apply = (changed: ResolvedConfig) => {
      gateway.reload(changed);
      Object.assign(logged, changed.log, forced);
      current = changed;
    };
    const stopWatching = watch(loaded, { started: config, load: options, log, apply });
    for (const line of describeStart(config, http, path, VERSION)) context.out(line);
    pidFile?.write({
      pid: process.pid,
      url: reachableUrl(config.server.host, http.port),
      config: path,
      startedAt: Date.now(),
    });
    await untilShutdown(context, (signal) => {
      log('info', 'shutting down: running streams may finish; signal again to end at once', {
        signal,
        streams: gateway.activeStreams(),
        within_ms: current.server.drainTimeoutMs,
      });
    });
    stopWatching();
    const cut = await http.drain(current.server.drainTimeoutMs);
    if (cut > 0) log('warn', 'cut what was still running after server.drain_timeout', { requests: cut });
    await gateway.close();
    pidFile?.release();
    return 0;
  },
};

/** Started in the background, it says who and where it is. */
function claim({ environment }: CliContext): PidFile | undefined {
  const path = environment[PID_FILE_VARIABLE];
  return path === undefined || path === '' ? undefined : claimPidFile(path);
}

function listen(config: ResolvedConfig, gateway: Gateway, log: Log): HttpHost {
  return createHttpHost({
    hostname: config.server.host,
    port: config.server.port,
    fetch: (request) => gateway.fetch(request),
    onError: (error) => log('error', 'a request failed inside the gateway', { error }),
  });
}

/** Returns how to stop. */
function watch({ path, text }: LoadedConfig, options: ReloadOptions): () => void {
  if (path === null || text === null) return () => {};
  const onGone = () =>
    options.log('warn', 'the configuration file is gone; what it said stays', { file: path });
  const reload = () => reloadConfig(options);
  const stops = [watchConfigFile(path, text, reload, onGone)];
  // Only what the file refers to can change with a stored credential.
  stops.push(watchStore(vaultPath(findHome(options.load.environment)), reload));
  return () => {
    for (const stop of stops) stop();
  };
}
