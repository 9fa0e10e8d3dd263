// Which efforts OpenAI's models are asked for, in both of its dialects: any that a model does not know it refuses.
import { describe, expect, test } from 'bun:test';
import { effortsOf } from '../../src/dialects/openai/efforts.ts';
import { PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import type {
  NeutralRequest,
  ReasoningEffort,
  ReasoningSettings,
  ServerTool,
} from '../../src/model/request.ts';
import { PROVIDER_KINDS } from '../../src/providers/kinds.ts';

const { quirks = {} } = PROVIDER_KINDS.find(({ kind }) => kind === 'openai') ?? {};

function asked(dialect: 'openai-chat' | 'openai-responses', model: string, more: Partial<NeutralRequest>) {
  const request: NeutralRequest = {
    model: 'asked',
    stream: false,
    system: [],
    messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
    tools: [],
    ...more,
  };
  const { body, losses } = PROVIDER_SIDES[dialect].buildRequest(request, { model, quirks });
  return { body, lost: losses.filter(({ outcome }) => outcome === 'lost').map(({ feature }) => feature) };
}

function effortIn(dialect: 'openai-chat' | 'openai-responses', model: string, reasoning: ReasoningSettings) {
  const { body } = asked(dialect, model, { reasoning });
  return dialect === 'openai-chat'
    ? body.reasoning_effort
    : (body.reasoning as JsonObject | undefined)?.effort;
}

test.each([
  ['gpt-5', 'minimal low medium high'],
  ['gpt-5-mini-2025-08-07', 'minimal low medium high'],
  ['gpt-5-codex', 'low medium high'],
  ['gpt-5-pro-2025-10-06', 'high'],
  ['gpt-5.1', 'none low medium high'],
  ['gpt-5.2-chat-latest', 'medium'],
  ['gpt-5.1-codex-mini', 'low medium high'],
  ['gpt-5.1-codex-max', 'low medium high xhigh'],
  ['gpt-5.2-2025-12-11', 'none low medium high xhigh'],
  ['gpt-5.2-pro', 'medium high xhigh'],
  ['gpt-5.3-codex', 'low medium high xhigh'],
  ['gpt-5.4-nano', 'none low medium high xhigh'],
  ['gpt-5.6-sol', 'none low medium high xhigh max'],
  ['gpt-6-astra', 'low medium high xhigh max'],
  ['gpt-6-luna', 'none low medium high xhigh max'],
  ['gpt-6.1-terra', 'none low medium high xhigh max'],
  ['gpt-6.1-sol', 'low medium high xhigh max'],
  ['o3-mini', 'low medium high'],
  ['o4-mini-deep-research-2025-06-26', 'medium'],
  ['openai/gpt-5.1', 'none low medium high'],
  ['ft:o4-mini-2025-04-16:org::id', 'low medium high'],
])('%s takes %s', (model, efforts) => {
  expect(effortsOf(model)?.join(' ')).toBe(efforts);
});

test.each(['gpt-4.1', 'gpt-35-turbo', 'qwen3-8b'])('of %s nothing is known', (model) => {
  expect(effortsOf(model)).toBeUndefined();
});

const OFF = { mode: 'off' } as const;
describe.each(['openai-chat', 'openai-responses'] as const)('%s', (dialect) => {
  test.each<[string, ReasoningSettings, ReasoningEffort]>([
    ['gpt-5', OFF, 'low'],
    ['gpt-5', { effort: 'minimal' }, 'minimal'],
    ['gpt-5', { effort: 'max' }, 'high'],
    ['gpt-5-pro', { effort: 'low' }, 'high'],
    ['gpt-5.1', OFF, 'none'],
    ['gpt-5.1-chat-latest', OFF, 'medium'],
    ['gpt-5.3-chat-latest', { effort: 'high' }, 'medium'],
    ['gpt-5.1', { effort: 'minimal' }, 'low'],
    ['gpt-5.1', { effort: 'xhigh' }, 'high'],
    ['gpt-5.4', { effort: 'max' }, 'xhigh'],
    ['gpt-6-astra', OFF, 'low'],
    ['gpt-6-astra', { effort: 'none' }, 'low'],
    ['gpt-6-astra', { mode: 'on', budgetTokens: 31_999 }, 'high'],
  ])('%s: %j is %s', (model, reasoning, effort) => {
    expect(effortIn(dialect, model, reasoning)).toBe(effort);
  });

  test('sampling is for models that do not think', () => {
    const sampling = { temperature: 0.2, topP: 0.5 };
    const sent = (model: string, reasoning?: ReasoningSettings) =>
      asked(dialect, model, { ...sampling, ...(reasoning !== undefined && { reasoning }) });
    for (const [model, reasoning] of [
      ['gpt-5.1', OFF],
      ['gpt-6-luna', OFF],
      ['gpt-6.1-terra', OFF],
      // These think only if asked to.
      ['gpt-5.1', undefined],
      ['gpt-5.2-2025-12-11', { mode: 'adaptive', summary: 'auto' }],
    ] as const)
      expect(sent(model, reasoning).body).toMatchObject({ temperature: 0.2, top_p: 0.5 });
    for (const [model, reasoning] of [
      ['gpt-5.1', { effort: 'low' }],
      ['gpt-5.2', { mode: 'on' }],
      ['gpt-5.2-pro', undefined],
      ['gpt-5.5', undefined],
      ['gpt-5', OFF],
      ['gpt-5.2-chat-latest', undefined],
      ['gpt-5.2-chat-latest', OFF],
      ['gpt-6-luna', { effort: 'low' }],
      ['gpt-6-astra', OFF],
    ] as const) {
      const { body, lost } = sent(model, reasoning);
      expect(body).not.toContainAnyKeys(['temperature', 'top_p']);
      expect(lost).toContain('temperature');
      expect(lost).toContain('top_p');
    }
  });

  test('and their tokens have log probabilities', () => {
    const sent = (model: string) => asked(dialect, model, { logprobs: { top: 2 } });
    expect(sent('gpt-5.2')).toMatchObject({ body: { top_logprobs: 2 }, lost: [] });
    expect(sent('gpt-5.5').lost).toEqual(['logprobs', 'top_logprobs']);
  });
});

test('`minimal` is refused beside what OpenAI runs, so that it is the next effort there', () => {
  const definition = { dialect: 'gemini', fields: { googleSearch: {} } } as const;
  const search: ServerTool = { type: 'server', name: 'googleSearch', definition, search: { others: [] } };
  const reasoning = { effort: 'minimal' } as const;
  const sent = (tools: NeutralRequest['tools']) =>
    asked('openai-responses', 'gpt-5', { tools, reasoning }).body.reasoning;
  expect(sent([search])).toEqual({ effort: 'low' });
  expect(sent([{ type: 'function', name: 'f' }])).toEqual({ effort: 'minimal' });
  // The search is not sent.
  expect(sent([{ ...search, search: { blockedDomains: ['example.com'], others: [] } }])).toEqual({
    effort: 'minimal',
  });
});

test('`max` is sent to models that have it', () => {
  for (const wire of ['openai-responses', 'openai-chat'] as const) {
    expect(effortIn(wire, 'gpt-6-astra', { effort: 'max' })).toBe('max');
    expect(effortIn(wire, 'gpt-5.6', { effort: 'max' })).toBe('max');
    expect(effortIn(wire, 'gpt-5.5', { effort: 'max' })).toBe('xhigh');
  }
});

test('Chat Completions has tools or thinking for GPT-5.4 and later: the tools, where the model can do without thinking', () => {
  const tools = [{ type: 'function', name: 'f' }] as const;
  const effort = (model: string, more: Partial<NeutralRequest>) => {
    const { body, lost } = asked('openai-chat', model, { tools: [...tools], ...more });
    return [body.reasoning_effort, ...lost];
  };
  expect(effort('gpt-5.6-sol', { reasoning: { effort: 'high' } })).toEqual(['none', 'reasoning_effort']);
  expect(effort('gpt-5.5', { reasoning: { mode: 'adaptive' } })).toEqual(['none', 'thinking']);
  expect(effort('gpt-5.5', {})).toEqual(['none']);
  expect(effort('gpt-5.5', { tools: [] })).toEqual([undefined]);
  expect(effort('gpt-5.2', { reasoning: { effort: 'high' } })).toEqual(['high']);
  expect(effort('gpt-6-astra', { reasoning: { effort: 'high' } })).toEqual(['high']);
});
