// Requests of OpenAI clients: what each field becomes, and which are refused.
import { describe, expect, test } from 'bun:test';
import type { Quirks } from '../../../src/dialects/quirks.ts';
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts';
import { buildCallSeal } from '../../../src/dialects/openai-chat/tool-call.ts';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import { unreadFields } from '../../../src/dialects/shared/losses/unread-fields.ts';
import { GatewayError } from '../../../src/model/errors.ts';
import type { JsonObject, JsonValue } from '../../../src/model/json/json.ts';
import type { ReasoningPart } from '../../../src/model/content.ts';
import { callIdToWire, ownToken, UNSEALED } from '../../../src/model/opaque-token.ts';
import { own } from './events.ts';

const { parseRequest } = openaiChat.client;
const ROUTE = { operation: 'generate' } as const;
const HI: JsonObject = { role: 'user', content: 'hi' };

function parse(fields: JsonObject) {
  return parseRequest({ model: 'm', messages: [HI], ...fields }, ROUTE);
}

function partsOf(...messages: JsonObject[]) {
  return parseRequest({ model: 'm', messages }, ROUTE).messages.map(({ role, parts }) => ({ role, parts }));
}

const F = { type: 'function', function: { name: 'f' } };
const G = { type: 'custom', custom: { name: 'g' } };

describe('messages', () => {
  test('leading system and developer messages are the system, later ones are turns', () => {
    const request = parse({
      messages: [
        { role: 'system', content: 'a' },
        { role: 'developer', content: [{ type: 'text', text: 'b', cache_control: { type: 'ephemeral' } }] },
        HI,
        { role: 'developer', content: 'c' },
      ],
    });
    expect(request.system).toEqual([
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b', cacheControl: { type: 'ephemeral' } },
    ]);
    expect(request.messages.map(({ role }) => role)).toEqual(['user', 'system']);
  });

  test('text, images, audio and files of a user are parts', () => {
    const [message] = partsOf({
      role: 'user',
      content: [
        { type: 'text', text: 'look' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==', detail: 'low' } },
        { type: 'image_url', image_url: { url: 'https://a.example/b.png' } },
        { type: 'image_url', image_url: 'https://a.example/c.png' },
        { type: 'image_url', image_url: { url: 'https://a.example/c', format: 'image/png' } },
        { type: 'input_audio', input_audio: { data: 'BB==', format: 'mp3' } },
        { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,CC==' } },
        { type: 'file', file: { filename: 'a.csv', file_data: 'DD==' } },
        { type: 'file', file: { file_id: 'file-1' } },
        { type: 'file', file: { file_data: 'https://a.example/d.pdf' } },
        { type: 'video_url', video_url: { url: 'https://a.example/e.mp4' } },
        { type: 'document_url', document_url: 'data:application/pdf;base64,EE==', document_name: 'f.pdf' },
        { type: 'document_url', document_url: 'https://a.example/g.pdf' },
      ],
    });
    expect(message?.parts).toEqual([
      { type: 'text', text: 'look' },
      { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA==' }, detail: 'low' },
      { type: 'image', source: { kind: 'url', url: 'https://a.example/b.png' } },
      { type: 'image', source: { kind: 'url', url: 'https://a.example/c.png' } },
      { type: 'image', source: { kind: 'url', url: 'https://a.example/c', mediaType: 'image/png' } },
      { type: 'audio', source: { kind: 'base64', mediaType: 'audio/mpeg', data: 'BB==' } },
      {
        type: 'document',
        source: { kind: 'base64', mediaType: 'application/pdf', data: 'CC==' },
        name: 'a.pdf',
      },
      { type: 'document', source: { kind: 'base64', mediaType: 'text/csv', data: 'DD==' }, name: 'a.csv' },
      { type: 'document', source: { kind: 'file', id: 'file-1', dialect: 'openai-chat' } },
      { type: 'document', source: { kind: 'url', url: 'https://a.example/d.pdf' } },
      {
        type: 'opaque',
        dialect: 'openai-chat',
        name: 'video_url',
        value: { type: 'video_url', video_url: { url: 'https://a.example/e.mp4' } },
        video: { kind: 'url', url: 'https://a.example/e.mp4' },
      },
      {
        type: 'document',
        source: { kind: 'base64', mediaType: 'application/pdf', data: 'EE==' },
        name: 'f.pdf',
      },
      { type: 'document', source: { kind: 'url', url: 'https://a.example/g.pdf' } },
    ]);
  });

  test('an assistant turn with reasoning, text, refusal and calls', () => {
    const [, message] = partsOf(HI, {
      role: 'assistant',
      content: [
        { type: 'text', text: 'a' },
        { type: 'refusal', refusal: 'b' },
      ],
      refusal: null,
      reasoning_content: 'hm',
      audio: { id: 'audio_1' },
      annotations: [],
      tool_calls: [
        { id: 'x', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
        { id: 'y', type: 'custom', custom: { name: 'sql', input: 'SELECT' } },
      ],
    });
    expect(message?.parts).toEqual([
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'a' },
      { type: 'refusal', text: 'b' },
      { type: 'tool-call', id: 'x', name: 'f', arguments: '{"a":1}', kind: 'function' },
      { type: 'tool-call', id: 'y', name: 'sql', arguments: 'SELECT', kind: 'custom' },
      { type: 'opaque', dialect: 'openai-chat', name: 'audio', value: { audio: { id: 'audio_1' } } },
    ]);
  });

  test.each<[string, JsonObject, JsonValue]>([
    ['reasoning', { reasoning: 'hm' }, [{ type: 'reasoning', text: 'hm' }]],
    [
      'details over text',
      {
        reasoning: 'ab',
        reasoning_details: [
          { type: 'reasoning.text', text: 'a', index: 0 },
          { type: 'reasoning.text', text: 'b', signature: 's', index: 0 },
          { type: 'reasoning.encrypted', data: 'zz', index: 1 },
        ],
      },
      [
        { type: 'reasoning', text: 'ab', signature: own('s') },
        { type: 'reasoning', text: '', redacted: own('zz') },
      ],
    ],
    [
      'a lone signature belongs to the text',
      { reasoning_content: 'hm', reasoning_details: [{ type: 'reasoning.text', text: '', signature: 's' }] },
      [{ type: 'reasoning', text: 'hm', signature: own('s') }],
    ],
    [
      'encrypted details leave the text',
      { reasoning: 'hm', reasoning_details: [{ type: 'reasoning.encrypted', data: 'zz' }] },
      [
        { type: 'reasoning', text: 'hm' },
        { type: 'reasoning', text: '', redacted: own('zz') },
      ],
    ],
  ])('reasoning: %s', (_, fields, expected) => {
    const [, message] = partsOf(HI, { role: 'assistant', content: null, ...fields });
    expect(message?.parts as unknown).toEqual(expected);
  });

  test('tool results in a row are one user turn', () => {
    const messages = partsOf(
      HI,
      { role: 'tool', tool_call_id: 'x', content: 'one' },
      { role: 'tool', tool_call_id: 'y', content: [{ type: 'text', text: 'two' }] },
      { role: 'user', content: 'go on' },
      { role: 'tool', tool_call_id: 'z', content: null },
    );
    expect(messages.slice(1)).toEqual([
      {
        role: 'user',
        parts: [
          { type: 'tool-result', callId: 'x', content: [{ type: 'text', text: 'one' }] },
          { type: 'tool-result', callId: 'y', content: [{ type: 'text', text: 'two' }] },
        ],
      },
      { role: 'user', parts: [{ type: 'text', text: 'go on' }] },
      { role: 'user', parts: [{ type: 'tool-result', callId: 'z', content: [] }] },
    ]);
  });

  test("another dialect's tokens are found again, in details and on ids", () => {
    const token = ownToken('anthropic-messages', 't');
    const wire = 'sluice:anthropic-messages:t';
    const id = callIdToWire('c1', token);
    const google = { extra_content: { google: { thought_signature: 'g' } } };
    // LiteLLM's SDK keeps it there.
    const specific = { provider_specific_fields: { thought_signature: 'h' } };
    const [, assistant, result] = partsOf(
      HI,
      {
        role: 'assistant',
        content: 'so',
        reasoning_details: [
          { type: 'reasoning.text', text: 'hm', signature: wire, index: 0 },
          { type: 'reasoning.text', text: '', signature: `${wire}2`, id: 'after-text-1', index: 1 },
        ],
        tool_calls: [
          { id, type: 'function', function: { name: 'f', arguments: '{}' } },
          { id: 'c2', type: 'function', function: { name: 'g', arguments: '{}' }, ...google },
          { id: 'c3', type: 'function', function: { name: 'g', arguments: '{}' }, ...specific },
        ],
      },
      { role: 'tool', tool_call_id: id, content: '1' },
    );
    expect(assistant?.parts).toEqual([
      { type: 'reasoning', text: 'hm', signature: token },
      { type: 'text', text: 'so' },
      { type: 'reasoning', text: '', signature: ownToken('anthropic-messages', 't2') },
      { type: 'tool-call', id: 'c1', name: 'f', arguments: '{}', kind: 'function', signature: token },
      { type: 'tool-call', id: 'c2', name: 'g', arguments: '{}', kind: 'function', signature: own('g') },
      { type: 'tool-call', id: 'c3', name: 'g', arguments: '{}', kind: 'function', signature: own('h') },
    ]);
    expect(result?.parts).toMatchObject([{ type: 'tool-result', callId: 'c1' }]);
  });

  test("a call's id that n8n puts among its arguments has no token there", () => {
    const id = callIdToWire('c1', ownToken('gemini', 'SIGNATURE'));
    const called = { name: 'f', arguments: `{"id":"${id}","a":1}` };
    const [, assistant] = partsOf(
      HI,
      { role: 'assistant', content: null, tool_calls: [{ id, type: 'function', function: called }] },
      { role: 'tool', tool_call_id: id, content: '1' },
    );
    expect(assistant?.parts).toMatchObject([{ id: 'c1', arguments: '{"id":"c1","a":1}' }]);
  });

  test.each<Omit<ReasoningPart, 'type'>>([
    { text: 'hm', signature: ownToken('anthropic-messages', 'c2lnbmVk') },
    { text: '', redacted: ownToken('anthropic-messages', 'aGlkZGVu') },
  ])('a thought that a call carries is what it was: %j', (thought) => {
    const part: ReasoningPart = { type: 'reasoning', ...thought };
    const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } };
    const [, assistant] = partsOf(HI, {
      role: 'assistant',
      content: null,
      tool_calls: [{ ...call, ...buildCallSeal({}, true, [{ part }]) }],
    });
    expect(assistant?.parts).toEqual([
      part,
      { type: 'tool-call', id: 'c1', name: 'f', arguments: '{}', kind: 'function' },
    ]);
    // Of several, clients join the texts, which no signature matches.
    expect(buildCallSeal({}, true, [{ part }, { part }])).toEqual({});
  });

  // OpenAI's Agents SDK for JavaScript sends an answer's fields back on its text, and those of its calls on the message too.
  test('thinking on the text of an answer is found', () => {
    const signature = 'sluice:anthropic-messages:t';
    const thought = [{ type: 'reasoning.text', text: 'hm', signature, index: 0 }];
    const said = { role: 'assistant', refusal: null, reasoning_content: 'hm', reasoning_details: thought };
    const extra_content = { google: { thought_signature: 'g' } };
    const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' }, extra_content };
    const answer = {
      role: 'assistant',
      content: [{ type: 'text', text: 'so', ...said, tool_calls: [call] }],
      tool_calls: [call],
      extra_content,
    };
    const [, assistant] = partsOf(HI, answer);
    expect(assistant?.parts).toEqual([
      { type: 'reasoning', text: 'hm', signature: ownToken('anthropic-messages', 't') },
      { type: 'text', text: 'so' },
      { type: 'tool-call', id: 'c1', name: 'f', arguments: '{}', kind: 'function', signature: own('g') },
    ]);
    expect(unreadFields({ messages: [HI, answer] }, DIALECTS['openai-chat'].client.known)).toEqual([]);
    // Of its own, it is kept.
    const [, other] = partsOf(HI, { ...answer, extra_content: { google: { thought_signature: 'h' } } });
    expect(other?.parts.at(-1)).toMatchObject({ type: 'opaque', name: 'extra_content' });
  });

  test("thinking in LiteLLM's form goes back to Claude with its signatures, and to servers of this dialect as it came", () => {
    const blocks = [
      { type: 'thinking', thinking: 'hm', signature: 's' },
      { type: 'redacted_thinking', data: 'zz' },
    ];
    const said = { role: 'assistant', content: 'so', reasoning_content: 'hm', thinking_blocks: blocks };
    const request = parseRequest({ model: 'm', messages: [HI, said, HI] }, ROUTE);
    const options = { model: 'claude-sonnet-4-5', quirks: {} };
    const claude = DIALECTS['anthropic-messages'].provider.buildRequest(request, options);
    expect(claude.body.messages).toMatchObject([{}, { content: [...blocks, { text: 'so' }] }, {}]);
    expect(claude.losses.filter(({ feature }) => /reasoning|thinking/.test(feature))).toEqual([]);
    const own = openaiChat.provider.buildRequest(request, { model: 'm', quirks: { replaysReasoning: true } });
    expect(own.body.messages).toEqual([HI, said, HI]);
    expect(own.losses).toEqual([]);
    const gemini = DIALECTS.gemini.provider.buildRequest(request, options);
    expect(gemini.losses.map(({ feature }) => feature)).toContain('reasoning');
    // Blocks that say nothing leave the text.
    const [, bare] = partsOf(HI, { ...said, thinking_blocks: [] });
    expect(bare?.parts[0]).toEqual({ type: 'reasoning', text: 'hm' });
  });

  test('what stands there for a signature since LiteLLM keeps no thinking without is none', () => {
    const blocks = [{ type: 'thinking', thinking: 'hm', signature: UNSEALED }];
    const said = { role: 'assistant', content: 'so', thinking_blocks: blocks };
    const request = parseRequest({ model: 'm', messages: [HI, said, HI] }, ROUTE);
    const options = { model: 'claude-sonnet-4-5', quirks: {} };
    const claude = DIALECTS['anthropic-messages'].provider.buildRequest(request, options);
    expect(claude.body.messages).toMatchObject([{}, { role: 'assistant', content: 'so' }, {}]);
    expect(claude.losses.map(({ feature }) => feature)).toContain('reasoning');
  });

  test('details that a client appended twice count once, where the later ones say', () => {
    const [, assistant] = partsOf(HI, {
      role: 'assistant',
      content: 'so',
      reasoning_details: [
        { type: 'reasoning.text', text: 'a', signature: 's', index: 0 },
        { type: 'reasoning.text', text: 'b', signature: 't', id: 'after-text-1', index: 1 },
        { type: 'reasoning.text', text: 'a', signature: 's', index: 0 },
        { type: 'reasoning.text', text: 'b', signature: 't', index: 1 },
      ],
    });
    expect(assistant?.parts).toEqual([
      { type: 'reasoning', text: 'a', signature: own('s') },
      { type: 'reasoning', text: 'b', signature: own('t') },
      { type: 'text', text: 'so' },
    ]);
  });

  test('legacy calls and their results get matching ids', () => {
    const [, call, result] = partsOf(
      HI,
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
      { role: 'function', name: 'f', content: 'done' },
    );
    expect(call?.parts).toEqual([
      { type: 'tool-call', id: 'call_message_1', name: 'f', arguments: '{}', kind: 'function' },
    ]);
    expect(result?.parts).toMatchObject([{ type: 'tool-result', callId: 'call_message_1' }]);
  });

  test('breakpoints stand on parts or messages, names stay', () => {
    const request = parse({
      messages: [
        { role: 'user', name: 'ada', content: 'a', cache_control: { type: 'ephemeral' } },
        {
          role: 'assistant',
          content: [{ type: 'text', text: 'b', cache_control: { type: 'ephemeral', ttl: '1h' } }],
        },
      ],
    });
    expect(request.messages).toEqual([
      {
        role: 'user',
        name: 'ada',
        parts: [{ type: 'text', text: 'a', cacheControl: { type: 'ephemeral' } }],
      },
      {
        role: 'assistant',
        parts: [{ type: 'text', text: 'b', cacheControl: { type: 'ephemeral', ttl: '1h' } }],
      },
    ]);
  });
});

test("VS Code's breakpoints are read as Anthropic's", () => {
  const copilot_cache_control = { type: 'ephemeral' };
  const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } };
  const request = parse({
    messages: [
      { role: 'system', content: 's', copilot_cache_control },
      { role: 'user', content: [{ type: 'text', text: 'a' }], copilot_cache_control },
      { role: 'assistant', content: 'b', copilot_cache_control },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c1', content: 'r', copilot_cache_control },
    ],
    tools: [{ type: 'function', function: { name: 'f' }, copilot_cache_control }],
  });
  const cacheControl = copilot_cache_control;
  expect(request.system).toMatchObject([{ text: 's', cacheControl }]);
  expect(request.messages.map(({ parts }) => parts.at(-1))).toMatchObject([
    { text: 'a', cacheControl },
    { text: 'b', cacheControl },
    { type: 'tool-call' },
    { type: 'tool-result', cacheControl },
  ]);
  expect(request.messages[1]?.parts).toHaveLength(1);
  expect(request.tools).toMatchObject([{ name: 'f', cacheControl }]);
});

describe('tools', () => {
  test("Gemini's own tools, as its clients name them, are Gemini's, and searches elsewhere", () => {
    const tools = [{ googleSearch: {} }, { urlContext: {} }, F];
    const request = parse({ tools });
    expect(unreadFields({ messages: [HI], tools }, DIALECTS['openai-chat'].client.known)).toEqual([]);
    const gemini = DIALECTS.gemini.provider.buildRequest(request, { model: 'gemini-2.5-pro', quirks: {} });
    expect(gemini.body.tools).toEqual([
      { googleSearch: {} },
      { urlContext: {} },
      { functionDeclarations: [{ name: 'f' }] },
    ]);
    const options = { model: 'claude-sonnet-4-5', quirks: {} };
    const claude = DIALECTS['anthropic-messages'].provider.buildRequest(request, options);
    expect(claude.body.tools).toMatchObject([{ name: 'web_search' }, { name: 'f' }]);
    const named = claude.losses.map(({ feature, outcome }) => [feature, outcome]);
    expect(named).toEqual([
      ['tools.googleSearch', 'approximated'],
      ['tools.urlContext', 'lost'],
    ]);
    expect(() => parse({ tools: [{ googleSearch: {}, name: 'x' }] })).toThrow('tools[0].type');
  });

  test('functions, custom tools, legacy functions and tools of the server', () => {
    const parameters = { type: 'object', properties: {} };
    const { tools } = parse({
      tools: [
        { type: 'function', function: { name: 'f', description: 'F', parameters, strict: true } },
        { type: 'function', function: { name: 'bare', description: null, parameters: null, strict: null } },
        { type: 'function', function: { name: 'kept' }, cache_control: { type: 'ephemeral' } },
        { type: 'function', function: { name: 'inside', cache_control: { type: 'ephemeral' } } },
        { function: { name: 'untyped' } },
        { type: 'custom', custom: { name: 'sql', description: 'S', format: { type: 'text' } } },
        { type: 'openrouter:web_search', parameters: { max_results: 3 } },
      ],
      functions: [{ name: 'old', parameters }],
    });
    expect(tools).toEqual([
      { type: 'function', name: 'f', description: 'F', parameters, strict: true },
      { type: 'function', name: 'bare' },
      { type: 'function', name: 'kept', cacheControl: { type: 'ephemeral' } },
      { type: 'function', name: 'inside', cacheControl: { type: 'ephemeral' } },
      { type: 'function', name: 'untyped' },
      { type: 'custom', name: 'sql', description: 'S', format: { type: 'text' } },
      {
        type: 'server',
        name: 'openrouter:web_search',
        definition: {
          dialect: 'openai-chat',
          fields: { type: 'openrouter:web_search', parameters: { max_results: 3 } },
        },
        search: { others: ['max_results'] },
      },
      { type: 'function', name: 'old', parameters, legacy: true },
    ]);
  });

  test.each<[JsonObject, JsonValue]>([
    [{ tool_choice: 'auto' }, { type: 'auto' }],
    [{ tool_choice: 'none' }, { type: 'none' }],
    [{ tool_choice: 'required' }, { type: 'required' }],
    [{ tool_choice: 'any' }, { type: 'required' }],
    [{ tool_choice: { type: 'function', function: { name: 'f' } } }, { type: 'tool', name: 'f' }],
    [{ tool_choice: { type: 'custom', custom: { name: 'f' } } }, { type: 'tool', name: 'f' }],
    [{ function_call: 'none' }, { type: 'none' }],
    [{ function_call: { name: 'f' } }, { type: 'tool', name: 'f' }],
  ])('choice %j', (fields, expected) => {
    const request = parse(fields);
    expect(request.toolChoice as unknown).toEqual(expected);
    expect(request.extension?.fields).toEqual({});
  });

  test('a choice that only a server’s tool can meet is kept, to be named where it is lost', () => {
    const tool_choice = { type: 'web_search' };
    const request = parse({ tools: [tool_choice], tool_choice });
    expect(request).not.toHaveProperty('toolChoice');
    expect(request.extension?.fields).toEqual({ tool_choice });
  });

  test('a word that is no choice is refused', () => {
    expect(() => parse({ tools: [F], tool_choice: 'often' })).toThrow('`often` is unknown; say `auto`');
  });

  test.each<[JsonObject, JsonObject]>([
    [
      { mode: 'auto', tools: [F] },
      { toolChoice: { type: 'auto' }, allowedTools: ['f'] },
    ],
    [
      { mode: 'required', tools: [F, G] },
      { toolChoice: { type: 'required' }, allowedTools: ['f', 'g'] },
    ],
    [{ mode: 'required', tools: [F] }, { toolChoice: { type: 'tool', name: 'f' } }],
    [
      { mode: 'required', tools: [{ type: 'web_search' }] },
      { toolChoice: { type: 'required' }, allowedTools: ['web_search'] },
    ],
    [
      { mode: 'auto', tools: [] },
      { toolChoice: { type: 'auto' }, allowedTools: [] },
    ],
  ])('allowed tools %j', (allowed, expected) => {
    const tools = [F, { type: 'function', function: { name: 'h' } }, { type: 'web_search' }, G];
    const request = parse({ tools, tool_choice: { type: 'allowed_tools', allowed_tools: allowed } });
    const { toolChoice, allowedTools, extension } = request;
    expect({ toolChoice, allowedTools } as unknown).toEqual(expected);
    expect(extension?.fields).toEqual({});
  });

  test.each<[JsonObject, string]>([
    [{ mode: 'often', tools: [] }, 'tool_choice.allowed_tools.mode'],
    [{ mode: 'auto', tools: [{ type: 'function' }] }, 'tool_choice.allowed_tools.tools[0].function.name'],
  ])('allowed tools %j are refused by name', (allowed, param) => {
    const choice = { type: 'allowed_tools', allowed_tools: allowed };
    expect(() => parse({ tool_choice: choice })).toThrow(param);
  });
});

/** Kept for servers of this dialect, and lost nowhere. */
const shown = (fields: JsonObject): JsonObject => ({
  dialect: 'openai-chat',
  fields,
  defaults: Object.keys(fields),
});

describe('OpenRouter’s clients', () => {
  const parsed = (agent: string) => {
    const body = { model: 'm', messages: [{ role: 'user', content: 'hi' }], stream: true };
    const route = { operation: 'generate', stream: true } as const;
    return openaiChat.client.parseRequest(body, route, new Headers({ 'user-agent': agent }));
  };

  test.each([
    ['ai-sdk/openrouter/2.10.0 ai-sdk/provider-utils/4.0.23 runtime/node.js/v20.20.2'],
    ['speakeasy-sdk/typescript 1.3.19 2.914.0 1.0.0 @openrouter/sdk'],
    ['speakeasy-sdk/python 1.3.84 2.914.0 1.0.0 openrouter'],
  ])('%s gets the counts of a stream, and thinking in OpenRouter’s fields, unasked', (agent) => {
    expect(parsed(agent)).toMatchObject({ includeUsage: true, readsReasoningDetails: true });
  });

  test.each([
    ['ai-sdk/openai-compatible/2.0.30 ai-sdk/provider-utils/4.0.23'],
    ['speakeasy-sdk/typescript 1.5.0 2.634.2 1.0.0 @mistralai/mistralai'],
    ['OpenAI/JS 6.1.0'],
  ])('%s gets what it asks for', (agent) => {
    expect(parsed(agent)).not.toContainKeys(['includeUsage', 'readsReasoningDetails']);
  });
});

describe('settings', () => {
  test.each<[string, JsonObject, JsonObject]>([
    ['max_completion_tokens first', { max_tokens: 1, max_completion_tokens: 2 }, { maxOutputTokens: 2 }],
    ['max_tokens', { max_tokens: 1 }, { maxOutputTokens: 1 }],
    [
      'sampling',
      { temperature: 0, top_p: 0.5, top_k: 5, seed: 7 },
      { temperature: 0, topP: 0.5, topK: 5, seed: 7 },
    ],
    ["Groq's usual tier, which is everyone's", { service_tier: 'on_demand' }, {}],
    ["Mistral's name of the seed", { random_seed: 7 }, { seed: 7 }],
    [
      'usage in the stream, as OpenRouter’s clients ask',
      { usage: { include: true } },
      { includeUsage: true },
    ],
    ['penalties', { frequency_penalty: 0.1, presence_penalty: 0 }, { frequencyPenalty: 0.1 }],
    ['one stop', { stop: 'END' }, { stopSequences: ['END'] }],
    ['stops', { stop: ['a', 'b'] }, { stopSequences: ['a', 'b'] }],
    [
      'usage in the stream',
      { stream: true, stream_options: { include_usage: true } },
      { stream: true, includeUsage: true },
    ],
    ['parallel_tool_calls', { parallel_tool_calls: false }, { parallelToolCalls: false }],
    ['user', { user: 'u' }, { user: 'u' }],
    ['safety_identifier', { safety_identifier: 's' }, { user: 's' }],
    ['safety_identifier and user', { user: 's', safety_identifier: 's' }, { user: 's' }],
    [
      'safety_identifier and another user',
      { user: 'u', safety_identifier: 's' },
      { user: 's', extension: { dialect: 'openai-chat', fields: { user: 'u' } } },
    ],
    ['metadata', { metadata: { a: 'b' } }, { metadata: { a: 'b' } }],
    [
      'tier, cache key, verbosity',
      { service_tier: 'flex', prompt_cache_key: 'k', verbosity: 'low' },
      { serviceTier: 'flex', cacheKey: 'k', verbosity: 'low' },
    ],
    ['effort', { reasoning_effort: 'low' }, { reasoning: { effort: 'low' } }],
    [
      'OpenRouter reasoning',
      { reasoning: { effort: 'high', max_tokens: 9, exclude: true } },
      {
        reasoning: { effort: 'high', budgetTokens: 9, summary: 'omitted' },
        readsReasoningDetails: true,
      },
    ],
    [
      'reasoning enabled',
      { reasoning: { enabled: true } },
      { reasoning: { mode: 'on' }, readsReasoningDetails: true },
    ],
    [
      'Groq’s parsed reasoning',
      { reasoning_format: 'parsed' },
      { readsReasoningDetails: true, extension: shown({ reasoning_format: 'parsed' }) },
    ],
    [
      'Groq’s hidden reasoning',
      { reasoning_format: 'hidden' },
      { reasoning: { summary: 'omitted' }, extension: shown({ reasoning_format: 'hidden' }) },
    ],
    [
      'reasoning included',
      { include_reasoning: true },
      { readsReasoningDetails: true, extension: shown({ include_reasoning: true }) },
    ],
    [
      'reasoning left out',
      { include_reasoning: false },
      { reasoning: { summary: 'omitted' }, extension: shown({ include_reasoning: false }) },
    ],
    ['thinking off', { thinking: { type: 'disabled' } }, { reasoning: { mode: 'off' } }],
    [
      'thinking on',
      { thinking: { type: 'enabled', budget_tokens: 9 } },
      { reasoning: { mode: 'on', budgetTokens: 9 } },
    ],
    [
      'thinking on, with a budget of nothing (LiteLLM at Google)',
      { thinking: { type: 'enabled', budget_tokens: 0 } },
      { reasoning: { mode: 'off' } },
    ],
    [
      "a budget of nothing in OpenRouter's words",
      { reasoning: { max_tokens: 0 } },
      { reasoning: { mode: 'off' }, readsReasoningDetails: true },
    ],
    [
      'as much as the model decides',
      { reasoning: { enabled: true, max_tokens: -1 } },
      { reasoning: { mode: 'adaptive' }, readsReasoningDetails: true },
    ],
    [
      'thinking off, whatever the budget',
      { thinking: { type: 'disabled', budget_tokens: -1 } },
      { reasoning: { mode: 'off' } },
    ],
    [
      "a budget in the words of Google's server of this dialect, and thoughts to see",
      { extra_body: { google: { thinking_config: { thinking_budget: 9, include_thoughts: true } } } },
      { reasoning: { mode: 'on', budgetTokens: 9, summary: 'auto' } },
    ],
    [
      'a level, and what else its server knows',
      { extra_body: { google: { thinking_config: { thinking_level: 'LOW' }, cached_content: 'c' } } },
      {
        reasoning: { effort: 'low' },
        extension: {
          dialect: 'openai-chat',
          fields: {
            extra_body: { google: { thinking_config: { thinking_level: 'LOW' }, cached_content: 'c' } },
          },
        },
      },
    ],
    [
      'no thinking, in its words',
      { extra_body: { google: { thinking_config: { thinking_budget: 0 } } } },
      { reasoning: { mode: 'off' } },
    ],
    ['enable_thinking', { enable_thinking: false }, { reasoning: { mode: 'off' } }],
    [
      'enable_thinking with a budget',
      { enable_thinking: true, thinking_budget: 9 },
      { reasoning: { mode: 'on', budgetTokens: 9 } },
    ],
    ['JSON', { response_format: { type: 'json_object' } }, { outputFormat: { type: 'json' } }],
    ['text', { response_format: { type: 'text' } }, { outputFormat: { type: 'text' } }],
    [
      'schema',
      {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'n', description: 'd', schema: { type: 'object' }, strict: true },
        },
      },
      {
        outputFormat: {
          type: 'json-schema',
          name: 'n',
          description: 'd',
          schema: { type: 'object' },
          strict: true,
        },
      },
    ],
    [
      'schema beside the type',
      { response_format: { type: 'json_object', schema: { a: 1 } } },
      { outputFormat: { type: 'json-schema', schema: { a: 1 } } },
    ],
    [
      'schema by the word of Hugging Face’s client',
      { response_format: { type: 'json_object', value: { a: 1 } } },
      { outputFormat: { type: 'json-schema', schema: { a: 1 } } },
    ],
  ])('%s', (_, fields, expected) => {
    const { model: __, system: ___, messages: ____, tools: _____, ...rest } = parse(fields);
    const extension = { dialect: 'openai-chat', fields: {} };
    expect(rest as unknown).toEqual({ stream: false, extension, ...expected });
  });

  test('what a vendor’s way to ask for thinking holds besides is kept apart', () => {
    const request = parse({
      thinking: { type: 'enabled', clear_thinking: false },
      reasoning: { effort: 'low', generate_summary: 'auto' },
    });
    expect(request.reasoning).toEqual({ mode: 'on', effort: 'low' });
    const fields = { 'reasoning.generate_summary': 'auto', 'thinking.clear_thinking': false };
    expect(request.extension).toEqual({ dialect: 'openai-chat', fields });
    const rebuild = (quirks: Quirks) => {
      const { body, losses } = openaiChat.provider.buildRequest(request, { model: 'm', quirks });
      return { thinking: body.thinking, lost: losses.map(({ feature }) => feature) };
    };
    expect(rebuild({ reasoningField: 'thinking' })).toEqual({
      thinking: { type: 'enabled', clear_thinking: false },
      lost: expect.arrayContaining(['reasoning.generate_summary']),
    });
    expect(rebuild({}).lost).toEqual(['reasoning.generate_summary', 'thinking.clear_thinking']);
  });

  test('options of a search are a tool that the server runs', () => {
    const location = { city: 'Bonn', country: 'DE' };
    const options = {
      search_context_size: 'low',
      user_location: { type: 'approximate', approximate: location },
    };
    const request = parse({ web_search_options: options });
    expect(request.tools).toEqual([
      {
        type: 'server',
        name: 'web_search_options',
        definition: { dialect: 'openai-chat', fields: { web_search_options: options } },
        search: { location, contextSize: 'low', others: [] },
      },
    ]);
  });

  test('everything else is kept, to be named where it is lost', () => {
    const fields = {
      n: 2,
      // Without `logprobs` nobody knows what is meant.
      top_logprobs: 3,
      logit_bias: { 5: 1 },
      modalities: ['text', 'audio'],
      audio: { voice: 'alloy', format: 'wav' },
      prediction: { type: 'content', content: 'x' },
      store: true,
      reasoning_effort: 'default',
      response_format: { type: 'grammar', grammar: 'g' },
      provider: { order: ['a'] },
    };
    expect(parse(fields).extension).toEqual({ dialect: 'openai-chat', fields });
  });

  test("OpenAI's cache breakpoint is one for other dialects too, and its own where it goes back", () => {
    const content = [{ type: 'text', text: 'b', prompt_cache_breakpoint: { mode: 'explicit' } }];
    const request = parse({ messages: [{ role: 'user', content }] });
    const options = { model: 'm', quirks: {} };
    const own = openaiChat.provider.buildRequest(request, options);
    expect([own.body.messages, own.losses]).toEqual([[{ role: 'user', content }], []]);
    const claude = DIALECTS['anthropic-messages'].provider.buildRequest(request, options);
    const cached = { type: 'text', text: 'b', cache_control: { type: 'ephemeral' } };
    expect([claude.body.messages, claude.losses]).toEqual([[{ role: 'user', content: [cached] }], []]);
    const gemini = DIALECTS.gemini.provider.buildRequest(request, options);
    expect(gemini.losses.map(({ feature }) => feature)).toEqual(['cache_control']);
  });

  test('log probabilities', () => {
    expect(parse({ logprobs: true, top_logprobs: 3 })).toMatchObject({ logprobs: { top: 3 } });
    const request = parse({ logprobs: true, top_logprobs: 0 });
    expect([request.logprobs, request.extension?.fields]).toEqual([{}, {}]);
  });

  test('spelled-out defaults are no losses', () => {
    const request = parse({
      n: 1,
      logprobs: false,
      top_logprobs: 0,
      logit_bias: {},
      modalities: ['text'],
      store: false,
      echo: false,
      stream: false,
      stream_options: null,
      stop: null,
      frequency_penalty: 0,
      presence_penalty: 0,
      max_tokens: null,
      temperature: null,
      tools: [],
      tool_choice: null,
      response_format: null,
      user: null,
      verbosity: 'medium',
      prediction: null,
      metadata: {},
      something_new: null,
      usage: { include: false },
      search_parameters: { mode: 'off' },
    });
    const { messages } = request;
    const extension = { dialect: 'openai-chat' as const, fields: {} };
    expect(request).toEqual({ model: 'm', stream: false, system: [], messages, tools: [], extension });
  });
});

describe('refusals', () => {
  const toolCall = { id: 'x', type: 'function', function: { name: 'f', arguments: '{}' } };
  const user = (content: JsonValue) => ({ messages: [{ role: 'user', content }] });
  test.each<[string, JsonObject]>([
    ['model', { model: undefined }],
    ['model', { model: 7 }],
    ['model', { model: '' }],
    ['messages', { messages: undefined }],
    ['messages', { messages: 'hi' }],
    ['messages', { messages: [] }],
    ['messages[0]', { messages: ['hi'] }],
    ['messages[0].role', { messages: [{ content: 'hi' }] }],
    ['messages[1].role', { messages: [HI, { role: 'robot', content: 'hi' }] }],
    ['messages[0].content', user(7)],
    ['messages[0].content', { messages: [{ role: 'user' }] }],
    ['messages[0].content', user(null)],
    ['messages[0].content[0]', user(['hi'])],
    ['messages[0].content[0].type', user([{ text: 'hi' }])],
    ['messages[0].content[1].text', user([{ type: 'text', text: 'a' }, { type: 'text' }])],
    ['messages[0].content[0].image_url', user([{ type: 'image_url' }])],
    ['messages[0].content[0].image_url.url', user([{ type: 'image_url', image_url: {} }])],
    ['messages[0].content[0].input_audio.data', user([{ type: 'input_audio', input_audio: {} }])],
    ['messages[0].content[0].file', user([{ type: 'file', file: { filename: 'a' } }])],
    [
      'messages[0].content[0].type',
      { messages: [{ role: 'system', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] },
    ],
    ['messages[1].tool_call_id', { messages: [HI, { role: 'tool', content: 'x' }] }],
    [
      'messages[1].content[0].type',
      {
        messages: [
          HI,
          {
            role: 'tool',
            tool_call_id: 'x',
            content: [{ type: 'input_audio', input_audio: { data: 'UklG', format: 'wav' } }],
          },
        ],
      },
    ],
    ['messages[1].name', { messages: [HI, { role: 'function', content: 'x' }] }],
    ['messages[1].name', { messages: [HI, { role: 'function', name: 'never', content: 'x' }] }],
    ['messages[0].tool_calls', { messages: [{ role: 'assistant', tool_calls: 'x' }] }],
    [
      'messages[0].tool_calls[0].id',
      { messages: [{ role: 'assistant', tool_calls: [{ ...toolCall, id: undefined }] }] },
    ],
    [
      'messages[0].tool_calls[0].function.name',
      { messages: [{ role: 'assistant', tool_calls: [{ id: 'x', type: 'function' }] }] },
    ],
    ['tools', { tools: 'f' }],
    ['tools[0]', { tools: ['f'] }],
    ['tools[0].type', { tools: [{}] }],
    ['tools[0].function', { tools: [{ type: 'function' }] }],
    ['tools[0].function.name', { tools: [{ type: 'function', function: {} }] }],
    [
      'tools[0].function.parameters',
      { tools: [{ type: 'function', function: { name: 'f', parameters: 'x' } }] },
    ],
    ['tools[0].custom.name', { tools: [{ type: 'custom', custom: {} }] }],
    ['functions[0].name', { functions: [{}] }],
    ['tool_choice', { tool_choice: 'sometimes' }],
    ['tool_choice', { tool_choice: 7 }],
    ['tool_choice.function', { tool_choice: { type: 'function' } }],
    ['tool_choice.function.name', { tool_choice: { type: 'function', function: {} } }],
    ['stream', { stream: 'yes' }],
    ['stream_options', { stream_options: true }],
    ['temperature', { temperature: '0.7' }],
    ['temperature', { temperature: Number.POSITIVE_INFINITY }],
    ['max_tokens', { max_tokens: '5' }],
    ['max_completion_tokens', { max_completion_tokens: [] }],
    ['stop', { stop: 7 }],
    ['stop[1]', { stop: ['a', 7] }],
    ['parallel_tool_calls', { parallel_tool_calls: 'no' }],
    ['response_format', { response_format: 'json' }],
    [
      'response_format.json_schema.schema',
      { response_format: { type: 'json_schema', json_schema: { name: 'n' } } },
    ],
    ['metadata', { metadata: 'x' }],
    ['user', { user: 7 }],
  ])('%s of %j', (path, fields) => {
    let thrown: unknown;
    try {
      parse(fields);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(GatewayError);
    expect(thrown).toMatchObject({ code: 'invalid_request', status: 400, reason: { param: path } });
    expect((thrown as GatewayError).message).toStartWith(`${path}: `);
  });
});

test('images in LangChain’s own form, which its ChatGroq for JavaScript sends as they are', () => {
  const image = (fields: JsonObject): JsonObject => ({
    messages: [{ role: 'user', content: [{ type: 'image', ...fields }] }],
  });
  const read = (url: string) => ({
    edits: { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] },
  });
  const { readForeignForm } = openaiChat.client;
  for (const [fields, url] of [
    [{ mimeType: 'image/png', data: 'QUJD' }, 'data:image/png;base64,QUJD'],
    [{ source_type: 'base64', mime_type: 'image/png', data: 'QUJD' }, 'data:image/png;base64,QUJD'],
    [{ base64: 'QUJD', mime_type: 'image/png', id: 'lc_1' }, 'data:image/png;base64,QUJD'],
    [{ source_type: 'url', url: 'https://pictures.test/b.png' }, 'https://pictures.test/b.png'],
  ] as const)
    expect(readForeignForm?.(image(fields))).toEqual(read(url));
  const bare = image({ fileId: 'f' });
  expect(readForeignForm?.(bare)).toEqual({ edits: { messages: bare.messages as JsonValue } });
});

test('what a tool returned in LangChain’s own form, which its models of Mistral and OpenRouter send as it is', () => {
  const result = (part: JsonObject): JsonObject => ({ role: 'tool', tool_call_id: 'c', content: [part] });
  const edited = (part: JsonObject) => openaiChat.client.readForeignForm?.({ messages: [result(part)] });
  const image = { type: 'image', base64: 'QUJD', mime_type: 'image/png' };
  const imageUrl = { type: 'image_url', image_url: { url: 'data:image/png;base64,QUJD' } };
  const file = { type: 'file', base64: 'QUJD', mime_type: 'application/pdf', filename: 'a.pdf' };
  const bytes = { filename: 'a.pdf', file_data: 'data:application/pdf;base64,QUJD' };
  const sound = (mime_type: string) => ({ type: 'audio', base64: 'QUJD', mime_type });
  for (const [given, read] of [
    [image, imageUrl],
    [{ type: 'UNKNOWN', raw: image, is_unknown: true }, imageUrl],
    [file, { type: 'file', file: bytes }],
    [sound('audio/mpeg'), { type: 'input_audio', input_audio: { data: 'QUJD', format: 'mp3' } }],
    [sound('audio/x-wav'), { type: 'input_audio', input_audio: { data: 'QUJD', format: 'wav' } }],
  ] as const)
    expect(edited(given)).toEqual({ edits: { messages: [result(read)] } });
  expect(edited({ type: 'file', file: bytes })).toBeUndefined();
});
