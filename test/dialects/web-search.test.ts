// A search of the web that a client asks for, at providers of other dialects: it becomes their own where that keeps
// the client's limits, and is lost where it would not.
import { describe, expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { DialectId, ProviderDialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';

const HELLO = [{ role: 'user', content: 'hi' }];
const ASKS: Record<DialectId, JsonObject> = {
  'anthropic-messages': { model: 'm', max_tokens: 99, messages: HELLO },
  'openai-chat': { model: 'm', messages: HELLO },
  'openai-responses': { model: 'm', input: HELLO },
  gemini: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
  'ollama-chat': { model: 'm', messages: HELLO },
};
const MODELS: Partial<Record<ProviderDialectId, string>> = {
  'anthropic-messages': 'claude-sonnet-4-5',
  'openai-chat': 'gpt-4o-search-preview',
  'openai-responses': 'gpt-5',
  gemini: 'gemini-2.5-flash',
};

function asked(client: DialectId, more: JsonObject, wire: ProviderDialectId, model = MODELS[wire] ?? 'm') {
  const route = { operation: 'generate', model: 'm', stream: false } as const;
  const request = DIALECTS[client].client.parseRequest({ ...ASKS[client], ...more }, route);
  const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model, quirks: {} });
  const names = losses.map(({ feature, outcome }) => `${outcome} ${feature}`);
  return { body, tools: body.tools, names };
}

const ANTHROPIC = { type: 'web_search_20250305', name: 'web_search' };
const FUNCTION = { name: 'weather', input_schema: { type: 'object', properties: {} } };
const BONN = { city: 'Bonn', country: 'DE' };
const NEAR_BONN = { type: 'approximate', ...BONN };
const INSTEAD = ['approximated tools.web_search'];

describe('limits on domains', () => {
  const allowed = ['a.test'];
  const only = { tools: [{ ...ANTHROPIC, allowed_domains: allowed }] };
  const never = { tools: [{ ...ANTHROPIC, blocked_domains: allowed }] };

  test('go where there is a word for them', () => {
    const { tools, names } = asked('anthropic-messages', only, 'openai-responses');
    expect(tools).toEqual([{ type: 'web_search', filters: { allowed_domains: allowed } }]);
    expect(names).toEqual(INSTEAD);
    const back = asked(
      'openai-responses',
      { tools: [{ type: 'web_search', filters: { allowed_domains: allowed } }] },
      'anthropic-messages',
    );
    expect(back.tools).toEqual([{ ...ANTHROPIC, allowed_domains: allowed }]);
  });

  test('which Google excludes are blocked', () => {
    for (const search of [
      { googleSearch: { excludeDomains: allowed } },
      { google_search: { exclude_domains: allowed } },
    ]) {
      const { tools, names } = asked('gemini', { tools: [search] }, 'anthropic-messages');
      expect(tools).toEqual([{ ...ANTHROPIC, blocked_domains: allowed }]);
      expect(names).toEqual([expect.stringMatching(/^approximated tools.google_?search$/i)]);
      const other = asked('gemini', { tools: [search] }, 'openai-responses');
      expect(other.tools).toBeUndefined();
      expect(other.names).toEqual([expect.stringMatching(/^lost tools.google_?search$/i)]);
    }
  });

  test.each([
    [only, 'gemini'],
    [only, 'openai-chat'],
    [never, 'openai-responses'],
    [never, 'gemini'],
  ] as const)('without a word for them nobody searches: %j at %s', (more, wire) => {
    const { body, names } = asked('anthropic-messages', more, wire);
    expect(JSON.stringify(body)).not.toMatch(/web_search|googleSearch/);
    expect(names).toEqual(['lost tools.web_search']);
  });
});

test('the place of the user goes along, or is named', () => {
  const tools = [{ ...ANTHROPIC, user_location: NEAR_BONN }];
  const responses = asked('anthropic-messages', { tools }, 'openai-responses');
  expect(responses.tools).toEqual([{ type: 'web_search', user_location: NEAR_BONN }]);
  const chat = asked('anthropic-messages', { tools }, 'openai-chat');
  expect(chat.body.web_search_options).toEqual({
    user_location: { type: 'approximate', approximate: BONN },
  });
  const gemini = asked('anthropic-messages', { tools }, 'gemini');
  expect(gemini.tools).toEqual([{ googleSearch: {} }]);
  expect(gemini.names).toEqual([...INSTEAD, 'lost tools.web_search.location']);
});

test('how much the model is to read of what is found goes between OpenAI’s two, and is named elsewhere', () => {
  const options = { search_context_size: 'high', user_location: { type: 'approximate', approximate: BONN } };
  const toResponses = asked('openai-chat', { web_search_options: options }, 'openai-responses');
  expect(toResponses.tools).toEqual([
    { type: 'web_search', search_context_size: 'high', user_location: NEAR_BONN },
  ]);
  expect(toResponses.names).toEqual(['approximated tools.web_search_options']);
  const tools = [{ type: 'web_search', search_context_size: 'low' }];
  const toChat = asked('openai-responses', { tools }, 'openai-chat');
  expect(toChat.body.web_search_options).toEqual({ search_context_size: 'low' });
  expect(toChat.names).toEqual(INSTEAD);
  const toAnthropic = asked('openai-responses', { tools }, 'anthropic-messages');
  expect(toAnthropic.tools).toEqual([ANTHROPIC]);
  expect(toAnthropic.names).toEqual([...INSTEAD, 'lost tools.web_search.search_context_size']);
});

test('settings that only the client’s dialect has are named', () => {
  const { tools, names } = asked(
    'anthropic-messages',
    { tools: [{ ...ANTHROPIC, max_uses: 2 }] },
    'openai-responses',
  );
  expect(tools).toEqual([{ type: 'web_search' }]);
  expect(names).toEqual([...INSTEAD, 'lost tools.web_search.max_uses']);
});

describe('models that do not search', () => {
  test.each([
    ['anthropic-messages', 'claude-3-haiku-20240307'],
    ['anthropic-messages', 'glm-4.6'],
    ['openai-chat', 'gpt-4o'],
    ['openai-responses', 'qwen3-8b'],
    ['gemini', 'gemma-3-27b-it'],
    ['bedrock-converse', 'anthropic.claude-sonnet-4-5-20250929-v1:0'],
    ['bedrock-invoke', 'anthropic.claude-sonnet-4-5-20250929-v1:0'],
    ['ollama-chat', 'llama3.2'],
  ] as const)('%s: %s', (wire, model) => {
    const client = wire === 'gemini' ? 'anthropic-messages' : 'gemini';
    const more = client === 'gemini' ? { tools: [{ googleSearch: {} }] } : { tools: [ANTHROPIC] };
    const { body, names } = asked(client, more, wire, model);
    expect(JSON.stringify(body)).not.toMatch(/search/i);
    expect(names).toEqual([client === 'gemini' ? 'lost tools.googleSearch' : 'lost tools.web_search']);
  });
});

test('Gemini searches only where no functions are offered, which older models refuse together', () => {
  const { tools, names } = asked('anthropic-messages', { tools: [ANTHROPIC, FUNCTION] }, 'gemini');
  expect(JSON.stringify(tools)).not.toContain('googleSearch');
  expect(names).toEqual(['lost tools.web_search']);
});

test.each([
  ['gemini', 'gemini-2.5-pro'],
  ['bedrock-converse', 'anthropic.claude-sonnet-4-5-20250929-v1:0'],
  ['bedrock-invoke', 'anthropic.claude-sonnet-4-5-20250929-v1:0'],
] as const)('a forced search that %s does not get is not forced either', (wire, model) => {
  const tool_choice = { type: 'tool', name: 'web_search' };
  const more = { tools: [ANTHROPIC, FUNCTION], tool_choice };
  const { body, names } = asked('anthropic-messages', more, wire, model);
  expect(JSON.stringify(body)).not.toContain('web_search');
  expect(names).toEqual(expect.arrayContaining(['lost tools.web_search', 'lost tool_choice']));
  const alone = asked('anthropic-messages', { tools: [ANTHROPIC], tool_choice }, wire, model);
  expect(JSON.stringify(alone.body)).not.toContain('web_search');
  // One that is the client's own function is kept.
  const own = asked(
    'anthropic-messages',
    { tools: [{ ...FUNCTION, name: 'web_search' }], tool_choice },
    wire,
    model,
  );
  expect(own.names).toEqual([]);
});

test('a function of the client keeps its name', () => {
  const tools = [
    { type: 'web_search' },
    { type: 'function', name: 'web_search', parameters: { type: 'object', properties: {} }, strict: false },
  ];
  const { body, names } = asked('openai-responses', { tools }, 'anthropic-messages');
  expect(body.tools).toMatchObject([{ name: 'web_search', input_schema: {} }]);
  expect(names).toEqual(['lost tools.web_search']);
});

test('a rebuilt request of the same dialect repeats what the client sent', () => {
  const options = { search_context_size: 'high' };
  const { body } = asked('openai-chat', { web_search_options: options }, 'openai-chat');
  expect(body.web_search_options).toEqual(options);
  expect(body.tools).toBeUndefined();
  const search = { type: 'web_search_preview', search_context_size: 'low' };
  expect(asked('openai-responses', { tools: [search] }, 'openai-responses').tools).toEqual([search]);
});
