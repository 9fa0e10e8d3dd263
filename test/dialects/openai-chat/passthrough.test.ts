// What changes between a client and a provider that both speak this dialect.
import { describe, expect, test } from 'bun:test';
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts';
import { findProviderKind } from '../../../src/providers/kinds.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { recordings } from '../../support/recordings.ts';
import { sseEvents } from './events.ts';

const { passthrough } = openaiChat.provider;
const { edits } = passthrough;
const hides = (body: JsonObject, quirks = {}) => passthrough.hides?.(body, quirks);

describe('edits', () => {
  test.each<[string, JsonObject, JsonObject]>([
    [
      'a stream without options asks for usage',
      { stream: true },
      { stream_options: { include_usage: true } },
    ],
    [
      'other options stay',
      { stream: true, stream_options: { include_usage: false, include_obfuscation: false } },
      { stream_options: { include_usage: true, include_obfuscation: false } },
    ],
    ['a stream that asks is untouched', { stream: true, stream_options: { include_usage: true } }, {}],
    ['a whole answer is untouched', { stream: false }, {}],
    ['no stream field is untouched', {}, {}],
  ])('%s', (_, body, expected) => {
    expect(edits(body, {})).toEqual(expected);
    expect(hides(body) !== undefined).toBe('stream_options' in expected);
  });

  test('a stream whose counts are requested in OpenRouter’s words asks for usage, which is not hidden', () => {
    const body = { stream: true, usage: { include: true } };
    expect(edits(body, {})).toEqual({ stream_options: { include_usage: true } });
    expect(hides(body)).toBeUndefined();
    expect(hides({ ...body, usage: { include: false } })).toBeDefined();
  });

  test('OpenRouter’s clients, which ask for no counts, get them', () => {
    const headers = new Headers({ 'user-agent': 'ai-sdk/openrouter/2.10.0 ai-sdk/provider-utils/4.0.23' });
    const hiding = (client: Headers) => passthrough.hides?.({ stream: true }, {}, client);
    expect(hiding(headers)).toBeUndefined();
    expect(hiding(new Headers({ 'user-agent': 'OpenAI/JS 6.1.0' }))).toBeDefined();
  });

  test('a provider that refuses the options is not sent any', () => {
    expect(edits({ stream: true }, { streamOptions: false })).toEqual({});
    const asked = edits({ stream: true, stream_options: { include_usage: true } }, { streamOptions: false });
    expect('stream_options' in asked && asked.stream_options === undefined).toBe(true);
    expect(hides({ stream: true }, { streamOptions: false })).toBeUndefined();
  });
});

describe('a choice that the provider would refuse', () => {
  const changed = (kind: string, body: JsonObject): Record<string, unknown> => {
    const { quirks = {} } = findProviderKind(kind) ?? {};
    const lost = passthrough.losses?.(body, quirks).map(({ feature }) => feature);
    return { ...(edits(body, quirks) as JsonObject), lost };
  };

  test.each([
    ['mistral', 'mistral-small-latest', 'medium', { reasoning_effort: 'high' }],
    ['mistral', 'mistral-medium-latest', 'high', {}],
    ['mistral', 'zai-glm-5-3', 'medium', { reasoning_effort: 'high' }],
    ['mistral', 'zai-glm-5-3', 'none', { reasoning_effort: 'low' }],
    ['groq', 'openai/gpt-oss-120b', 'minimal', { reasoning_effort: 'low' }],
    ['groq', 'openai/gpt-oss-120b', 'none', { reasoning_effort: 'low' }],
    ['groq', 'qwen/qwen3-32b', 'high', { reasoning_effort: undefined }],
    ['groq', 'qwen/qwen3-32b', 'default', {}],
    ['groq', 'qwen/qwen3-32b', 'none', {}],
    ['glm', 'glm-5.3', 'medium', { reasoning_effort: 'high' }],
    ['glm', 'glm-5.3-flash', 'none', { reasoning_effort: 'low' }],
    ['glm', 'glm-5.2', 'medium', {}],
    ['cerebras', 'zai-glm-4.7', 'xhigh', { reasoning_effort: 'high' }],
    // These accept all of OpenAI's, and say what they make of them.
    ['deepseek', 'deepseek-v4-pro', 'medium', {}],
    ['openrouter', 'openai/gpt-5', 'none', {}],
  ])('at %s, %s, the effort %s', (kind, model, reasoning_effort, expected) => {
    const { lost, ...change } = changed(kind, { model, reasoning_effort });
    expect(change).toEqual(expected);
    expect(lost).toHaveLength(Object.keys(expected).length);
  });

  test.each([
    ['openai', { service_tier: undefined }],
    ['azure', { service_tier: undefined }],
    ['mistral', { service_tier: undefined }],
    ['groq', {}],
    ['together', {}],
  ])('at %s, Groq’s usual tier, which ChatGroq always asks for', (kind, expected) => {
    const body = { model: 'gpt-4.1', service_tier: 'on_demand' };
    expect(changed(kind, body)).toEqual({ ...expected, lost: [] });
  });

  test('at Groq a key of the prompt cache, which Codex always sends', () => {
    const body = { model: 'openai/gpt-oss-120b', prompt_cache_key: 'k', prompt_cache_retention: '24h' };
    expect(changed('groq', body)).toEqual({
      prompt_cache_key: undefined,
      prompt_cache_retention: undefined,
      lost: ['prompt_cache_key', 'prompt_cache_retention'],
    });
  });

  const called = (name: string) => ({ type: 'function', function: { name } });
  const allowing = (mode: string, ...names: string[]): JsonObject => ({
    model: 'some-model',
    tools: ['a', 'b', 'c'].map(called),
    tool_choice: { type: 'allowed_tools', allowed_tools: { mode, tools: names.map(called) } },
  });

  test.each(['mistral', 'groq', 'deepseek'])('at %s, the tools that are allowed', (kind) => {
    expect(changed(kind, allowing('auto', 'a', 'c'))).toEqual({
      tools: ['a', 'c'].map(called),
      tool_choice: 'auto',
      lost: ['tool_choice'],
    });
    expect(changed(kind, allowing('auto', 'other'))).toEqual({ tool_choice: 'none', lost: [] });
    expect(changed(kind, allowing('required', 'other'))).toEqual({
      tool_choice: 'none',
      lost: ['tool_choice'],
    });
  });

  test('at glm, which forces no call', () => {
    const tools = ['a', 'c'].map(called);
    expect(changed('glm', allowing('auto', 'a', 'c'))).toEqual({
      tools,
      tool_choice: 'auto',
      lost: ['tool_choice'],
    });
    expect(changed('glm', allowing('required', 'a', 'c'))).toEqual({ tools, lost: ['tool_choice'] });
    expect(changed('glm', allowing('auto', 'other'))).toEqual({ lost: ['tool_choice'] });
    const one = { ...allowing('auto', 'a'), tool_choice: called('a') };
    expect(changed('glm', one)).toEqual({ tools: [called('a')], lost: ['tool_choice'] });
    expect(changed('glm', { ...one, tool_choice: called('other') })).toEqual({ lost: ['tool_choice'] });
    expect(changed('glm', { ...one, tools: [called('a')] })).toEqual({ lost: ['tool_choice'] });
  });

  test('where a model that thinks cannot be forced to call one of them, it does not think', () => {
    expect(changed('deepseek', allowing('required', 'a', 'b'))).toMatchObject({
      tools: ['a', 'b'].map(called),
      tool_choice: 'required',
      thinking: { type: 'disabled' },
    });
  });

  test('passes at any other', () => {
    expect(edits(allowing('required', 'a'), {})).toEqual({});
  });
});

describe('hiding', () => {
  const isHidden = hides({ stream: true });
  const hidden = (value: JsonObject | string) =>
    isHidden?.({ event: '', data: typeof value === 'string' ? value : JSON.stringify(value) });

  test('only the usage chunk goes', () => {
    expect(hidden({ choices: [], usage: { prompt_tokens: 1 } })).toBe(true);
    expect(hidden({ choices: [], usage: null, prompt_filter_results: [] })).toBe(false);
    expect(
      hidden({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: { prompt_tokens: 1 } }),
    ).toBe(false);
    expect(hidden({ choices: [{ index: 0, delta: { content: '"usage"' } }] })).toBe(false);
    expect(hidden({ usage: { prompt_tokens: 1 } })).toBe(false);
    expect(hidden('"usage" and no JSON')).toBe(false);
    expect(hidden('[DONE]')).toBe(false);
  });

  test('in every recording at most the chunks without choices go', () => {
    for (const recording of recordings('openai-chat', { streamed: true })) {
      for (const event of sseEvents(recording.body)) {
        if (isHidden?.(event)) expect(event.data).toMatch(/"choices":\s*\[\]/);
      }
    }
  });
});

test('endpoint, headers and event classes', () => {
  const { provider } = openaiChat;
  expect(provider.endpoint('m', true)).toBe('/chat/completions');
  expect(provider.headers('k')).toEqual({ authorization: 'Bearer k' });
  expect(provider.headers(null)).toEqual({});
  expect(provider.classify({ event: '', data: '[DONE]' })).toBe('terminal');
  expect(provider.classify({ event: '', data: '{"choices":[]}' })).toBe('other');
});
