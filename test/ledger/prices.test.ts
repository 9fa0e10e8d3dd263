// Bills worked out by hand, and models that nobody has a price for, which have none (GUARANTEES 19).
import { describe, expect, test } from 'bun:test';
import { calcPrice, findProvider } from '@pydantic/genai-prices';
import { parseConfig } from '../../src/config/parse.ts';
import { resolveCosts } from '../../src/config/resolve-costs.ts';
import type { ConfigInput } from '../../src/index.ts';
import { loadPrices } from '../../src/ledger/prices/library.ts';
import { findPrices } from '../../src/ledger/prices/table.ts';
import { createPricer } from '../../src/ledger/prices/prices.ts';
import type { PricedParts, Usage } from '../../src/model/usage.ts';
import type { TablePrices } from '../../src/providers/kind.ts';
import { findProviderKind } from '../../src/providers/kinds.ts';
import { cpuTimeOf } from '../support/cpu-time.ts';
import { sampleUsage } from '../support/ledger-rows.ts';
import { sampleProvider } from '../support/provider-config.ts';

await loadPrices();

const anthropic = sampleProvider({ name: 'anthropic', priceId: 'anthropic' });
const openai = sampleProvider({ name: 'openai', priceId: 'openai' });
const table = createPricer({ pricingOverrides: [], budgets: [] });
const MILLION = 1_000_000;

type WrittenPrice = NonNullable<NonNullable<ConfigInput['costs']>['pricing_overrides']>[string];

/** As they are written in the configuration. */
function withOverrides(...overrides: [pattern: string, price: WrittenPrice][]) {
  const { file } = parseConfig({ costs: { pricing_overrides: Object.fromEntries(overrides) } });
  if (file === null) throw new Error('these are no prices');
  return createPricer(resolveCosts(file, [], []));
}

/** The prices that the arithmetic below is written with, as the table states them. */
function tablePrices(priceId: string, model: string): unknown {
  return findPrices(priceId, model)?.models[0]?.prices;
}

describe('what an answer states of its bill', () => {
  const usage = sampleUsage({ inputTokens: MILLION });
  const stated = { tier: null, billedUsd: 0.5 };

  test('is the bill where the provider bills what it states, and nowhere else', () => {
    const itself = { ...openai, name: 'itself', billsItself: true };
    const byTable = table(openai, 'gpt-5', usage);
    expect(byTable).toBeGreaterThan(0.5);
    expect(table(itself, 'gpt-5', usage, undefined, stated)).toBe(0.5);
    expect(table(itself, 'gpt-5', usage)).toBe(byTable);
    expect(table(openai, 'gpt-5', usage, undefined, stated)).toBe(byTable);
  });
});

describe('a model with a price for', () => {
  const lab = (newer: TablePrices) =>
    sampleProvider({ name: 'lab', priceId: 'lab', newerPrices: { lab: newer }, leastAudioSeconds: 10 });
  const text = { input_mtok: 1, output_mtok: 1 };
  // Each with a pricer of its own: one remembers a provider's prices by its name.
  const bill = (prices: TablePrices, usage: Partial<Usage>, pricedApart: PricedParts | null = null) => {
    const stated = { tier: null, billedUsd: null, pricedApart };
    const pricer = createPricer({ pricingOverrides: [], budgets: [] });
    return pricer(lab(prices), 'lab', sampleUsage(usage), undefined, stated);
  };

  test.each<[string, TablePrices, Partial<Usage>, PricedParts?]>([
    ['answers alone: questions', { output_mtok: 1 }, { inputTokens: 1 }],
    ['questions alone: answers', { input_mtok: 1 }, { outputTokens: 1 }],
    ['text alone: images asked about', text, { inputTokens: 1 }, { imageInputTokens: 1 }],
    ['text alone: videos', text, { outputTokens: 1 }, { videoOutputTokens: 1 }],
    ['text alone: searches in files', text, { inputTokens: 1 }, { fileSearches: 1 }],
    ['text alone: seconds of audio', text, {}, { audioSeconds: 20 }],
  ])('%s are unpriced', (_, prices, usage, pricedApart = {}) => {
    expect(bill(prices, usage, pricedApart)).toBeNull();
  });

  test('hours of audio: short audio is billed as the least, and none as none', () => {
    const seconds = (audioSeconds: number) => bill({ audio_hours: 3_600 }, {}, { audioSeconds });
    expect(seconds(20)).toBeCloseTo(20, 10);
    expect(seconds(2)).toBeCloseTo(10, 10);
    expect(bill(text, { inputTokens: MILLION, outputTokens: 0 }, { audioSeconds: 0 })).toBeCloseTo(1, 10);
  });
});

test('an answer that searched is unpriced where searches are billed differently from the table', () => {
  const azure = { ...openai, name: 'azure', searchesUnpriced: true };
  const usage = sampleUsage({ inputTokens: MILLION });
  expect(table(azure, 'gpt-5', usage)).toBe(table(openai, 'gpt-5', usage));
  expect(table(azure, 'gpt-5', { ...usage, webSearches: 1 })).toBeNull();
});

describe('bills by the table', () => {
  test('Anthropic: fresh input, cache read, cache write, output and web searches', () => {
    const model = 'claude-sonnet-4-20250514';
    expect(tablePrices('anthropic', model)).toEqual({
      input_mtok: 3,
      output_mtok: 15,
      cache_read_mtok: 0.3,
      cache_write_mtok: 3.75,
      cache_write_1h_mtok: 6,
      web_searches_kcount: 10,
    });
    // The usage of anthropic-messages/anthropic/mirascope-test-web-search-tool-anthropic-beta-claude-sonnet-4-0.
    const usage = sampleUsage({
      inputTokens: 2081,
      cacheReadTokens: 28203,
      cacheWriteTokens: 10345,
      outputTokens: 504,
      webSearches: 3,
    });
    const tokens = 2081 * 3 + 28203 * 0.3 + 10345 * 3.75 + 504 * 15;
    expect(table(anthropic, model, usage)).toBeCloseTo(tokens / MILLION + (3 * 10) / 1000, 10);
  });

  test('Anthropic: what is kept for an hour costs more', () => {
    const usage = sampleUsage({
      inputTokens: 10,
      outputTokens: 0,
      cacheWriteTokens: 1000,
      cacheWrite1hTokens: 400,
    });
    const bill = (10 * 3 + 600 * 3.75 + 400 * 6) / MILLION;
    expect(table(anthropic, 'claude-sonnet-4-20250514', usage)).toBeCloseTo(bill, 12);
  });

  test('Anthropic: a long prompt, all of it cached, reaches the long-prompt tier', () => {
    const model = 'claude-sonnet-4-5';
    const usage = sampleUsage({ inputTokens: 1, cacheReadTokens: 250_000, outputTokens: 100 });
    const bill = (1 * 6 + 250_000 * 0.6 + 100 * 22.5) / MILLION;
    expect(table(anthropic, model, usage)).toBeCloseTo(bill, 10);
  });

  test('OpenAI: cached input is cheaper, reasoning is paid as output and not twice', () => {
    const model = 'gpt-5-2025-08-07';
    expect(tablePrices('openai', model)).toMatchObject({
      input_mtok: 1.25,
      cache_read_mtok: 0.125,
      output_mtok: 10,
    });
    const usage = sampleUsage({
      inputTokens: 500,
      cacheReadTokens: 1024,
      outputTokens: 300,
      reasoningTokens: 256,
    });
    const bill = (500 * 1.25 + 1024 * 0.125 + 300 * 10) / MILLION;
    expect(table(openai, model, usage)).toBeCloseTo(bill, 12);
  });

  test('OpenAI: audio has its own price', () => {
    const model = 'gpt-audio';
    expect(tablePrices('openai', model)).toMatchObject({
      input_mtok: 2.5,
      output_mtok: 10,
      input_audio_mtok: 32,
      output_audio_mtok: 64,
    });
    const usage = sampleUsage({
      inputTokens: 120,
      audioInputTokens: 100,
      outputTokens: 50,
      audioOutputTokens: 40,
    });
    const bill = (20 * 2.5 + 100 * 32 + 10 * 10 + 40 * 64) / MILLION;
    expect(table(openai, model, usage)).toBeCloseTo(bill, 12);
  });

  test('audio without a price of its own is unpriced, but at Google, where it then costs what text does', () => {
    const model = 'gpt-4o-audio-preview';
    expect(tablePrices('openai', model)).toEqual({ input_mtok: 2.5, output_mtok: 10 });
    const heard = sampleUsage({ inputTokens: 120, audioInputTokens: 100, outputTokens: 50 });
    const spoken = sampleUsage({ inputTokens: 120, outputTokens: 50, audioOutputTokens: 50 });
    expect(table(openai, model, heard)).toBeNull();
    expect(table(openai, model, spoken)).toBeNull();
    expect(table(openai, model, sampleUsage({ inputTokens: 120, outputTokens: 50 }))).toBeGreaterThan(0);
    const google = sampleProvider({ name: 'google', priceId: 'google', audioAtTextPrice: true });
    expect(table(google, 'gemini-2.5-pro', heard)).toBeCloseTo((120 * 1.25 + 50 * 10) / MILLION, 12);
    expect(table(google, 'gemini-2.5-flash', heard)).toBeCloseTo((20 * 0.3 + 100 + 50 * 2.5) / MILLION, 12);
  });

  test('the price is that of the day of the request', () => {
    const usage = sampleUsage({ inputTokens: MILLION, outputTokens: 0 });
    expect(table(openai, 'o3', usage, Date.UTC(2025, 5, 1))).toBe(10);
    expect(table(openai, 'o3', usage, Date.UTC(2025, 6, 1))).toBe(2);
  });

  test('a model of another vendor costs what its vendor takes only where that is known', () => {
    const usage = sampleUsage();
    const azure = sampleProvider({ name: 'azure', priceId: 'azure', resells: ['openai'] });
    expect(table(azure, 'gpt-5-mini-2025-08-07', usage)).toBeGreaterThan(0);
    for (const model of ['DeepSeek-R1', 'grok-4-fast-reasoning']) {
      expect(findPrices('azure', model)).not.toBeNull();
      expect(table(azure, model, usage)).toBeNull();
    }
  });

  test('no tokens cost nothing', () => {
    expect(table(openai, 'gpt-5', sampleUsage({ inputTokens: 0, outputTokens: 0 }))).toBe(0);
  });
});

const deepSeek: [model: string, low: number][] = [
  ['deepseek-v4-pro', 0.66 + 1.98],
  ['deepseek-flash', 0.15 + 0.6],
  ['deepseek-v4-flash', 0.15 + 0.6],
];
test.each(deepSeek)(
  '%s: DeepSeek’s weekends, of Beijing’s clock, have no hours of high demand',
  (model, low) => {
    const {
      priceId = null,
      weekends = null,
      newerPrices = {},
      wrongPrices = null,
    } = findProviderKind('deepseek') ?? {};
    const provider = sampleProvider({ name: 'deepseek', priceId, weekends, newerPrices, wrongPrices });
    const usage = sampleUsage({ inputTokens: MILLION, outputTokens: MILLION });
    const expected: [at: string, usd: number][] = [
      ['2026-11-27T12:00Z', low],
      ['2026-11-27T02:00Z', 2 * low],
      ['2026-11-27T17:00Z', low],
      ['2026-11-28T02:00Z', low],
      ['2026-11-29T09:59Z', low],
      ['2026-11-30T01:00Z', 2 * low],
      ['2026-11-30T05:00Z', low],
      ['2026-11-30T09:59Z', 2 * low],
    ];
    for (const [at, usd] of expected) {
      const price = table(provider, model, usage, Date.parse(at)) ?? Number.NaN;
      expect([at, price.toFixed(9)]).toEqual([at, usd.toFixed(9)]);
    }
    const cached = sampleUsage({ inputTokens: 0, cacheReadTokens: MILLION, outputTokens: 0 });
    if (model !== 'deepseek-v4-pro')
      expect(table(provider, model, cached, Date.parse('2026-11-30T09:59Z'))).toBeCloseTo(0.006, 9);
  },
);

describe('models that the table does not have yet', () => {
  const { newerPrices = {}, tiers = {} } = findProviderKind('anthropic') ?? {};
  const provider = sampleProvider({ ...anthropic, newerPrices, tiers });
  const used = sampleUsage({
    inputTokens: 1_000,
    cacheReadTokens: 90_000,
    cacheWriteTokens: 9_000,
    cacheWrite1hTokens: 4_000,
    outputTokens: 500,
    webSearches: 2,
  });
  const searches = (2 * 10) / 1_000;

  test('Sonnet 5.5, of which what was served in the United States alone costs a tenth more', () => {
    const tokens = 1_000 * 2 + 90_000 * 0.1 + 5_000 * 2.5 + 4_000 * 4 + 500 * 10;
    expect(table(provider, 'claude-sonnet-5-5', used)).toBeCloseTo(tokens / MILLION + searches, 10);
    const there = table(provider, 'claude-sonnet-5-5', used, undefined, { tier: 'us', billedUsd: null });
    expect(there).toBeCloseTo((tokens * 1.1) / MILLION + searches, 10);
    const fast = table(provider, 'claude-sonnet-5-5', used, undefined, { tier: 'fast', billedUsd: null });
    expect(fast).toBeNull();
  });

  test('Haiku 5.5, whose tokens all cost more behind a prompt of more than 100,000', () => {
    const tokens = 1_000 * 0.1 + 90_000 * 0.01 + 5_000 * 0.125 + 4_000 * 0.2 + 500 * 0.5;
    expect(table(provider, 'claude-haiku-5-5', used)).toBeCloseTo(tokens / MILLION + searches, 10);
    const longer = { ...used, inputTokens: 1_001 };
    const dearer = 1_001 * 0.5 + 90_000 * 0.05 + 5_000 * 0.625 + 4_000 * 1 + 500 * 2.5;
    expect(table(provider, 'claude-haiku-5-5', longer)).toBeCloseTo(dearer / MILLION + searches, 10);
  });

  test('Mythos, which costs what Fable does', () => {
    for (const version of ['5', '5-1'])
      expect(table(provider, `claude-mythos-${version}`, used)).toBe(
        table(anthropic, `claude-fable-${version}`, used),
      );
    expect(table(provider, 'claude-mythos-preview', used)).toBeNull();
  });

  test.each([
    ['glm-5.3-flash', 0.15, 0.03, 0.5],
    ['GLM-5.3-Flash', 0.15, 0.03, 0.5],
    ['glm-5.1', 1.4, 0.26, 4.4],
    ['glm-5-turbo', 1.2, 0.24, 4],
    ['glm-5', 1, 0.2, 3.2],
    ['glm-4.7', 0.6, 0.11, 2.2],
    ['glm-4.6', 0.6, 0.11, 2.2],
    ['glm-4.5', 0.6, 0.11, 2.2],
    ['glm-4.5-air', 0.2, 0.03, 1.1],
  ])('%s at Z.ai', (model, input, cached, output) => {
    const { newerPrices: ofGlm = {}, priceId = null, wrongPrices = null } = findProviderKind('glm') ?? {};
    const usage = sampleUsage({ inputTokens: 1_000, cacheReadTokens: 2_000, outputTokens: 500 });
    const cost = (1_000 * input + 2_000 * cached + 500 * output) / MILLION;
    const glm = sampleProvider({ name: 'glm', priceId, newerPrices: ofGlm, wrongPrices });
    expect(table(glm, model, usage) ?? Number.NaN).toBeCloseTo(cost, 10);
    for (const other of ['glm-4.7v', 'glm-4.5-airx', 'glm-5v-turbo'])
      expect(table(glm, other, usage)).toBeNull();
  });

  test('GPT-6.1 Sol, also by the name of its version; a name that goes on otherwise is another model', () => {
    const { newerPrices: ofOpenAi = {}, tiers: flex = {} } = findProviderKind('openai') ?? {};
    const sol = sampleProvider({ ...openai, newerPrices: ofOpenAi, tiers: flex });
    const usage = sampleUsage({
      inputTokens: 1_000,
      cacheReadTokens: 200_000,
      cacheWriteTokens: 71_000,
      outputTokens: 500,
    });
    const tokens = (1_000 * 2 + 200_000 * 0.1 + 71_000 * 2.5 + 500 * 10) / MILLION;
    for (const model of ['gpt-6.1-sol', 'gpt-6.1-sol-2026-09-29'])
      expect(table(sol, model, usage) ?? Number.NaN).toBeCloseTo(tokens, 10);
    const cheap = table(sol, 'gpt-6.1-sol', usage, undefined, { tier: 'flex', billedUsd: null });
    expect(cheap ?? Number.NaN).toBeCloseTo(tokens / 2, 10);
    const longer = (1_001 * 4 + 200_000 * 0.2 + 71_000 * 5 + 500 * 15) / MILLION;
    expect(table(sol, 'gpt-6.1-sol', { ...usage, inputTokens: 1_001 }) ?? Number.NaN).toBeCloseTo(longer, 10);
    for (const model of ['gpt-6.1-sol-pro', 'gpt-6.1-sola', 'gpt-6.1'])
      expect(table(sol, model, usage)).toBeNull();
  });

  test.each([
    ['openai', 'gpt-6.2-astra', 1_000 * 8 + 200_000 * 0.4 + 500 * 40],
    ['openai', 'gpt-6.2-sol', 1_000 * 2 + 200_000 * 0.1 + 500 * 10],
    ['openai', 'gpt-6.1-terra', 1_000 * 1 + 200_000 * 0.05 + 500 * 5],
    ['xai', 'grok-4.7', 1_000 * 4 + 200_000 * 1 + 500 * 12],
    ['moonshot', 'kimi-k3.1-pro', 1_000 * 2 + 200_000 * 0.2 + 500 * 10],
    ['moonshot', 'kimi-k3.1-pro-highspeed', 1_000 * 4 + 200_000 * 0.2 + 500 * 20],
    ['gemini', 'gemini-4-argon', 1_000 * 4 + 200_000 * 0.2 + 500 * 20],
    ['vertex', 'gemini-4-hydrogen', 1_000 * 1.5 + 200_000 * 0.075 + 500 * 7.5],
    ['gemini', 'gemini-4-neon', 1_000 * 3 + 200_000 * 0.15 + 500 * 15],
    ['anthropic', 'claude-fable-5-2', 1_000 * 8 + 200_000 * 0.2 + 500 * 40],
    ['vertex', 'claude-mythos-5-2', 1_000 * 8 + 200_000 * 0.2 + 500 * 40],
    ['bedrock', 'global.anthropic.claude-sonnet-5-5', 1_000 * 2 + 200_000 * 0.1 + 500 * 10],
    ['bedrock', 'jp.anthropic.claude-sonnet-5-5-v1:0', 1_000 * 2.2 + 200_000 * 0.11 + 500 * 11],
    ['bedrock', 'us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0', 1_000 * 3.6 + 200_000 * 0.36 + 500 * 18],
    ['bedrock', 'us.anthropic.claude-haiku-5-5', 1_000 * 0.55 + 200_000 * 0.055 + 500 * 2.75],
    ['bedrock-anthropic', 'anthropic.claude-fable-5-2', 1_000 * 8.8 + 200_000 * 0.22 + 500 * 44],
    ['mistral', 'mistral-large-4', 1_000 * 0.7 + 200_000 * 0.07 + 500 * 2.1],
    ['mistral', 'mistral-large-4-0', 1_000 * 0.7 + 200_000 * 0.07 + 500 * 2.1],
    ['mistral', 'mistral-small-latest', 1_000 * 0.15 + 200_000 * 0.015 + 500 * 0.6],
    ['mistral', 'zai-glm-5-3', 1_000 * 1.4 + 200_000 * 0.14 + 500 * 4.4],
    ['mistral', 'zai-glm-5-3-flash', 1_000 * 0.15 + 200_000 * 0.03 + 500 * 0.5],
    ['glm', 'glm-5.3-flashx', 1_000 * 0.37 + 200_000 * 0.075 + 500 * 1.25],
    ['glm', 'glm-4.7-flashx', 1_000 * 0.07 + 200_000 * 0.01 + 500 * 0.4],
    ['glm', 'glm-4.6v', 1_000 * 0.3 + 200_000 * 0.05 + 500 * 0.9],
    ['glm', 'glm-4.5v', 1_000 * 0.6 + 200_000 * 0.11 + 500 * 1.8],
    ['groq', 'qwen/qwen3.8-27b', 201_000 * 0.8 + 500 * 4],
    ['cerebras', 'qwen-3.8-27b', 201_000 * 0.99 + 500 * 1.49],
  ])('%s’s %s', (kind, model, costs) => {
    const { newerPrices: newer = {}, priceId = null, wrongPrices = null } = findProviderKind(kind) ?? {};
    const provider = sampleProvider({ name: `${kind} with them`, priceId, newerPrices: newer, wrongPrices });
    const usage = sampleUsage({ inputTokens: 1_000, cacheReadTokens: 200_000, outputTokens: 500 });
    expect(table(provider, model, usage) ?? Number.NaN).toBeCloseTo(costs / MILLION, 10);
  });

  test('what Kimi K3.1 Pro keeps for an hour costs twice its input', () => {
    const { newerPrices: newer = {}, priceId = null } = findProviderKind('moonshot') ?? {};
    const provider = sampleProvider({ name: 'moonshot', priceId, newerPrices: newer });
    const usage = sampleUsage({ cacheWriteTokens: 3_000, cacheWrite1hTokens: 1_000, outputTokens: 0 });
    for (const [model, price] of [
      ['kimi-k3.1-pro', 2],
      ['kimi-k3.1-pro-highspeed', 4],
    ] as const) {
      const costs = ((usage.inputTokens + 2_000) * price + 1_000 * 2 * price) / MILLION;
      expect(table(provider, model, usage) ?? Number.NaN).toBeCloseTo(costs, 10);
    }
  });

  test('where it costs more than anybody knows, it has no price, as long as the operator states none', () => {
    const dearer = { models: /^us-gov/, times: null };
    const provider = sampleProvider({ name: 'gov', priceId: 'aws', dearer });
    const [there, here] = ['us-gov.amazon.nova-pro-v1:0', 'us.amazon.nova-pro-v1:0'];
    expect(table(provider, here, sampleUsage())).toBeGreaterThan(0);
    expect(table(provider, there, sampleUsage())).toBeNull();
    const own = withOverrides(['gov/*', { input_per_million: 1, output_per_million: 1 }]);
    expect(own(provider, there, sampleUsage())).toBeGreaterThan(0);
  });

  test.each(['jp.anthropic.claude-fable-5-2', 'us-gov.anthropic.claude-sonnet-5-5'])(
    '%s on Amazon has no price, since Amazon lists none',
    (model) => {
      const { newerPrices: newer = {}, priceId = null } = findProviderKind('bedrock') ?? {};
      const provider = sampleProvider({ name: 'bedrock with them', priceId, newerPrices: newer });
      expect(table(provider, model, sampleUsage())).toBeNull();
    },
  );

  test('what the table has is its own affair, and each row here is one that it lacks, or has at a wrong price', () => {
    for (const kind of [
      'anthropic',
      'openai',
      'glm',
      'gemini',
      'moonshot',
      'xai',
      'mistral',
      'groq',
      'cerebras',
      'bedrock',
    ]) {
      const { newerPrices: newer = {}, priceId, wrongPrices } = findProviderKind(kind) ?? {};
      for (const [model, prices] of Object.entries(newer)) {
        const known = findPrices(priceId ?? '', model)?.models[0]?.prices;
        const isRight = known !== undefined && wrongPrices?.test(model) !== true;
        expect([model, isRight]).toEqual([model, false]);
        expect(known).not.toEqual(prices);
      }
    }
    const other = sampleProvider({
      ...anthropic,
      name: 'other',
      newerPrices: { 'claude-opus-5': { input_mtok: 1, output_mtok: 1 } },
    });
    expect(table(other, 'claude-opus-5', used)).toBe(table(anthropic, 'claude-opus-5', used));
  });
});

test('the fastest tier costs six times as much for the model whose price is known, and an unknown price for others', () => {
  const { newerPrices = {}, tiers = {} } = findProviderKind('openai') ?? {};
  const provider = sampleProvider({ ...openai, newerPrices, tiers });
  const usage = sampleUsage();
  const at = (model: string, tier: string | null) =>
    table(provider, model, usage, undefined, { tier, billedUsd: null });
  const usual = at('gpt-6-astra', null);
  if (usual === null) throw new Error('no price');
  expect(at('gpt-6-astra', 'ultrafast')).toBeCloseTo(usual * 6, 12);
  expect(at('gpt-5.6-sol', null)).not.toBeNull();
  expect(at('gpt-5.6-sol', 'ultrafast')).toBeNull();
});

test('a tier that is not listed costs as usual, and a listed one lowers the price of tokens alone', () => {
  const { newerPrices = {}, tiers = {} } = findProviderKind('openai') ?? {};
  const provider = sampleProvider({ ...openai, newerPrices, tiers });
  const at = (tier: string | null, webSearches: number) => {
    const usage = sampleUsage({ webSearches });
    return table(provider, 'gpt-5.6-sol', usage, undefined, { tier, billedUsd: null }) ?? Number.NaN;
  };
  expect(at('auto', 0)).toBe(at(null, 0));
  expect(at('flex', 0)).toBeCloseTo(at(null, 0) / 2, 12);
  const searched = at(null, 2) - at(null, 0);
  expect(searched).toBeGreaterThan(0);
  expect(at('flex', 2)).toBeCloseTo(at('flex', 0) + searched, 12);
});

describe('no price is guessed', () => {
  const usage = sampleUsage();
  const unknown: [what: string, priceId: string | null, model: string][] = [
    ['a name nobody sells', 'openai', 'no-such-model'],
    ['an empty name', 'openai', ''],
    ['a model of another provider', 'anthropic', 'gpt-4o'],
    ['a provider without price id', null, 'gpt-4o'],
    ['a price id that is not in the table', 'no-such-provider', 'gpt-4o'],
    ['a price id that the library would take for another', 'openai-compatible-thing', 'gpt-4o'],
    ['a version number that only begins like a known one', 'anthropic', 'claude-opus-4-10'],
    ['a successor that only begins like a known one', 'anthropic', 'claude-sonnet-5-6'],
    ['a variant that only begins like a known one', 'openai', 'gpt-5-nano-ultra'],
    ['a name that only contains a known one', 'google', 'my-claude-3-opus'],
    ['a name that only ends in a known one', 'google', 'notclaude-fable-5'],
    ['one that goes on behind what it contains', 'google', 'models/claude-3-opus-ultra'],
    ['one that goes on where the table excludes others', 'google', 'gemini-2.5-pro-ultra'],
    ['a model sold by the hour', 'openai', 'gpt-transcribe'],
    ['a name of an object property', 'openai', '__proto__'],
  ];
  for (const [what, priceId, model] of unknown) {
    test(what, () => {
      expect(table(sampleProvider({ priceId }), model, usage)).toBeNull();
    });
  }

  const led: [kind: string, wrong: string[], right: string[]][] = [
    [
      'mistral',
      ['mistral-large', 'mistral-large-latest', 'mistral-small-latest', 'magistral-small-latest'],
      ['mistral-large-2512', 'mistral-large-2411', 'mistral-small-2603', 'mistral-medium-latest'],
    ],
    ['deepseek', ['deepseek-chat', 'deepseek-reasoner'], ['deepseek-v4-pro']],
    ['openai', ['gpt-oss-20b', 'gpt-oss-120b'], ['gpt-5-mini']],
    ['azure', ['gpt-oss-20b', 'gpt-oss-120b'], ['gpt-5-mini']],
    ['groq', ['openai/gpt-oss-safeguard-20b'], ['openai/gpt-oss-20b', 'openai/gpt-oss-120b']],
  ];
  test.each(led)('%s: names whose price in the table is another model’s', (kind, wrong, right) => {
    const { priceId = null, resells, wrongPrices = null } = findProviderKind(kind) ?? {};
    const provider = sampleProvider({
      name: kind,
      kind,
      priceId,
      resells: [...(resells ?? [])],
      wrongPrices,
    });
    for (const model of wrong) {
      // As long as the table has them.
      expect(tablePrices(kind, model)).toBeDefined();
      expect(table(provider, model, usage)).toBeNull();
    }
    for (const model of right) expect(table(provider, model, usage)).toBeGreaterThan(0);
    const own = withOverrides([`${kind}/*`, { input_per_million: 1, output_per_million: 1 }]);
    expect(own(provider, wrong[0] ?? '', usage)).toBeGreaterThan(0);
  });

  test('searches, and an hour’s cache, where only the tokens have a price', () => {
    const google = sampleProvider({ name: 'google', priceId: 'google' });
    expect(table(google, 'gemini-2.5-flash', usage)).not.toBeNull();
    expect(table(google, 'gemini-2.5-flash', { ...usage, webSearches: 1 })).toBeNull();
    const aws = sampleProvider({ name: 'aws', priceId: 'aws' });
    const claude = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
    const written = { ...usage, cacheWriteTokens: 10 };
    expect(table(aws, claude, written)).not.toBeNull();
    expect(table(aws, claude, { ...written, cacheWrite1hTokens: 10 })).toBeNull();
  });

  test('counts that contradict each other', () => {
    const impossible = sampleUsage({ cacheWriteTokens: 10, cacheWrite1hTokens: 5000 });
    expect(table(anthropic, 'claude-sonnet-4-20250514', impossible)).toBeNull();
  });
});

describe('revisions of a known model have its price', () => {
  const revisions: [priceId: string, model: string, known: string][] = [
    ['anthropic', 'claude-opus-4-1-20250805', 'claude-opus-4-1'],
    ['anthropic', 'claude-3-5-sonnet-latest', 'claude-3-5-sonnet'],
    ['anthropic', 'claude-sonnet-4@20250514', 'claude-sonnet-4-0'],
    ['anthropic', 'Claude-Opus-4-1', 'claude-opus-4-1'],
    ['openai', 'gpt-5-20250807', 'gpt-5'],
    ['openai', 'ft:gpt-4o-2024-08-06:acme::abc123', 'ft:gpt-4o'],
    ['google', 'gemini-2.0-flash-001', 'gemini-2.0-flash'],
    ['google', 'gemini-2.5-pro-preview-05-06', 'gemini-2.5-pro'],
    ['google', 'gemini-2.5-flash-lite-preview-09-2025', 'gemini-2.5-flash-lite'],
    ['google', 'publishers/anthropic/models/claude-3-opus@20240229', 'claude-3-opus'],
    ['aws', 'us.amazon.nova-lite-v1:0', 'amazon.nova-lite-v1:0'],
    [
      'aws',
      'arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0',
      'regional.anthropic.claude-haiku-4-5-20251001-v1:0',
    ],
    ['azure', 'gpt-4o', 'gpt-4o'],
  ];
  test('a long number behind a name is none, and is not taken apart in every way', () => {
    findPrices('anthropic', 'claude-opus-4-1-x');
    const found: number[] = [];
    for (const rest of ['1'.repeat(500), 'v1'.repeat(200), '20250805'.repeat(60)]) {
      const { result, cpuMs } = cpuTimeOf(() => findPrices('anthropic', `claude-opus-4-1-${rest}x`));
      expect(result).toBeNull();
      found.push(cpuMs);
    }
    // A few milliseconds; two seconds where the expression tries all of them.
    expect(Math.max(...found)).toBeLessThan(1_000);
  });

  for (const [priceId, model, known] of revisions) {
    test(`${model} is ${known}`, () => {
      expect(findPrices(priceId, model)?.models[0]?.id).toBe(known);
    });
  }

  test('under the names that the table itself lists, strict and fuzzy matching agree', () => {
    const listed = ['anthropic', 'openai', 'google', 'azure', 'aws', 'mistral', 'openrouter'].flatMap(
      (priceId) =>
        (findProvider({ providerId: priceId })?.models ?? []).map(({ id }) => [priceId, id] as const),
    );
    expect(listed.length).toBeGreaterThan(500);
    for (const [priceId, id] of listed) {
      const fuzzy = calcPrice({ input_tokens: 1 }, id, { providerId: priceId })?.model.id;
      expect([id, findPrices(priceId, id)?.models[0]?.id]).toEqual([id, fuzzy]);
    }
  });
});

describe('overrides', () => {
  const usage = sampleUsage({
    inputTokens: 1000,
    outputTokens: 100,
    cacheReadTokens: 10,
    cacheWriteTokens: 20,
  });

  test('price a provider that the table does not know', () => {
    const pricer = withOverrides(['lab/*', { input_per_million: 0, output_per_million: 0 }]);
    expect(pricer(sampleProvider(), 'qwen3-8b', usage)).toBe(0);
    expect(pricer(sampleProvider({ name: 'lab2' }), 'qwen3-8b', usage)).toBeNull();
  });

  test('cache tokens cost as stated', () => {
    const pricer = withOverrides([
      'lab/a',
      {
        input_per_million: 2,
        output_per_million: 8,
        cache_read_per_million: 0.5,
        cache_write_per_million: 3,
      },
    ]);
    const bill = (1000 * 2 + 100 * 8 + 10 * 0.5 + 20 * 3) / MILLION;
    expect(pricer(sampleProvider(), 'a', usage)).toBeCloseTo(bill, 12);
  });

  test('cache tokens cost what fresh ones do where nothing is stated', () => {
    const pricer = withOverrides(['lab/a', { input_per_million: 2, output_per_million: 8 }]);
    expect(pricer(sampleProvider(), 'a', usage)).toBeCloseTo((1030 * 2 + 100 * 8) / MILLION, 12);
  });

  test('what is kept for an hour, reasoning and web searches cost as stated', () => {
    const pricer = withOverrides([
      'lab/a',
      {
        input_per_million: 2,
        output_per_million: 8,
        cache_write_per_million: 3,
        cache_write_1h_per_million: 5,
        reasoning_per_million: 9,
        web_searches_per_thousand: 10,
      },
    ]);
    const used = { ...usage, cacheWrite1hTokens: 15, reasoningTokens: 60, webSearches: 4 };
    const tokens = 1000 * 2 + 10 * 2 + 5 * 3 + 15 * 5 + 40 * 8 + 60 * 9;
    expect(pricer(sampleProvider(), 'a', used)).toBeCloseTo(tokens / MILLION + 4 / 100, 12);
  });

  test('a long prompt changes the price of all its tokens, cached ones counted', () => {
    const prices = { input_per_million: 2, output_per_million: 8 };
    const longPrompt = {
      above: 1030,
      input_per_million: 4,
      output_per_million: 12,
      cache_read_per_million: 1,
    };
    const pricer = withOverrides(['lab/a', { ...prices, long_prompt: longPrompt }]);
    expect(pricer(sampleProvider(), 'a', usage)).toBeCloseTo((1030 * 2 + 100 * 8) / MILLION, 12);
    const longer = { ...usage, cacheReadTokens: 11 };
    const bill = (1000 * 4 + 11 * 1 + 20 * 4 + 100 * 12) / MILLION;
    expect(pricer(sampleProvider(), 'a', longer)).toBeCloseTo(bill, 12);
  });

  test('a part that is more than the whole is unpriced where it has a price of its own', () => {
    const odd = { ...usage, reasoningTokens: 101 };
    const prices = { input_per_million: 2, output_per_million: 8 };
    expect(withOverrides(['lab/a', prices])(sampleProvider(), 'a', odd)).not.toBeNull();
    const apart = withOverrides(['lab/a', { ...prices, reasoning_per_million: 9 }]);
    expect(apart(sampleProvider(), 'a', odd)).toBeNull();
  });

  test('come before the table, and the first that fits decides', () => {
    const pricer = withOverrides(
      ['openai/gpt-5*', { input_per_million: 1, output_per_million: 0 }],
      ['*', { input_per_million: 7, output_per_million: 0 }],
    );
    expect(pricer(openai, 'gpt-5-mini', usage)).toBeCloseTo(1030 / MILLION, 12);
    expect(pricer(openai, 'gpt-4o', usage)).toBeCloseTo((7 * 1030) / MILLION, 12);
  });

  test('a name without stars comes before patterns, wherever it stands', () => {
    const pricer = withOverrides(
      ['lab/*', { input_per_million: 1, output_per_million: 1 }],
      ['lab/free', { input_per_million: 0, output_per_million: 0 }],
    );
    expect(pricer(sampleProvider(), 'free', usage)).toBe(0);
    expect(pricer(sampleProvider(), 'other', usage)).toBeGreaterThan(0);
  });

  test('a glob is no pattern but for its stars, which cross slashes', () => {
    const price = { input_per_million: 1, output_per_million: 1 };
    const pricer = withOverrides(['lab/a.b(*', price], ['*/vendor/*', price]);
    expect(pricer(sampleProvider(), 'a.b(c', usage)).not.toBeNull();
    expect(pricer(sampleProvider(), 'axb(c', usage)).toBeNull();
    expect(pricer(sampleProvider({ name: 'x' }), 'deep/vendor/model', usage)).not.toBeNull();
  });

  test('one name under another kind after a reload is looked up anew', () => {
    expect(table(sampleProvider({ priceId: null }), 'gpt-4o', usage)).toBeNull();
    expect(table(sampleProvider({ priceId: 'openai' }), 'gpt-4o', usage)).not.toBeNull();
  });
});
