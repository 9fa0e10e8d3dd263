// Sizes as people write them in the configuration.
import { wholeNumber } from '../model/duration.ts';

export const SIZE_PATTERN = /^(\d+(?:\.\d+)?)([KMGkmg]?[Bb])$/;

/** Powers of 1024, as in every server's body limit. */
const BYTES: Record<string, number> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/** The bytes in `512B`, `64KB`, `64MB`, `1GB`, in either case; undefined if `text` is none of these. */
export function parseSize(text: string): number | undefined {
  const match = SIZE_PATTERN.exec(text);
  const factor = BYTES[match?.[2]?.toLowerCase() ?? ''];
  return match === null || factor === undefined ? undefined : wholeNumber(Number(match[1]) * factor);
}
