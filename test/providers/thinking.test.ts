// Thinking, provider by provider: how it is asked for, and what it rules out.
import { describe, expect, test } from 'bun:test';
import type { JsonObject } from '../../src/model/json/json.ts';
import type { NeutralRequest } from '../../src/model/request.ts';
import { build, pass } from './row-lab.ts';

describe('thinking', () => {
  type Case = [string, NonNullable<NeutralRequest['reasoning']>, JsonObject, string[]];
  test.each<Case>([
    ['deepseek', { mode: 'off' }, { thinking: { type: 'disabled' } }, []],
    ['deepseek', { effort: 'high' }, { thinking: { type: 'enabled' }, reasoning_effort: 'high' }, []],
    ['deepseek', { effort: 'xhigh' }, { thinking: { type: 'enabled' }, reasoning_effort: 'xhigh' }, []],
    [
      'deepseek',
      { effort: 'medium' },
      { thinking: { type: 'enabled' }, reasoning_effort: 'high' },
      ['approximated reasoning_effort'],
    ],
    [
      'glm',
      { mode: 'on', budgetTokens: 9 },
      { thinking: { type: 'enabled' } },
      ['approximated thinking.budget_tokens'],
    ],
    ['glm', { effort: 'low' }, { thinking: { type: 'enabled' } }, ['approximated reasoning_effort']],
    ['glm', { effort: 'none' }, { thinking: { type: 'disabled' } }, []],
    ['glm', { mode: 'adaptive' }, {}, []],
    ['qwen', { mode: 'on', budgetTokens: 2000 }, { enable_thinking: true, thinking_budget: 2000 }, []],
    ['qwen', { mode: 'off' }, { enable_thinking: false }, []],
    ['openrouter', { effort: 'high' }, { reasoning: { effort: 'high' } }, []],
    ['openrouter', { mode: 'on', budgetTokens: 2000 }, { reasoning: { max_tokens: 2000 } }, []],
    ['openrouter', { mode: 'off' }, { reasoning: { enabled: false } }, []],
    ['openrouter', { effort: 'max' }, { reasoning: { effort: 'max' } }, []],
    ['openrouter', { mode: 'on', summary: 'omitted' }, { reasoning: { enabled: true, exclude: true } }, []],
    ['mistral', { effort: 'low' }, { reasoning_effort: 'high' }, ['approximated reasoning_effort']],
    ['mistral', { effort: 'none' }, { reasoning_effort: 'none' }, []],
    ['xai', { effort: 'xhigh' }, { reasoning_effort: 'high' }, ['approximated reasoning_effort']],
    ['fireworks', { mode: 'off' }, { reasoning_effort: 'none' }, []],
    ['moonshot', { mode: 'on' }, { thinking: { type: 'enabled' } }, []],
    ['moonshot', { effort: 'high' }, { thinking: { type: 'enabled' } }, ['approximated reasoning_effort']],
    ['groq', { effort: 'xhigh' }, { reasoning_effort: 'high' }, ['approximated reasoning_effort']],
    ['together', { effort: 'xhigh' }, { reasoning_effort: 'high' }, ['approximated reasoning_effort']],
    ['cerebras', { effort: 'xhigh' }, { reasoning_effort: 'high' }, ['approximated reasoning_effort']],
  ])('%s: %j → %j', (kind, reasoning, fields, losses) => {
    const { body, lost } = build(kind, { reasoning });
    const { model: _, messages: __, ...rest } = body;
    expect(rest).toEqual(fields);
    expect(lost).toEqual(losses);
  });

  test.each([
    ['groq', 'llama-3.3-70b-versatile'],
    ['xai', 'grok-4-0709'],
    ['xai', 'grok-code-fast-1'],
    ['xai', 'grok-build-0.1'],
    ['together', 'meta-llama/Llama-3.3-70B-Instruct-Turbo'],
    ['cerebras', 'llama3.1-8b'],
    ['mistral', 'codestral-latest'],
  ])('%s: %s takes no effort', (kind, model) => {
    const { body, lost } = build(kind, { reasoning: { effort: 'high' } }, model);
    expect(body).not.toHaveProperty('reasoning_effort');
    expect(lost).toContain('lost reasoning_effort');
  });

  test('groq is asked to keep the thinking of Qwen out of the text', () => {
    expect(build('groq', {}, 'qwen/qwen3-32b').body.reasoning_format).toBe('parsed');
    expect(build('groq', {}).body).not.toHaveProperty('reasoning_format');
  });
});

describe('models of their own ways', () => {
  const LEAST = ['approximated thinking'];
  type Case = [string, string, NonNullable<NeutralRequest['reasoning']>, JsonObject, string[]];
  test.each<Case>([
    // Large 3 thinks not at all, the smaller ones only much.
    ['mistral', 'mistral-large-4', { effort: 'medium' }, { reasoning_effort: 'medium' }, []],
    ['mistral', 'mistral-large-4-0', { mode: 'off' }, { reasoning_effort: 'none' }, []],
    [
      'mistral',
      'mistral-large-4',
      { effort: 'xhigh' },
      { reasoning_effort: 'high' },
      ['approximated reasoning_effort'],
    ],
    ['mistral', 'mistral-large-2512', { effort: 'high' }, {}, ['lost reasoning_effort']],
    ['xai', 'grok-4.3', { effort: 'none' }, { reasoning_effort: 'none' }, []],
    ['xai', 'grok-4.3', { mode: 'off' }, { reasoning_effort: 'none' }, []],
    ['xai', 'grok-4.5', { mode: 'off' }, { reasoning_effort: 'low' }, ['approximated thinking']],
    ['xai', 'grok-4.5', { effort: 'xhigh' }, { reasoning_effort: 'high' }, ['approximated reasoning_effort']],
    ['xai', 'grok-4.7', { effort: 'none' }, { reasoning_effort: 'low' }, ['approximated thinking']],
    ['xai', 'grok-4.7', { effort: 'xhigh' }, { reasoning_effort: 'xhigh' }, []],
    ['xai', 'grok-4.7', {}, {}, []],
    // OpenRouter refuses to switch off what is mandatory, and switches off what is not.
    ...[
      ...['openai/gpt-5', 'openai/gpt-5-mini:free', 'openai/gpt-oss-120b', 'google/gemini-3.7-flash'],
      ...['openai/gpt-6-astra', 'openai/gpt-6.1-sol', 'openai/gpt-5.2-codex', 'openai/o3'],
      ...['google/gemini-2.5-pro', 'anthropic/claude-sonnet-5.5', 'x-ai/grok-4', 'x-ai/grok-4.5'],
      ...['z-ai/glm-5.3', 'minimax/minimax-m2.5', 'stepfun/step-3.5-flash:free', 'qwen/qwen3.8-max'],
      ...['deepseek/deepseek-r1-0528', 'moonshotai/kimi-k3', 'moonshotai/kimi-k2-thinking'],
    ].map((model): Case => ['openrouter', model, { mode: 'off' }, { reasoning: { effort: 'low' } }, LEAST]),
    ...[
      ...[
        'openai/gpt-6-sol',
        'openai/gpt-6.1-terra',
        'openai/gpt-4o',
        'openai/gpt-5.4',
        'openai/gpt-5-chat',
        'google/gemini-2.5-flash',
        'anthropic/claude-sonnet-5',
      ],
      ...['x-ai/grok-4-fast', 'x-ai/grok-4.3', 'x-ai/grok-4.20', 'z-ai/glm-5.2', 'minimax/minimax-m3'],
      ...['deepseek/deepseek-v4-flash', 'qwen/qwen3-14b', 'moonshotai/kimi-k2.5'],
    ].map((model): Case => ['openrouter', model, { effort: 'none' }, { reasoning: { enabled: false } }, []]),
    ['openrouter', 'openai/gpt-5', { effort: 'max' }, { reasoning: { effort: 'max' } }, []],
    ['openrouter', 'openai/gpt-5', {}, {}, []],
    // K3 knows efforts and no switch.
    ['moonshot', 'kimi-k3', { effort: 'high' }, { reasoning_effort: 'high' }, []],
    ['moonshot', 'kimi-k3', { mode: 'off' }, { reasoning_effort: 'low' }, ['approximated thinking']],
    ['moonshot', 'kimi-k2-thinking', { mode: 'off' }, {}, ['lost thinking']],
    ['moonshot', 'moonshot-v1-8k', { mode: 'on' }, {}, ['lost thinking']],
    [
      'glm',
      'glm-5.2',
      { effort: 'low' },
      { thinking: { type: 'enabled' }, reasoning_effort: 'high' },
      ['approximated reasoning_effort'],
    ],
    ['glm', 'glm-5.3', { effort: 'low' }, { thinking: { type: 'enabled' }, reasoning_effort: 'low' }, []],
    ['glm', 'glm-5.3', { mode: 'off' }, { reasoning_effort: 'low' }, ['approximated thinking']],
    [
      'deepseek',
      'deepseek-reasoner',
      { mode: 'off' },
      { reasoning_effort: 'low' },
      ['approximated thinking'],
    ],
    ['together', 'openai/gpt-oss-120b', { mode: 'off' }, { reasoning_effort: 'low' }, LEAST],
    ['together', 'zai-org/GLM-5.3', { effort: 'max' }, { reasoning_effort: 'max' }, []],
    [
      'together',
      'zai-org/GLM-5.3-Flash',
      { mode: 'off' },
      { reasoning_effort: 'low' },
      ['approximated thinking'],
    ],
    ...['gpt-oss-120b', 'minimax-m2p7'].map(
      (name): Case => [
        'fireworks',
        `accounts/fireworks/models/${name}`,
        { mode: 'off' },
        { reasoning_effort: 'low' },
        LEAST,
      ],
    ),
    [
      'fireworks',
      'accounts/fireworks/models/gpt-oss-20b',
      { effort: 'max' },
      { reasoning_effort: 'high' },
      ['approximated reasoning_effort'],
    ],
    ['fireworks', 'accounts/fireworks/models/kimi-k2p6', { mode: 'off' }, { reasoning_effort: 'none' }, []],
    ['fireworks', 'accounts/fireworks/models/glm-5p3', { effort: 'max' }, { reasoning_effort: 'max' }, []],
    [
      'fireworks',
      'accounts/fireworks/models/glm-5p3-flash',
      { mode: 'off' },
      { reasoning_effort: 'low' },
      ['approximated thinking'],
    ],
    ['qwen', 'qwen3.8-max', { effort: 'low' }, { enable_thinking: true, reasoning_effort: 'low' }, []],
    [
      'qwen',
      'qwen3.8-flash',
      { effort: 'high' },
      { enable_thinking: true, reasoning_effort: 'xhigh' },
      ['approximated reasoning_effort'],
    ],
    [
      'qwen',
      'qwen3.8-max',
      { mode: 'on', effort: 'medium', budgetTokens: 2000 },
      { enable_thinking: true, reasoning_effort: 'medium' },
      ['approximated thinking.budget_tokens'],
    ],
    [
      'qwen',
      'qwen3.8-max',
      { mode: 'on', budgetTokens: 2000 },
      { enable_thinking: true, thinking_budget: 2000 },
      [],
    ],
    ['qwen', 'qwen3.8-max', { mode: 'off' }, { enable_thinking: false }, []],
    [
      'groq',
      'qwen/qwen3.8-27b',
      { effort: 'low' },
      { reasoning_effort: 'low', reasoning_format: 'parsed' },
      [],
    ],
    [
      'groq',
      'qwen/qwen3.8-27b',
      { mode: 'off' },
      { reasoning_effort: 'none', reasoning_format: 'parsed' },
      [],
    ],
    ['cerebras', 'qwen-3.8-27b', { effort: 'medium' }, { reasoning_effort: 'medium' }, []],
    ['cerebras', 'qwen-3.8-27b', { mode: 'off' }, { reasoning_effort: 'none' }, []],
    ['cerebras', 'gpt-oss-120b', { effort: 'none' }, { reasoning_effort: 'low' }, ['approximated thinking']],
    ['together', 'zai-org/GLM-5.1', { mode: 'off' }, { reasoning: { enabled: false } }, []],
    [
      'together',
      'moonshotai/Kimi-K2.6',
      { effort: 'low' },
      { reasoning: { enabled: true } },
      ['approximated reasoning_effort'],
    ],
    ['cerebras', 'zai-glm-4.7', { mode: 'off' }, { reasoning_effort: 'none' }, []],
    ['cerebras', 'zai-glm-4.7', { mode: 'on' }, { reasoning_effort: 'medium' }, ['approximated thinking']],
    ['cerebras', 'zai-glm-4.7', { effort: 'high' }, { reasoning_effort: 'high' }, []],
    [
      'groq',
      'qwen/qwen3-32b',
      { effort: 'none' },
      { reasoning_effort: 'none', reasoning_format: 'parsed' },
      [],
    ],
  ])('%s %s: %j → %j', (kind, model, reasoning, fields, losses) => {
    const { body, lost } = build(kind, { reasoning, stream: true }, model);
    const { model: _, messages: __, stream: ___, stream_options: ____, ...rest } = body;
    expect(rest).toEqual(fields);
    expect(lost).toEqual(losses);
  });
});

describe('a call that is forced', () => {
  const tools: JsonObject[] = ['f', 'g'].map((name) => ({ type: 'function', function: { name } }));
  const NAMED: JsonObject = { type: 'function', function: { name: 'f' } };
  const forced = (kind: string, model: string, fields: JsonObject) =>
    pass(kind, { model, messages: [], tools, ...fields });

  test.each([
    ['deepseek', 'deepseek-v4-pro', { thinking: { type: 'disabled' } }],
    ['moonshot', 'kimi-k2.6', { thinking: { type: 'disabled' } }],
    ['qwen', 'qwen3.7-plus', { enable_thinking: false }],
  ])('%s: %s thinks unasked, and stops for it', (kind, model, off) => {
    for (const choice of ['required', NAMED]) {
      const { body, lost } = forced(kind, model, { tool_choice: choice });
      expect(body).toMatchObject({ tool_choice: choice, ...off });
      expect(lost).toEqual(['tool_choice']);
    }
  });

  test.each([
    ['deepseek', 'deepseek-v4-pro', { thinking: { type: 'enabled' } }],
    ['deepseek', 'deepseek-v4-pro', { reasoning_effort: 'high' }],
    ['deepseek', 'deepseek-chat', { thinking: { type: 'enabled' } }],
    ['deepseek', 'deepseek-reasoner', {}],
    ['moonshot', 'kimi-k2-thinking', {}],
    ['qwen', 'qwen-plus', { enable_thinking: true }],
    ['qwen', 'qwq-plus', {}],
  ])('%s: %s with %j thinks, and is not forced', (kind, model, fields: JsonObject) => {
    const { body, lost } = forced(kind, model, { tool_choice: 'required', ...fields });
    expect(body).not.toHaveProperty('tool_choice');
    expect(body).toMatchObject(fields);
    expect(lost).toEqual(['tool_choice']);
  });

  test.each([
    ['deepseek', 'deepseek-v4-pro', { thinking: { type: 'disabled' } }],
    ['deepseek', 'deepseek-chat', {}],
    ['moonshot', 'kimi-k2-0905-preview', {}],
    ['qwen', 'qwen-plus', {}],
    ['qwen', 'qwen3.7-plus', { enable_thinking: false }],
    ['xai', 'grok-4.3', {}],
  ])('%s: %s with %j does not think: the request is left alone', (kind, model, fields: JsonObject) => {
    const { body, lost } = forced(kind, model, { tool_choice: NAMED, ...fields });
    expect(body).toEqual({ model, messages: [], tools, tool_choice: NAMED, ...fields });
    expect(lost).toEqual([]);
  });

  test('Kimi K3 calls some tool, though not a named one', () => {
    expect(forced('moonshot', 'kimi-k3', { tool_choice: 'required' }).lost).toEqual([]);
    const several = forced('moonshot', 'kimi-k3', { tool_choice: NAMED });
    expect(several.body.tool_choice).toBe('required');
    expect(several.lost).toEqual(['tool_choice']);
    const one = forced('moonshot', 'kimi-k3', { tool_choice: NAMED, tools: tools.slice(0, 1) });
    expect(one.body.tool_choice).toBe('required');
    expect(one.lost).toEqual([]);
  });

  test('translated requests are adapted as well', () => {
    const request: Partial<NeutralRequest> = {
      tools: [{ type: 'function', name: 'f' }],
      toolChoice: { type: 'required' },
    };
    const { body, lost } = build('deepseek', request, 'deepseek-v4-flash');
    expect(body).toMatchObject({ tool_choice: 'required', thinking: { type: 'disabled' } });
    expect(lost).toEqual(['approximated tool_choice']);
  });
});

describe('open models of Qwen answer whole only without thinking', () => {
  test.each(['qwen3-32b', 'qwen3-235b-a22b'])('%s', (model) => {
    expect(build('qwen', {}, model)).toMatchObject({ body: { enable_thinking: false }, lost: [] });
    expect(build('qwen', { reasoning: { mode: 'on' } }, model)).toMatchObject({
      body: { enable_thinking: false },
      lost: ['lost thinking'],
    });
    expect(build('qwen', { stream: true }, model).body).not.toHaveProperty('enable_thinking');
  });

  test.each(['qwen3-30b-a3b-instruct-2507', 'qwen3-max', 'qwen-plus'])('not %s', (model) => {
    expect(build('qwen', {}, model).body).not.toHaveProperty('enable_thinking');
  });
});
