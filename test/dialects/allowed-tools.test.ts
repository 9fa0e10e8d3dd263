// Only some of the declared tools may be called: in each provider's words, or by declaring no others.
import { describe, expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { allowedOf } from '../../src/dialects/shared/tools/allowed-tools.ts';
import { fitToolNames } from '../../src/dialects/shared/tools/tool-names.ts';
import type { ProviderDialectId } from '../../src/model/dialect-id.ts';
import { asObject, type JsonObject } from '../../src/model/json/json.ts';
import type { NeutralRequest, Tool } from '../../src/model/request.ts';
import { PROVIDER_KINDS } from '../../src/providers/kinds.ts';

const TOOLS: Tool[] = [
  { type: 'function', name: 'a' },
  { type: 'custom', name: 'b' },
  { type: 'function', name: 'c' },
];
/** A turn that called what is no longer allowed. */
const CALLED: NeutralRequest['messages'] = [
  { role: 'user', parts: [{ type: 'text', text: 'hi' }] },
  {
    role: 'assistant',
    parts: [{ type: 'tool-call', id: 'call_0001', name: 'c', arguments: '{}', kind: 'function' }],
  },
  {
    role: 'user',
    parts: [{ type: 'tool-result', callId: 'call_0001', content: [{ type: 'text', text: 'ok' }] }],
  },
];

function ask(more: Partial<NeutralRequest>): NeutralRequest {
  return {
    ...{ model: 'm', stream: false, system: [], messages: CALLED, tools: TOOLS, maxOutputTokens: 99 },
    ...{ toolChoice: { type: 'auto' }, allowedTools: ['a', 'b'] },
    ...more,
  };
}

function build(kind: string, model: string, more: Partial<NeutralRequest> = {}) {
  const row = PROVIDER_KINDS.find((each) => each.kind === kind);
  const dialect = row?.dialect as ProviderDialectId;
  const { body, losses } = PROVIDER_SIDES[dialect].buildRequest(ask(more), {
    model,
    quirks: row?.quirks ?? {},
  });
  return { body, said: losses.filter(({ feature }) => feature === 'tool_choice') };
}

/** Every name that a body declares. */
function declaredIn(body: JsonObject): string[] {
  const text = JSON.stringify(body.tools ?? body.toolConfig ?? body.request ?? []);
  return ['a', 'b', 'c'].filter((name) => text.includes(`"name":"${name}"`));
}

describe('providers without a word for it', () => {
  test.each([
    ['anthropic', 'claude-sonnet-4-5', { type: 'any' }],
    ['bedrock', 'eu.anthropic.claude-sonnet-4-5', undefined],
    ['ollama', 'llama3', undefined],
    ['mistral', 'mistral-large', 'required'],
    ['groq', 'llama-3.1-8b-instant', 'required'],
    ['deepseek', 'deepseek-chat', 'required'],
  ])('%s gets the allowed tools alone', (kind, model, choice) => {
    const free = build(kind, model);
    expect(declaredIn(free.body)).toEqual(['a', 'b']);
    expect(free.said).toMatchObject([{ outcome: 'approximated' }]);
    const forced = build(kind, model, { toolChoice: { type: 'required' } });
    expect(declaredIn(forced.body)).toEqual(['a', 'b']);
    if (choice !== undefined) expect(forced.body.tool_choice as unknown).toEqual(choice);
  });

  test('nothing is sent where all are allowed', () => {
    const { body, said } = build('anthropic', 'claude-sonnet-4-5', { allowedTools: ['c', 'b', 'a'] });
    expect(declaredIn(body)).toEqual(['a', 'b', 'c']);
    expect(said).toEqual([]);
  });

  test('where none is, those of the history stay declared and none may be called', () => {
    const { body, said } = build('anthropic', 'claude-sonnet-4-5', { allowedTools: [] });
    expect(declaredIn(body)).toEqual(['a', 'b', 'c']);
    expect(body.tool_choice as unknown).toEqual({ type: 'none' });
    expect(said).toEqual([]);
    const demanded = { allowedTools: ['gone'], toolChoice: { type: 'required' } } as const;
    const forced = build('mistral', 'mistral-large', { ...demanded, allowedTools: ['gone'] });
    expect(forced.body.tool_choice).toBe('none');
    expect(forced.said).toMatchObject([{ outcome: 'lost' }]);
  });
});

describe('providers with a word for it', () => {
  const definition = { dialect: 'anthropic-messages', fields: {} } as const;
  const limited: Tool = {
    ...{ type: 'server', name: 'web_search', definition },
    search: { blockedDomains: ['example.com'], others: [] },
  };
  const chatList = [
    { type: 'function', function: { name: 'a' } },
    { type: 'custom', custom: { name: 'b' } },
  ];

  test.each(['auto', 'required'] as const)('OpenAI, %s', (type) => {
    const chat = build('openai', 'gpt-5', { toolChoice: { type } });
    expect(chat.body.tool_choice as unknown).toEqual({
      type: 'allowed_tools',
      allowed_tools: { mode: type, tools: chatList },
    });
    const { body, losses } = PROVIDER_SIDES['openai-responses'].buildRequest(ask({ toolChoice: { type } }), {
      model: 'gpt-5',
      quirks: {},
    });
    expect(body.tool_choice as unknown).toEqual({
      type: 'allowed_tools',
      mode: type,
      tools: [
        { type: 'function', name: 'a' },
        { type: 'custom', name: 'b' },
      ],
    });
    expect([declaredIn(chat.body), declaredIn(body)]).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ]);
    expect([...chat.said, ...losses]).toEqual([]);
  });

  test('a search that another dialect’s client offered is allowed in OpenAI’s words', () => {
    const search: Tool = { type: 'server', name: 'web_search', definition, search: { others: [] } };
    const { body } = PROVIDER_SIDES['openai-responses'].buildRequest(
      ask({ tools: [...TOOLS, search], allowedTools: ['a', 'web_search'] }),
      { model: 'gpt-5', quirks: {} },
    );
    expect(body.tool_choice).toHaveProperty('tools', [
      { type: 'function', name: 'a' },
      { type: 'web_search' },
    ]);
  });

  test.each(['openai-chat', 'openai-responses'] as const)(
    'none may be called where OpenAI has none of them, %s: an empty list is refused',
    (wire) => {
      const built = (type: 'auto' | 'required') =>
        PROVIDER_SIDES[wire].buildRequest(
          ask({ toolChoice: { type }, tools: [...TOOLS, limited], allowedTools: ['web_search'] }),
          { model: 'gpt-5', quirks: { allowedTools: true, customTools: true } },
        );
      const lost = { feature: 'tools.web_search', outcome: 'lost' } as const;
      expect(built('auto')).toMatchObject({ body: { tool_choice: 'none' }, losses: [lost] });
      const { body, losses } = built('required');
      expect(body.tool_choice).toBe('none');
      expect(losses).toMatchObject([lost, { feature: 'tool_choice', outcome: 'lost' }]);
    },
  );

  test('a search that OpenAI does not have in this form is not among those allowed', () => {
    const { body } = PROVIDER_SIDES['openai-responses'].buildRequest(
      ask({ tools: [...TOOLS, limited], allowedTools: ['a', 'web_search'] }),
      { model: 'gpt-5', quirks: {} },
    );
    expect(body.tool_choice).toHaveProperty('tools', [{ type: 'function', name: 'a' }]);
  });

  test('another server of the Responses dialect gets the allowed tools alone', () => {
    const { body, losses } = PROVIDER_SIDES['openai-responses'].buildRequest(ask({}), {
      model: 'llama3',
      quirks: {},
    });
    expect(declaredIn(body)).toEqual(['a', 'b']);
    expect(body.tool_choice).toBe('auto');
    expect(losses).toMatchObject([{ feature: 'tool_choice', outcome: 'approximated' }]);
  });

  test.each([
    ['gemini', 'auto', 'VALIDATED'],
    ['gemini', 'required', 'ANY'],
    ['vertex', 'required', 'ANY'],
  ] as const)('%s, %s', (kind, type, mode) => {
    const { body, said } = build(kind, 'gemini-2.5-pro', { toolChoice: { type } });
    expect(body.toolConfig as unknown).toEqual({
      functionCallingConfig: { mode, allowedFunctionNames: ['a', 'b'] },
    });
    expect(said).toEqual([]);
  });

  test('Google Cloud takes the list with a demand alone', () => {
    const { body, said } = build('vertex', 'gemini-2.5-pro');
    expect(body.toolConfig as unknown).toEqual({ functionCallingConfig: { mode: 'AUTO' } });
    expect(declaredIn(body)).toEqual(['a', 'b']);
    expect(said).toMatchObject([{ outcome: 'approximated' }]);
  });
});

describe('an MCP server among those that a Responses client allows', () => {
  const parameters = { type: 'object', properties: {} };
  const tool_choice = {
    ...{ type: 'allowed_tools', mode: 'required' },
    tools: [
      { type: 'function', name: 'a' },
      { type: 'mcp', server_label: 'wiki', name: 'search' },
    ],
  };
  const tools = [
    ...['a', 'c'].map((name) => ({ type: 'function', name, parameters })),
    { type: 'mcp', server_label: 'wiki', server_url: 'https://wiki.example' },
  ];
  const asked = DIALECTS['openai-responses'].client.parseRequest(
    { model: 'm', input: 'hi', tools, tool_choice },
    { operation: 'generate' },
  );

  test.each(['anthropic', 'openai', 'mistral', 'ollama', 'bedrock', 'gemini'])(
    '%s may call the rest',
    (kind) => {
      const row = PROVIDER_KINDS.find((each) => each.kind === kind);
      const dialect = row?.dialect as ProviderDialectId;
      const { body, losses } = PROVIDER_SIDES[dialect].buildRequest(asked, {
        model: 'some-model',
        quirks: row?.quirks ?? {},
      });
      const lists = JSON.stringify([body.toolConfig, body.tool_choice]);
      // Where there is a word for the list, the others are declared beside it.
      if (/allowedFunctionNames|allowed_tools/.test(lists)) expect(lists).not.toMatch(/"c"|mcp/);
      else expect(declaredIn(body)).toEqual(['a']);
      expect(losses).toContainEqual({ feature: 'tools.mcp', outcome: 'lost' });
    },
  );

  test('its own dialect gets it as the client wrote it', () => {
    const { body, losses } = PROVIDER_SIDES['openai-responses'].buildRequest(asked, {
      model: 'm',
      quirks: {},
    });
    expect([body.tools, body.tool_choice, losses] as unknown).toEqual([tools, tool_choice, []]);
  });
});

test('a name that the provider is reported in another form is listed in that form', () => {
  const long = 'n'.repeat(100);
  const rule = { signs: /[^a-z_0-9]/, longest: 64 };
  const { request } = fitToolNames(
    ask({ tools: [{ type: 'function', name: long }], allowedTools: [long], messages: [] }),
    rule,
  );
  expect(request.allowedTools).toEqual(request.tools.map(({ name }) => name));
  expect(request.allowedTools).not.toContain(long);
});

test('of many tools those allowed are found in no time out of proportion to their number', () => {
  // With a search through all names for each tool, it would take minutes.
  const names = Array.from({ length: 200_000 }, (_, index) => `tool_${index}`);
  const tools = names.map((name): Tool => ({ type: 'function', name }));
  const request = ask({ tools, allowedTools: names.toReversed() });
  expect(allowedOf(request)).toEqual(tools);
  const config = asObject(
    PROVIDER_SIDES.gemini.buildRequest(
      { ...request, toolChoice: { type: 'required' } },
      { model: 'm', quirks: {} },
    ).body.toolConfig,
  );
  expect(asObject(config?.functionCallingConfig)?.allowedFunctionNames).toEqual(names);
});

test('of a client of Gemini that wants no function called, what Google runs may be used elsewhere, too', () => {
  const ask = {
    contents: [{ role: 'user', parts: [{ text: 'hi' }] }],
    tools: [{ googleSearch: {} }, { functionDeclarations: [{ name: 'f' }] }],
    toolConfig: { functionCallingConfig: { mode: 'NONE' } },
  };
  const route = { operation: 'generate', model: 'm', stream: false } as const;
  const built = (wire: ProviderDialectId, model: string, tools: JsonObject[] = ask.tools) => {
    const request = DIALECTS.gemini.client.parseRequest({ ...ask, tools }, route);
    return PROVIDER_SIDES[wire].buildRequest(request, { model, quirks: {} }).body;
  };
  expect(built('openai-responses', 'gpt-5').tool_choice).toEqual({
    type: 'allowed_tools',
    mode: 'auto',
    tools: [{ type: 'web_search' }],
  });
  const claudes = built('anthropic-messages', 'claude-sonnet-4-5');
  expect(claudes.tools).toMatchObject([{ name: 'web_search' }]);
  expect(claudes.tool_choice).not.toEqual({ type: 'none' });
  expect(built('gemini', 'gemini-3-pro-preview')).toMatchObject({
    tools: [{ googleSearch: {} }, { functionDeclarations: [{ name: 'f' }] }],
    toolConfig: ask.toolConfig,
  });
  const only = [{ functionDeclarations: [{ name: 'f' }] }];
  expect(built('anthropic-messages', 'claude-sonnet-4-5', only).tool_choice).toEqual({ type: 'none' });
});
