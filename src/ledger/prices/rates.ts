// What each kind of token of one model costs, computed from the price table once: its library walks all units for
// every bill (30 µs), and most bills are a plain sum.
import type { Provider } from '@pydantic/genai-prices';
import { NO_USAGE, totalInputTokens, type Usage } from '../../model/usage.ts';

/** In USD, or undefined where the library must compute it. */
export type RateSum = (usage: Usage) => number | undefined;

/**
 * The sum for the one model of `table`, derived from bills that `price` computes. Undefined where its bills are not a
 * plain sum: prices change with time, or counts have no price.
 */
export function createRateSum(table: Provider, price: (usage: Usage) => number | null): RateSum | undefined {
  const prices = table.models[0]?.prices;
  if (prices === undefined || Array.isArray(prices)) return undefined;
  const limit = firstTier(prices);
  const fixed = price(NO_USAGE);
  if (fixed === null || limit < 1) return undefined;
  const rate = (one: Partial<Usage>): number => (price({ ...NO_USAGE, ...one }) ?? Number.NaN) - fixed;
  const input = rate({ inputTokens: 1 });
  const cacheRead = rate({ cacheReadTokens: 1 });
  const cacheWrite = rate({ cacheWriteTokens: 1 });
  const cacheWrite1h = rate({ cacheWriteTokens: 1, cacheWrite1hTokens: 1 });
  const output = rate({ outputTokens: 1 });
  const reasoning = rate({ outputTokens: 1, reasoningTokens: 1 });
  const webSearch = rate({ webSearches: 1 });
  if (Number.isNaN(input + cacheRead + cacheWrite + output + reasoning)) return undefined;

  return (usage) => {
    const { cacheWrite1hTokens, reasoningTokens, audioInputTokens, audioOutputTokens } = usage;
    const shortWrites = usage.cacheWriteTokens - cacheWrite1hTokens;
    const plainOutput = usage.outputTokens - reasoningTokens;
    // Contradictions and audio are left to the library.
    if (shortWrites < 0 || plainOutput < 0 || audioInputTokens > 0 || audioOutputTokens > 0) return undefined;
    if (totalInputTokens(usage) > limit) return undefined;
    // So are searches that have no price of their own.
    if (Number.isNaN(webSearch) && usage.webSearches > 0) return undefined;
    if (Number.isNaN(cacheWrite1h) && cacheWrite1hTokens > 0) return undefined;
    return (
      fixed +
      usage.inputTokens * input +
      usage.cacheReadTokens * cacheRead +
      shortWrites * cacheWrite +
      (cacheWrite1hTokens === 0 ? 0 : cacheWrite1hTokens * cacheWrite1h) +
      plainOutput * output +
      reasoningTokens * reasoning +
      (usage.webSearches === 0 ? 0 : usage.webSearches * webSearch)
    );
  };
}

/** The number of input tokens up to which every price is its base price. */
function firstTier(prices: Record<string, number | { tiers: { start: number }[] } | undefined>): number {
  let first = Number.POSITIVE_INFINITY;
  for (const price of Object.values(prices)) {
    if (typeof price !== 'object') continue;
    for (const { start } of price.tiers) first = Math.min(first, start);
  }
  return first;
}
