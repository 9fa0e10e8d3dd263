// What clients are sent for each event, streamed and whole.
import { describe, expect, test } from 'bun:test';
import type { AnswerContext } from '../../../src/dialects/dialect.ts';
import { gemini } from '../../../src/dialects/gemini/index.ts';
import { GatewayError } from '../../../src/model/errors.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import type { UnifiedFinish } from '../../../src/model/finish.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { type OpaqueToken, ownToken, placeToken } from '../../../src/model/opaque-token.ts';
import { NO_USAGE } from '../../../src/model/usage.ts';
import { CONTEXT, encode, encodedChunks, wholeAnswer } from './events.ts';
import { cpuTimeOf } from '../../support/cpu-time.ts';

const START: StreamEvent = { type: 'start', id: 'r1', model: 'm1' };
const finish = (unified: UnifiedFinish = 'end_turn', raw: string | null = null): StreamEvent => ({
  type: 'finish',
  finish: { unified, raw },
});
const text = (...pieces: string[]): StreamEvent[] => [
  { type: 'text-start', block: 0 },
  ...pieces.map((piece): StreamEvent => ({ type: 'text-delta', block: 0, text: piece })),
  { type: 'text-end', block: 0 },
];
const call = (
  pieces: string[],
  more: Partial<Extract<StreamEvent, { type: 'tool-start' }>> = {},
): StreamEvent[] => [
  { type: 'tool-start', block: 1, id: 'c1', name: 'f', kind: 'function', ...more },
  ...pieces.map((piece): StreamEvent => ({ type: 'tool-delta', block: 1, arguments: piece })),
  { type: 'tool-end', block: 1 },
];
const ANTHROPIC = ownToken('anthropic-messages', 'sig');
/** The mark and the token, as bytes in base64: what Google's SDKs decode. */
const FOREIGN = btoa('sluice:anthropic-messages:sig');
/** The thought `hm` with its signature. */
const CARRIED = btoa('sluice:thought:2:hmanthropic-messages:sig');

/** The parts told, without the empty one of the last chunk. */
function partsOf(...events: StreamEvent[]): unknown[] {
  return toldParts(events);
}

function toldParts(events: readonly StreamEvent[], context?: AnswerContext): unknown[] {
  const chunks = encodedChunks([START, ...events, finish()], context);
  return chunks.slice(0, -1).flatMap((chunk) => {
    const [candidate] = chunk.candidates as { content: { parts: unknown[] } }[];
    return candidate?.content.parts ?? [];
  });
}

/** The last candidate. */
function lastOf(...events: StreamEvent[]): JsonObject {
  const candidates = encodedChunks([START, ...events]).at(-1)?.candidates ?? [];
  return (candidates as JsonObject[])[0] ?? {};
}

test('the bytes of a small stream', () => {
  const usage = {
    type: 'usage',
    usage: { inputTokens: 3, cacheReadTokens: 2, outputTokens: 5, reasoningTokens: 1 },
  } as const;
  expect(encode([START, ...text('Hé', ''), usage, finish()])).toBe(
    'data: {"candidates":[{"content":{"parts":[{"text":"Hé"}],"role":"model"},"index":0}],' +
      '"usageMetadata":{"promptTokenCount":0,"totalTokenCount":0},"modelVersion":"m1","responseId":"r1"}\r\n\r\n' +
      'data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],' +
      '"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":4,"totalTokenCount":10,"cachedContentTokenCount":2,"thoughtsTokenCount":1},' +
      '"modelVersion":"m1","responseId":"r1"}\r\n\r\n',
  );
});

// BAML's client passes over a chunk without counts, with its text: Google's all have some.
test('each chunk has the counts so far, which the last one has in full', () => {
  const early = { type: 'usage', usage: { inputTokens: 3, outputTokens: 1 } } as const;
  const late = { type: 'usage', usage: { inputTokens: 3, outputTokens: 5 } } as const;
  const thought: StreamEvent[] = [
    { type: 'reasoning-start', block: 0 },
    { type: 'reasoning-delta', block: 0, text: 'hm' },
    { type: 'reasoning-end', block: 0 },
  ];
  const counts = (...events: StreamEvent[]) =>
    encodedChunks(events).map(({ usageMetadata }) => usageMetadata);
  const begun = { promptTokenCount: 3, totalTokenCount: 3 };
  const whole = { promptTokenCount: 3, candidatesTokenCount: 5, totalTokenCount: 8 };
  expect(counts(START, early, ...thought, ...text('a', 'b'), late, finish())).toEqual([
    begun,
    begun,
    begun,
    whole,
  ]);
  const unknown = { promptTokenCount: 0, totalTokenCount: 0 };
  expect(counts(START, ...text('a'), late, finish())).toEqual([unknown, whole]);
});

test('who answers is made up where the upstream does not say', () => {
  expect(encodedChunks([{ type: 'start', id: null, model: null }, finish()])[0]).toMatchObject({
    modelVersion: CONTEXT.model,
    responseId: CONTEXT.requestId,
  });
});

describe('parts', () => {
  test('thoughts are marked, their signature too', () => {
    expect(
      partsOf(
        { type: 'reasoning-start', block: 0 },
        { type: 'reasoning-delta', block: 0, text: 'hm' },
        { type: 'reasoning-signature', block: 0, signature: ownToken('gemini', 's') },
        { type: 'reasoning-end', block: 0 },
      ),
    ).toEqual([
      { text: 'hm', thought: true },
      { text: '', thought: true, thoughtSignature: 's' },
    ]);
  });

  describe('another provider’s signature of a thought', () => {
    const thought: StreamEvent[] = [
      { type: 'reasoning-start', block: 0 },
      { type: 'reasoning-delta', block: 0, text: 'hm' },
      { type: 'reasoning-signature', block: 0, signature: ANTHROPIC },
      { type: 'reasoning-end', block: 0 },
    ];
    const shown = { text: 'hm', thought: true };
    const alone = { text: '', thought: true, thoughtSignature: CARRIED };
    const functionCall = { id: 'c1', name: 'f', args: {} };

    test('stands on the call behind it, for clients that drop it alone, and on no second one', () => {
      const second = { functionCall: { ...functionCall, id: 'c2' } };
      expect(partsOf(...thought, ...call(['{}']), ...call(['{}'], { id: 'c2' }))).toEqual([
        shown,
        { functionCall, thoughtSignature: CARRIED },
        second,
      ]);
    });

    test('stands alone before text, and on the call behind that too', () => {
      expect(partsOf(...thought, ...text('a'), ...call(['{}']))).toEqual([
        shown,
        alone,
        { text: 'a' },
        { functionCall, thoughtSignature: CARRIED },
      ]);
    });

    test('stands alone where no call comes, before an error too', () => {
      expect(partsOf(...thought, ...text('a'))).toEqual([shown, alone, { text: 'a' }]);
      const error = new GatewayError('upstream_truncated', 'cut');
      expect(encode([START, ...thought, { type: 'error', error }])).toContain(JSON.stringify(alone));
      expect(encode([START, ...thought, finish()])).toContain(JSON.stringify(alone));
    });

    test('stands on no tool that the provider runs itself, nor in place of a call’s own', () => {
      expect(partsOf(...thought, ...call(['{}'], { kind: 'server' }))).toEqual([shown, alone]);
      const signature = ownToken('gemini', 's');
      expect(partsOf(...thought, ...text('a'), ...call(['{}'], { signature }))).toEqual([
        shown,
        alone,
        { text: 'a' },
        { functionCall, thoughtSignature: 's' },
      ]);
    });

    test('stands on no call behind a later thought, which stands there itself', () => {
      const later: StreamEvent[] = [
        { type: 'reasoning-start', block: 1 },
        { type: 'reasoning-delta', block: 1, text: 'oh' },
        { type: 'reasoning-end', block: 1 },
      ];
      expect(partsOf(...thought, ...later, ...call(['{}']))).toEqual([
        shown,
        alone,
        { text: 'oh', thought: true },
        { functionCall, thoughtSignature: btoa('sluice:thought:2:oh') },
      ]);
    });
  });

  describe('a thought that nobody signed', () => {
    const thought: StreamEvent[] = [
      { type: 'reasoning-start', block: 5 },
      { type: 'reasoning-delta', block: 5, text: 'hm' },
      { type: 'reasoning-end', block: 5 },
    ];
    const shown = { text: 'hm', thought: true };
    const functionCall = { id: 'c1', name: 'f', args: {} };
    const thoughtSignature = btoa('sluice:thought:2:hm');

    test('is on the call behind it too, for clients that drop thoughts, and on no second one', () => {
      const second = { functionCall: { ...functionCall, id: 'c2' } };
      const calls = [...call(['{}']), ...call(['{}'], { id: 'c2' })];
      expect(partsOf(...thought, ...text('a'), ...calls)).toEqual([
        shown,
        { text: 'a' },
        { functionCall, thoughtSignature },
        second,
      ]);
    });

    test('is on no call behind one that has a signature of its own', () => {
      const calls = [...call(['{}'], { signature: ownToken('gemini', 's') }), ...call(['{}'])];
      expect(partsOf(...thought, ...calls)).toEqual([
        shown,
        { functionCall, thoughtSignature: 's' },
        { functionCall },
      ]);
    });

    test('is on the call of a whole answer too', () => {
      const answer = wholeAnswer([START, ...thought, ...text('a'), ...call(['{}']), finish()]);
      expect(gemini.client.buildResponse(answer, CONTEXT).candidates).toMatchObject([
        { content: { parts: [shown, { text: 'a' }, { functionCall, thoughtSignature }] } },
      ]);
    });
  });

  test('a seal is no thought; a foreign token is marked', () => {
    expect(
      partsOf(
        ...text('a'),
        { type: 'reasoning-start', block: 1 },
        { type: 'reasoning-signature', block: 1, signature: ANTHROPIC },
        { type: 'reasoning-end', block: 1 },
      ),
    ).toEqual([
      { text: 'a' },
      { text: '', thoughtSignature: btoa('sluice:thought:0:anthropic-messages:sig') },
    ]);
  });

  test('the signature of a thought without text is on the next call too', () => {
    const hidden: StreamEvent[] = [
      { type: 'reasoning-start', block: 0 },
      { type: 'reasoning-signature', block: 0, signature: ANTHROPIC },
      { type: 'reasoning-end', block: 0 },
    ];
    const thoughtSignature = btoa('sluice:thought:0:anthropic-messages:sig');
    expect(partsOf(...hidden, ...call(['{}']))).toEqual([
      { text: '', thoughtSignature },
      { functionCall: { id: 'c1', name: 'f', args: {} }, thoughtSignature },
    ]);
  });

  describe('a thought that the client did not ask to be shown', () => {
    const context = { ...CONTEXT, hidesReasoning: true as const };
    const encoded = (...events: StreamEvent[]) => toldParts(events, context);
    const thought = (...inner: StreamEvent[]): StreamEvent[] => [
      { type: 'reasoning-start', block: 5 },
      { type: 'reasoning-delta', block: 5, text: 'hm' },
      ...inner,
      { type: 'reasoning-end', block: 5 },
    ];
    const sealed = (signature: OpaqueToken) => thought({ type: 'reasoning-signature', block: 5, signature });
    const functionCall = { id: 'c1', name: 'f', args: {} };
    const carry = (token: string) => ({ thoughtSignature: btoa(`sluice:thought:2:hm${token}`) });

    test('is carried by the text behind it, and by the call behind that', () => {
      expect(encoded(...sealed(ANTHROPIC), ...text('a'), ...text('b'), ...call(['{}']))).toEqual([
        { text: 'a', thoughtSignature: CARRIED },
        { text: 'b' },
        { functionCall, thoughtSignature: CARRIED },
      ]);
      expect(encoded(...sealed(ANTHROPIC), ...call(['{}']))).toEqual([
        { functionCall, thoughtSignature: CARRIED },
      ]);
    });

    test('without a signature, and with one that only marks a place, too', () => {
      expect(encoded(...thought(), ...text('a'))).toEqual([{ text: 'a', ...carry('') }]);
      const place = placeToken('openai-responses', 'x');
      expect(encoded(...sealed(place), ...text('a'))).toEqual([{ text: 'a', ...carry(place) }]);
    });

    test('leaves its signature to the text where it is redacted, too', () => {
      const redacted: StreamEvent[] = [
        { type: 'reasoning-start', block: 5, redacted: ANTHROPIC },
        { type: 'reasoning-end', block: 5 },
      ];
      const thoughtSignature = btoa('sluice:redacted:anthropic-messages:sig');
      expect(encoded(...redacted, ...text('a'))).toEqual([{ text: 'a', thoughtSignature }]);
    });

    test('stands alone before another thought, and at the end', () => {
      const alone = { text: '', thought: true, thoughtSignature: CARRIED };
      expect(encoded(...sealed(ANTHROPIC), ...thought(), ...text('a'))).toEqual([
        alone,
        { text: 'a', ...carry('') },
      ]);
      expect(encoded(...sealed(ANTHROPIC))).toEqual([alone]);
    });

    test('of Gemini’s own leaves its signature', () => {
      expect(encoded(...sealed(ownToken('gemini', 's')), ...text('a'))).toEqual([
        { text: '', thoughtSignature: 's' },
        { text: 'a' },
      ]);
    });

    test('says the same in a whole answer', () => {
      const whole = (...events: StreamEvent[]) =>
        gemini.client.buildResponse(wholeAnswer([START, ...events, finish()]), context).candidates;
      const parts = (...built: JsonObject[]) => [{ content: { parts: built } }];
      const carried = { thoughtSignature: CARRIED };
      expect(whole(...sealed(ANTHROPIC), ...text('a'), ...call(['{}']))).toMatchObject(
        parts({ text: 'a', ...carried }, { functionCall, ...carried }),
      );
      expect(whole(...sealed(ANTHROPIC), ...call(['{}']))).toMatchObject(parts({ functionCall, ...carried }));
      expect(whole(...thought(), ...text('a'))).toMatchObject(parts({ text: 'a', ...carry('') }));
      expect(whole(...sealed(ANTHROPIC))).toMatchObject(parts({ text: '', thought: true, ...carried }));
      expect(whole(...sealed(ownToken('gemini', 's')), ...text('a'))).toMatchObject(
        parts({ text: '', thoughtSignature: 's' }, { text: 'a' }),
      );
    });
  });

  test('a token that only marks a place carries no thought but on a call: its text may change', () => {
    const signature = placeToken('openai-chat', '0');
    const place: StreamEvent[] = [
      { type: 'reasoning-start', block: 0 },
      { type: 'reasoning-delta', block: 0, text: 'hm' },
      { type: 'reasoning-signature', block: 0, signature },
      { type: 'reasoning-end', block: 0 },
    ];
    expect(partsOf(...place)[1]).toEqual({
      text: '',
      thought: true,
      thoughtSignature: btoa('sluice:openai-chat:place:0'),
    });
    expect(partsOf(...place, ...call(['{}']))[1]).toEqual({
      functionCall: { id: 'c1', name: 'f', args: {} },
      thoughtSignature: btoa('sluice:thought:2:hmopenai-chat:place:0'),
    });
  });

  test('redacted thinking is a thought without text', () => {
    expect(
      partsOf(
        { type: 'reasoning-start', block: 0, redacted: ANTHROPIC },
        { type: 'reasoning-end', block: 0 },
      ),
    ).toEqual([
      { text: '', thought: true, thoughtSignature: btoa('sluice:redacted:anthropic-messages:sig') },
    ]);
  });

  test('each signature is that of its own thought', () => {
    const thought = (words: string): StreamEvent[] => [
      { type: 'reasoning-start', block: 0 },
      { type: 'reasoning-delta', block: 0, text: words },
      { type: 'reasoning-signature', block: 0, signature: ANTHROPIC },
      { type: 'reasoning-end', block: 0 },
    ];
    const parts = partsOf(...thought('first'), ...thought('hm'), ...call(['{}']));
    expect(parts.slice(-2)).toEqual(partsOf(...thought('hm'), ...call(['{}'])).slice(-2));
  });

  test('results of tools that Google itself runs go out as they came', () => {
    const value = { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '4' } };
    const part = { type: 'server-tool-result', callId: 'c1', dialect: 'gemini', value } as const;
    expect(partsOf({ type: 'server-tool-result', block: 0, part })).toEqual([value]);
  });

  test('calls go out whole, when they are whole', () => {
    expect(partsOf(...call(['{"a"', ':[1]}']), ...call([''], { id: 'c2', signature: ANTHROPIC }))).toEqual([
      { functionCall: { id: 'c1', name: 'f', args: { a: [1] } } },
      { functionCall: { id: 'c2', name: 'f', args: {} }, thoughtSignature: FOREIGN },
    ]);
    expect(encode([START, ...call(['{}']).slice(0, -1)])).toBe('');
  });

  test('free text is the one argument of a custom tool', () => {
    expect(partsOf(...call(['any "text"'], { kind: 'custom' }))).toEqual([
      { functionCall: { id: 'c1', name: 'f', args: { input: 'any "text"' } } },
    ]);
  });

  test('tools that another provider runs are not for the client', () => {
    expect(partsOf(...call(['{}'], { kind: 'server' }))).toEqual([]);
  });

  test('what only another dialect says of a call is named', () => {
    const lost: string[] = [];
    const context = { ...CONTEXT, lost: (feature: string) => void lost.push(feature) };
    const encoder = gemini.client.createStreamEncoder(context);
    const extension = (dialect: 'gemini' | 'openai-responses') => ({
      extension: { dialect, fields: { status: 'incomplete' } },
    });
    for (const event of call(['{}'], extension('gemini'))) encoder.encode(event);
    expect(lost).toEqual([]);
    for (const event of call(['{}'], extension('openai-responses'))) encoder.encode(event);
    expect(lost).toEqual(['status']);
  });

  test.each(['text', 'refusal'] as const)(
    'log probabilities stand beside the %s that they are of',
    (kind) => {
      const encoder = gemini.client.createStreamEncoder(CONTEXT);
      const logprobs = [{ token: 'b', logprob: -0.5, top: [] }];
      const text = encoder.encode({ type: `${kind}-delta`, block: 0, text: 'b', logprobs });
      expect(JSON.parse(text.slice('data: '.length))).toMatchObject({
        candidates: [
          {
            content: { parts: [{ text: 'b' }] },
            logprobsResult: { chosenCandidates: [{ token: 'b', logProbability: -0.5 }] },
          },
        ],
      });
    },
  );

  test('a refusal is text', () => {
    expect(
      partsOf(
        { type: 'refusal-start', block: 0 },
        { type: 'refusal-delta', block: 0, text: 'no' },
        { type: 'refusal-end', block: 0 },
      ),
    ).toEqual([{ text: 'no' }]);
  });

  test('media are inline data', () => {
    expect(partsOf({ type: 'media', block: 0, mediaType: 'image/png', data: 'QUJD' })).toEqual([
      { inlineData: { mimeType: 'image/png', data: 'QUJD' } },
    ]);
  });

  test('extensions of another dialect are dropped, its own sent again', () => {
    const part = { videoThing: {} };
    expect(
      partsOf(
        { type: 'extension', dialect: 'openai-chat', name: 'x', value: { value: { x: 1 } } },
        { type: 'extension', dialect: 'gemini', name: 'videoThing', value: { value: part } },
      ),
    ).toEqual([part]);
  });
});

describe('sources', () => {
  const citation = (more: object): StreamEvent => ({
    type: 'citation',
    block: 0,
    citation: { kind: 'url', url: 'https://a.test', title: 'A', ...more },
  });

  test('in any order, and each of all that follows, take no time of their own', () => {
    const said = 'Wörter und so, '.repeat(20_000);
    const [start, delta, end] = text(said) as [StreamEvent, StreamEvent, StreamEvent];
    const places = Array.from({ length: 8_000 }, (_, at) => (8_000 - at) * 30);
    const spans = [
      ...places.map((at) => ({ start: at, end: at + 14 })),
      ...places.map((at) => ({ start: at })),
    ];
    const citations = spans.map(citation);
    const { result: last, cpuMs } = cpuTimeOf(() => lastOf(start, delta, ...citations, end, finish()));
    expect(cpuMs).toBeLessThan(2_000);
    const { groundingSupports } = last.groundingMetadata as { groundingSupports: JsonObject[] };
    const offset = Buffer.byteLength(said.slice(0, 30));
    expect(groundingSupports).toBeArrayOfSize(spans.length);
    expect(groundingSupports[7_999]?.segment).toEqual({
      startIndex: offset,
      endIndex: offset + 15,
      text: 'Wörter und so,',
    });
    expect(groundingSupports.at(-1)?.segment).toEqual({
      startIndex: offset,
      endIndex: Buffer.byteLength(said),
    });
  });

  test('of one span share it, and later spans may begin before it', () => {
    const [start, delta, end] = text('äöü sure') as [StreamEvent, StreamEvent, StreamEvent];
    const other = { url: 'https://b.test' };
    const span = { start: 4, end: 8 };
    const events = [
      ...text('é'),
      start,
      delta,
      ...[span, { ...span, ...other }, span, { start: 1, end: 2 }, { ...other, start: 2, end: 3 }].map(
        citation,
      ),
      end,
    ];
    expect(lastOf(...events, finish()).groundingMetadata).toMatchObject({
      groundingChunks: [{ web: { uri: 'https://a.test' } }, { web: { uri: 'https://b.test' } }],
      groundingSupports: [
        { segment: { startIndex: 9, endIndex: 13, text: 'sure' }, groundingChunkIndices: [0, 1] },
        { segment: { startIndex: 4, endIndex: 6, text: 'ö' }, groundingChunkIndices: [0] },
        { segment: { startIndex: 6, endIndex: 8, text: 'ü' }, groundingChunkIndices: [1] },
      ],
    });
  });

  test('are sent at the end, in bytes over the whole answer', () => {
    const [start, delta, end] = text('läuft 🏃.') as [StreamEvent, StreamEvent, StreamEvent];
    const events = [...text('Zoë '), start, delta, citation({ start: 6, end: 8 }), citation({}), end];
    expect(lastOf(...events, finish()).groundingMetadata).toEqual({
      groundingChunks: [{ web: { uri: 'https://a.test', title: 'A' } }],
      groundingSupports: [
        { segment: { startIndex: 12, endIndex: 16, text: '🏃' }, groundingChunkIndices: [0] },
        { segment: { startIndex: 5, endIndex: 17, text: 'läuft 🏃.' }, groundingChunkIndices: [0] },
      ],
    });
  });

  test('of several texts are all there', () => {
    const [start, delta, end] = text('a') as [StreamEvent, StreamEvent, StreamEvent];
    const cited = (url: string) => [start, delta, citation({ url }), end];
    const events = [...cited('https://a.test'), ...cited('https://b.test'), start, delta, end];
    expect(lastOf(...events, finish()).groundingMetadata).toMatchObject({
      groundingChunks: [{ web: { uri: 'https://a.test' } }, { web: { uri: 'https://b.test' } }],
      groundingSupports: [{ groundingChunkIndices: [0] }, { groundingChunkIndices: [1] }],
    });
  });

  test('without a title have their address as one', () => {
    const [start, delta, end] = text('a') as [StreamEvent, StreamEvent, StreamEvent];
    const unnamed: StreamEvent = {
      type: 'citation',
      block: 0,
      citation: { kind: 'url', url: 'https://a.test' },
    };
    expect(lastOf(start, delta, unnamed, end, finish()).groundingMetadata).toMatchObject({
      groundingChunks: [{ web: { uri: 'https://a.test', title: 'https://a.test' } }],
    });
  });

  test('of documents are passages', () => {
    const [start, delta, end] = text('a') as [StreamEvent, StreamEvent, StreamEvent];
    const source: StreamEvent = {
      type: 'citation',
      block: 0,
      citation: { kind: 'document', title: 'Book', citedText: 'words' },
    };
    expect(lastOf(start, source, delta, end, finish()).groundingMetadata).toMatchObject({
      groundingChunks: [{ retrievedContext: { title: 'Book', text: 'words' } }],
    });
  });
});

describe('endings', () => {
  test.each<[UnifiedFinish, string]>([
    ['end_turn', 'STOP'],
    ['tool_use', 'STOP'],
    ['stop_sequence', 'STOP'],
    ['pause_turn', 'STOP'],
    ['max_tokens', 'MAX_TOKENS'],
    ['context_window_exceeded', 'MAX_TOKENS'],
    ['refusal', 'SAFETY'],
    ['other', 'OTHER'],
  ])('%s is %s', (unified, reason) => {
    expect(lastOf(finish(unified, 'whatever')).finishReason).toBe(reason);
  });

  test('of which nothing is said is one like any other', () => {
    expect(lastOf(finish('other', null)).finishReason).toBe('STOP');
  });

  test('a reason of its own is sent again', () => {
    expect(lastOf(finish('refusal', 'RECITATION')).finishReason).toBe('RECITATION');
    expect(lastOf(finish('end_turn', 'RECITATION')).finishReason).toBe('STOP');
  });

  test('feedback on a blocked prompt stands alone', () => {
    const promptFeedback = { blockReason: 'SAFETY' };
    const events: StreamEvent[] = [
      START,
      {
        type: 'extension',
        dialect: 'gemini',
        name: 'promptFeedback',
        value: { response: { promptFeedback } },
      },
      finish('refusal', 'SAFETY'),
    ];
    const [chunk] = encodedChunks(events);
    expect(chunk).toMatchObject({ promptFeedback });
    expect(chunk).not.toHaveProperty('candidates');
  });

  test('arguments that are no JSON object end the stream with an error', () => {
    for (const broken of ['{"a":', '[1]', 'null', '"x"']) {
      const chunks = encodedChunks([START, ...text('a'), ...call([broken]), finish('tool_use')]);
      expect(chunks).toHaveLength(2);
      expect(chunks[1]).toMatchObject({ error: { code: 502, status: 'UNAVAILABLE' } });
    }
  });

  test('a call that the token limit cut is left out', () => {
    const chunks = encodedChunks([START, ...text('a'), ...call(['{"a":']), finish('max_tokens')]);
    expect(chunks).toHaveLength(2);
    expect(chunks[1]).toMatchObject({ candidates: [{ finishReason: 'MAX_TOKENS' }] });
  });

  test('an error is the last event, also the first', () => {
    const error: StreamEvent = { type: 'error', error: new GatewayError('upstream_overloaded', 'busy') };
    for (const before of [[], [START], [START, ...text('a')]]) {
      expect(encodedChunks([...before, error]).at(-1)).toMatchObject({
        error: { code: 503, message: 'busy', status: 'UNAVAILABLE' },
      });
    }
  });
});

describe('one JSON array', () => {
  const context = { ...CONTEXT, framing: 'json-array' as const };

  test('is well formed at its end, pings and all', () => {
    const encoder = gemini.client.createStreamEncoder(context);
    let wire = encoder.ping();
    for (const event of [START, ...text('a', 'b'), finish()])
      wire += encoder.encode(event) + (event.type === 'finish' ? '' : encoder.ping());
    const chunks = JSON.parse(wire) as unknown[];
    expect(chunks).toEqual(encodedChunks([START, ...text('a', 'b'), finish()]));
    expect(wire.trimStart()).toStartWith('[{"candidates"');
    expect(wire).toContain('}\r\n\r\n,\r\n{');
    expect(wire).toEndWith('}]');
  });

  test.each([
    ['before anything', []],
    ['behind content', [START, ...text('a')]],
  ])('ends with its error %s', (_, before) => {
    const error: StreamEvent = { type: 'error', error: new GatewayError('upstream_failed', 'boom') };
    const chunks = JSON.parse(encode([...before, error], context)) as unknown[];
    expect(chunks.at(-1)).toMatchObject({ error: { message: 'boom' } });
  });
});

test('a ping is a comment, or an empty event where a comment breaks the client', () => {
  const { createStreamEncoder } = gemini.client;
  expect(createStreamEncoder(CONTEXT).ping()).toBe(': ping\r\n\r\n');
  expect(createStreamEncoder({ ...CONTEXT, refusesComments: true }).ping()).toBe('\r\n\r\n');
});

describe('whole', () => {
  const build = (...events: StreamEvent[]) =>
    gemini.client.buildResponse(wholeAnswer([START, ...events]), CONTEXT);

  test('an answer with everything', () => {
    const body = build(
      { type: 'reasoning-start', block: 5 },
      { type: 'reasoning-delta', block: 5, text: 'hm' },
      { type: 'reasoning-signature', block: 5, signature: ANTHROPIC },
      ...text('a'),
      { type: 'reasoning-start', block: 6 },
      { type: 'reasoning-signature', block: 6, signature: ownToken('gemini', 'seal') },
      ...call(['{"a":1}']),
      finish('tool_use'),
    );
    expect(body).toEqual({
      candidates: [
        {
          content: {
            parts: [
              { text: 'hm', thought: true, thoughtSignature: CARRIED },
              { text: 'a', thoughtSignature: 'seal' },
              { functionCall: { id: 'c1', name: 'f', args: { a: 1 } } },
            ],
            role: 'model',
          },
          finishReason: 'STOP',
          index: 0,
        },
      ],
      usageMetadata: { promptTokenCount: 0, candidatesTokenCount: 0, totalTokenCount: 0 },
      modelVersion: 'm1',
      responseId: 'r1',
    });
  });

  test('the call behind another provider’s thought carries it too, for clients that drop thoughts', () => {
    const thought: StreamEvent[] = [
      { type: 'reasoning-start', block: 5 },
      { type: 'reasoning-signature', block: 5, signature: ANTHROPIC },
      { type: 'reasoning-end', block: 5 },
    ];
    const body = build(...text('a'), ...thought, ...call(['{}']), finish());
    const thoughtSignature = btoa('sluice:thought:0:anthropic-messages:sig');
    expect(body).toMatchObject({
      candidates: [
        {
          content: {
            parts: [
              { text: 'a' },
              { text: '', thoughtSignature },
              { functionCall: { id: 'c1' }, thoughtSignature },
            ],
          },
        },
      ],
    });
  });

  test('arguments that are no JSON object make it an error', () => {
    expect(() => build(...call(['{"a":']), finish('tool_use'))).toThrow('not a JSON object');
    expect(build(...text('a'), ...call(['{"a":']), finish('max_tokens'))).toMatchObject({
      candidates: [{ content: { parts: [{ text: 'a' }] }, finishReason: 'MAX_TOKENS' }],
    });
  });

  test('sources of a text are placed in it', () => {
    const parts = [
      { type: 'text' as const, text: 'ä' },
      {
        type: 'text' as const,
        text: 'bc',
        citations: [{ kind: 'url' as const, url: 'https://a.test', start: 1, end: 2 }],
      },
    ];
    const response = {
      id: null,
      model: null,
      parts,
      finish: { unified: 'end_turn' as const, raw: null },
      usage: NO_USAGE,
    };
    expect(gemini.client.buildResponse(response, CONTEXT)).toMatchObject({
      candidates: [
        {
          groundingMetadata: { groundingSupports: [{ segment: { startIndex: 3, endIndex: 4, text: 'c' } }] },
        },
      ],
    });
  });
});
