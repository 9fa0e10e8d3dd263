// What happens to a running gateway when the configuration file, a module or a stored credential changes.
import { formatProblem, type LoadOptions, loadConfig } from '../config/load.ts';
import type { ResolvedConfig } from '../config/resolved.ts';
import type { Log } from '../server/log.ts';
import { loadWithCode } from './load-with-code.ts';

export interface ReloadOptions {
  /** What the running server began with. */
  started: ResolvedConfig;
  /** How that was loaded. */
  load: LoadOptions;
  log: Log;
  apply(config: ResolvedConfig): Promise<void>;
}

/** Reads the file again and applies it, or says why not and leaves everything as it is. */
export async function reloadConfig({ started, load, log, apply }: ReloadOptions): Promise<void> {
  // Judged at the address that is served, not at the one that the file may now name: a server that others
  // reach must not lose its keys to a change that would be fine on loopback.
  const { host, port } = started.server;
  const loaded = await loadWithCode({ ...load, overrides: { host, port } });
  for (const problem of loaded.problems) {
    log(problem.severity === 'warning' ? 'warn' : 'error', formatProblem(problem, loaded.path));
  }
  if (loaded.config === null) {
    log('error', 'the changed configuration is refused; the one before stays', { file: loaded.path });
    return;
  }
  const now = fixedAtStart(started);
  const asked = fixedAtStart(loadConfig(load).config ?? loaded.config);
  const waiting = Object.keys(now).filter((key) => now[key] !== asked[key]);
  if (waiting.length > 0) log('warn', 'these changes need a restart', { keys: waiting });
  const { enabled, store } = started.audit;
  await apply({ ...loaded.config, audit: { ...loaded.config.audit, enabled, store } });
  log('info', 'the changed configuration is in use', { file: loaded.path });
}

/** What a running server cannot change. */
function fixedAtStart({ server, audit }: ResolvedConfig): Record<string, unknown> {
  return {
    'server.host': server.host,
    'server.port': server.port,
    'server.workers': server.workers,
    'audit.enabled': audit.enabled,
    'audit.store': audit.store,
  };
}
