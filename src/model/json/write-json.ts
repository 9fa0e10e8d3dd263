// JSON of what holds images and documents: megabytes in single strings, in which nothing is to be escaped.
import { respelled } from './exact-numbers.ts';
import type { JsonValue } from './json.ts';

/** Of a whole value, in UTF-16 units: below it, looking for long strings would cost more than it saves. */
const LARGE = 1024 * 1024;
/** Of one string. */
const LONG = 64 * 1024;
/** What JSON does not hold as it is: quotes, backslashes, control characters, and halves of surrogate pairs. */
const UNSAFE = String.raw`["\\\u0000-\u001f\ud800-\udfff]`;
const ESCAPED = new RegExp(UNSAFE);
const MARK = '\0long\0';

/**
 * What `JSON.stringify` gives, with long numbers as they came and whole characters alone. That looks at each letter, and
 * copies its text whenever that outgrows its place: 10 MB of images take it two to three times as long.
 *
 * @param size about how long it is, in UTF-16 units.
 */
export function writeJson(value: JsonValue, size: number): string {
  return wellFormed(respelled(value, written(value, size)));
}

/** Escapes, the half of a surrogate pair apart. */
const ESCAPES = /\\(?:u(d[89a-f][0-9a-f]{2})|.)/g;

/**
 * Clients cut texts in the middle of an emoji. What is left of it is no character, and Anthropic and Google refuse a body
 * that escapes it: the sign for one that is lost stands there, as in what any encoder of UTF-8 makes of it.
 */
function wellFormed(json: string): string {
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
  // Somebody else says the mark, too.
  if (between.length !== long.length + 1) return JSON.stringify(value);
  return between.map((text, index) => (index === 0 ? text : `"${long[index - 1]}"${text}`)).join('');
}
