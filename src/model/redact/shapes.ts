// Tokens with the shape of a key, or in a key's place: whether a text contains any, and the text without them.
import { createScan } from './scan.ts';

interface Shape {
  /** In lower case: what the pattern begins with. */
  hint: string;
  /** In lower case, what stands before the hint. Left out: anything may. */
  before?: string;
  /** Tried where the hint occurs. The text in its first group is kept. */
  pattern: RegExp;
  /** It may contain a quotation mark. */
  isQuoted: boolean;
  /** False for a match that is not a key: it is skipped whole, since no part of it is one either. */
  isOne?: (match: string) => boolean;
}

export const REDACTED = '[redacted]';

/** The characters of keys, complete or masked by whoever quotes them (`sk-abc***xyz`, `sk-…xyz`, `sk-...xyz`). */
const KEY = '[\\w*•…-]|\\.(?=[.\\w*•…-])';
/** What may stand in a key before its last character. */
const WITHIN = '\\w*•….\\-';

/**
 * At least so many characters of a key. One class is repeated, since of a group each repetition is remembered: the runtime takes a
 * microsecond for it, and gives up after a million, as if the text held no key.
 */
function key(atLeast: number, more = ''): string {
  return `[${WITHIN}${more}]{${atLeast - 1},}(?:${KEY}${more === '' ? '' : `|[${more}]`})`;
}

/** What tokens contain besides. */
const OF_TOKENS = '+/=~';

/**
 * The beginning of a key, not the continuation of a word. A letter or digits before it may end an escape: a line break in
 * JSON (or JSON in JSON), a blank in a URL, a terminal colour.
 */
function beginning(text: string): string {
  const escaped = '\\\\(?:[bfnrt]|u[\\da-f]{4})|%[\\da-f]{2}|\\[[\\d;]*m';
  return `${text}(?<=(?:^|[^a-z\\d]|${escaped})${text})`;
}

/** What may separate a name from its value, also in JSON in JSON. */
const QUOTE = '(?:\\\\*["\'])?';
const IS = `${QUOTE}\\s*[:=]\\s*${QUOTE}`;

const BEHIND_NAME = `(?=[\\w-]*[\\d*•…]|[\\w-]{20}|sk-)${key(1, OF_TOKENS)}`;

/** In AWS's answers, which are XML or JSON, in files and in code. */
const IS_OF_AWS = `(?:${IS}|>\\s*)`;
/** A secret of AWS's: with a digit or a sign, since names in code stand in its place, too. */
const OF_AWS = '(?=[a-z]*[\\d+/])[a-z\\d+/]{16,}=*';

/**
 * Words, years and versions: a name that begins as keys do (`sk-telecom-production-2024`, `sk-hynix-gpt-4o-v2`). Keys are issued at random.
 * One that a person has made of words is told from it only behind a name such as `api_key=`.
 */
const WORDS = /^[sS][kK](?:[-_.](?:[a-z]{1,15}|[A-Z][a-z]{1,14}|[A-Z]{2,3}|v?\d{1,4}|\d{1,3}[a-z]))+$/;
/** Of words that are a name. */
const LONGEST_NAME = 64;

const SHAPES: readonly Shape[] = [
  {
    ...shape('sk-', `${beginning('sk-')}(?:${key(6)}|(?=[\\w-]{0,8}[*•…])${key(1)})`),
    isOne: (match) => match.length > LONGEST_NAME || !WORDS.test(match),
  },
  shape('aiza', `aiza${key(6)}`),
  shape('gsk_', `${beginning('gsk_')}${key(6)}`),
  // xAI's: many letters and digits, or masked, since a provider's name or a model's may begin so (`xai-europe`, `xai-grok-4`).
  shape('xai-', `${beginning('xai-')}(?=[a-z]*\\d|[a-z]{16}|[\\w-]{0,8}(?:[*•…]|\\.\\.))${key(6)}`),
  shape('csk-', `${beginning('csk-')}${key(6)}`),
  shape('nvapi-', `${beginning('nvapi-')}${key(6)}`),
  shape('ya29.', `${beginning('ya29\\.')}${key(6)}`),
  shape('tgp_v1_', `${beginning('tgp_v1_')}${key(16)}`),
  // Fireworks': with a digit, since `fw_` also begins names in code.
  shape('fw_', `${beginning('fw_')}(?=[a-z]*\\d)[a-z\\d]{20,}`),
  // Perplexity's beside those: its models' names begin as its keys do (`pplx-embed-context-v1-4b`).
  ...['pplx-', 'hf_', 'npm_', 'github_pat_', ...['p', 'o', 'u', 's', 'r'].map((kind) => `gh${kind}_`)].map(
    (hint) => random(hint),
  ),
  // Stripe's: secret and restricted.
  ...['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_'].map((hint) => random(hint)),
  // Of webhooks: Stripe's, and OpenAI's, whose are base64. https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
  random('whsec_', OF_TOKENS),
  shape('glpat-', `${beginning('glpat-')}${key(16)}`),
  // Slack's: of bots and users, also in one that is renewed (`xoxe.xoxp-1-…`), and of apps.
  // Former ones, `xoxo-`, begin with long numbers. https://github.com/gitleaks/gitleaks/blob/master/cmd/generate/config/rules/slack.go
  // With a digit in its first part, and no further: a search through the rest, for each of many beginnings in a row, takes their number squared.
  shape('xox', `${beginning('xox')}(?:[a-np-z]|o(?=-\\d{8}))(?:\\.xox[a-z])?-(?=[a-z%]*\\d)${key(10, '%')}`),
  shape('xapp-', `${beginning('xapp-')}(?=\\d)${key(10)}`),
  // Amazon Bedrock's, for long (base64, but not in the midst of other base64) and for hours.
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
  named('authorization', `authorization${IS}(?:token\\s+)?`, BEHIND_NAME),
  named('x-sluice-key', `x-sluice-key${IS}`, BEHIND_NAME),
  named('api-key', `api-key${IS}`, BEHIND_NAME),
  named('api_key', `api_key${IS}`, BEHIND_NAME),
  named('apikey', `apikey${IS}`, BEHIND_NAME),
  named('api key', `api key(?: provided)?${IS}`, BEHIND_NAME),
  // Session and login tokens. AWS quotes the first in its errors about signatures.
  named('security-token', `security-token${IS}`, '[\\w+/=%-]{16,}'),
  // Of MCP servers, which the provider calls: Anthropic's field, and headers (`x-auth-token`), in the body of OpenAI's.
  named('authorization_token', `authorization_token${IS}`, '[\\w.+/=~-]{8,}'),
  named('-token', `-token${IS}`, '(?=[\\w.-]*\\d)[\\w.+/=~-]{16,}'),
  ...['-auth', '-token', '-secret', '-password'].map((name) => inHeaders(name)),
  // Others tell requests and sessions apart.
  ...['api-key', 'auth-key', 'access-key', 'secret-key'].map((name) => inHeaders(name, '-')),
  named('access_token', `access_token${IS}`, '[\\w.+/=~-]{12,}'),
  { ...named('secret', `secret${IS}`, '[\\w.~-]{8,}'), before: 'client_' },
  // As an environment is listed, a file of variables, `~/.aws/credentials`, or an answer of AWS's.
  named('secret', `secret_?access_?key${IS_OF_AWS}`, OF_AWS),
  named('session_token', `session_token${IS_OF_AWS}`, OF_AWS),
  // So programs name their own, too (`sessionToken = base64EncodedToken`): with a sign, or as long as no name in code.
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
 * A key behind a beginning with which names in code begin, too (`hf_hub_download`, `npm_config_registry`): with as many letters and digits
 * in a row as no word has (Hugging Face's are 34 letters, without a digit), or with fewer among which there is a digit, or masked, but not
 * for what is left out (`npm_config_*`, `hf_hub_...`).
 * @param signs that are among its letters.
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
 * The value of a header whose name ends so, among those that a request has the provider send to an MCP server: letters alone are enough
 * there, in JSON, though not in JSON within it, which is what is talked about.
 */
function inHeaders(name: string, before = ''): Shape {
  return named(name, `${name}(?<="x(?:-[\\w-]{0,40})?${before}${name})":\\s*"`, '[^"\\\\]{6,}');
}

/** The value of a query parameter whose name ends with `name`, unless already redacted. What precedes it is looked at last: it may be long. */
function inQuery(name: string, hint = name): Shape {
  return shape(hint, `(${name})(?<=[?&][\\w-]*${name})(?!\\[redacted\\])[^&#\\s"'<>\`)\\]]+`);
}

const HINTS = [...new Set(SHAPES.map(({ hint }) => hint))];
/** The indices of each hint's shapes. */
const HINTED = HINTS.map((hint) => [...SHAPES.keys()].filter((index) => SHAPES[index]?.hint === hint));
const scan = createScan(HINTS);

interface Span {
  start: number;
  /** Behind its last character. */
  end: number;
}

/**
 * Tries patterns only where their hints are: a long text with many hints takes hardly longer than one with none. The
 * spans are unordered.
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

/** Whether a text may contain a key; `stretches` holds each part of it that has no quotation mark. */
export function mayHoldKeyShape(stretches: string): boolean {
  let mayBeQuoted = false;
  const spans = findKeys(stretches, ({ isQuoted }) => {
    mayBeQuoted ||= isQuoted;
  });
  return mayBeQuoted || spans.length > 0;
}
