// Durations and sizes as people write them in the configuration.

export const DURATION_PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
export const SIZE_PATTERN = /^(\d+(?:\.\d+)?)([KMGkmg]?[Bb])$/;

const MILLISECONDS: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Powers of 1024, as every server's body limit counts them. */
const BYTES: Record<string, number> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/** Whole milliseconds of `500ms`, `10s`, `2m`, `1h`, `30d`; undefined where `text` is none of these. */
export function parseDuration(text: string): number | undefined {
  return parse(text, DURATION_PATTERN, MILLISECONDS);
}

/** Whole bytes of `512B`, `64KB`, `64MB`, `1GB` in either case; undefined where `text` is none of these. */
export function parseSize(text: string): number | undefined {
  return parse(text, SIZE_PATTERN, BYTES);
}

function parse(text: string, pattern: RegExp, units: Record<string, number>): number | undefined {
  const match = pattern.exec(text);
  const factor = units[match?.[2]?.toLowerCase() ?? ''];
  if (match === null || factor === undefined) return undefined;
  const value = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(value) ? value : undefined;
}
