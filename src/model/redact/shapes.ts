// Tokens that have the shape of a key, or stand where keys stand: whether a text holds any, and the text without them.
import { createScan } from './scan.ts';

interface Shape {
  /** In lower case: what the pattern begins with. */
  hint: string;
  /** Tried where a hint stands. What it takes into its first group stays. */
  pattern: RegExp;
  /** A quotation mark may be in it. */
  isQuoted: boolean;
  /** Of what the pattern matches, also what is none: it is passed over whole, since no part of it is one either. */
  isOne?: (match: string) => boolean;
}

export const REDACTED = '[redacted]';

/** What keys are made of, in full or masked by whoever quotes them (`sk-abc***xyz`, `sk-…xyz`, `sk-...xyz`). */
const KEY = '[\\w*•…-]|\\.(?=[.\\w*•…-])';

/**
 * The beginning of a key: no word goes on with it. The letter or the digits before it may be the end of an escape: of a
 * line's end in JSON (in JSON in JSON too), of a blank in a URL, of a terminal's colour.
 */
function beginning(text: string): string {
  const escaped = '\\\\(?:[bfnrt]|u[\\da-f]{4})|%[\\da-f]{2}|\\[[\\d;]*m';
  return `${text}(?<=(?:^|[^a-z\\d]|${escaped})${text})`;
}

/** What stands between a name and its value, in JSON in JSON too. */
const QUOTE = '(?:\\\\*["\'])?';
const IS = `${QUOTE}\\s*[:=]\\s*${QUOTE}`;

const BEHIND_NAME = `(?=[\\w-]*[\\d*•…]|[\\w-]{20})(?:${KEY}|[+/=~])+`;

const SHAPES: readonly Shape[] = [
  shape('sk-', `${beginning('sk-')}(?:(?:${KEY}){6,}|(?=[\\w-]{0,8}[*•…])(?:${KEY})+)`),
  shape('aiza', `aiza(?:${KEY}){6,}`),
  shape('gsk_', `${beginning('gsk_')}(?:${KEY}){6,}`),
  shape('xai-', `${beginning('xai-')}(?:${KEY}){6,}`),
  shape('csk-', `${beginning('csk-')}(?:${KEY}){6,}`),
  shape('nvapi-', `${beginning('nvapi-')}(?:${KEY}){6,}`),
  shape('pplx-', `${beginning('pplx-')}(?:${KEY}){16,}`),
  shape('hf_', `${beginning('hf_')}(?:${KEY}){16,}`),
  shape('ya29.', `${beginning('ya29\\.')}(?:${KEY}){6,}`),
  // JSON web tokens: three base64url parts, the first of which begins with `{"`.
  {
    ...shape('eyj', `${beginning('eyj')}[\\w-]{8,}(?:\\.[\\w-]{4,}\\.[\\w-]*)?`),
    isOne: (match) => match.includes('.'),
  },
  // Any token after `Bearer`, but not the words that prose puts there.
  shape(
    'bearer',
    `(${beginning('bearer')}(?:\\s|%20)+)` +
      '(?!(?:tokens?|auth\\w*|schemes?|keys?|headers?|credentials?|formats?|realm\\b|in|is|or|and|of|to|for|with|on|from|not|was|has|must|can|will)\\b(?![-.]))' +
      `(?:${KEY}|[+/=~])+`,
  ),
  named('authorization', `authorization${IS}basic\\s+`, '[\\w+/=-]+'),
  // Only what cannot be a word of prose: with a digit or mask in it, or long.
  named('authorization', `authorization${IS}(?:token\\s+)?`, BEHIND_NAME),
  named('x-sluice-key', `x-sluice-key${IS}`, BEHIND_NAME),
  named('api-key', `api-key${IS}`, BEHIND_NAME),
  named('api_key', `api_key${IS}`, BEHIND_NAME),
  named('apikey', `apikey${IS}`, BEHIND_NAME),
  named('api key', `api key(?: provided)?${IS}`, BEHIND_NAME),
  // Of sessions and of those who log in. AWS quotes the first in what it says of a signature.
  named('security-token', `security-token${IS}`, '[\\w+/=%-]{16,}'),
  named('access_token', `access_token${IS}`, '[\\w.+/=~-]{12,}'),
  named('client_secret', `client_secret${IS}`, '[\\w.~-]{8,}'),
  ...['key=', 'token=', 'secret=', 'password='].map(inQuery),
  // scheme://user:password@host, or a token in place of both.
  shape('://', '(:\\/\\/)(?:[^\\s/@:"\']*:[^\\s/@"\']+|[\\w.~-]{20,})(?=@)'),
];

function shape(hint: string, source: string): Shape {
  return { hint, pattern: new RegExp(source, 'iy'), isQuoted: false };
}

/** What stands behind a name. */
function named(hint: string, name: string, value: string): Shape {
  return { ...shape(hint, `(${name})${value}`), isQuoted: true };
}

/** The value of a parameter whose name ends so; what is redacted already is none. */
function inQuery(hint: string): Shape {
  return shape(hint, `(?<=[?&][\\w-]*)(${hint})(?!\\[redacted\\])[^&#\\s"'<>\`)\\]]+`);
}

const HINTS = [...new Set(SHAPES.map(({ hint }) => hint))];
/** For each hint the numbers of its shapes. */
const HINTED = HINTS.map((hint) => [...SHAPES.keys()].filter((index) => SHAPES[index]?.hint === hint));
const scan = createScan(HINTS);

interface Span {
  start: number;
  /** Behind its last character. */
  end: number;
}

/**
 * Tries the patterns where their hints are and nowhere else: a long text with many hints takes hardly longer than one
 * with none. In no order.
 */
function findKeys(text: string, hinted?: (shape: Shape) => void): Span[] {
  const spans: Span[] = [];
  /** By shape, where the last match ends. */
  const passed: number[] = [];
  scan(text, (hint, at) => {
    for (const index of HINTED[hint] ?? []) {
      const one = SHAPES[index];
      if (one === undefined || at < (passed[index] ?? 0)) continue;
      hinted?.(one);
      one.pattern.lastIndex = at;
      const match = one.pattern.exec(text);
      if (match === null) continue;
      const end = at + match[0].length;
      passed[index] = end;
      if (one.isOne?.(match[0]) !== false) spans.push({ start: at + (match[1]?.length ?? 0), end });
    }
  });
  return spans;
}

/** Each replaced by `[redacted]`, what names it left in place; the text itself where there is none. */
export function withoutKeyShapes(text: string): string {
  const spans = findKeys(text);
  if (spans.length === 0) return text;
  const parts: string[] = [];
  let at = 0;
  for (const { start, end } of spans.sort((one, other) => one.start - other.start)) {
    // Two shapes may find the same key.
    if (start >= at) parts.push(text.slice(at, start), REDACTED);
    at = Math.max(at, end);
  }
  parts.push(text.slice(at));
  return parts.join('');
}

/** Whether a text may hold one, of which this one has every stretch without a quotation mark. */
export function mayHoldKeyShape(stretches: string): boolean {
  let mayBeQuoted = false;
  const spans = findKeys(stretches, ({ isQuoted }) => {
    mayBeQuoted ||= isQuoted;
  });
  return mayBeQuoted || spans.length > 0;
}
