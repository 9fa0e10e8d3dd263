// The short cut says what the price table's library says, for every model of the table.
import { describe, expect, test } from 'bun:test';
import { calcPrice, findProvider, type Provider } from '@pydantic/genai-prices';
import { loadPrices } from '../../src/ledger/prices/library.ts';
import { createRateSum } from '../../src/ledger/prices/rates.ts';
import { findPrices } from '../../src/ledger/prices/table.ts';
import { NO_USAGE, totalInputTokens, type Usage } from '../../src/model/usage.ts';

await loadPrices();

const USAGES: Partial<Usage>[] = [
  {},
  { inputTokens: 1, outputTokens: 1 },
  { inputTokens: 1234, outputTokens: 567, reasoningTokens: 89 },
  {
    inputTokens: 10,
    cacheReadTokens: 5000,
    cacheWriteTokens: 700,
    cacheWrite1hTokens: 300,
    outputTokens: 40,
  },
  { inputTokens: 20_000, outputTokens: 9999, webSearches: 3 },
  { inputTokens: 128_000, outputTokens: 1 },
  { inputTokens: 200_000, outputTokens: 1 },
  { inputTokens: 200_001, outputTokens: 1 },
  { inputTokens: 900_000, cacheReadTokens: 900_000, outputTokens: 70_000 },
];

function byLibrary(table: Provider, model: string, usage: Usage): number | null {
  const bill = calcPrice(
    {
      input_tokens: totalInputTokens(usage),
      output_tokens: usage.outputTokens,
      cache_read_tokens: usage.cacheReadTokens,
      cache_write_tokens: usage.cacheWriteTokens,
      cache_write_1h_tokens: usage.cacheWrite1hTokens,
      output_reasoning_tokens: usage.reasoningTokens,
      web_searches: usage.webSearches,
    },
    model,
    { provider: table },
  );
  return bill?.total_price ?? null;
}

describe.each([['anthropic'], ['openai'], ['google'], ['azure'], ['aws'], ['mistral'], ['openrouter']])(
  '%s',
  (priceId) => {
    const models = findProvider({ providerId: priceId })?.models ?? [];

    test('every sum is the library’s bill', () => {
      let sums = 0;
      for (const { id } of models) {
        const table = findPrices(priceId, id);
        if (table === null) continue;
        const sum = createRateSum(table, (usage) => byLibrary(table, id, usage));
        for (const part of USAGES) {
          const usage = { ...NO_USAGE, ...part };
          const bill = sum?.(usage);
          if (bill === undefined) continue;
          sums++;
          const expected = byLibrary(table, id, usage) ?? Number.NaN;
          expect(Math.abs(bill - expected), `${id} ${JSON.stringify(part)}`).toBeLessThanOrEqual(
            expected * 1e-12,
          );
        }
      }
      expect(sums).toBeGreaterThan(models.length);
    });
  },
);

describe('left to the library', () => {
  const sumOf = (priceId: string, model: string) => {
    const table = findPrices(priceId, model);
    return table === null ? undefined : createRateSum(table, (usage) => byLibrary(table, model, usage));
  };

  test('prices that change with time', () => expect(sumOf('openai', 'o3')).toBeUndefined());

  test('a prompt long enough for the next tier', () => {
    const sum = sumOf('anthropic', 'claude-sonnet-4-5');
    expect(sum?.({ ...NO_USAGE, inputTokens: 200_000 })).toBeCloseTo(0.6, 12);
    expect(sum?.({ ...NO_USAGE, inputTokens: 200_001 })).toBeUndefined();
  });

  test.each([
    ['more long-lived cache than cache', { cacheWriteTokens: 1, cacheWrite1hTokens: 2 }],
    ['more reasoning than output', { outputTokens: 1, reasoningTokens: 2 }],
    ['audio', { inputTokens: 9, audioInputTokens: 1 }],
  ])('%s', (_, part) => {
    expect(sumOf('openai', 'gpt-4o')?.({ ...NO_USAGE, inputTokens: 1 })).toBeGreaterThan(0);
    expect(sumOf('openai', 'gpt-4o')?.({ ...NO_USAGE, ...part })).toBeUndefined();
  });
});
