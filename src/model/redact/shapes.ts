// Tokens that look like a key, or stand in a key's place: whether a text contains any, and the text without them.
import { createScan } from './scan.ts';

interface Shape {
  /** What the pattern begins with, in lower case. */
  hint: string;
  /** What precedes the hint, in lower case. Left out: anything may. */
  before?: string;
  /** Tried where the hint occurs. The text in its first group is kept. */
  pattern: RegExp;
  /** Whether a match may contain a quotation mark. */
  isQuoted: boolean;
  /** False for a match that is not a key. It is skipped whole, since no part of it is a key either. */
  isOne?: (match: string) => boolean;
}

export const REDACTED = '[redacted]';

/** The characters of keys, complete or masked by whoever quotes them (`sk-abc***xyz`, `sk-…xyz`, `sk-...xyz`). */
const KEY = '[\\w*•…-]|\\.(?=[.\\w*•…-])';
/** What may stand within a key, before its last character. */
const WITHIN = '\\w*•….\\-';

/**
 * At least so many characters of a key. A single class is repeated, since the runtime remembers each repetition of a group: that takes a
 * microsecond each, and after a million it gives up, as if the text contained no key.
 */
function key(atLeast: number, more = ''): string {
  return `[${WITHIN}${more}]{${atLeast - 1},}(?:${KEY}${more === '' ? '' : `|[${more}]`})`;
}

/** What tokens contain in addition. */
const OF_TOKENS = '+/=~';

/**
 * The beginning of a key, as opposed to the continuation of a word. A letter or digits before it may end an escape: a line break in JSON
 * (or JSON in JSON), a blank in a URL, a terminal colour.
 */
function beginning(text: string): string {
  const escaped = '\\\\(?:[bfnrt]|u[\\da-f]{4})|%[\\da-f]{2}|\\[[\\d;]*m';
  return `${text}(?<=(?:^|[^a-z\\d]|${escaped})${text})`;
}

/** What may separate a name from its value, even in JSON within JSON. */
const QUOTE = '(?:\\\\*["\'])?';
const IS = `${QUOTE}\\s*[:=]\\s*${QUOTE}`;

const BEHIND_NAME = `(?=[\\w-]*[\\d*•…]|[\\w-]{20}|sk-)${key(1, OF_TOKENS)}`;

/** The same in AWS's answers, which are XML or JSON, in files and in code. */
const IS_OF_AWS = `(?:${IS}|>\\s*)`;
/** A secret of AWS: it has a digit or a sign, since names in code may stand in its place, too. */
const OF_AWS = '(?=[a-z]*[\\d+/])[a-z\\d+/]{16,}=*';

/**
 * Words, years and versions: a name that begins as keys do (`sk-telecom-production-2024`, `sk-hynix-gpt-4o-v2`). Issued keys are random. A
 * key that a person made of words is recognized only after a name such as `api_key=`.
 */
const WORDS = /^[sS][kK](?:[-_.](?:[a-z]{1,15}|[A-Z][a-z]{1,14}|[A-Z]{2,3}|v?\d{1,4}|\d{1,3}[a-z]))+$/;
/** The longest such name, in characters. */
const LONGEST_NAME = 64;

const SHAPES: readonly Shape[] = [
  {
    ...shape('sk-', `${beginning('sk-')}(?:${key(6)}|(?=[\\w-]{0,8}[*•…])${key(1)})`),
    isOne: (match) => match.length > LONGEST_NAME || !WORDS.test(match),
  },
  shape('aiza', `aiza${key(6)}`),
  shape('gsk_', `${beginning('gsk_')}${key(6)}`),
  // xAI's: with many letters and digits, or masked, since a provider's or model's name may begin in the same way (`xai-europe`,
  // `xai-grok-4`).
  shape('xai-', `${beginning('xai-')}(?=[a-z]*\\d|[a-z]{16}|[\\w-]{0,8}(?:[*•…]|\\.\\.))${key(6)}`),
  shape('csk-', `${beginning('csk-')}${key(6)}`),
  shape('nvapi-', `${beginning('nvapi-')}${key(6)}`),
  shape('ya29.', `${beginning('ya29\\.')}${key(6)}`),
  shape('tgp_v1_', `${beginning('tgp_v1_')}${key(16)}`),
  // Fireworks': with a digit, since names in code also begin with `fw_`.
  shape('fw_', `${beginning('fw_')}(?=[a-z]*\\d)[a-z\\d]{20,}`),
  // Perplexity's among others: names of its models begin as its keys do (`pplx-embed-context-v1-4b`).
  ...['pplx-', 'hf_', 'npm_', 'github_pat_', ...['p', 'o', 'u', 's', 'r'].map((kind) => `gh${kind}_`)].map(
    (hint) => random(hint),
  ),
  // Stripe's: secret and restricted.
  ...['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_'].map((hint) => random(hint)),
  // For webhooks: Stripe's, and OpenAI's, which are base64.
  // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
  random('whsec_', OF_TOKENS),
  shape('glpat-', `${beginning('glpat-')}${key(16)}`),
  // Slack's: of bots and users, also if they are renewed (`xoxe.xoxp-1-…`), and of apps. Former ones, `xoxo-`, begin with long numbers.
  // https://github.com/gitleaks/gitleaks/blob/master/cmd/generate/config/rules/slack.go A digit is required in the first part only:
  // searching the rest for one, for each of many beginnings in a row, would take time quadratic in their number.
  shape('xox', `${beginning('xox')}(?:[a-np-z]|o(?=-\\d{8}))(?:\\.xox[a-z])?-(?=[a-z%]*\\d)${key(10, '%')}`),
  shape('xapp-', `${beginning('xapp-')}(?=\\d)${key(10)}`),
  // Amazon Bedrock's, long-term (base64, but not within other base64) and short-term.
  shape('absk', `(?<![+/])${beginning('absk')}[\\w+/]{40,}=*`),
  shape('api-key', `(?<=bedrock-)(api-key-)[\\w+/%]{16,}=*`),
  // JSON Web Tokens: three base64url parts, the first of which begins with `{"`.
  {
    ...shape('eyj', `${beginning('eyj')}[\\w-]{8,}(?:\\.[\\w-]{4,}\\.[\\w-]*)?`),
    isOne: (match) => match.includes('.'),
  },
  // Any token after `Bearer`, but not the words that follow it in prose.
  shape(
    'bearer',
    `(${beginning('bearer')}(?:\\s|%20)+)` +
      '(?!(?:tokens?|auth\\w*|schemes?|keys?|headers?|credentials?|formats?|realm\\b|in|is|or|and|of|to|for|with|on|from|not|was|has|must|can|will)\\b(?!-|\\.\\w))' +
      key(1, OF_TOKENS),
  ),
  named('authorization', `authorization${IS}basic\\s+`, '[\\w+/=-]+'),
  // Only what cannot be a word of prose: contains a digit or a mask, or is long.
  named('authorization', `authorization${IS}(?:token\\s+(?:token=${QUOTE})?)?`, BEHIND_NAME),
  named('x-sluice-key', `x-sluice-key${IS}`, BEHIND_NAME),
  named('api-key', `api-key${IS}`, BEHIND_NAME),
  named('api_key', `api_key${IS}`, BEHIND_NAME),
  named('apikey', `apikey${IS}`, BEHIND_NAME),
  named('api key', `api key(?: provided)?${IS}`, BEHIND_NAME),
  // Session and login tokens. AWS quotes the former in its errors about signatures.
  named('security-token', `security-token${IS}`, '[\\w+/=%-]{16,}'),
  // Tokens for MCP servers, which the provider calls: Anthropic's field, and headers (`x-auth-token`) in the body of OpenAI's.
  named('authorization_token', `authorization_token${IS}`, '[\\w.+/=~-]{8,}'),
  named('-token', `-token${IS}`, '(?=[\\w.-]*\\d)[\\w.+/=~-]{16,}'),
  ...['-auth', '-token', '-secret', '-password'].map((name) => inHeaders(name)),
  // Other headers with such names identify requests and sessions.
  ...['api-key', 'auth-key', 'access-key', 'secret-key'].map((name) => inHeaders(name, '-')),
  named('access_token', `access_token${IS}`, '[\\w.+/=~-]{12,}'),
  { ...named('secret', `secret${IS}`, '[\\w.~-]{8,}'), before: 'client_' },
  // As in a listed environment, a file of variables, `~/.aws/credentials`, or an answer of AWS.
  named('secret', `secret_?access_?key${IS_OF_AWS}`, OF_AWS),
  named('session_token', `session_token${IS_OF_AWS}`, OF_AWS),
  // Programs use this name for values of their own, too (`sessionToken = base64EncodedToken`), so a sign is required, or more length than
  // names in code have.
  named('sessiontoken', `sessiontoken${IS_OF_AWS}`, `(?=[a-z\\d]*[+/]|[a-z\\d]{48})${OF_AWS}`),
  ...['key=', 'token=', 'password='].map((name) => inQuery(name)),
  inQuery('secret=', 'secret'),
  // scheme://user:password@host, or a token in place of both.
  shape('://', '(:\\/\\/)(?:[^\\s/@:"\']*:[^\\s/@"\']+|[\\w.~-]{20,})(?=@)'),
];

function shape(hint: string, source: string): Shape {
  return { hint, pattern: new RegExp(source, 'iy'), isQuoted: false };
}

/**
 * A key after a beginning that names in code also have (`hf_hub_download`, `npm_config_registry`): with more letters and digits in a row
 * than any word (Hugging Face's have 34 letters, without a digit), or with fewer that include a digit, or masked, but not if the mask
 * stands for parts of such a name (`npm_config_*`, `hf_hub_...`).
 * @param signs that count as its letters.
 */
function random(hint: string, signs = ''): Shape {
  const one = `[a-z\\d${signs}]`;
  const isOne = `${one}{22}|(?=[a-z${signs}]*\\d)${one}{16}|${one}{0,8}(?:[*•…]|\\.\\.)`;
  return shape(hint, `${beginning(hint)}(?=${isOne})${key(6, signs)}`);
}

/** A value after a name. */
function named(hint: string, name: string, value: string): Shape {
  return { ...shape(hint, `(${name})${value}`), isQuoted: true };
}

/**
 * The value of a header whose name ends in this way, among those that the provider is to send to an MCP server. In JSON, letters alone are
 * enough there, but not in JSON within JSON, which is what people talk about. Its escapes are counted, since the runtime remembers each
 * repetition of a group.
 */
function inHeaders(name: string, before = ''): Shape {
  return named(
    name,
    `${name}(?<="x(?:-[\\w-]{0,40})?${before}${name})":\\s*"`,
    `(?=(?:[^"\\\\]|\\\\.){6})(?:[^"\\\\]+|\\\\.){1,1000}`,
  );
}

/**
 * The value of a query parameter whose name ends with `name`, unless redacted already. What precedes it is checked last, since it may be
 * long.
 */
function inQuery(name: string, hint = name): Shape {
  return shape(hint, `(${name})(?<=[?&][\\w-]*${name})(?!\\[redacted\\])[^&#\\s"'<>\`)\\]]+`);
}

const HINTS = [...new Set(SHAPES.map(({ hint }) => hint))];
/** The indices of the shapes of each hint. */
const HINTED = HINTS.map((hint) => [...SHAPES.keys()].filter((index) => SHAPES[index]?.hint === hint));
const scan = createScan(HINTS);

interface Span {
  start: number;
  /** The offset after its last character. */
  end: number;
}

/**
 * Tries patterns only where their hints are: a long text with many hints takes hardly longer than one without any. The spans are unordered.
 */
function findKeys(text: string, hinted?: (shape: Shape) => void): Span[] {
  const spans: Span[] = [];
  /** Shape index → the end of its last match. */
  const passed: number[] = [];
  scan(text, (hint, at) => {
    for (const index of HINTED[hint] ?? []) {
      const one = SHAPES[index];
      if (one === undefined || at < (passed[index] ?? 0)) continue;
      if (one.before !== undefined && !endsIn(one.before, text, at)) continue;
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

/** Whether `text` up to `at` ends in the words, in any capitalisation. */
function endsIn(words: string, text: string, at: number): boolean {
  return text.slice(Math.max(0, at - words.length), at).toLowerCase() === words;
}

/** The text with each key replaced by `[redacted]` and its name left in place; the text itself if there is none. */
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

/** Whether a text may contain a key; `stretches` contains each stretch of it that has no quotation mark. */
export function mayHoldKeyShape(stretches: string): boolean {
  let mayBeQuoted = false;
  const spans = findKeys(stretches, ({ isQuoted }) => {
    mayBeQuoted ||= isQuoted;
  });
  return mayBeQuoted || spans.length > 0;
}
