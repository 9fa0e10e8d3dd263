// What happens to a running gateway when the configuration file, a module, a certificate, a stored credential or a file with a secret
// changes.
import { formatProblem, type LoadedConfig, type LoadOptions, loadConfig } from '../../config/load.ts';
import type { ConfigProblem } from '../../config/problem.ts';
import type { ResolvedConfig } from '../../config/resolved.ts';
import { createRedactor } from '../../model/redact/redact.ts';
import type { Log, LogFields } from '../../server/log.ts';
import type { ChangedCredentials } from './credential-changes.ts';
import { loadWithCode } from './load-with-code.ts';
import { withLedgerOf } from './serving.ts';

export interface ReloadOptions {
  /** The configuration with which the server started. */
  started: ResolvedConfig;
  /** How that configuration was loaded. */
  load: LoadOptions;
  /** The file that was found. If it is gone, no other file is read instead, and the defaults are not used. */
  path: string;
  /** The file's content that is in use; null where there was no file. `reloadConfig` replaces it. */
  inUse: { text: string | null };
  log: Log;
  apply(config: ResolvedConfig): Promise<void>;
  /** Reports why a change is not in use; null means that it is. */
  refuse(why: string | null): void;
}

/** Why the configuration is read again. */
export type Change =
  | { of: 'configuration' }
  | { of: 'module'; file: string }
  | { of: 'certificate'; file: string }
  | { of: 'secret file'; file: string }
  | ({ of: 'credential' } & ChangedCredentials);

/** A secret may have been stored as a name by mistake. */
const redact = createRedactor([]);

/** Reads the file again and applies it, or reports why not and leaves everything as it is. */
export async function reloadConfig(change: Change, options: ReloadOptions): Promise<void> {
  const { started, inUse, log, apply, refuse } = options;
  const { asItIs, loaded, named } = await readChanged(change, options);
  const fields = fieldsOf(change, loaded.path);
  if (change.of === 'credential' && !concerns(change, named)) {
    log('info', 'the credential store changed, but no credential that the configuration uses', fields);
    return;
  }
  for (const problem of loaded.problems) {
    log(problem.severity === 'warning' ? 'warn' : 'error', formatProblem(problem, loaded.path));
  }
  if (loaded.config === null) {
    refuse(whyRefused(loaded));
    log('error', refusalOf(change), fields);
    return;
  }
  reportNextStart(loaded.config, loaded.path, options);
  await apply(withLedgerOf(started, loaded.config));
  inUse.text = loaded.text;
  refuse(asItIs.config === null ? whyRefused(asItIs) : null);
  log('info', successOf(change), fields);
}

interface ChangedConfig {
  /** The file in its present state. */
  asItIs: LoadedConfig;
  /** The configuration to apply: the file's or, if that is refused and only a secret or a certificate has changed, the previous one. */
  loaded: LoadedConfig;
  /** The credentials that it names. */
  named: ReadonlySet<string>;
}

async function readChanged(
  change: Change,
  { started, load, path, inUse }: ReloadOptions,
): Promise<ChangedConfig> {
  // Checked for the address that is served, not for the one that the file may name now: a server that other machines reach must not lose
  // its keys to a change that would be fine on loopback.
  const { host, port } = started.server;
  const named = new Set<string>();
  const credential = (name: string) => {
    named.add(name);
    return load.credential?.(name);
  };
  const judged = {
    ...load,
    path,
    ...(load.credential !== undefined && { credential }),
    overrides: { host, port },
  };
  const asItIs = await loadWithCode(judged);
  const isRenewal = change.of !== 'configuration' && change.of !== 'module';
  if (!isRenewal || asItIs.config !== null || inUse.text === null) return { asItIs, loaded: asItIs, named };
  // A key or certificate that was replaced must not wait until someone has corrected the file.
  const before = await loadWithCode({ ...judged, text: inUse.text });
  // Workers load code themselves, from the file in its present state.
  const isUsable = before.config?.transformers.modules.length === 0;
  return { asItIs, loaded: isUsable ? before : asItIs, named };
}

/** Reports what part of the change only a restart applies, and whether the restart would fail. */
function reportNextStart(
  config: ResolvedConfig,
  path: string | null,
  { started, load, log }: ReloadOptions,
): void {
  const now = fixedAtStart(started);
  const fresh = loadConfig(load);
  for (const problem of fresh.problems.filter(isFatal))
    log('warn', `the next start will fail: ${formatProblem(problem, path)}`);
  const asked = fixedAtStart(fresh.config ?? config);
  const waiting = Object.keys(now).filter((key) => now[key] !== asked[key]);
  if (waiting.length > 0) log('warn', 'these changes need a restart', { keys: waiting });
}

function isFatal({ severity }: ConfigProblem): boolean {
  return severity === 'fatal';
}

/** Contains no values of secrets, since problems do not quote them. */
function whyRefused({ problems, path }: LoadedConfig): string {
  return problems
    .filter(isFatal)
    .map((problem) => formatProblem(problem, path))
    .join('; ');
}

function refusalOf(change: Change): string {
  return change.of === 'credential'
    ? 'with the changed credential the configuration is invalid; the previous one stays in use'
    : `the changed ${change.of} is refused; the previous one stays in use`;
}

function successOf(change: Change): string {
  if (change.of !== 'credential' || change.stored.length > 0) return `the changed ${change.of} is in use`;
  return `the configuration is in use without ${change.problem === undefined ? 'the deleted credential' : 'the credential store'}`;
}

/** The change as fields of the log. */
export function fieldsOf(change: Change, path: string | null): LogFields {
  if (change.of === 'configuration') return { file: path };
  if (change.of !== 'credential') return { file: change.file };
  const { stored, deleted, problem } = change;
  return {
    ...(stored.length > 0 && { stored: stored.map(redact) }),
    ...(deleted.length > 0 && { deleted: deleted.map(redact) }),
    ...(problem !== undefined && { problem }),
  };
}

/** If the store cannot be read, every configuration that names a credential is affected. */
function concerns({ stored, deleted, problem }: ChangedCredentials, named: ReadonlySet<string>): boolean {
  return problem === undefined ? [...stored, ...deleted].some((name) => named.has(name)) : named.size > 0;
}

/** Settings that a running server cannot change. */
function fixedAtStart({ server, audit }: ResolvedConfig): Record<string, unknown> {
  return {
    'server.host': server.host,
    'server.port': server.port,
    'server.workers': server.workers,
    'server.tls': server.tls === null ? 'off' : 'on',
    'audit.enabled': audit.enabled,
    'audit.store': audit.store,
  };
}
