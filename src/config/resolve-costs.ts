// The section `costs` of a valid file → prices by pattern.
import type { CostsConfig, TokenPrices } from './resolved.ts';
import type { ConfigFile } from './schema.ts';

type Override = ConfigFile['costs']['pricing_overrides'][string];
type WrittenPrices = Omit<Override, 'long_prompt' | 'web_searches_per_thousand'>;

export function resolveCosts(file: ConfigFile): CostsConfig {
  const entries = Object.entries(file.costs.pricing_overrides);
  return { pricingOverrides: entries.map(([pattern, price]) => ({ pattern, price: resolvePrice(price) })) };
}

function resolvePrice({ long_prompt, web_searches_per_thousand, ...prices }: Override) {
  return {
    ...resolvePrices(prices),
    webSearchesPerThousand: web_searches_per_thousand,
    longPrompt:
      long_prompt === undefined ? null : { ...resolvePrices(long_prompt), above: long_prompt.above },
  };
}

/** Cache tokens cost what fresh ones do where nothing else is said, an hour what five minutes do, reasoning what output does. */
function resolvePrices(prices: WrittenPrices): TokenPrices {
  const { input_per_million: input, output_per_million: output } = prices;
  const cacheWrite = prices.cache_write_per_million ?? input;
  return {
    inputPerMillion: input,
    outputPerMillion: output,
    cacheReadPerMillion: prices.cache_read_per_million ?? input,
    cacheWritePerMillion: cacheWrite,
    cacheWrite1hPerMillion: prices.cache_write_1h_per_million ?? cacheWrite,
    reasoningPerMillion: prices.reasoning_per_million ?? output,
  };
}
