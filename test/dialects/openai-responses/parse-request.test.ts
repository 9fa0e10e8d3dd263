// What each field of a client's request means.
import { describe, expect, test } from 'bun:test';
import { openaiResponses } from '../../../src/dialects/openai-responses/index.ts';
import { itemId } from '../../../src/dialects/openai-responses/output-item.ts';
import type { JsonObject, JsonValue } from '../../../src/model/json/json.ts';
import { callIdToWire, ownToken, placeToken, separateToken } from '../../../src/model/opaque-token.ts';

const { client } = openaiResponses;

function parse(fields: JsonObject) {
  return client.parseRequest({ model: 'm', input: 'Hi', ...fields }, { operation: 'generate' });
}

function messages(...input: JsonValue[]) {
  return parse({ input }).messages;
}

/** Parts of one user message with this content. */
function userParts(content: JsonValue) {
  return messages({ role: 'user', content })[0]?.parts;
}

const USER = { role: 'user', content: 'Hi' };
const text = (value: string) => ({ type: 'text', text: value }) as const;

test('a string is a user message', () => {
  expect(parse({}).messages).toEqual([{ role: 'user', parts: [text('Hi')] }]);
});

test('the client’s dialect is remembered, however short the request', () => {
  expect(parse({}).extension).toEqual({ dialect: 'openai-responses', fields: {} });
});

describe('instructions', () => {
  test('and system items in front make the system prompt, later ones are turns', () => {
    const request = parse({
      instructions: 'Be brief.',
      input: [
        { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Use tools.' }] },
        { role: 'system', content: 'Be kind.' },
        USER,
        { role: 'developer', content: 'Now in French.' },
      ],
    });
    expect(request.system).toEqual([text('Be brief.'), text('Use tools.'), text('Be kind.')]);
    expect(request.messages).toEqual([
      { role: 'user', parts: [text('Hi')] },
      { role: 'system', parts: [text('Now in French.')] },
    ]);
  });

  test('with an image are a turn of their own', () => {
    const image = { type: 'input_image', image_url: 'https://a.example/x.png' };
    const request = parse({ input: [{ role: 'developer', content: [image] }, USER] });
    expect(request.system).toEqual([]);
    expect(request.messages[0]?.role).toBe('system');
  });
});

describe('content', () => {
  test.each<[string, JsonObject, unknown]>([
    ['text', { type: 'input_text', text: 'a' }, text('a')],
    [
      'image by URL',
      { type: 'input_image', image_url: 'https://a.example/x.png', detail: 'high' },
      { type: 'image', source: { kind: 'url', url: 'https://a.example/x.png' }, detail: 'high' },
    ],
    [
      'image as data',
      { type: 'input_image', image_url: 'data:image/png;base64,iVBO' },
      { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'iVBO' } },
    ],
    [
      'uploaded image',
      { type: 'input_image', file_id: 'file_1' },
      { type: 'image', source: { kind: 'file', id: 'file_1', dialect: 'openai-responses' } },
    ],
    [
      'chat-style image',
      { type: 'input_image', image_url: { url: 'https://a.example/x.png' } },
      { type: 'image', source: { kind: 'url', url: 'https://a.example/x.png' } },
    ],
    [
      'image of Chat Completions',
      { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBO', detail: 'low' } },
      {
        type: 'image',
        source: { kind: 'base64', mediaType: 'image/png', data: 'iVBO' },
        detail: 'low',
      },
    ],
    [
      'file as data',
      { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBE' },
      {
        type: 'document',
        name: 'a.pdf',
        source: { kind: 'base64', mediaType: 'application/pdf', data: 'JVBE' },
      },
    ],
    [
      'file as bare base64',
      { type: 'input_file', filename: 'a.csv', file_data: 'YSxi' },
      { type: 'document', name: 'a.csv', source: { kind: 'base64', mediaType: 'text/csv', data: 'YSxi' } },
    ],
    [
      'file by URL',
      { type: 'input_file', file_url: 'https://a.example/x.pdf' },
      { type: 'document', source: { kind: 'url', url: 'https://a.example/x.pdf' } },
    ],
    [
      'uploaded file',
      { type: 'input_file', file_id: 'file_2' },
      { type: 'document', source: { kind: 'file', id: 'file_2', dialect: 'openai-responses' } },
    ],
    [
      'audio',
      { type: 'input_audio', input_audio: { data: 'SUQz', format: 'mp3' } },
      { type: 'audio', source: { kind: 'base64', mediaType: 'audio/mpeg', data: 'SUQz' } },
    ],
    ['refusal', { type: 'refusal', refusal: 'No.' }, { type: 'refusal', text: 'No.' }],
    [
      'unknown',
      { type: 'input_video', id: 'v' },
      {
        type: 'opaque',
        dialect: 'openai-responses',
        name: 'content.input_video',
        value: { type: 'input_video', id: 'v' },
      },
    ],
    [
      'a cache breakpoint',
      { type: 'input_text', text: 'a', prompt_cache_breakpoint: { mode: 'explicit' } },
      {
        ...text('a'),
        cacheControl: { type: 'ephemeral' },
        extension: {
          dialect: 'openai-responses',
          fields: { prompt_cache_breakpoint: { mode: 'explicit' } },
          defaults: ['prompt_cache_breakpoint'],
        },
      },
    ],
  ])('%s', (_, part, expected) => {
    expect(userParts([part])).toEqual([expected] as never);
  });

  test.each([{}, { call_id: null }])('a tool result without a call becomes user text: %j', (none) => {
    const output = { type: 'function_call_output', ...none, name: 'watch', output: 'The build broke.' };
    expect(messages({ role: 'user', content: 'hi' }, output)).toEqual([
      { role: 'user', parts: [text('hi')] },
      { role: 'user', parts: [text('The build broke.')] },
    ] as never);
  });

  test('citations of earlier answers are kept', () => {
    const annotation = {
      type: 'url_citation',
      url: 'https://a.example',
      title: 'A',
      start_index: 0,
      end_index: 1,
    };
    const [message] = messages({
      role: 'assistant',
      content: [{ type: 'output_text', text: 'ab', annotations: [annotation] }],
    });
    expect(message?.parts).toMatchObject([
      { type: 'text', text: 'ab', citations: [{ url: 'https://a.example', start: 0, end: 1 }] },
    ]);
  });
});

describe('turns', () => {
  const call = (id: string) => ({
    type: 'function_call',
    id: `fc_${id}`,
    call_id: id,
    name: 'read',
    arguments: '{}',
  });
  const output = (id: string) => ({ type: 'function_call_output', call_id: id, output: 'done' });
  const said = (value: string) => ({
    type: 'message',
    role: 'assistant',
    content: [{ type: 'output_text', text: value }],
  });
  const thought = {
    type: 'reasoning',
    id: 'rs_1',
    summary: [{ type: 'summary_text', text: 'Hm' }],
    encrypted_content: 'ENC',
  };

  test('reasoning, text and calls of one answer are one turn, their results the next', () => {
    const turns = messages(
      USER,
      thought,
      said('Wait.'),
      call('a'),
      call('b'),
      output('a'),
      output('b'),
      said('Done.'),
    );
    expect(turns.map((turn) => [turn.role, turn.parts.map((part) => part.type)])).toEqual([
      ['user', ['text']],
      ['assistant', ['reasoning', 'text', 'tool-call', 'tool-call']],
      ['user', ['tool-result', 'tool-result']],
      ['assistant', ['text']],
    ]);
  });

  test('reasoning between parallel calls does not part them', () => {
    const turns = messages(USER, thought, call('a'), thought, call('b'), output('a'), output('b'));
    expect(turns.map((turn) => turn.role)).toEqual(['user', 'assistant', 'user']);
  });

  test('two messages in a row are two turns', () => {
    expect(messages(USER, said('One.'), said('Two.'), thought, said('Three.'))).toMatchObject([
      { role: 'user' },
      { parts: [text('One.')] },
      { parts: [text('Two.')] },
      { parts: [{ type: 'reasoning' }, text('Three.')] },
    ]);
  });

  test('a call, its id unpacked', () => {
    const signature = ownToken('gemini', 'SIGN');
    const wire = callIdToWire('a', signature);
    const args = (id: string) => ({ arguments: JSON.stringify({ id }) });
    const turns = messages({ ...call(wire), namespace: 'crm', ...args(wire) }, output(wire));
    expect(turns[0]?.parts).toEqual([
      { type: 'tool-call', id: 'a', name: 'crm__read', ...args('a'), kind: 'function', signature },
    ]);
    expect(turns[1]?.parts).toEqual([{ type: 'tool-result', callId: 'a', content: [text('done')] }]);
  });

  test('custom calls and their results', () => {
    const custom = { type: 'custom_tool_call', call_id: 'c', name: 'patch', input: '***' };
    const turns = messages(custom, { type: 'custom_tool_call_output', call_id: 'c', output: 'ok' });
    expect(turns[0]?.parts).toEqual([
      { type: 'tool-call', id: 'c', name: 'patch', arguments: '***', kind: 'custom' },
    ]);
    expect(turns[1]?.parts).toMatchObject([{ type: 'tool-result', callId: 'c' }]);
  });

  test('results in parts, and as other JSON', () => {
    const parts = [
      { type: 'input_text', text: 'a' },
      { type: 'input_image', image_url: 'data:image/png;base64,iVBO' },
    ];
    const [turn] = messages({ ...output('a'), output: parts }, { ...output('b'), output: { ok: true } });
    expect(turn?.parts).toMatchObject([
      { content: [{ type: 'text' }, { type: 'image' }] },
      { content: [text('{"ok":true}')] },
    ]);
  });

  test('the phase of a message stays with its text', () => {
    const [turn] = messages({ ...said('Hm'), phase: 'commentary' });
    expect(turn?.parts).toEqual([
      { ...text('Hm'), extension: { dialect: 'openai-responses', fields: { phase: 'commentary' } } },
    ]);
  });

  test('hosted calls are calls, other items are opaque, outputs among the results', () => {
    const search = {
      type: 'web_search_call',
      id: 'ws_1',
      status: 'completed',
      action: { type: 'search', query: 'q' },
    };
    const shell = {
      type: 'local_shell_call',
      id: 'ls_1',
      call_id: 'l',
      action: { type: 'exec', command: ['ls'] },
    };
    const result = { type: 'local_shell_call_output', id: 'ls_1', output: 'a.txt' };
    const turns = messages(search, shell, result);
    expect(turns[0]?.parts).toMatchObject([
      { type: 'tool-call', kind: 'server', name: 'web_search' },
      { type: 'opaque', name: 'local_shell_call', value: shell },
    ]);
    expect(turns[1]).toMatchObject({
      role: 'user',
      parts: [{ type: 'opaque', name: 'local_shell_call_output' }],
    });
  });
});

describe('reasoning items', () => {
  const part = (item: JsonObject) => messages({ type: 'reasoning', summary: [], ...item })[0]?.parts[0];

  test('own: the token holds id and content', () => {
    const signature = separateToken('openai-responses', '{"id":"rs_1","encrypted_content":"ENC"}');
    expect(part({ id: 'rs_1', encrypted_content: 'ENC' })).toEqual({
      type: 'reasoning',
      text: '',
      signature,
    });
  });

  test('without id, as Codex sends them', () => {
    const signature = separateToken('openai-responses', '{"encrypted_content":"ENC"}');
    const summary = [
      { type: 'summary_text', text: 'A' },
      { type: 'summary_text', text: 'B' },
    ];
    expect(part({ summary, content: null, encrypted_content: 'ENC' })).toEqual({
      type: 'reasoning',
      text: 'A\n\nB',
      signature,
    });
  });

  test("another dialect's token is that dialect's again", () => {
    expect(part({ encrypted_content: 'sluice:anthropic-messages:SIG' })).toEqual({
      type: 'reasoning',
      text: '',
      signature: ownToken('anthropic-messages', 'SIG'),
    });
    expect(part({ encrypted_content: 'sluice:anthropic-messages:DATA:redacted' })).toEqual({
      type: 'reasoning',
      text: '',
      redacted: ownToken('anthropic-messages', 'DATA'),
    });
  });

  test('raw reasoning of open models', () => {
    const content = [{ type: 'reasoning_text', text: 'raw' }];
    expect(part({ id: 'rs_1', content })).toEqual({
      type: 'reasoning',
      text: 'raw',
      signature: placeToken('openai-responses', '{"id":"rs_1","in_content":true}'),
    });
  });

  test('nothing but text has no token', () => {
    expect(part({ summary: [{ type: 'summary_text', text: 'A' }] })).toEqual({
      type: 'reasoning',
      text: 'A',
    });
  });

  test('an id that was made up here is no token, and is not what its provider encrypted under', () => {
    const id = itemId('rs', 'req1', 0);
    expect(part({ id, summary: [{ type: 'summary_text', text: 'A' }] })).toEqual({
      type: 'reasoning',
      text: 'A',
    });
    expect(part({ id, encrypted_content: 'ENC' })).toEqual({
      type: 'reasoning',
      text: '',
      signature: separateToken('openai-responses', '{"encrypted_content":"ENC"}'),
    });
  });
});

describe('tools', () => {
  test('of every kind', () => {
    const parameters = { type: 'object', properties: {} };
    const search = { type: 'web_search', search_context_size: 'low' };
    const { tools } = parse({
      tools: [
        { type: 'function', name: 'a', description: 'A', parameters, strict: true },
        { type: 'function', name: 'b', parameters: null, strict: null, defer_loading: false },
        {
          type: 'custom',
          name: 'patch',
          description: 'P',
          format: { type: 'grammar', syntax: 'lark', definition: 'x' },
        },
        { type: 'custom', name: 'free', format: { type: 'text' } },
        {
          type: 'namespace',
          name: 'crm',
          description: 'CRM',
          tools: [
            { type: 'function', name: 'find', parameters },
            { type: 'custom', name: 'note' },
          ],
        },
        search,
      ],
    });
    const namespace = (tool: string) => ({ name: 'crm', description: 'CRM', tool });
    expect(tools).toEqual([
      { type: 'function', name: 'a', description: 'A', parameters, strict: true },
      { type: 'function', name: 'b' },
      {
        type: 'custom',
        name: 'patch',
        description: 'P',
        format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'x' } },
      },
      { type: 'custom', name: 'free', format: { type: 'text' } },
      { type: 'function', name: 'crm__find', parameters, namespace: namespace('find') },
      { type: 'custom', name: 'crm__note', namespace: namespace('note') },
      {
        type: 'server',
        name: 'web_search',
        definition: { dialect: 'openai-responses', fields: search },
        search: { contextSize: 'low', others: [] },
      },
    ]);
  });

  test('a long name of both stays within 64 characters, and apart from others', () => {
    const group = {
      type: 'namespace',
      name: 'n'.repeat(50),
      tools: [
        { type: 'function', name: 'a'.repeat(40) },
        { type: 'function', name: `${'a'.repeat(39)}b` },
      ],
    };
    const names = parse({ tools: [group] }).tools.map((tool) => tool.name);
    expect(names.every((name) => name.length <= 64)).toBe(true);
    expect(new Set(names).size).toBe(2);
  });

  test.each<[JsonValue, unknown]>([
    ['auto', { type: 'auto' }],
    ['none', { type: 'none' }],
    ['required', { type: 'required' }],
    [
      { type: 'function', name: 'a' },
      { type: 'tool', name: 'a' },
    ],
    [
      { type: 'function', function: { name: 'a' } },
      { type: 'tool', name: 'a' },
    ],
    [
      { type: 'custom', name: 'patch' },
      { type: 'tool', name: 'patch' },
    ],
    [
      { type: 'function', name: 'find' },
      { type: 'tool', name: 'crm__find' },
    ],
  ])('choice %j', (choice, expected) => {
    const tools = [{ type: 'namespace', name: 'crm', tools: [{ type: 'function', name: 'find' }] }];
    const request = parse({ tools, tool_choice: choice });
    expect(request.toolChoice).toEqual(expected as never);
    expect(request.extension?.fields).toEqual({});
  });

  test.each<[string, JsonObject[], JsonObject]>([
    [
      'auto',
      [{ type: 'function', name: 'find' }, { type: 'web_search' }],
      { toolChoice: { type: 'auto' }, allowedTools: ['crm__find', 'web_search'] },
    ],
    [
      'required',
      [
        { type: 'custom', name: 'patch' },
        { type: 'function', name: 'find' },
      ],
      { toolChoice: { type: 'required' }, allowedTools: ['patch', 'crm__find'] },
    ],
    ['required', [{ type: 'custom', name: 'patch' }], { toolChoice: { type: 'tool', name: 'patch' } }],
  ])('allowed tools, %s: %j', (mode, allowed, expected) => {
    const group = { type: 'namespace', name: 'crm', tools: [{ type: 'function', name: 'find' }] };
    const tools = [group, { type: 'custom', name: 'patch' }, { type: 'web_search' }];
    const request = parse({ tools, tool_choice: { type: 'allowed_tools', mode, tools: allowed } });
    const { toolChoice, allowedTools, extension } = request;
    expect({ toolChoice, allowedTools } as unknown).toEqual(expected);
    expect(extension?.fields).toEqual({});
  });

  test('a hundred thousand allowed tools take no time out of proportion to their number', () => {
    // With a search through all tools for each of them, it would take minutes.
    const own = Array.from({ length: 100_000 }, (_, at) => ({ type: 'function', name: `f${at}` }));
    const tools = [{ type: 'namespace', name: 'crm', tools: own }];
    const { allowedTools } = parse({
      tools,
      tool_choice: { type: 'allowed_tools', mode: 'auto', tools: own },
    });
    expect(allowedTools).toEqual(own.map(({ name }) => `crm__${name}`));
  });

  test.each<JsonObject>([{ type: 'web_search_preview' }, { type: 'mcp', server_label: 's' }])(
    'choice %j is for this dialect alone',
    (choice) => {
      const request = parse({ tool_choice: choice });
      expect(request.toolChoice).toBeUndefined();
      expect(request.extension?.fields).toEqual({ tool_choice: choice });
    },
  );
});

describe('settings', () => {
  test('with a neutral word', () => {
    const request = parse({
      stream: true,
      parallel_tool_calls: false,
      max_output_tokens: 100,
      temperature: 0.5,
      top_p: 0.9,
      metadata: { a: 'b' },
      safety_identifier: 's',
      service_tier: 'flex',
      prompt_cache_key: 'k',
      reasoning: { effort: 'high', summary: 'auto' },
      text: {
        verbosity: 'low',
        format: { type: 'json_schema', name: 'n', schema: { type: 'object' }, strict: true },
      },
      store: false,
      include: ['reasoning.encrypted_content'],
      stream_options: { include_obfuscation: false },
      truncation: 'disabled',
      background: false,
      top_logprobs: 0,
      previous_response_id: null,
    });
    const { model: _, system: __, messages: ___, tools: ____, ...settings } = request;
    expect(settings).toEqual({
      stream: true,
      parallelToolCalls: false,
      maxOutputTokens: 100,
      temperature: 0.5,
      topP: 0.9,
      metadata: { a: 'b' },
      user: 's',
      serviceTier: 'flex',
      cacheKey: 'k',
      reasoning: { effort: 'high', summary: 'auto' },
      outputFormat: { type: 'json-schema', name: 'n', schema: { type: 'object' }, strict: true },
      verbosity: 'low',
      store: false,
      replaysReasoning: true,
      extension: { dialect: 'openai-responses', fields: {} },
    });
  });

  test('without one are kept under their own names', () => {
    const fields = {
      truncation: 'auto',
      // Without its `include` nobody knows what is meant.
      top_logprobs: 2,
      max_tool_calls: 3,
      store: true,
      include: ['file_search_call.results'],
      client_metadata: { a: 'b' },
      reasoning: { context: 'all' },
      text: { format: { type: 'grammar', syntax: 'lark' } },
    };
    const request = parse({ ...fields, include: [...fields.include, 'reasoning.encrypted_content'] });
    expect(request.extension?.fields).toEqual(fields);
  });

  test('log probabilities', () => {
    const request = parse({ include: ['message.output_text.logprobs'], top_logprobs: 2 });
    expect([request.logprobs, request.extension?.fields]).toEqual([{ top: 2 }, {}]);
    expect(parse({ include: ['message.output_text.logprobs'] }).logprobs).toEqual({});
  });

  test('text formats', () => {
    expect(parse({ text: { format: { type: 'text' } } }).outputFormat).toEqual({ type: 'text' });
    expect(parse({ text: { format: { type: 'json_object' } } }).outputFormat).toEqual({ type: 'json' });
  });
});

describe('tools that the conversation brings along', () => {
  const item = {
    type: 'additional_tools',
    role: 'developer',
    tools: [
      { type: 'namespace', name: 'functions', tools: [{ type: 'custom', name: 'exec' }] },
      { type: 'function', name: 'wait', parameters: { type: 'object' } },
    ],
  };
  const input = [item, USER];

  test('are tools as those of the request, and of two by one name the later counts', () => {
    const { tools, messages } = parse({ input, tools: [{ type: 'custom', name: 'wait' }] });
    expect(tools).toEqual([
      { type: 'function', name: 'wait', parameters: { type: 'object' } },
      {
        type: 'custom',
        name: 'functions__exec',
        namespace: { name: 'functions', tool: 'exec' },
      },
    ]);
    expect(messages).toHaveLength(1);
  });

  test('go back to a provider of this dialect in their item alone', () => {
    const own = { type: 'function', name: 'own', parameters: { type: 'object' } };
    for (const tools of [[], [own]]) {
      const request = parse({ input, tools, tool_choice: 'required', parallel_tool_calls: false });
      const { body, losses } = openaiResponses.provider.buildRequest(request, {
        model: 'm',
        quirks: {},
        settings: {},
        requestId: 'r',
      });
      expect(body.input).toMatchObject([item, { role: 'user' }]);
      expect(body.tools).toEqual(tools.length === 0 ? undefined : tools);
      expect(body).toMatchObject({ tool_choice: 'required', parallel_tool_calls: false });
      expect(body).not.toHaveProperty('additional_tools');
      expect(losses).toEqual([]);
    }
  });

  test('what is wrong with one is named by its place', () => {
    const bad = { ...item, tools: [{ type: 'function' }] };
    expect(() => parse({ input: [USER, bad] })).toThrow('input[1].tools[0].name');
  });
});

describe('what rests on another provider', () => {
  test.each<[string, JsonObject]>([
    ['previous_response_id', { previous_response_id: 'resp_1' }],
    ['conversation', { conversation: 'conv_1' }],
    ['prompt', { prompt: { id: 'pmpt_1' } }],
    ['background', { background: true }],
    ['prompt_cache_options.prewarm', { prompt_cache_options: { prewarm: true } }],
    ['input[1]', { input: [USER, { type: 'item_reference', id: 'msg_1' }] }],
    ['input[0]', { input: [{ type: 'compaction', encrypted_content: 'ENC' }, USER] }],
    ['input[1]', { input: [USER, { type: 'compaction_trigger' }] }],
  ])('%s binds the request', (field, fields) => {
    expect(parse(fields).boundTo).toMatchObject({ dialect: 'openai-responses', field });
  });

  test('needs no input of its own', () => {
    expect(parse({ input: null, previous_response_id: 'resp_1' }).messages).toEqual([]);
  });

  test('nothing of it, no binding', () => {
    const prompt_cache_options = { mode: 'explicit', prewarm: false };
    expect(parse({ previous_response_id: null, prompt_cache_options }).boundTo).toBeUndefined();
  });
});

describe('what is refused', () => {
  test.each<[string, JsonObject]>([
    ['model', { model: '' }],
    ['input', { input: null }],
    ['input', { input: 7 }],
    ['input[0]', { input: ['Hi'] }],
    ['input[0].type', { input: [{ content: 'Hi' }] }],
    ['input[0].role', { input: [{ role: 'tool', content: 'x' }] }],
    ['input[0].content', { input: [{ role: 'user' }] }],
    ['input[0].content[0].type', { input: [{ role: 'user', content: [{ text: 'x' }] }] }],
    ['input[0].content[0].text', { input: [{ role: 'user', content: [{ type: 'input_text' }] }] }],
    ['input[0].content[0]', { input: [{ role: 'user', content: [{ type: 'input_image' }] }] }],
    ['input[0].content[0]', { input: [{ role: 'user', content: [{ type: 'input_file' }] }] }],
    [
      'input[0].content[0].input_audio.data',
      { input: [{ role: 'user', content: [{ type: 'input_audio' }] }] },
    ],
    ['input[0].call_id', { input: [{ type: 'function_call', name: 'a', arguments: '{}' }] }],
    ['input[0].name', { input: [{ type: 'function_call', call_id: 'a', arguments: '{}' }] }],
    ['input[0].arguments', { input: [{ type: 'function_call', call_id: 'a', name: 'a', arguments: {} }] }],
    ['input[0].input', { input: [{ type: 'custom_tool_call', call_id: 'a', name: 'a' }] }],
    ['input[0].call_id', { input: [{ type: 'custom_tool_call_output', output: 'x' }] }],
    [
      'input[0].output[0].type',
      {
        input: [{ type: 'function_call_output', call_id: 'a', output: [{ type: 'refusal', refusal: 'x' }] }],
      },
    ],
    ['instructions', { instructions: 7 }],
    ['stream', { stream: 'yes' }],
    ['temperature', { temperature: 'hot' }],
    ['tools[0].type', { tools: [{ name: 'a' }] }],
    ['tools[0].name', { tools: [{ type: 'function' }] }],
    ['tools[0].tools[0].name', { tools: [{ type: 'namespace', name: 'n', tools: [{ type: 'function' }] }] }],
    ['tool_choice', { tool_choice: 'any' }],
    ['tool_choice', { tool_choice: 7 }],
    ['tool_choice.name', { tool_choice: { type: 'function' } }],
    ['text.format.schema', { text: { format: { type: 'json_schema', name: 'n' } } }],
    ['text.verbosity', { text: { verbosity: 1 } }],
    ['reasoning', { reasoning: 'high' }],
  ])('%s in %j', (path, fields) => {
    try {
      parse(fields);
      throw new Error('not refused');
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: 'invalid_request', status: 400, reason: { param: path } });
      expect(String(thrown)).toContain(`${path}: `);
    }
  });
});
