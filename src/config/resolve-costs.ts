// The section `costs` of a valid file → prices by pattern, and budgets.
import { doubtsOfNames } from './limit-names.ts';
import type { ConfigProblem } from './problem.ts';
import { reachable } from './reachable.ts';
import type { Budget, CostsConfig, ProviderConfig, TokenPrices } from './resolved.ts';
import type { ConfigFile } from './schema.ts';

type Override = ConfigFile['costs']['pricing_overrides'][string];
type WrittenPrices = Omit<Override, 'long_prompt' | 'web_searches_per_thousand'>;

/** @param providers the names of existing providers. */
export function resolveCosts(
  file: ConfigFile,
  providers: readonly Pick<ProviderConfig, 'name'>[],
  problems: ConfigProblem[],
): CostsConfig {
  const names = providers.map(({ name }) => name);
  for (const [index, budget] of file.costs.budgets.entries()) {
    for (const { key, message } of doubtsOfNames(budget, names, 'budget'))
      problems.push({ severity: 'warning', path: ['costs', 'budgets', index, key], message });
  }
  if (file.costs.budgets.length > 0 && !file.audit.enabled) {
    const message = 'spending is forgotten at each restart, since audit.enabled is false';
    problems.push({ severity: 'warning', path: ['costs', 'budgets'], message });
  }
  const entries = Object.entries(file.costs.pricing_overrides);
  return {
    pricingOverrides: entries.map(([pattern, price]) => ({ pattern, price: resolvePrice(price) })),
    budgets: reachable(
      file.costs.budgets.map(resolveBudget),
      ({ limitUsd, ...whose }) => ({ size: limitUsd, whose }),
      (index, smaller) => {
        const message = `is never reached: budgets[${smaller}] covers the same requests, and is not larger`;
        problems.push({ severity: 'warning', path: ['costs', 'budgets', index, 'limit_usd'], message });
      },
    ),
  };
}

function resolveBudget({ limit_usd, per, ...whose }: ConfigFile['costs']['budgets'][number]): Budget {
  const { each = null, agent = null, project = null, provider = null, model = null } = whose;
  return { limitUsd: limit_usd, per, each, agent, project, provider, model };
}

function resolvePrice({ long_prompt, web_searches_per_thousand, ...prices }: Override) {
  return {
    ...resolvePrices(prices),
    webSearchesPerThousand: web_searches_per_thousand,
    longPrompt:
      long_prompt === undefined ? null : { ...resolvePrices(long_prompt), above: long_prompt.above },
  };
}

/** By default cached tokens cost what uncached ones do, an hour's cache what five minutes' does, and reasoning what output does. */
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
