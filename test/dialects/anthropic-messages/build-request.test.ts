// Requests of other dialects, as they reach the provider.
import { describe, expect, test } from 'bun:test';
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts';
import type { Part } from '../../../src/model/content.ts';
import { asArray, type JsonObject } from '../../../src/model/json/json.ts';
import { ownToken } from '../../../src/model/opaque-token.ts';
import type { Message, NeutralRequest } from '../../../src/model/request.ts';

const own = ownToken('anthropic-messages', 's');
const foreign = ownToken('openai-chat', 's');
const NEW = 'claude-opus-4-7';
const OLD = 'claude-3-7-sonnet-20250219';

function build(request: Partial<NeutralRequest>, model = OLD) {
  const { body, losses } = anthropicMessages.provider.buildRequest(
    { model: 'asked', stream: false, system: [], messages: [user('hi')], tools: [], ...request },
    { model, quirks: {} },
  );
  return { body, lost: losses.map(({ feature, outcome }) => `${outcome} ${feature}`), losses };
}

const text = (value: string): Part => ({ type: 'text', text: value });
const user = (value: string): Message => ({ role: 'user', parts: [text(value)] });
const assistant = (...parts: Part[]): Message => ({ role: 'assistant', parts });
const call = (id: string, args = '{}'): Part => ({
  type: 'tool-call',
  id,
  name: 'f',
  arguments: args,
  kind: 'function',
});
const result = (callId: string): Part => ({
  type: 'tool-result',
  callId,
  content: [{ type: 'text', text: callId }],
});
const toolUse = (id: string, input: JsonObject = {}) => ({ type: 'tool_use', id, name: 'f', input });
const toolResult = (id: string) => ({ type: 'tool_result', tool_use_id: id, content: id });
const FUNCTION = { type: 'function', name: 'f', parameters: { type: 'object' } } as const;

test('the smallest request', () => {
  expect(build({}).body).toEqual({
    model: OLD,
    max_tokens: 32_000,
    messages: [{ role: 'user', content: 'hi' }],
  });
});

test.each([
  ['image/jpg', 'image/jpeg'],
  ['IMAGE/PNG', 'image/png'],
])('%s is told as %s, which it takes', (mediaType, sentType) => {
  const image: Part = { type: 'image', source: { kind: 'base64', mediaType, data: 'QUJD' } };
  expect(build({ messages: [{ role: 'user', parts: [image] }] }).body.messages).toEqual([
    {
      role: 'user',
      content: [{ type: 'image', source: { type: 'base64', media_type: sentType, data: 'QUJD' } }],
    },
  ]);
});

describe('max_tokens', () => {
  const DEFAULTS: [string, number][] = [
    ['claude-opus-4-6', 64_000],
    ['claude-sonnet-4.5', 64_000],
    ['claude-sonnet-4-20250514', 32_000],
    ['anthropic.claude-opus-4-1-20250805-v1:0', 32_000],
    ['claude-3-5-haiku@20241022', 8_192],
    ['claude-3-opus-20240229', 4_096],
    ['claude-instant-1.2', 4_096],
    ['claude-mythos-preview', 64_000],
    ['glm-4.6', 8_192],
  ];
  test.each(DEFAULTS)('of %s by default', (model, expected) => {
    expect(build({}, model).body.max_tokens).toBe(expected);
  });
  test('of the client before the table', () => {
    expect(build({ maxOutputTokens: 5 }, OLD).body.max_tokens).toBe(5);
  });
});

describe('conversation', () => {
  const messages = (...list: Message[]) => build({ messages: list });

  test('all results of one turn stand in the next user message, first', () => {
    const { body, lost } = messages(
      user('go'),
      assistant(text(''), call('a', '{"x":1}'), call('b', '')),
      { role: 'user', parts: [result('a')] },
      { role: 'user', parts: [text('and'), result('b')] },
    );
    expect(body.messages).toEqual([
      { role: 'user', content: 'go' },
      { role: 'assistant', content: [toolUse('a', { x: 1 }), toolUse('b')] },
      { role: 'user', content: [toolResult('a'), toolResult('b'), { type: 'text', text: 'and' }] },
    ]);
    expect(lost).toEqual([]);
  });

  test('an empty text of a result goes, which would be refused', () => {
    const content = [
      { type: 'text', text: '' },
      { type: 'text', text: 'x' },
    ] as const;
    const results: Part[] = [{ type: 'tool-result', callId: 'a', content: [...content] }];
    const { messages } = build({
      messages: [user('q'), assistant(call('a')), { role: 'user', parts: results }],
    }).body;
    expect(asArray(messages)?.at(-1)).toEqual({
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: 'a', content: 'x' }],
    });
  });

  test('messages of one role become one turn; empty ones go', () => {
    const { body } = messages(
      user('a'),
      assistant(text('')),
      user('b'),
      assistant(text('c')),
      assistant(text('d')),
    );
    const blocks = (...texts: string[]) => texts.map((each) => ({ type: 'text', text: each }));
    expect(body.messages).toEqual([
      { role: 'user', content: blocks('a', 'b') },
      { role: 'assistant', content: blocks('c', 'd') },
    ]);
  });

  test('a later system message becomes user text where the model accepts none', () => {
    const { body, lost } = build({
      system: [{ type: 'text', text: 'first' }],
      messages: [
        user('a'),
        { role: 'system', parts: [{ type: 'text', text: 'then', cacheControl: { type: 'ephemeral' } }] },
        assistant(text('b')),
        { role: 'system', parts: [text('<system-reminder>so</system-reminder>')] },
        user('c'),
      ],
    });
    expect(body.system).toBe('first');
    expect(body.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          {
            type: 'text',
            text: '<system-reminder>\nthen\n</system-reminder>',
            cache_control: { type: 'ephemeral' },
          },
        ],
      },
      { role: 'assistant', content: 'b' },
      {
        role: 'user',
        content: [
          { type: 'text', text: '<system-reminder>so</system-reminder>' },
          { type: 'text', text: 'c' },
        ],
      },
    ]);
    expect(lost).toEqual(['approximated messages.system']);
  });

  test('one before all turns moves to the system prompt', () => {
    const { body } = build({
      system: [{ type: 'text', text: 'first' }],
      messages: [{ role: 'system', parts: [text('then')] }, user('a')],
    });
    expect(body.system).toEqual([
      { type: 'text', text: 'first' },
      { type: 'text', text: 'then' },
    ]);
    expect(body.messages).toEqual([{ role: 'user', content: 'a' }]);
  });

  test('one after the last answer becomes user text, whatever the model accepts', () => {
    const { body } = build(
      { messages: [user('a'), assistant(text('b')), { role: 'system', parts: [text('then')] }] },
      'claude-opus-4-8',
    );
    expect((body.messages as JsonObject[]).at(-1)).toEqual({
      role: 'user',
      content: '<system-reminder>\nthen\n</system-reminder>',
    });
  });

  test('and stays, after the user turn, where the model takes it', () => {
    const { body, lost } = build(
      { messages: [user('a'), assistant(text('b')), { role: 'system', parts: [text('then')] }, user('c')] },
      'claude-opus-4-8',
    );
    expect((body.messages as JsonObject[]).slice(2)).toEqual([
      { role: 'user', content: 'c' },
      { role: 'system', content: 'then' },
    ]);
    expect(lost).toEqual([]);
  });

  test('a system prompt alone becomes the user turn', () => {
    const { body, lost } = build({ system: [{ type: 'text', text: 'say hi' }], messages: [] });
    expect(body).toMatchObject({ messages: [{ role: 'user', content: 'say hi' }] });
    expect(body.system).toBeUndefined();
    expect(lost).toEqual(['approximated messages.system']);
  });

  test('ids are made acceptable, the same way for call and result', () => {
    const { body } = messages(user('a'), assistant(call('functions.f:0')), {
      role: 'user',
      parts: [result('functions.f:0')],
    });
    expect(body.messages).toMatchObject([
      {},
      { content: [{ id: 'functions_f_0' }] },
      { content: [{ tool_use_id: 'functions_f_0' }] },
    ]);
  });

  const PARTS: [string, Part, JsonObject | undefined, string[]][] = [
    [
      'arguments that are no JSON',
      call('a', '{"x'),
      toolUse('a', { arguments: '{"x' }),
      ['approximated tool_calls.arguments'],
    ],
    [
      'arguments that are no object',
      call('a', '[1]'),
      toolUse('a', { arguments: '[1]' }),
      ['approximated tool_calls.arguments'],
    ],
    [
      'a custom call',
      { type: 'tool-call', id: 'a', name: 'f', arguments: 'free "text"', kind: 'custom' },
      toolUse('a', { input: 'free "text"' }),
      ['approximated tools.custom'],
    ],
    [
      "another provider's server call",
      { type: 'tool-call', id: 'a', name: 'file_search', arguments: '{}', kind: 'server' },
      undefined,
      ['lost tools.file_search'],
    ],
    [
      "another provider's server result",
      { type: 'server-tool-result', callId: 'a', dialect: 'openai-chat', value: {} },
      undefined,
      ['lost tools.server_tool_result'],
    ],
    ['reasoning that nobody signed', { type: 'reasoning', text: 'a' }, undefined, ['lost reasoning']],
    [
      'reasoning that another provider signed',
      { type: 'reasoning', text: 'a', signature: foreign },
      undefined,
      ['lost reasoning'],
    ],
    [
      'reasoning that another provider redacted',
      { type: 'reasoning', text: '', redacted: foreign },
      undefined,
      ['lost reasoning'],
    ],
    [
      'signed reasoning',
      { type: 'reasoning', text: 'a', signature: own },
      { type: 'thinking', thinking: 'a', signature: 's' },
      [],
    ],
    [
      'redacted reasoning',
      { type: 'reasoning', text: '', redacted: own },
      { type: 'redacted_thinking', data: 's' },
      [],
    ],
    [
      'a call that another provider signed',
      { type: 'tool-call', id: 'a', name: 'n', arguments: '{}', kind: 'function', signature: foreign },
      { type: 'tool_use', id: 'a', name: 'n', input: {} },
      ['lost thought_signature'],
    ],
    ['a refusal', { type: 'refusal', text: 'no' }, { type: 'text', text: 'no' }, ['approximated refusal']],
    [
      'audio',
      { type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav', data: 'AA' } },
      undefined,
      ['lost input_audio'],
    ],
    [
      'an image that nobody is to see any more',
      { type: 'image', source: { kind: 'url', url: 'https://e.test/a.png' } },
      undefined,
      ['lost assistant.image'],
    ],
    [
      "a file in another provider's store",
      { type: 'document', source: { kind: 'file', id: 'f', dialect: 'openai-chat' } },
      undefined,
      ['lost file_id'],
    ],
    [
      'a text file given as bytes',
      {
        type: 'document',
        name: 'a.md',
        source: { kind: 'base64', mediaType: 'text/markdown', data: 'w6Q=' },
      },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'ä' }, title: 'a.md' },
      [],
    ],
    [
      'a document of another type',
      { type: 'document', source: { kind: 'base64', mediaType: 'application/msword', data: 'AA' } },
      undefined,
      ['lost file'],
    ],
    [
      'a citation of another provider',
      { type: 'text', text: 'a', citations: [{ kind: 'url', url: 'https://e.test' }] },
      { type: 'text', text: 'a' },
      ['lost citations'],
    ],
    [
      'what has no neutral word',
      { type: 'opaque', dialect: 'openai-chat', name: 'input_thing', value: {} },
      undefined,
      ['lost input_thing'],
    ],
    [
      'a field that only another dialect knows',
      { type: 'text', text: 'a', extension: { dialect: 'openai-chat', fields: { tone: 'x' } } },
      { type: 'text', text: 'a' },
      ['lost tone'],
    ],
  ];
  test('an image of a kind that is refused', () => {
    const image: Part = {
      type: 'image',
      source: { kind: 'base64', mediaType: 'image/heic', data: 'QUJD' },
    };
    const { body, losses } = build({ messages: [{ role: 'user', parts: [image] }] });
    const content = '(an image of a kind that cannot be read here)';
    expect(body.messages).toEqual([{ role: 'user', content }]);
    const how = 'images are accepted as PNG, JPEG, GIF or WebP';
    expect(losses).toEqual([{ feature: 'image', outcome: 'lost', how }]);
  });

  test('an image with its detail', () => {
    const image: Part = {
      type: 'image',
      source: { kind: 'url', url: 'https://e.test/a.png' },
      detail: 'low',
    };
    const built = messages({ role: 'user', parts: [image] });
    const content = [{ type: 'image', source: { type: 'url', url: 'https://e.test/a.png' } }];
    expect(built.body.messages).toEqual([{ role: 'user', content }]);
    expect(built.lost).toEqual(['lost detail']);
  });

  test.each(PARTS)('%s', (_, part, block, lost) => {
    // In a turn that goes on, thinking stays only while the model thinks.
    const next = part.type === 'reasoning' ? [user('on')] : [];
    const built = messages(user('go'), assistant(text('-'), part, text('+')), ...next);
    const answer = (built.body.messages as JsonObject[])[1];
    const words = ['-', '+'].map((said): JsonObject => ({ type: 'text', text: said }));
    expect(answer?.content).toEqual(block === undefined ? words : words.toSpliced(1, 0, block));
    expect(built.lost).toEqual(lost);
  });
});

describe('tools', () => {
  const tools = (request: Partial<NeutralRequest>, model?: string) =>
    build({ tools: [FUNCTION], ...request }, model);

  test('a function, a custom tool and one of another provider', () => {
    const { body, lost } = build({
      tools: [
        { type: 'function', name: 'f', description: 'd', cacheControl: { type: 'ephemeral' } },
        { type: 'custom', name: 'patch', format: { type: 'grammar' } },
        { type: 'server', name: 'file_search', definition: { dialect: 'openai-chat', fields: {} } },
      ],
    });
    expect(body.tools).toEqual([
      {
        name: 'f',
        description: 'd',
        input_schema: { type: 'object', properties: {} },
        cache_control: { type: 'ephemeral' },
      },
      {
        name: 'patch',
        input_schema: expect.objectContaining({ required: ['input'] }),
      },
    ]);
    expect(lost).toEqual(['approximated tools.custom', 'lost tools.custom.format', 'lost tools.file_search']);
  });

  const CHOICES: [Partial<NeutralRequest>, JsonObject | undefined][] = [
    [{}, undefined],
    [{ toolChoice: { type: 'auto' } }, { type: 'auto' }],
    [{ toolChoice: { type: 'none' }, parallelToolCalls: false }, { type: 'none' }],
    [{ toolChoice: { type: 'required' } }, { type: 'any' }],
    [{ toolChoice: { type: 'tool', name: 'f' } }, { type: 'tool', name: 'f' }],
    [{ parallelToolCalls: false }, { type: 'auto', disable_parallel_tool_use: true }],
    [{ parallelToolCalls: true }, undefined],
    [
      { toolChoice: { type: 'required' }, parallelToolCalls: false },
      { type: 'any', disable_parallel_tool_use: true },
    ],
  ];
  test.each(CHOICES)('%j', (request, choice) => {
    expect(tools(request).body.tool_choice).toEqual(choice as never);
  });

  test('no choice where there is no tool', () => {
    expect(
      build({ toolChoice: { type: 'required' }, parallelToolCalls: false }).body.tool_choice,
    ).toBeUndefined();
  });

  test('strict, where the model takes it: a closed schema', () => {
    const parameters = {
      type: 'object',
      properties: { n: { type: 'integer', minimum: 1 }, o: { type: 'object', properties: {} } },
      required: ['n'],
    };
    const request = { tools: [{ ...FUNCTION, parameters, strict: true }] };
    const { body, lost } = build(request, 'claude-sonnet-4-5');
    expect(body.tools).toEqual([
      {
        name: 'f',
        strict: true,
        input_schema: {
          type: 'object',
          properties: {
            n: { type: 'integer', description: 'minimum: 1' },
            o: { type: 'object', properties: {}, additionalProperties: false },
          },
          required: ['n'],
          additionalProperties: false,
        },
      },
    ]);
    expect(lost).toEqual(['approximated tools.strict']);
    expect(build(request, OLD)).toMatchObject({
      lost: ['lost tools.strict'],
      body: { tools: [{ name: 'f' }] },
    });
  });
});

test('a strict schema that is kept as it is, is no approximation', () => {
  const parameters = { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false };
  const { lost } = build({ tools: [{ ...FUNCTION, parameters, strict: true }] }, 'claude-sonnet-4-5');
  expect(lost).toEqual([]);
});

test('no more strict tools than a request may hold', () => {
  const tools = Array.from({ length: 21 }, (_, at) => ({ ...FUNCTION, name: `f${at}`, strict: true }));
  const { body, lost } = build({ tools }, 'claude-sonnet-4-5');
  expect((body.tools as JsonObject[]).filter((tool) => tool.strict)).toHaveLength(20);
  expect(lost).toEqual(['lost tools.strict']);
});

describe('reasoning', () => {
  const CASES: [string, string, Partial<NeutralRequest>, JsonObject, string[]][] = [
    [
      'an effort, adaptive',
      NEW,
      { reasoning: { effort: 'high' } },
      { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'high' } },
      [],
    ],
    [
      'an effort that the model does not know',
      'claude-opus-4-6',
      { reasoning: { effort: 'xhigh' } },
      { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } },
      ['approximated reasoning_effort'],
    ],
    [
      'the least effort',
      NEW,
      { reasoning: { effort: 'minimal' } },
      { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'low' } },
      ['approximated reasoning_effort'],
    ],
    [
      'an effort as a budget',
      OLD,
      { reasoning: { effort: 'medium' } },
      { thinking: { type: 'enabled', budget_tokens: 8_192 } },
      ['approximated reasoning_effort'],
    ],
    [
      'the least effort as a budget',
      OLD,
      { reasoning: { effort: 'minimal' } },
      { thinking: { type: 'enabled', budget_tokens: 1_024 } },
      ['approximated reasoning_effort'],
    ],
    [
      'little effort',
      OLD,
      { reasoning: { effort: 'low' } },
      { thinking: { type: 'enabled', budget_tokens: 2_048 } },
      ['approximated reasoning_effort'],
    ],
    [
      'much effort',
      OLD,
      { reasoning: { effort: 'high' } },
      { thinking: { type: 'enabled', budget_tokens: 16_384 } },
      ['approximated reasoning_effort'],
    ],
    [
      'more effort',
      OLD,
      { reasoning: { effort: 'xhigh' } },
      { thinking: { type: 'enabled', budget_tokens: 24_576 } },
      ['approximated reasoning_effort'],
    ],
    [
      'the most effort, below what is answered with',
      OLD,
      { reasoning: { effort: 'max' } },
      { thinking: { type: 'enabled', budget_tokens: 31_999 } },
      ['approximated reasoning_effort'],
    ],
    [
      'a budget below max_tokens',
      OLD,
      { reasoning: { effort: 'high' }, maxOutputTokens: 4_000 },
      { thinking: { type: 'enabled', budget_tokens: 3_000 } },
      ['approximated reasoning_effort'],
    ],
    [
      'the least budget',
      OLD,
      { reasoning: { effort: 'high' }, maxOutputTokens: 1_366 },
      { thinking: { type: 'enabled', budget_tokens: 1_024 } },
      ['approximated reasoning_effort'],
    ],
    [
      'a budget of all that may be written',
      OLD,
      { reasoning: { mode: 'on', budgetTokens: 4_000 }, maxOutputTokens: 4_000 },
      { thinking: { type: 'enabled', budget_tokens: 3_000 } },
      ['approximated thinking.budget_tokens'],
    ],
    [
      'no room for a budget',
      OLD,
      { reasoning: { effort: 'high' }, maxOutputTokens: 1_000 },
      {},
      ['lost reasoning_effort'],
    ],
    [
      'less than the least budget',
      OLD,
      { reasoning: { mode: 'on', budgetTokens: 512 }, maxOutputTokens: 1_366 },
      { thinking: { type: 'enabled', budget_tokens: 1_024 } },
      ['approximated thinking.budget_tokens'],
    ],
    [
      'less than the least budget, and no room for that',
      OLD,
      { reasoning: { mode: 'on', budgetTokens: 512 }, maxOutputTokens: 1_000 },
      {},
      ['lost thinking'],
    ],
    [
      'a budget given',
      OLD,
      { reasoning: { mode: 'on', budgetTokens: 2_000 } },
      { thinking: { type: 'enabled', budget_tokens: 2_000 } },
      [],
    ],
    [
      'thinking that nobody wants to see',
      NEW,
      { reasoning: { effort: 'high', summary: 'none' } },
      { thinking: { type: 'adaptive', display: 'omitted' }, output_config: { effort: 'high' } },
      [],
    ],
    [
      'nothing but that nobody wants to see it, of a model that thinks if it is asked to',
      OLD,
      { reasoning: { summary: 'omitted' } },
      {},
      [],
    ],
    [
      'the same of a model that thinks by itself, and hides it',
      'claude-fable-5',
      { reasoning: { summary: 'omitted' } },
      {},
      [],
    ],
    [
      'thinking that nobody wants to see, of a model that always shows it',
      OLD,
      { reasoning: { mode: 'on', budgetTokens: 2_000, summary: 'none' } },
      { thinking: { type: 'enabled', budget_tokens: 2_000 } },
      ['approximated reasoning_summary'],
    ],
    [
      'as a client of the same dialect wants to see it',
      OLD,
      {
        reasoning: { mode: 'on', budgetTokens: 2_000, summary: 'omitted' },
        extension: { dialect: 'anthropic-messages', fields: {} },
      },
      { thinking: { type: 'enabled', budget_tokens: 2_000, display: 'omitted' } },
      [],
    ],
    [
      'a budget given to a model that decides for itself, led by an effort',
      NEW,
      { reasoning: { mode: 'on', budgetTokens: 2_000 } },
      { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'low' } },
      ['approximated thinking.budget_tokens'],
    ],
    [
      'a budget given to a model that always thinks',
      'claude-fable-5',
      { reasoning: { mode: 'on', budgetTokens: 31_999 } },
      { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'high' } },
      ['approximated thinking.budget_tokens'],
    ],
    [
      'a budget beside an effort, which says as much',
      NEW,
      { reasoning: { mode: 'on', budgetTokens: 2_000, effort: 'max' } },
      { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'max' } },
      ['approximated thinking.budget_tokens'],
    ],
    [
      'as much as a model that decides for itself wants',
      NEW,
      { reasoning: { mode: 'adaptive', summary: 'auto' } },
      { thinking: { type: 'adaptive', display: 'summarized' } },
      [],
    ],
    [
      'a budget and an effort, given to a model that takes both',
      'claude-opus-4-6',
      { reasoning: { mode: 'on', budgetTokens: 2_000, effort: 'low' } },
      { thinking: { type: 'enabled', budget_tokens: 2_000 }, output_config: { effort: 'low' } },
      [],
    ],
    [
      'an effort, of a model that always thinks',
      'claude-fable-5',
      { reasoning: { effort: 'high' } },
      { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'high' } },
      [],
    ],
    [
      'thinking without an effort, of a model that does not think',
      'claude-3-opus',
      { reasoning: { mode: 'on' } },
      {},
      ['lost thinking'],
    ],
    [
      'an effort of a client of the same dialect asks for no thinking',
      'claude-opus-4-6',
      { reasoning: { effort: 'medium' }, extension: { dialect: 'anthropic-messages', fields: {} } },
      { output_config: { effort: 'medium' } },
      [],
    ],
    [
      'an effort of such a client that the model refuses',
      OLD,
      { reasoning: { effort: 'medium' }, extension: { dialect: 'anthropic-messages', fields: {} } },
      {},
      ['lost output_config.effort'],
    ],
    [
      'more effort of such a client than the model knows',
      'claude-opus-4-5',
      { reasoning: { effort: 'xhigh' }, extension: { dialect: 'anthropic-messages', fields: {} } },
      { output_config: { effort: 'high' } },
      ['approximated output_config.effort'],
    ],
    [
      'an effort of another client, of a model whose budget says it',
      'claude-opus-4-5',
      { reasoning: { effort: 'xhigh' } },
      { thinking: { type: 'enabled', budget_tokens: 24_576 } },
      ['approximated reasoning_effort'],
    ],
    [
      'thinking of such a client, of a model that does not think',
      'claude-3-opus',
      { reasoning: { mode: 'on', effort: 'low' }, extension: { dialect: 'anthropic-messages', fields: {} } },
      {},
      ['lost output_config.effort', 'lost thinking'],
    ],
    [
      'adaptive, of a model that wants a budget',
      OLD,
      { reasoning: { mode: 'adaptive' } },
      { thinking: { type: 'enabled', budget_tokens: 8_192 } },
      ['approximated thinking.adaptive'],
    ],
    [
      'a model that does not think',
      'claude-3-opus',
      { reasoning: { effort: 'low' } },
      {},
      ['lost reasoning_effort'],
    ],
    ['none, of a model that does not think unasked', NEW, { reasoning: { effort: 'none' } }, {}, []],
    [
      'none, of a model that thinks unasked',
      'claude-sonnet-5',
      { reasoning: { effort: 'none' } },
      { thinking: { type: 'disabled' } },
      [],
    ],
    [
      'none, of a model that always thinks',
      'claude-fable-5',
      { reasoning: { effort: 'none' } },
      { output_config: { effort: 'low' } },
      ['approximated reasoning_effort'],
    ],
    [
      'none, of a model that at most thinks between calls of tools',
      'claude-sonnet-5-5',
      { reasoning: { effort: 'none' } },
      { thinking: { type: 'between_tools' } },
      ['approximated reasoning_effort'],
    ],
    [
      'none, with more effort than it takes then',
      'claude-sonnet-5-5',
      { reasoning: { mode: 'off', effort: 'max' } },
      { thinking: { type: 'between_tools' }, output_config: { effort: 'high' } },
      ['approximated reasoning_effort'],
    ],
    [
      'none, with somewhat more effort than it takes then',
      'claude-sonnet-5-5',
      { reasoning: { mode: 'off', effort: 'xhigh' } },
      { thinking: { type: 'between_tools' }, output_config: { effort: 'high' } },
      ['approximated reasoning_effort'],
    ],
    [
      'none, with an effort that it takes',
      'claude-sonnet-5-5',
      { reasoning: { mode: 'off', effort: 'low' } },
      { thinking: { type: 'between_tools' }, output_config: { effort: 'low' } },
      ['approximated reasoning_effort'],
    ],
    [
      'none, with an effort to answer with',
      'claude-sonnet-5',
      { reasoning: { mode: 'off', effort: 'medium' } },
      { thinking: { type: 'disabled' }, output_config: { effort: 'medium' } },
      [],
    ],
    [
      'none, of its sister, which refuses that',
      'claude-opus-5-5',
      { reasoning: { effort: 'none' } },
      { output_config: { effort: 'low' } },
      ['approximated reasoning_effort'],
    ],
    [
      'not while a tool must be called',
      OLD,
      { reasoning: { effort: 'low' }, tools: [FUNCTION], toolChoice: { type: 'required' } },
      { tool_choice: { type: 'any' } },
      ['lost reasoning_effort'],
    ],
    [
      'no obligation to call a tool where thinking cannot be off',
      'claude-opus-5-5',
      { tools: [FUNCTION], toolChoice: { type: 'tool', name: 'f' }, parallelToolCalls: false },
      { tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
      ['approximated tool_choice'],
    ],
    [
      'not in a tool loop whose thinking is gone',
      OLD,
      {
        reasoning: { effort: 'low' },
        messages: [user('a'), assistant(call('a')), { role: 'user', parts: [result('a')] }],
      },
      {},
      ['lost reasoning_effort'],
    ],
  ];
  test.each(CASES)('%s', (_, model, request, expected, lost) => {
    const built = build(request, model);
    const { thinking, output_config, tool_choice } = built.body;
    const got = { thinking, output_config, tool_choice };
    expect(got).toEqual({
      thinking: undefined,
      output_config: undefined,
      tool_choice: undefined,
      ...expected,
    } as never);
    expect(built.lost).toEqual(lost);
  });
});

describe('sampling', () => {
  const CASES: [string, string, Partial<NeutralRequest>, JsonObject, string[]][] = [
    [
      'as it is',
      OLD,
      { temperature: 0.3, topP: 0.9, topK: 5 },
      { temperature: 0.3, top_p: 0.9, top_k: 5 },
      [],
    ],
    ['hotter than can be', OLD, { temperature: 1.7 }, { temperature: 1 }, ['approximated temperature']],
    [
      'one of two',
      'claude-sonnet-4-5',
      { temperature: 0.3, topP: 0.9 },
      { temperature: 0.3 },
      ['lost top_p'],
    ],
    [
      'none',
      NEW,
      { temperature: 0.3, topP: 0.9, topK: 5 },
      {},
      ['lost temperature', 'lost top_p', 'lost top_k'],
    ],
    ['none, and defaults are no loss', NEW, { temperature: 1, topP: 1 }, {}, []],
    [
      'not while thinking',
      OLD,
      { reasoning: { mode: 'on', budgetTokens: 2_000 }, temperature: 0.3, topP: 0.5, topK: 5 },
      {},
      ['lost temperature', 'lost top_p', 'lost top_k'],
    ],
    [
      'what thinking allows',
      OLD,
      { reasoning: { mode: 'on', budgetTokens: 2_000 }, temperature: 1, topP: 0.96 },
      { temperature: 1, top_p: 0.96 },
      [],
    ],
  ];
  test.each(CASES)('%s', (_, model, request, expected, lost) => {
    const built = build(request, model);
    const { temperature, top_p, top_k } = built.body;
    expect({ temperature, top_p, top_k }).toEqual({
      temperature: undefined,
      top_p: undefined,
      top_k: undefined,
      ...expected,
    } as never);
    expect(built.lost).toEqual(lost);
  });
});

describe('output format', () => {
  const schema = { type: 'object', properties: { a: { type: 'string' } } };

  test('a schema where the model takes one', () => {
    const { body, lost } = build(
      { outputFormat: { type: 'json-schema', name: 'x', schema } },
      'claude-opus-4-6',
    );
    expect(body.output_config).toEqual({
      format: { type: 'json_schema', schema: { ...schema, additionalProperties: false } },
    });
    expect(lost).toEqual([]);
  });

  test('what such a model does not take of it stands in descriptions, and is named', () => {
    const limited = { type: 'object', properties: { n: { type: 'integer', minimum: 1 } } };
    const { body, lost } = build(
      { outputFormat: { type: 'json-schema', schema: limited } },
      'claude-opus-4-6',
    );
    expect(body.output_config).toMatchObject({
      format: { schema: { properties: { n: { type: 'integer', description: 'minimum: 1' } } } },
    });
    expect(lost).toEqual(['approximated response_format']);
  });

  test('an instruction where it does not', () => {
    const { body, lost } = build({
      system: [{ type: 'text', text: 's' }],
      outputFormat: { type: 'json-schema', schema },
    });
    expect(body.output_config).toBeUndefined();
    expect(JSON.stringify(body.system)).toContain(JSON.stringify(JSON.stringify(schema)).slice(1, -1));
    expect(lost).toEqual(['approximated response_format']);
  });

  test('an instruction for any JSON', () => {
    const { body, lost } = build({ outputFormat: { type: 'json' } }, NEW);
    expect(body.system).toContain('one JSON object');
    expect(lost).toEqual(['approximated response_format']);
  });

  test('nothing for text', () => {
    expect(build({ outputFormat: { type: 'text' } })).toMatchObject({ lost: [] });
  });
});

test('what has no field here is named as the client named it', () => {
  const { body, lost } = build({
    seed: 1,
    frequencyPenalty: 0.5,
    presencePenalty: 0,
    verbosity: 'low',
    metadata: { a: 'b' },
    cacheKey: 'k',
    serviceTier: 'flex',
    stopSequences: ['\n', 'x'],
    messages: [{ role: 'user', name: 'ann', parts: [text('a')] }],
    extension: { dialect: 'openai-chat', fields: { logprobs: true, logit_bias: {} } },
  });
  expect(lost.sort()).toEqual(
    [
      'logprobs',
      'logit_bias',
      'name',
      'stop',
      'service_tier',
      'seed',
      'frequency_penalty',
      'verbosity',
      'metadata',
    ]
      .map((each) => `lost ${each}`)
      .concat('approximated prompt_cache_key')
      .sort(),
  );
  expect(body.stop_sequences).toEqual(['x']);
});

test('user, service tier, stream and system', () => {
  const { body, lost } = build({
    user: 'u',
    serviceTier: 'default',
    stream: true,
    system: [{ type: 'text', text: 's' }],
  });
  expect(body).toMatchObject({
    metadata: { user_id: 'u' },
    service_tier: 'standard_only',
    stream: true,
    system: 's',
  });
  expect(lost).toEqual([]);
});
