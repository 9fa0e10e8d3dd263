// Every field of a request, and every way to get it wrong.
import { describe, expect, test } from 'bun:test';
import type { ClientRoute } from '../../../src/dialects/dialect.ts';
import { gemini } from '../../../src/dialects/gemini/index.ts';
import { PROVIDER_SIDES } from '../../../src/dialects/registry.ts';
import type { Part } from '../../../src/model/content.ts';
import { GatewayError } from '../../../src/model/errors.ts';
import type { JsonObject, JsonValue } from '../../../src/model/json/json.ts';

const ROUTE: ClientRoute = { operation: 'generate', model: 'g', stream: true };
const HELLO = [{ role: 'user', parts: [{ text: 'hi' }] }];
const parse = (body: JsonObject, route = ROUTE) =>
  gemini.client.parseRequest({ contents: HELLO, ...body }, route);
const modelParts = (...parts: JsonObject[]): Part[] =>
  parse({ contents: [...HELLO, { role: 'model', parts }] }).messages[1]?.parts ?? [];
const userParts = (...parts: JsonObject[]): Part[] =>
  parse({ contents: [{ role: 'user', parts }] }).messages[0]?.parts ?? [];

test('a small request', () => {
  expect(parse({})).toEqual({
    model: 'g',
    stream: true,
    includeUsage: true,
    system: [],
    messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
    tools: [],
    hidesReasoning: true,
  });
});

test("the model is the path's, else the body's", () => {
  expect(parse({ model: 'models/b' }).model).toBe('g');
  expect(parse({ model: 'models/b' }, { operation: 'generate' }).model).toBe('b');
  expect(() => parse({}, { operation: 'generate' })).toThrow('model: is missing');
});

describe('system instruction', () => {
  test.each<[string, unknown]>([
    ['a content', { role: 'user', parts: [{ text: 'be' }, { text: 'kind' }] }],
    ['a list of parts', [{ text: 'be' }, { text: 'kind' }]],
  ])('%s', (_, systemInstruction) => {
    expect(parse({ systemInstruction } as JsonObject).system).toEqual([
      { type: 'text', text: 'be' },
      { type: 'text', text: 'kind' },
    ]);
  });

  test.each<[string, unknown, string[]]>([
    ['text', 'be kind', ['be kind']],
    ['one part', { text: 'be kind' }, ['be kind']],
    ['one part in a content', { parts: { text: 'be kind' } }, ['be kind']],
    ['nothing', { parts: [{ text: '' }] }, []],
  ])('%s', (_, system_instruction, texts) => {
    expect(parse({ system_instruction } as JsonObject).system.map(({ text }) => text)).toEqual(texts);
  });
});

describe('parts', () => {
  test('a streamed answer in the history is one turn, its pieces put together', () => {
    const content = (...parts: JsonObject[]) => ({ role: 'model', parts });
    const { messages } = parse({
      contents: [
        ...HELLO,
        content({ text: 'th', thought: true }),
        content({ text: 'ink', thought: true }),
        content({ text: '', thought: true, thoughtSignature: 's1' }),
        content({ text: 'Hel' }),
        content({ text: 'lo' }),
        content({ text: '', thoughtSignature: 's2' }),
        content({ text: '' }),
        ...HELLO,
      ],
    });
    expect(messages).toHaveLength(3);
    expect(messages[1]?.parts).toEqual([
      { type: 'reasoning', text: 'think', signature: 'gemini:s1' as never },
      { type: 'text', text: 'Hello' },
      { type: 'reasoning', text: '', signature: 'gemini:s2' as never },
    ]);
  });

  test('texts of a user stay apart', () => {
    expect(userParts({ text: 'a' }, { text: 'b' })).toHaveLength(2);
  });

  test.each([
    ['base64', btoa('sluice:anthropic-messages:?>')],
    ['base64url, as the SDK of Python writes what it decoded', 'c2x1aWNlOmFudGhyb3BpYy1tZXNzYWdlczo_Pg=='],
  ])('tokens of other providers come out of their wrapping: %s', (_, foreign) => {
    expect(
      modelParts(
        { text: 'hm', thought: true },
        { text: '', thought: true, thoughtSignature: foreign },
        { text: '', thought: true, thoughtSignature: foreign },
        { text: 'a', thoughtSignature: foreign },
        { functionCall: { id: 'c', name: 'f' }, thoughtSignature: foreign },
      ),
    ).toMatchObject([
      { type: 'reasoning', text: 'hm', signature: 'anthropic-messages:?>' },
      { type: 'reasoning', text: '', redacted: 'anthropic-messages:?>' },
      { type: 'text', text: 'a' },
      { type: 'reasoning', text: '', signature: 'anthropic-messages:?>' },
      { type: 'tool-call', signature: 'anthropic-messages:?>' },
    ]);
  });

  test('a call gives back the signature that it took along from the thought before it', () => {
    const thoughtSignature = btoa('sluice:anthropic-messages:s');
    const thought = { text: 'hm', thought: true };
    const call = { functionCall: { id: 'c', name: 'f' }, thoughtSignature };
    const alone = { text: '', thought: true, thoughtSignature };
    const signed = { type: 'reasoning', text: 'hm', signature: 'anthropic-messages:s' as never } as const;
    const said = { type: 'text', text: 'a' } as const;
    const bare = { type: 'tool-call', kind: 'function', id: 'c', name: 'f', arguments: '{}' } as const;
    expect(modelParts(thought, call)).toEqual([signed, bare]);
    expect(modelParts(thought, { text: 'a' }, call)).toEqual([signed, said, bare]);
    expect(modelParts(thought, alone, { text: 'a' }, call)).toEqual([signed, said, bare]);
    // Of a client that keeps no thoughts, or whose thought has another.
    const token = 'anthropic-messages:s' as never;
    expect(modelParts({ text: 'a' }, call)).toEqual([said, { ...bare, signature: token }]);
    const own = { ...thought, thoughtSignature: 'other' };
    expect(modelParts(own, call).at(-1)).toEqual({ ...bare, signature: token });
    // Gemini's own stand where Gemini put them.
    expect(modelParts(thought, { ...call, thoughtSignature: 's' })).toEqual([
      { type: 'reasoning', text: 'hm' },
      { ...bare, signature: 'gemini:s' as never },
    ]);
  });

  test('the text behind a thought, to which LiteLLM moves its signature, gives it back', () => {
    const thoughtSignature = btoa('sluice:anthropic-messages:s');
    const thought = { text: 'hm', thought: true };
    const call = { functionCall: { id: 'c', name: 'f' } };
    const signed = { type: 'reasoning', text: 'hm', signature: 'anthropic-messages:s' as never } as const;
    const said = { type: 'text', text: 'a' } as const;
    expect(modelParts(thought, { text: 'a', thoughtSignature })).toEqual([signed, said]);
    const bare = { type: 'tool-call', kind: 'function', id: 'c', name: 'f', arguments: '{}' } as const;
    expect(modelParts(thought, { text: 'a', thoughtSignature }, call)).toEqual([signed, said, bare]);
    // Gemini's own seal the text.
    expect(modelParts(thought, { text: 'a', thoughtSignature: 's' })).toEqual([
      { type: 'reasoning', text: 'hm' },
      said,
      { type: 'reasoning', text: '', signature: 'gemini:s' as never },
    ]);
  });

  describe('another provider’s thought, whole in its signature', () => {
    const carry = (text: string) => btoa(`sluice:thought:${text.length}:${text}anthropic-messages:s`);
    const signed = { type: 'reasoning', text: 'hm', signature: 'anthropic-messages:s' as never } as const;
    const said = { type: 'text', text: 'ab' } as const;
    const bare = { type: 'tool-call', kind: 'function', id: 'c', name: 'f', arguments: '{}' } as const;
    const functionCall = { id: 'c', name: 'f' };
    const thoughtSignature = carry('hm');
    const shown = { text: 'hm', thought: true };

    test.each<[string, Parameters<typeof modelParts>]>([
      [
        'where it was sent',
        [shown, { text: '', thought: true, thoughtSignature }, { text: 'ab' }, { functionCall }],
      ],
      ['on the thought', [{ ...shown, thoughtSignature }, { text: 'ab' }, { functionCall }]],
      ['on the text, without the thought (Agno)', [{ text: 'ab', thoughtSignature }, { functionCall }]],
      [
        'on the text behind the thought (LiteLLM)',
        [shown, { text: 'ab', thoughtSignature }, { functionCall }],
      ],
      ['on the end of the text', [{ text: 'a' }, { text: 'b', thoughtSignature }, { functionCall }]],
      ['on the call, without the thought (Gemini CLI)', [{ text: 'ab' }, { functionCall, thoughtSignature }]],
      ['on the call, behind the thought', [shown, { text: 'ab' }, { functionCall, thoughtSignature }]],
      [
        'on the call, twice in one field (LangChain4j)',
        [
          shown,
          { text: 'ab' },
          { functionCall, thoughtSignature: `${thoughtSignature}\n\n${thoughtSignature}` },
        ],
      ],
      [
        'on all of them',
        [
          { ...shown, thoughtSignature },
          { text: 'ab', thoughtSignature },
          { functionCall, thoughtSignature },
        ],
      ],
      [
        'on a thought that the client has trimmed',
        [{ text: 'h', thought: true, thoughtSignature }, { text: 'ab' }, { functionCall }],
      ],
    ])('is put back where it stood: it came %s', (_, parts) => {
      expect(modelParts(...parts)).toEqual([signed, said, bare]);
    });

    test('in base64url, and with characters of several bytes', () => {
      const text = 'Köln? 🌧';
      const bytes = new TextEncoder().encode(`sluice:thought:${text.length}:${text}anthropic-messages:s`);
      const parts = modelParts({ text: 'a', thoughtSignature: bytes.toBase64({ alphabet: 'base64url' }) });
      expect(parts).toEqual([
        { ...signed, text },
        { type: 'text', text: 'a' },
      ]);
    });

    test('two in one turn, each before what carries it', () => {
      const second = btoa('sluice:thought:2:ohanthropic-messages:t');
      const parts = modelParts(
        { text: 'ab', thoughtSignature },
        { text: '', thought: true, thoughtSignature: second },
        { functionCall, thoughtSignature: second },
      );
      const later = { type: 'reasoning', text: 'oh', signature: 'anthropic-messages:t' as never } as const;
      expect(parts).toEqual([signed, said, later, bare]);
    });

    test('two in one field, with what is the call’s own (LangChain4j)', () => {
      const second = btoa('sluice:thought:2:ohanthropic-messages:t');
      const own = btoa('sluice:openai-chat:c');
      const all = [thoughtSignature, second, own].join('\n\n');
      const later = { type: 'reasoning', text: 'oh', signature: 'anthropic-messages:t' as never } as const;
      expect(modelParts(shown, { text: 'ab' }, { functionCall, thoughtSignature: all })).toEqual([
        signed,
        later,
        said,
        { ...bare, signature: 'openai-chat:c' as never },
      ]);
    });

    test('without text, and redacted', () => {
      const hidden = { ...signed, text: '' };
      const here = { text: '', thoughtSignature: carry('') };
      expect(modelParts({ text: 'ab' }, here)).toEqual([said, hidden]);
      expect(modelParts(here, { text: 'ab' }, { functionCall, thoughtSignature: carry('') })).toEqual([
        hidden,
        said,
        bare,
      ]);
      const redacted = btoa('sluice:redacted:anthropic-messages:s');
      expect(modelParts({ text: 'ab', thoughtSignature: redacted })).toEqual([
        { type: 'reasoning', text: '', redacted: 'anthropic-messages:s' as never },
        said,
      ]);
    });

    test('that nobody signed', () => {
      const unsigned = { text: 'ab', thoughtSignature: btoa('sluice:thought:2:hm') };
      const thought = { type: 'reasoning', text: 'hm' } as const;
      expect(modelParts(unsigned, { functionCall, thoughtSignature: unsigned.thoughtSignature })).toEqual([
        thought,
        said,
        bare,
      ]);
      expect(modelParts(shown, unsigned)).toEqual([thought, said]);
    });

    test('that nobody signed, as the last of those that the client joined', () => {
      const all = { text: 'oh hm', thought: true };
      const call = { functionCall, thoughtSignature: btoa('sluice:thought:2:hm') };
      expect(modelParts(all, call)).toEqual([{ type: 'reasoning', text: 'oh hm' }, bare]);
    });

    test('what only looks like one is Gemini’s own', () => {
      for (const made of [
        'sluice:thought:9:hmanthropic-messages:s',
        'sluice:thought:2:hmother:s',
        'sluice:redacted:x',
      ]) {
        const token = btoa(made);
        expect(modelParts({ functionCall, thoughtSignature: token })).toEqual([
          { ...bare, signature: `gemini:${token}` as never },
        ]);
      }
    });

    test('a user has none', () => {
      expect(userParts({ text: 'ab', thoughtSignature })).toEqual([said]);
    });
  });

  test.each([
    'skip_thought_signature_validator',
    'context_engineering_is_the_way_to_go',
    // As SDKs send bytes.
    'c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=',
    'Y29udGV4dF9lbmdpbmVlcmluZ19pc190aGVfd2F5X3RvX2dv',
  ])('%s is no signature', (thoughtSignature) => {
    const [part] = modelParts({ functionCall: { id: 'c', name: 'f' }, thoughtSignature });
    expect(part).not.toHaveProperty('signature');
  });

  test('a seal of its own that is marked as thought is a seal', () => {
    expect(modelParts({ text: '', thought: true, thoughtSignature: 's' })).toEqual([
      { type: 'reasoning', text: '', signature: 'gemini:s' as never },
    ]);
  });

  test.each<[string, string, string]>([
    ['image/png', 'image', 'QUJD'],
    ['audio/wav', 'audio', 'QUJD'],
    ['application/pdf', 'document', 'QUJD'],
    ['text/plain', 'document', 'QUJD'],
  ])('%s is %s, in either spelling', (mimeType, type, data) => {
    const part = { type, source: { kind: 'base64', mediaType: mimeType, data } };
    expect(userParts({ inlineData: { mimeType, data } })).toMatchObject([part]);
    expect(userParts({ inline_data: { mime_type: mimeType, data } })).toMatchObject([part]);
  });

  test("files have an address, or are in Google's store", () => {
    const file = (fileUri: string, mimeType: string) => ({ fileData: { fileUri, mimeType } });
    const stored = file('https://api.test/v1beta/files/abc-1', 'image/png');
    const preview = file('https://api.test/v1alpha/files/abc-1', 'image/png');
    expect(
      userParts(
        file('https://x.test/a.png', 'image/png'),
        file('https://x.test/a.pdf', 'application/pdf'),
        stored,
        preview,
        file('gs://bucket/a.png', 'image/png'),
        file('https://x.test/a.mp4', 'video/mp4'),
      ),
    ).toMatchObject([
      { type: 'image', source: { kind: 'url', url: 'https://x.test/a.png', mediaType: 'image/png' } },
      { type: 'document', source: { kind: 'url' } },
      { type: 'opaque', name: 'fileData', value: stored },
      { type: 'opaque', name: 'fileData', value: preview },
      { type: 'opaque', name: 'fileData' },
      { type: 'opaque', name: 'fileData.video', video: { kind: 'url', mediaType: 'video/mp4' } },
    ]);
  });

  test('a video of which only some is to be watched is no video for others', () => {
    const inlineData = { mimeType: 'video/mp4', data: 'QUJD' };
    const [whole, some] = userParts({ inlineData }, { inlineData, videoMetadata: { fps: 2 } });
    expect(whole).toMatchObject({ video: { kind: 'base64', mediaType: 'video/mp4', data: 'QUJD' } });
    expect(some).not.toHaveProperty('video');
  });

  test('video, code and unknown parts are kept for their own dialect', () => {
    const video = { inlineData: { mimeType: 'video/mp4', data: 'QUJD' } };
    expect(userParts(video, { hologram: {} })).toMatchObject([
      { type: 'opaque', name: 'inlineData.video', value: video },
      { type: 'opaque', name: 'hologram' },
    ]);
    expect(
      modelParts(
        { executableCode: { language: 'PYTHON', code: 'x' } },
        { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1' } },
      ),
    ).toMatchObject([
      { type: 'tool-call', kind: 'server', name: 'code_execution', id: 'gcall-h-0' },
      { type: 'server-tool-result', callId: 'gcall-h-0', dialect: 'gemini' },
    ]);
  });

  test('what else a part says goes along', () => {
    const [part] = userParts({ text: 'a', mediaResolution: { level: 'LOW' } });
    expect(part).toMatchObject({ extension: { dialect: 'gemini', fields: { mediaResolution: {} } } });
    const [call] = modelParts({ functionCall: { id: 'c', name: 'f' }, partMetadata: { of: 'c' } });
    expect(call).toMatchObject({ type: 'tool-call', extension: { fields: { partMetadata: { of: 'c' } } } });
  });

  test('a text that says more than its text is not joined with one before or behind it', () => {
    const more = { text: 'b', partMetadata: { of: 'b' } };
    expect(modelParts({ text: 'a' }, more, { text: 'c' })).toMatchObject([
      { text: 'a' },
      { text: 'b', extension: { fields: { partMetadata: { of: 'b' } } } },
      { text: 'c' },
    ]);
  });
});

describe('calls and results', () => {
  const call = (name: string, id?: string) => ({
    functionCall: { ...(id && { id }), name, args: { of: name } },
  });
  const result = (name: string, id?: string) => ({
    functionResponse: { ...(id && { id }), name, response: { output: `${name} ${id ?? ''}` } },
  });
  const pairs = (...turns: JsonObject[][]) => {
    const contents = turns.map((parts, index) => ({ role: index % 2 === 0 ? 'model' : 'function', parts }));
    return parse({ contents: [...HELLO, ...contents] as JsonObject[] }).messages.flatMap(({ parts }) =>
      parts.flatMap((part) => {
        if (part.type === 'tool-call') return [part.id];
        return part.type === 'tool-result' ? [`→ ${part.callId}`] : [];
      }),
    );
  };

  test.each(['user', 'function', 'tool'])('are read where a client gives results the role `%s`', (role) => {
    const contents = [...HELLO, { role: 'model', parts: [call('f')] }, { role, parts: [result('f')] }];
    const [, , answer] = parse({ contents: contents as JsonObject[] }).messages;
    expect(answer).toMatchObject({ role: 'user', parts: [{ type: 'tool-result', callId: 'gcall-h-0' }] });
  });

  test('belong together by id', () => {
    expect(pairs([call('f', 'a'), call('f', 'b')], [result('f', 'b'), result('f', 'a')])).toEqual([
      'a',
      'b',
      '→ b',
      '→ a',
    ]);
  });

  test('belong together by name and order where there is none', () => {
    expect(
      pairs(
        [call('f'), call('g'), call('f')],
        [result('g'), result('f'), result('f')],
        [call('f')],
        [result('f')],
      ),
    ).toEqual([
      ...['gcall-h-0', 'gcall-h-1', 'gcall-h-2', '→ gcall-h-1', '→ gcall-h-0', '→ gcall-h-2'],
      ...['gcall-h-3', '→ gcall-h-3'],
    ]);
  });

  test('belong together where only one side has an id', () => {
    expect(pairs([call('f', 'a')], [result('f')])).toEqual(['a', '→ a']);
    expect(pairs([call('f')], [result('f', 'mine')])).toEqual(['gcall-h-0', '→ gcall-h-0']);
    expect(pairs([call('f', 'a')], [result('f', 'other')])).toEqual(['a', '→ other']);
  });

  test('belong together although Semantic Kernel spells the name in another way', () => {
    const calls = [call('files-read'), call('files-list')];
    expect(pairs(calls, [result('files__list'), result('files__read')])).toEqual([
      ...['gcall-h-0', 'gcall-h-1'],
      ...['→ gcall-h-1', '→ gcall-h-0'],
    ]);
  });

  test('do not where a call has exactly that name', () => {
    expect(pairs([call('a-b'), call('a_b')], [result('a_b'), result('a-b')])).toEqual([
      ...['gcall-h-0', 'gcall-h-1'],
      ...['→ gcall-h-1', '→ gcall-h-0'],
    ]);
  });

  // As Gemini CLI 0.61 sends a session that it resumes. Anthropic refuses the second result of a call.
  test('a result that is reported twice is one', () => {
    const results = [result('f', 'a'), result('f', 'b')];
    expect(pairs([call('f', 'a'), call('f', 'b')], [...results, ...results])).toEqual([
      ...['a', 'b'],
      ...['→ a', '→ b'],
    ]);
  });

  // The AI SDK gives each text of a result a part of its own.
  test.each<(string | undefined)[]>([['a'], [undefined]])(
    'a result in several parts is one, with the id %s',
    (id) => {
      const said = (content: string) => ({
        functionResponse: { ...(id && { id }), name: 'f', response: { name: 'f', content } },
      });
      const failed = {
        functionResponse: { ...said('').functionResponse, response: { name: 'f', error: '3' } },
      };
      const contents = [
        ...HELLO,
        { role: 'model', parts: [call('f', id), call('g', 'b')] },
        { role: 'user', parts: [said('1'), said('2'), result('g', 'b'), failed] },
      ];
      const [, , answer] = parse({ contents: contents as JsonObject[] }).messages;
      expect(answer?.parts).toMatchObject([
        {
          callId: id ?? 'gcall-h-0',
          content: [{ text: '1' }, { text: '2' }, { text: '3' }],
          isError: true,
        },
        { callId: 'b', content: [{ text: 'g b' }] },
      ]);
    },
  );

  test('results that say the same are results of their own where they have no id', () => {
    expect(pairs([call('f'), call('f')], [result('f'), result('f')])).toEqual([
      ...['gcall-h-0', 'gcall-h-1'],
      ...['→ gcall-h-0', '→ gcall-h-1'],
    ]);
  });

  test('made-up ids stay the same while the conversation grows', () => {
    const once = pairs([call('f')], [result('f')]);
    expect(pairs([call('f')], [result('f')], [call('g')]).slice(0, 2)).toEqual(once);
  });

  test.each<[unknown, string, boolean | undefined]>([
    [{ output: 'plain' }, 'plain', undefined],
    [{ output: '{"a":1}' }, '{"a":1}', undefined],
    [{ output: 'x', more: 1 }, '{"output":"x","more":1}', undefined],
    // Of Google's SDKs, and of ADK: what a function returned.
    [{ result: 'line 1\nline "2"' }, 'line 1\nline "2"', undefined],
    [{ result: '{"a":1}' }, '{"a":1}', undefined],
    [{ result: { a: 1 } }, '{"result":{"a":1}}', undefined],
    [{ result: 'x', more: 1 }, '{"result":"x","more":1}', undefined],
    [{ temperature: 3 }, '{"temperature":3}', undefined],
    [{ error: 'boom' }, 'boom', true],
    [{ error: { code: 1 } }, '{"code":1}', true],
    [{ error: null }, '{"error":null}', undefined],
    [{ error: false }, '{"error":false}', undefined],
    // The AI SDK's and RubyLLM's.
    [{ name: 'f', content: 'sunny' }, 'sunny', undefined],
    [{ name: 'f', content: { t: 20 } }, '{"t":20}', undefined],
    [{ name: 'f', content: [{ text: 'sunny' }] }, 'sunny', undefined],
    [{ name: 'f', content: [1, { text: 'x' }] }, '[1,{"text":"x"}]', undefined],
    [{ name: 'f', content: [] }, '[]', undefined],
    [{ name: 'f', output: 'x' }, 'x', undefined],
    [{ name: 'f', error: 'no such city' }, 'no such city', true],
    [{ name: 'g', content: 'sunny' }, '{"name":"g","content":"sunny"}', undefined],
    [{ name: 'f', content: 'x', more: 1 }, '{"name":"f","content":"x","more":1}', undefined],
    // Pydantic AI's.
    [{ return_value: 'sunny' }, 'sunny', undefined],
    [{ return_value: 7 }, '7', undefined],
    // Strands' and LangChain's.
    [{ output: [{ text: 'sunny' }] }, 'sunny', undefined],
    [{ output: [{ json: { t: 20 } }] }, '{"t":20}', undefined],
    [{ output: [{ type: 'text', text: 'sunny', id: 'lc_1' }] }, 'sunny', undefined],
    [{ output: [{ id: 'n1', text: 'sunny' }] }, '{"output":[{"id":"n1","text":"sunny"}]}', undefined],
    [
      { result: [{ type: 'text', id: 'n1', text: 'sunny' }] },
      '{"result":[{"type":"text","id":"n1","text":"sunny"}]}',
      undefined,
    ],
    [{ output: [{ text: 'sunny', t: 20 }] }, '{"output":[{"text":"sunny","t":20}]}', undefined],
    [{ output: [] }, '{"output":[]}', undefined],
    // LangChain's for JavaScript.
    [{ result: [{ type: 'text', text: 'sunny' }] }, 'sunny', undefined],
    [{ result: [{ city: 'Rome' }] }, '{"result":[{"city":"Rome"}]}', undefined],
    // An MCP server's, from ADK.
    [{ content: [{ type: 'text', text: 'sunny' }], isError: false }, 'sunny', undefined],
    [{ content: [{ type: 'text', text: 'no such city' }], isError: true }, 'no such city', true],
    // As Google's SDK for Python wraps it.
    [{ result: { content: [{ type: 'text', text: 'sunny' }], isError: false } }, 'sunny', undefined],
    [{ error: { content: [{ type: 'text', text: 'no such city' }] } }, 'no such city', true],
    [
      { content: [{ kind: 'text', text: 'sunny' }] },
      '{"content":[{"kind":"text","text":"sunny"}]}',
      undefined,
    ],
    [
      { content: [{ type: 'text', text: 'sunny' }], more: 1 },
      '{"content":[{"type":"text","text":"sunny"}],"more":1}',
      undefined,
    ],
    [
      { output: [{ inlineData: { mimeType: 'image/png', data: 'QUJD' }, at: 1 }] },
      '{"output":[{"inlineData":{"mimeType":"image/png","data":"QUJD"},"at":1}]}',
      undefined,
    ],
    // A message of OpenAI's Assistants, and notes with ids.
    [
      { content: [{ type: 'text', text: { value: 'sunny' } }] },
      '{"content":[{"type":"text","text":{"value":"sunny"}}]}',
      undefined,
    ],
    [
      { content: [{ type: 'text', text: 'sunny', id: 7 }] },
      '{"content":[{"type":"text","text":"sunny","id":7}]}',
      undefined,
    ],
    [{ name: 'f', age: 3 }, '{"name":"f","age":3}', undefined],
    [{}, '{}', undefined],
    [undefined, '', undefined],
  ])('the response %j', (response, text, isError) => {
    const part = { functionResponse: { name: 'f', ...(response === undefined ? {} : { response }) } };
    const [parsed] = userParts(part as JsonObject);
    expect(parsed).toMatchObject({ type: 'tool-result', content: [{ type: 'text', text }] });
    expect(parsed?.type === 'tool-result' ? parsed.isError : null).toBe(isError);
  });

  // Google's SDK for Python sends bytes as base64url, which other providers refuse.
  test.each([
    ['--__', '++//'],
    ['QUI', 'QUI='],
    ['_w', '/w=='],
    ['QUJD', 'QUJD'],
    ['QQ==', 'QQ=='],
  ])('bytes as %s are %s', (given, data) => {
    const inlineData = { mimeType: 'image/png', data: given };
    expect(userParts({ inlineData })).toMatchObject([{ type: 'image', source: { data } }]);
    const result = { functionResponse: { name: 'f', response: {}, parts: [{ inlineData }] } };
    expect(userParts(result)).toMatchObject([{ content: [{ type: 'text' }, { source: { data } }] }]);
  });

  test.each([
    ['Strands', { output: [{ text: 'See.' }, { inline_data: { mime_type: 'image/png', data: 'QUJD' } }] }],
    [
      'LangChain for JavaScript',
      { result: [{ text: 'See.' }, { inlineData: { mimeType: 'image/png', data: 'QUJD' } }] },
    ],
    [
      'ADK, of an MCP server',
      {
        content: [
          { type: 'text', text: 'See.' },
          { type: 'image', mimeType: 'image/png', data: 'QUJD' },
        ],
      },
    ],
  ])('a picture that %s puts into the response is one', (_, response) => {
    expect(userParts({ functionResponse: { name: 'f', response } })).toMatchObject([
      {
        type: 'tool-result',
        content: [
          { type: 'text', text: 'See.' },
          { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'QUJD' } },
        ],
      },
    ]);
  });

  test.each([
    ['image/png', ''],
    ['', 'QUJD'],
    ['image/png', 'https://a.example/c.png'],
  ])(
    'what a response calls a picture of type "%s", without its bytes, "%s", is what it is',
    (mimeType, data) => {
      const output = [{ inlineData: { mimeType, data } }];
      const picture = { type: 'image', mimeType, data };
      for (const [response, said] of [
        [{ output }, { output }],
        [{ content: [picture] }, picture],
      ])
        expect(userParts({ functionResponse: { name: 'f', response } })).toMatchObject([
          { content: [{ type: 'text', text: JSON.stringify(said) }] },
        ]);
    },
  );

  test.each([
    ['2 rows', { rows: [1, 2] }, ['2 rows', '{"rows":[1,2]}']],
    ['2 rows', [1, 2], ['2 rows', '[1,2]']],
    ['[1,2]', [1, 2], ['[1,2]']],
    ['{ "t": 20 }', { t: 20 }, ['{ "t": 20 }']],
    ['sunny', { result: 'sunny' }, ['sunny']],
    ['[ 1 ]', { result: [1] }, ['[ 1 ]']],
    // As Python writes it.
    ['{"t": 20.0, "at": "K\\u00f6ln"}', { t: 20, at: 'Köln' }, ['{"t": 20.0, "at": "K\\u00f6ln"}']],
    ['20', { result: '20' }, ['20']],
    ['sunny', { result: ['sunny'] }, ['sunny']],
    ['sunny', { result: 'sunny', t: 20 }, ['sunny', '{"result":"sunny","t":20}']],
    ['sunny', null, ['sunny']],
  ])(
    'what an MCP server returned as an object, too, stands behind a text that does not say it: %s, %j',
    (text, structuredContent, texts) => {
      const response = { content: [{ type: 'text', text }], structuredContent };
      const content = texts.map((each) => ({ type: 'text', text: each }));
      expect(userParts({ functionResponse: { name: 'f', response } })).toMatchObject([{ content }]);
    },
  );

  test('a list that FastMCP says item by item, and as an object, is said once', () => {
    const said = [{ a: 1 }, 'two'];
    const content = ['{ "a": 1 }', 'two'].map((text) => ({ type: 'text', text }));
    const of = (result: JsonValue[]) => ({ content, structuredContent: { result } });
    const parsed = (result: JsonValue[]) =>
      userParts({ functionResponse: { name: 'f', response: of(result) } });
    expect(parsed(said)).toMatchObject([{ content }]);
    expect(parsed([...said, 3])).toMatchObject([{ content: [...content, { type: 'text' }] }]);
  });

  test('media in a result are content of it', () => {
    const parts = [{ inlineData: { mimeType: 'image/png', data: 'QUJD' } }];
    const [parsed] = userParts({ functionResponse: { name: 'f', response: {}, parts, willContinue: true } });
    expect(parsed).toMatchObject({
      content: [{ type: 'text' }, { type: 'image' }],
      extension: { fields: { willContinue: true } },
    });
  });
});

describe('tools', () => {
  test('functions in either kind of schema', () => {
    const parameters = {
      type: 'OBJECT',
      properties: {
        b: { type: 'INTEGER', format: 'int32', enum: ['1', '2'] },
        a: { type: 'STRING', nullable: true, enum: ['x'], format: 'enum' },
        l: { type: 'ARRAY', items: { type: 'NUMBER' }, minItems: '1' },
        v: { anyOf: [{ type: 'STRING' }, { type: 'BOOLEAN' }], nullable: true },
      },
      required: ['a'],
      property_ordering: ['a', 'b'],
    };
    const jsonSchema = { type: 'object', properties: { my_key: { const: 1 } }, additionalProperties: false };
    const { tools } = parse({
      tools: [
        {
          functionDeclarations: [
            { name: 'f', description: 'd', parameters },
            { name: 'g', parameters_json_schema: jsonSchema, behavior: 'BLOCKING' },
          ],
        },
        { function_declarations: [{ name: 'h' }] },
      ],
    });
    expect(tools).toEqual([
      {
        type: 'function',
        name: 'f',
        description: 'd',
        parameters: {
          type: 'object',
          properties: {
            a: { type: ['string', 'null'], enum: ['x', null] },
            b: { type: 'integer', format: 'int32', enum: [1, 2] },
            l: { type: 'array', items: { type: 'number' }, minItems: 1 },
            v: { anyOf: [{ type: 'string' }, { type: 'boolean' }, { type: 'null' }] },
          },
          required: ['a'],
        },
      },
      {
        type: 'function',
        name: 'g',
        parameters: jsonSchema,
        extension: { dialect: 'gemini', fields: { behavior: 'BLOCKING' } },
      },
      { type: 'function', name: 'h' },
    ]);
    expect(Object.keys((tools[0]?.type === 'function' && tools[0].parameters?.properties) || {})).toEqual([
      'a',
      'b',
      'l',
      'v',
    ]);
  });

  test('tools that Google runs', () => {
    expect(parse({ tools: [{ google_search: {}, codeExecution: {} }, { urlContext: {} }] }).tools).toEqual(
      ['googleSearch', 'codeExecution', 'urlContext'].map((name) => ({
        type: 'server',
        name,
        definition: { dialect: 'gemini', fields: { [name]: {} } },
        ...(name === 'googleSearch' && { search: { others: [] } }),
        ...(name === 'codeExecution' && { code: { others: [] } }),
        ...(name === 'urlContext' && { fetch: { others: [] } }),
      })),
    );
  });

  test.each<[JsonObject, unknown, string[]]>([
    [{ mode: 'AUTO' }, { type: 'auto' }, []],
    [{ mode: 'NONE' }, { type: 'none' }, []],
    [{ mode: 'any' }, { type: 'required' }, []],
    [{ mode: 2, allowedFunctionNames: ['f'] }, { type: 'tool', name: 'f' }, []],
    [{ mode: 'VALIDATED' }, { type: 'auto' }, ['toolConfig.functionCallingConfig.mode']],
    [{ mode: 'MODE_UNSPECIFIED' }, undefined, []],
  ])('the choice %j', (functionCallingConfig, choice, others) => {
    const request = parse({ toolConfig: { functionCallingConfig } });
    expect(request.toolChoice as unknown).toEqual(choice);
    expect(Object.keys(request.extension?.fields ?? {})).toEqual(others);
  });

  test.each<[JsonObject, string, string[] | undefined]>([
    [{ mode: 'ANY', allowed_function_names: ['f', 'g'] }, 'required', ['f', 'g', 'codeExecution']],
    [{ mode: 'VALIDATED', allowedFunctionNames: ['f'] }, 'auto', ['f', 'codeExecution']],
    // Google ignores the list there.
    [{ mode: 'AUTO', allowedFunctionNames: ['f'] }, 'auto', undefined],
  ])('the functions that %j allows, beside what Google runs', (functionCallingConfig, type, allowed) => {
    const declared = ['f', 'g', 'h'].map((name) => ({ name }));
    const tools = [{ functionDeclarations: declared }, { codeExecution: {} }];
    const { toolChoice, allowedTools } = parse({ tools, toolConfig: { functionCallingConfig } });
    expect({ toolChoice, allowedTools } as unknown).toEqual({ toolChoice: { type }, allowedTools: allowed });
  });
});

describe('generation config', () => {
  const config = (generationConfig: JsonObject) => parse({ generationConfig });

  test('numbers and stops', () => {
    expect(
      config({
        temperature: 0.5,
        top_p: 0.9,
        topK: '40',
        maxOutputTokens: 100,
        seed: 7,
        presencePenalty: 0.1,
        frequencyPenalty: 0,
        stop_sequences: ['x'],
        candidateCount: 1,
        responseModalities: ['TEXT'],
        responseLogprobs: false,
      }),
    ).toEqual({
      ...parse({}),
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      maxOutputTokens: 100,
      seed: 7,
      presencePenalty: 0.1,
      stopSequences: ['x'],
    });
  });

  test.each<[JsonObject, unknown]>([
    [{ responseMimeType: 'text/plain' }, undefined],
    [{ responseMimeType: 'application/json' }, { type: 'json' }],
    [
      { responseMimeType: 'application/json', responseSchema: { type: 'STRING' } },
      { type: 'json-schema', isKept: true, schema: { type: 'string' } },
    ],
    [
      { response_mime_type: 'application/json', response_json_schema: { $ref: '#/$defs/a' } },
      { type: 'json-schema', isKept: true, schema: { $ref: '#/$defs/a' } },
    ],
    ...['_responseJsonSchema', '_response_json_schema'].map((name): [JsonObject, unknown] => [
      { responseMimeType: 'application/json', [name]: { type: 'object' } },
      { type: 'json-schema', isKept: true, schema: { type: 'object' } },
    ]),
    ...['APPLICATION_JSON', 'application/json'].flatMap((mimeType): [JsonObject, unknown][] => [
      [{ responseFormat: { text: { mimeType } } }, { type: 'json' }],
      [
        { responseFormat: { text: { mimeType, schema: { type: 'object' } } } },
        { type: 'json-schema', isKept: true, schema: { type: 'object' } },
      ],
    ]),
    // A list of formats, as Google Cloud has it.
    [
      { response_format: [{ text: { mime_type: 'APPLICATION_JSON', schema: { type: 'object' } } }] },
      { type: 'json-schema', isKept: true, schema: { type: 'object' } },
    ],
    [{ responseFormat: { text: { mimeType: 'TEXT_PLAIN' } } }, undefined],
    [
      // As Gemini CLI sends it: Google's types in JSON Schema's field.
      {
        responseMimeType: 'application/json',
        responseJsonSchema: {
          type: 'OBJECT',
          properties: {
            type: { type: 'STRING', enum: ['OBJECT'], default: { type: 'OBJECT' } },
            list: { type: ['ARRAY', 'null'], items: { anyOf: [{ type: 'INTEGER' }, true] } },
          },
        },
      },
      {
        type: 'json-schema',
        isKept: true,
        schema: {
          type: 'object',
          properties: {
            type: { type: 'string', enum: ['OBJECT'], default: { type: 'OBJECT' } },
            list: { type: ['array', 'null'], items: { anyOf: [{ type: 'integer' }, true] } },
          },
        },
      },
    ],
  ])('the format %j', (generationConfig, format) => {
    const request = config(generationConfig);
    expect(request.outputFormat as unknown).toEqual(format);
    expect(request.extension).toBeUndefined();
  });

  test('the format of other media stays beside that of text', () => {
    const image = { aspectRatio: 'ASPECT_RATIO_1_1' };
    const text = { mimeType: 'APPLICATION_JSON' };
    for (const responseFormat of [{ text, image }, [{ text }, { image }]]) {
      const request = config({ responseFormat });
      const rest = Array.isArray(responseFormat) ? [{ image }] : { image };
      expect(request.outputFormat).toEqual({ type: 'json' });
      expect(request.extension?.fields).toEqual({ 'generationConfig.responseFormat': rest });
    }
    const unknown = { text: { mimeType: 'TEXT_ODD' }, image };
    expect(config({ responseFormat: unknown }).extension?.fields).toEqual({
      'generationConfig.responseFormat': unknown,
    });
  });

  test.each<[JsonObject, unknown]>([
    [{ thinkingBudget: 0 }, { mode: 'off' }],
    [
      { thinkingBudget: -1, includeThoughts: true },
      { mode: 'adaptive', summary: 'auto' },
    ],
    [
      { thinking_budget: 2048, include_thoughts: false },
      { mode: 'on', budgetTokens: 2048 },
    ],
    [{ thinkingLevel: 'low' }, { effort: 'low' }],
    [{ thinkingLevel: 'XHIGH' }, { effort: 'xhigh' }],
    [{ includeThoughts: true }, { summary: 'auto' }],
    [{}, undefined],
  ])('the thinking %j', (thinkingConfig, reasoning) => {
    expect(config({ thinkingConfig }).reasoning as unknown).toEqual(reasoning);
  });

  test('a level of thinking by its number is kept for Google, and named elsewhere', () => {
    const request = config({ thinkingConfig: { thinkingLevel: 3 } });
    const field = 'generationConfig.thinkingConfig.thinkingLevel';
    expect(request.extension?.fields).toEqual({ [field]: 3 });
    const sent = gemini.provider.buildRequest(request, { model: 'gemini-3-pro', quirks: {} });
    expect(sent.body.generationConfig).toEqual({ thinkingConfig: { thinkingLevel: 3 } });
    const other = PROVIDER_SIDES['openai-chat'].buildRequest(request, { model: 'gpt-5', quirks: {} });
    expect(other.losses.map(({ feature }) => feature)).toEqual([field]);
  });

  test('what else there is keeps its name and place', () => {
    const request = parse({
      generationConfig: { responseModalities: ['IMAGE'], candidateCount: 2, responseMimeType: 'text/x.enum' },
      safetySettings: [{ category: 'X', threshold: 'Y' }],
      cached_content: 'cachedContents/1',
      labels: { team: 'a' },
      toolConfig: { retrievalConfig: { languageCode: 'de' } },
      serviceTier: 'flex',
    });
    expect(request.serviceTier).toBe('flex');
    expect(request.extension).toEqual({
      dialect: 'gemini',
      fields: {
        safetySettings: [{ category: 'X', threshold: 'Y' }],
        cachedContent: 'cachedContents/1',
        labels: { team: 'a' },
        'toolConfig.retrievalConfig': { languageCode: 'de' },
        'generationConfig.responseModalities': ['IMAGE'],
        'generationConfig.candidateCount': 2,
        'generationConfig.responseMimeType': 'text/x.enum',
      },
    });
  });
});

test('a stored prefix binds the request to who keeps it', () => {
  const bound = parse({ cachedContent: 'cachedContents/1' });
  expect(bound.boundTo).toMatchObject({ dialect: 'gemini', field: 'cachedContent' });
  expect(parse({ cachedContent: '' }).boundTo).toBeUndefined();
});

test('a count may wrap the request it is for', () => {
  const route: ClientRoute = { operation: 'count-tokens', model: 'g', stream: false };
  const inner = { model: 'models/g', contents: [{ parts: [{ text: 'count me' }] }], systemInstruction: 'be' };
  const request = gemini.client.parseRequest({ generateContentRequest: inner }, route);
  expect(request).toMatchObject({ messages: [{ parts: [{ text: 'count me' }] }], system: [{ text: 'be' }] });
});

describe('refused, with the path and what to do', () => {
  test.each<[JsonObject, string, string]>([
    [{ contents: undefined }, 'contents', 'is missing'],
    [{ contents: [] }, 'contents', 'is empty'],
    [{ contents: ['hi'] }, 'contents[0]', 'must be an object, not a string'],
    [{ contents: [{ role: 'system', parts: [] }] }, 'contents[0].role', 'must be `user` or `model`'],
    [{ contents: [{ parts: ['x'] }] }, 'contents[0].parts[0]', 'must be an object'],
    [{ contents: [{ parts: [{ text: 3 }] }] }, 'contents[0].parts[0].text', 'must be a string, not a number'],
    [
      { contents: [{ parts: [{ inlineData: { data: 'x' } }] }] },
      'contents[0].parts[0].inlineData.mimeType',
      'is missing',
    ],
    [
      { contents: [{ parts: [{ inlineData: { mimeType: 'a/b', data: '' } }] }] },
      'contents[0].parts[0].inlineData.data',
      'base64',
    ],
    [{ contents: [{ parts: [{ fileData: {} }] }] }, 'contents[0].parts[0].fileData.fileUri', 'is missing'],
    [
      { contents: [{ parts: [{ functionCall: {} }] }] },
      'contents[0].parts[0].functionCall.name',
      'name the function',
    ],
    [
      { contents: [{ parts: [{ functionCall: { name: 'f', args: 'x' } }] }] },
      'contents[0].parts[0].functionCall.args',
      'must be an object',
    ],
    [
      { contents: [{ parts: [{ functionResponse: {} }] }] },
      'contents[0].parts[0].functionResponse.name',
      'is missing',
    ],
    [{ systemInstruction: 3 }, 'systemInstruction', 'must be an object'],
    [{ systemInstruction: { parts: [{}] } }, 'systemInstruction.parts[0]', 'has no text'],
    [{ tools: [3] }, 'tools[0]', 'must be an object'],
    [
      { tools: [{ functionDeclarations: [{}] }] },
      'tools[0].functionDeclarations[0].name',
      'name the function',
    ],
    [
      { tools: [{ functionDeclarations: [{ name: 'f', parameters: 'x' }] }] },
      'tools[0].functionDeclarations[0].parameters',
      'must be an object',
    ],
    [
      { toolConfig: { functionCallingConfig: { mode: 'SOMETIMES' } } },
      'toolConfig.functionCallingConfig.mode',
      'AUTO, ANY, NONE',
    ],
    [{ generationConfig: 'x' }, 'generationConfig', 'must be an object'],
    [{ generationConfig: { temperature: 'hot' } }, 'generationConfig.temperature', 'must be a number'],
    [{ generationConfig: { stopSequences: [1] } }, 'generationConfig.stopSequences[0]', 'must be a string'],
    [{ generationConfig: { responseMimeType: 1 } }, 'generationConfig.responseMimeType', 'must be a string'],
    [
      { generationConfig: { thinkingConfig: { thinkingLevel: 'EXTREME' } } },
      'generationConfig.thinkingConfig.thinkingLevel',
      'MINIMAL',
    ],
    [
      { generationConfig: { thinkingConfig: { thinkingBudget: 'x' } } },
      'generationConfig.thinkingConfig.thinkingBudget',
      'must be a number',
    ],
  ])('%j', (body, path, problem) => {
    try {
      parse(body);
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(GatewayError);
      const error = thrown as GatewayError;
      expect(error).toMatchObject({ code: 'invalid_request', reason: { param: path } });
      expect(error.message).toStartWith(`${path}: `);
      expect(error.message).toContain(problem);
      return;
    }
    throw new Error('was taken');
  });
});
