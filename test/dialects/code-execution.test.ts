// Code that a client has the provider run: each dialect's tool becomes the provider's own, and is lost where it needs files or a
// place that only another provider has, or where the provider runs no code.
import { expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { DialectId, ProviderDialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';

const HELLO = [{ role: 'user', content: 'hi' }];
const ASKS: Partial<Record<DialectId, JsonObject>> = {
  'anthropic-messages': { model: 'm', max_tokens: 99, messages: HELLO },
  'openai-responses': { model: 'm', input: HELLO },
  gemini: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
};
const MODELS: Partial<Record<ProviderDialectId, string>> = {
  'anthropic-messages': 'claude-sonnet-4-5',
  'openai-responses': 'gpt-5',
  gemini: 'gemini-2.5-flash',
};

function asked(
  client: DialectId,
  tools: JsonObject[],
  wire: ProviderDialectId,
  model = MODELS[wire] ?? 'm',
  quirks = {},
  more: JsonObject = {},
) {
  const route = { operation: 'generate', model: 'm', stream: false } as const;
  const request = DIALECTS[client].client.parseRequest({ ...ASKS[client], ...more, tools }, route);
  const { body, headers, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model, quirks });
  return { tools: body.tools, headers, names: losses.map(({ feature, outcome }) => `${outcome} ${feature}`) };
}

const CLAUDES = { type: 'code_execution_20250825', name: 'code_execution' };
const OPENAIS = { type: 'code_interpreter', container: { type: 'auto' } };
const GOOGLES = { codeExecution: {} };

test.each([
  ['anthropic-messages', CLAUDES, 'openai-responses', OPENAIS],
  ['anthropic-messages', CLAUDES, 'gemini', GOOGLES],
  ['openai-responses', OPENAIS, 'anthropic-messages', CLAUDES],
  ['openai-responses', OPENAIS, 'gemini', GOOGLES],
  ['gemini', { code_execution: {} }, 'anthropic-messages', CLAUDES],
  ['gemini', GOOGLES, 'openai-responses', OPENAIS],
] as const)('of %s, %j, is that of %s', (client, tool, wire, own) => {
  const { tools, headers, names } = asked(client, [tool], wire);
  expect(tools).toEqual([own]);
  // None is a beta any more.
  expect(headers).toBeUndefined();
  expect(names).toEqual([expect.stringMatching(/^approximated tools\.code_?(execution|interpreter)$/i)]);
});

test.each<[what: string, more: JsonObject]>([
  ['a container', { container: 'container_1' }],
  ['a container, in its newer form', { container: { id: 'container_1' } }],
  ['skills', { container: { skills: [{ type: 'anthropic', skill_id: 'pptx', version: 'latest' }] } }],
  [
    'a file',
    {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'container_upload', file_id: 'file_1' },
            { type: 'text', text: 'Sum it' },
          ],
        },
      ],
    },
  ],
])("Claude's is lost where it needs what only Anthropic has: %s", (_, more) => {
  const { tools, names } = asked('anthropic-messages', [CLAUDES], 'openai-responses', 'gpt-5', {}, more);
  expect(tools).toBeUndefined();
  expect(names).toContain('lost tools.code_execution');
  expect(
    asked('anthropic-messages', [CLAUDES], 'openai-responses', 'gpt-5', {}, { container: null }).tools,
  ).toEqual([OPENAIS]);
});

test('what only one of them knows is named', () => {
  const callers = asked(
    'anthropic-messages',
    [{ ...CLAUDES, allowed_callers: ['direct'] }],
    'openai-responses',
  );
  expect(callers.names).toEqual(['approximated tools.code_execution']);
  const memory = { ...OPENAIS, container: { type: 'auto', file_ids: [], memory_limit: '4g' } };
  expect(asked('openai-responses', [memory], 'anthropic-messages').names).toEqual([
    'approximated tools.code_interpreter',
    'lost tools.code_interpreter.container.memory_limit',
  ]);
});

test.each<
  [why: string, tool: JsonObject, wire: ProviderDialectId, model: string | undefined, quirks: JsonObject]
>([
  [
    'files',
    { ...OPENAIS, container: { type: 'auto', file_ids: ['file_1'] } },
    'anthropic-messages',
    undefined,
    {},
  ],
  ['a place', { ...OPENAIS, container: 'cntr_1' }, 'gemini', undefined, {}],
  ['no code at Chat Completions', OPENAIS, 'openai-chat', undefined, {}],
  ["another vendor's model", OPENAIS, 'anthropic-messages', 'kimi-k2.6', {}],
  ['Claude at Google', OPENAIS, 'anthropic-messages', 'claude-sonnet-4-5', { cloudMethods: true }],
  ['Claude at Amazon', OPENAIS, 'bedrock-invoke', 'anthropic.claude-sonnet-4-5-20250929-v1:0', {}],
  ['an older Gemini', OPENAIS, 'gemini', 'gemini-1.5-pro', {}],
])('is lost: %s', (_, tool, wire, model, quirks) => {
  const { tools, names } = asked('openai-responses', [tool], wire, model, quirks);
  expect(tools).toBeUndefined();
  expect(names).toEqual(['lost tools.code_interpreter']);
});

test('is lost where a function of the client has its name', () => {
  const mine = { type: 'function', name: 'code_execution', parameters: { type: 'object', properties: {} } };
  const { names } = asked('openai-responses', [mine, OPENAIS], 'anthropic-messages');
  expect(names).toEqual(['lost tools.code_interpreter']);
});

test('is not sent, nor is a search, where no tool may be called: Google knows that of functions alone', () => {
  const search = { type: 'web_search' };
  const find = { type: 'function', name: 'find', parameters: { type: 'object' } };
  const none = (tools: JsonObject[], wire: ProviderDialectId, model = MODELS[wire]) =>
    asked('openai-responses', tools, wire, model, {}, { tool_choice: 'none' });
  expect(none([OPENAIS, search], 'gemini')).toMatchObject({
    tools: undefined,
    names: ['approximated tool_choice'],
  });
  expect(none([search, find], 'gemini')).toMatchObject({
    tools: [{ functionDeclarations: [{ name: 'find' }] }],
    names: ['approximated tool_choice'],
  });
  expect(none([search], 'openai-chat', 'gpt-4o-search-preview')).toMatchObject({
    tools: undefined,
    names: ['approximated tool_choice'],
  });
  expect(none([search, find], 'anthropic-messages').tools).toMatchObject([
    { name: 'web_search' },
    { name: 'find' },
  ]);
});
