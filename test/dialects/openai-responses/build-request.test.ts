// What a provider of this dialect gets from clients of other dialects, and what those are told is lost.
import { describe, expect, test } from 'bun:test';
import type { Quirks } from '../../../src/dialects/quirks.ts';
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts';
import { openaiResponses } from '../../../src/dialects/openai-responses/index.ts';
import type { Part } from '../../../src/model/content.ts';
import { asArray, type JsonObject } from '../../../src/model/json/json.ts';
import { ownToken, placeToken } from '../../../src/model/opaque-token.ts';
import type { Message, NeutralRequest } from '../../../src/model/request.ts';

const USER: Message = { role: 'user', parts: [{ type: 'text', text: 'Hi' }] };

function build(fields: Partial<NeutralRequest> = {}, model = 'gpt-5', quirks: Quirks = {}) {
  const request: NeutralRequest = {
    model: 'asked',
    stream: false,
    system: [],
    messages: [USER],
    tools: [],
    ...fields,
  };
  const { body, losses } = openaiResponses.provider.buildRequest(request, { model, quirks });
  return {
    body,
    lost: losses.filter((loss) => loss.outcome === 'lost').map((loss) => loss.feature),
    approximated: losses.filter((loss) => loss.outcome === 'approximated').map((loss) => loss.feature),
  };
}

/** The items of an assistant turn of these parts. */
function answered(...parts: Part[]) {
  const { body, ...losses } = build({ messages: [{ role: 'assistant', parts }] });
  return { items: asArray(body.input) as JsonObject[], ...losses };
}

/** The content of a user turn of these parts. */
function asked(...parts: Part[]) {
  const { body, ...losses } = build({ messages: [{ role: 'user', parts }] });
  return { items: asArray(body.input) as JsonObject[], ...losses };
}

describe('without a store on either side', () => {
  test('nothing is stored, and reasoning comes so that it can go back', () => {
    expect(build().body).toEqual({
      model: 'gpt-5',
      input: [{ type: 'message', role: 'user', content: 'Hi' }],
      store: false,
      include: ['reasoning.encrypted_content'],
    });
  });

  test.each([
    ['gpt-4o', {}, false],
    ['gpt-5-chat-latest', {}, false],
    ['gpt-5.1-chat-latest', {}, true],
    ['o4-mini', {}, true],
    ['openai/gpt-5-nano', {}, true],
    ['some-open-model', {}, true],
    ['gpt-5', { fixedSampling: /^deep/ }, false],
    ['deep-1', { fixedSampling: /^deep/ }, true],
  ] as [string, Quirks, boolean][])('%s with %j is asked for reasoning: %p', (model, quirks, isAsked) => {
    expect(build({}, model, quirks).body.include).toEqual(
      isAsked ? ['reasoning.encrypted_content'] : undefined,
    );
  });

  test('a client of Chat Completions that wants the exchange kept has it kept, with its metadata', () => {
    const chat = {
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      store: true,
      metadata: { run: '7' },
    };
    const request = openaiChat.client.parseRequest(chat, { operation: 'generate' });
    const { body, losses } = openaiResponses.provider.buildRequest(request, { model: 'gpt-5', quirks: {} });
    expect(body).toMatchObject({
      store: true,
      metadata: { run: '7' },
      include: ['reasoning.encrypted_content'],
    });
    expect(losses).toEqual([]);
    const other = openaiResponses.provider.buildRequest(request, { model: 'some-open-model', quirks: {} });
    expect(other.body.store).toBe(false);
    expect(other.losses).toEqual([{ feature: 'store', outcome: 'lost' }]);
  });

  test('a client of this dialect decides itself', () => {
    const own = (fields: JsonObject) => ({ extension: { dialect: 'openai-responses', fields } }) as const;
    expect(build(own({})).body).not.toContainAnyKeys(['store', 'include']);
    const { body } = build({
      ...own({ include: ['file_search_call.results'] }),
      store: false,
      replaysReasoning: true,
    });
    expect(body).toMatchObject({
      store: false,
      include: ['reasoning.encrypted_content', 'file_search_call.results'],
    });
  });
});

test('encrypted reasoning behind which its turn says nothing is refused: it is left out', () => {
  const thought: Part = {
    type: 'reasoning',
    text: 'hm',
    signature: ownToken('openai-responses', '{"id":"rs_1","encrypted_content":"E"}'),
  };
  const turn = (...parts: Part[]): Message => ({ role: 'assistant', parts });
  const text: Part = { type: 'text', text: 'So.' };
  const types = (...messages: Message[]) =>
    (build({ messages }).body.input as JsonObject[]).map(({ type }) => type);
  expect(types(USER, turn(thought), USER)).toEqual(['message', 'message']);
  expect(build({ messages: [USER, turn(thought), USER] }).lost).toEqual(['reasoning']);
  expect(types(USER, turn(text, thought))).toEqual(['message', 'message']);
  expect(types(USER, turn(thought, text), USER)).toEqual(['message', 'reasoning', 'message', 'message']);
  expect(types(USER, turn(thought), turn(text))).toEqual(['message', 'reasoning', 'message']);
});

test('a thought that stands before each of the calls it led to is sent once: OpenAI refuses its id twice', () => {
  const signature = ownToken('openai-responses', '{"id":"rs_1","encrypted_content":"E"}');
  const turn = (id: string): Message[] => [
    {
      role: 'assistant',
      parts: [
        { type: 'reasoning', text: 'hm', signature },
        { type: 'tool-call', id, name: 'read', arguments: '{}', kind: 'function' },
      ],
    },
    {
      role: 'user',
      parts: [{ type: 'tool-result', callId: id, content: [{ type: 'text', text: 'done' }] }],
    },
  ];
  const { body, lost } = build({ messages: [USER, ...turn('call_1'), ...turn('call_2')] });
  expect((body.input as JsonObject[]).map(({ type, id, call_id }) => [type, id ?? call_id])).toEqual([
    ['message', undefined],
    ['reasoning', 'rs_1'],
    ['function_call', 'call_1'],
    ['function_call_output', 'call_1'],
    ['function_call', 'call_2'],
    ['function_call_output', 'call_2'],
  ]);
  expect(lost).toEqual([]);
});

test('the system prompt is the instructions', () => {
  const { body } = build({
    system: [
      { type: 'text', text: 'A' },
      { type: 'text', text: 'B' },
    ],
    stream: true,
  });
  expect(body).toMatchObject({ instructions: 'A\n\nB', stream: true });
});

test('a system prompt alone is the input that must not be missing', () => {
  const { body } = build({ system: [{ type: 'text', text: 'A' }], messages: [] });
  expect(body.input).toEqual([{ type: 'message', role: 'system', content: 'A' }]);
  expect(body).not.toHaveProperty('instructions');
});

describe('a system turn in the middle', () => {
  const system: Message = { role: 'system', parts: [{ type: 'text', text: 'Now French.' }] };
  const answer: Message = { role: 'assistant', parts: [{ type: 'text', text: 'Hello' }] };
  const messages = [USER, answer, USER, system];

  test.each<[string, Quirks]>([
    ['gpt-5', {}],
    ['gpt-4o', {}],
    ['some-deployment', { laterInstructions: true }],
  ])('stays where it is for %s with %j', (model, quirks) => {
    const { body, approximated } = build({ messages }, model, quirks);
    expect(asArray(body.input)?.slice(2)).toEqual([
      { type: 'message', role: 'user', content: 'Hi' },
      { type: 'message', role: 'system', content: 'Now French.' },
    ]);
    expect(approximated).toEqual([]);
  });

  test('is sent as user text to other models: their chat templates take instructions at the beginning alone', () => {
    const { body, approximated } = build({ messages }, 'qwen3-coder');
    expect(asArray(body.input)?.slice(2)).toEqual([
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'Hi' },
          { type: 'input_text', text: '<system-reminder>\nNow French.\n</system-reminder>' },
        ],
      },
    ]);
    expect(approximated).toEqual(['messages.system']);
  });

  test('stays for a client of this dialect, whatever the model', () => {
    const extension = { dialect: 'openai-responses', fields: {} } as const;
    const { body } = build({ messages: [USER, system], extension }, 'qwen3-coder');
    expect(asArray(body.input)?.at(-1)).toMatchObject({ role: 'system' });
  });
});

describe('user content', () => {
  test.each<[string, Part, JsonObject]>([
    [
      'image bytes',
      { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'iVBO' } },
      { type: 'input_image', detail: 'auto', image_url: 'data:image/png;base64,iVBO' },
    ],
    [
      'image URL',
      { type: 'image', source: { kind: 'url', url: 'https://a.example/x' }, detail: 'low' },
      { type: 'input_image', detail: 'low', image_url: 'https://a.example/x' },
    ],
    [
      'document bytes',
      { type: 'document', source: { kind: 'base64', mediaType: 'application/pdf', data: 'JVBE' } },
      { type: 'input_file', filename: 'document.pdf', file_data: 'data:application/pdf;base64,JVBE' },
    ],
    [
      'document URL',
      { type: 'document', name: 'x', source: { kind: 'url', url: 'https://a.example/x' } },
      { type: 'input_file', file_url: 'https://a.example/x', filename: 'x' },
    ],
    [
      'document text',
      { type: 'document', name: 'x', source: { kind: 'text', text: 'body' } },
      { type: 'input_text', text: 'x\n\nbody' },
    ],
  ])('%s', (_, part, expected) => {
    const { items, lost } = asked(part, { type: 'text', text: 'Hi' });
    expect(items).toEqual([
      { type: 'message', role: 'user', content: [expected, { type: 'input_text', text: 'Hi' }] },
    ]);
    expect(lost).toEqual([]);
  });

  test.each<[string, Part]>([
    ['image.file_id', { type: 'image', source: { kind: 'file', id: 'f', dialect: 'anthropic-messages' } }],
    ['document.file_id', { type: 'document', source: { kind: 'file', id: 'f', dialect: 'gemini' } }],
    ['input_audio', { type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav', data: 'UklG' } }],
    [
      'container_upload',
      { type: 'opaque', dialect: 'anthropic-messages', name: 'container_upload', value: {} },
    ],
    ['cache_control', { type: 'text', text: 'a', cacheControl: { type: 'ephemeral' } }],
    [
      'context',
      { type: 'text', text: 'a', extension: { dialect: 'anthropic-messages', fields: { context: 'x' } } },
    ],
  ])('%s is lost', (feature, part) => {
    expect(asked(part, { type: 'text', text: 'Hi' }).lost).toEqual([feature]);
  });
});

describe('assistant turns', () => {
  const call = {
    type: 'tool-call',
    id: 'call_1',
    name: 'read',
    arguments: '{"a":1}',
    kind: 'function',
  } as const;

  test('are items in the order they came', () => {
    const signature = ownToken('openai-responses', '{"id":"rs_1","encrypted_content":"ENC"}');
    const { items, lost } = answered(
      { type: 'reasoning', text: 'Hm', signature },
      { type: 'text', text: 'Wait' },
      { type: 'text', text: '.' },
      call,
      { ...call, id: 'call_2', arguments: '' },
    );
    expect(items).toEqual([
      {
        type: 'reasoning',
        id: 'rs_1',
        summary: [{ type: 'summary_text', text: 'Hm' }],
        encrypted_content: 'ENC',
      },
      { type: 'message', role: 'assistant', content: 'Wait.' },
      { type: 'function_call', call_id: 'call_1', name: 'read', arguments: '{"a":1}' },
      { type: 'function_call', call_id: 'call_2', name: 'read', arguments: '{}' },
    ]);
    expect(lost).toEqual([]);
  });

  test('texts of a result stay apart where breakpoints are taken: what is cached depends on it', () => {
    const content = [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ] as const;
    const messages: Message[] = [
      USER,
      { role: 'assistant', parts: [call] },
      { role: 'user', parts: [{ type: 'tool-result', callId: call.id, content: [...content] }] },
    ];
    const outputAt = (at: RegExp) =>
      asArray(build({ messages }, 'gpt-5.6', { breakpoints: { models: /^gpt/, at } }).body.input)?.at(-1);
    expect(outputAt(/never/)).toHaveProperty('output', 'a\n\nb');
    expect(outputAt(/^/)).toHaveProperty('output', [
      { type: 'input_text', text: 'a' },
      { type: 'input_text', text: 'b' },
    ]);
  });

  test('a part of a message that nobody knows is no item of its own, which would be refused', () => {
    const part = { type: 'hologram', id: 'h' };
    const { items, lost } = answered(
      { type: 'opaque', dialect: 'openai-responses', name: 'content.hologram', value: part },
      { type: 'text', text: 'a' },
    );
    expect(items).toEqual([{ type: 'message', role: 'assistant', content: 'a' }]);
    expect(lost).toEqual(['content.hologram']);
  });

  // Earlier versions made it an own token, which conversations may still hold.
  test.each([ownToken, placeToken])('raw reasoning goes back where it stood', (createToken) => {
    const signature = createToken('openai-responses', '{"id":"rs_1","in_content":true}');
    expect(answered({ type: 'reasoning', text: 'raw', signature }).items).toEqual([
      { type: 'reasoning', id: 'rs_1', summary: [], content: [{ type: 'reasoning_text', text: 'raw' }] },
    ]);
  });

  test.each<[string, Part]>([
    [
      "another provider's",
      { type: 'reasoning', text: 'Hm', signature: ownToken('anthropic-messages', 'SIG') },
    ],
    [
      "another provider's, redacted",
      { type: 'reasoning', text: '', redacted: ownToken('anthropic-messages', 'DATA') },
    ],
    ['unsigned', { type: 'reasoning', text: 'Hm' }],
    [
      'a bare id, which nothing was stored under',
      { type: 'reasoning', text: 'Hm', signature: ownToken('openai-responses', '{"id":"rs_1"}') },
    ],
    [
      'a token that is none',
      { type: 'reasoning', text: 'Hm', signature: ownToken('openai-responses', 'garbage') },
    ],
  ])('reasoning is not sent: %s', (_, part) => {
    const { items, lost } = answered(part, call);
    expect(items.map((item) => item.type)).toEqual(['function_call']);
    expect(lost).toEqual(['reasoning']);
  });

  test('reasoning that a call alone brings back comes before the text that was sent with it', () => {
    const signature = ownToken('openai-responses', '{"id":"rs_1","encrypted_content":"ENC"}');
    const { items, lost } = answered(
      call,
      { type: 'text', text: 'And.' },
      { ...call, id: 'call_2', signature },
    );
    expect(items).toEqual([
      { type: 'function_call', call_id: 'call_1', name: 'read', arguments: '{"a":1}' },
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'ENC' },
      { type: 'message', role: 'assistant', content: 'And.' },
      { type: 'function_call', call_id: 'call_2', name: 'read', arguments: '{"a":1}' },
    ]);
    expect(lost).toEqual([]);
  });

  test('a signed call goes without its signature', () => {
    expect(answered({ ...call, signature: ownToken('gemini', 'S') }).lost).toEqual(['thought_signature']);
  });

  test('refusals and citations', () => {
    const cited: Part = {
      type: 'text',
      text: 'ab',
      citations: [
        { kind: 'url', url: 'https://a.example', start: 0, end: 1 },
        { kind: 'document', title: 'x' },
      ],
    };
    const { items, approximated } = answered({ type: 'refusal', text: 'No.' }, cited);
    expect(items).toEqual([
      {
        type: 'message',
        role: 'assistant',
        content: [
          { type: 'refusal', refusal: 'No.' },
          {
            type: 'output_text',
            text: 'ab',
            annotations: [
              {
                type: 'url_citation',
                url: 'https://a.example',
                title: 'https://a.example',
                start_index: 0,
                end_index: 1,
              },
            ],
          },
        ],
      },
    ]);
    expect(approximated).toEqual(['citations', 'messages.prefill']);
  });

  test("other providers' hosted tools are lost by their names", () => {
    const server: Part = { ...call, id: 's', name: 'web_search', kind: 'server' };
    const result: Part = {
      type: 'server-tool-result',
      callId: 's',
      dialect: 'anthropic-messages',
      value: {},
    };
    expect(answered(server, result, { type: 'text', text: 'x' }).lost).toEqual(['tools.web_search']);
    expect(answered(result).lost).toEqual(['tools.server_tool_result']);
  });

  test('media in answers is lost', () => {
    const source = { kind: 'base64', mediaType: 'image/png', data: 'x' } as const;
    expect(
      answered({ type: 'image', source }, { type: 'audio', source }, { type: 'document', source }).lost,
    ).toEqual(['assistant.image', 'assistant.audio', 'assistant.document']);
  });
});

describe('results', () => {
  const result = (fields: Partial<Part & { type: 'tool-result' }>): Part => ({
    type: 'tool-result',
    callId: 'call_1',
    content: [{ type: 'text', text: 'a' }],
    ...fields,
  });

  test('of function and custom calls, before what the user says', () => {
    const custom: Message = {
      role: 'assistant',
      parts: [{ type: 'tool-call', id: 'call_2', name: 'patch', arguments: '***', kind: 'custom' }],
    };
    const user: Message = {
      role: 'user',
      parts: [result({}), result({ callId: 'call_2' }), { type: 'text', text: 'go on' }],
    };
    expect(build({ messages: [custom, user] }).body.input).toEqual([
      { type: 'custom_tool_call', call_id: 'call_2', name: 'patch', input: '***' },
      { type: 'function_call_output', call_id: 'call_1', output: 'a' },
      { type: 'custom_tool_call_output', call_id: 'call_2', output: 'a' },
      { type: 'message', role: 'user', content: 'go on' },
    ]);
  });

  test('with an image are parts', () => {
    const image: Part & { type: 'image' } = {
      type: 'image',
      source: { kind: 'base64', mediaType: 'image/png', data: 'x' },
    };
    expect(asked(result({ content: [{ type: 'text', text: 'a' }, image] })).items).toEqual([
      {
        type: 'function_call_output',
        call_id: 'call_1',
        output: [
          { type: 'input_text', text: 'a' },
          { type: 'input_image', detail: 'auto', image_url: 'data:image/png;base64,x' },
        ],
      },
    ]);
  });

  test('that failed say so', () => {
    const { items, approximated } = asked(result({ isError: true }));
    expect(items).toMatchObject([{ output: 'The tool call failed.\n\na' }]);
    expect(approximated).toEqual(['tool_result.is_error']);
  });

  test('without content are empty', () => {
    expect(asked(result({ content: [] })).items).toMatchObject([{ output: '' }]);
  });

  test('long ids are cut alike for call and result', () => {
    const id = 'x'.repeat(100);
    const { body } = build({
      messages: [
        {
          role: 'assistant',
          parts: [{ type: 'tool-call', id, name: 'a', arguments: '{}', kind: 'function' }],
        },
        { role: 'user', parts: [result({ callId: id })] },
      ],
    });
    const [call, output] = body.input as JsonObject[];
    expect(String(call?.call_id)).toHaveLength(64);
    expect(call?.call_id).toBe(output?.call_id as string);
  });
});

describe('tools', () => {
  const parameters = { type: 'object' };

  test('keep their own strictness: left out, the provider would make its own', () => {
    const { body, lost } = build({
      tools: [
        { type: 'function', name: 'a', description: 'A', parameters },
        { type: 'function', name: 'b', strict: true, cacheControl: { type: 'ephemeral' } },
        { type: 'custom', name: 'c', format: { type: 'text' } },
        { type: 'server', name: 'web_search', definition: { dialect: 'anthropic-messages', fields: {} } },
      ],
      toolChoice: { type: 'tool', name: 'c' },
      parallelToolCalls: false,
    });
    expect(body).toMatchObject({
      tools: [
        {
          type: 'function',
          name: 'a',
          description: 'A',
          parameters: { type: 'object', properties: {} },
          strict: false,
        },
        { type: 'function', name: 'b', parameters: { type: 'object', properties: {} }, strict: true },
        { type: 'custom', name: 'c', format: { type: 'text' } },
      ],
      tool_choice: { type: 'custom', name: 'c' },
      parallel_tool_calls: false,
    });
    expect(lost).toEqual(['cache_control', 'tools.web_search']);
  });

  test('a grammar stands beside its type here', () => {
    const format = { type: 'grammar', grammar: { syntax: 'regex', definition: 'a+' } };
    expect(build({ tools: [{ type: 'custom', name: 'c', format }] }).body.tools).toEqual([
      { type: 'custom', name: 'c', format: { type: 'grammar', syntax: 'regex', definition: 'a+' } },
    ]);
  });

  test('a choice among them that can be met is sent, another is lost', () => {
    const tools = [{ type: 'function', name: 'a' } as const];
    expect(build({ tools, toolChoice: { type: 'required' } }).body.tool_choice).toBe('required');
    expect(build({ tools, toolChoice: { type: 'tool', name: 'a' } }).body.tool_choice).toEqual({
      type: 'function',
      name: 'a',
    });
    expect(build({ tools, toolChoice: { type: 'tool', name: 'gone' } })).toMatchObject({
      lost: ['tool_choice'],
    });
    expect(build({ toolChoice: { type: 'required' }, parallelToolCalls: true })).toMatchObject({
      lost: ['tool_choice'],
    });
    expect(build({ toolChoice: { type: 'auto' } }).body).not.toHaveProperty('tool_choice');
  });

  test('of a namespace stand in it again, for a client of this dialect', () => {
    const namespace = { name: 'crm', description: 'CRM' };
    const { body } = build({
      extension: { dialect: 'openai-responses', fields: {} },
      tools: [
        { type: 'function', name: 'crm__find', namespace: { ...namespace, tool: 'find' } },
        { type: 'custom', name: 'crm__note', namespace: { ...namespace, tool: 'note' } },
      ],
      toolChoice: { type: 'tool', name: 'crm__find' },
      messages: [
        {
          role: 'assistant',
          parts: [{ type: 'tool-call', id: 'c', name: 'crm__find', arguments: '{}', kind: 'function' }],
        },
      ],
    });
    expect(body).toMatchObject({
      tools: [
        {
          type: 'namespace',
          name: 'crm',
          description: 'CRM',
          tools: [
            { type: 'function', name: 'find' },
            { type: 'custom', name: 'note' },
          ],
        },
      ],
      tool_choice: { type: 'function', name: 'find' },
      input: [{ type: 'function_call', call_id: 'c', name: 'find', namespace: 'crm', arguments: '{}' }],
    });
  });
});

describe('settings', () => {
  test('with a word here', () => {
    const { body, lost } = build(
      {
        maxOutputTokens: 100,
        temperature: 0.5,
        topP: 0.9,
        verbosity: 'low',
        user: 'u',
        serviceTier: 'flex',
        cacheKey: 'k',
        metadata: { a: 'b' },
        outputFormat: { type: 'json-schema', schema: { type: 'object' } },
      },
      'another-model',
    );
    expect(body).toMatchObject({
      max_output_tokens: 100,
      temperature: 0.5,
      top_p: 0.9,
      user: 'u',
      service_tier: 'flex',
      prompt_cache_key: 'k',
      metadata: { a: 'b' },
      text: {
        verbosity: 'low',
        format: { type: 'json_schema', name: 'response', schema: { type: 'object' } },
      },
    });
    expect(lost).toEqual([]);
  });

  test('without one are named', () => {
    const { lost } = build({
      topK: 4,
      seed: 1,
      frequencyPenalty: 1,
      presencePenalty: 1,
      stopSequences: ['x'],
    });
    expect(lost).toEqual(['top_k', 'seed', 'frequency_penalty', 'presence_penalty', 'stop']);
  });

  test('sampling that a reasoning model refuses is not sent', () => {
    expect(build({ temperature: 0.5, topP: 1 })).toMatchObject({ lost: ['temperature'] });
    expect(build({ temperature: 0.5, topP: 1 }).body).not.toContainAnyKeys(['temperature', 'top_p']);
  });

  test('too few tokens are the least that is taken', () => {
    const { body, approximated } = build({ maxOutputTokens: 1 });
    expect(body.max_output_tokens).toBe(16);
    expect(approximated).toEqual(['max_tokens']);
  });

  test('a long user is cut, a service tier translated, unfit metadata left out', () => {
    const { body, lost, approximated } = build({
      user: 'u'.repeat(100),
      serviceTier: 'standard_only',
      metadata: { a: { b: 1 } },
    });
    expect(body.user).toBe('u'.repeat(64));
    expect(body.service_tier).toBe('default');
    expect(lost).toEqual(['metadata']);
    expect(approximated).toEqual(['user', 'service_tier']);
    expect(build({ serviceTier: 'auto' }).body).not.toHaveProperty('service_tier');
    expect(build({ serviceTier: 'batch' }).lost).toEqual(['service_tier']);
    const [key, value] = ['k'.repeat(64), 'v'.repeat(512)];
    expect(build({ metadata: { [key]: value } }).lost).toEqual([]);
    for (const unfit of [{ [`${key}k`]: '' }, { k: `${value}v` }])
      expect(build({ metadata: unfit }).lost).toEqual(['metadata']);
  });

  test("fields of another dialect's own are lost by their names", () => {
    expect(build({ extension: { dialect: 'openai-chat', fields: { logit_bias: {}, n: 2 } } }).lost).toEqual([
      'logit_bias',
      'n',
    ]);
  });
});

describe('thinking', () => {
  test.each<[NonNullable<NeutralRequest['reasoning']>, JsonObject | undefined, string[]]>([
    [{ effort: 'high' }, { effort: 'high' }, []],
    [{ effort: 'max' }, { effort: 'high' }, ['reasoning_effort']],
    [{ effort: 'none' }, { effort: 'low' }, ['thinking']],
    [{ mode: 'off' }, { effort: 'low' }, ['thinking']],
    [
      { mode: 'on', budgetTokens: 2000, summary: 'summarized' },
      { effort: 'low', summary: 'auto' },
      ['thinking.budget_tokens'],
    ],
    [
      { mode: 'on', budgetTokens: 10_000, summary: 'detailed' },
      { effort: 'medium', summary: 'detailed' },
      ['thinking.budget_tokens'],
    ],
    [
      { mode: 'on', budgetTokens: 30_000, summary: 'omitted' },
      { effort: 'high' },
      ['thinking.budget_tokens'],
    ],
    [{ mode: 'on' }, { effort: 'medium' }, ['thinking']],
    [{ mode: 'adaptive', summary: 'auto' }, { summary: 'auto' }, []],
    [{ mode: 'adaptive', effort: 'xhigh' }, { effort: 'high' }, ['reasoning_effort', 'thinking']],
  ])('%j', (reasoning, expected, approximated) => {
    const built = build({ reasoning });
    expect(built.body.reasoning).toEqual(expected as JsonObject);
    expect(built).toMatchObject({ lost: [], approximated });
  });

  test('of a model that does not is lost', () => {
    const { body, lost } = build({ reasoning: { mode: 'on', budgetTokens: 2000 } }, 'gpt-4o');
    expect(body).not.toHaveProperty('reasoning');
    expect(lost).toEqual(['thinking']);
    expect(build({ reasoning: { mode: 'off' } }, 'gpt-4o').lost).toEqual([]);
    expect(build({ reasoning: { effort: 'high' } }, 'gpt-4o').lost).toEqual(['reasoning_effort']);
    expect(build({ reasoning: { mode: 'off' } }, 'who-knows').lost).toEqual(['thinking']);
  });

  test('asked in this dialect is repeated as it was', () => {
    const extension = { dialect: 'openai-responses', fields: { reasoning: { context: 'all' } } } as const;
    expect(build({ extension, reasoning: { effort: 'max', summary: 'x' } }).body.reasoning).toEqual({
      effort: 'max',
      summary: 'x',
      context: 'all',
    });
  });
});
