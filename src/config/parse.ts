// What a configuration file holds → a valid ConfigFile, or every reason why it is none.
import type { z } from 'zod';
import { isObject } from '../model/json.ts';
import { PROVIDER_KINDS } from '../providers/kinds.ts';
import { suggestion } from './nearest.ts';
import type { ConfigProblem, KeyPath } from './problem.ts';
import { optionNames } from './resolve-address.ts';
import { type ConfigFile, configSchema } from './schema.ts';
import { knownBelow } from './schema-keys.ts';

export interface ParsedConfig {
  /** Null where a problem is fatal. */
  file: ConfigFile | null;
  problems: ConfigProblem[];
}

/** `raw`: the file's value as its format gives it; null for an empty file. */
export function parseConfig(raw: unknown): ParsedConfig {
  const problems: ConfigProblem[] = [];
  const tidy = raw === null || raw === undefined ? {} : tidied(raw, []);
  const result = configSchema.safeParse(tidy);
  if (result.success) return { file: result.data, problems };
  for (const issue of result.error.issues) problems.push(...describeIssue(issue, tidy));
  return { file: null, problems };
}

/**
 * A copy without what is no key of ours. A section or provider entry that is empty in YAML (`anthropic:` with
 * nothing behind it) is null there and becomes `{}`.
 */
function tidied(value: unknown, path: KeyPath): unknown {
  if (!isObject(value)) return value === null && isSection(path) ? {} : value;
  const kept = Object.entries(value).map(([key, inner]) => [key, tidied(inner, [...path, key])]);
  // An editor's own key, which names the JSON Schema.
  return Object.fromEntries(path.length === 0 ? kept.filter(([key]) => key !== '$schema') : kept);
}

function isSection(path: KeyPath): boolean {
  return path.length === 1 || (path.length === 2 && path[0] === 'providers');
}

function describeIssue(issue: z.core.$ZodIssue, raw: unknown): ConfigProblem[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  const fatal = (message: string, at: KeyPath = path): ConfigProblem => ({
    severity: 'fatal',
    path: at,
    message,
  });
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        const known = knownBelow(path);
        const hint = suggestion(key, known) || optionHint(path, key) || `; known here: ${known.join(', ')}`;
        return fatal(`unknown key${hint}`, [...path, key]);
      });
    case 'invalid_type': {
      const found = valueAt(raw, path);
      const expected = issue.message.startsWith('expected')
        ? issue.message
        : `expected ${nameType(issue.expected)}`;
      return [fatal(found === undefined ? `is missing; ${expected}` : `${expected}, found ${kindOf(found)}`)];
    }
    case 'invalid_value': {
      const found = valueAt(raw, path);
      const values = issue.values.map(String);
      const hint = typeof found === 'string' ? suggestion(found, values) : '';
      return [fatal(`expected one of ${values.join(', ')}${hint}`)];
    }
    case 'invalid_key': {
      const name = JSON.stringify(path.at(-1));
      return issue.issues.map((inner) => fatal(`${name} ${inner.message}`));
    }
    case 'invalid_union': {
      // What was meant is told by its type: of that variant alone the mistakes are told.
      const meant = issue.errors.find((variant) => !variant.some(isWrongType));
      const inner = meant?.map((each) => ({ ...each, path: [...issue.path, ...each.path] })) ?? [];
      if (inner.length > 0) return inner.flatMap((each) => describeIssue(each, raw));
      return [fatal(`${issue.message}, found ${kindOf(valueAt(raw, path))}`)];
    }
    case 'too_small':
      return [
        fatal(
          issue.origin === 'string' || issue.origin === 'array'
            ? 'is empty'
            : `expected at least ${issue.minimum}`,
        ),
      ];
    case 'too_big':
      return [fatal(`expected at most ${issue.maximum}`)];
    default:
      return [fatal(issue.message)];
  }
}

/** What an address is made of stands one level below, and everybody writes it here first. */
function optionHint(path: KeyPath, key: string): string {
  const isProvider = path.length === 2 && path[0] === 'providers';
  const isOption = isProvider && PROVIDER_KINDS.some((kind) => optionNames(kind).has(key));
  return isOption ? `; say options: { ${key}: … }` : '';
}

function isWrongType(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'invalid_type' && issue.path.length === 0;
}

const TYPE_NAMES: Record<string, string> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a section of keys',
  record: 'a section of keys',
};

function nameType(expected: string): string {
  return TYPE_NAMES[expected] ?? expected;
}

/** What is there instead. Its value is not told: it may be a secret at the wrong place. */
function kindOf(value: unknown): string {
  if (value === null) return 'nothing (null)';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a section of keys';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a number with a fraction';
  return typeof value === 'boolean' ? 'true or false' : `a ${typeof value}`;
}

function valueAt(raw: unknown, path: KeyPath): unknown {
  let value = raw;
  for (const part of path) {
    if (Array.isArray(value)) value = value[Number(part)];
    else if (isObject(value)) value = value[part];
    else return undefined;
  }
  return value;
}
