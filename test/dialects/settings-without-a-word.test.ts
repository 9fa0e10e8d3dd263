// Settings that a provider's dialect has no word for: named where they say something, silent where they spell out a default.
import { describe, expect, test } from 'bun:test';
import { PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { ProviderDialectId } from '../../src/model/dialect-id.ts';
import type { NeutralRequest, ReasoningSettings } from '../../src/model/request.ts';

const PLAIN: NeutralRequest = {
  ...{ model: 'm', stream: false, system: [], tools: [] },
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }],
};

function losses(dialect: ProviderDialectId, settings: Partial<NeutralRequest>): string[] {
  const asked = { ...PLAIN, ...settings };
  const { losses: list } = PROVIDER_SIDES[dialect].buildRequest(asked, { model: 'm', quirks: {} });
  return list.map(({ feature }) => feature);
}

const DIALECTS = [
  ['anthropic-messages'],
  ['bedrock-converse'],
  ['gemini'],
  ['ollama-chat'],
  ['openai-chat'],
  ['openai-responses'],
] as const satisfies readonly (readonly [ProviderDialectId])[];

describe.each(DIALECTS)('%s', (dialect) => {
  test('defaults lose nothing', () => {
    const defaults = {
      frequencyPenalty: 0,
      presencePenalty: 0,
      stopSequences: [],
      parallelToolCalls: true,
      serviceTier: 'auto',
    };
    expect(losses(dialect, defaults)).toEqual([]);
  });
});

const THINKING = DIALECTS.filter(([dialect]) => dialect !== 'bedrock-converse');

test.each(THINKING)('short updates in place of its thinking, of which %s has none', (dialect) => {
  const reasoning = { mode: 'adaptive', effort: 'high', summary: 'updates' } as const;
  expect(losses(dialect, { reasoning })).toContain('reasoning_summary');
});

test.each([
  ['gemini', 'gemini-2.5-flash'],
  ['gemini', 'gemini-2.0-flash'],
  ['openai-chat', 'gpt-5.1'],
  ['openai-responses', 'gpt-5.1'],
  ['ollama-chat', 'qwen3'],
  ['bedrock-converse', 'us.amazon.nova-2-lite-v1:0'],
  ['bedrock-converse', 'meta.llama3-1-70b-instruct-v1:0'],
  ['bedrock-converse', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'],
] as const)('of an effort without thinking, by which Claude is as thorough, %s, %s', (dialect, model) => {
  const named = (reasoning: ReasoningSettings) => {
    const { losses: list } = PROVIDER_SIDES[dialect].buildRequest(
      { ...PLAIN, reasoning },
      { model, quirks: {} },
    );
    return list.filter(({ outcome }) => outcome === 'lost').map(({ feature }) => feature);
  };
  expect(named({ mode: 'off', effort: 'high' })).toContain('reasoning_effort');
  expect(named({ mode: 'off', effort: 'none' })).not.toContain('reasoning_effort');
});

test('Claude takes it', () => {
  const { body, losses: list } = PROVIDER_SIDES['bedrock-converse'].buildRequest(
    { ...PLAIN, reasoning: { mode: 'off', effort: 'high' } },
    { model: 'us.anthropic.claude-opus-4-8-v1', quirks: {} },
  );
  expect(body.additionalModelRequestFields).toMatchObject({ output_config: { effort: 'high' } });
  expect(list).toEqual([]);
});

test.each([
  ['gemini', 'gemini-2.5-pro', ['reasoning_effort (a budget of 5000 tokens)']],
  ['gemini', 'gemini-3-pro-preview', ['thinking.budget_tokens (level `HIGH`)']],
  ['openai-chat', 'gpt-5', ['thinking.budget_tokens (reasoning_effort `high`)']],
  ['openai-responses', 'gpt-5', ['thinking.budget_tokens (effort `high`)']],
  ['bedrock-converse', 'us.amazon.nova-2-lite-v1:0', ['thinking.budget_tokens (effort high)']],
  [
    'bedrock-converse',
    'us.anthropic.claude-opus-4-5-20251101-v1:0',
    ['reasoning_effort (a budget of 5000 tokens)'],
  ],
  ['bedrock-converse', 'us.anthropic.claude-opus-4-6-v1', []],
] as const)('of an effort and a budget, both of which Claude takes, %s, %s', (dialect, model, expected) => {
  const reasoning = { mode: 'on', effort: 'high', budgetTokens: 5_000, summary: 'auto' } as const;
  const { losses: list } = PROVIDER_SIDES[dialect].buildRequest(
    { ...PLAIN, reasoning },
    { model, quirks: {} },
  );
  const named = list.map(({ feature, how }) => `${feature} (${how})`);
  expect(named.filter((name) => !name.startsWith('reasoning_summary'))).toEqual([...expected]);
});

test.each([
  ['anthropic-messages', ['seed', 'frequency_penalty', 'presence_penalty', 'metadata', 'prompt_cache_key']],
  ['bedrock-converse', ['seed', 'frequency_penalty', 'presence_penalty', 'metadata', 'prompt_cache_key']],
  ['gemini', ['metadata', 'prompt_cache_key']],
  ['ollama-chat', ['metadata', 'prompt_cache_key']],
  ['openai-responses', ['seed', 'frequency_penalty', 'presence_penalty', 'stop']],
] as const)('%s names what it cannot say', (dialect, expected) => {
  const settings = {
    seed: 7,
    frequencyPenalty: 0.5,
    presencePenalty: -0.5,
    metadata: { trace: 'x' },
    cacheKey: 'k',
    stopSequences: ['END'],
  };
  expect(losses(dialect, settings)).toEqual([...expected]);
});
