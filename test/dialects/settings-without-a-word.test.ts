// Settings that a provider's dialect has no word for: named where they say something, silent where they spell out a default.
import { describe, expect, test } from 'bun:test';
import { PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { ProviderDialectId } from '../../src/model/dialect-id.ts';
import type { NeutralRequest } from '../../src/model/request.ts';

function losses(dialect: ProviderDialectId, settings: Partial<NeutralRequest>): string[] {
  const { losses: list } = PROVIDER_SIDES[dialect].buildRequest(
    {
      ...{ model: 'm', stream: false, system: [], tools: [] },
      messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }],
      ...settings,
    },
    { model: 'm', quirks: {} },
  );
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
