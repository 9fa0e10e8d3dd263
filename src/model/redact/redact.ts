// Removes secrets from text for people or files: known ones, and whatever looks like a key.
import { createEncodedSearch } from './encoded.ts';
import { createMaskedSearch } from './masked.ts';
import { mayHoldKeyShape, REDACTED, withoutKeyShapes } from './shapes.ts';

/** In UTF-16 units. A request's names are shorter; longer texts hardly ever repeat, and are not cached. */
const SHORT = 256;

/** Shorter secrets would blank out ordinary words. */
const MIN_SECRET_LENGTH = 6;

export interface Redactor {
  /** The text with every secret replaced by `[redacted]`. A text without any is returned unchanged, quickly. */
  (text: string): string;
  /**
   * False if the text contains nothing to remove.
   *
   * @param excerpt read instead of a long, repetitive text; it contains every stretch of that text that has no quotation mark.
   */
  suspects(text: string, excerpt: string): boolean;
  /** The same for the text of a failure, which may also echo a secret in base64: a costlier search, for rare texts. */
  ofFailure(text: string): string;
  /** A redactor that knows these secrets too; itself if it already does. */
  and(secrets: readonly string[]): Redactor;
}

/**
 * Removes each of `secrets` of six characters or more: plain, URL-encoded, in JSON or HTML, masked with some of it left, or only its
 * beginning; also tokens that look like a key or stand in a key's place.
 */
export function createRedactor(secrets: readonly string[]): Redactor {
  return redactorOf(secretsIn(secrets));
}

interface Secrets {
  known: readonly string[];
  /** A text with none of these contains no spelling and no head of a secret. */
  anchors: readonly string[];
  /** Longest first, so that a secret that contains another is removed as a whole. */
  spellings: readonly string[];
  /** Beginnings of secrets that could not be anything else. */
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
  // The names in a request, and the features that its headers ask for, are mostly those of the previous request.
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
  // `excerpt` is complete only between quotation marks, but a known secret may contain one.
  const quoted = anyOf(anchors.filter((anchor) => anchor.includes('"')));
  const suspects = (text: string, excerpt: string): boolean =>
    quoted(text) ||
    mayHoldKnown(excerpt) ||
    withoutMasked(excerpt, REDACTED) !== excerpt ||
    mayHoldKeyShape(excerpt);
  // Created at the first failure.
  let withoutEncoded: ReturnType<typeof createEncodedSearch> | undefined;
  const ofFailure = (text: string): string => {
    withoutEncoded ??= createEncodedSearch(known);
    return redact(withoutEncoded(text, REDACTED));
  };
  // Consecutive requests mostly bring the same keys.
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

/**
 * Tests whether a text contains any of the strings, with one expression for all, which the runtime matches several characters at a time.
 */
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
  // Masks first, since their search knows how much of a secret follows them.
  if (heads.some((head) => clean.includes(head))) clean = withoutMasked(clean, REDACTED);
  for (const head of heads) {
    if (clean.includes(head)) clean = withoutWordsFrom(clean, head);
  }
  return clean;
}

/** What may follow the beginning of a secret that is masked or cut short in any way. */
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

/** Characters that every spelling leaves unchanged. */
const PLAIN = /^[\w.~-]*$/;
const PLAIN_START = /^[\w.~-]*/;
/** The shortest common beginning of all spellings that can be an anchor. */
const SHORTEST_ANCHOR = 4;
const LONGEST_ANCHOR = 12;

/** The common beginning of all spellings of a secret, if long enough; otherwise each spelling. */
function anchorsOf(secret: string): string[] {
  const [head] = headOf(secret);
  if (head !== undefined) return [head];
  if (PLAIN.test(secret)) return [secret];
  const start = plainStart(secret).slice(0, LONGEST_ANCHOR);
  return start.length < SHORTEST_ANCHOR ? spellingsOf(secret) : [start];
}

/** So much of a secret's beginning would already help someone. */
const HEAD_LENGTH = 8;
/** In a shorter secret the beginning is nearly all of it. */
const SHORTEST_WITH_HEAD = 12;
/** Neither a word nor a date: digits among letters, or a capital after a small letter. */
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
    // As PHP, .NET and Go escape it.
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
