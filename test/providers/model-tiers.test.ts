// The tiers of models by their vendors' names, and which of them are small.
import { expect, test } from 'bun:test';
import { TIER_NAMES, type TierName, tierOf } from '../../src/providers/model-tiers.ts';

test.each<[model: string, tier: TierName | null, small: boolean]>([
  ['claude-opus-4-1', 'opus', false],
  ['us.anthropic.claude-opus-4-1-v1:0', 'opus', false],
  ['claude-3-5-haiku-20241022', 'haiku', true],
  ['claude-fable-5-1', 'fable', false],
  ['anthropic/claude-mythos-5', 'mythos', false],
  ['gpt-5.4-nano', 'gpt-nano', true],
  ['gpt-5.1-codex-mini', 'gpt-mini', true],
  ['gpt-6.1-sol', 'gpt', false],
  ['gpt-5.6-terra', 'gpt', false],
  ['gpt-5.6-luna', 'gpt', true],
  ['us.openai.gpt-6-luna', 'gpt', true],
  ['gemini-2.5-flash-lite', 'gemini-flash-lite', true],
  ['gemini-3.8-flash', 'gemini-flash', false],
  ['gpt-4-opusx', 'gpt', false],
  ['claude-opusx-4', null, false],
  ['gpt-5-lunar', 'gpt', false],
  ['qwen3-8b', null, false],
])('%s is of the tier %p', (model, tier, small) => {
  const found = tierOf(model);
  expect([found?.tier ?? null, found?.small === true]).toEqual([tier, small]);
});

test('each tier is named once', () => {
  expect(new Set(TIER_NAMES).size).toBe(TIER_NAMES.length);
});
