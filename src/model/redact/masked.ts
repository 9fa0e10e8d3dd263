// Removes what is left of secrets that others have masked already (`abc***xyz`, `abc…`, `...xyz`).

/** Every text that contains a mask contains one of these. */
const MASK_HINTS = ['**', '••', '...', '…'] as const;
/** A single one is a mask, as a run of the other characters is. */
const ELLIPSIS = '…';
/** Fewer visible characters of a secret may just as well be a word. `bitOf` reads this many. */
const MIN_VISIBLE = 3;
const STAR = '*'.charCodeAt(0);
/** So many asterisks are not emphasis: whatever they mask was a secret. */
const UNMISTAKABLE_STARS = 4;
/** Where a word certainly ends, and where it may: a secret can itself contain `=` and `:`. */
const HARD_END = setOf(/[\s"'`*•…<>\\]/);
const SOFT_END = setOf(/[=:,;()[\]{}/?&]/);
/** Characters that belong to an unmistakable mask beside them. */
const JOINED = setOf(/[\w-]/);

/** Whether a UTF-16 unit is in the set. */
type CharacterSet = (unit: number) => boolean;

/** The characters of a class: a regular expression takes five times as long per character. */
function setOf(characters: RegExp): CharacterSet {
  const has = (unit: number) => characters.test(String.fromCharCode(unit));
  const ascii = Array.from({ length: 128 }, (_, unit) => has(unit));
  return (unit) => ascii[unit] ?? has(unit);
}

/** Takes time proportional to the text, since no character is examined for more than two masks. */
export function createMaskedSearch(
  secrets: readonly string[],
): (text: string, replacement: string) => string {
  const mayBeOurs = createNearness(secrets);
  let visible: VisibleParts | undefined;
  return (text, replacement) => {
    if (!mayHoldMask(text)) return text;
    const find = masksIn(text);
    let clean = '';
    let done = 0;
    for (let mask = find(0); mask !== null; mask = find(mask.end)) {
      if (mask.start < done) continue;
      const isNear = mayBeOurs(text, mask);
      if (isNear) visible ??= partsOf(secrets);
      const [start, end] = maskedSpan(text, mask, done, isNear ? visible : undefined);
      if (start === end) continue;
      clean += text.slice(done, start) + replacement;
      done = end;
    }
    return done === 0 ? text : clean + text.slice(done);
  };
}

/** What a mask may leave of the secrets, looked up in an index: comparing with each of a client's many secrets would take minutes. */
interface VisibleParts {
  heads: ReadonlySet<string>;
  tails: ReadonlySet<string>;
  /** Parts of secrets that contain a character at which words end. */
  marked: { heads: PartIndex; tails: PartIndex };
}

interface PartIndex {
  parts: ReadonlySet<string>;
  /** The lengths of parts, longest first, by the three characters next to the mask. */
  lengths: ReadonlyMap<string, readonly number[]>;
}

/** In characters: nobody leaves more of a secret visible. */
const LONGEST_MARKED = 128;

function partsOf(secrets: readonly string[]): VisibleParts {
  const marked = secrets.filter(hasMark);
  const heads = headsOf(marked, LONGEST_MARKED);
  const tails = tailsOf(marked, LONGEST_MARKED);
  return {
    heads: headsOf(secrets, MAX_REACH),
    tails: tailsOf(secrets, MAX_REACH),
    marked: {
      heads: indexOf(heads, (part) => part.slice(-MIN_VISIBLE)),
      tails: indexOf(tails, (part) => part.slice(0, MIN_VISIBLE)),
    },
  };
}

function headsOf(secrets: readonly string[], longest: number): Set<string> {
  return partsUpTo(secrets, longest, (secret, length) => secret.slice(0, length));
}

function tailsOf(secrets: readonly string[], longest: number): Set<string> {
  return partsUpTo(secrets, longest, (secret, length) => secret.slice(-length));
}

function partsUpTo(
  secrets: readonly string[],
  longest: number,
  part: (secret: string, length: number) => string,
): Set<string> {
  const parts = new Set<string>();
  for (const secret of secrets)
    for (let length = MIN_VISIBLE; length <= Math.min(secret.length, longest); length++)
      parts.add(part(secret, length));
  return parts;
}

function indexOf(parts: ReadonlySet<string>, nextToMask: (part: string) => string): PartIndex {
  const found = new Map<string, Set<number>>();
  for (const part of parts) {
    const key = nextToMask(part);
    found.set(key, (found.get(key) ?? new Set()).add(part.length));
  }
  const lengths = [...found].map(([key, all]) => [key, [...all].sort((a, b) => b - a)] as const);
  return { parts, lengths: new Map(lengths) };
}

function hasMark(secret: string): boolean {
  for (let at = 0; at < secret.length; at++) if (HARD_END(secret.charCodeAt(at))) return true;
  return false;
}

/** Bits of a filter over hashes of three characters: ten secrets fill a twentieth of it. */
const BITS = 8_192;

/**
 * Whether the characters right before or after a mask may belong to a secret. Code and prose are full of possible masks, but hardly any has
 * characters of a secret beside it.
 */
function createNearness(secrets: readonly string[]): (text: string, mask: Mask) => boolean {
  let threes: Uint8Array | undefined;
  return (text, { start, end }) => {
    threes ??= threesOf(secrets);
    return hasThree(threes, text, start - MIN_VISIBLE) || hasThree(threes, text, end);
  };
}

function threesOf(secrets: readonly string[]): Uint8Array {
  const threes = new Uint8Array(BITS / 8);
  for (const secret of secrets)
    for (let at = 0; at + MIN_VISIBLE <= secret.length; at++) {
      const bit = bitOf(secret, at);
      threes[bit >> 3] = (threes[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
  return threes;
}

function hasThree(threes: Uint8Array, text: string, at: number): boolean {
  if (at < 0 || at + MIN_VISIBLE > text.length) return false;
  const bit = bitOf(text, at);
  return ((threes[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0;
}

function bitOf(text: string, at: number): number {
  const mixed = (text.charCodeAt(at) * 31 + text.charCodeAt(at + 1)) * 31 + text.charCodeAt(at + 2);
  return mixed & (BITS - 1);
}

interface Mask {
  start: number;
  /** After its last character. */
  end: number;
}

/** False for nearly every text of a request's row, so that no search need be prepared. */
function mayHoldMask(text: string): boolean {
  for (const hint of MASK_HINTS) if (text.includes(hint)) return true;
  return false;
}

/** Finds the first mask at or after `from`, which must not decrease. A single expression for all masks takes three times as long. */
function masksIn(text: string): (from: number) => Mask | null {
  const nexts = MASK_HINTS.map((hint) => ({ hint, at: text.indexOf(hint) }));
  return (from) => {
    let start = text.length;
    for (const next of nexts) {
      if (next.at !== -1 && next.at < from) next.at = text.indexOf(next.hint, from);
      if (next.at !== -1) start = Math.min(start, next.at);
    }
    return start === text.length ? null : { start, end: endOfMask(text, start) };
  };
}

function endOfMask(text: string, start: number): number {
  const mark = text.charAt(start);
  let end = start + 1;
  if (mark !== ELLIPSIS) while (text.charAt(end) === mark) end++;
  return end;
}

/** The part of `text` around a mask that is to be removed; empty if there is none. */
function maskedSpan(
  text: string,
  mask: Mask,
  floor: number,
  ours: VisibleParts | undefined,
): [start: number, end: number] {
  const [begin, end] = knownSpan(text, mask.start, mask.end, floor, ours);
  if (mask.end - mask.start < UNMISTAKABLE_STARS || text.charCodeAt(mask.start) !== STAR) return [begin, end];
  // Whatever it hides is removed; a known secret may extend beyond the word.
  const joined = reach(text, mask.start, -1, floor, JOINED, true);
  const joinedEnd = reach(text, mask.end, 1, text.length, JOINED, true);
  return [Math.min(begin, joined), Math.max(end, joinedEnd)];
}

/** The part around a mask from `at` to `after` that remains of one of the secrets; empty if none. */
function knownSpan(
  text: string,
  at: number,
  after: number,
  floor: number,
  ours: VisibleParts | undefined,
): [start: number, end: number] {
  if (ours === undefined) return [at, at];
  const { heads, tails } = ours.marked;
  const [wordStart, wordEnd] = knownWord(text, at, after, floor, ours);
  const before = (length: number) => text.slice(Math.max(0, at - length), at);
  const behind = (length: number) => text.slice(after, after + length);
  const headLength = longestOf(heads, before);
  const tailLength = longestOf(tails, behind);
  const start = Math.max(floor, at - headLength);
  const end = after + tailLength;
  if (start === at && end === after) return [wordStart, wordEnd];
  return [Math.min(start, wordStart), Math.max(end, wordEnd)];
}

/** The length of the longest part that stands next to a mask, including characters that end words; 0 if none. */
function longestOf({ parts, lengths }: PartIndex, beside: (length: number) => string): number {
  return lengths.get(beside(MIN_VISIBLE))?.find((length) => parts.has(beside(length))) ?? 0;
}

/** The words around a mask that remain of one of the secrets; empty if none. */
function knownWord(
  text: string,
  at: number,
  after: number,
  floor: number,
  { heads, tails }: VisibleParts,
): [start: number, end: number] {
  const start = reach(text, at, -1, floor, HARD_END, false);
  const end = reach(text, after, 1, text.length, HARD_END, false);
  const near = reach(text, at, -1, start, SOFT_END, false);
  const nearEnd = reach(text, after, 1, end, SOFT_END, false);
  const begins = (from: number) => heads.has(text.slice(from, at));
  const ends = (to: number) => tails.has(text.slice(after, to));
  if (begins(start) || ends(end)) return [start, end];
  if (begins(near) || ends(nearEnd)) return [near, nearEnd];
  return [at, at];
}

/** The longest word that is followed, in characters: no key is longer. */
const MAX_REACH = 512;

/** Walks from `from` in steps of `step` over the characters that are in `set` (or, with `inside` false, are not). */
function reach(
  text: string,
  from: number,
  step: 1 | -1,
  limit: number,
  set: CharacterSet,
  inside: boolean,
): number {
  let at = from;
  const stop = step === 1 ? Math.min(limit, from + MAX_REACH) : Math.max(limit, from - MAX_REACH);
  while (at !== stop && set(text.charCodeAt(step === 1 ? at : at - 1)) === inside) at += step;
  return at;
}
