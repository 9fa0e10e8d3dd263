// Durations as servers write them into headers and messages.

const UNIT_MS: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Whole milliseconds of `48s`, `0.5s`, `1h2m3.5s`, `373ms`; undefined where `text` is none of these. */
export function durationMs(text: string | undefined): number | undefined {
  if (text === undefined || !/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)) {
    total += Number(amount) * (UNIT_MS[unit ?? 's'] ?? 0);
  }
  return Number.isFinite(total) ? Math.ceil(total) : undefined;
}

/** As Google's clients and Codex read it: whole milliseconds at most, never too short. */
export function inSeconds(ms: number): string {
  return `${Math.ceil(ms) / 1_000}s`;
}
