// What the decoder makes of each part, of streams that break their own rules, and of endings.
import { describe, expect, test } from 'bun:test';
import { MalformedEvent } from '../../../src/dialects/dialect.ts';
import { gemini } from '../../../src/dialects/gemini/index.ts';
import { GatewayError } from '../../../src/model/errors.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { sequenced } from '../../support/sequenced.ts';
import { answerOf, callsOf, chunk, decode, decodeChunks, wholeAnswer } from './events.ts';

const STOP = chunk([{ text: '' }], 'STOP');
const partsOf = (...chunks: unknown[]) => wholeAnswer(decodeChunks(...chunks)).parts;
const errorOf = (events: readonly StreamEvent[]) => answerOf(events) as GatewayError;
const call = (functionCall: JsonObject, more: JsonObject = {}) => chunk([{ functionCall, ...more }]);

describe('parts', () => {
  test('text in pieces is one text, several parts in one event too', () => {
    expect(partsOf(chunk([{ text: 'a' }, { text: 'b' }]), chunk([{ text: 'c' }], 'STOP'))).toEqual([
      { type: 'text', text: 'abc' },
    ]);
  });

  test('a candidate at no number is none of several', () => {
    // No text can be made of such a value either.
    const odd = { candidates: [{ index: { toString: 1 }, content: { parts: [{ text: 'b' }] } }] };
    expect(decodeChunks(chunk([{ text: 'a' }]), odd, STOP)).not.toContainEqual(
      expect.objectContaining({ name: 'candidates' }),
    );
  });

  test('thoughts are reasoning, apart from the text before and behind', () => {
    const thought = (text: string) => chunk([{ text, thought: true }]);
    expect(partsOf(thought('x'), thought('y'), chunk([{ text: 'a' }]), thought('z'), STOP)).toEqual([
      { type: 'reasoning', text: 'xy' },
      { type: 'text', text: 'a' },
      { type: 'reasoning', text: 'z' },
    ]);
  });

  test('a signed thought ends with its signature', () => {
    const parts = partsOf(
      chunk([{ text: 'x', thought: true }]),
      chunk([{ text: 'y', thought: true, thoughtSignature: 's1' }]),
      chunk([{ text: 'z', thought: true }], 'STOP'),
    );
    expect(parts).toMatchObject([
      { type: 'reasoning', text: 'xy', signature: 'gemini:s1' },
      { type: 'reasoning', text: 'z' },
    ]);
    expect(parts[1]).not.toHaveProperty('signature');
  });

  test.each([
    ['on the text', [chunk([{ text: 'a', thoughtSignature: 's' }], 'STOP')]],
    ['alone behind it', [chunk([{ text: 'a' }]), chunk([{ text: '', thoughtSignature: 's' }], 'STOP')]],
  ])('a signature %s seals it', (_, chunks) => {
    expect(partsOf(...chunks)).toMatchObject([
      { type: 'text', text: 'a' },
      { type: 'reasoning', text: '', signature: 'gemini:s' },
    ]);
  });

  test.each([
    ['a chunk', [chunk([{ text: 'a', thoughtSignature: 's' }]), chunk([{ text: 'b' }], 'STOP')]],
    ['a part', [chunk([{ text: 'a', thoughtSignature: 's' }, { text: 'b' }], 'STOP')]],
    [
      'a signature alone',
      [chunk([{ text: 'a' }, { text: '', thoughtSignature: 's' }, { text: 'b' }], 'STOP')],
    ],
  ])('text goes on behind %s that is signed, and is sealed at its end', (_, chunks) => {
    const parts = partsOf(...chunks);
    expect(parts).toHaveLength(2);
    expect(parts).toMatchObject([
      { type: 'text', text: 'ab' },
      { type: 'reasoning', text: '', signature: 'gemini:s' },
    ]);
  });

  test('all signatures of a text are kept, in front of the call behind it', () => {
    const signed = (text: string, thoughtSignature: string) => chunk([{ text, thoughtSignature }]);
    expect(partsOf(signed('a', 's'), signed('b', 't'), call({ name: 'f' }), STOP)).toMatchObject([
      { type: 'text', text: 'ab' },
      { type: 'reasoning', text: '', signature: 'gemini:s' },
      { type: 'reasoning', text: '', signature: 'gemini:t' },
      { type: 'tool-call', name: 'f' },
    ]);
  });

  test('a signature alone before anything is kept', () => {
    expect(partsOf(chunk([{ text: '', thoughtSignature: 's' }]), call({ name: 'f' }), STOP)).toMatchObject([
      { type: 'reasoning', text: '', signature: 'gemini:s' },
      { type: 'tool-call', name: 'f' },
    ]);
  });

  test('a signature that looks marked is still its own: the provider may be another gateway', () => {
    const marked = btoa('sluice:openai-chat:x');
    const [, seal] = partsOf(chunk([{ text: 'a', thoughtSignature: marked }], 'STOP'));
    expect(seal).toMatchObject({ signature: `gemini:${marked}` });
  });

  test('generated images and audio are media, and may be signed', () => {
    const blob = (mimeType: string) => ({ inlineData: { mimeType, data: 'QUJD' } });
    expect(
      partsOf(chunk([{ ...blob('image/png'), thoughtSignature: 's' }, blob('audio/L16;rate=24000')], 'STOP')),
    ).toMatchObject([
      { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'QUJD' } },
      { type: 'reasoning', signature: 'gemini:s' },
      { type: 'audio', source: { mediaType: 'audio/L16;rate=24000' } },
    ]);
  });

  test('an image that is only thought of is not shown', () => {
    const image = { inlineData: { mimeType: 'image/png', data: 'QUJD' }, thought: true };
    const events = decodeChunks(chunk([image]), chunk([{ text: 'a' }], 'STOP'));
    expect(wholeAnswer(events).parts).toEqual([
      { type: 'opaque', dialect: 'gemini', name: 'inlineData', value: image },
      { type: 'text', text: 'a' },
    ]);
  });

  test('tools that Google runs are emitted as such, and their results belong to them', () => {
    const parts = partsOf(
      chunk([
        { executableCode: { language: 'PYTHON', code: 'print(1)' } },
        { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1\n' } },
        {
          toolCall: { id: 't1', toolType: 'GOOGLE_SEARCH_WEB', args: { queries: ['q'] } },
          thoughtSignature: 's',
        },
        { toolResponse: { id: 't1', toolType: 'GOOGLE_SEARCH_WEB', response: {} } },
      ]),
      chunk([{ text: '1' }], 'STOP'),
    );
    expect(parts).toMatchObject([
      { kind: 'server', name: 'code_execution', arguments: '{"language":"PYTHON","code":"print(1)"}' },
      { type: 'server-tool-result', dialect: 'gemini' },
      { kind: 'server', id: 't1', name: 'google_search_web', signature: 'gemini:s' },
      { type: 'server-tool-result', callId: 't1' },
      { text: '1' },
    ]);
    const [code, result] = parts as { id?: string; callId?: string }[];
    expect(result?.callId).toBe(String(code?.id));
    // What Google runs is not for the client to run.
    expect(wholeAnswer(decodeChunks(chunk([{ executableCode: { code: '' } }], 'STOP'))).finish.unified).toBe(
      'end_turn',
    );
  });

  test('empty parts, empty candidates and unknown parts disturb nothing', () => {
    const odd = { newKind: { x: 1 } };
    const events = decodeChunks(
      chunk([{ text: 'a' }, {}]),
      { candidates: [{ content: { role: 'model' } }] },
      { candidates: [] },
      chunk([odd]),
      STOP,
    );
    expect(wholeAnswer(events).parts).toEqual([
      { type: 'text', text: 'a' },
      { type: 'opaque', dialect: 'gemini', name: 'newKind', value: odd },
    ]);
  });

  test('of several candidates the first is read', () => {
    const candidate = (index: number, text: string) => ({
      index,
      content: { parts: [{ text }] },
      finishReason: index === 0 ? 'STOP' : 'SAFETY',
    });
    const events = decodeChunks({ candidates: [candidate(1, 'no'), candidate(0, 'yes')] });
    expect(wholeAnswer(events)).toMatchObject({ parts: [{ text: 'yes' }], finish: { unified: 'end_turn' } });
    const both = { candidates: [candidate(0, 'a'), candidate(1, 'b')] };
    expect(decodeChunks(both, both).filter(({ type }) => type === 'extension')).toEqual([
      { type: 'extension', dialect: 'gemini', name: 'candidates', value: {} },
    ]);
  });
});

describe('calls', () => {
  test('keep their ids; those without get one that is always the same', () => {
    const wire = [
      call({ id: 'x', name: 'f', args: { a: 1 } }),
      call({ name: 'f' }),
      call({ name: 'f' }),
      STOP,
    ];
    const ids = (chunks: unknown[]) =>
      wholeAnswer(decodeChunks(...chunks)).parts.map((part) => (part.type === 'tool-call' ? part.id : null));
    expect(ids(wire)).toEqual(['x', 'gcall-r1-0', 'gcall-r1-1']);
    expect(ids(wire)).toEqual(ids(wire));
  });

  test('of answers without id are distinguished by the content of the answers', () => {
    const id = (total: number) => {
      const usageMetadata = { totalTokenCount: total };
      const wire = { ...call({ name: 'f' }), responseId: undefined, usageMetadata };
      const [part] = wholeAnswer(decodeChunks(wire, STOP)).parts;
      return part?.type === 'tool-call' ? part.id : undefined;
    };
    expect(id(1)).toStartWith('gcall-');
    expect(id(1)).toBe(id(1) ?? '');
    expect(id(1)).not.toBe(id(2) ?? '');
  });

  test('carry their signature', () => {
    expect(partsOf(call({ name: 'f' }, { thoughtSignature: 's' }), STOP)).toMatchObject([
      { type: 'tool-call', arguments: '{}', signature: 'gemini:s' },
    ]);
  });

  test('a call makes STOP a tool_use', () => {
    expect(wholeAnswer(decodeChunks(call({ name: 'f' }), STOP)).finish).toEqual({
      unified: 'tool_use',
      raw: 'STOP',
    });
  });

  test('without a name end the answer', () => {
    expect(decodeChunks(chunk([{ functionCall: { args: {} } }, { text: 'a' }])).at(-1)).toMatchObject({
      type: 'error',
      error: { code: 'upstream_malformed' },
    });
  });
});

describe('streamed arguments', () => {
  const partial = (partialArgs: JsonObject[], willContinue = true) => call({ partialArgs, willContinue });
  const args = (...pieces: JsonObject[][]) => {
    const events = decodeChunks(
      call({ name: 'f', willContinue: true }),
      ...pieces.map((each) => partial(each)),
      call({}),
      STOP,
    );
    return callsOf(wholeAnswer(sequenced(events)).parts).map((each) => each.arguments);
  };

  test.each<[string, JsonObject[][], JsonObject]>([
    ['nothing', [], {}],
    [
      'text in pieces',
      [
        [{ jsonPath: '$.a', stringValue: 'Hel', willContinue: true }],
        [{ jsonPath: '$.a', stringValue: 'lo "you"\n', willContinue: true }],
        [{ jsonPath: '$.a', stringValue: '' }],
      ],
      { a: 'Hello "you"\n' },
    ],
    [
      'text whose end is not said',
      [[{ jsonPath: '$.a', stringValue: 'x', willContinue: true }], [{ jsonPath: '$.b', numberValue: 2 }]],
      { a: 'x', b: 2 },
    ],
    [
      'every kind of value',
      [
        [
          { jsonPath: '$.n', numberValue: -1.5 },
          { jsonPath: '$.b', boolValue: false },
          { jsonPath: '$.z', nullValue: 'NULL_VALUE' },
          { jsonPath: '$.s', stringValue: '' },
        ],
      ],
      { n: -1.5, b: false, z: null, s: '' },
    ],
    [
      'nested objects and lists',
      [
        [{ jsonPath: '$.o.p.q', numberValue: 1 }],
        [{ jsonPath: '$.o.r', stringValue: 'x' }],
        [{ jsonPath: '$.l[0].a', numberValue: 1 }],
        [{ jsonPath: '$.l[0].b[0]', numberValue: 2 }],
        [{ jsonPath: '$.l[0].b[1]', numberValue: 3 }],
        [{ jsonPath: '$.l[1].a', numberValue: 4 }],
      ],
      { o: { p: { q: 1 }, r: 'x' }, l: [{ a: 1, b: [2, 3] }, { a: 4 }] },
    ],
    [
      'names that need quotes',
      [[{ jsonPath: "$['a b'][\"it's\"]", numberValue: 1 }], [{ jsonPath: "$['c\\'d']", numberValue: 2 }]],
      { 'a b': { "it's": 1 }, "c'd": 2 },
    ],
  ])('%s', (_, pieces, expected) => {
    expect(args(...pieces)).toEqual([expected]);
  });

  test('flow as they come, each piece in an event of its own', () => {
    const events = decodeChunks(
      call({ id: 'c', name: 'f', willContinue: true }),
      partial([{ jsonPath: '$.a', stringValue: 'x', willContinue: true }]),
      partial([{ jsonPath: '$.a', stringValue: 'y', willContinue: true }]),
    );
    expect(events.slice(1)).toEqual([
      { type: 'tool-start', block: 0, id: 'c', name: 'f', kind: 'function' },
      { type: 'tool-delta', block: 0, arguments: '{"a":"x' },
      { type: 'tool-delta', block: 0, arguments: 'y' },
    ]);
  });

  test('end with the piece that says that no more follows', () => {
    const events = decodeChunks(
      call({ id: 'c', name: 'f', willContinue: true }),
      partial([{ jsonPath: '$.a', numberValue: 1 }], false),
    );
    expect(events.at(-1)).toEqual({ type: 'tool-end', block: 0 });
  });

  test('of two calls, the first not ended by name but by the second', () => {
    const events = decodeChunks(
      call({ name: 'f', willContinue: true }),
      partial([{ jsonPath: '$.a', numberValue: 1 }]),
      call({ name: 'g', willContinue: true }),
      partial([{ jsonPath: '$.b', numberValue: 2 }], false),
      STOP,
    );
    expect(callsOf(wholeAnswer(events).parts)).toEqual([
      { name: 'f', arguments: { a: 1 } },
      { name: 'g', arguments: { b: 2 } },
    ]);
  });

  test.each([
    [
      'a key twice',
      [
        { jsonPath: '$.a', numberValue: 1 },
        { jsonPath: '$.a', numberValue: 2 },
      ],
    ],
    ['a closed object', ['$.o.a', '$.x', '$.o.b'].map((jsonPath) => ({ jsonPath, numberValue: 1 }))],
    ['a list with a hole', [{ jsonPath: '$.l[1]', numberValue: 1 }]],
    ['an unreadable path', [{ jsonPath: '$..*', numberValue: 1 }]],
  ])('%s ends the stream: what is told cannot be taken back', (_, pieces) => {
    const events = decodeChunks(call({ name: 'f', willContinue: true }), partial(pieces), STOP);
    expect(errorOf(events)).toMatchObject({ code: 'upstream_malformed' });
  });
});

test('what follows a finish reason belongs to the answer: text, sources and counts', () => {
  const grounding = { groundingChunks: [{ web: { uri: 'https://a.test', title: 'A' } }] };
  const answer = answerOf(
    decodeChunks(
      chunk([{ text: 'a' }], 'STOP'),
      chunk([{ text: 'b' }], 'STOP'),
      { candidates: [{ index: 0, groundingMetadata: grounding }] },
      { usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2 } },
    ),
  );
  expect(answer).toMatchObject({
    parts: [{ type: 'text', text: 'ab', citations: [{ url: 'https://a.test' }] }],
    finish: { unified: 'end_turn', raw: 'STOP' },
    usage: { inputTokens: 3, outputTokens: 2 },
  });
});

describe('sources', () => {
  const text = 'Zoë läuft 🏃. Then more.';
  const bytes = (piece: string) => new TextEncoder().encode(piece).length;
  const segment = (said: string) => {
    const startIndex = bytes(text.slice(0, text.indexOf(said)));
    return { startIndex, endIndex: startIndex + bytes(said), text: said };
  };
  const grounded = (supports: JsonObject[], more: JsonObject = {}) => ({
    candidates: [
      {
        content: { parts: [{ text }] },
        finishReason: 'STOP',
        groundingMetadata: {
          groundingChunks: [
            { web: { uri: 'https://a.test', title: 'A' } },
            { retrievedContext: { text: 'passage', title: 'B' } },
          ],
          groundingSupports: supports,
          webSearchQueries: ['one', 'two'],
          ...more,
        },
      },
    ],
  });

  test('are located by bytes, reported in UTF-16 units', () => {
    const support = { segment: segment('läuft 🏃'), groundingChunkIndices: [0] };
    const [part] = partsOf(grounded([support]));
    const [citation, other] = part?.type === 'text' ? (part.citations ?? []) : [];
    expect(citation).toMatchObject({ kind: 'url', url: 'https://a.test', title: 'A' });
    expect(text.slice(citation?.start, citation?.end)).toBe('läuft 🏃');
    // A source that nothing points at is a source still.
    expect(other).toMatchObject({ kind: 'document', title: 'B', citedText: 'passage' });
    expect(other).not.toHaveProperty('start');
  });

  test('are located in the text alone, also in one behind a thought', () => {
    const thought = (said: string) => chunk([{ text: said, thought: true }]);
    const segments = [
      { startIndex: 0, endIndex: 4, text: 'Zoë' },
      { startIndex: 6, endIndex: 9, text: 'ran' },
    ];
    const last = chunk([{ text: 'ran.' }], 'STOP');
    Object.assign((last.candidates as JsonObject[])[0] ?? {}, {
      groundingMetadata: {
        groundingChunks: [{ web: { uri: 'https://a.test' } }],
        groundingSupports: segments.map((segment) => ({ segment, groundingChunkIndices: [0] })),
      },
    });
    const parts = partsOf(thought('Who ran?'), chunk([{ text: 'Zoë: ' }]), thought('Sure.'), last);
    // The first is a place in a text that has ended.
    expect(parts.at(-1)).toMatchObject({ text: 'ran.', citations: [{}, { start: 0, end: 3 }] });
  });

  test('of an answer without text are named as lost', () => {
    const groundingMetadata = { groundingChunks: [{ web: { uri: 'https://a.test' } }] };
    const events = decodeChunks({
      candidates: [{ content: { parts: [] }, finishReason: 'STOP', groundingMetadata }],
    });
    expect(events).toContainEqual({ type: 'extension', dialect: 'gemini', name: 'citations', value: {} });
  });

  test('at no place, or of a number that is not listed, are those that there are', () => {
    const [part] = partsOf(grounded([{ segment: {}, groundingChunkIndices: [0, 9, 'a'] }]));
    const citations = part?.type === 'text' ? (part.citations ?? []) : [];
    expect(citations.map(({ title, start }) => [title, start])).toEqual([
      ['A', undefined],
      ['B', undefined],
    ]);
  });

  test('with places that say another text go unplaced', () => {
    const support = { segment: { ...segment('läuft'), text: 'other' }, groundingChunkIndices: [0] };
    const [part] = partsOf(grounded([support]));
    expect(part?.type === 'text' && part.citations?.[0]).not.toHaveProperty('start');
  });

  test('that repeat from event to event are emitted once', () => {
    const support = { segment: segment('läuft'), groundingChunkIndices: [0, 1] };
    const { citations } = partsOf(grounded([support]), {
      ...grounded([support]),
      candidates: [
        { content: { parts: [] }, groundingMetadata: grounded([support]).candidates[0]?.groundingMetadata },
      ],
    })[0] as { citations: unknown[] };
    expect(citations).toHaveLength(2);
  });

  test('of quotations too, under both names of the field', () => {
    for (const name of ['citations', 'citationSources']) {
      const metadata = { [name]: [{}, { startIndex: 0, endIndex: 4, uri: 'https://q.test' }] };
      const [part] = partsOf({
        candidates: [{ content: { parts: [{ text }] }, citationMetadata: metadata, finishReason: 'STOP' }],
      });
      expect(part).toMatchObject({ citations: [{ url: 'https://q.test', start: 0, end: 3 }] });
    }
  });

  test.each([
    [
      'a quotation that names nothing',
      { citationMetadata: { citationSources: [{ startIndex: 1, endIndex: 4 }] } },
    ],
    [
      'a chunk of a new kind',
      { groundingMetadata: { groundingChunks: [{ video: { uri: 'https://v.test' } }] } },
    ],
  ])('are named as lost where they have no word: %s', (_, more) => {
    const candidate = { content: { parts: [{ text }] }, finishReason: 'STOP', ...more };
    const { parts, extension } = gemini.provider.parseResponse({ candidates: [candidate] });
    expect(parts).toEqual([{ type: 'text', text }]);
    expect(extension?.fields).toEqual({ citations: {} });
  });

  test('stay on their text when its signature comes in the same event', () => {
    const last = grounded([{ segment: segment('Zoë'), groundingChunkIndices: [0] }]);
    last.candidates[0]?.content.parts.push({ text: '', thoughtSignature: 's' } as { text: string });
    const parts = partsOf(last);
    expect(parts).toMatchObject([{ citations: [{ start: 0, end: 3 }, {}] }, { signature: 'gemini:s' }]);
  });

  test('find their text behind a piece of it that was signed before', () => {
    const first = chunk([{ text: text.slice(0, 2), thoughtSignature: 's' }]);
    const last = grounded([{ segment: segment('Zoë'), groundingChunkIndices: [0] }]);
    for (const candidate of last.candidates) candidate.content.parts = [{ text: text.slice(2) }];
    expect(partsOf(first, last)).toMatchObject([{ text, citations: [{ start: 0, end: 3 }, {}] }, {}]);
  });

  test('and the searches behind them are counted', () => {
    expect(wholeAnswer(decodeChunks(grounded([]))).usage.webSearches).toBe(2);
  });

  test.each([
    ['gemini-3.5-flash', 2],
    ['models/gemini-flash-latest', 2],
    ['gemini-2.5-flash', 1],
    ['gemini-2.0-flash-001', 1],
  ])('as they are billed by %s: %d of two queries, however often they are told', (modelVersion, searches) => {
    const queries = { webSearchQueries: ['one', '', 'two', ' one', ' '] };
    const ungrounded = { candidates: [{ content: { parts: [{ text }] } }] };
    for (const chunks of [
      [{ modelVersion, ...grounded([], queries) }],
      [{ modelVersion, ...ungrounded }, grounded([], queries)],
      [
        {
          modelVersion,
          candidates: [{ ...ungrounded.candidates[0], groundingMetadata: { webSearchQueries: ['two'] } }],
        },
        grounded([], { imageSearchQueries: ['one'], webSearchQueries: [] }),
      ],
    ]) {
      expect(wholeAnswer(decodeChunks(...chunks)).usage.webSearches).toBe(searches);
    }
  });

  test('in Google Maps have a price that is not stated', () => {
    const places = { groundingChunks: [{ maps: { uri: 'https://maps.test' } }], webSearchQueries: [] };
    for (const metadata of [places, { googleMapsWidgetContextToken: 't' }]) {
      expect(wholeAnswer(decodeChunks(grounded([], metadata))).otherCharges).toBe(true);
    }
    expect(wholeAnswer(decodeChunks(grounded([])))).not.toHaveProperty('otherCharges');
  });
});

describe('endings', () => {
  test.each<[string | number, string]>([
    ['STOP', 'end_turn'],
    ['MAX_TOKENS', 'max_tokens'],
    ['SAFETY', 'refusal'],
    ['RECITATION', 'refusal'],
    ['BLOCKLIST', 'refusal'],
    ['PROHIBITED_CONTENT', 'refusal'],
    ['SPII', 'refusal'],
    ['IMAGE_SAFETY', 'refusal'],
    ['MODEL_ARMOR', 'refusal'],
    ['ESCALATION', 'refusal'],
    ['PUP_LIMITED_DISABLED', 'refusal'],
    ['OTHER', 'other'],
    ['LANGUAGE', 'other'],
    ['SOMETHING_NEW', 'other'],
    [1, 'end_turn'],
    [2, 'max_tokens'],
    [3, 'refusal'],
    [4, 'refusal'],
    [5, 'other'],
    [99, 'other'],
  ])('%p is %s', (reason, unified) => {
    const events = decodeChunks(chunk([{ text: 'a' }], reason));
    expect(wholeAnswer(events).finish.unified as string).toBe(unified);
  });

  test('EOF without a reason is no ending', () => {
    const events = decodeChunks(chunk([{ text: 'a' }]));
    expect(events.map((event) => event.type)).not.toContain('finish');
    expect(errorOf(events).code).toBe('upstream_truncated');
  });

  test('usage behind the reason still counts, the last word wins', () => {
    const usage = (candidatesTokenCount: number) => ({
      usageMetadata: { promptTokenCount: 9, candidatesTokenCount, cachedContentTokenCount: 4 },
    });
    const events = decodeChunks(chunk([{ text: 'a' }], 'STOP', usage(3)), usage(5));
    expect(wholeAnswer(events).usage).toMatchObject({ inputTokens: 5, cacheReadTokens: 4, outputTokens: 5 });
    expect(events.at(-1)?.type).toBe('finish');
  });

  test('a blocked prompt is a refusal', () => {
    const events = decodeChunks({ promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } });
    expect(wholeAnswer(events)).toMatchObject({
      parts: [],
      finish: { unified: 'refusal', raw: 'PROHIBITED_CONTENT' },
    });
  });

  test.each(['MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL', 'MALFORMED_RESPONSE'])(
    '%s is an error',
    (reason) => {
      const wire = chunk([], reason);
      Object.assign((wire.candidates as JsonObject[])[0] ?? {}, { finishMessage: 'Malformed: print(' });
      const error = errorOf(decodeChunks(wire));
      expect(error).toMatchObject({ code: 'upstream_malformed' });
      expect(error.message).toContain('Malformed: print(');
    },
  );

  test('a signature that the history lacks is an error of the request', () => {
    const error = errorOf(decodeChunks(chunk([], 'MISSING_THOUGHT_SIGNATURE')));
    expect(error).toMatchObject({ code: 'upstream_rejected' });
    expect(error.message).toContain('signature is missing');
  });

  test.each<[string, unknown, string, number]>([
    [
      'an object',
      { error: { code: 503, message: 'busy', status: 'UNAVAILABLE' } },
      'upstream_overloaded',
      503,
    ],
    [
      'in a list',
      [{ error: { code: 429, message: 'slow', status: 'RESOURCE_EXHAUSTED' } }],
      'upstream_rate_limited',
      429,
    ],
    ['without a number', { error: { message: 'gone', status: 'INTERNAL' } }, 'upstream_failed', 502],
  ])('an error inside the stream, %s', (_, wire, code, status) => {
    const events = decodeChunks(chunk([{ text: 'a' }]), wire, STOP);
    expect(errorOf(events)).toMatchObject({ code, status });
    expect(events.at(-1)?.type).toBe('error');
  });

  test('an unreadable event is passed over', () => {
    const events: StreamEvent[] = [];
    const decoder = gemini.provider.createStreamDecoder(events);
    const feed = (data: string) => () => decoder.decode({ event: '', data });
    feed(JSON.stringify(chunk([{ text: 'a' }])))();
    expect(feed('{"candidates":[')).toThrow(MalformedEvent);
    expect(feed('3')).toThrow(MalformedEvent);
    expect(feed('{"candidates":{}}')).toThrow(MalformedEvent);
    expect(feed('{"candidates":[3]}')).toThrow(MalformedEvent);
    expect(feed('{"candidates":[{"content":"x"}]}')).toThrow(MalformedEvent);
    expect(feed('{"candidates":[{"content":{"parts":["x"]}}]}')).toThrow(MalformedEvent);
    feed(JSON.stringify(chunk([{ text: 'b' }], 'STOP')))();
    feed('[DONE]')();
    decoder.end();
    expect(wholeAnswer(events).parts).toEqual([{ type: 'text', text: 'ab' }]);
  });

  test('only an error is terminal by itself', () => {
    const { classify } = gemini.provider;
    expect(classify({ event: '', data: JSON.stringify(STOP) })).toBe('other');
    expect(classify({ event: '', data: '{\n  "error": {' })).toBe('terminal');
    expect(classify({ event: '', data: '[{"error":{}}]' })).toBe('terminal');
    expect(classify({ event: '', data: '{"candidates":[{"content":{"parts":[{"text":"\\"error\\":"' })).toBe(
      'other',
    );
  });
});

describe('whole answers', () => {
  const { parseResponse } = gemini.provider;

  test('without any ending cannot be read', () => {
    expect(() => parseResponse({})).toThrow(MalformedEvent);
    expect(() => parseResponse({ candidates: [{ content: { parts: [{ text: 'a' }] } }] })).toThrow(
      MalformedEvent,
    );
  });

  test('that broke off are errors', () => {
    expect(() => parseResponse(chunk([], 'MALFORMED_FUNCTION_CALL'))).toThrow(GatewayError);
  });

  test('keep what has no neutral word', () => {
    const wire = chunk([{ text: 'a' }], 'STOP');
    Object.assign((wire.candidates as JsonObject[])[0] ?? {}, { avgLogprobs: -1 });
    expect(parseResponse(wire).extension).toEqual({
      dialect: 'gemini',
      fields: { avgLogprobs: { candidate: { avgLogprobs: -1 } } },
    });
  });
});

test('the usage of sound is distinguished', () => {
  const details = [
    { modality: 'TEXT', tokenCount: 1 },
    { modality: 'AUDIO', tokenCount: 7 },
  ];
  const usageMetadata = { promptTokenCount: 8, promptTokensDetails: details, candidatesTokenCount: 0 };
  expect(
    wholeAnswer(decode([{ event: '', data: JSON.stringify(chunk([], 'STOP', { usageMetadata })) }])).usage,
  ).toMatchObject({ inputTokens: 8, audioInputTokens: 7 });
});
