// Neutral requests as bodies of this dialect, and the losses that are named.
import { describe, expect, test } from 'bun:test';
import type { Quirks } from '../../../src/dialects/quirks.ts';
import { withReasoning } from '../../../src/dialects/openai-chat/adapt-messages.ts';
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts';
import { LossReport } from '../../../src/dialects/shared/losses/loss-report.ts';
import type { Extension, Part } from '../../../src/model/content.ts';
import { asArray, asObject, type JsonObject, type JsonValue } from '../../../src/model/json/json.ts';
import { ownToken } from '../../../src/model/opaque-token.ts';
import { own } from './events.ts';
import type { Message, NeutralRequest, ReasoningSettings } from '../../../src/model/request.ts';

const REASONING_MODEL: Quirks = { maxTokensField: 'max_completion_tokens', fixedSampling: /^o\d/ };
const HI: Message = { role: 'user', parts: [{ type: 'text', text: 'hi' }] };

function build(request: Partial<NeutralRequest>, quirks: Quirks = {}, model = 'served') {
  const whole: NeutralRequest = {
    model: 'asked',
    stream: false,
    system: [],
    messages: [HI],
    tools: [],
    ...request,
  };
  return openaiChat.provider.buildRequest(whole, { model, quirks });
}

/** As OpenAI's own row has it. */
const OPENAI: Quirks = { customTools: true, callIds: 'at-most-40' };

function messagesOf(...messages: Message[]) {
  const { body, losses } = build({ messages }, OPENAI);
  return { messages: body.messages as JsonObject[], losses };
}

function lossesOf(request: Partial<NeutralRequest>, quirks?: Quirks, model?: string): string[] {
  return build(request, quirks, model).losses.map(({ feature, outcome }) => `${outcome} ${feature}`);
}

const calls = (...ids: string[]): Message => ({
  role: 'assistant',
  parts: ids.map((id) => ({ type: 'tool-call', id, name: 'f', arguments: '', kind: 'function' })),
});
const result = (
  callId: string,
  content: Part[] = [{ type: 'text', text: `of ${callId}` }],
  isError = false,
): Part => ({ type: 'tool-result', callId, content, ...(isError && { isError }) }) as Part;

test('results come in the order of their calls: many models are shown no ids', () => {
  const { messages } = messagesOf(
    HI,
    calls('a', 'b', 'c'),
    { role: 'user', parts: [result('c'), { type: 'text', text: 'note' }, result('a'), result('b')] },
    calls('d', 'e'),
    { role: 'user', parts: [result('e'), result('d')] },
  );
  expect(messages.flatMap(({ tool_call_id: id }) => (id === undefined ? [] : [id]))).toEqual([
    ...['a', 'b', 'c'],
    ...['d', 'e'],
  ]);
});

describe('envelope', () => {
  test('a plain request is as small as can be', () => {
    const { body, losses } = build({});
    expect(body).toEqual({ model: 'served', messages: [{ role: 'user', content: 'hi' }] });
    expect(losses).toEqual([]);
  });

  test('a stream always asks for usage, unless the provider refuses the field', () => {
    expect(build({ stream: true }).body).toMatchObject({
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(build({ stream: true }, { streamOptions: false }).body).not.toHaveProperty('stream_options');
  });

  test('the bound on the output has the field that the provider knows', () => {
    expect(build({ maxOutputTokens: 9 }).body).toMatchObject({ max_tokens: 9 });
    const { body } = build({ maxOutputTokens: 9 }, { maxTokensField: 'max_completion_tokens' });
    expect(body).toMatchObject({ max_completion_tokens: 9 });
    expect(body).not.toHaveProperty('max_tokens');
  });

  test('own extensions go back, foreign ones are lost by name', () => {
    const fields = { n: 2, logit_bias: { 1: 2 } };
    expect(build({ extension: { dialect: 'openai-chat', fields } }).body).toMatchObject(fields);
    const foreign = {
      dialect: 'anthropic-messages',
      fields: { context_management: {}, container: 'c' },
    } as const;
    expect(lossesOf({ extension: foreign })).toEqual(['lost context_management', 'lost container']);
  });

  test('settings that pass as they are', () => {
    const request = { seed: 1, verbosity: 'low', user: 'u', serviceTier: 'flex', cacheKey: 'k' };
    const { body, losses } = build({
      ...request,
      temperature: 0,
      topP: 0.5,
      frequencyPenalty: 1,
      presencePenalty: 2,
    });
    expect(body).toMatchObject({
      seed: 1,
      verbosity: 'low',
      user: 'u',
      service_tier: 'flex',
      prompt_cache_key: 'k',
      temperature: 0,
      top_p: 0.5,
      frequency_penalty: 1,
      presence_penalty: 2,
    });
    expect(losses).toEqual([]);
  });

  test.each<[Partial<NeutralRequest>, JsonObject, string[]]>([
    [{ topK: 5 }, {}, ['lost top_k']],
    [{ stopSequences: ['a', 'b', 'c', 'd', 'e'] }, { stop: ['a', 'b', 'c', 'd'] }, ['approximated stop']],
    [{ user: 'u'.repeat(150) }, { user: 'u'.repeat(64) }, ['approximated user']],
    [{ serviceTier: 'auto' }, {}, []],
    [{ serviceTier: 'standard_only' }, { service_tier: 'default' }, ['approximated service_tier']],
    [{ serviceTier: 'other' }, {}, ['lost service_tier']],
    [{ metadata: { a: 'b' } }, {}, ['lost metadata']],
    [
      { cacheSettings: { prompt_cache_options: { mode: 'explicit', ttl: '30m', prewarm: false } } },
      { prompt_cache_options: { mode: 'explicit', ttl: '30m' } },
      [],
    ],
    [
      {
        cacheSettings: {
          prompt_cache_retention: '24h',
          prompt_cache_options: { ttl: '12h', comparison_response_id: 'resp_1' },
        },
      },
      { prompt_cache_retention: '24h' },
      ['lost prompt_cache_options.ttl', 'lost prompt_cache_options.comparison_response_id'],
    ],
    [
      { metadata: { a: 'b' }, extension: { dialect: 'openai-chat', fields: { store: true } } },
      { store: true, metadata: { a: 'b' } },
      [],
    ],
    [{ outputFormat: { type: 'text' } }, { response_format: { type: 'text' } }, []],
    [
      { outputFormat: { type: 'json' } },
      { response_format: { type: 'json_object' } },
      ['approximated response_format'],
    ],
    [
      { outputFormat: { type: 'json-schema', schema: { type: 'object' }, strict: true } },
      {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'response', schema: { type: 'object' }, strict: true },
        },
      },
      [],
    ],
  ])('%j', (request, expected, losses) => {
    const { model: _, messages: __, ...body } = build(request).body;
    expect(body).toEqual(expected);
    expect(lossesOf(request)).toEqual(losses);
  });
});

describe('models of fixed sampling', () => {
  test('get no sampling fields, and what was asked for is named', () => {
    const request = {
      temperature: 0.2,
      topP: 0.5,
      frequencyPenalty: 1,
      presencePenalty: 1,
      stopSequences: ['a'],
    };
    expect(build(request, REASONING_MODEL, 'o3').body).toEqual({
      model: 'o3',
      messages: [{ role: 'user', content: 'hi' }],
    });
    expect(lossesOf(request, REASONING_MODEL, 'o3')).toEqual([
      'lost temperature',
      'lost top_p',
      'lost frequency_penalty',
      'lost presence_penalty',
      'lost stop',
    ]);
  });

  test('defaults lose nothing, other models keep theirs', () => {
    expect(lossesOf({ temperature: 1, topP: 1 }, REASONING_MODEL, 'o3')).toEqual([]);
    expect(build({ temperature: 0.2 }, REASONING_MODEL, 'gpt-4o').body).toMatchObject({ temperature: 0.2 });
  });
});

describe('reasoning settings', () => {
  test.each<[ReasoningSettings, string | undefined, string[]]>([
    [{ effort: 'low' }, 'low', []],
    [{ effort: 'xhigh' }, 'xhigh', []],
    [{ effort: 'max' }, 'high', ['approximated reasoning_effort']],
    [{ effort: 'none' }, 'none', []],
    [{ mode: 'adaptive' }, undefined, []],
    [{ mode: 'adaptive', effort: 'high' }, 'high', []],
    [{ mode: 'on' }, 'medium', ['approximated thinking']],
    [{ mode: 'on', budgetTokens: 1024 }, 'low', ['approximated thinking.budget_tokens']],
    [{ mode: 'on', budgetTokens: 10_000 }, 'medium', ['approximated thinking.budget_tokens']],
    [{ mode: 'on', budgetTokens: 31_999 }, 'high', ['approximated thinking.budget_tokens']],
    [{ mode: 'off' }, undefined, ['lost thinking']],
    [{ mode: 'adaptive', summary: 'omitted' }, undefined, ['lost reasoning_summary']],
  ])('%j is %p', (reasoning, effort, losses) => {
    expect(build({ reasoning }).body.reasoning_effort).toBe(effort);
    expect(lossesOf({ reasoning })).toEqual(losses);
  });

  test('go only to models that reason, where the provider tells them apart', () => {
    const asked: ReasoningSettings = { mode: 'on', budgetTokens: 1024 };
    expect(build({ reasoning: asked }, REASONING_MODEL, 'gpt-4o').body).not.toHaveProperty(
      'reasoning_effort',
    );
    expect(lossesOf({ reasoning: asked }, REASONING_MODEL, 'gpt-4o')).toEqual(['lost thinking']);
    expect(lossesOf({ reasoning: { mode: 'off' } }, REASONING_MODEL, 'gpt-4o')).toEqual([]);
    expect(build({ reasoning: { mode: 'off' } }, REASONING_MODEL, 'o3').body.reasoning_effort).toBe('low');
    expect(lossesOf({ reasoning: { mode: 'off' } }, REASONING_MODEL, 'o3')).toEqual([
      'approximated thinking',
    ]);
  });
});

describe('tools', () => {
  test('functions, custom and own server tools, the choice, parallel calls', () => {
    const { body, losses } = build(
      {
        tools: [
          { type: 'function', name: 'f', description: 'F', parameters: { type: 'object' }, strict: true },
          { type: 'function', name: 'bare' },
          { type: 'custom', name: 'sql', format: { type: 'text' } },
          { type: 'server', name: 'x', definition: { dialect: 'openai-chat', fields: { type: 'x', a: 1 } } },
        ],
        toolChoice: { type: 'tool', name: 'sql' },
        parallelToolCalls: false,
      },
      OPENAI,
    );
    expect(body.tools).toEqual([
      {
        type: 'function',
        function: {
          name: 'f',
          description: 'F',
          parameters: { type: 'object', properties: {} },
          strict: true,
        },
      },
      // Other servers than OpenAI's require the schema.
      { type: 'function', function: { name: 'bare', parameters: { type: 'object', properties: {} } } },
      { type: 'custom', custom: { name: 'sql', format: { type: 'text' } } },
      { type: 'x', a: 1 },
    ]);
    expect(body.tool_choice).toEqual({ type: 'custom', custom: { name: 'sql' } });
    expect(body.parallel_tool_calls).toBe(false);
    expect(losses).toEqual([]);
  });

  test.each(['auto', 'none', 'required'] as const)('choice %s', (type) => {
    const { body } = build({ tools: [{ type: 'function', name: 'f' }], toolChoice: { type } });
    expect(body.tool_choice).toBe(type);
  });

  test('foreign server tools are lost by name, and a choice that needs them too', () => {
    const search = {
      type: 'server',
      name: 'web_search',
      definition: { dialect: 'anthropic-messages', fields: { type: 'web_search_20250305' } },
    } as const;
    const request = {
      tools: [search],
      toolChoice: { type: 'tool', name: 'web_search' },
      parallelToolCalls: true,
    } as const;
    const { body } = build({ ...request, tools: [search] });
    expect(body).not.toHaveProperty('tools');
    expect(body).not.toHaveProperty('tool_choice');
    expect(body).not.toHaveProperty('parallel_tool_calls');
    expect(lossesOf({ ...request, tools: [search] })).toEqual(['lost tools.web_search', 'lost tool_choice']);
    expect(lossesOf({ ...request, tools: [search, { type: 'function', name: 'f' }] })).toEqual([
      'lost tools.web_search',
      'lost tool_choice',
    ]);
  });

  test('breakpoints are kept where the provider takes them, else lost once', () => {
    const cacheControl = { type: 'ephemeral' };
    const request: Partial<NeutralRequest> = {
      system: [{ type: 'text', text: 's', cacheControl }],
      messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi', cacheControl }] }],
      tools: [{ type: 'function', name: 'f', cacheControl }],
    };
    expect(lossesOf(request)).toEqual(['lost cache_control']);
    const { body, losses } = build(request, { cacheControl: true });
    expect(losses).toEqual([]);
    expect(body.messages).toEqual([
      { role: 'system', content: [{ type: 'text', text: 's', cache_control: cacheControl }] },
      { role: 'user', content: [{ type: 'text', text: 'hi', cache_control: cacheControl }] },
    ]);
    expect(body.tools).toMatchObject([{ cache_control: cacheControl }]);
  });

  test('where the provider takes them, a turn of several texts is the same once its breakpoint has moved on', () => {
    const [one, two] = ['a', 'b'].map((text) => ({ type: 'text' as const, text }));
    const built = (last: object) => {
      const parts = [one, { ...two, ...last }] as Message['parts'];
      return JSON.stringify(
        build({ messages: [{ role: 'user', parts }] }, { cacheControl: true }).body.messages,
      );
    };
    const marked = built({ cacheControl: { type: 'ephemeral' } });
    expect(marked.replace(',"cache_control":{"type":"ephemeral"}', '')).toBe(built({}));
  });
});

describe('messages', () => {
  describe('system parts are one message', () => {
    const system = ['a', 'b'].map((text) => ({ type: 'text' as const, text }));
    const later: Message = { role: 'system', parts: [{ type: 'text', text: 'c' }] };
    const answer: Message = { role: 'assistant', parts: [{ type: 'text', text: 'd' }] };
    const request = { system, messages: [HI, later, answer, later] };

    test('later instructions stay where they are, where they are taken', () => {
      const { body, losses } = build(request, { laterInstructions: true });
      expect(body.messages).toEqual([
        { role: 'system', content: 'a\n\nb' },
        { role: 'user', content: 'hi' },
        { role: 'system', content: 'c' },
        { role: 'assistant', content: 'd' },
        { role: 'system', content: 'c' },
      ]);
      expect(losses).toEqual([]);
    });

    test('elsewhere the user tells them: chat templates of open models take them at the beginning alone', () => {
      const { body, losses } = build(request);
      const reminder = '<system-reminder>\nc\n</system-reminder>';
      expect(body.messages).toEqual([
        { role: 'system', content: 'a\n\nb' },
        { role: 'user', content: `hi\n\n${reminder}` },
        { role: 'assistant', content: 'd' },
        { role: 'user', content: reminder },
      ]);
      expect(losses.map(({ feature }) => feature)).toEqual(['messages.system']);
    });

    test('those of a client of this dialect stay, as in a request that passes', () => {
      const messages = [
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: 'd' },
        { role: 'system', content: 'c' },
      ];
      const asked = openaiChat.client.parseRequest({ model: 'm', messages }, { operation: 'generate' });
      const { body, losses } = build(asked);
      expect([body.messages, losses]).toEqual([messages, []]);
    });
  });

  test('images, documents and audio of users', () => {
    const { messages, losses } = messagesOf({
      role: 'user',
      name: 'ada',
      parts: [
        { type: 'text', text: 'look' },
        { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA==' }, detail: 'low' },
        { type: 'image', source: { kind: 'url', url: 'https://a.example/b.png' } },
        { type: 'document', source: { kind: 'base64', mediaType: 'application/pdf', data: 'CC==' } },
        { type: 'document', source: { kind: 'file', id: 'file-1', dialect: 'openai-chat' } },
        { type: 'document', source: { kind: 'text', text: 'body' }, name: 'notes.txt' },
        { type: 'document', source: { kind: 'base64', mediaType: 'text/csv', data: 'YSxi' }, name: 'a.csv' },
        { type: 'audio', source: { kind: 'base64', mediaType: 'audio/mpeg', data: 'BB==' } },
      ],
    });
    expect(messages).toEqual([
      {
        role: 'user',
        name: 'ada',
        content: [
          { type: 'text', text: 'look' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==', detail: 'low' } },
          { type: 'image_url', image_url: { url: 'https://a.example/b.png' } },
          { type: 'file', file: { filename: 'document.pdf', file_data: 'data:application/pdf;base64,CC==' } },
          { type: 'file', file: { file_id: 'file-1' } },
          { type: 'text', text: 'notes.txt\n\nbody' },
          { type: 'text', text: 'a.csv\n\na,b' },
          { type: 'input_audio', input_audio: { data: 'BB==', format: 'mp3' } },
        ],
      },
    ]);
    expect(losses).toEqual([
      { feature: 'document', outcome: 'approximated', how: 'a text document is sent as text' },
    ]);
  });

  test.each<[string, Part, string]>([
    [
      'a document by URL',
      { type: 'document', source: { kind: 'url', url: 'https://a.example/d.pdf' } },
      'lost document.url',
    ],
    [
      'a foreign file',
      { type: 'document', source: { kind: 'file', id: 'f', dialect: 'anthropic-messages' } },
      'lost document.file_id',
    ],
    [
      'an image of a file store',
      { type: 'image', source: { kind: 'file', id: 'f', dialect: 'anthropic-messages' } },
      'lost image.file_id',
    ],
    [
      'audio by URL',
      { type: 'audio', source: { kind: 'url', url: 'https://a.example/a.wav' } },
      'lost audio',
    ],
    [
      'a foreign part',
      { type: 'opaque', dialect: 'anthropic-messages', name: 'container_upload', value: {} },
      'lost container_upload',
    ],
    [
      'a foreign field of a part',
      { type: 'text', text: 'x', extension: { dialect: 'anthropic-messages', fields: { novelty: 1 } } },
      'lost novelty',
    ],
    [
      'earlier citations',
      { type: 'text', text: 'x', citations: [{ kind: 'url' }] },
      'approximated citations',
    ],
  ])('%s', (_, part, loss) => {
    expect(lossesOf({ messages: [HI, { role: 'user', parts: [part] }] })).toEqual([loss]);
  });

  test("another dialect's video is one where the server takes any", () => {
    const video = { kind: 'base64', mediaType: 'video/mp4', data: 'AAAA' } as const;
    const part = { type: 'opaque', dialect: 'gemini', name: 'inlineData.video', value: {}, video } as const;
    const request = { messages: [{ role: 'user' as const, parts: [part] }] };
    const url = 'data:video/mp4;base64,AAAA';
    expect(build(request, { videos: 'files' }).body.messages).toEqual([
      { role: 'user', content: [{ type: 'video_url', video_url: { url } }] },
    ]);
    expect(build(request).losses).toMatchObject([{ feature: 'inlineData.video', outcome: 'lost' }]);
  });

  test('a page that shows a video is none to servers that would fetch the page', () => {
    const url = 'https://www.youtube.com/watch?v=9hE5-98ZeCg';
    const video = { kind: 'url', url } as const;
    const part = { type: 'opaque', dialect: 'gemini', name: 'fileData.video', value: {}, video } as const;
    const request = { messages: [{ role: 'user' as const, parts: [part] }] };
    expect(build(request, { videos: 'pages' }).body.messages).toEqual([
      { role: 'user', content: [{ type: 'video_url', video_url: { url } }] },
    ]);
    expect(build(request, { videos: 'files' }).losses).toMatchObject([
      { feature: 'fileData.video', outcome: 'lost' },
    ]);
  });

  test('own parts go back as they came', () => {
    const value = { type: 'video_url', video_url: { url: 'x' } };
    const { messages, losses } = messagesOf(
      { role: 'user', parts: [{ type: 'opaque', dialect: 'openai-chat', name: 'video_url', value }] },
      {
        role: 'assistant',
        parts: [{ type: 'opaque', dialect: 'openai-chat', name: 'audio', value: { audio: { id: 'a' } } }],
      },
    );
    expect(messages).toEqual([
      { role: 'user', content: [value] },
      { role: 'assistant', content: '', audio: { id: 'a' } },
    ]);
    expect(losses).toEqual([]);
  });

  test('an earlier free-text call is one of a function where the server has no others', () => {
    const turn: Message = {
      role: 'assistant',
      parts: [{ type: 'tool-call', id: 'a', name: 'sql', arguments: 'SELECT', kind: 'custom' }],
    };
    const callOf = (quirks?: Quirks) =>
      asArray(asObject(asArray(build({ messages: [HI, turn] }, quirks).body.messages)?.[1])?.tool_calls)?.[0];
    expect(callOf()).toEqual({
      id: 'a',
      type: 'function',
      function: { name: 'sql', arguments: '{"input":"SELECT"}' },
    });
    expect(callOf(OPENAI)).toEqual({ id: 'a', type: 'custom', custom: { name: 'sql', input: 'SELECT' } });
  });

  test('turns around one that is left out are joined, others are not', () => {
    const say = (role: 'user' | 'assistant', text: string): Message => ({
      role,
      parts: [{ type: 'text', text }],
    });
    const { messages } = messagesOf(
      say('user', 'a'),
      say('assistant', ''),
      say('user', 'b'),
      say('assistant', 'c'),
      say('user', 'd'),
      say('user', 'e'),
    );
    expect(messages.map(({ content }) => content)).toEqual(['a\n\nb', 'c', 'd', 'e']);
  });

  test('an assistant turn: text in one piece, refusal, calls', () => {
    const { messages } = messagesOf(HI, {
      role: 'assistant',
      parts: [
        { type: 'text', text: 'The sky' },
        { type: 'text', text: ' is blue' },
        { type: 'tool-call', id: 'x', name: 'f', arguments: '{"a":1}', kind: 'function' },
        { type: 'tool-call', id: 'y', name: 'sql', arguments: 'SELECT', kind: 'custom' },
      ],
    });
    expect(messages[1]).toEqual({
      role: 'assistant',
      content: 'The sky is blue',
      tool_calls: [
        { id: 'x', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
        { id: 'y', type: 'custom', custom: { name: 'sql', input: 'SELECT' } },
      ],
    });
    const refused = messagesOf({ role: 'assistant', parts: [{ type: 'refusal', text: 'No' }] });
    expect(refused.messages).toEqual([{ role: 'assistant', content: null, refusal: 'No' }]);
    const both = messagesOf({
      role: 'assistant',
      name: 'Eva',
      parts: [
        { type: 'text', text: 'Hm.' },
        { type: 'refusal', text: 'No' },
      ],
    });
    expect(both.messages).toEqual([{ role: 'assistant', name: 'Eva', content: 'Hm.', refusal: 'No' }]);
    expect(messagesOf(calls('x')).messages[0]).toEqual({
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'x', type: 'function', function: { name: 'f', arguments: '{}' } }],
    });
  });

  test.each([
    ['{"a":', '{"arguments":"{\\"a\\":"}', ['approximated tool_calls.arguments']],
    ['{"a": {"b": 1}', '{"arguments":"{\\"a\\": {\\"b\\": 1}"}', ['approximated tool_calls.arguments']],
    ['', '{}', []],
    ['{"a": 1}', '{"a": 1}', []],
    ['[1]', '[1]', []],
  ])('arguments of an earlier call: %p', (given, sent, lost) => {
    const call: Part = { type: 'tool-call', id: 'x', name: 'f', arguments: given, kind: 'function' };
    const built = build({ messages: [HI, { role: 'assistant', parts: [call] }] });
    const [, message] = built.body.messages as { tool_calls: { function: object }[] }[];
    expect(message?.tool_calls[0]?.function).toEqual({ name: 'f', arguments: sent });
    const named = built.losses.map(({ feature, outcome }) => `${outcome} ${feature}`);
    expect(named.filter((each) => each.includes('arguments'))).toEqual(lost);
  });

  test('a turn of which nothing is left is left out: what the user says around it is one message', () => {
    const thought: Message = { role: 'assistant', parts: [{ type: 'reasoning', text: 'hm' }] };
    const answer: Message = { role: 'user', parts: [result('x')] };
    const roles = (...messages: Message[]) => messagesOf(...messages).messages.map(({ role }) => role);
    expect(roles(HI, thought, calls('x'), answer)).toEqual(['user', 'assistant', 'tool']);
    expect(roles(HI, calls('x'), answer, thought, HI)).toEqual(['user', 'assistant', 'tool', 'user']);
    expect(roles(HI, thought)).toEqual(['user']);
    const { messages } = messagesOf(HI, thought, thought, HI);
    expect(messages).toEqual([{ role: 'user', content: 'hi\n\nhi' }]);
    const seen: Message = {
      role: 'user',
      parts: [{ type: 'image', source: { kind: 'url', url: 'https://a.test/a.png' } }],
    };
    const image = { type: 'image_url', image_url: { url: 'https://a.test/a.png' } };
    expect(messagesOf(HI, thought, seen).messages).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'hi' }, image] },
    ]);
    expect(roles(HI, thought, { ...HI, name: 'Ada' })).toEqual(['user', 'user']);
    expect(roles(HI, HI)).toEqual(['user', 'user']);
  });

  test('thinking goes back only where the provider wants it', () => {
    const parts: Part[] = [
      { type: 'reasoning', text: 'hm', signature: own('s') },
      { type: 'reasoning', text: '', redacted: own('zz') },
      { type: 'text', text: 'a' },
    ];
    const messages: Message[] = [HI, { role: 'assistant', parts }, HI];
    const answer = (quirks: Quirks) => (build({ messages }, quirks).body.messages as JsonValue[])[1];
    expect(answer({})).toEqual({ role: 'assistant', content: 'a' });
    expect(lossesOf({ messages })).toEqual(['lost reasoning']);
    expect(answer({ replaysReasoning: true })).toEqual({
      role: 'assistant',
      content: 'a',
      reasoning_content: 'hm',
    });
    expect(lossesOf({ messages }, { replaysReasoning: true })).toEqual([
      'lost redacted_thinking',
      'approximated reasoning',
    ]);
    expect(answer({ replaysReasoningDetails: true })).toEqual({
      role: 'assistant',
      content: 'a',
      reasoning_details: [
        { type: 'reasoning.text', text: 'hm', signature: 's', index: 0 },
        { type: 'reasoning.encrypted', data: 'zz', index: 1 },
      ],
    });
    expect(lossesOf({ messages }, { replaysReasoningDetails: true })).toEqual([]);
    // As a client of this dialect had sent both.
    expect(answer({ replaysReasoning: true, replaysReasoningDetails: true })).toMatchObject({
      reasoning_content: 'hm',
      reasoning_details: [{ text: 'hm' }, { data: 'zz' }],
    });
  });

  test('Copilot, at any of its addresses, gets back its one seal, with all that was thought', () => {
    const message = { role: 'assistant', content: 'a', reasoning_text: 'hm', reasoning_opaque: 's' };
    const { parts } = openaiChat.provider.parseResponse({ choices: [{ index: 0, message }] });
    const sentTo = (baseUrl: string, said = parts) => {
      const messages: Message[] = [HI, { role: 'assistant', parts: said }, HI];
      const request = { model: 'asked', stream: false, system: [], messages, tools: [] };
      const { body, losses } = openaiChat.provider.buildRequest(request, { model: 'm', quirks: {}, baseUrl });
      return [asArray(body.messages)?.[1], losses.map(({ outcome, feature }) => `${outcome} ${feature}`)];
    };
    for (const host of [
      'api.githubcopilot.com',
      'api.business.githubcopilot.com',
      'copilot-api.team.ghe.com',
    ])
      expect(sentTo(`https://${host}`)).toEqual([message, []]);
    const bare = { role: 'assistant', content: 'a' };
    for (const host of ['api.openai.com', 'api.githubcopilot.com.evil.test'])
      expect(sentTo(`https://${host}/v1`)).toEqual([bare, ['lost reasoning']]);
    const unsealed: Part[] = [
      { type: 'reasoning', text: 'hm', signature: own('s') },
      { type: 'text', text: 'a' },
    ];
    expect(sentTo('https://api.githubcopilot.com', unsealed)).toEqual([bare, ['lost reasoning']]);
  });

  test('an entry goes back with every field that came with its token', () => {
    const details: JsonObject[] = [
      { type: 'reasoning.text', text: 'hm', signature: 's', format: 'anthropic-claude-v1', index: 0 },
      { type: 'reasoning.encrypted', id: 'call_1', format: 'google-gemini-v1', data: 'd', index: 1 },
      { type: 'reasoning.encrypted', data: '{"odd":1}', index: 2 },
    ];
    const message = { role: 'assistant', content: null, reasoning_details: details };
    const answer = openaiChat.provider.parseResponse({ choices: [{ index: 0, message }] });
    const messages: Message[] = [HI, { role: 'assistant', parts: answer.parts }];
    const { body } = build({ messages }, { replaysReasoningDetails: true });
    expect(asObject(asArray(body.messages)?.[1])?.reasoning_details).toEqual(details);
  });

  test("another dialect's tokens go to no provider of this one", () => {
    const token = ownToken('anthropic-messages', 't');
    const parts: Part[] = [
      { type: 'reasoning', text: 'hm', signature: token },
      { type: 'reasoning', text: '', redacted: token },
      { type: 'tool-call', id: 'x', name: 'f', arguments: '{}', kind: 'function', signature: token },
      { type: 'tool-call', id: 'y', name: 'f', arguments: '{}', kind: 'function', signature: own('g') },
    ];
    const messages: Message[] = [HI, { role: 'assistant', parts }];
    const { body, losses } = build({ messages }, { replaysReasoningDetails: true });
    const said = { type: 'function', function: { name: 'f', arguments: '{}' } };
    expect(asArray(body.messages)?.[1]).toEqual({
      role: 'assistant',
      content: null,
      reasoning_details: [{ type: 'reasoning.text', text: 'hm', index: 0 }],
      tool_calls: [
        { id: 'x', ...said },
        { id: 'y', ...said, extra_content: { google: { thought_signature: 'g' } } },
      ],
    });
    expect(losses.map(({ feature, outcome }) => `${outcome} ${feature}`)).toEqual([
      'lost reasoning',
      'lost thought_signature',
    ]);
  });

  test("thinking under another dialect's token goes without it, and is named", () => {
    const parts: Part[] = [
      { type: 'reasoning', text: 'hm', signature: ownToken('anthropic-messages', 't') },
      { type: 'text', text: 'a' },
    ];
    const messages: Message[] = [HI, { role: 'assistant', parts }, HI];
    expect(lossesOf({ messages }, { replaysReasoningDetails: true })).toEqual(['approximated reasoning']);
  });

  test('thinking of Responses that goes back as its summary is named for its raw text', () => {
    const extension: Extension = {
      dialect: 'openai-responses',
      fields: { 'reasoning.content': { content: [{ type: 'reasoning_text', text: 'word by word' }] } },
    };
    const parts: Part[] = [
      { type: 'reasoning', text: 'in short', extension },
      { type: 'text', text: 'a' },
    ];
    const messages: Message[] = [HI, { role: 'assistant', parts }, HI];
    expect(lossesOf({ messages }, { replaysReasoning: true })).toEqual(['lost reasoning.content']);
  });

  test('calls of provider-run tools in history are lost by name', () => {
    const parts: Part[] = [
      { type: 'tool-call', id: 's', name: 'web_search', arguments: '{}', kind: 'server' },
      { type: 'server-tool-result', callId: 's', dialect: 'anthropic-messages', value: {} },
      { type: 'text', text: 'found' },
    ];
    const { messages, losses } = messagesOf(HI, { role: 'assistant', parts });
    expect(messages[1]).toEqual({ role: 'assistant', content: 'found' });
    expect(losses).toEqual([{ feature: 'tools.web_search', outcome: 'lost' }]);
  });

  test('results are tool messages straight behind the calls, other content follows', () => {
    const { messages } = messagesOf(
      HI,
      calls('x', 'y'),
      { role: 'user', parts: [{ type: 'text', text: 'first' }, result('x')] },
      { role: 'user', parts: [result('y'), { type: 'text', text: 'last' }] },
    );
    expect(messages.slice(2)).toEqual([
      { role: 'tool', tool_call_id: 'x', content: 'of x' },
      { role: 'tool', tool_call_id: 'y', content: 'of y' },
      { role: 'user', content: 'first' },
      { role: 'user', content: 'last' },
    ]);
  });

  test('images of results follow in a user message', () => {
    const image: Part = { type: 'image', source: { kind: 'url', url: 'https://a.example/b.png' } };
    const { messages, losses } = messagesOf(HI, calls('x'), {
      role: 'user',
      parts: [result('x', [{ type: 'text', text: 'shot' }, image]), { type: 'text', text: 'and?' }],
    });
    expect(messages.slice(2)).toEqual([
      {
        role: 'tool',
        tool_call_id: 'x',
        content: 'shot\n\n[The rest of this result is in the next user message.]',
      },
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: 'https://a.example/b.png' } },
          { type: 'text', text: 'and?' },
        ],
      },
    ]);
    expect(losses).toMatchObject([{ feature: 'tool_result.image', outcome: 'approximated' }]);
  });

  test('a failed call says so, an empty result is an empty text', () => {
    const { messages, losses } = messagesOf(HI, calls('x', 'y'), {
      role: 'user',
      parts: [result('x', [{ type: 'text', text: 'no such file' }], true), result('y', [])],
    });
    expect(messages.slice(2)).toEqual([
      { role: 'tool', tool_call_id: 'x', content: 'The tool call failed.\n\nno such file' },
      { role: 'tool', tool_call_id: 'y', content: '' },
    ]);
    expect(losses).toMatchObject([{ feature: 'tool_result.is_error', outcome: 'approximated' }]);
  });

  test('ids too long for OpenAI are shortened alike in call and result', () => {
    const long = (end: string) => `${'x'.repeat(60)}${end}`;
    const { messages } = messagesOf(HI, calls(long('a'), long('b')), {
      role: 'user',
      parts: [result(long('a')), result(long('b'))],
    });
    const made = asArray(messages[1]?.tool_calls)?.map((call) => asObject(call)?.id) ?? [];
    expect(made).toEqual([messages[2]?.tool_call_id, messages[3]?.tool_call_id]);
    expect(new Set(made).size).toBe(2);
    for (const id of made) expect(String(id)).toHaveLength(40);
  });
});

test('thinking stands in for what is unknown in every message of a turn that calls, and in no other', () => {
  const said = (content: string) => ({ role: 'assistant', content });
  const asked = { role: 'user', content: 'q' };
  const losses = new LossReport('openai-chat');
  const tool_calls = [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }];
  const messages = withReasoning(
    [
      ...[asked, said('I look.'), { role: 'assistant', tool_calls }],
      ...[{ role: 'tool', tool_call_id: 'c', content: 'r' }, said('Seen.'), asked, said('Plain.'), asked],
    ],
    losses,
  );
  const withThought = messages.flatMap((message, at) => (asObject(message)?.reasoning_content ? [at] : []));
  expect(withThought).toEqual([1, 2, 4]);
});
