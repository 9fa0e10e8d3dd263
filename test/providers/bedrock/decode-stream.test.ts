// What each event of a stream of Bedrock tells, and what is told only when its block ends.
import { describe, expect, test } from 'bun:test';
import { EXCEPTION } from '../../../src/dialects/aws/exceptions.ts';
import { MalformedEvent } from '../../../src/dialects/dialect.ts';
import { PROVIDER_SIDES } from '../../../src/dialects/registry.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { ownToken } from '../../../src/model/opaque-token.ts';

type Told = [event: string, data: JsonObject];

const decode = (...events: Told[]) => decodeAs('bedrock-converse', events);

function decodeAs(wire: 'bedrock-converse' | 'bedrock-invoke', events: readonly Told[]): StreamEvent[] {
  const pushed: StreamEvent[] = [];
  const sink = { push: (event: StreamEvent) => void pushed.push(event) };
  const decoder = PROVIDER_SIDES[wire].createStreamDecoder(sink);
  for (const [event, data] of events) decoder.decode({ event, data: JSON.stringify(data) });
  decoder.end();
  return pushed;
}

/** Of Anthropic's own, which InvokeModel's messages hold. */
const MESSAGE_START: JsonObject = {
  type: 'message_start',
  message: { id: 'm', model: 'c', role: 'assistant', content: [], usage: { input_tokens: 1 } },
};
const start = (contentBlockIndex: number, begun: JsonObject): Told => [
  'contentBlockStart',
  { contentBlockIndex, start: begun },
];
const delta = (contentBlockIndex: number, said: JsonObject): Told => [
  'contentBlockDelta',
  { contentBlockIndex, delta: said },
];
const stop = (contentBlockIndex: number): Told => ['contentBlockStop', { contentBlockIndex }];
const text = (index: number, said: string) => delta(index, { text: said });
const END: Told = ['messageStop', { stopReason: 'end_turn' }];
const COST: Told = ['metadata', { usage: { inputTokens: 7, outputTokens: 2 } }];
const FINISH: StreamEvent = { type: 'finish', finish: { unified: 'end_turn', raw: 'end_turn' } };
const USAGE: StreamEvent = { type: 'usage', usage: { inputTokens: 7, outputTokens: 2 } };

test('how much of the answer was thinking is in Claude’s own field, before the counts', () => {
  const additionalModelResponseFields = { usage: { output_tokens_details: { thinking_tokens: 1 } } };
  expect(decode(['messageStop', { stopReason: 'end_turn', additionalModelResponseFields }], COST)).toEqual([
    { type: 'usage', usage: { inputTokens: 7, outputTokens: 2, reasoningTokens: 1 } },
    FINISH,
  ]);
});

describe('blocks', () => {
  test('of text, one in place of another that has not ended, and one after it', () => {
    const call = { toolUse: { toolUseId: 't', name: 'f' } };
    expect(decode(text(0, 'a'), start(0, call), stop(0), text(0, 'b'))).toEqual([
      { type: 'text-start', block: 0 },
      { type: 'text-delta', block: 0, text: 'a' },
      { type: 'text-end', block: 0 },
      { type: 'tool-start', block: 1, id: 't', name: 'f', kind: 'function' },
      { type: 'tool-end', block: 1 },
      { type: 'text-start', block: 2 },
      { type: 'text-delta', block: 2, text: 'b' },
    ]);
  });

  test('sent in turn', () => {
    const call = (id: string) => ({ toolUse: { toolUseId: id, name: 'f' } });
    const input = (index: number, json: string) => delta(index, { toolUse: { input: json } });
    const events = decode(
      start(0, call('a')),
      start(1, call('b')),
      input(0, '{'),
      input(1, '[]'),
      input(0, '}'),
      stop(0),
      stop(1),
    );
    expect(events.filter(({ type }) => type === 'tool-delta')).toEqual([
      { type: 'tool-delta', block: 0, arguments: '{' },
      { type: 'tool-delta', block: 1, arguments: '[]' },
      { type: 'tool-delta', block: 0, arguments: '}' },
    ]);
  });

  test('sources come behind the text that they are of, and none without text', () => {
    const citation = { title: 'a', location: { web: { url: 'https://a.test' } } };
    const events = decode(
      text(0, 'It rains.'),
      delta(0, { citation }),
      stop(0),
      delta(1, { citation }),
      stop(1),
    );
    expect(events.map(({ type }) => type)).toEqual(['text-start', 'text-delta', 'citation', 'text-end']);
    expect(events[2]).toMatchObject({ block: 0, citation: { url: 'https://a.test' } });
  });

  test('of a kind that is not known, in their beginning, their deltas or both, are named once, and so are events', () => {
    const events = decode(
      start(0, { audio: { format: 'wav' }, toolUse: null }),
      delta(0, { audio: { bytes: 'UklG' } }),
      delta(0, { audio: { bytes: 'Rg==' } }),
      stop(0),
      text(1, 'a'),
      delta(1, { confidence: 0.5, audio: null }),
      stop(1),
      ['ping', {}],
      ['audit', { id: 1 }],
      END,
      COST,
    );
    const named = (name: string): StreamEvent => {
      return { type: 'extension', dialect: 'bedrock-converse', name, value: {} };
    };
    expect(events).toEqual([
      named('audio'),
      { type: 'text-start', block: 0 },
      { type: 'text-delta', block: 0, text: 'a' },
      named('confidence'),
      { type: 'text-end', block: 0 },
      named('audit'),
      USAGE,
      FINISH,
    ]);
  });

  test('thinking and its signature in pieces, or the signature alone, or nothing', () => {
    const think = (index: number, reasoningContent: JsonObject) => delta(index, { reasoningContent });
    expect(
      decode(
        ...[
          think(0, { text: 'h' }),
          think(0, { text: 'm' }),
          think(0, { signature: 'si' }),
          think(0, { signature: 'gn' }),
          stop(0),
        ],
        ...[think(1, { signature: 's' }), stop(1)],
        ...[think(2, { text: '' }), stop(2)],
      ),
    ).toEqual([
      { type: 'reasoning-start', block: 0 },
      { type: 'reasoning-delta', block: 0, text: 'h' },
      { type: 'reasoning-delta', block: 0, text: 'm' },
      { type: 'reasoning-signature', block: 0, signature: ownToken('bedrock-converse', 'sign') },
      { type: 'reasoning-end', block: 0 },
      { type: 'reasoning-start', block: 1 },
      { type: 'reasoning-signature', block: 1, signature: ownToken('bedrock-converse', 's') },
      { type: 'reasoning-end', block: 1 },
    ]);
  });

  test('sealed thinking in pieces, each of them bytes in base64', () => {
    const think = (redactedContent: string) => delta(0, { reasoningContent: { redactedContent } });
    expect(decode(think('AQ=='), think('Ag=='), stop(0))).toEqual([
      { type: 'reasoning-start', block: 0, redacted: ownToken('bedrock-converse', 'AQI=') },
      { type: 'reasoning-end', block: 0 },
    ]);
  });

  test('an image in pieces, and one that came to nothing', () => {
    const piece = (index: number, bytes: string) => delta(index, { image: { source: { bytes } } });
    const image = { image: { format: 'webp' } };
    expect(
      decode(start(0, image), piece(0, 'AQ=='), piece(0, 'Ag=='), stop(0), start(1, image), stop(1)),
    ).toEqual([
      { type: 'media', block: 0, mediaType: 'image/webp', data: 'AQI=' },
      { type: 'extension', dialect: 'bedrock-converse', name: 'image', value: {} },
    ]);
  });

  test('an image in place of one that has not ended', () => {
    const image = { image: { format: 'png' } };
    const piece = (bytes: string) => delta(0, { image: { source: { bytes } } });
    expect(decode(start(0, image), piece('AQ=='), start(0, image), piece('Ag=='), stop(0))).toEqual([
      { type: 'media', block: 0, mediaType: 'image/png', data: 'AQ==' },
      { type: 'media', block: 1, mediaType: 'image/png', data: 'Ag==' },
    ]);
  });

  test('what a tool at the provider gave, in pieces', () => {
    const result = { toolUseId: 't', type: 'nova_grounding_result', status: 'success' };
    const piece = (said: string) => delta(0, { toolResult: [{ text: said }] });
    expect(decode(start(0, { toolResult: result }), piece('a'), piece('b'), stop(0))).toEqual([
      {
        type: 'server-tool-result',
        block: 0,
        part: {
          type: 'server-tool-result',
          callId: 't',
          dialect: 'bedrock-converse',
          value: { ...result, content: [{ text: 'a' }, { text: 'b' }] },
        },
      },
    ]);
  });

  test('that are announced without a kind are what their deltas are, and arguments without a call belong nowhere', () => {
    const said = [
      { type: 'text-start', block: 0 },
      { type: 'text-delta', block: 0, text: 'a' },
    ] as const;
    expect(decode(['messageStart', { role: 'assistant' }], start(0, {}), text(0, 'a'))).toEqual([
      { type: 'start', id: null, model: null },
      ...said,
    ]);
    expect(decode(text(0, 'a'), delta(1, { toolUse: { input: '{}' } }))).toEqual([
      ...said,
      { type: 'tool-delta', block: 1, arguments: '{}' },
    ]);
    expect(() => decode(['contentBlockDelta', { contentBlockIndex: 0, delta: 'a' }])).toThrow(MalformedEvent);
  });

  test('of text with a page of the web, or a document, as its source', () => {
    const page = { location: { web: { url: 'https://a.test', domain: 'a.test' } } };
    const document = { title: 'B', location: { documentPage: { documentIndex: 1, start: 2, end: 3 } } };
    const events = decode(
      text(0, 'a'),
      delta(0, { citation: page }),
      delta(0, { citation: document }),
      delta(0, { citation: { source: 'https://b.test' } }),
      stop(0),
    );
    expect(events.flatMap((event) => (event.type === 'citation' ? [event.citation] : []))).toEqual([
      { kind: 'url', url: 'https://a.test' },
      { kind: 'document', title: 'B', location: { document: 1, unit: 'page', start: 2, end: 3 } },
      { kind: 'url', url: 'https://b.test' },
    ]);
  });

  test('those that are open end with the message', () => {
    expect(decode(text(0, 'a'), END)).toEqual([
      { type: 'text-start', block: 0 },
      { type: 'text-delta', block: 0, text: 'a' },
      { type: 'text-end', block: 0 },
      FINISH,
    ]);
  });
});

describe('the ending', () => {
  test.each<[string, Told[], StreamEvent[]]>([
    ['comes behind the cost', [END, COST], [USAGE, FINISH]],
    ['whichever comes first', [COST, END], [USAGE, FINISH]],
    ['comes without it where none is told', [END], [FINISH]],
    ['is the last that is told', [END, COST, text(0, 'a'), COST], [USAGE, FINISH]],
    ['is none without a reason', [COST], [USAGE]],
  ])('%s', (_, events, expected) => {
    expect(decode(...events)).toEqual(expected);
  });

  test('for a reason that is not known is no ordinary one', () => {
    expect(decode(['messageStop', { stopReason: 'tired' }])).toEqual([
      { type: 'finish', finish: { unified: 'other', raw: 'tired' } },
    ]);
  });

  test('is that of a call where the client is to call, whatever the model says', () => {
    const call = (type: object) => ({ toolUse: { toolUseId: 't', name: 'f', ...type } });
    const endings = (type: object) => decode(start(0, call(type)), stop(0), END).at(-1);
    expect(endings({})).toEqual({ type: 'finish', finish: { unified: 'tool_use', raw: 'end_turn' } });
    expect(endings({ type: 'server_tool_use' })).toEqual(FINISH);
  });

  test('is an error where the service calls the output broken', () => {
    const broken: Told = ['messageStop', { stopReason: 'malformed_tool_use' }];
    expect(decode(broken, COST)).toMatchObject([{ type: 'error', error: { code: 'upstream_malformed' } }]);
  });

  test('searches and the tier are in the bill', () => {
    const search = { toolUse: { toolUseId: 't', name: 'nova_grounding', type: 'server_tool_use' } };
    const cost: Told = ['metadata', { usage: { inputTokens: 7 }, serviceTier: { type: 'priority' } }];
    const [call, , usage] = decode(start(0, search), stop(0), END, cost);
    expect(call).toMatchObject({ type: 'tool-start', kind: 'server' });
    expect(usage).toEqual({ type: 'usage', usage: { inputTokens: 7, tier: 'priority', webSearches: 1 } });
  });

  test('what a guardrail found is emitted', () => {
    const trace = { guardrail: { modelOutput: ['x'] } };
    expect(decode(END, ['metadata', { trace }])).toEqual([
      { type: 'extension', dialect: 'bedrock-converse', name: 'trace', value: trace },
      { type: 'usage', usage: {} },
      FINISH,
    ]);
  });
});

test.each([
  ['Too many tokens per day, please wait before trying again.', 'model'],
  ['Too many tokens, please wait before trying again.', false],
])('%s', (message, exhausted) => {
  const [event] = decode([`${EXCEPTION}throttlingException`, { message }]);
  expect(event).toMatchObject({ type: 'error', error: { code: 'upstream_rate_limited', exhausted } });
});

test.each(['bedrock-converse', 'bedrock-invoke'] as const)(
  '%s: behind an exception nothing is told',
  (wire) => {
    const exception: Told = [`${EXCEPTION}throttlingException`, { message: 'slow' }];
    const more: Told = wire === 'bedrock-converse' ? text(0, 'a') : ['', MESSAGE_START];
    const events = decodeAs(wire, [exception, more, exception]);
    expect(events).toMatchObject([{ type: 'error', error: { code: 'upstream_rate_limited' } }]);
  },
);
