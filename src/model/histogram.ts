// The distribution of durations: a histogram of fixed size, whose buckets grow by a fixed factor. Histograms of many streams
// add up bucket by bucket, so that the quantiles of a model or a month are as accurate as those of one stream.

/** Each bucket ends 2^(1/4) times later than the one before: a quantile is off by 9 % at most. */
const PER_OCTAVE = 4;
/** The first bucket ends at 2^-4 ms, the last begins at 2^17 ms (131 s). */
const FIRST_OCTAVE = -4;
const LAST_OCTAVE = 17;
export const HISTOGRAM_BUCKETS = (LAST_OCTAVE - FIRST_OCTAVE) * PER_OCTAVE + 2;

/** The bucket for a duration in milliseconds. */
export function bucketOf(ms: number): number {
  // Written so that NaN also has a bucket.
  if (!(ms > 2 ** FIRST_OCTAVE)) return 0;
  const bucket = 1 + Math.floor((Math.log2(ms) - FIRST_OCTAVE) * PER_OCTAVE);
  return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/** The duration that represents a bucket: its geometric middle. */
export function durationOf(bucket: number): number {
  return bucket === 0 ? 0 : 2 ** (FIRST_OCTAVE + (bucket - 0.5) / PER_OCTAVE);
}

/** The `q` quantile (0 to 1) in milliseconds; null if nothing was counted. */
export function quantileOf(counts: ArrayLike<number>, q: number): number | null {
  let total = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) total += counts[bucket] ?? 0;
  if (total === 0) return null;
  let left = Math.max(1, Math.ceil(total * q));
  for (let bucket = 0; bucket < counts.length; bucket++) {
    left -= counts[bucket] ?? 0;
    if (left <= 0) return durationOf(bucket);
  }
  return durationOf(counts.length - 1);
}

/** The counts as text: `bucket:count`, separated by spaces, without empty buckets. */
export function packHistogram(counts: ArrayLike<number>): string {
  let text = '';
  for (let bucket = 0; bucket < counts.length; bucket++) {
    const count = counts[bucket] ?? 0;
    if (count > 0) text += `${text === '' ? '' : ' '}${bucket}:${count}`;
  }
  return text;
}

const SPACE = 32;
const COLON = 58;
const ZERO = 48;
/** No digit yet. */
const NONE = -1;

/**
 * Calls `visit` with each bucket and count that `packHistogram` wrote; anything else in the text is skipped. Reads digit by
 * digit: the histograms of many hours are a million characters.
 */
export function eachPacked(packed: string, visit: (bucket: number, count: number) => void): void {
  let bucket = NONE;
  let number = NONE;
  for (let at = 0; at <= packed.length; at++) {
    const code = at < packed.length ? packed.charCodeAt(at) : SPACE;
    const digit = code - ZERO;
    if (digit >= 0 && digit <= 9) {
      number = (number === NONE ? 0 : number) * 10 + digit;
    } else if (code === COLON && bucket === NONE) {
      bucket = number;
      number = NONE;
    } else if (code === SPACE) {
      if (number > 0 && bucket >= 0 && bucket < HISTOGRAM_BUCKETS) visit(bucket, number);
      bucket = NONE;
      number = NONE;
    } else {
      number = Number.NaN;
    }
  }
}

/** Adds what `packHistogram` wrote to counts by bucket. */
export function addPacked(counts: number[], packed: string): void {
  eachPacked(packed, (bucket, count) => {
    counts[bucket] = (counts[bucket] ?? 0) + count;
  });
}
