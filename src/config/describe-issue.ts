// Describes what the schema finds wrong with a value, saying what is expected there.
import type { z } from 'zod';
import { isObject } from '../model/json/json.ts';
import { suggestion } from '../model/nearest.ts';
import type { ConfigProblem, KeyPath } from './problem.ts';

/**
 * @param raw the whole value that was checked.
 * @param unknown makes the words for an unknown key from the path of the object that holds it.
 */
export function describeIssue(
  issue: z.core.$ZodIssue,
  raw: unknown,
  unknown: (path: KeyPath, key: string) => string,
): Pick<ConfigProblem, 'path' | 'message'>[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  const one = (message: string) => [{ path, message }];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], message: unknown(path, key) }));
    case 'invalid_type': {
      const found = valueAt(raw, path);
      const expected = issue.message.startsWith('expected')
        ? issue.message
        : `expected ${nameType(issue.expected)}`;
      if (found === undefined) return one(`is missing; ${expected}`);
      const isTable = issue.expected === 'record' && Array.isArray(found);
      const mend = isTable ? '; write each entry below its name, NAME: …' : mendOf(expected, found);
      return one(`${expected}, found ${kindOf(found)}${mend}`);
    }
    case 'invalid_value': {
      const found = valueAt(raw, path);
      const values = issue.values.map(String);
      const hint = typeof found === 'string' ? suggestion(found, values) : '';
      return one(`${found === undefined ? 'is missing; ' : ''}expected one of ${values.join(', ')}${hint}`);
    }
    case 'invalid_key': {
      const name = JSON.stringify(path.at(-1));
      return issue.issues.map((inner) => ({
        path,
        message: inner.code === 'too_small' ? 'the name is empty' : `${name} ${inner.message}`,
      }));
    }
    case 'invalid_union': {
      // The value's type shows which variant was meant, so only that variant's mistakes are reported.
      const meant = issue.errors.find((variant) => !variant.some(isWrongType));
      const inner = meant?.map((each) => ({ ...each, path: [...issue.path, ...each.path] })) ?? [];
      if (inner.length > 0) return inner.flatMap((each) => describeIssue(each, raw, unknown));
      const found = valueAt(raw, path);
      return one(
        found === undefined ? `is missing; ${issue.message}` : `${issue.message}, found ${kindOf(found)}`,
      );
    }
    case 'too_small':
      return one(
        issue.origin === 'string' || issue.origin === 'array'
          ? 'is empty'
          : `expected at least ${issue.minimum}`,
      );
    case 'too_big':
      return one(`expected at most ${issue.maximum}`);
    default:
      return one(issue.message);
  }
}

/** Also true if the variant is a fixed word and the value is another. */
function isWrongType({ code, path }: z.core.$ZodIssue): boolean {
  return (code === 'invalid_type' || code === 'invalid_value') && path.length === 0;
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

/** Text that would have the expected type without its quotes. */
const QUOTED: Record<string, RegExp> = {
  'expected a number': /^-?\d+(\.\d+)?$/,
  'expected a whole number': /^-?\d+$/,
  'expected true or false': /^(true|false)$/,
};

/** `port:8088`, which YAML reads as text. */
const KEY_WITHOUT_SPACE = /^[a-z_]+:\S/;

/** What to do about a value that is right, but that the file's format reads as another type. */
function mendOf(expected: string, found: unknown): string {
  const isPlain = typeof found === 'number' || typeof found === 'boolean';
  if (expected === 'expected a string') return isPlain ? '; write it in quotes' : '';
  if (typeof found !== 'string') return '';
  if (expected === 'expected a list') return '; write it in brackets, [ … ]';
  if (expected === 'expected a section of keys' && KEY_WITHOUT_SPACE.test(found)) {
    return '; a space is missing after a colon';
  }
  return QUOTED[expected]?.test(found) ? '; write it without quotes' : '';
}

/** What kind of value was found instead. The value itself is not shown, since it may be a secret in the wrong place. */
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
