// Secrets that somebody else has masked already (`abc***xyz`, `abc…`, `...xyz`): what is left of them goes too.

/** One of these is in every text that holds a mask. */
export const MASK_HINTS: readonly string[] = ['**', '••', '...', '…'];
const MASK = /\*{2,}|•{2,}|\.{3,}|…/g;
/** Fewer characters of a secret than this, left visible, may as well be a word. */
const MIN_VISIBLE = 3;
/** So many stars are no emphasis: whatever they mask was a secret. */
const UNMISTAKABLE = /^\*{4}/;
/** Where a word ends for certain, and where it may: a secret can hold `=` and `:` itself. */
const HARD_END = /[\s"'`*•…<>\\]/;
const SOFT_END = /[=:,;()[\]{}/?&]/;
/** What joins an unmistakable mask. */
const JOINED = /[\w-]/;

/** Time is proportional to the text: no character is looked at for more than two masks. */
export function redactMasked(text: string, secrets: readonly string[], replacement: string): string {
  let clean = '';
  let done = 0;
  for (const match of text.matchAll(MASK)) {
    const [mask] = match;
    if (match.index < done) continue;
    const [start, end] = maskedSpan(text, match.index, mask, done, secrets);
    if (start === end) continue;
    clean += text.slice(done, start) + replacement;
    done = end;
  }
  return done === 0 ? text : clean + text.slice(done);
}

/** The part of `text` around a mask that must go; empty where the mask hides nothing of ours. */
function maskedSpan(
  text: string,
  at: number,
  mask: string,
  floor: number,
  secrets: readonly string[],
): [start: number, end: number] {
  const [begin, end] = knownSpan(text, at, at + mask.length, floor, secrets);
  if (!UNMISTAKABLE.test(mask)) return [begin, end];
  // Whatever it hides goes; a known secret may reach further than its word.
  const joined = reach(text, at, -1, floor, JOINED, true);
  const joinedEnd = reach(text, at + mask.length, 1, text.length, JOINED, true);
  return begin === end ? [joined, joinedEnd] : [Math.min(begin, joined), Math.max(end, joinedEnd)];
}

/** The part around a mask from `at` to `after` that is left of one of the secrets; empty where nothing is. */
function knownSpan(
  text: string,
  at: number,
  after: number,
  floor: number,
  secrets: readonly string[],
): [start: number, end: number] {
  if (secrets.length === 0) return [at, at];
  const start = reach(text, at, -1, floor, HARD_END, false);
  const end = reach(text, after, 1, text.length, HARD_END, false);
  const near = reach(text, at, -1, start, SOFT_END, false);
  const nearEnd = reach(text, after, 1, end, SOFT_END, false);
  const begins = (from: number) =>
    at - from >= MIN_VISIBLE && secrets.some((secret) => secret.startsWith(text.slice(from, at)));
  const ends = (to: number) =>
    to - after >= MIN_VISIBLE && secrets.some((secret) => secret.endsWith(text.slice(after, to)));
  if (begins(start) || ends(end)) return [start, end];
  if (begins(near) || ends(nearEnd)) return [near, nearEnd];
  return [at, at];
}

/** A word is not followed further than this: no key is longer. */
const MAX_REACH = 512;

/** From `from` in steps of `step`, over the characters that `set` holds (or, with `inside` false, does not). */
function reach(
  text: string,
  from: number,
  step: 1 | -1,
  limit: number,
  set: RegExp,
  inside: boolean,
): number {
  let at = from;
  const stop = step === 1 ? Math.min(limit, from + MAX_REACH) : Math.max(limit, from - MAX_REACH);
  while (at !== stop && set.test(text.charAt(step === 1 ? at : at - 1)) === inside) at += step;
  return at;
}
