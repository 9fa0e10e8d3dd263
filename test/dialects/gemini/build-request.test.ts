// What a request of any dialect becomes for Gemini, and what is reported.
import { describe, expect, test } from 'bun:test';
import type { Quirks } from '../../../src/dialects/quirks.ts';
import { gemini } from '../../../src/dialects/gemini/index.ts';
import type { MediaSource, Part, ToolResultPart } from '../../../src/model/content.ts';
import { asArray, asObject, type JsonObject } from '../../../src/model/json/json.ts';
import { ownToken } from '../../../src/model/opaque-token.ts';
import type {
  Message,
  NeutralRequest,
  ReasoningSettings,
  ServerTool,
  ToolChoice,
} from '../../../src/model/request.ts';

const OWN = ownToken('gemini', 'sig');
const FOREIGN = ownToken('anthropic-messages', 'sig');
const HI: Message = { role: 'user', parts: [{ type: 'text', text: 'hi' }] };

function build(more: Partial<NeutralRequest>, model = 'gemini-2.5-flash', quirks: Quirks = {}) {
  const request = { model: 'asked', stream: true, system: [], messages: [HI], tools: [], ...more };
  const { body, losses } = gemini.provider.buildRequest(request, { model, quirks });
  return { body, losses, names: losses.map(({ feature, outcome }) => `${outcome} ${feature}`) };
}

const assistant = (...parts: Part[]): Message => ({ role: 'assistant', parts });
const user = (...parts: Part[]): Message => ({ role: 'user', parts });
const call = (id: string, more: Partial<Extract<Part, { type: 'tool-call' }>> = {}): Part => ({
  type: 'tool-call',
  id,
  name: 'f',
  arguments: '{"a":1}',
  kind: 'function',
  ...more,
});
const result = (callId: string, text: string, more: Partial<ToolResultPart> = {}): ToolResultPart => ({
  type: 'tool-result',
  callId,
  content: [{ type: 'text', text }],
  ...more,
});
const image = { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'QUJD' } } as const;

/** The parts of the contents, by content. */
function parts(messages: Message[], model?: string): unknown[][] {
  const { body } = build({ messages }, model);
  return (asArray(body.contents) ?? []).map((content) => asArray(asObject(content)?.parts) ?? []);
}

test('a system prompt alone is the user turn that must not be missing', () => {
  const system = [{ type: 'text', text: 'be' } as const, { type: 'text', text: 'write' } as const];
  const { body, names } = build({ system, messages: [] });
  expect(body).toEqual({
    contents: [{ role: 'user', parts: [{ text: 'write' }] }],
    systemInstruction: { parts: [{ text: 'be' }] },
  });
  expect(names).toEqual(['approximated messages.system']);
});

test('an empty system prompt is none', () => {
  expect(build({ system: [{ type: 'text', text: '' }] }).body.systemInstruction).toBeUndefined();
});

test('a small request', () => {
  expect(build({ system: [{ type: 'text', text: 'be' }], maxOutputTokens: 9, temperature: 0 })).toEqual({
    body: {
      contents: [{ role: 'user', parts: [{ text: 'hi' }] }],
      systemInstruction: { parts: [{ text: 'be' }] },
      generationConfig: { maxOutputTokens: 9, temperature: 0 },
    },
    losses: [],
    names: [],
  });
});

describe('contents', () => {
  test('a conversation that the model begins with a call, which Google refuses, is begun by the user', () => {
    const history = [assistant(call('a')), user(result('a', 'done')), HI];
    const { body, names } = build({ messages: history });
    const roles = (asArray(body.contents) ?? []).map((content) => asObject(content)?.role);
    expect(roles).toEqual(['user', 'model', 'user', 'user']);
    expect(asArray(body.contents)?.[0]).toEqual({ role: 'user', parts: [{ text: 'You speak first.' }] });
    expect(names).toEqual(['approximated messages']);
    // Its words may come first.
    const greeting = build({ messages: [assistant({ type: 'text', text: 'Hello.' }), HI] });
    expect(greeting.body.contents).toHaveLength(2);
    expect(greeting.names).toEqual([]);
  });

  test('turns of one side in a row are one, results before other content', () => {
    const messages = [
      HI,
      assistant({ type: 'text', text: 'I look.' }),
      assistant(call('a'), call('b', { name: 'g' })),
      user({ type: 'text', text: 'note' }, result('b', '2')),
      user(result('a', '1')),
    ];
    expect(build({ messages }).body.contents).toEqual([
      { role: 'user', parts: [{ text: 'hi' }] },
      {
        role: 'model',
        parts: [
          { text: 'I look.' },
          { functionCall: { id: 'a', name: 'f', args: { a: 1 } } },
          { functionCall: { id: 'b', name: 'g', args: { a: 1 } } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { id: 'a', name: 'f', response: { output: '1' } } },
          { functionResponse: { id: 'b', name: 'g', response: { output: '2' } } },
        ],
      },
      { role: 'user', parts: [{ text: 'note' }] },
    ]);
  });

  test('ids that were made up are left out again', () => {
    const [, calls, results] = parts([HI, assistant(call('gcall-r1-0')), user(result('gcall-r1-0', 'x'))]);
    expect([calls, results]).toEqual([
      [{ functionCall: { name: 'f', args: { a: 1 } } }],
      [{ functionResponse: { name: 'f', response: { output: 'x' } } }],
    ]);
  });

  // Claude Code sends them as its tools end. Without ids Gemini takes the first for the first call's.
  test('results come in the order of their calls, whichever ended first', () => {
    const ids = ['gcall-r1-0', 'gcall-r1-1', 'gcall-r1-2'];
    const [, , results] = parts([
      HI,
      assistant(...ids.map((id) => call(id))),
      user(result('gcall-r1-2', '2'), result('gcall-r1-0', '0'), result('gcall-r1-1', '1')),
      assistant(call('gcall-r2-0')),
      user(result('gcall-r2-0', '3')),
    ]);
    expect(results).toEqual(
      ['0', '1', '2'].map((output) => ({ functionResponse: { name: 'f', response: { output } } })),
    );
  });

  test('the result of no call of the turn before comes behind the others', () => {
    const messages = [
      HI,
      assistant(call('a'), call('b')),
      user(...['b', 'x', 'a'].map((id) => result(id, id))),
    ];
    expect(parts(messages)[2]).toEqual(
      ['a', 'b', 'x'].map((id) => ({
        functionResponse: expect.objectContaining({ id, response: { output: id } }),
      })),
    );
  });

  test.each<[string, Partial<ToolResultPart>, unknown]>([
    ['text', {}, { output: 'text' }],
    ['{"a":[1]}', {}, { a: [1] }],
    ['[1]', {}, { output: '[1]' }],
    ['boom', { isError: true }, { error: 'boom' }],
    ['{"code":3}', { isError: true }, { error: { code: 3 } }],
    ['a', { content: [] }, { output: '' }],
    [
      '',
      {
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      { output: 'a\n\nb' },
    ],
  ])('the result %s %j', (text, more, response) => {
    const [, , results] = parts([HI, assistant(call('a')), user(result('a', text, more))]);
    expect(results).toEqual([{ functionResponse: { id: 'a', name: 'f', response } }]);
  });

  test('a result with references goes as text: Google would look for images of those names', () => {
    const schema = '{"items": {"$ref" : "#/$defs/Item"}}';
    const [, , sent] = parts([HI, assistant(call('a')), user(result('a', schema))]);
    expect(sent).toEqual([{ functionResponse: { id: 'a', name: 'f', response: { output: schema } } }]);
    const [, , failed] = parts([HI, assistant(call('a')), user(result('a', schema, { isError: true }))]);
    expect(failed).toEqual([{ functionResponse: { id: 'a', name: 'f', response: { error: schema } } }]);
    // Within a text it is no reference.
    const quoted = JSON.stringify({ file: schema });
    const [, , read] = parts([HI, assistant(call('a')), user(result('a', quoted))]);
    expect(read).toMatchObject([{ functionResponse: { response: { file: schema } } }]);
  });

  test('images of kinds that Google refuses are reported as that, and named', () => {
    const unreadable = '(an image of a kind that cannot be read here)';
    const gif: Part = { type: 'image', source: { kind: 'base64', mediaType: 'image/GIF', data: 'QUJD' } };
    const there: Part = { type: 'image', source: { kind: 'url', url: 'https://x.test/a.gif' } };
    const { body, losses } = build({
      messages: [user(gif, there, image), assistant(call('a')), user(result('a', 'see', { content: [gif] }))],
    });
    expect(body.contents).toMatchObject([
      { parts: [{ text: unreadable }, { text: unreadable }, { inlineData: { mimeType: 'image/png' } }] },
      {},
      { parts: [{ functionResponse: { response: { output: unreadable } } }] },
    ]);
    const how = 'images are accepted as PNG, JPEG, WebP, HEIC or HEIF';
    expect(losses).toEqual([{ feature: 'image', outcome: 'lost', how }]);
  });

  test('a seed has 32 bits', () => {
    expect(build({ seed: -7 })).toMatchObject({ body: { generationConfig: { seed: -7 } }, names: [] });
    const long = build({ seed: 2 ** 32 + 5 });
    expect(long.body.generationConfig).toEqual({ seed: 5 });
    expect(long.names).toEqual(['approximated seed']);
  });

  test('a result may hold media from Gemini 3 on, before that they follow it', () => {
    const messages = [HI, assistant(call('a')), user(result('a', '', { content: [image] }))];
    const inlineData = { mimeType: 'image/png', data: 'QUJD' };
    const functionResponse = { id: 'a', name: 'f', response: { output: '' } };
    expect(parts(messages, 'gemini-3-flash-preview')[2]).toEqual([
      { functionResponse: { ...functionResponse, parts: [{ inlineData }] } },
    ]);
    expect(parts(messages).slice(2)).toEqual([[{ functionResponse }], [{ inlineData }]]);
    expect(build({ messages }).names).toEqual(['approximated tool_result.image']);
  });

  test('media by bytes, by address where the kind is known', () => {
    const url = (address: string, mediaType?: string): Part => ({
      type: 'image',
      source: { kind: 'url', url: address, ...(mediaType && { mediaType }) },
    });
    const messages = [
      user(
        image,
        { type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav', data: 'QUJD' } },
        { type: 'document', source: { kind: 'text', text: 'words' }, name: 'Book' },
        {
          type: 'document',
          source: { kind: 'base64', mediaType: 'application/pdf', data: 'QUJD' },
          name: 'Pdf',
        },
        url('https://x.test/a.JPG?size=1'),
        url('https://x.test/a', 'image/webp'),
        url('https://x.test/b'),
        { type: 'image', source: { kind: 'file', id: 'file-1', dialect: 'openai-responses' } },
      ),
    ];
    const { body, names } = build({ messages });
    expect(asObject(asArray(body.contents)?.[0])?.parts).toEqual([
      { inlineData: { mimeType: 'image/png', data: 'QUJD' } },
      { inlineData: { mimeType: 'audio/wav', data: 'QUJD' } },
      { text: 'Book\n\nwords' },
      { inlineData: { mimeType: 'application/pdf', data: 'QUJD' } },
      { fileData: { mimeType: 'image/jpeg', fileUri: 'https://x.test/a.JPG?size=1' } },
      { fileData: { mimeType: 'image/webp', fileUri: 'https://x.test/a' } },
    ]);
    expect(names).toEqual([
      'approximated document',
      'lost document.name',
      'lost image.url',
      'lost image.file_id',
    ]);
  });

  test('an image has the media type that the standards know, sound its parameters', () => {
    const sent = (type: 'image' | 'audio', mediaType: string) =>
      parts([user({ type, source: { kind: 'base64', mediaType, data: 'QUJD' } })])[0];
    expect(sent('image', 'image/jpg')).toEqual([{ inlineData: { mimeType: 'image/jpeg', data: 'QUJD' } }]);
    expect(sent('audio', 'audio/L16;rate=24000')).toEqual([
      { inlineData: { mimeType: 'audio/L16;rate=24000', data: 'QUJD' } },
    ]);
  });

  test('an instruction in the middle becomes user text', () => {
    const { body, names } = build({
      messages: [HI, { role: 'system', parts: [{ type: 'text', text: 'now' }] }],
    });
    expect(body.contents).toEqual([{ role: 'user', parts: [{ text: 'hi' }, { text: 'now' }] }]);
    expect(names).toEqual(['approximated messages.system']);
  });

  test('arguments that are no object, and free text', () => {
    const messages = [
      HI,
      assistant(call('a', { arguments: '[1]' }), call('b', { kind: 'custom', arguments: 'ls' })),
    ];
    expect(parts(messages)[1]).toMatchObject([
      { functionCall: { args: { arguments: '[1]' } } },
      { functionCall: { args: { input: 'ls' } } },
    ]);
    expect(build({ messages }).names).toEqual([
      'approximated tool_calls.arguments',
      'approximated tools.custom',
    ]);
  });

  test("another dialect's video is one here, where its type or its page is known", () => {
    const parted = (video: MediaSource) => {
      const value = { type: 'video_url' };
      const part = { type: 'opaque', dialect: 'openai-chat', name: 'video_url', value, video } as const;
      const messages = [user({ type: 'text', text: 'a' }, part)];
      return [parts(messages)[0]?.slice(1), build({ messages }).names];
    };
    expect(parted({ kind: 'base64', mediaType: 'video/mp4', data: 'AAAA' })).toEqual([
      [{ inlineData: { mimeType: 'video/mp4', data: 'AAAA' } }],
      [],
    ]);
    const page = 'https://www.youtube.com/watch?v=9hE5-98ZeCg';
    expect(parted({ kind: 'url', url: page })).toEqual([[{ fileData: { fileUri: page } }], []]);
    const fileUri = 'https://a.example/b.webm?c';
    expect(parted({ kind: 'url', url: fileUri })).toEqual([
      [{ fileData: { mimeType: 'video/webm', fileUri } }],
      [],
    ]);
    expect(parted({ kind: 'url', url: 'https://a.example/b' })).toEqual([[], ['lost video_url']]);
  });

  test("parts of another dialect's own are lost by name", () => {
    const messages = [
      user({ type: 'opaque', dialect: 'anthropic-messages', name: 'container_upload', value: {} }),
      assistant(
        call('s', { kind: 'server', name: 'web_search' }),
        { type: 'server-tool-result', callId: 's', dialect: 'anthropic-messages', value: {} },
        { type: 'text', text: 'a', cacheControl: { type: 'ephemeral' } },
      ),
    ];
    expect(build({ messages }).names).toEqual([
      'lost container_upload',
      'lost tools.web_search',
      'lost cache_control',
    ]);
  });
});

describe('signatures', () => {
  const seal: Part = { type: 'reasoning', text: '', signature: OWN };
  const text: Part = { type: 'text', text: 'a' };
  const signed = { text: 'a', thoughtSignature: 'sig' };

  test.each<[string, Part[], unknown[]]>([
    ['a seal goes onto the text before it', [text, seal], [signed]],
    ['a seal in front goes onto the text behind it', [seal, text], [signed]],
    [
      'a seal behind a thought in front too',
      [{ type: 'reasoning', text: 'hm' }, seal, text],
      [{ text: 'hm', thought: true }, signed],
    ],
    [
      'a seal of an image is not that of the text in front of it',
      [text, image, seal],
      [{ text: 'a' }, { inlineData: { mimeType: 'image/png', data: 'QUJD' }, thoughtSignature: 'sig' }],
    ],
    [
      'a seal with nothing to seal stands alone',
      [seal, call('a')],
      [{ text: '', thoughtSignature: 'sig' }, { functionCall: { id: 'a', name: 'f', args: { a: 1 } } }],
    ],
    ['one seal for one text', [text, seal, seal], [signed, { text: '', thoughtSignature: 'sig' }]],
    [
      'a signed thought',
      [{ type: 'reasoning', text: 'hm', signature: OWN }],
      [{ text: 'hm', thought: true, thoughtSignature: 'sig' }],
    ],
    [
      'a signed call',
      [call('a', { signature: OWN })],
      [{ functionCall: { id: 'a', name: 'f', args: { a: 1 } }, thoughtSignature: 'sig' }],
    ],
  ])('%s', (_, given, expected) => {
    expect(parts([HI, assistant(...given)])[1]).toEqual(expected);
  });

  test("another provider's reasoning is not for Gemini", () => {
    const messages = [
      HI,
      assistant(
        { type: 'reasoning', text: 'hm', signature: FOREIGN },
        { type: 'reasoning', text: '', redacted: FOREIGN },
        text,
        call('a', { signature: FOREIGN }),
      ),
    ];
    expect(parts(messages)[1]).toEqual([
      { text: 'a' },
      { functionCall: { id: 'a', name: 'f', args: { a: 1 } } },
    ]);
    expect(build({ messages }).names).toEqual(['lost reasoning']);
  });

  test('from Gemini 3 on the first call of a step must be signed: the documented stand-in does it', () => {
    const messages = [
      HI,
      assistant(call('a'), call('b')),
      user(result('a', '1'), result('b', '2')),
      assistant(call('c', { signature: OWN })),
      user(result('c', '3')),
      assistant(call('d')),
    ];
    const signatures = (model: string) =>
      parts(messages, model).flatMap((each) =>
        each.flatMap((part) => {
          const { functionCall, thoughtSignature } = part as JsonObject;
          return functionCall === undefined ? [] : [thoughtSignature];
        }),
      );
    const skip = 'skip_thought_signature_validator';
    expect(signatures('gemini-3-pro-preview')).toEqual([skip, undefined, 'sig', skip]);
    expect(signatures('gemini-flash-latest')).toEqual([skip, undefined, 'sig', skip]);
    expect(signatures('gemini-2.5-pro')).toEqual([undefined, undefined, 'sig', undefined]);
    expect(build({ messages }, 'gemini-3-pro-preview').names).toEqual(['approximated thought_signature']);
  });
});

describe('tools', () => {
  const parameters = { type: 'object', properties: { a: { const: 1 } }, $schema: 'x' };

  test('functions keep their JSON Schema', () => {
    const tools = [{ type: 'function' as const, name: 'f', description: 'd', parameters }];
    expect(build({ tools }).body.tools).toEqual([
      { functionDeclarations: [{ name: 'f', description: 'd', parametersJsonSchema: parameters }] },
    ]);
  });

  test.each<[string, JsonObject, JsonObject]>([
    [
      'definitions of an older draft',
      {
        properties: { a: { $ref: '#/definitions/A' }, b: { $ref: '#/$defs/A' } },
        definitions: { A: { type: 'object', properties: { again: { $ref: '#/definitions/A' } } } },
        $defs: { A: { type: 'string' } },
      },
      {
        properties: { a: { $ref: '#/$defs/A_2' }, b: { $ref: '#/$defs/A' } },
        $defs: {
          A: { type: 'string' },
          A_2: { type: 'object', properties: { again: { $ref: '#/$defs/A_2' } } },
        },
      },
    ],
    [
      'a schema where it was used first',
      { properties: { a: { type: 'string' }, b: { items: { $ref: '#/properties/a' } } } },
      {
        properties: { a: { type: 'string' }, b: { items: { $ref: '#/$defs/a' } } },
        $defs: { a: { type: 'string' } },
      },
    ],
    [
      'the whole',
      { properties: { child: { $ref: '#' } } },
      {
        properties: { child: { $ref: '#/$defs/root' } },
        $defs: { root: { type: 'object', properties: { child: { $ref: '#/$defs/root' } } } },
      },
    ],
    ['nothing', { properties: { a: { $ref: '#/nowhere' } } }, { properties: { a: { $ref: '#/nowhere' } } }],
  ])('a reference to %s is one to a definition', (_, given, expected) => {
    const tools = [{ type: 'function' as const, name: 'f', parameters: { type: 'object', ...given } }];
    expect(build({ tools }).body.tools).toEqual([
      { functionDeclarations: [{ name: 'f', parametersJsonSchema: { type: 'object', ...expected } }] },
    ]);
  });

  test('thousands of references that end alike, each leading to the next, take neither the stack nor the time', () => {
    const count = 20_000;
    const next = (at: number) => ({
      type: 'array',
      items: { items: { $ref: `#/properties/p${at + 1}/items` } },
    });
    const places = Array.from({ length: count }, (_, at): [string, JsonObject] => [`p${at}`, next(at)]);
    const properties = { ...Object.fromEntries(places), [`p${count}`]: { items: { type: 'string' } } };
    const parameters = { $defs: { start: { $ref: '#/properties/p0/items' } }, type: 'object', properties };
    const { body } = build({ tools: [{ type: 'function', name: 'f', parameters }] });
    expect(JSON.stringify(body.tools)).toContain(`"items_${count}":`);
  });

  test('the schemas of all tools together are bounded where references are resolved', () => {
    const below = (at: number) => ({ $ref: `#/$defs/d${at + 1}` });
    const nested = (at: number) => ({ type: 'object', properties: { a: below(at), b: below(at) } });
    const $defs = Object.fromEntries(Array.from({ length: 15 }, (_, at) => [`d${at}`, nested(at)]));
    const parameters = { type: 'object', properties: { a: { $ref: '#/$defs/d0' } }, $defs };
    const tools = ['a', 'b', 'c', 'd'].map((name) => ({ type: 'function' as const, name, parameters }));
    const { body } = build({ tools }, 'gemini-2.0-flash', { schemaSubset: true });
    expect(JSON.stringify(body).split('"type":').length).toBeLessThan(60_000);
  });

  test('or get a cleaned one where the server takes no other', () => {
    const tools = [
      { type: 'function' as const, name: 'f', parameters },
      { type: 'function' as const, name: 'g', parameters: { type: 'object', properties: {} } },
    ];
    const { body, losses } = build({ tools }, 'gemini-2.0-flash', { schemaSubset: true });
    expect(body.tools).toEqual([
      {
        functionDeclarations: [
          {
            name: 'f',
            parameters: { type: 'OBJECT', properties: { a: { type: 'NUMBER', description: '(one of: 1)' } } },
          },
          { name: 'g' },
        ],
      },
    ]);
    expect(losses).toEqual([
      {
        feature: 'tools.parameters',
        outcome: 'approximated',
        how: 'schema keywords expressed differently: const',
      },
    ]);
  });

  test('of other kinds', () => {
    const { body, names } = build({
      tools: [
        {
          type: 'server',
          name: 'googleSearch',
          definition: { dialect: 'gemini', fields: { googleSearch: {} } },
        },
        { type: 'server', name: 'web_search', definition: { dialect: 'anthropic-messages', fields: {} } },
        { type: 'custom', name: 'sh', format: { type: 'grammar' } },
        { type: 'function', name: 'f', strict: true, cacheControl: { type: 'ephemeral' } },
      ],
    });
    expect(body.tools).toEqual([
      { googleSearch: {} },
      {
        functionDeclarations: [
          {
            name: 'sh',
            parametersJsonSchema: expect.objectContaining({ required: ['input'] }),
          },
          { name: 'f' },
        ],
      },
    ]);
    expect(names).toEqual([
      'lost tools.web_search',
      'approximated tools.custom',
      'lost tools.custom.format',
      'lost cache_control',
      'lost tools.strict',
    ]);
  });

  test.each<[ToolChoice, unknown]>([
    [{ type: 'auto' }, { mode: 'AUTO' }],
    [{ type: 'none' }, { mode: 'NONE' }],
    [{ type: 'required' }, { mode: 'ANY' }],
    [
      { type: 'tool', name: 'f' },
      { mode: 'ANY', allowedFunctionNames: ['f'] },
    ],
  ])('the choice %j', (toolChoice, functionCallingConfig) => {
    const tools = [{ type: 'function' as const, name: 'f' }];
    expect(build({ tools, toolChoice }).body.toolConfig).toEqual({ functionCallingConfig } as JsonObject);
    const without = build({ toolChoice });
    expect(without.body.toolConfig).toBeUndefined();
    const isDemand = toolChoice.type === 'required' || toolChoice.type === 'tool';
    expect(without.names).toEqual(isDemand ? ['lost tool_choice'] : []);
  });
});

test('a server of the subset gets arguments as one object, whatever the schema says', () => {
  const parametersOf = (parameters: JsonObject) => {
    const tools = [{ type: 'function' as const, name: 'f', parameters }];
    const { body, names } = build({ tools }, 'gemini-3.8-flash', { schemaSubset: true });
    const [declared] = asArray(asObject(asArray(body.tools)?.[0])?.functionDeclarations) ?? [];
    return [asObject(declared)?.parameters, names];
  };
  const [a, b] = ['a', 'b'].map((name) => ({ type: 'object', properties: { [name]: { type: 'string' } } }));
  const merged = { type: 'OBJECT', properties: { a: { type: 'STRING' }, b: { type: 'STRING' } } };
  expect(parametersOf({ anyOf: [a ?? {}, b ?? {}] })).toEqual([merged, ['approximated tools.parameters']]);
  expect(parametersOf({ $ref: '#/$defs/U', $defs: { U: { anyOf: [a ?? {}, b ?? {}] } } })[0]).toEqual(merged);
  expect(parametersOf({ type: ['object', 'null'], properties: { a: { type: 'string' } } })).toEqual([
    { type: 'OBJECT', properties: { a: { type: 'STRING' } } },
    [],
  ]);
  expect(parametersOf({})).toEqual([undefined, []]);
});

describe('tools of which only some may be called', () => {
  const f = { type: 'function' as const, name: 'f' };
  const g = { type: 'function' as const, name: 'g' };
  const search: ServerTool = {
    type: 'server',
    name: 'googleSearch',
    definition: { dialect: 'gemini', fields: { googleSearch: {} } },
  };
  const declared = (body: JsonObject) =>
    asArray(body.tools)?.flatMap((tool) => {
      const functions = asArray(asObject(tool)?.functionDeclarations)?.map((each) => asObject(each)?.name);
      return functions ?? Object.keys(asObject(tool) ?? {});
    });

  test('are named in the list, where it can name them', () => {
    const { body, names } = build({ tools: [f, g], toolChoice: { type: 'auto' }, allowedTools: ['f'] });
    expect(declared(body)).toEqual(['f', 'g']);
    expect(body.toolConfig as unknown).toEqual({
      functionCallingConfig: { mode: 'VALIDATED', allowedFunctionNames: ['f'] },
    });
    expect(names).toEqual([]);
  });

  test.each<[string, Partial<NeutralRequest>, Quirks, string[]]>([
    ['Google Cloud, which does not document the mode', { tools: [f, g] }, { cloudMethods: true }, ['f']],
    ['a server of the subset, likewise', { tools: [f, g] }, { schemaSubset: true }, ['f']],
    ['a tool of Google that is not allowed', { tools: [f, g, search] }, {}, ['f']],
  ])('are the only ones that are declared: %s', (_, request, quirks, expected) => {
    const asked = { toolChoice: { type: 'auto' } as const, allowedTools: ['f'], ...request };
    const { body, names } = build(asked, 'gemini-2.5-flash', quirks);
    expect(declared(body)).toEqual(expected);
    expect(JSON.stringify(body.toolConfig ?? null)).not.toContain('allowedFunctionNames');
    expect(names).toContain('approximated tool_choice');
  });

  test('are none, beside all that Google runs, by the mode that says so', () => {
    const asked = {
      tools: [f, search],
      toolChoice: { type: 'auto' } as const,
      allowedTools: ['googleSearch'],
    };
    const { body, names } = build(asked, 'gemini-3-pro-preview');
    expect(declared(body)?.toSorted()).toEqual(['f', 'googleSearch']);
    expect(body.toolConfig as unknown).toEqual({ functionCallingConfig: { mode: 'NONE' } });
    expect(names).toEqual([]);
  });

  test('are named everywhere where a call is required', () => {
    const required = { tools: [f, g], toolChoice: { type: 'required' } as const, allowedTools: ['f'] };
    for (const quirks of [{}, { cloudMethods: true }, { schemaSubset: true }]) {
      const { body } = build(required, 'gemini-2.5-flash', quirks);
      expect(declared(body)).toEqual(['f', 'g']);
      expect(body.toolConfig as unknown).toEqual({
        functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['f'] },
      });
    }
  });
});

describe('thinking', () => {
  const config = (reasoning: ReasoningSettings, model: string) => {
    const { body, losses } = build({ reasoning }, model);
    const how = losses.map((loss) => `${loss.feature}: ${loss.how}`);
    return [asObject(asObject(body.generationConfig)?.thinkingConfig), ...how];
  };
  const shown = { includeThoughts: true };

  test.each<[string, ReasoningSettings, unknown[]]>([
    // By level.
    ['gemini-3-pro-preview', { effort: 'low' }, [{ ...shown, thinkingLevel: 'LOW' }]],
    [
      'gemini-3-pro-preview',
      { effort: 'medium' },
      [{ ...shown, thinkingLevel: 'HIGH' }, 'reasoning_effort: high'],
    ],
    ['gemini-3.1-pro-preview', { effort: 'medium' }, [{ ...shown, thinkingLevel: 'MEDIUM' }]],
    ['gemini-3-flash-preview', { effort: 'minimal' }, [{ ...shown, thinkingLevel: 'MINIMAL' }]],
    [
      'gemini-3-pro-preview',
      { effort: 'max' },
      [{ ...shown, thinkingLevel: 'HIGH' }, 'reasoning_effort: high'],
    ],
    [
      'gemini-3-flash-preview',
      { mode: 'off' },
      [{ thinkingLevel: 'MINIMAL' }, 'thinking: the model always thinks: set to the minimum'],
    ],
    [
      'gemini-3-pro-preview',
      { effort: 'none' },
      [{ thinkingLevel: 'LOW' }, 'reasoning_effort: the model always thinks: set to the minimum'],
    ],
    // Flash takes no MINIMAL since 3.7, Flash-Lite does; models of images take the ends of the scale.
    ...['gemini-3.7-flash', 'gemini-3.8-flash', 'models/gemini-flash-latest'].flatMap(
      (model): [string, ReasoningSettings, unknown[]][] => [
        [model, { effort: 'minimal' }, [{ ...shown, thinkingLevel: 'LOW' }, 'reasoning_effort: low']],
        [
          model,
          { mode: 'off' },
          [{ thinkingLevel: 'LOW' }, 'thinking: the model always thinks: set to the minimum'],
        ],
      ],
    ),
    ['gemini-3.6-flash', { effort: 'minimal' }, [{ ...shown, thinkingLevel: 'MINIMAL' }]],
    ['gemini-flash-lite-latest', { effort: 'minimal' }, [{ ...shown, thinkingLevel: 'MINIMAL' }]],
    [
      'gemini-3.1-flash-image',
      { effort: 'medium' },
      [{ ...shown, thinkingLevel: 'HIGH' }, 'reasoning_effort: high'],
    ],
    ['gemini-3-flash-preview', { mode: 'on', budgetTokens: 5_000 }, [{ ...shown, thinkingBudget: 5_000 }]],
    ['gemini-3-flash-preview', { mode: 'adaptive' }, [shown]],
    // Budgets are refused since 4, and two of its models have a level above the others.
    ...([1_024, 8_192, 31_999] as const).map((budgetTokens, at): [string, ReasoningSettings, unknown[]] => {
      const level = ['LOW', 'MEDIUM', 'HIGH'][at];
      const how = `thinking.budget_tokens: level \`${level}\``;
      return ['gemini-4-argon', { mode: 'on', budgetTokens }, [{ ...shown, thinkingLevel: level }, how]];
    }),
    ['gemini-4-neon', { mode: 'on' }, [shown]],
    ['gemini-4-neon', { effort: 'xhigh' }, [{ ...shown, thinkingLevel: 'XHIGH' }]],
    [
      'models/gemini-4-hydrogen',
      { effort: 'max' },
      [{ ...shown, thinkingLevel: 'XHIGH' }, 'reasoning_effort: xhigh'],
    ],
    ['gemini-4-carbon', { effort: 'xhigh' }, [{ ...shown, thinkingLevel: 'HIGH' }, 'reasoning_effort: high']],
    [
      'gemini-4-argon',
      { mode: 'off' },
      [{ thinkingLevel: 'LOW' }, 'thinking: the model always thinks: set to the minimum'],
    ],
    // By budget.
    [
      'gemini-2.5-pro',
      { effort: 'medium' },
      [{ ...shown, thinkingBudget: 8_192 }, 'reasoning_effort: a budget of 8192 tokens'],
    ],
    [
      'gemini-2.5-flash',
      { effort: 'max' },
      [{ ...shown, thinkingBudget: 24_576 }, 'reasoning_effort: a budget of 24576 tokens'],
    ],
    ['gemini-2.5-flash', { mode: 'on', budgetTokens: 2_000 }, [{ ...shown, thinkingBudget: 2_000 }]],
    [
      'gemini-2.5-flash',
      { mode: 'on', budgetTokens: 60_000 },
      [
        { ...shown, thinkingBudget: 24_576 },
        'thinking.budget_tokens: 24576, the nearest that the model accepts',
      ],
    ],
    [
      'gemini-2.5-flash-lite',
      { mode: 'on', budgetTokens: 100 },
      [{ ...shown, thinkingBudget: 512 }, 'thinking.budget_tokens: 512, the nearest that the model accepts'],
    ],
    ['gemini-2.5-flash', { mode: 'off' }, [{ thinkingBudget: 0 }]],
    [
      'gemini-2.5-pro',
      { mode: 'off' },
      [{ thinkingBudget: 128 }, 'thinking: the model always thinks: set to the minimum'],
    ],
    ['gemini-2.5-pro', { mode: 'adaptive' }, [{ ...shown, thinkingBudget: -1 }]],
    ['gemini-2.5-pro', { mode: 'adaptive', summary: 'omitted' }, [{ thinkingBudget: -1 }]],
    ['gemini-2.5-pro', { summary: 'auto' }, [shown]],
    // Not at all.
    ['gemini-2.0-flash', { effort: 'high' }, [undefined, 'reasoning_effort: the model does not think']],
    ['gemini-2.0-flash', { mode: 'off' }, [undefined]],
    ['gemini-2.0-flash', { summary: 'omitted' }, [undefined]],
    ['gemma-4-31b-it', { effort: 'high' }, [{ ...shown, thinkingLevel: 'HIGH' }]],
    ['gemma-4-31b-it', { effort: 'low' }, [{ ...shown, thinkingLevel: 'HIGH' }, 'reasoning_effort: high']],
    [
      'gemma-4-26b-a4b-it',
      { mode: 'on', budgetTokens: 1_024 },
      [{ ...shown, thinkingLevel: 'HIGH' }, 'thinking.budget_tokens: level `HIGH`'],
    ],
    [
      'gemma-4-31b-it',
      { mode: 'off' },
      [{ thinkingLevel: 'MINIMAL' }, 'thinking: the model always thinks: set to the minimum'],
    ],
    ['gemma-4-31b-it', { mode: 'on' }, [shown]],
    ['gemma-3-27b-it', { mode: 'on' }, [undefined, 'thinking: the model does not think']],
  ])('%s %j', (model, reasoning, expected) => {
    expect(config(reasoning, model) as unknown[]).toEqual(expected);
  });
});

describe('the rest', () => {
  test('formats of the answer, as a full or a limited schema', () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false };
    const format = { type: 'json-schema' as const, schema };
    const json = { responseMimeType: 'application/json' };
    expect(build({ outputFormat: format }).body.generationConfig).toEqual({
      ...json,
      responseJsonSchema: schema,
    });
    expect(build({ outputFormat: { type: 'json' } }).body.generationConfig).toEqual(json);
    expect(build({ outputFormat: { type: 'text' } }).body).not.toHaveProperty('generationConfig');
    expect(build({ outputFormat: format }, 'g', { schemaSubset: true }).body.generationConfig).toEqual({
      ...json,
      responseSchema: { type: 'OBJECT', properties: { a: { type: 'STRING' } } },
    });
  });

  test.each<[string, boolean]>([
    ['gemini-2.5-pro', false],
    ['gemini-2.0-flash', false],
    ['gemini-3-flash-preview', true],
    ['gemini-pro-latest', true],
  ])('JSON beside tools, which %s takes: %p', (model, takes) => {
    const request = {
      outputFormat: { type: 'json' as const },
      tools: [{ type: 'function' as const, name: 'f' }],
    };
    const { body, names } = build(request, model);
    const config = { responseMimeType: 'application/json' };
    expect(body.generationConfig).toEqual((takes ? config : undefined) as never);
    expect(JSON.stringify(body.systemInstruction ?? '').includes('Answer with one JSON object')).toBe(!takes);
    expect(names).toEqual(takes ? [] : ['approximated response_format']);
    const forced = build({ ...request, toolChoice: { type: 'required' } }, model);
    expect(forced.body).not.toHaveProperty('generationConfig');
    // The beginning of the prompt stays the same from turn to turn.
    expect(forced.body.systemInstruction).toEqual(body.systemInstruction as never);
    expect(forced.losses.map(({ feature }) => feature)).toContain('response_format');
    // A client of Gemini's own, whose request is built anew, knows its model.
    const own = build({ ...request, extension: { dialect: 'gemini', fields: {} } }, model);
    expect(own.body.generationConfig).toEqual(config);
  });

  test('Gemma 3 takes neither a system prompt nor a format', () => {
    const system = [{ type: 'text' as const, text: 'Be brief.' }];
    const { body, names } = build({ system, outputFormat: { type: 'json' } }, 'gemma-3-27b-it');
    expect(body).not.toHaveProperty('systemInstruction');
    expect(body).not.toHaveProperty('generationConfig');
    const said = [{ text: 'Be brief.' }, { text: expect.stringContaining('JSON object') }];
    expect(body.contents).toMatchObject([{ role: 'user', parts: [...said, {}] }]);
    expect(names).toEqual(['approximated response_format', 'approximated messages.system']);
    expect(build({ system }, 'gemma-4-31b-it').body).toHaveProperty('systemInstruction');
    // The model begins.
    const begun = [{ role: 'assistant' as const, parts: [{ type: 'text' as const, text: 'a' }] }];
    expect(build({ system, messages: begun }, 'gemma-3-27b-it').body.contents).toMatchObject([
      { role: 'user', parts: [{ text: 'Be brief.' }] },
      { role: 'model' },
    ]);
  });

  test('stops and tiers', () => {
    const six = build({ stopSequences: ['', '1', '2', '3', '4', '5', '6'] });
    expect(six.body.generationConfig).toEqual({ stopSequences: ['1', '2', '3', '4', '5'] });
    expect(six.names).toEqual(['approximated stop']);
    expect(build({ serviceTier: 'auto' })).toMatchObject({ names: [] });
    expect(build({ serviceTier: 'priority' }).body.serviceTier).toBe('priority');
    expect(build({ serviceTier: 'scale' }).names).toEqual(['lost service_tier']);
  });

  test('what has no word here is lost by name', () => {
    expect(
      build({
        parallelToolCalls: false,
        verbosity: 'low',
        user: 'u',
        metadata: { a: 'b' },
        cacheKey: 'k',
        extension: { dialect: 'openai-chat', fields: { logit_bias: {} } },
      }).names,
    ).toEqual(
      ['parallel_tool_calls', 'verbosity', 'user', 'metadata', 'prompt_cache_key', 'logit_bias'].map(
        (name) => `lost ${name}`,
      ),
    );
  });

  test('what came from a client of this dialect goes back where it stood', () => {
    const fields = {
      safetySettings: [],
      'generationConfig.responseModalities': ['IMAGE'],
      'toolConfig.functionCallingConfig.mode': 'VALIDATED',
    };
    const { body, losses } = build({
      temperature: 1,
      tools: ['f', 'g', 'h'].map((name) => ({ type: 'function' as const, name })),
      toolChoice: { type: 'auto' },
      allowedTools: ['f', 'g'],
      extension: { dialect: 'gemini', fields },
    });
    expect(losses).toEqual([]);
    expect(body).toMatchObject({
      safetySettings: [],
      generationConfig: { temperature: 1, responseModalities: ['IMAGE'] },
      toolConfig: { functionCallingConfig: { mode: 'VALIDATED', allowedFunctionNames: ['f', 'g'] } },
    });
  });
});

describe('penalties', () => {
  const both = { presencePenalty: 0.5, frequencyPenalty: 1 };

  test('are carried', () => {
    expect(build(both, 'gemini-2.0-flash')).toMatchObject({ body: { generationConfig: both }, names: [] });
  });

  test('are refused by models from 2.5 on: left out and named, where they are any', () => {
    for (const model of ['gemini-2.5-flash', 'gemini-3.6-flash', 'gemini-flash-latest']) {
      const { body, names } = build(both, model);
      expect(body).not.toHaveProperty('generationConfig');
      expect(names).toEqual(['lost presence_penalty', 'lost frequency_penalty']);
    }
    expect(build({ presencePenalty: 0, frequencyPenalty: 0 }, 'gemini-3.8-flash').names).toEqual([]);
  });
});

describe('what a provider ran itself', () => {
  test('is lost by name where that was another', () => {
    const searched = assistant(
      call('s', { name: 'web_search', kind: 'server' }),
      { type: 'server-tool-result', callId: 's', dialect: 'anthropic-messages', value: {} },
      { type: 'opaque', dialect: 'anthropic-messages', name: 'container_upload', value: {} },
      { type: 'text', text: 'a' },
    );
    expect(parts([HI, searched])).toEqual([[{ text: 'hi' }], [{ text: 'a' }]]);
    const { names } = build({ messages: [HI, searched] });
    expect(new Set(names)).toEqual(new Set(['lost tools.web_search', 'lost container_upload']));
  });

  test('stays where that was Google', () => {
    const contents = [
      { role: 'user', parts: [{ text: 'hi' }] },
      {
        role: 'model',
        parts: [
          { executableCode: { language: 'PYTHON', code: '1+1' }, thoughtSignature: 's' },
          { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '2' } },
          { newPart: { a: 1 } },
        ],
      },
    ];
    const route = { operation: 'generate', model: 'm', stream: false } as const;
    const request = gemini.client.parseRequest({ contents }, route);
    expect(build(request).body.contents as unknown).toEqual(contents);
  });
});
