// The value of a configuration file → a valid ConfigFile, or every reason why it is not valid.
import { isObject } from '../model/json/json.ts';
import { REDACTED, withoutKeyShapes } from '../model/redact/shapes.ts';
import { PROVIDER_KINDS } from '../providers/kinds.ts';
import { describeIssue } from './describe-issue.ts';
import { suggestion } from '../model/nearest.ts';
import { otherGatewaysHint } from './other-gateways.ts';
import { type ConfigProblem, type KeyPath, MOST_PROBLEMS } from './problem.ts';
import { optionNames } from './resolve-address.ts';
import { type ConfigFile, configSchema } from './schema.ts';
import { knownBelow } from './json-schema.ts';

export interface ParsedConfig {
  /** Null if a problem is fatal. */
  file: ConfigFile | null;
  problems: ConfigProblem[];
}

/** `raw`: the file's value as its format gives it; null for an empty file. */
export function parseConfig(raw: unknown): ParsedConfig {
  const problems: ConfigProblem[] = [];
  const tidy = raw === null || raw === undefined ? {} : tidied(raw, []);
  for (const [path, message] of wrongNames(tidy, [])) problems.push({ severity: 'fatal', path, message });
  if (problems.length > 0) return { file: null, problems };
  const result = configSchema.safeParse(tidy);
  if (result.success) return { file: result.data, problems };
  for (const issue of result.error.issues) {
    if (problems.length > MOST_PROBLEMS) break;
    // Each unknown key is compared with all known ones, so only one more than can be listed is checked.
    const some =
      issue.code === 'unrecognized_keys' ? { ...issue, keys: issue.keys.slice(0, MOST_PROBLEMS + 1) } : issue;
    for (const problem of describeIssue(some, tidy, unknownKey))
      problems.push({ severity: 'fatal', ...problem });
  }
  return { file: null, problems };
}

/**
 * Copies the value without keys that are not Sluice's. A section or provider entry that is empty in YAML (`anthropic:` with nothing after
 * it) is null there, and becomes a section with its defaults, or `{}`.
 */
function tidied(value: unknown, path: KeyPath): unknown {
  if (value === null && isSection(path)) return path.length === 1 ? undefined : {};
  if (!isObject(value)) return value;
  const kept = Object.entries(value).map(([key, inner]) => [key, tidied(inner, [...path, key])]);
  // A key for editors, which names the JSON Schema.
  return Object.fromEntries(path.length === 0 ? kept.filter(([key]) => key !== '$schema') : kept);
}

/**
 * Paths of keys that are not valid names, and why. An object that occurs in several places is visited once, since options of a module may
 * contain themselves.
 */
function wrongNames(
  value: unknown,
  path: KeyPath,
  seen = new Set<object>(),
): [path: KeyPath, message: string][] {
  if (typeof value !== 'object' || value === null || seen.has(value)) return [];
  seen.add(value);
  return Object.entries(value).flatMap(([key, inner]): [KeyPath, string][] => {
    const message = whyNoName(key);
    if (message !== undefined) return [[[...path, key], message]];
    return wrongNames(inner, [...path, Array.isArray(value) ? Number(key) : key], seen);
  });
}

/** Shorter texts with the shape of a key may be a company's name (`sk-telecom`). */
const SHORTEST_KEY = 24;

function whyNoName(key: string): string | undefined {
  // The schema's tables of names would drop it silently.
  if (key === '__proto__') return 'nothing can have this name; choose another';
  // Names are in every row, page and metric. What looks like a key within a name is none (`lab/whisper-sk-large-v3-2024`).
  if (key.length >= SHORTEST_KEY && /\d/.test(key) && withoutKeyShapes(key).startsWith(REDACTED))
    return 'a key stands in the place of a name; choose a name, and say the key in its place (api_key: env:NAME)';
  return undefined;
}

function isSection(path: KeyPath): boolean {
  return path.length === 1 || (path.length === 2 && path[0] === 'providers');
}

function unknownKey(path: KeyPath, key: string): string {
  const known = knownBelow(path);
  const hint =
    sectionHint(path, key) || otherGatewaysHint(path, key) || suggestion(key, known) || optionHint(path, key);
  return `unknown key${hint || `; known here: ${known.join(', ')}`}`;
}

/** A hint for a key that belongs in a section and was written at the top. */
function sectionHint(path: KeyPath, key: string): string {
  if (path.length > 0) return '';
  const isProvider = PROVIDER_KINDS.some(({ kind }) => kind === key);
  const section = isProvider ? 'providers' : knownBelow([]).find((each) => knownBelow([each]).includes(key));
  return section === undefined ? '' : `; it belongs under ${section}`;
}

/** A hint for address options, which belong one level deeper and are often written here. */
function optionHint(path: KeyPath, key: string): string {
  const isProvider = path.length === 2 && path[0] === 'providers';
  const isOption = isProvider && PROVIDER_KINDS.some((kind) => optionNames(kind).has(key));
  return isOption ? `; say options: { ${key}: … }` : '';
}
