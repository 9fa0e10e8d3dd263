// Writes JSON that contains images and documents: megabytes in single strings without anything to escape.
import { respelled } from './exact-numbers.ts';
import type { JsonValue } from './json.ts';

/** Size of a value in UTF-16 units below which searching for long strings costs more than it saves. */
const LARGE = 1024 * 1024;
/** Length of a string that is handled separately, in UTF-16 units. */
const LONG = 64 * 1024;
/** What JSON must escape: quotes, backslashes, control characters, and halves of surrogate pairs. */
const UNSAFE = String.raw`["\\\u0000-\u001f\ud800-\udfff]`;
const ESCAPED = new RegExp(UNSAFE);
const MARK = '\0long\0';

/**
 * Like `JSON.stringify`, with the original spelling of long numbers, and without halves of surrogate pairs. `JSON.stringify` itself checks
 * each character and copies its text whenever its buffer grows: 10 MB of images take it two to three times as long.
 *
 * @param size approximate length of the text, in UTF-16 units.
 */
export function writeJson(value: JsonValue, size: number): string {
  return wellFormed(respelled(value, written(value, size)));
}

/** Escapes; half of a surrogate pair is captured. */
const ESCAPES = /\\(?:u(d[89a-f][0-9a-f]{2})|.)/g;

/**
 * Clients cut texts in the middle of an emoji. The remaining half is not a character: Anthropic and Google refuse a body that escapes it,
 * and strict clients refuse such an answer. It becomes the replacement character, as in any UTF-8 encoder.
 */
export function wellFormed(json: string): string {
  if (!json.includes(String.raw`\ud`)) return json;
  return json.replace(ESCAPES, (sign, half?: string) => (half === undefined ? sign : '\ufffd'));
}

function written(value: JsonValue, size: number): string {
  if (size < LARGE) return JSON.stringify(value);
  const long: string[] = [];
  const marked = JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'string' || inner.length < LONG || ESCAPED.test(inner)) return inner;
    long.push(inner);
    return MARK;
  });
  const between = marked.split(JSON.stringify(MARK));
  // The text itself contains the mark.
  if (between.length !== long.length + 1) return JSON.stringify(value);
  return between.map((text, index) => (index === 0 ? text : `"${long[index - 1]}"${text}`)).join('');
}
