// Clients of OpenAI's dialects and Gemini's cannot ask for a cache of the prompt: OpenAI's only name by `prompt_cache_key` the
// prompts that begin alike. Claude caches up to breakpoints alone: without one behind what Codex sends, each call of a tool
// bills all of it in full.
import { describe, expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { Quirks } from '../../src/dialects/quirks.ts';
import type { ProviderDialectId } from '../../src/model/dialect-id.ts';
import { asArray, type JsonObject } from '../../src/model/json/json.ts';
import { findProviderKind } from '../../src/providers/kinds.ts';

const BREAKPOINT = { cache_control: { type: 'ephemeral' } };
const KEY = { prompt_cache_key: 'session-1' };

/** As Codex asks, in the middle of its work. */
const CODEX: JsonObject = {
  model: 'm',
  instructions: 'You are a coding agent.',
  input: [
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Fix it.' }] },
    { type: 'function_call', call_id: 'c1', name: 'shell', arguments: '{}' },
    { type: 'function_call_output', call_id: 'c1', output: 'done' },
  ],
};

/** What makes a loop of it: the tools, of which a request without an earlier answer may have some too. */
const TOOLS = [
  { type: 'function', name: 'shell', parameters: { type: 'object', properties: {} } },
  { type: 'function', name: 'read', parameters: { type: 'object', properties: {} } },
];

function built(wire: ProviderDialectId, model: string, more: JsonObject, quirks: Quirks = {}) {
  const { client } = DIALECTS['openai-responses'];
  const request = client.parseRequest({ ...CODEX, ...more }, { operation: 'generate' });
  const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model, quirks });
  return { body, lost: losses.map(({ feature, outcome }) => `${outcome} ${feature}`) };
}

test.each([
  ['anthropic-messages', 'claude-opus-4-8'],
  ['bedrock-invoke', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'],
] as const)(
  'at %s the system prompt ends with a breakpoint, the last turn, and the one before',
  (wire, model) => {
    const { body, lost } = built(wire, model, KEY);
    expect(body.system).toEqual([{ type: 'text', text: 'You are a coding agent.', ...BREAKPOINT }]);
    expect(body.messages).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'Fix it.', ...BREAKPOINT }] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'shell', input: {} }] },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: 'c1', content: 'done', ...BREAKPOINT }],
      },
    ]);
    expect(breakpointsIn(body)).toBe(3);
    expect(lost).toEqual(['approximated prompt_cache_key']);
  },
);

describe('a loop of tools without a key', () => {
  test('has the same breakpoints, and nothing to report', () => {
    const { body, lost } = built('anthropic-messages', 'claude-opus-4-8', { tools: TOOLS });
    expect(body.system).toEqual([{ type: 'text', text: 'You are a coding agent.', ...BREAKPOINT }]);
    expect(JSON.stringify(body.tools)).not.toContain('cache_control');
    expect(breakpointsIn(body)).toBe(3);
    expect(lost).toEqual([]);
  });

  test('has one behind its tools where no system prompt follows', () => {
    const { body } = built('anthropic-messages', 'claude-opus-4-8', { tools: TOOLS, instructions: ' ' });
    expect(body.tools).toMatchObject([{ name: 'shell' }, { name: 'read', ...BREAKPOINT }]);
    expect(body.tools).not.toMatchObject([BREAKPOINT, {}]);
    expect(breakpointsIn(body)).toBe(3);
  });

  test('at Converse too', () => {
    const { body } = built('bedrock-converse', 'anthropic.claude-opus-4-8', {
      tools: TOOLS,
      instructions: ' ',
    });
    const point = { cachePoint: { type: 'default' } };
    expect(body.toolConfig).toMatchObject({ tools: [{ toolSpec: {} }, { toolSpec: {} }, point] });
    expect(body.messages).toMatchObject([
      { content: [{ text: 'Fix it.' }, point] },
      { role: 'assistant' },
      { content: [{ toolResult: {} }, point] },
    ]);
  });

  test('at OpenRouter too', () => {
    const { body } = built(
      'openai-chat',
      'anthropic/claude-opus-4.8',
      { tools: TOOLS },
      { cacheControl: true },
    );
    expect(breakpointsIn(body)).toBe(3);
  });

  test.each([
    ['qwen/qwen3-coder-plus', 3],
    ['qwen/qwen3.6-max', 3],
    ['qwen/qwen-plus', 3],
    ['qwen/qwen3-coder', 0],
    ['google/gemini-3-pro', 0],
  ])('at OpenRouter for %s: %d', (model, count) => {
    const quirks = findProviderKind('openrouter')?.quirks ?? {};
    const { body, lost } = built('openai-chat', model, { tools: TOOLS }, quirks);
    expect(breakpointsIn(body)).toBe(count);
    expect(lost).toEqual([]);
  });

  test('of a client of Gemini has breakpoints too', () => {
    const { client } = DIALECTS.gemini;
    const contents = [
      { role: 'user', parts: [{ text: 'Fix it.' }] },
      { role: 'model', parts: [{ functionCall: { name: 'shell', args: {} } }] },
      {
        role: 'user',
        parts: [{ text: 'Here:' }, { functionResponse: { name: 'shell', response: { output: 'done' } } }],
      },
    ];
    const tools = [{ functionDeclarations: [{ name: 'shell' }] }];
    const ask = { contents, tools, systemInstruction: { parts: [{ text: 'You are an agent.' }] } };
    const request = client.parseRequest(ask, { operation: 'generate', model: 'm' });
    const options = { model: 'claude-opus-4-8', quirks: {} };
    const { body } = PROVIDER_SIDES['anthropic-messages'].buildRequest(request, options);
    expect(breakpointsIn(body)).toBe(3);
    // Claude wants the results first: the turn ends with the text.
    expect((body.messages as JsonObject[]).at(-1)?.content).toMatchObject([
      { type: 'tool_result' },
      { text: 'Here:', ...BREAKPOINT },
    ]);
  });

  test('marks no result without content', () => {
    const input = [...(CODEX.input as JsonObject[]).slice(0, 2)];
    const more = {
      tools: TOOLS,
      input: [...input, { type: 'function_call_output', call_id: 'c1', output: '' }],
    };
    const { body, lost } = built('openai-chat', 'anthropic/claude-opus-4.8', more, { cacheControl: true });
    expect(breakpointsIn(body)).toBe(2);
    expect(lost).toEqual([]);
  });
});

test('at Converse a cache point follows each', () => {
  const { body, lost } = built('bedrock-converse', 'anthropic.claude-opus-4-8', KEY);
  const point = { cachePoint: { type: 'default' } };
  expect(body.system).toEqual([{ text: 'You are a coding agent.' }, point]);
  const { content } = (body.messages as JsonObject[]).at(-1) ?? {};
  expect(asArray(content)?.at(-1)).toEqual(point);
  expect(JSON.stringify(body).split('cachePoint').length - 1).toBe(3);
  expect(lost).toContain('approximated prompt_cache_key');
});

test('at a server of Chat Completions that knows breakpoints it has them beside the key', () => {
  const { body, lost } = built('openai-chat', 'anthropic/claude-opus-4.8', KEY, { cacheControl: true });
  expect(body).toMatchObject(KEY);
  expect(body.messages).toMatchObject([
    { role: 'system', content: [{ text: 'You are a coding agent.', ...BREAKPOINT }] },
    { role: 'user', content: [{ text: 'Fix it.', ...BREAKPOINT }] },
    { role: 'assistant' },
    { role: 'tool', content: [{ text: 'done', ...BREAKPOINT }] },
  ]);
  expect(lost).toEqual([]);
});

test('an instruction that ends the conversation gets none, nor blank text', () => {
  const input = [
    { role: 'user', content: [{ type: 'input_text', text: 'Fix it.' }] },
    { role: 'assistant', content: 'Done.' },
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 'And this.' },
        { type: 'input_text', text: ' ' },
      ],
    },
    { role: 'developer', content: 'Be quick.' },
  ];
  const { body } = built('anthropic-messages', 'claude-opus-4-8', { ...KEY, input });
  const [, , asked, instruction] = body.messages as JsonObject[];
  expect(asked?.content).toEqual([{ type: 'text', text: 'And this. ', ...BREAKPOINT }]);
  expect(instruction).toEqual({ role: 'system', content: 'Be quick.' });
});

function breakpointsIn(body: JsonObject): number {
  return JSON.stringify(body).split('"cache_control"').length - 1;
}

describe('a client that places OpenAI’s breakpoints', () => {
  const MARK = { prompt_cache_breakpoint: { mode: 'explicit' } };
  const said = (text: string, more: JsonObject = {}) => ({
    role: 'user',
    content: [{ type: 'input_text', text, ...more }],
  });
  const shared = { role: 'developer', content: [{ type: 'input_text', text: 'So.', ...MARK }] };
  const answered = { role: 'assistant', content: 'Done.' };
  const many = [
    shared,
    ...['1', '2', '3', '4', '5'].flatMap((text) => [said(text, MARK), answered]),
    said('6', MARK),
  ];

  test.each([
    ['anthropic-messages', 'claude-opus-4-8', {}],
    ['bedrock-converse', 'anthropic.claude-opus-4-8', {}],
    ['openai-chat', 'anthropic/claude-opus-4.8', { cacheControl: true }],
  ] as const)('at %s: of more than four, the first and the last three stay', (wire, model, quirks) => {
    const more = { instructions: null, input: many, tools: TOOLS };
    const { body, lost } = built(wire, model, more, quirks);
    const texts = [
      ...JSON.stringify(body).matchAll(/"text":"([^"]*)"[^{}]*(\},\{"cachePoint"|"cache_control")/g),
    ];
    expect(texts.map(([, text]) => text).sort()).toEqual(['4', '5', '6', 'So.']);
    expect(lost).toEqual(['approximated cache_control']);
  });

  test('four are as many as Claude takes: all stay, and nothing is said of them', () => {
    const more = { instructions: null, input: [shared, ...many.slice(-5)], tools: TOOLS };
    const { body, lost } = built('anthropic-messages', 'claude-opus-4-8', more);
    expect(breakpointsIn(body)).toBe(4);
    expect(lost).toEqual([]);
  });

  test.each([
    ['anthropic-messages', 'claude-opus-4-8', {}],
    ['bedrock-converse', 'anthropic.claude-opus-4-8', {}],
    ['openai-chat', 'anthropic/claude-opus-4.8', { cacheControl: true }],
  ] as const)('at %s: within results they stand behind these, and count too', (wire, model, quirks) => {
    const called = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6'].flatMap((call_id) => [
      { type: 'function_call', call_id, name: 'shell', arguments: '{}' },
      { type: 'function_call_output', call_id, output: said(call_id, MARK).content },
    ]);
    const more = { instructions: null, input: [said('Go.'), ...called], tools: TOOLS };
    const { body, lost } = built(wire, model, more, quirks);
    const texts = [...JSON.stringify(body).matchAll(/"(c\d)"(?=[^c]*("cachePoint"|"cache_control"))/g)];
    expect(texts.map(([, text]) => text)).toEqual(['c3', 'c4', 'c5', 'c6']);
    expect(lost).toEqual(['approximated cache_control']);
  });

  test('behind blank text, which Claude lets have none, stands behind what is before it, if there is something', () => {
    const content = [...said(' ', MARK).content, ...said('1').content, ...said('\n', MARK).content];
    const input = [{ role: 'user', content }];
    const { body } = built('anthropic-messages', 'claude-opus-4-8', { instructions: null, input });
    expect(body.messages).toEqual([
      { role: 'user', content: [{ type: 'text', text: '1\n', ...BREAKPOINT }] },
    ]);
  });

  test.each([{}, MARK])('of those within one result the last stays, behind all of it: %p', (third) => {
    const output = [...said('1', MARK).content, ...said('2', MARK).content, ...said('3', third).content];
    const call = { call_id: 'c1', name: 'shell' };
    const input = [
      said('Go.'),
      { type: 'function_call', ...call, arguments: '{}' },
      { type: 'function_call_output', ...call, output },
    ];
    const { body, lost } = built('anthropic-messages', 'claude-opus-4-8', { instructions: null, input });
    expect(asArray(body.messages)?.at(-1)).toMatchObject({
      content: [
        { type: 'tool_result', ...BREAKPOINT, content: [{ text: '1' }, { text: '2' }, { text: '3' }] },
      ],
    });
    expect(breakpointsIn(body)).toBe(1);
    expect(lost).toEqual(['approximated cache_control']);
  });

  test('of one for the whole prompt and four more, the last three of these stay', () => {
    const { client } = DIALECTS['openai-chat'];
    const messages = ['1', '2', '3', '4'].map((text) => ({
      role: 'user',
      content: [{ type: 'text', text, ...BREAKPOINT }],
    }));
    const request = client.parseRequest({ model: 'm', messages, ...BREAKPOINT }, { operation: 'generate' });
    const { body } = PROVIDER_SIDES['anthropic-messages'].buildRequest(request, {
      model: 'claude-opus-4-8',
      quirks: {},
    });
    expect(body).toMatchObject(BREAKPOINT);
    expect(breakpointsIn(body)).toBe(4);
    expect(JSON.stringify(body)).not.toContain('"text":"1","cache_control"');
  });

  test('of those that end tools, the last stays', () => {
    const { client } = DIALECTS['openai-chat'];
    const tools = ['a', 'b', 'c', 'd', 'e'].map((name) => ({
      type: 'function',
      function: { name },
      ...BREAKPOINT,
    }));
    const messages = [{ role: 'user', content: [{ type: 'text', text: '1', ...BREAKPOINT }] }];
    const request = client.parseRequest({ model: 'm', messages, tools }, { operation: 'generate' });
    const { body } = PROVIDER_SIDES['anthropic-messages'].buildRequest(request, {
      model: 'claude-opus-4-8',
      quirks: {},
    });
    expect(asArray(body.tools)?.map((tool) => 'cache_control' in (tool as JsonObject))).toEqual([
      false,
      false,
      true,
      true,
      true,
    ]);
  });

  test('gets one behind the newest message besides, as at OpenAI, unless it wants its own alone', () => {
    const input = [shared, said('1'), answered, said('2')];
    const turn = (text: string) => ({ role: 'user', content: [{ type: 'text', text, ...BREAKPOINT }] });
    const more = { instructions: null, input, tools: TOOLS };
    const { body, lost } = built('anthropic-messages', 'claude-opus-4-8', more);
    expect(body.messages).toMatchObject([turn('1'), { role: 'assistant' }, turn('2')]);
    expect(breakpointsIn(body)).toBe(3);
    expect(lost).toEqual([]);
    const alone = built('anthropic-messages', 'claude-opus-4-8', {
      ...more,
      prompt_cache_options: { mode: 'explicit' },
    });
    expect(breakpointsIn(alone.body)).toBe(1);
  });
});

describe('none is added', () => {
  const marked = { type: 'input_text', text: 'Fix it.', prompt_cache_breakpoint: { mode: 'explicit' } };
  const OWN: [string, JsonObject][] = [
    ['without a key or a tool', {}],
    ['before the first answer', { tools: TOOLS, input: [{ role: 'user', content: 'Fix it.' }] }],
    ['where the client places its own', { ...KEY, input: [{ role: 'user', content: [marked] }] }],
    ['where it wants its own alone', { ...KEY, prompt_cache_options: { mode: 'explicit' } }],
  ];
  test.each(OWN)('%s', (_, more) => {
    const { body } = built('anthropic-messages', 'claude-opus-4-8', more);
    expect(body.system).toBe('You are a coding agent.');
  });

  test('where a client of Chat Completions asks a server of its dialect: it passes otherwise', () => {
    const messages = [{ role: 'user', content: 'Fix it.' }];
    const { client, provider } = DIALECTS['openai-chat'];
    const request = client.parseRequest({ model: 'm', messages, ...KEY }, { operation: 'generate' });
    const options = { model: 'anthropic/claude-opus-4.8', quirks: { cacheControl: true } };
    const { body } = provider.buildRequest(request, options);
    expect(body).toMatchObject({ messages, ...KEY });
  });

  test('in a loop of a client of Claude’s dialect, which places its own', () => {
    const { client } = DIALECTS['anthropic-messages'];
    const messages = [
      { role: 'user', content: 'Fix it.' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'shell', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'done' }] },
    ];
    const tools = [{ name: 'shell', input_schema: { type: 'object' } }];
    const request = client.parseRequest(
      { model: 'm', max_tokens: 9, system: 'So.', messages, tools },
      { operation: 'generate' },
    );
    const options = { model: 'anthropic.claude-opus-4-8', quirks: { cacheControl: true } };
    for (const wire of ['bedrock-converse', 'bedrock-invoke', 'openai-chat'] as const)
      expect(JSON.stringify(PROVIDER_SIDES[wire].buildRequest(request, options).body)).not.toMatch(/cache/i);
  });

  test.each([
    'anthropic.claude-3-haiku-20240307-v1:0',
    'us.anthropic.claude-3-5-sonnet-20240620-v1:0',
    'anthropic.claude-3-opus-20240229-v1:0',
  ])('at Amazon for %s, which has no cache there', (model) => {
    for (const wire of ['bedrock-converse', 'bedrock-invoke'] as const) {
      const { body, lost } = built(wire, model, { tools: TOOLS });
      expect(JSON.stringify(body)).not.toMatch(/cache/i);
      expect(lost).toEqual([]);
    }
  });

  test.each([
    ['anthropic-messages', 'kimi-k2.6'],
    ['bedrock-converse', 'amazon.nova-pro-v1:0'],
    ['gemini', 'gemini-3-pro'],
  ] as const)('at %s to %s, which caches by itself or not at all', (wire, model) => {
    const { body, lost } = built(wire, model, KEY);
    expect(JSON.stringify(body)).not.toMatch(/cache/i);
    expect(lost).toContain('lost prompt_cache_key');
  });
});
