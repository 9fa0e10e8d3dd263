// Takes secrets out of text that people or files will see: the known ones, and whatever has a key's shape.
import { createEncodedSearch } from './encoded.ts';
import { createMaskedSearch } from './masked.ts';
import { mayHoldKeyShape, REDACTED, withoutKeyShapes } from './shapes.ts';

/** Names of a request are shorter; of longer texts hardly any comes twice, and none is held. In UTF-16 units. */
const SHORT = 256;

/** Shorter secrets would blank out ordinary words. */
const MIN_SECRET_LENGTH = 6;

export interface Redactor {
  /** The text with every secret replaced by `[redacted]`; one without any comes back as it is, quickly. */
  (text: string): string;
  /**
   * False: there is nothing in the text to take out.
   *
   * @param told read in place of a long text that says the same again and again: has every stretch of it without a quotation mark.
   */
  suspects(text: string, told: string): boolean;
  /** The same of what a failure says, which may echo a secret in base64 too: a dearer look, for texts that are rare. */
  ofFailure(text: string): string;
  /** One that knows these secrets too; itself where it does already. */
  and(secrets: readonly string[]): Redactor;
}

/**
 * Takes out each of `secrets` of six characters or more, as it is, URL-encoded, in JSON or HTML, masked with some of
 * it left, or its beginning alone; and tokens shaped like keys or standing where keys stand.
 */
export function createRedactor(secrets: readonly string[]): Redactor {
  return redactorOf(secretsIn(secrets));
}

interface Secrets {
  known: readonly string[];
  /** Where none of these is in a text, no spelling is, nor a beginning. */
  anchors: readonly string[];
  /** Longest first: a secret that contains another goes as a whole. */
  spellings: readonly string[];
  /** Beginnings that could not be anything else. */
  heads: readonly string[];
}

function secretsIn(secrets: readonly string[]): Secrets {
  const known = [...new Set(secrets)].filter((secret) => secret.length >= MIN_SECRET_LENGTH);
  return {
    known,
    anchors: [...new Set(known.flatMap(anchorsOf))],
    spellings: longestFirst([...new Set(known.flatMap(spellingsOf))]),
    heads: [...new Set(known.flatMap(headOf))],
  };
}

function redactorOf(own: Secrets): Redactor {
  const { known, anchors } = own;
  const withoutMasked = createMaskedSearch(own.spellings);
  const mayHoldKnown = anyOf(anchors);
  // The names of one request, and what its headers ask for, are mostly those of the one before.
  let knownClean = '';
  let knownBefore = '';
  const redact = (text: string): string => {
    if (text === knownClean || text === knownBefore) return text;
    const clean = takenOut(text);
    if (clean === text && text.length < SHORT) {
      knownBefore = knownClean;
      knownClean = text;
    }
    return clean;
  };
  const takenOut = (text: string): string => {
    const unknown = mayHoldKnown(text) ? withoutKnown(text, own, withoutMasked) : text;
    return withoutKeyShapes(withoutMasked(unknown, REDACTED));
  };
  // No shape of a hint has a quotation mark, but a known secret may.
  const quoted = anyOf(anchors.filter((anchor) => anchor.includes('"')));
  const suspects = (text: string, told: string): boolean =>
    quoted(text) || mayHoldKnown(told) || withoutMasked(told, REDACTED) !== told || mayHoldKeyShape(told);
  // Made by the first failure.
  let withoutEncoded: ReturnType<typeof createEncodedSearch> | undefined;
  const ofFailure = (text: string): string => {
    withoutEncoded ??= createEncodedSearch(known);
    return redact(withoutEncoded(text, REDACTED));
  };
  // Who asks once asks again: most requests in a row bring the same keys.
  let latest: { strange: readonly string[]; redactor: Redactor } | undefined;
  const and = (secrets: readonly string[]): Redactor => {
    const strange = secrets.filter((secret) => !known.includes(secret));
    if (strange.length === 0) return redactor;
    if (latest?.strange.length === strange.length && latest.strange.every((it, at) => it === strange[at]))
      return latest.redactor;
    const more = secretsIn(strange);
    const extended = redactorOf({
      known: [...known, ...more.known],
      anchors: [...anchors, ...more.anchors],
      spellings: longestFirst([...own.spellings, ...more.spellings]),
      heads: [...own.heads, ...more.heads],
    });
    latest = { strange, redactor: extended };
    return extended;
  };
  const redactor = Object.assign(redact, { suspects, ofFailure, and });
  return redactor;
}

/** Whether one of them is in a text: one expression for all, which the runtime looks for several characters at a time. */
function anyOf(strings: readonly string[]): (text: string) => boolean {
  if (strings.length === 0) return () => false;
  const pattern = new RegExp(strings.map((string) => string.replace(/[^\w\s]/g, '\\$&')).join('|'));
  return (text) => pattern.test(text);
}

function withoutKnown(
  text: string,
  { spellings, heads }: Secrets,
  withoutMasked: ReturnType<typeof createMaskedSearch>,
): string {
  let clean = text;
  for (const spelling of spellings) {
    if (clean.includes(spelling)) clean = clean.replaceAll(spelling, REDACTED);
  }
  // Masks first: they know how much of a secret stands behind them.
  if (heads.some((head) => clean.includes(head))) clean = withoutMasked(clean, REDACTED);
  for (const head of heads) {
    if (clean.includes(head)) clean = withoutWordsFrom(clean, head);
  }
  return clean;
}

/** What may follow the beginning of a secret that is not whole, masked or cut short in any way. */
const REST_OF_WORD = /(?:[^\s"'`<>\\]|\\+[^\s"'`\\])*/y;

function withoutWordsFrom(text: string, head: string): string {
  let clean = '';
  let from = 0;
  for (let at = text.indexOf(head); at !== -1; at = text.indexOf(head, from)) {
    clean += text.slice(from, at) + REDACTED;
    REST_OF_WORD.lastIndex = at + head.length;
    REST_OF_WORD.test(text);
    from = REST_OF_WORD.lastIndex;
  }
  return clean + text.slice(from);
}

function longestFirst(texts: string[]): string[] {
  return texts.sort((a, b) => b.length - a.length);
}

/** Characters that are written the same everywhere. */
const PLAIN = /^[\w.~-]*$/;
const PLAIN_START = /^[\w.~-]*/;
/** Of a beginning that every spelling has. */
const SHORTEST_ANCHOR = 4;
const LONGEST_ANCHOR = 12;

/** Of a secret in many spellings the beginning that they share; else each of them. */
function anchorsOf(secret: string): string[] {
  const [head] = headOf(secret);
  if (head !== undefined) return [head];
  if (PLAIN.test(secret)) return [secret];
  const start = plainStart(secret).slice(0, LONGEST_ANCHOR);
  return start.length < SHORTEST_ANCHOR ? spellingsOf(secret) : [start];
}

/** Of a secret that is told in part: so much of it would already help someone. */
const HEAD_LENGTH = 8;
/** Of a shorter secret the beginning is nearly all. */
const SHORTEST_WITH_HEAD = 12;
/** No word, no date: digits among letters, or capitals behind small ones. */
const ARBITRARY = /[a-zA-Z].*\d|\d.*[a-zA-Z]|[a-z][A-Z]/;

function headOf(secret: string): string[] {
  const head = plainStart(secret).slice(0, HEAD_LENGTH);
  return secret.length >= SHORTEST_WITH_HEAD && head.length === HEAD_LENGTH && ARBITRARY.test(head)
    ? [head]
    : [];
}

function plainStart(secret: string): string {
  return PLAIN_START.exec(secret)?.[0] ?? '';
}

function spellingsOf(secret: string): string[] {
  if (PLAIN.test(secret)) return [secret];
  const inUrl = encodeURIComponent(secret.toWellFormed());
  const inJson = JSON.stringify(secret).slice(1, -1);
  return [
    ...[secret, inUrl, inUrl.replace(/%../g, (code) => code.toLowerCase()), encodeURI(secret.toWellFormed())],
    // As PHP, .NET and Go write it.
    ...[inJson, inJson.replaceAll('/', '\\/'), escaped(inJson, true), escaped(inJson, false)],
    ...[inHtml(secret, /[&<>"']/g), inHtml(secret, /[&<>"'`=/]/g)],
  ];
}

function escaped(inJson: string, inCapitals: boolean): string {
  return inJson.replace(/[+&<>'`]/g, (sign) => {
    const code = sign.charCodeAt(0).toString(16).padStart(4, '0');
    return `\\u${inCapitals ? code.toUpperCase() : code}`;
  });
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function inHtml(secret: string, signs: RegExp): string {
  return secret.replace(
    signs,
    (sign) => ENTITIES[sign] ?? `&#x${sign.charCodeAt(0).toString(16).toUpperCase()};`,
  );
}
