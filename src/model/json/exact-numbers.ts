// Whole numbers that are too long for JavaScript's own: ids of 64 bits in a call's arguments would be other ids behind
// `JSON.parse`, and nobody would see it. Their spelling is kept beside the tree, and told again where its text is made.
import { isObject, type JsonObject, type JsonValue } from './json.ts';

/** Behind what numbers stand behind, as clients write them and as we do; in a string it only costs a second look. */
const LONG_NUMBER = /[[:,]\s*-?(?:\d{16}|\d[\d.]*e\+\d\d)/;

const MANY_DIGITS = /\d{16}/;

/** Cheap where there is none: each request and answer is looked through, megabytes of base64 among them. */
function mayHoldLong(text: string): boolean {
  return (MANY_DIGITS.test(text) || text.includes('e+')) && LONG_NUMBER.test(text);
}

/** By object or list, then by key. What is copied out of it is what JavaScript makes of it. */
const spellings = new WeakMap<object, Map<string, string>>();

type Reviver = (this: object, key: string, value: unknown, context: { source?: string }) => unknown;
// https://tc39.es/proposal-json-parse-with-source
const { parse, rawJSON } = JSON as unknown as {
  parse(text: string, reviver: Reviver): JsonValue;
  rawJSON(text: string): JsonValue;
};

/** The spelling of a whole number that is another one when it is read. */
function exactSpelling(value: unknown, source: string | undefined): string | undefined {
  if (typeof value !== 'number' || source === undefined || source.length < 16) return undefined;
  return /^-?\d+$/.test(source) && String(value) !== source ? source : undefined;
}

/** `JSON.parse`, remembering. */
export function readJson(text: string): JsonValue {
  if (!mayHoldLong(text)) return JSON.parse(text);
  try {
    return parse(text, function (key, value, { source }) {
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
  } catch (thrown) {
    // So deep that the second look has no room for it.
    if (thrown instanceof RangeError) return JSON.parse(text);
    throw thrown;
  }
}

/** The object that `text` holds, remembered; undefined where it is not JSON or not an object. */
export function readObject(text: string): JsonObject | undefined {
  try {
    const value = readJson(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `JSON.stringify` of what `readJson` gave, or of a tree that holds some of it. */
export function exactText(value: JsonValue): string {
  return respelled(value, JSON.stringify(value));
}

/** @param text that `JSON.stringify` gives of the value. */
export function respelled(value: JsonValue, text: string): string {
  if (!mayHoldLong(text)) return text;
  return JSON.stringify(value, function (this: object, key, inner: unknown) {
    const spelling = typeof inner === 'number' ? spellings.get(this)?.get(key) : undefined;
    return spelling === undefined || Number(spelling) !== inner ? inner : rawJSON(spelling);
  });
}

/**
 * The object that the text of a call's arguments holds, to be written and not to be looked into: its long numbers are
 * text that `JSON.stringify` writes as it is. Undefined where it is not JSON or not an object.
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
