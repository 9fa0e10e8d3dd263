// Finds the configuration file, reads it, and resolves it against the environment.
import { existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, extname, join, resolve } from 'node:path';
import { CONFIG_EXTENSIONS, type ConfigExtension, parseConfigText } from './load-format.ts';
import { parseConfig } from './parse.ts';
import { type ConfigProblem, formatKeyPath, MOST_PROBLEMS, withoutKeys } from './problem.ts';
import { readText } from './load-text.ts';
import { loadProviderTls, loadTls } from './load-tls.ts';
import { resolveConfig } from './resolve.ts';
import { unreadable } from './secrets.ts';
import type { ResolveSources } from './resolve-server.ts';
import type { ResolvedConfig } from './resolved.ts';
import { stampOf } from './watch.ts';
import { codeOf } from '../model/thrown.ts';

export interface LoadOptions {
  environment: Readonly<Record<string, string | undefined>>;
  /** The working directory. */
  directory: string;
  /** From `--config`. */
  path?: string;
  /** Read instead of the file's content. */
  text?: string;
  overrides?: NonNullable<ResolveSources['overrides']>;
  /** Looks up `credential:NAME`; left out if there is no store. */
  credential?: NonNullable<ResolveSources['credential']>;
}

export interface LoadedProblem extends ConfigProblem {
  /** From 1. */
  line?: number;
}

export interface LoadedConfig {
  /** Absolute path of the file; null if there is none. */
  path: string | null;
  /** Its content; null if it could not be read. */
  text: string | null;
  /** Null if a problem is fatal. */
  config: ResolvedConfig | null;
  problems: LoadedProblem[];
  /** The line of a key, or of the nearest section above it; undefined if none is known. */
  lineOf(path: ConfigProblem['path']): number | undefined;
}

type Outcome = Pick<LoadedConfig, 'config' | 'problems' | 'lineOf'>;

const FILE_NAMES = CONFIG_EXTENSIONS.map((extension) => `sluice${extension}`);

/** `SLUICE_HOME`, else `~/.sluice`: database, credentials and pid file. */
export function findHome(environment: LoadOptions['environment']): string {
  return expanded(environment.SLUICE_HOME || '~/.sluice');
}

/** Expands `~/`, which no shell does in `.env`, in a systemd unit or after `--config=`. */
function expanded(path: string): string {
  return path.startsWith('~/') ? join(homeDirectory(), path.slice(2)) : path;
}

/** The current user's; `/` for a user without one, as in containers that run under an arbitrary user id. */
export function homeDirectory(): string {
  try {
    return homedir();
  } catch {
    return '/';
  }
}

/**
 * Absolute path of the file that `loadConfig` reads, the first that is found; null if there is none. In a home that this user may not
 * enter, a file that cannot be seen need not be missing: its path is returned, so that reading it says why that fails.
 */
export function findConfigFile(options: LoadOptions): string | null {
  const named = options.path || options.environment.SLUICE_CONFIG;
  if (named) return resolve(options.directory, expanded(named));
  const home = findHome(options.environment);
  for (const directory of [options.directory, home]) {
    const name = FILE_NAMES.find((candidate) => existsSync(join(directory, candidate)));
    if (name !== undefined) return resolve(options.directory, directory, name);
  }
  const unseen = resolve(options.directory, home, 'sluice.yaml');
  return mayBeSeen(unseen) ? null : unseen;
}

function mayBeSeen(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    return codeOf(error) !== 'EACCES';
  }
}

/** Never throws: what is wrong is in `problems`. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const path = findConfigFile(options);
  if (path === null) return { path, text: null, ...finish(path, null, options, () => undefined) };
  const extension = CONFIG_EXTENSIONS.find((candidate) => candidate === extname(path).toLowerCase());
  if (extension === undefined) {
    return fail(path, `is not a configuration file: its name must end in ${CONFIG_EXTENSIONS.join(', ')}`);
  }
  let text: string;
  try {
    text = options.text ?? readText(path);
  } catch (error) {
    return fail(path, codeOf(error) === 'ENOENT' ? 'there is no such file' : unreadable(error));
  }
  return { path, text, ...parseLoaded(text, extension, path, options) };
}

function parseLoaded(text: string, extension: ConfigExtension, path: string, options: LoadOptions): Outcome {
  const { value, errors, lineOf } = parseConfigText(text, extension);
  if (errors.length === 0) return finish(path, value, options, lineOf);
  const problems = errors.map(({ line, message }) => withLine(fatal(message), line));
  return { config: null, problems: worthReading(problems), lineOf };
}

function finish(
  path: string | null,
  value: unknown,
  options: LoadOptions,
  lineOf: (path: ConfigProblem['path']) => number | undefined,
): Outcome {
  const parsed = parseConfig(value);
  const problems = [...parsed.problems];
  let config: ResolvedConfig | null = null;
  if (parsed.file !== null) {
    const fromConfig = (name: string) => secretPath(name, path ?? options.directory);
    const stamps = new Map<string, string | undefined>();
    const resolution = resolveConfig(parsed.file, {
      environment: options.environment,
      readFile: (name) => {
        const file = fromConfig(name);
        // Taken before the file is read, so that no change is missed.
        if (!stamps.has(file)) stamps.set(file, stampOf(file));
        return readText(file);
      },
      credential: options.credential ?? null,
      tls: ({ cert, key }) => loadTls({ cert: fromConfig(cert), key: fromConfig(key) }),
      providerTls: (paths) =>
        loadProviderTls(
          Object.fromEntries(Object.entries(paths).map(([name, file]) => [name, fromConfig(file)])),
        ),
      ...(options.overrides !== undefined && { overrides: options.overrides }),
    });
    problems.push(...resolution.problems);
    const secretFiles = [...stamps].map(([file, stamp]) => ({ path: file, stamp }));
    config = { ...resolution.config, secretFiles };
  }
  if (problems.some((problem) => problem.severity === 'fatal')) config = null;
  const located = worthReading(problems).map((problem) =>
    withLine(withoutKeys(problem), lineOf(problem.path)),
  );
  return { config, problems: located, lineOf };
}

/** Each problem once, and no more than a person reads. */
function worthReading(problems: readonly LoadedProblem[]): LoadedProblem[] {
  const different = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  const listed = [...different.values()].slice(0, MOST_PROBLEMS);
  if (different.size > MOST_PROBLEMS) {
    const severity = problems.some((problem) => problem.severity === 'fatal') ? 'fatal' : 'warning';
    listed.push({ severity, path: [], message: 'there are more problems; these come first' });
  }
  return listed;
}

/** `~/` is the home directory; a relative path starts at the configuration file. */
function secretPath(name: string, configPath: string): string {
  return resolve(dirname(configPath), expanded(name));
}

/** One line: file, line, key path, what is wrong. */
export function formatProblem(problem: LoadedProblem, path: string | null): string {
  const where = path === null ? '' : `${path}${problem.line === undefined ? '' : `:${problem.line}`}: `;
  const key = problem.path.length === 0 ? '' : `${formatKeyPath(problem.path)}: `;
  return `${where}${key}${problem.message}`;
}

function fail(path: string, message: string): LoadedConfig {
  return { path, text: null, config: null, problems: [fatal(message)], lineOf: () => undefined };
}

function fatal(message: string): ConfigProblem {
  return { severity: 'fatal', path: [], message };
}

function withLine(problem: ConfigProblem, line: number | undefined): LoadedProblem {
  return line === undefined ? problem : { ...problem, line };
}
