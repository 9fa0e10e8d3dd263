// The section `server` of a valid file → address, keys and limits.
import { isLoopback } from '../model/loopback.ts';
import { createRedactor } from '../model/redact/redact.ts';
import { ANY_ORIGIN } from './origin.ts';
import type { ConfigProblem } from './problem.ts';
import type { ProviderTls, ServerConfig, TlsConfig } from './resolved.ts';
import type { ConfigFile } from './schema.ts';
import { resolveSecret, type SecretSources } from './secrets.ts';

export interface ResolveSources extends SecretSources {
  /** From the command line; they take precedence over the file's. */
  overrides?: { host?: string; port?: number };
  /** Reads the files of `server.tls`; left out if the program that embeds the gateway listens. */
  tls?: (paths: { cert: string; key: string }) => TlsReading;
  /** Reads the files of a provider's `tls`; left out in the same case. */
  providerTls?: (paths: TlsPaths) => ProviderTlsReading;
}

/** `cert` and `key` are both given, or neither. */
type TlsPaths = Partial<Record<'cert' | 'key' | 'ca', string>>;

/** `tls` is null if a problem is fatal. */
export interface ProviderTlsReading {
  tls: ProviderTls | null;
  problems: TlsProblem[];
}

/** `tls` is null if a problem is fatal. */
export interface TlsReading {
  tls: TlsConfig | null;
  problems: TlsProblem[];
}

export interface TlsProblem extends Pick<ConfigProblem, 'severity' | 'message'> {
  /** The key of the section to blame. */
  key: 'cert' | 'key' | 'ca';
}

/** A path that is written like a secret means the same. */
export const pathOf = (text: string) => text.replace(/^file:/, '');

/** Headers are bytes: some clients send such letters as UTF-8, some as Latin-1, and most refuse to. */
const NOT_ASCII = 'the key has characters beyond ASCII, which clients encode in different ways';

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

export function resolveServer(
  file: ConfigFile,
  sources: ResolveSources,
  problems: ConfigProblem[],
): ServerConfig {
  const { server } = file;
  const host = sources.overrides?.host ?? server.host;
  const keys = resolveKeys(file, sources, problems);
  const projectOfKey = resolveProjectKeys(file, keys, sources, problems);
  warnOfHiddenProjects(projectOfKey, keys, problems);
  if (server.keys.length === 0 && !isLoopback(host)) {
    const message = `${host} is reachable by others: set server.keys, or listen on 127.0.0.1`;
    problems.push({ severity: 'fatal', path: ['server', 'host'], message });
  }
  const any = server.allowed_origins.indexOf(ANY_ORIGIN);
  if (any !== -1 && server.keys.length === 0) {
    const message = `${ANY_ORIGIN} lets every web page that you open use this gateway: set server.keys, or name the origins`;
    problems.push({ severity: 'fatal', path: ['server', 'allowed_origins', any], message });
  }
  return {
    host,
    port: sources.overrides?.port ?? server.port,
    keys: [...keys, ...projectOfKey.keys()],
    projectOfKey,
    allowedOrigins: server.allowed_origins,
    maxBody: server.max_body,
    bodyTimeoutMs: server.body_timeout,
    maxEvent: server.max_event,
    pingIntervalMs: server.ping_interval,
    shutdownDelayMs: server.shutdown_delay,
    drainTimeoutMs: server.drain_timeout,
    workers: server.workers,
    compression: server.compression,
    tls: resolveTls(file, sources, problems),
  };
}

function resolveTls(
  { server: { tls } }: ConfigFile,
  sources: ResolveSources,
  problems: ConfigProblem[],
): TlsConfig | null {
  if (tls === null) return null;
  if (sources.tls === undefined) {
    const message = 'an embedded gateway does not listen: set up TLS where your program does';
    problems.push({ severity: 'fatal', path: ['server', 'tls'], message });
    return null;
  }
  const reading = sources.tls({ cert: pathOf(tls.cert), key: pathOf(tls.key) });
  for (const { key, severity, message } of reading.problems)
    problems.push({ severity, path: ['server', 'tls', key], message });
  return reading.tls;
}

function resolveKeys({ server }: ConfigFile, sources: SecretSources, problems: ConfigProblem[]): string[] {
  const found = server.keys.map((reference) => resolveClientKey(reference, sources));
  const keys = found.flatMap(({ value }) => value ?? []);
  // Keys are configured but none was found: serving without keys would open what was meant to be closed.
  const isLost = keys.length === 0;
  const remedy = isLost ? 'no key is left; provide it, or set server.keys to []' : NOT_ACCEPTED;
  for (const [index, { problem }] of found.entries()) {
    if (problem === undefined) continue;
    const path = ['server', 'keys', index];
    problems.push({ severity: isLost ? 'fatal' : 'warning', path, message: `${problem}; ${remedy}` });
  }
  return keys;
}

/** @param keys the operator's keys. */
function resolveProjectKeys(
  { server }: ConfigFile,
  keys: readonly string[],
  sources: SecretSources,
  problems: ConfigProblem[],
): Map<string, string> {
  const projectOfKey = new Map<string, string>();
  for (const [project, references] of Object.entries(server.project_keys)) {
    for (const [index, reference] of references.entries()) {
      const path = ['server', 'project_keys', project, index];
      const { value, problem } = resolveClientKey(reference, sources);
      if (value === undefined) {
        problems.push({ severity: 'warning', path, message: `${problem}; ${NOT_ACCEPTED}` });
        continue;
      }
      const other = keys.includes(value) ? 'server.keys' : projectOfKey.get(value);
      if (other !== undefined && other !== project) {
        const message = `is also a key of ${other}, so it is unclear whose requests use it`;
        problems.push({ severity: 'fatal', path, message });
      } else projectOfKey.set(value, project);
    }
  }
  // Also if none of them could be resolved: without any key everything would be open.
  if (Object.keys(server.project_keys).length > 0 && server.keys.length === 0) {
    const message =
      'needs server.keys as well: project keys open of the gateway’s own pages only their project’s figures';
    problems.push({ severity: 'fatal', path: ['server', 'project_keys'], message });
  }
  return projectOfKey;
}

/** A key that begins with its project's name would be partly revealed wherever that name is shown. */
function warnOfHiddenProjects(
  projectOfKey: ReadonlyMap<string, string>,
  keys: readonly string[],
  problems: ConfigProblem[],
): void {
  const redact = createRedactor([...keys, ...projectOfKey.keys()]);
  for (const project of new Set(projectOfKey.values())) {
    if (redact(project) === project) continue;
    const message =
      'the name looks like a key or the beginning of one: rows, budgets and metrics show [redacted] instead; choose other keys, or another name';
    problems.push({ severity: 'warning', path: ['server', 'project_keys', project], message });
  }
}

const NOT_ACCEPTED = 'not accepted';

function resolveClientKey(reference: string, sources: SecretSources): { value?: string; problem?: string } {
  const { value, problem } = resolveSecret(reference, sources);
  if (value !== undefined && !isAscii(value)) return { problem: NOT_ASCII };
  return value === undefined ? { problem: problem ?? '' } : { value };
}
