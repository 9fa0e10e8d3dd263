// Whole numbers that are too long for JavaScript: `JSON.parse` would silently change 64-bit ids in a call's arguments. Their spelling is
// kept beside the tree, and written again when the tree becomes text.
import { isObject, type JsonObject, type JsonValue, notTooDeep, parseJson } from './json.ts';

/** A long number after what may precede numbers; a match within a string only costs a closer look. */
const LONG_NUMBER = /[[:,]\s*-?(?:\d{16}|\d[\d.]*e\+\d\d)/;

const MANY_DIGITS = /\d{16}/;

/** Must be cheap if there is none, since every request and answer is searched, even megabytes of base64. */
function mayHoldLong(text: string): boolean {
  return (MANY_DIGITS.test(text) || text.includes('e+')) && LONG_NUMBER.test(text);
}

/** By object or list, then by key. A value copied elsewhere loses its spelling. */
const spellings = new WeakMap<object, Map<string, string>>();

type Reviver = (this: object, key: string, value: unknown, context: { source?: string }) => unknown;
// https://tc39.es/proposal-json-parse-with-source
const { parse, rawJSON } = JSON as unknown as {
  parse(text: string, reviver: Reviver): JsonValue;
  rawJSON(text: string): JsonValue;
};

/** The spelling of a whole number that JavaScript would read as a different one. */
function exactSpelling(value: unknown, source: string | undefined): string | undefined {
  if (typeof value !== 'number' || source === undefined || source.length < 16) return undefined;
  return /^-?\d+$/.test(source) && String(value) !== source ? source : undefined;
}

/** Like `parseJson`, but keeps the spellings of long numbers. */
export function readJson(text: string): JsonValue {
  if (!mayHoldLong(text)) return parseJson(text);
  const value = parse(text, function (key, value, { source }) {
    const spelling = exactSpelling(value, source);
    if (spelling === undefined) return value;
    let known = spellings.get(this);
    if (known === undefined) {
      known = new Map();
      spellings.set(this, known);
    }
    known.set(key, spelling);
    return value;
  });
  return notTooDeep(value, text);
}

/** The object in `text`, with spellings kept; undefined if it is not JSON or not an object. */
export function readObject(text: string): JsonObject | undefined {
  try {
    const value = readJson(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Like `JSON.stringify`, for a tree from `readJson`, or one that contains parts of it. */
export function exactText(value: JsonValue): string {
  return respelled(value, JSON.stringify(value));
}

/** @param text the value's `JSON.stringify`. */
export function respelled(value: JsonValue, text: string): string {
  if (!mayHoldLong(text)) return text;
  return JSON.stringify(value, function (this: object, key, inner: unknown) {
    const spelling = typeof inner === 'number' ? spellings.get(this)?.get(key) : undefined;
    return spelling === undefined || Number(spelling) !== inner ? inner : rawJSON(spelling);
  });
}

/**
 * The object in a call's argument text, to be written but not read: its long numbers are raw text, which `JSON.stringify` writes unchanged.
 * Undefined if it is not JSON or not an object.
 */
export function argumentsToWrite(text: string): JsonObject | undefined {
  const object = readObject(text);
  if (object === undefined || !mayHoldLong(text)) return object;
  const written = parse(text, (_, value, { source }) => {
    const spelling = exactSpelling(value, source);
    return spelling === undefined ? value : rawJSON(spelling);
  });
  return isObject(written) ? written : undefined;
}
