// What Anthropic takes for models that the price table does not have yet.
import type { TablePrices } from './kind.ts';

/** https://platform.claude.com/docs/en/about-claude/pricing, in October 2026. A row goes when the table has it. */
export const CLAUDE_PRICES: Readonly<Record<string, TablePrices>> = {
  'claude-sonnet-5-5': {
    input_mtok: 2,
    cache_write_mtok: 2.5,
    cache_write_1h_mtok: 4,
    cache_read_mtok: 0.1,
    output_mtok: 10,
    web_searches_kcount: 10,
  },
  'claude-haiku-5-5': {
    input_mtok: longPrompt(0.1, 0.5),
    cache_write_mtok: longPrompt(0.125, 0.625),
    cache_write_1h_mtok: longPrompt(0.2, 1),
    cache_read_mtok: longPrompt(0.01, 0.05),
    output_mtok: longPrompt(0.5, 2.5),
    web_searches_kcount: 10,
  },
};

/** All tokens of a request whose prompt is longer than 100,000 cost more. */
function longPrompt(base: number, price: number) {
  return { base, tiers: [{ start: 100_000, price }] };
}
