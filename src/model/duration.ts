// Durations as servers write them into headers and messages, and as people write them.

const UNIT_MS: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Whole milliseconds of `48s`, `0.5s`, `1h2m3.5s`, `373ms`; undefined if `text` is none of these. */
export function durationMs(text: string | undefined): number | undefined {
  if (text === undefined || !/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)) {
    total += Number(amount) * (UNIT_MS[unit ?? 's'] ?? 0);
  }
  return Number.isFinite(total) ? Math.ceil(total) : undefined;
}

/** Seconds in the form that Google's clients and Codex read: no finer than milliseconds, never rounded down. */
export function inSeconds(ms: number): string {
  return `${Math.ceil(ms) / 1_000}s`;
}

/** Units from the largest to the smallest, each at most once; any other order is a typing error. */
export const DURATION_PATTERN =
  /^(?=\d)(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?$/;

/** The lengths of the pattern's units, in its order. */
const MILLISECONDS = [86_400_000, 3_600_000, 60_000, 1_000, 1];

/** Whole milliseconds of `500ms`, `10s`, `1.5h`, `1h30m`, `30d`; undefined if `text` is none of these. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION_PATTERN.exec(text);
  if (match === null) return undefined;
  const total = MILLISECONDS.reduce((sum, unit, index) => sum + Number(match[index + 1] ?? 0) * unit, 0);
  return wholeNumber(total);
}

/** Rounded; undefined if too large to be exact. */
export function wholeNumber(amount: number): number | undefined {
  const value = Math.round(amount);
  return Number.isSafeInteger(value) ? value : undefined;
}
