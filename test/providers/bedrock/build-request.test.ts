// Requests of clients of other dialects, as Converse gets them.
import { describe, expect, test } from 'bun:test';
import { PROVIDER_SIDES } from '../../../src/dialects/registry.ts';
import type { MediaSource, Part } from '../../../src/model/content.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { ownToken } from '../../../src/model/opaque-token.ts';
import type { Message, NeutralRequest } from '../../../src/model/request.ts';

const CLAUDE = 'anthropic.claude-sonnet-4-5-20250929-v1:0';
const NOVA = 'amazon.nova-pro-v1:0';
const LLAMA = 'us.meta.llama4-maverick-17b-instruct-v1:0';
const MISTRAL = 'mistral.mistral-large-2402-v1:0';
const GPT_OSS = 'openai.gpt-oss-120b-1:0';
const QWEN = 'qwen.qwen3-235b-a22b-2507-v1:0';

function build(request: Partial<NeutralRequest>, model = CLAUDE) {
  const { body, losses, answersWhole } = PROVIDER_SIDES['bedrock-converse'].buildRequest(
    { model: 'asked', stream: false, system: [], messages: [user(text('hi'))], tools: [], ...request },
    { model, quirks: {} },
  );
  return { body, answersWhole, lost: losses.map(({ feature, outcome }) => `${outcome} ${feature}`) };
}

/** What lies at a path of fields and indices. */
const at = (body: JsonObject, ...path: string[]) =>
  path.reduce<unknown>((place, step) => (place as Record<string, unknown> | undefined)?.[step], body);
const text = (said: string): Part => ({ type: 'text', text: said });
const user = (...parts: Part[]): Message => ({ role: 'user', parts });
const assistant = (...parts: Part[]): Message => ({ role: 'assistant', parts });
const system = (said: string): Message => ({ role: 'system', parts: [text(said)] });
const call = (id: string): Part => ({ type: 'tool-call', id, name: 'f', arguments: '{}', kind: 'function' });
const result = (callId: string): Part => ({
  type: 'tool-result',
  callId,
  content: [{ type: 'text', text: callId }],
});
const document = (more: Partial<Extract<Part, { type: 'document' }>> = {}): Part => ({
  type: 'document',
  source: { kind: 'base64', mediaType: 'application/pdf', data: 'QUJD' },
  ...more,
});

const FUNCTION = { type: 'function', name: 'f', parameters: { type: 'object', properties: {} } } as const;
const toolUse = (toolUseId: string) => ({ toolUse: { toolUseId, name: 'f', input: {} } });
const toolResult = (toolUseId: string) => ({ toolResult: { toolUseId, content: [{ text: toolUseId }] } });
const pdf = (name: string) => ({ document: { format: 'pdf', name, source: { bytes: 'QUJD' } } });

describe('a conversation', () => {
  const CASES: [string, Partial<NeutralRequest>, JsonObject, string[]][] = [
    [
      'with system messages in it',
      { messages: [system('Be brief.'), user(text('hi')), system('Now be long.')] },
      {
        system: [{ text: 'Be brief.' }],
        messages: [
          {
            role: 'user',
            content: [{ text: 'hi' }, { text: '<system-reminder>\nNow be long.\n</system-reminder>' }],
          },
        ],
      },
      ['approximated messages.system'],
    ],
    [
      'of a system prompt alone',
      { system: [{ type: 'text', text: 'Say hello.' }], messages: [] },
      { messages: [{ role: 'user', content: [{ text: 'Say hello.' }] }] },
      ['approximated messages.system'],
    ],
    [
      'of system messages alone',
      { system: [{ type: 'text', text: 'Be brief.' }], messages: [system('Say hello.')] },
      { system: [{ text: 'Be brief.' }], messages: [{ role: 'user', content: [{ text: 'Say hello.' }] }] },
      ['approximated messages.system'],
    ],
    [
      'with turns of one role in a row',
      {
        messages: [
          user(text('a')),
          user(text('b')),
          assistant(text('c')),
          assistant(text('d')),
          user(text('e')),
        ],
      },
      {
        messages: [
          { role: 'user', content: [{ text: 'a' }, { text: 'b' }] },
          { role: 'assistant', content: [{ text: 'c' }, { text: 'd' }] },
          { role: 'user', content: [{ text: 'e' }] },
        ],
      },
      [],
    ],
    [
      'whose results stand behind words',
      {
        messages: [
          user(text('a')),
          assistant(call('1'), call('2')),
          user(text('b'), result('1')),
          user(result('2')),
        ],
      },
      {
        messages: [
          { role: 'user', content: [{ text: 'a' }] },
          { role: 'assistant', content: [toolUse('1'), toolUse('2')] },
          { role: 'user', content: [toolResult('1'), toolResult('2'), { text: 'b' }] },
        ],
      },
      ['approximated tools'],
    ],
    [
      'with names of who speaks',
      { messages: [{ ...user(text('a')), name: 'Ann' }] },
      { messages: [{ role: 'user', content: [{ text: 'a' }] }] },
      ['lost name'],
    ],
    [
      'that the model begins, and that is gone on with',
      { messages: [assistant(text('a  '))] },
      {
        messages: [
          { role: 'user', content: [{ text: 'You speak first.' }] },
          { role: 'assistant', content: [{ text: 'a' }] },
        ],
      },
      ['approximated messages'],
    ],
    [
      'with a turn that says nothing',
      { messages: [user(text('a')), assistant(text(' ')), user(text('b'))] },
      { messages: [{ role: 'user', content: [{ text: 'a' }, { text: 'b' }] }] },
      [],
    ],
    [
      'with a document alone, and one beside words',
      { messages: [user(document()), assistant(text('a')), user(text('b'), document())] },
      {
        messages: [
          { role: 'user', content: [pdf('document 1'), { text: 'See the document.' }] },
          { role: 'assistant', content: [{ text: 'a' }] },
          { role: 'user', content: [{ text: 'b' }, pdf('document 2')] },
        ],
      },
      [],
    ],
  ];
  test.each(CASES)('%s', (_, request, expected, lost) => {
    const { body, lost: reported } = build(request);
    const { messages, system: said } = body;
    expect({ messages, ...(said !== undefined && { system: said }) }).toEqual(expected as never);
    expect(reported).toEqual(lost);
  });

  test('Mistral’s models get ids of nine letters or digits, the same for a call and its result', () => {
    const messages = [
      user(text('a')),
      assistant(call('tooluse_1-2'), call('abcdefgh9')),
      user(result('tooluse_1-2'), result('abcdefgh9')),
    ];
    const ids = (model: string) =>
      [...JSON.stringify(build({ messages }, model).body.messages).matchAll(/"toolUseId":"([^"]*)"/g)].map(
        ([, id]) => id,
      );
    const [first = '', ...others] = ids('us.mistral.ministral-3-14b-instruct');
    expect(first).toMatch(/^[a-zA-Z0-9]{9}$/);
    expect(others).toEqual(['abcdefgh9', first, 'abcdefgh9']);
    expect(ids(LLAMA)).toEqual(['tooluse_1-2', 'abcdefgh9', 'tooluse_1-2', 'abcdefgh9']);
  });

  test('models without system prompts hear it of the user, with what is asked of the format', () => {
    const asked: Partial<NeutralRequest> = {
      system: [{ type: 'text', text: 'Be brief.' }],
      outputFormat: { type: 'json' },
    };
    for (const model of [
      'mistral.mistral-7b-instruct-v0:2',
      'mistral.mixtral-8x7b-instruct-v0:1',
      'amazon.titan-text-express-v1',
    ]) {
      const { body, lost } = build(asked, model);
      expect(body).not.toHaveProperty('system');
      expect(body.messages).toMatchObject([
        {
          role: 'user',
          content: [{ text: 'Be brief.' }, { text: expect.stringContaining('JSON') }, { text: 'hi' }],
        },
      ]);
      expect(lost).toEqual(['approximated response_format', 'approximated messages.system']);
    }
    expect(build(asked, MISTRAL).body.system).toHaveLength(2);
  });

  test('a last turn of the model is as it was where another vendor’s reads it', () => {
    const { body } = build({ messages: [user(text('a')), assistant(text('b '))] }, NOVA);
    expect(body.messages).toMatchObject([{}, { content: [{ text: 'b ' }] }]);
  });

  test.each(['anthropic.claude-opus-4-6-v1', LLAMA])(
    'what refuses a last turn of its own is asked to go on, but not behind a call: %s',
    (model) => {
      const last = (...parts: Part[]) =>
        build({ messages: [user(text('a')), assistant(...parts)] }, model).body.messages;
      expect(last(text('b'))).toHaveLength(3);
      expect(JSON.stringify(last(text('b'), call('1')))).not.toContain('Continue your last');
    },
  );

  test.each([
    [CLAUDE, true],
    [NOVA, true],
    [MISTRAL, true],
    [GPT_OSS, false],
    [QWEN, false],
  ])('%s gets stop sequences: %p', (model, takes) => {
    const { body, lost } = build({ stopSequences: ['END'] }, model);
    expect(body.inferenceConfig).toEqual(
      (takes ? expect.objectContaining({ stopSequences: ['END'] }) : undefined) as never,
    );
    expect(lost).toEqual(takes ? [] : ['lost stop_sequences']);
  });

  test('white space at the end of what the user says stays', () => {
    const { body, lost } = build({ messages: [user(text('hi \n'))] });
    expect([body.messages, lost] as unknown).toEqual([[{ role: 'user', content: [{ text: 'hi \n' }] }], []]);
  });

  test('Claude gets none of white space, which it refuses', () => {
    const stops = { stopSequences: ['\n', 'END'] };
    const claude = build(stops);
    expect(claude.body.inferenceConfig).toMatchObject({ stopSequences: ['END'] });
    expect(claude.lost).toEqual(['lost stop']);
    expect(build(stops, NOVA)).toMatchObject({ body: { inferenceConfig: stops }, lost: [] });
  });
});

describe('tools', () => {
  const SPEC = { toolSpec: { name: 'f', inputSchema: { json: FUNCTION.parameters } } };
  const CALLED = [user(text('a')), assistant(call('1')), user(result('1'))];
  const CASES: [string, Partial<NeutralRequest>, JsonObject | undefined, string[]][] = [
    ['one', { tools: [FUNCTION] }, { tools: [SPEC] }, []],
    ['with an empty description', { tools: [{ ...FUNCTION, description: '' }] }, { tools: [SPEC] }, []],
    [
      'one that is forced',
      { tools: [FUNCTION], toolChoice: { type: 'tool', name: 'f' } },
      { tools: [SPEC], toolChoice: { tool: { name: 'f' } } },
      [],
    ],
    [
      'any that is forced',
      { tools: [FUNCTION], toolChoice: { type: 'required' } },
      { tools: [SPEC], toolChoice: { any: {} } },
      [],
    ],
    ['as the model likes', { tools: [FUNCTION], toolChoice: { type: 'auto' } }, { tools: [SPEC] }, []],
    [
      'none of those',
      { tools: [FUNCTION], toolChoice: { type: 'none' } },
      undefined,
      ['approximated tool_choice'],
    ],
    [
      'none of those, though one was called',
      { tools: [FUNCTION], toolChoice: { type: 'none' }, messages: CALLED },
      { tools: [SPEC, { cachePoint: { type: 'default' } }] },
      ['lost tool_choice'],
    ],
    ['none, and none chosen', { toolChoice: { type: 'none' }, parallelToolCalls: false }, undefined, []],
    ['none, though one was called', { messages: CALLED }, { tools: [SPEC] }, ['approximated tools']],
    ['one at a time', { tools: [FUNCTION], parallelToolCalls: false }, { tools: [SPEC] }, []],
    [
      'strict ones',
      { tools: [{ ...FUNCTION, strict: true }] },
      {
        tools: [
          {
            toolSpec: {
              name: 'f',
              inputSchema: { json: { ...FUNCTION.parameters, additionalProperties: false } },
              strict: true,
            },
          },
        ],
      },
      [],
    ],
    [
      'more strict ones than may be',
      { tools: Array.from({ length: 21 }, () => ({ ...FUNCTION, strict: true })) },
      {
        tools: [
          ...Array.from({ length: 20 }, () => ({ toolSpec: expect.objectContaining({ strict: true }) })),
          SPEC,
        ],
      },
      ['lost tools.strict'],
    ],
    ['without a schema', { tools: [{ type: 'function', name: 'f' }] }, { tools: [SPEC] }, []],
    [
      'with one that does not say that it is of an object',
      { tools: [{ ...FUNCTION, parameters: { properties: {} } }] },
      { tools: [SPEC] },
      [],
    ],
    [
      'of an older draft',
      {
        tools: [
          {
            ...FUNCTION,
            parameters: {
              ...FUNCTION.parameters,
              properties: { a: { type: 'number', minimum: 1, exclusiveMinimum: true } },
            },
          },
        ],
      },
      {
        tools: [
          {
            toolSpec: {
              name: 'f',
              inputSchema: {
                json: { type: 'object', properties: { a: { type: 'number', exclusiveMinimum: 1 } } },
              },
            },
          },
        ],
      },
      [],
    ],
    [
      'behind a cache point',
      { tools: [{ ...FUNCTION, cacheControl: {} }] },
      { tools: [SPEC, { cachePoint: { type: 'default' } }] },
      [],
    ],
    [
      'forced, of a model that thinks',
      {
        tools: [FUNCTION],
        toolChoice: { type: 'required' },
        reasoning: { mode: 'on', budgetTokens: 2_000 },
      },
      { tools: [SPEC], toolChoice: { any: {} } },
      ['lost thinking'],
    ],
  ];
  test.each(CASES)('%s', (_, request, expected, lost) => {
    const { body, lost: reported } = build(request);
    expect(body.toolConfig).toEqual(expected as never);
    expect(reported).toEqual(lost);
  });

  test('other vendors’ models are asked for no strict ones', () => {
    const { body, lost } = build({ tools: [{ ...FUNCTION, strict: true }] }, NOVA);
    expect(body.toolConfig).toEqual({ tools: [SPEC] });
    expect(lost).toEqual(['lost tools.strict']);
  });

  test('schemas go to other vendors’ models as they came', () => {
    const parameters = { type: 'object', anyOf: [{ required: ['a'] }, { required: ['b'] }] };
    const { body, lost } = build({ tools: [{ ...FUNCTION, parameters }] }, MISTRAL);
    expect(body.toolConfig).toEqual({
      tools: [{ toolSpec: { name: 'f', inputSchema: { json: parameters } } }],
    });
    expect(lost).toEqual([]);
  });

  const schemaFor = (parameters: JsonObject) => {
    const { body, lost } = build({ tools: [{ ...FUNCTION, parameters }] }, NOVA);
    return { json: at(body, 'toolConfig', 'tools', '0', 'toolSpec', 'inputSchema', 'json'), lost };
  };

  test('Nova gets no other keyword at the top of a schema, and definitions where they are referred to', () => {
    const node = { type: 'object', properties: { of: { $ref: '#/$defs/Place' } } };
    const parameters = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'Find',
      type: 'object',
      properties: { at: { $ref: '#/$defs/Node', description: 'where' }, again: { $ref: '#/$defs/Node' } },
      required: ['at'],
      $defs: { Node: node, Place: { type: 'string' } },
    };
    const inlined = { type: 'object', properties: { of: { type: 'string' } } };
    expect(schemaFor(parameters)).toEqual({
      json: {
        type: 'object',
        properties: { at: { ...inlined, description: 'where' }, again: inlined },
        required: ['at'],
      },
      lost: [],
    });
    expect(schemaFor({ ...FUNCTION.parameters, additionalProperties: false })).toEqual({
      json: FUNCTION.parameters,
      lost: ['approximated tools.parameters'],
    });
  });

  test('what refers to itself ends for Nova, and what refers to thousands of others', () => {
    const tree = { type: 'object', properties: { child: { $ref: '#/$defs/Tree' } } };
    const parameters = {
      type: 'object',
      properties: { tree: { $ref: '#/$defs/Tree' } },
      $defs: { Tree: tree },
    };
    expect(schemaFor(parameters)).toEqual({
      json: { type: 'object', properties: { tree: { type: 'object', properties: { child: {} } } } },
      lost: ['approximated tools.parameters'],
    });
    const doubling = Object.fromEntries(
      Array.from({ length: 40 }, (_, at) => {
        const next = { $ref: `#/$defs/D${at + 1}` };
        return [`D${at}`, { type: 'object', properties: { a: next, b: next } }];
      }),
    );
    const grown = schemaFor({
      ...FUNCTION.parameters,
      properties: { a: { $ref: '#/$defs/D0' } },
      $defs: doubling,
    });
    expect(JSON.stringify(grown.json).length).toBeLessThan(1_000_000);
  });

  test.each<[string, JsonObject | undefined, JsonObject | undefined, string[]]>([
    [NOVA, { any: {} }, { tool: { name: 'f' } }, []],
    [MISTRAL, { any: {} }, { any: {} }, ['approximated tool_choice']],
    [LLAMA, undefined, undefined, ['lost tool_choice']],
  ])('%s is forced to call in the ways that it takes', (model, any, named, lost) => {
    const choose = (toolChoice: NeutralRequest['toolChoice']) => {
      const { body, lost } = build({ tools: [FUNCTION], ...(toolChoice && { toolChoice }) }, model);
      return { choice: at(body, 'toolConfig', 'toolChoice'), lost };
    };
    expect(choose({ type: 'required' }).choice).toEqual(any as never);
    expect(choose({ type: 'tool', name: 'f' })).toEqual({ choice: named, lost });
  });

  const SINGLE = { disable_parallel_tool_use: true };

  test.each<[string, Partial<NeutralRequest>, JsonObject | undefined]>([
    ['as the model likes', {}, { type: 'auto', ...SINGLE }],
    // Amazon refuses the type in both places.
    ['forced', { toolChoice: { type: 'required' } }, SINGLE],
    [
      'that was to be forced',
      { toolChoice: { type: 'required' }, reasoning: { mode: 'on', budgetTokens: 2048 } },
      SINGLE,
    ],
    ['of none', { toolChoice: { type: 'none' } }, undefined],
    ['of tools that were called only', { tools: [], messages: CALLED }, undefined],
  ])('one call at a time, %s', (_, request, expected) => {
    const { body, lost } = build({ tools: [FUNCTION], parallelToolCalls: false, ...request });
    expect(at(body, 'additionalModelRequestFields', 'tool_choice')).toEqual(expected as never);
    expect(lost).not.toContain('lost parallel_tool_calls');
  });

  test.each<[string, boolean]>([
    ['us.anthropic.claude-opus-4-6-v1', true],
    ['anthropic.claude-opus-4-5-20251101-v1:0', true],
    ['eu.anthropic.claude-haiku-4-5-20251001-v1:0', true],
    ['anthropic.claude-opus-4-1-20250805-v1:0', false],
    ['us.anthropic.claude-sonnet-4-20250514-v1:0', false],
    ['us.anthropic.claude-3-7-sonnet-20250219-v1:0', false],
    [NOVA, false],
  ])('%s is told to make one call at a time: %p', (model, isTold) => {
    const { body, lost } = build({ tools: [FUNCTION], parallelToolCalls: false }, model);
    expect(at(body, 'additionalModelRequestFields', 'tool_choice') !== undefined).toBe(isTold);
    expect(lost).toEqual(isTold ? [] : ['lost parallel_tool_calls']);
    expect(build({ tools: [FUNCTION], parallelToolCalls: true }, model).body).not.toHaveProperty(
      'additionalModelRequestFields',
    );
  });

  const SEARCH: NeutralRequest['tools'][number] = {
    type: 'server',
    name: 'web_search',
    definition: { dialect: 'anthropic-messages', fields: {} },
    search: { others: [] },
  };
  const GROUNDING = { systemTool: { name: 'nova_grounding' } };
  const NOVA_2 = 'us.amazon.nova-2-lite-v1:0';

  test('a search is that of the models that have one', () => {
    for (const model of [NOVA_2, 'us.amazon.nova-premier-v1:0'])
      expect(build({ tools: [SEARCH, FUNCTION], toolChoice: { type: 'required' } }, model)).toMatchObject({
        body: { toolConfig: { tools: [GROUNDING, SPEC], toolChoice: { any: {} } } },
        lost: ['approximated tools.web_search'],
      });
    for (const model of [CLAUDE, NOVA, 'amazon.nova-premier-v1:0', 'eu.amazon.nova-2-lite-v1:0'])
      expect(build({ tools: [SEARCH] }, model).lost).toEqual(['lost tools.web_search']);
  });

  test('a search of some domains only is none, and no search can be forced', () => {
    const limited = { ...SEARCH, search: { allowedDomains: ['a.example'], others: [] } };
    expect(build({ tools: [limited] }, NOVA_2)).toMatchObject({ lost: ['lost tools.web_search'] });
    const { body, lost } = build({ tools: [SEARCH], toolChoice: { type: 'required' } }, NOVA_2);
    expect(body.toolConfig).toEqual({ tools: [GROUNDING] });
    expect(lost).toEqual(['approximated tools.web_search', 'lost tool_choice']);
  });

  test('a search is not sent where no tool may be called, though those called earlier must be', () => {
    const run: Part = { type: 'tool-call', id: '1', name: 'f', arguments: '{}', kind: 'function' };
    const messages = [user(text('hi')), assistant(run), user(result('1'))];
    const { body, lost } = build(
      { tools: [SEARCH, FUNCTION], messages, toolChoice: { type: 'none' } },
      NOVA_2,
    );
    expect(body.toolConfig).toEqual({ tools: [SPEC] });
    expect(lost).toEqual(['lost tool_choice']);
  });

  const claudes = (type: string, name: string, more: JsonObject = {}): NeutralRequest['tools'][number] => ({
    type: 'server',
    name,
    definition: { dialect: 'anthropic-messages', fields: { type, name, ...more } },
  });
  const BASH = claudes('bash_20250124', 'bash');
  const COMPUTER = claudes('computer_20250124', 'computer', {
    display_width_px: 1024,
    display_height_px: 768,
  });

  test('a shell, an editor and a computer go in Claude’s own words, with the beta that they need', () => {
    const { body, lost } = build({ tools: [FUNCTION, BASH, COMPUTER], parallelToolCalls: false });
    expect(body.toolConfig).toEqual({ tools: [SPEC] });
    expect(body.additionalModelRequestFields).toEqual({
      tools: [
        { type: 'bash_20250124', name: 'bash' },
        { type: 'computer_20250124', name: 'computer', display_width_px: 1024, display_height_px: 768 },
      ],
      anthropic_beta: ['computer-use-2025-01-24'],
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
    });
    expect(lost).toEqual([]);
    expect(build({ tools: [BASH] }, NOVA).lost).toEqual(['lost tools.bash']);
    const memory = claudes('memory_20250818', 'memory');
    expect(build({ tools: [memory] }).lost).toEqual(['lost tools.memory']);
  });

  test('how much of an answer was thinking is asked of Claude where it thinks', () => {
    const pathsOf = (request: Partial<NeutralRequest>, model?: string) =>
      build(request, model).body.additionalModelResponseFieldPaths;
    const reasoning = { mode: 'on', budgetTokens: 2_000 } as const;
    expect(pathsOf({ reasoning })).toEqual(['/usage/output_tokens_details']);
    expect(pathsOf({})).toBeUndefined();
    expect(pathsOf({}, 'anthropic.claude-opus-5')).toEqual(['/usage/output_tokens_details']);
    expect(pathsOf({ reasoning }, 'us.amazon.nova-2-lite-v1:0')).toBeUndefined();
  });

  test('such a tool alone stands beside one that is never called, also where it was called', () => {
    const run: Part = { type: 'tool-call', id: '1', name: 'bash', arguments: '{}', kind: 'function' };
    for (const messages of [[user(text('hi'))], [user(text('hi')), assistant(run), user(result('1'))]]) {
      const { body, lost } = build({ tools: [BASH], messages });
      expect(at(body, 'toolConfig', 'tools')).toMatchObject([{ toolSpec: { name: 'unused' } }]);
      expect(at(body, 'additionalModelRequestFields', 'tools')).toEqual([
        { type: 'bash_20250124', name: 'bash' },
      ]);
      expect(lost).toEqual([]);
    }
    const none = build({ tools: [BASH], toolChoice: { type: 'none' } });
    expect(none.body).not.toHaveProperty('toolConfig');
    expect(none.body).not.toHaveProperty('additionalModelRequestFields');
  });

  test('such a tool is chosen where it stands', () => {
    const toolChoice = { type: 'tool', name: 'bash' } as const;
    const asked = { tools: [FUNCTION, BASH], toolChoice };
    const { body, lost } = build(asked);
    expect(body.toolConfig).toEqual({ tools: [SPEC] });
    expect(at(body, 'additionalModelRequestFields', 'tool_choice')).toEqual(toolChoice);
    expect(lost).toEqual([]);
    const single = build({ ...asked, parallelToolCalls: false }).body;
    expect(at(single, 'additionalModelRequestFields', 'tool_choice')).toEqual({
      ...toolChoice,
      disable_parallel_tool_use: true,
    });
  });

  test.each([
    ['us.anthropic.claude-mythos-preview', { reasoning: { mode: 'on' } }],
    // They think whatever they are asked.
    ['us.anthropic.claude-opus-5-5', {}],
    ['us.anthropic.claude-fable-5-1', {}],
  ] as const)('%s, which thinks, cannot be made to call a tool, its own or another', (model, thinking) => {
    const choices = [
      { type: 'tool', name: 'bash' },
      { type: 'tool', name: 'f' },
      { type: 'required' },
    ] as const;
    for (const toolChoice of choices) {
      const { body, lost } = build({ tools: [FUNCTION, BASH], toolChoice, ...thinking }, model);
      expect(body.toolConfig).toEqual({ tools: [SPEC] });
      expect(at(body, 'additionalModelRequestFields')).not.toHaveProperty('tool_choice');
      expect(lost).toEqual(['approximated tool_choice']);
    }
  });

  test('such a tool alone is the one that must be called, not the one beside it', () => {
    const toolChoice = { type: 'required' } as const;
    const { body, lost } = build({ tools: [BASH], toolChoice });
    expect(at(body, 'toolConfig')).not.toHaveProperty('toolChoice');
    expect(at(body, 'additionalModelRequestFields', 'tool_choice')).toEqual({ type: 'tool', name: 'bash' });
    expect(lost).toEqual([]);
    const either = build({ tools: [FUNCTION, BASH], toolChoice }).body;
    expect(at(either, 'toolConfig', 'toolChoice')).toEqual({ any: {} });
    expect(at(either, 'additionalModelRequestFields')).not.toHaveProperty('tool_choice');
  });

  test('what streams no calls answers whole where there are tools, and only there', () => {
    for (const model of [LLAMA, MISTRAL, 'eu.mistral.pixtral-large-2502-v1:0', 'us.writer.palmyra-x5-v1:0']) {
      expect(build({ tools: [FUNCTION] }, model).answersWhole).toBe(true);
      expect(build({ messages: CALLED }, model).answersWhole).toBe(true);
      expect(build({}, model).answersWhole).toBeUndefined();
    }
    for (const model of [CLAUDE, NOVA, GPT_OSS, QWEN, 'mistral.mistral-large-3-675b-instruct'])
      expect(build({ tools: [FUNCTION] }, model).answersWhole).toBeUndefined();
  });
});

describe('models that refuse calls and results beside anything else', () => {
  const HISTORY = [
    user(text('hi')),
    assistant(text('I look.'), call('callnumb1'), call('callnumb2')),
    user(result('callnumb1'), result('callnumb2')),
    user(text('so')),
  ];
  const dots = { text: '…' };

  test.each([LLAMA, 'mistral.mistral-large-2407-v1:0'])('%s', (model) => {
    const { body, lost } = build({ messages: HISTORY, tools: [FUNCTION] }, model);
    expect(body.messages).toEqual([
      { role: 'user', content: [{ text: 'hi' }] },
      { role: 'assistant', content: [{ text: 'I look.' }] },
      { role: 'user', content: [dots] },
      { role: 'assistant', content: [toolUse('callnumb1'), toolUse('callnumb2')] },
      { role: 'user', content: [toolResult('callnumb1'), toolResult('callnumb2')] },
      { role: 'assistant', content: [dots] },
      { role: 'user', content: [{ text: 'so' }] },
    ]);
    expect(lost).toEqual(['approximated messages']);
    const alone = [user(text('hi')), assistant(call('callnumb1')), user(result('callnumb1'))];
    expect(build({ messages: alone, tools: [FUNCTION] }, model).lost).toEqual([]);
  });

  test('others take them together', () => {
    for (const model of [CLAUDE, NOVA]) {
      const { body } = build({ messages: HISTORY, tools: [FUNCTION] }, model);
      expect(body.messages).toMatchObject([{}, {}, {}]);
    }
  });
});

describe('thinking that is asked for', () => {
  const thought: Part = { type: 'reasoning', text: 'hm', signature: ownToken('bedrock-converse', 's') };
  const ASK = { reasoning: { mode: 'on', budgetTokens: 2_000 } } as const;
  test.each<[string, boolean, Message[]]>([
    ['is asked for behind an answer', true, [user(text('a')), assistant(text('b')), user(text('c'))]],
    [
      'not while a turn goes on that began without',
      false,
      [user(text('a')), assistant(call('1')), user(result('1'))],
    ],
    ['nor where the model is to go on with one', false, [user(text('a')), assistant(text('b'))]],
    [
      'where only an earlier turn began without',
      true,
      [
        user(text('a')),
        assistant(call('1')),
        user(result('1')),
        assistant(text('b')),
        user(text('c')),
        assistant(thought, call('2')),
        user(result('2')),
      ],
    ],
    ['where it began with some', true, [user(text('a')), assistant(thought, call('1')), user(result('1'))]],
    [
      'nor where only a later message of it thinks',
      false,
      [
        user(text('a')),
        assistant(call('1')),
        user(result('1')),
        assistant(thought, call('2')),
        user(result('2')),
      ],
    ],
  ])('%s', (_, thinks, messages) => {
    const { body, lost } = build({ ...ASK, messages });
    const thinking = { type: 'enabled', budget_tokens: 2_000 };
    expect(body.additionalModelRequestFields).toEqual((thinks ? { thinking } : undefined) as never);
    expect(lost.includes('lost thinking')).toBe(!thinks);
  });
});

describe('media', () => {
  const UNREADABLE = { text: '(an image of a kind that cannot be read here)' };
  const image = (source: MediaSource, detail?: 'auto' | 'high'): Part => ({
    type: 'image',
    source,
    ...(detail !== undefined && { detail }),
  });
  const base64 = (mediaType: string): MediaSource => ({ kind: 'base64', data: 'QUJD', mediaType });
  const url = (at: string, mediaType?: string): MediaSource => ({
    kind: 'url',
    url: at,
    ...(mediaType !== undefined && { mediaType }),
  });
  test.each<[string, Part, JsonObject, string[]]>([
    [
      'a type with a parameter',
      image(base64('IMAGE/PNG; charset=x')),
      { image: { format: 'png', source: { bytes: 'QUJD' } } },
      [],
    ],
    [
      'the detail that is usual',
      image(base64('image/gif'), 'auto'),
      { image: { format: 'gif', source: { bytes: 'QUJD' } } },
      [],
    ],
    [
      'another',
      image(base64('image/gif'), 'high'),
      { image: { format: 'gif', source: { bytes: 'QUJD' } } },
      ['lost detail'],
    ],
    ['a type that is not taken', image(base64('image/tiff')), UNREADABLE, ['lost image']],
    ['an address', image(url('https://a.test/a.png')), UNREADABLE, ['lost image.url']],
    [
      'a file',
      image({ kind: 'file', id: 'f', dialect: 'anthropic-messages' }),
      UNREADABLE,
      ['lost image.file'],
    ],
    [
      'a place in S3',
      image(url('s3://b/a.JPG')),
      { image: { format: 'jpeg', source: { s3Location: { uri: 's3://b/a.JPG' } } } },
      [],
    ],
    ['a place that says nothing of its type', image(url('s3://b/a')), UNREADABLE, ['lost image']],
    [
      'a place whose type is told',
      image(url('s3://b/a', 'image/webp')),
      { image: { format: 'webp', source: { s3Location: { uri: 's3://b/a' } } } },
      [],
    ],
    [
      'a document that is cited',
      document({ cites: true }),
      { document: { ...pdf('document 1').document, citations: { enabled: true } } },
      [],
    ],
    [
      'a text that is cited',
      document({ source: { kind: 'text', text: 'Grüße' }, cites: true }),
      {
        document: {
          format: 'txt',
          name: 'document 1',
          source: { text: 'Grüße' },
          citations: { enabled: true },
        },
      },
      [],
    ],
    [
      'a text in bytes that is cited',
      document({ source: { kind: 'base64', mediaType: 'text/plain', data: 'aGk=' }, cites: true }),
      {
        document: { format: 'txt', name: 'document 1', source: { text: 'hi' }, citations: { enabled: true } },
      },
      [],
    ],
    [
      'a table that cannot be cited',
      document({ source: { kind: 'base64', mediaType: 'text/csv', data: 'aGk=' }, cites: true }),
      { document: { format: 'csv', name: 'document 1', source: { bytes: 'aGk=' } } },
      ['lost citations'],
    ],
    [
      'JSON, which is a text',
      document({ source: { kind: 'base64', mediaType: 'application/json', data: 'e30=' } }),
      { document: { format: 'txt', name: 'document 1', source: { bytes: 'e30=' } } },
      [],
    ],
    ['its name', document({ name: 'A (b) [c]-1' }), pdf('A (b) [c]-1'), []],
    [
      'a name with other signs',
      document({ name: ' a_b.pdf' }),
      pdf('a b pdf'),
      ['approximated document.name'],
    ],
    [
      'a document at an address',
      document({ source: url('https://a.test/a.pdf') }),
      { text: '(a document of a kind that cannot be read here)' },
      ['lost document.url'],
    ],
    [
      'one of a type that is not taken',
      document({ source: base64('application/zip') }),
      { text: '(a document of a kind that cannot be read here)' },
      ['lost file'],
    ],
  ])('%s', (_, part, expected, lost) => {
    const { body, lost: reported } = build({ messages: [user(text('hi'), part)] });
    expect(body.messages).toEqual([{ role: 'user', content: [{ text: 'hi' }, expected] }]);
    expect(reported).toEqual(lost);
  });
});

describe('InvokeModel', () => {
  const invoke = (request: Partial<NeutralRequest>) => {
    const { body, losses } = PROVIDER_SIDES['bedrock-invoke'].buildRequest(
      { model: 'asked', stream: false, system: [], messages: [user(text('hi'))], tools: [], ...request },
      { model: CLAUDE, quirks: {} },
    );
    return { body, lost: losses.map(({ feature, outcome }) => `${outcome} ${feature}`) };
  };

  test('a search of another dialect is lost, and never sent as Anthropic’s own', () => {
    const { body, lost } = invoke({
      tools: [
        {
          type: 'server',
          name: 'web_search_preview',
          definition: { dialect: 'openai-responses', fields: { type: 'web_search_preview' } },
          search: { allowedDomains: ['a.test'], others: [] },
        },
      ],
    });
    expect(body).not.toHaveProperty('tools');
    expect(lost).toEqual(['lost tools.web_search_preview']);
  });

  test('a breakpoint of the cache behind all stands on the last block, unless that has its own', () => {
    const own: Part = { type: 'text', text: 'hi', cacheControl: { type: 'ephemeral', ttl: '1h' } };
    const last = (part: Part) =>
      invoke({ cacheControl: { type: 'ephemeral' }, messages: [user(text('a'), part)] }).body.messages;
    expect(last(text('b'))).toMatchObject([
      { content: [{ text: 'a' }, { text: 'b', cache_control: { type: 'ephemeral' } }] },
    ]);
    expect(last(own)).toMatchObject([
      { content: [{ text: 'a' }, { text: 'hi', cache_control: { type: 'ephemeral', ttl: '1h' } }] },
    ]);
  });
});

test('documents within results, and those of other vendors’ models, are not cited', () => {
  const cited = document({ cites: true }) as Extract<Part, { type: 'document' }>;
  const results: Message[] = [
    user(text('hi')),
    assistant(call('1')),
    user({ type: 'tool-result', callId: '1', content: [cited] }),
  ];
  const within = build({ messages: results, tools: [FUNCTION] });
  expect(JSON.stringify(within.body.messages)).toContain('"document"');
  expect(JSON.stringify(within.body)).not.toContain('citations');
  expect(within.lost).toEqual(['lost citations']);
  const nova = build({ messages: [user(cited, text('hi'))] }, NOVA);
  expect(JSON.stringify(nova.body)).not.toContain('citations');
  expect(nova.lost).toEqual(['lost citations']);
});

describe('videos', () => {
  const video = (source: MediaSource): Part => ({
    type: 'opaque',
    dialect: 'openai-chat',
    name: 'video_url',
    value: {},
    video: source,
  });
  const bytes = video({ kind: 'base64', mediaType: 'video/quicktime', data: 'QUJD' });
  const inS3 = video({ kind: 'url', url: 's3://b/a.3gp' });
  const watched = [
    { video: { format: 'mov', source: { bytes: 'QUJD' } } },
    { video: { format: 'three_gp', source: { s3Location: { uri: 's3://b/a.3gp' } } } },
  ];

  test.each([[NOVA], ['us.amazon.nova-2-lite-v1:0']])('are watched by %s', (model) => {
    const { body, lost } = build({ messages: [user(bytes, inS3, text('what is it?'))] }, model);
    expect(at(body, 'messages', '0', 'content')).toEqual([...watched, { text: 'what is it?' }]);
    expect(lost).toEqual([]);
  });

  test.each([
    [CLAUDE, bytes],
    ['amazon.nova-micro-v1:0', bytes],
    [NOVA, video({ kind: 'url', url: 'https://a.test/a.mp4' })],
    [NOVA, video({ kind: 'base64', mediaType: 'video/ogg', data: 'QUJD' })],
  ])('are named where %s cannot get them', (model, part) => {
    const { body, lost } = build({ messages: [user(part, text('what is it?'))] }, model);
    expect(at(body, 'messages', '0', 'content')).toEqual([{ text: 'what is it?' }]);
    expect(lost).toEqual(['lost video_url']);
  });
});

test('a breakpoint behind a text stays at Nova, whatever stands before it, and one behind an image is lost', () => {
  const image: Part = {
    type: 'image',
    source: { kind: 'base64', mediaType: 'image/png', data: 'QUJD' },
  };
  const mark = { cacheControl: { type: 'ephemeral' } };
  const point = { cachePoint: { type: 'default' } };
  const wire = { image: { format: 'png', source: { bytes: 'QUJD' } } };
  const sent = (...parts: Part[]) => {
    const { body, lost } = build({ messages: [user(...parts)] }, NOVA);
    return [at(body, 'messages', '0', 'content'), lost];
  };
  expect(sent(image, { type: 'text', text: 'a', ...mark })).toEqual([[wire, { text: 'a' }, point], []]);
  expect(sent(text('a'), { ...image, ...mark })).toEqual([[{ text: 'a' }, wire], ['lost cache_control']]);
});
