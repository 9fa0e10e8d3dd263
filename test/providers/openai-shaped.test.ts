// Each OpenAI-shaped row: what its quirks make of a request, and what they report as lost.
import { describe, expect, test } from 'bun:test';
import { PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { Part } from '../../src/model/content.ts';
import { asObject, type JsonObject } from '../../src/model/json/json.ts';
import type { Message, NeutralRequest } from '../../src/model/request.ts';
import { OPENAI_SHAPED } from '../../src/providers/openai-shaped.ts';
import { build, MODELS, pass } from './row-lab.ts';

test('every row has a model here, and a key variable of its own, if it needs a key', () => {
  expect(OPENAI_SHAPED.map(({ kind }) => kind).sort()).toEqual(Object.keys(MODELS).sort());
  const variables = OPENAI_SHAPED.flatMap(({ keyVariable }) => keyVariable ?? []);
  expect(new Set(variables).size).toBe(variables.length);
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
  ['ft:open-mistral-7b:daf5e488:20230830:c1bed559', 'mistral'],
  ['whisper-large-v3-turbo', 'groq'],
  ['text-embedding-v4', 'qwen'],
  ['gpt-oss-120b', 'cerebras'],
  ['qwen-3.8-27b', 'cerebras'],
  ['embedding-3', 'glm'],
  // A tag behind a colon is Ollama's, which may have any model.
  ['gpt-oss:20b', undefined],
  ['qwen3:8b', undefined],
  ['deepseek-r1:7b', undefined],
  ['mistral-small:24b', undefined],
])('the first row whose patterns know %s is %s', (model, kind) => {
  const first = OPENAI_SHAPED.find(({ modelPatterns }) => modelPatterns.some((each) => each.test(model)));
  expect(first?.kind).toBe(kind);
});

describe('the bound on the output, and token counts in streams', () => {
  test.each([
    ['mistral', 'max_tokens', false],
    ['openai', 'max_completion_tokens', true],
    ['azure', 'max_completion_tokens', true],
    ['glm', 'max_tokens', false],
    ['cerebras', 'max_completion_tokens', true],
    ['deepseek', 'max_tokens', true],
    ['qwen', 'max_tokens', true],
  ])('%s: %s, stream_options %p', (kind, field, asksForUsage) => {
    const { body } = build(kind, { maxOutputTokens: 9, stream: true });
    expect(body[field]).toBe(9);
    expect(body.stream_options !== undefined).toBe(asksForUsage);
  });

  test.each(['mistral', 'glm', 'deepseek'])(
    '%s: the newer name of the limit is sent as the older',
    (kind) => {
      const { body, lost } = pass(kind, {
        model: 'm',
        messages: [{ role: 'user', content: 'u' }],
        max_completion_tokens: 9,
      });
      expect(body).toMatchObject({ max_tokens: 9 });
      expect(body).not.toHaveProperty('max_completion_tokens');
      expect(lost).toEqual([]);
    },
  );

  // As the AI SDK's `openai-compatible` sends it to any server.
  test.each([
    ['openai', 'gpt-5.2', 'max_completion_tokens'],
    ['azure', 'o3', 'max_completion_tokens'],
    ['openai', 'gpt-4.1', 'max_tokens'],
    ['openai', 'gpt-5-chat-latest', 'max_tokens'],
    ['cerebras', 'gpt-oss-120b', 'max_tokens'],
  ])('%s/%s: the older name of the limit is sent as %s', (kind, model, field) => {
    const { body, lost } = pass(kind, { model, messages: [{ role: 'user', content: 'u' }], max_tokens: 9 });
    const { max_tokens: older, max_completion_tokens: newer } = body;
    expect({ older, newer }).toEqual(
      field === 'max_tokens' ? { older: 9, newer: undefined } : { older: undefined, newer: 9 },
    );
    expect(lost).toEqual([]);
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

  test('xai gets an empty text where there were calls alone, and nothing in place of a text', () => {
    const turn = (kind: string) => (build(kind, { messages }).body.messages as JsonObject[])[1]?.content;
    expect([turn('xai'), turn('groq')]).toEqual(['', null]);
    const texts = ['text', [{ type: 'text', text: 'text' }]];
    const turns = [null, [], undefined, ...texts].map(
      (content): JsonObject => ({ role: 'assistant', content }),
    );
    const passed = pass('xai', { model: 'grok-4.3', messages: [{ role: 'user', content: null }, ...turns] });
    const contents = (passed.body.messages as JsonObject[]).map(({ content }) => content);
    expect(contents as unknown[]).toEqual([null, '', '', '', ...texts]);
    expect(passed.lost).toEqual([]);
  });

  test.each([
    ['moonshot', 'kimi-k2.5'],
    ['glm', 'glm-4.7'],
  ])('%s gets an ellipsis where an answer has neither words nor calls, which it refuses', (kind, model) => {
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } };
    const turns: JsonObject[] = [
      { role: 'assistant', content: '', reasoning_content: 'hm' },
      { role: 'assistant', content: null },
      { role: 'assistant', content: null, reasoning_content: 'hm', tool_calls: [call] },
      { role: 'assistant', content: 'text' },
    ];
    const passed = pass(kind, { model, messages: [{ role: 'user', content: 'hi' }, ...turns] });
    const contents = (passed.body.messages as JsonObject[]).map(({ content }) => content);
    expect(contents as unknown[]).toEqual(['hi', '…', '…', null, 'text']);
    expect(passed.lost).toContain('messages');
    // What the model is to go on with.
    const begun = { role: 'assistant', content: '', partial: true };
    expect(pass(kind, { model, messages: [begun] }).body.messages).toContainEqual(begun);
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

  test.each(['glm', 'deepseek'])(
    '%s gets the schema that response_format cannot hold as an instruction',
    (kind) => {
      const outputFormat = { type: 'json-schema', schema: { type: 'object' } } as const;
      const { body, lost } = build(kind, { outputFormat });
      expect(body.response_format).toEqual({ type: 'json_object' });
      expect(body.messages).toMatchObject([
        { role: 'system', content: expect.stringContaining('{"type":"object"}') },
        {},
      ]);
      expect(lost).toEqual(['approximated response_format']);
    },
  );

  test('cerebras gets strict tools only where all are, since it refuses to mix them', () => {
    const parameters = { type: 'object', properties: {}, additionalProperties: false };
    const tool = (name: string, strict?: boolean) => ({
      ...{ type: 'function' as const, name, parameters },
      ...(strict !== undefined && { strict }),
    });
    const strictOf = (...tools: ReturnType<typeof tool>[]) => {
      const { body, lost } = build('cerebras', { tools });
      const sent = body.tools as { function: { strict?: boolean } }[];
      return { strict: sent.map((each) => each.function.strict), lost };
    };
    expect(strictOf(tool('f', true), tool('g', true))).toEqual({ strict: [true, true], lost: [] });
    const none = { strict: [undefined, undefined], lost: ['lost tools.strict'] };
    expect(strictOf(tool('f', true), tool('g'))).toEqual(none);
    expect(strictOf(tool('f', true), tool('g', false))).toEqual(none);
    expect(strictOf(tool('f'), tool('g', false)).lost).toEqual([]);
  });

  const HI = { role: 'user', parts: [{ type: 'text', text: 'hi' }] } satisfies Message;
  const OBJECT = { type: 'json-schema', schema: { type: 'object' } } as const;

  test('groq gets a schema for the models that take one', () => {
    const formatFor = (model: string) => build('groq', { outputFormat: OBJECT }, model).body.response_format;
    for (const model of ['openai/gpt-oss-120b', 'qwen/qwen3.8-27b', 'moonshotai/kimi-k2-instruct'])
      expect(formatFor(model)).toMatchObject({ type: 'json_schema' });
    for (const model of ['llama-3.3-70b-versatile', 'qwen/qwen3.6-27b'])
      expect(formatFor(model)).toEqual({ type: 'json_object' });
  });

  test.each([
    ['a schema', OBJECT],
    ['any JSON', { type: 'json' } as const],
  ])(
    'groq is asked for %s in words where there are tools, since it refuses both together',
    (_, outputFormat) => {
      const tools = [{ type: 'function' as const, name: 'f' }];
      const { body, lost } = build('groq', { outputFormat, tools }, 'openai/gpt-oss-120b');
      expect(body).not.toHaveProperty('response_format');
      expect(body.messages).toMatchObject([
        { role: 'system', content: expect.stringContaining('Answer with one JSON object') },
        {},
      ]);
      expect(lost).toEqual(['approximated response_format']);
      expect(build('groq', { outputFormat: { type: 'text' }, tools }).lost).toEqual([]);
      expect(build('together', { outputFormat: OBJECT, tools }).body).toHaveProperty('response_format');
    },
  );

  test('qwen answers with JSON without thinking, or is asked for it in words, where it refuses both together', () => {
    const ask = (model: string, more: Partial<NeutralRequest> = {}) => {
      const system = [{ type: 'text' as const, text: 'Answer in JSON.' }];
      const asked = { system, outputFormat: { type: 'json' as const }, stream: true, ...more };
      const { body, lost } = build('qwen', asked, model);
      return [body.response_format, body.enable_thinking, lost];
    };
    const format = { type: 'json_object' };
    expect(ask('qwen3-32b')).toEqual([format, false, ['approximated response_format']]);
    expect(ask('qwen3-32b', { reasoning: { mode: 'on' } })).toEqual([format, false, ['lost thinking']]);
    expect(ask('qwen3-32b', { reasoning: { mode: 'off' } })).toEqual([format, false, []]);
    expect(ask('qwen3-235b-a22b-thinking-2507')).toEqual([
      undefined,
      undefined,
      ['approximated response_format'],
    ]);
    expect(ask('qwen3.8-max', { reasoning: { mode: 'on' } })).toEqual([format, true, []]);
    // These think only where they are asked to.
    expect(ask('qwen-plus', { reasoning: { mode: 'on' } })).toEqual([format, false, ['lost thinking']]);
    expect(ask('qwen3-max')).toEqual([format, undefined, []]);
    const whole = pass('qwen', {
      ...{ model: 'qwen3-32b', stream: true, response_format: format },
      messages: [{ role: 'user', content: 'JSON' }],
    });
    expect(whole).toMatchObject({ body: { enable_thinking: false }, lost: ['response_format'] });
  });

  test.each<[string, boolean, boolean]>([
    ['grok-4.6', false, false],
    ['grok-4-1-fast-non-reasoning', false, true],
    ['grok-3', true, false],
    ['grok-2-vision', true, true],
  ])('%s takes penalties: %p, and stop sequences: %p', (model, penalties, stops) => {
    const { body } = build('xai', { presencePenalty: 1, stopSequences: ['x'] }, model);
    expect([body.presence_penalty, body.stop]).toEqual([
      penalties ? 1 : undefined,
      stops ? ['x'] : undefined,
    ]);
  });

  test('cerebras is asked for JSON in words where there are tools', () => {
    const tools = [{ type: 'function' as const, name: 'f' }];
    const { body, lost } = build('cerebras', { outputFormat: OBJECT, tools });
    expect(body).not.toHaveProperty('response_format');
    expect(lost).toEqual(['approximated response_format']);
    expect(build('cerebras', { outputFormat: OBJECT }).body).toHaveProperty('response_format');
  });

  test.each(['vllm', 'deepseek', 'qwen'])('%s gets no documents but those that are text', (kind) => {
    const parts: Part[] = [
      { type: 'document', source: { kind: 'base64', mediaType: 'application/pdf', data: 'QUJD' } },
      { type: 'document', source: { kind: 'url', url: 'https://a.test/a.pdf' } },
      { type: 'document', source: { kind: 'text', text: 'plain' } },
    ];
    const { body, lost } = build(kind, { messages: [{ role: 'user', parts }] });
    expect(JSON.stringify(body.messages)).not.toContain('"file"');
    expect(JSON.stringify(body.messages)).toContain('(a document of a kind that cannot be read here)');
    expect(JSON.stringify(body.messages)).toContain('plain');
    expect(lost).toContain('lost document');
    const files = build('openrouter', { messages: [{ role: 'user', parts: parts.slice(0, 1) }] });
    expect(JSON.stringify(files.body.messages)).toContain('"file"');
  });

  test('mistral gets the highest temperature that it takes, and no top_p beside the lowest', () => {
    expect(build('mistral', { temperature: 2 })).toMatchObject({
      body: { temperature: 1.5 },
      lost: ['approximated temperature'],
    });
    const greedy = build('mistral', { temperature: 0, topP: 0.9 });
    expect([greedy.body.temperature, greedy.body.top_p, greedy.lost]).toEqual([0, undefined, ['lost top_p']]);
    expect(build('mistral', { temperature: 1.5, topP: 0.9 })).toMatchObject({
      body: { top_p: 0.9 },
      lost: [],
    });
    expect(build('groq', { temperature: 2, topP: 0.9 })).toMatchObject({
      body: { temperature: 2 },
      lost: [],
    });
  });

  test.each(['openai', 'azure'])(
    '%s: what models of the o-series refuse of calls, and others do not',
    (kind) => {
      const tools = [{ type: 'function' as const, name: 'f' }];
      const ask = (parallelToolCalls: boolean, model: string) => {
        const { body, lost } = build(kind, { tools, parallelToolCalls }, model);
        return [body.parallel_tool_calls, lost];
      };
      for (const model of ['o1', 'o3-mini', 'o4-mini-2025-04-16']) {
        expect(ask(false, model)).toEqual([undefined, ['lost parallel_tool_calls']]);
        expect(ask(true, model)).toEqual([undefined, []]);
      }
      expect(ask(false, 'gpt-4.1')).toEqual([false, []]);
    },
  );

  test('openai: the model that searches takes neither an effort nor a verbosity', () => {
    const asked = { reasoning: { effort: 'high' }, verbosity: 'low' } as const;
    const { body, lost } = build('openai', asked, 'gpt-5-search-api-2025-10-14');
    expect(body).not.toContainAnyKeys(['reasoning_effort', 'verbosity']);
    expect(lost).toEqual(['lost reasoning_effort', 'lost verbosity']);
    expect(build('openai', asked, 'gpt-5')).toMatchObject({ body: { reasoning_effort: 'high' }, lost: [] });
  });

  test.each<[string, boolean]>([
    ['gpt-4o', false],
    ['o3', false],
    ['gpt-5-chat-latest', false],
    ['gpt-5.2-codex', false],
    ['gpt-5.3-codex', true],
    ['gpt-5.1', true],
    ['my-deployment', true],
  ])('%s takes another verbosity than the usual: %p', (model, takes) => {
    const low = build('azure', { verbosity: 'low' }, model);
    expect([low.body.verbosity, low.lost]).toEqual(takes ? ['low', []] : [undefined, ['lost verbosity']]);
    const { losses, body } = PROVIDER_SIDES['openai-responses'].buildRequest(
      { model, stream: false, system: [], messages: [HI], tools: [], verbosity: 'low' },
      { model, quirks: {} },
    );
    expect(asObject(body.text)?.verbosity).toBe(takes ? 'low' : undefined);
    expect(losses.some(({ feature }) => feature === 'verbosity')).toBe(!takes);
  });

  test.each<[string, string[]]>([
    ['groq', ['logprobs', 'top_logprobs', 'logit_bias', 'verbosity', 'store']],
    ['xai', ['verbosity']],
    [
      'mistral',
      [
        'user',
        'verbosity',
        'service_tier',
        'prompt_cache_retention',
        'prompt_cache_options',
        'store',
        'logprobs',
        'top_logprobs',
        'logit_bias',
      ],
    ],
    [
      'cerebras',
      [
        'frequency_penalty',
        'presence_penalty',
        'logit_bias',
        'verbosity',
        'prompt_cache_key',
        'prompt_cache_retention',
        'prompt_cache_options',
        'store',
      ],
    ],
    ['glm', ['frequency_penalty', 'presence_penalty']],
  ])('%s gets none of %j, from a client of its dialect either', (kind, fields) => {
    const said = Object.fromEntries(fields.map((field) => [field, 1]));
    const { body, lost } = pass(kind, { model: MODELS[kind] ?? '', messages: [], temperature: 1, ...said });
    expect(Object.keys(body)).not.toContainAnyValues(fields);
    expect(body.temperature).toBe(1);
    expect(lost).toEqual(expect.arrayContaining(fields));
  });

  test('mistral gets the key of the prompt cache', () => {
    expect(build('mistral', { cacheKey: 'k' })).toMatchObject({ body: { prompt_cache_key: 'k' }, lost: [] });
  });

  test('mistral gets documents by address, or as bytes in one', () => {
    const pdf = { kind: 'base64', mediaType: 'application/pdf', data: 'CC==' } as const;
    const url = 'https://a.example/d.pdf';
    const { body, lost } = build('mistral', {
      messages: [
        {
          role: 'user',
          parts: [
            { type: 'document', source: pdf, name: 'd.pdf' },
            { type: 'document', source: { kind: 'url', url } },
          ],
        },
      ],
    });
    const content = [
      { type: 'document_url', document_url: 'data:application/pdf;base64,CC==', document_name: 'd.pdf' },
      { type: 'document_url', document_url: url },
    ];
    expect(body.messages).toEqual([{ role: 'user', content }]);
    expect(lost).toEqual([]);
  });

  test.each(['openai', 'azure', 'xai', 'groq', 'openrouter'])('%s knows the role developer', (kind) => {
    const messages = [{ role: 'developer', content: 'd' }];
    expect(pass(kind, { model: 'm', messages }).body.messages).toEqual(messages);
  });

  test.each(['deepseek', 'mistral', 'together', 'fireworks', 'moonshot', 'qwen', 'cerebras', 'glm'])(
    '%s is told developer as system',
    (kind) => {
      const messages = [
        { role: 'developer', content: 'd' },
        { role: 'user', content: 'u' },
      ];
      const { body } = pass(kind, { model: 'm', messages });
      expect((body.messages as { role: string }[])[0]?.role).toBe('system');
    },
  );

  test.each(['groq', 'glm'])('%s gets no names of participants', (kind) => {
    const { body, lost } = pass(kind, {
      model: 'm',
      messages: [{ role: 'user', content: 'u', name: 'ann' }],
    });
    expect(body.messages).toEqual([{ role: 'user', content: 'u' }]);
    expect(lost).toEqual(['messages.name']);
  });

  test('a result’s own name, which its call says, passes to Mistral, and is missed nowhere else', () => {
    const call = { id: 'abcdefghi', type: 'function', function: { name: 'f', arguments: '{}' } };
    const result = { role: 'tool', tool_call_id: 'abcdefghi', content: 'r' };
    const messages = [
      { role: 'user', content: 'u' },
      { role: 'assistant', content: '', tool_calls: [call] },
      { ...result, name: 'f' },
    ];
    const sent = (kind: string) => {
      const { body, lost } = pass(kind, { model: 'm', messages });
      expect(lost).toEqual([]);
      return (body.messages as object[])[2];
    };
    expect(sent('mistral')).toEqual({ ...result, name: 'f' });
    for (const kind of ['groq', 'glm']) expect(sent(kind)).toEqual(result);
    const named = { model: 'm', messages: [{ role: 'user', content: 'u', name: 'ann' }] };
    expect(pass('mistral', named).lost).toEqual(['messages.name']);
  });

  test.each(['openai', 'azure'])(
    '%s: reasoning models get no sampling, ids of calls at most 40 letters',
    (kind) => {
      const id = 'call_'.padEnd(60, 'x');
      const messages: NeutralRequest['messages'] = [
        {
          role: 'assistant',
          parts: [{ type: 'tool-call', id, name: 'f', arguments: '{}', kind: 'function' }],
        },
        { role: 'user', parts: [{ type: 'tool-result', callId: id, content: [] }] },
      ];
      const { body, lost } = build(kind, { temperature: 0.5, messages }, 'gpt-5-mini');
      expect(body).not.toHaveProperty('temperature');
      expect(lost).toEqual(['lost temperature']);
      const [call, result] = body.messages as { tool_calls?: { id: string }[]; tool_call_id?: string }[];
      expect(call?.tool_calls?.[0]?.id.length).toBeLessThanOrEqual(40);
      expect(result?.tool_call_id).toBe(String(call?.tool_calls?.[0]?.id));
      expect(build(kind, { temperature: 0.5 }, 'gpt-5-chat-latest').body.temperature).toBe(0.5);
    },
  );

  test.each(['openai', 'azure'])(
    '%s gets ids that vLLM gave to earlier calls at most 40 letters long',
    (kind) => {
      const [long, short] = ['chatcmpl-tool-'.padEnd(46, '0'), 'call_1'];
      const call = (id: string) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } });
      const sent = [
        { role: 'user', content: 'u' },
        { role: 'assistant', content: null, refusal: 'no', tool_calls: [call(long), call(short)] },
        { role: 'tool', tool_call_id: long, content: 'a' },
        { role: 'tool', tool_call_id: short, content: 'b' },
      ];
      const { messages } = pass(kind, { model: 'gpt-4.1', messages: sent }).body as {
        messages: JsonObject[];
      };
      const fitted = String(messages[2]?.tool_call_id);
      expect(fitted.length).toBe(40);
      const text = JSON.stringify(sent).replaceAll(long, fitted);
      expect(JSON.stringify(messages)).toBe(text);
    },
  );

  test('openrouter gets cache breakpoints without what only Anthropic’s servers know of them', () => {
    const cacheControl = { type: 'ephemeral', ttl: '1h', scope: 'global' };
    const { body, lost } = build('openrouter', {
      system: [{ type: 'text', text: 's', cacheControl }],
      tools: [{ type: 'function', name: 'f', cacheControl }],
      messages: [
        { role: 'user', parts: [{ type: 'text', text: 'hi' }] },
        {
          role: 'assistant',
          parts: [{ type: 'tool-call', id: 'c', name: 'f', arguments: '{}', kind: 'function', cacheControl }],
        },
      ],
    });
    const kept = { cache_control: { type: 'ephemeral', ttl: '1h' } };
    const messages = [{ content: [{ text: 's', ...kept }] }, {}, { tool_calls: [kept] }];
    expect(body).toMatchObject({ messages, tools: [kept] });
    expect(JSON.stringify(body)).not.toContain('scope');
    expect(lost).toEqual([]);
  });

  test('openrouter carries cache breakpoints', () => {
    const cacheControl = { type: 'ephemeral' };
    const { body, lost } = build('openrouter', { system: [{ type: 'text', text: 's', cacheControl }] });
    expect(body.messages).toMatchObject([{ content: [{ text: 's', cache_control: cacheControl }] }, {}]);
    expect(lost).toEqual([]);
  });
});

describe('qwen', () => {
  const marked = (ttl?: string) => ({
    cacheControl: { type: 'ephemeral', ...(ttl !== undefined && { ttl }) },
  });
  const asked = (ttl?: string): Partial<NeutralRequest> => ({
    system: [{ type: 'text', text: 's', ...marked(ttl) }],
    tools: [{ type: 'function', name: 'f', ...marked(ttl) }],
    messages: [
      { role: 'user', parts: [{ type: 'text', text: 'hi', ...marked(ttl) }] },
      {
        role: 'assistant',
        parts: [{ type: 'tool-call', id: 'c', name: 'f', arguments: '{}', kind: 'function' }],
      },
      {
        role: 'user',
        parts: [
          { type: 'tool-result', callId: 'c', content: [{ type: 'text', text: 'so' }], ...marked(ttl) },
        ],
      },
    ],
  });
  const points = (body: object): string[] => JSON.stringify(body).match(/"cache_control":\{[^}]*\}/g) ?? [];

  test('takes cache breakpoints, for five minutes', () => {
    const { body, lost } = build('qwen', asked());
    expect(points(body)).toEqual(Array(4).fill('"cache_control":{"type":"ephemeral"}'));
    expect(lost).toEqual([]);
    const long = build('qwen', asked('1h'));
    expect(long.body).toEqual(body);
    expect(long.lost).toEqual(['approximated cache_control']);
    expect(build('qwen', asked('5m')).lost).toEqual([]);
  });

  test('for an hour from Qwen4 on', () => {
    const { body, lost } = build('qwen', asked('1h'), 'qwen4-max');
    expect(points(body)).toEqual(Array(4).fill('"cache_control":{"type":"ephemeral","ttl":"1h"}'));
    expect(lost).toEqual([]);
  });

  test('takes none beside the messages', () => {
    const { body, lost } = build('qwen', marked());
    expect(body.cache_control).toBeUndefined();
    expect(lost).toEqual(['lost cache_control']);
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
    expect(lost).toEqual(['approximated tools.custom', 'approximated tools.custom.format']);
  });

  test('openai takes them as they are', () => {
    expect(build('openai', { tools }, 'gpt-5').body.tools).toMatchObject([{ type: 'custom' }]);
  });
});
