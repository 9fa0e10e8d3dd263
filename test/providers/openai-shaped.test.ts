// Each OpenAI-shaped row: what its quirks make of a request, and what they report as lost.
import { describe, expect, test } from 'bun:test';
import { openaiChat } from '../../src/dialects/openai-chat/index.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { NeutralRequest } from '../../src/model/request.ts';
import { findProviderKind } from '../../src/providers/kinds.ts';
import { OPENAI_SHAPED } from '../../src/providers/openai-shaped.ts';

const MODELS: Record<string, string> = {
  deepseek: 'deepseek-chat',
  openrouter: 'anthropic/claude-sonnet-4.5',
  mistral: 'mistral-medium-2508',
  groq: 'openai/gpt-oss-120b',
  xai: 'grok-4.3',
  together: 'openai/gpt-oss-120b',
  fireworks: 'accounts/fireworks/models/glm-4p6',
  moonshot: 'kimi-k2.6',
  qwen: 'qwen3-max',
  cerebras: 'gpt-oss-120b',
  glm: 'glm-4.7',
};

function row(kind: string) {
  const found = findProviderKind(kind);
  if (found === undefined) throw new Error(`no row ${kind}`);
  return found;
}

function build(kind: string, fields: Partial<NeutralRequest>, model = MODELS[kind] ?? '') {
  const request: NeutralRequest = {
    model,
    stream: false,
    system: [],
    messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
    tools: [],
    ...fields,
  };
  const { body, losses } = openaiChat.provider.buildRequest(request, { model, quirks: row(kind).quirks });
  return { body, lost: losses.map(({ feature, outcome }) => `${outcome} ${feature}`) };
}

function pass(kind: string, body: JsonObject) {
  const { passthrough } = openaiChat.provider;
  const { quirks } = row(kind);
  const edited = { ...body, ...passthrough.edits(body, quirks) };
  const again = { ...edited, ...passthrough.edits(JSON.parse(JSON.stringify(edited)), quirks) };
  expect(again).toEqual(edited);
  return {
    body: JSON.parse(JSON.stringify(edited)) as JsonObject,
    lost: passthrough.losses?.(body, quirks).map(({ feature }) => feature),
  };
}

test('every row has a model here, and a key variable of its own', () => {
  expect(OPENAI_SHAPED.map(({ kind }) => kind).sort()).toEqual(Object.keys(MODELS).sort());
  expect(new Set(OPENAI_SHAPED.map(({ keyVariable }) => keyVariable)).size).toBe(OPENAI_SHAPED.length);
});

test.each([
  ['deepseek-reasoner', 'deepseek'],
  ['codestral-latest', 'mistral'],
  ['llama-3.3-70b-versatile', 'groq'],
  ['grok-4.3', 'xai'],
  ['accounts/fireworks/models/kimi-k2', 'fireworks'],
  ['kimi-k2.6', 'moonshot'],
  ['qwen3-max', 'qwen'],
  ['zai-glm-4.7', 'cerebras'],
  ['glm-4.7', 'glm'],
  ['deepseek/deepseek-chat', 'openrouter'],
  ['z-ai/glm-4.7:free', 'openrouter'],
])('the first row whose patterns know %s is %s', (model, kind) => {
  const first = OPENAI_SHAPED.find(({ modelPatterns }) => modelPatterns.some((each) => each.test(model)));
  expect(first?.kind).toBe(kind);
});

describe('the bound on the output, and token counts in streams', () => {
  test.each([
    ['mistral', 'max_tokens', false],
    ['glm', 'max_tokens', false],
    ['cerebras', 'max_completion_tokens', true],
    ['deepseek', 'max_tokens', true],
    ['qwen', 'max_tokens', true],
  ])('%s: %s, stream_options %p', (kind, field, asksForUsage) => {
    const { body } = build(kind, { maxOutputTokens: 9, stream: true });
    expect(body[field]).toBe(9);
    expect(body.stream_options !== undefined).toBe(asksForUsage);
  });
});

describe('thinking', () => {
  type Case = [string, NonNullable<NeutralRequest['reasoning']>, JsonObject, string[]];
  test.each<Case>([
    ['deepseek', { mode: 'off' }, { thinking: { type: 'disabled' } }, []],
    ['deepseek', { effort: 'high' }, { thinking: { type: 'enabled' }, reasoning_effort: 'high' }, []],
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
    ['openrouter', { effort: 'max' }, { reasoning: { effort: 'xhigh' } }, ['approximated reasoning_effort']],
    ['openrouter', { mode: 'on', summary: 'omitted' }, { reasoning: { enabled: true, exclude: true } }, []],
    ['mistral', { effort: 'low' }, { reasoning_effort: 'high' }, ['approximated reasoning_effort']],
    ['mistral', { effort: 'none' }, { reasoning_effort: 'none' }, []],
    ['xai', { effort: 'max' }, { reasoning_effort: 'high' }, ['approximated reasoning_effort']],
    ['fireworks', { mode: 'off' }, { reasoning_effort: 'none' }, []],
    ['moonshot', { mode: 'on' }, { thinking: { type: 'enabled' } }, []],
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

describe('what came with an earlier turn', () => {
  const messages: NeutralRequest['messages'] = [
    { role: 'user', parts: [{ type: 'text', text: 'hi' }] },
    {
      role: 'assistant',
      parts: [
        { type: 'reasoning', text: 'hm' },
        { type: 'tool-call', id: 'toolu_01ABC', name: 'f', arguments: '{}', kind: 'function' },
      ],
    },
    {
      role: 'user',
      parts: [{ type: 'tool-result', callId: 'toolu_01ABC', content: [{ type: 'text', text: '1' }] }],
    },
  ];

  test.each(['deepseek', 'glm', 'moonshot', 'fireworks'])('%s gets its reasoning_content back', (kind) => {
    const { body, lost } = build(kind, { messages });
    expect(body.messages).toMatchObject([{}, { reasoning_content: 'hm' }, { tool_call_id: 'toolu_01ABC' }]);
    expect(lost).toEqual([]);
  });

  test('openrouter gets reasoning_details', () => {
    const { body } = build('openrouter', { messages });
    expect(body.messages).toMatchObject([
      {},
      { reasoning_details: [{ type: 'reasoning.text', text: 'hm' }] },
      {},
    ]);
  });

  test('mistral gets ids of nine letters and digits, the same for call and result', () => {
    const { body } = build('mistral', { messages });
    const [, call, result] = body.messages as { tool_calls?: { id: string }[]; tool_call_id?: string }[];
    expect(call?.tool_calls?.[0]?.id).toMatch(/^[a-zA-Z0-9]{9}$/);
    expect(result?.tool_call_id).toBe(String(call?.tool_calls?.[0]?.id));
  });
});

describe('fields', () => {
  test.each([
    ['openrouter', true],
    ['together', true],
    ['fireworks', true],
    ['qwen', true],
    ['deepseek', false],
    ['mistral', false],
  ])('top_k at %s: %p', (kind, isSent) => {
    const { body, lost } = build(kind, { topK: 5 });
    expect(body.top_k).toBe(isSent ? 5 : undefined);
    expect(lost).toEqual(isSent ? [] : ['lost top_k']);
  });

  test('mistral calls the seed random_seed and knows no user', () => {
    const { body, lost } = build('mistral', { seed: 7, user: 'u' });
    expect(body).toMatchObject({ random_seed: 7 });
    expect(body).not.toHaveProperty('seed');
    expect(lost).toEqual(['lost user']);
  });

  test('a penalty that says nothing is no loss', () => {
    expect(build('cerebras', { presencePenalty: 0 })).toMatchObject({ lost: [] });
    expect(build('cerebras', { presencePenalty: 1 })).toMatchObject({ lost: ['lost presence_penalty'] });
    expect(build('xai', { stopSequences: ['x'] }, 'grok-4-0709').lost).toEqual(['lost stop']);
    expect(build('xai', { stopSequences: ['x'] }, 'grok-4-fast-non-reasoning').body.stop).toEqual(['x']);
    expect(build('moonshot', { temperature: 0.2 }).lost).toEqual(['lost temperature']);
    expect(build('moonshot', { temperature: 0.2 }, 'moonshot-v1-8k').body.temperature).toBe(0.2);
  });

  test.each(['glm', 'deepseek'])('%s is told the schema that response_format cannot hold', (kind) => {
    const outputFormat = { type: 'json-schema', schema: { type: 'object' } } as const;
    const { body, lost } = build(kind, { outputFormat });
    expect(body.response_format).toEqual({ type: 'json_object' });
    expect(body.messages).toMatchObject([
      { role: 'system', content: expect.stringContaining('{"type":"object"}') },
      {},
    ]);
    expect(lost).toEqual(['approximated response_format']);
  });

  test('openrouter carries cache breakpoints', () => {
    const cacheControl = { type: 'ephemeral' };
    const { body, lost } = build('openrouter', { system: [{ type: 'text', text: 's', cacheControl }] });
    expect(body.messages).toMatchObject([{ content: [{ text: 's', cache_control: cacheControl }] }, {}]);
    expect(lost).toEqual([]);
  });
});

describe('glm', () => {
  const tools: NeutralRequest['tools'] = [{ type: 'function', name: 'f', strict: true }];

  test('tools: streamed in pieces, without strict, the choice left to the model', () => {
    const { body, lost } = build('glm', { tools, stream: true, toolChoice: { type: 'required' } });
    expect(body).toMatchObject({ tools: [{ type: 'function', function: { name: 'f' } }], tool_stream: true });
    expect(JSON.stringify(body)).not.toContain('strict');
    expect(body).not.toHaveProperty('tool_choice');
    expect(lost).toEqual(['lost tools.strict', 'lost tool_choice']);
  });

  test('no tool may be called: none is offered', () => {
    const { body, lost } = build('glm', {
      tools: [{ type: 'function', name: 'f' }],
      toolChoice: { type: 'none' },
    });
    expect(body).not.toHaveProperty('tools');
    expect(lost).toEqual(['approximated tool_choice']);
  });

  test('a conversation without a user message gets one', () => {
    const { body, lost } = build('glm', { messages: [], system: [{ type: 'text', text: 's' }] });
    expect(body.messages).toMatchObject([{ role: 'system' }, { role: 'user' }]);
    expect(lost).toEqual(['approximated messages']);
  });

  test('a client of the same dialect is adapted as well', () => {
    const { body, lost } = pass('glm', {
      model: 'glm-4.7',
      stream: true,
      stream_options: { include_usage: true },
      max_completion_tokens: 5,
      frequency_penalty: 0.5,
      tool_choice: 'auto',
      tools: [{ type: 'function', function: { name: 'f', strict: true } }],
      messages: [
        { role: 'developer', content: 'd' },
        { role: 'user', content: 'u', name: 'ann' },
      ],
    });
    expect(body).toEqual({
      model: 'glm-4.7',
      stream: true,
      max_tokens: 5,
      tool_choice: 'auto',
      tool_stream: true,
      tools: [{ type: 'function', function: { name: 'f' } }],
      messages: [
        { role: 'system', content: 'd' },
        { role: 'user', content: 'u' },
      ],
    });
    expect(lost).toEqual(['frequency_penalty', 'tools.strict', 'messages.name']);
  });
});

describe('tools of free text', () => {
  const tools: NeutralRequest['tools'] = [
    {
      type: 'custom',
      name: 'apply_patch',
      format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: /x/' } },
    },
  ];

  test.each(Object.keys(MODELS))('%s is shown a function with one text argument', (kind) => {
    const { body, lost } = build(kind, { tools });
    expect(body.tools).toMatchObject([
      { type: 'function', function: { name: 'apply_patch', parameters: { required: ['input'] } } },
    ]);
    expect(JSON.stringify(body.tools)).toContain('start: /x/');
    expect(lost).toEqual(['approximated tools.apply_patch']);
  });

  test('openai takes them as they are', () => {
    expect(build('openai', { tools }, 'gpt-5').body.tools).toMatchObject([{ type: 'custom' }]);
  });
});
