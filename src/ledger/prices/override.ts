// What an answer costs by the operator's own prices.
import type { PriceOverride } from '../../config/resolved.ts';
import { totalInputTokens, type Usage } from '../../model/usage.ts';

/** In USD. Null where counts that matter contradict each other: a part is larger than the whole. */
export function priceByOverride(price: PriceOverride, usage: Usage): number | null {
  const { longPrompt, webSearchesPerThousand } = price;
  // As with vendors, a long prompt changes the price of all tokens of the request.
  const prices = longPrompt !== null && totalInputTokens(usage) > longPrompt.above ? longPrompt : price;
  const tokens =
    usage.inputTokens * prices.inputPerMillion +
    usage.cacheReadTokens * prices.cacheReadPerMillion +
    inParts(
      { count: usage.cacheWriteTokens, price: prices.cacheWritePerMillion },
      { count: usage.cacheWrite1hTokens, price: prices.cacheWrite1hPerMillion },
    ) +
    inParts(
      { count: usage.outputTokens, price: prices.outputPerMillion },
      { count: usage.reasoningTokens, price: prices.reasoningPerMillion },
    );
  const cost = tokens / 1_000_000 + (usage.webSearches * webSearchesPerThousand) / 1_000;
  return Number.isNaN(cost) ? null : cost;
}

interface Priced {
  count: number;
  price: number;
}

/** The cost of a whole with a part that has another price. NaN where that part is larger than the whole. */
function inParts(whole: Priced, part: Priced): number {
  if (whole.price === part.price) return whole.count * whole.price;
  if (part.count > whole.count) return Number.NaN;
  return (whole.count - part.count) * whole.price + part.count * part.price;
}
