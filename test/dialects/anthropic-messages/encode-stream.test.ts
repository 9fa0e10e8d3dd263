// Neutral events as the stream that a client of Messages reads.
import { describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts';
import { isForeignServerCall } from '../../../src/dialects/claude/refused-history.ts';
import { GatewayError } from '../../../src/model/errors.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import { createResponseCollector } from '../../../src/model/replay.ts';
import type { UnifiedFinish } from '../../../src/model/finish.ts';
import { asArray, asObject, type JsonObject } from '../../../src/model/json/json.ts';
import { callIdToWire, ownToken, UNSEALED } from '../../../src/model/opaque-token.ts';
import type { Tool } from '../../../src/model/request.ts';
import { NO_USAGE } from '../../../src/model/usage.ts';
import { CONTEXT, encoded, violations } from './streams.ts';

const own = (text: string) => ownToken('anthropic-messages', text);
const foreign = (text: string) => ownToken('openai-chat', text);
const START: StreamEvent = { type: 'start', id: 'msg_1', model: 'm' };
const finish = (unified: UnifiedFinish, raw: string | null = null): StreamEvent => ({
  type: 'finish',
  finish: { unified, raw },
});
const END = finish('end_turn');

const dataOf = (events: StreamEvent[]): JsonObject[] => encoded(events).map(({ data }) => JSON.parse(data));
/** The data between message_start and message_delta. */
const blocksOf = (...events: StreamEvent[]) => dataOf([START, ...events, END]).slice(1, -2);

const start = (index: number, content_block: JsonObject) => ({
  type: 'content_block_start',
  index,
  content_block,
});
const delta = (index: number, value: JsonObject) => ({ type: 'content_block_delta', index, delta: value });
const stop = (index: number) => ({ type: 'content_block_stop', index });

test('the smallest answer, byte for byte', () => {
  const encoder = anthropicMessages.client.createStreamEncoder(CONTEXT);
  const events: StreamEvent[] = [
    START,
    { type: 'usage', usage: { inputTokens: 3 } },
    { type: 'text-start', block: 0 },
    { type: 'text-delta', block: 0, text: 'a "b"\n' },
    { type: 'text-end', block: 0 },
    { type: 'usage', usage: { outputTokens: 2 } },
    END,
  ];
  expect(events.map((event) => encoder.encode(event))).toEqual([
    '',
    '',
    'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":3,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}}\n\n' +
      'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
    'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a \\"b\\"\\n"}}\n\n',
    'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n',
    '',
    'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":3,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":2}}\n\n' +
      'event: message_stop\ndata: {"type":"message_stop"}\n\n',
  ]);
});

test('an answer without content, id, model or counts', () => {
  const data = dataOf([{ type: 'start', id: null, model: null }, END]);
  expect(data.map(({ type }) => type)).toEqual(['message_start', 'message_delta', 'message_stop']);
  expect(data[0]).toMatchObject({
    message: { id: 'msg_req_1', model: 'some-model', usage: { input_tokens: 0 } },
  });
});

describe('usage', () => {
  const usage = {
    ...NO_USAGE,
    inputTokens: 5,
    outputTokens: 7,
    cacheReadTokens: 4,
    cacheWriteTokens: 9,
    cacheWrite1hTokens: 3,
    reasoningTokens: 2,
    webSearches: 1,
  };
  const stated = {
    input_tokens: 5,
    output_tokens: 7,
    cache_read_input_tokens: 4,
    cache_creation_input_tokens: 9,
    cache_creation: { ephemeral_5m_input_tokens: 6, ephemeral_1h_input_tokens: 3 },
    output_tokens_details: { thinking_tokens: 2 },
    server_tool_use: { web_search_requests: 1, web_fetch_requests: 0 },
  };

  test('known before the start and at its side stands in message_start, without what was written', () => {
    const { output_tokens: _, output_tokens_details: __, ...read } = stated;
    for (const events of [
      [START, { type: 'usage', usage }, END],
      [{ type: 'usage', usage }, START, END],
    ] as StreamEvent[][]) {
      const data = dataOf(events);
      expect(data[0]).toMatchObject({ message: { usage: { ...read, output_tokens: 0 } } });
      expect(data.at(-2)).toMatchObject({ type: 'message_delta', usage: stated });
    }
  });

  test('known late stands in message_delta, whole', () => {
    const data = dataOf([START, { type: 'text-start', block: 0 }, { type: 'usage', usage }, END]);
    expect(data[0]).toMatchObject({ message: { usage: { input_tokens: 0, output_tokens: 0 } } });
    expect(data.at(-2)).toMatchObject({ type: 'message_delta', usage: stated });
  });
});

describe('a signature alone behind text', () => {
  const text: StreamEvent[] = [
    { type: 'text-start', block: 0 },
    { type: 'text-delta', block: 0, text: 'so' },
    { type: 'text-end', block: 0 },
  ];
  const signature: StreamEvent[] = [
    { type: 'reasoning-start', block: 1 },
    { type: 'reasoning-signature', block: 1, signature: own('s') },
    { type: 'reasoning-end', block: 1 },
  ];
  const textBlock = [
    start(0, { type: 'text', text: '' }),
    delta(0, { type: 'text_delta', text: 'so' }),
    stop(0),
  ];
  const call: StreamEvent = { type: 'tool-start', block: 2, id: 'c', name: 'f', kind: 'function' };

  test('is left out where nothing follows, so that the message ends with its text, and is named', () => {
    const lost: string[] = [];
    const encoder = anthropicMessages.client.createStreamEncoder({
      ...CONTEXT,
      lost: (name) => lost.push(name),
    });
    const wire = [START, ...text, ...signature, END].map((event) => encoder.encode(event)).join('');
    expect(wire).not.toContain('thinking');
    expect(lost).toEqual(['thought_signature']);
    expect(blocksOf(...text, ...signature)).toEqual(textBlock);
  });

  test('so are several, and what a provider calls encrypted reasoning, streamed and whole', () => {
    const redacted: StreamEvent[] = [
      { type: 'reasoning-start', block: 2, redacted: own('r') },
      { type: 'reasoning-end', block: 2 },
    ];
    for (const behind of [redacted, [...signature, ...redacted], [...redacted, ...signature]]) {
      const lost: string[] = [];
      const context = { ...CONTEXT, lost: (name: string) => lost.push(name) };
      const encoder = anthropicMessages.client.createStreamEncoder(context);
      for (const event of [START, ...text, ...behind, END]) encoder.encode(event);
      expect(lost).toEqual(['thought_signature']);
      expect(blocksOf(...text, ...behind)).toEqual(textBlock);
      const collector = createResponseCollector();
      for (const event of [START, ...text, ...behind, END]) collector.push(event);
      const whole = anthropicMessages.client.buildResponse(collector.response(), CONTEXT);
      expect(whole.content).toEqual([{ type: 'text', text: 'so' }]);
    }
    expect(blocksOf(...text, ...redacted, ...signature, call)).toEqual([
      ...textBlock,
      start(1, { type: 'redacted_thinking', data: 'r' }),
      stop(1),
      start(2, { type: 'thinking', thinking: '', signature: '' }),
      delta(2, { type: 'signature_delta', signature: 's' }),
      stop(2),
      start(3, { type: 'tool_use', id: 'c', name: 'f', input: {} }),
      stop(3),
    ]);
  });

  test('is sent behind a call, which its provider would refuse without it in the next request', () => {
    const redacted: StreamEvent[] = [
      { type: 'reasoning-start', block: 3, redacted: own('r') },
      { type: 'reasoning-end', block: 3 },
    ];
    const events = [
      START,
      ...text,
      call,
      { type: 'tool-end', block: 2 } as const,
      ...signature,
      ...redacted,
      END,
    ];
    const lost: string[] = [];
    const context = { ...CONTEXT, lost: (name: string) => lost.push(name) };
    const streamed = dataOf(events).flatMap(({ content_block: block }) => asObject(block)?.type ?? []);
    const collector = createResponseCollector();
    for (const event of events) collector.push(event);
    const { content } = anthropicMessages.client.buildResponse(collector.response(), context);
    const types = ['text', 'tool_use', 'thinking', 'redacted_thinking'];
    expect(streamed).toEqual(types);
    expect(asArray(content)?.map((block) => asObject(block)?.type)).toEqual(types);
    const encoder = anthropicMessages.client.createStreamEncoder(context);
    for (const event of events) encoder.encode(event);
    expect(lost).toEqual([]);
  });

  test('thinking that has neither is left out too, and nothing is lost with it', () => {
    const lost: string[] = [];
    const encoder = anthropicMessages.client.createStreamEncoder({
      ...CONTEXT,
      lost: (name) => lost.push(name),
    });
    const unsigned = signature.filter(({ type }) => type !== 'reasoning-signature');
    for (const event of [START, ...text, ...unsigned, END]) encoder.encode(event);
    expect(lost).toEqual([]);
  });

  test('is sent before the call that follows it', () => {
    expect(blocksOf(...text, ...signature, call)).toEqual([
      ...textBlock,
      start(1, { type: 'thinking', thinking: '', signature: '' }),
      delta(1, { type: 'signature_delta', signature: 's' }),
      stop(1),
      start(2, { type: 'tool_use', id: 'c', name: 'f', input: {} }),
      stop(2),
    ]);
  });

  test('thinking with text is sent at once, behind text too', () => {
    const encoder = anthropicMessages.client.createStreamEncoder(CONTEXT);
    for (const event of [START, ...text]) encoder.encode(event);
    encoder.encode({ type: 'reasoning-start', block: 1 });
    expect(encoder.encode({ type: 'reasoning-delta', block: 1, text: 'hm' })).toContain('"thinking":"hm"');
  });
});

test('a signature is that of its own thinking', () => {
  const thinking = (signature?: string): StreamEvent[] => [
    { type: 'reasoning-start', block: 0 },
    { type: 'reasoning-delta', block: 0, text: 'a' },
    ...(signature === undefined
      ? []
      : [{ type: 'reasoning-signature', block: 0, signature: own(signature) } as const]),
    { type: 'reasoning-end', block: 0 },
  ];
  const signatures = blocksOf(...thinking('s'), ...thinking())
    .map(({ delta }) => delta as JsonObject | undefined)
    .filter((delta) => delta?.type === 'signature_delta');
  expect(signatures.map((delta) => delta?.signature)).toEqual(['s', UNSEALED]);
});

const BLOCKS: [string, StreamEvent[], JsonObject[]][] = [
  [
    'thinking, signed',
    [
      { type: 'reasoning-start', block: 0 },
      { type: 'reasoning-delta', block: 0, text: 'a' },
      { type: 'reasoning-signature', block: 0, signature: own('s') },
      { type: 'reasoning-end', block: 0 },
    ],
    [
      start(0, { type: 'thinking', thinking: '', signature: '' }),
      delta(0, { type: 'thinking_delta', thinking: 'a' }),
      delta(0, { type: 'signature_delta', signature: 's' }),
      stop(0),
    ],
  ],
  [
    "another dialect's signature without text is a thinking block too, marked",
    [
      { type: 'reasoning-start', block: 0 },
      { type: 'reasoning-signature', block: 0, signature: foreign('s') },
      { type: 'reasoning-end', block: 0 },
    ],
    [
      start(0, { type: 'thinking', thinking: '', signature: '' }),
      delta(0, { type: 'signature_delta', signature: 'sluice:openai-chat:s' }),
      stop(0),
    ],
  ],
  [
    "another dialect's redacted thinking",
    [
      { type: 'reasoning-start', block: 0, redacted: foreign('d') },
      { type: 'reasoning-end', block: 0 },
    ],
    [start(0, { type: 'redacted_thinking', data: 'sluice:openai-chat:d' }), stop(0)],
  ],
  [
    "a call's token rides on its id",
    [
      { type: 'tool-start', block: 0, id: 'i', name: 'n', kind: 'function', signature: foreign('s') },
      { type: 'tool-end', block: 0 },
    ],
    [start(0, { type: 'tool_use', id: callIdToWire('i', foreign('s')), name: 'n', input: {} }), stop(0)],
  ],
  [
    'thinking without a signature',
    [
      { type: 'reasoning-start', block: 0 },
      { type: 'reasoning-end', block: 0 },
    ],
    [
      start(0, { type: 'thinking', thinking: '', signature: '' }),
      delta(0, { type: 'signature_delta', signature: UNSEALED }),
      stop(0),
    ],
  ],
  [
    'redacted thinking',
    [
      { type: 'reasoning-start', block: 0, redacted: own('d') },
      { type: 'reasoning-end', block: 0 },
    ],
    [start(0, { type: 'redacted_thinking', data: 'd' }), stop(0)],
  ],
  [
    'a refusal is text',
    [
      { type: 'refusal-start', block: 0 },
      { type: 'refusal-delta', block: 0, text: 'no' },
      { type: 'refusal-end', block: 0 },
    ],
    [start(0, { type: 'text', text: '' }), delta(0, { type: 'text_delta', text: 'no' }), stop(0)],
  ],
  [
    'two calls',
    [
      { type: 'tool-start', block: 3, id: 'i', name: 'n', kind: 'function' },
      { type: 'tool-delta', block: 3, arguments: '' },
      { type: 'tool-delta', block: 3, arguments: '{"a":"\\n"}' },
      { type: 'tool-end', block: 3 },
      { type: 'tool-start', block: 5, id: 'j', name: 'n', kind: 'function' },
      { type: 'tool-end', block: 5 },
    ],
    [
      start(0, { type: 'tool_use', id: 'i', name: 'n', input: {} }),
      delta(0, { type: 'input_json_delta', partial_json: '{"a":"\\n"}' }),
      stop(0),
      start(1, { type: 'tool_use', id: 'j', name: 'n', input: {} }),
      stop(1),
    ],
  ],
  [
    'a server call and its result, of this dialect',
    [
      {
        type: 'tool-start',
        block: 0,
        id: 'i',
        name: 'n',
        kind: 'server',
        extension: { dialect: 'anthropic-messages', fields: { type: 'mcp_tool_use', server_name: 's' } },
      },
      { type: 'tool-delta', block: 0, arguments: '{}' },
      { type: 'tool-end', block: 0 },
      {
        type: 'server-tool-result',
        block: 1,
        part: {
          type: 'server-tool-result',
          callId: 'i',
          dialect: 'anthropic-messages',
          value: { type: 'mcp_tool_result', tool_use_id: 'i' },
        },
      },
    ],
    [
      start(0, { type: 'mcp_tool_use', id: 'i', name: 'n', input: {}, server_name: 's' }),
      delta(0, { type: 'input_json_delta', partial_json: '{}' }),
      stop(0),
      start(1, { type: 'mcp_tool_result', tool_use_id: 'i' }),
      stop(1),
    ],
  ],
  [
    'those of another dialect, and what has no block here, leave no trace and no gap',
    [
      { type: 'tool-start', block: 0, id: 'i', name: 'n', kind: 'server' },
      { type: 'tool-delta', block: 0, arguments: '{}' },
      { type: 'tool-end', block: 0 },
      {
        type: 'server-tool-result',
        block: 1,
        part: { type: 'server-tool-result', callId: 'i', dialect: 'openai-chat', value: {} },
      },
      { type: 'media', block: 2, mediaType: 'image/png', data: 'AA' },
      { type: 'extension', dialect: 'openai-chat', name: 'x', value: { type: 'x' } },
      { type: 'text-start', block: 3 },
      { type: 'text-end', block: 3 },
    ],
    [start(0, { type: 'text', text: '' }), stop(0)],
  ],
  [
    'a citation of another dialect',
    [
      { type: 'text-start', block: 0 },
      { type: 'citation', block: 0, citation: { kind: 'url', url: 'https://e.test', title: 'T' } },
      { type: 'text-end', block: 0 },
    ],
    [
      start(0, { type: 'text', text: '' }),
      delta(0, {
        type: 'citations_delta',
        citation: {
          type: 'web_search_result_location',
          cited_text: '',
          url: 'https://e.test',
          encrypted_index: '',
          title: 'T',
        },
      }),
      stop(0),
    ],
  ],
  [
    'a block that nobody closed',
    [{ type: 'text-start', block: 0 }],
    [start(0, { type: 'text', text: '' }), stop(0)],
  ],
];

test.each(BLOCKS)('%s', (_, events, expected) => {
  expect(blocksOf(...events)).toEqual(expected);
  expect(violations(encoded([START, ...events, END]))).toEqual([]);
});

test('what only this dialect can replay is sent again, under the next index', () => {
  const replayed = (name: string, value: JsonObject): StreamEvent => ({
    type: 'extension',
    dialect: 'anthropic-messages',
    name,
    value,
  });
  const blocks = blocksOf(
    { type: 'text-start', block: 0 },
    replayed('tone_delta', delta(7, { type: 'tone_delta', tone: 'x' })),
    { type: 'text-end', block: 0 },
    replayed('compaction', start(7, { type: 'compaction' })),
    replayed('compaction', delta(7, { type: 'compaction_delta', content: 'a' })),
    replayed('compaction', stop(7)),
    replayed('weather', { type: 'weather', sun: true }),
    { type: 'text-start', block: 1 },
    { type: 'text-end', block: 1 },
  );
  expect(blocks).toEqual([
    start(0, { type: 'text', text: '' }),
    delta(0, { type: 'tone_delta', tone: 'x' }),
    stop(0),
    start(1, { type: 'compaction' }),
    delta(1, { type: 'compaction_delta', content: 'a' }),
    stop(1),
    { type: 'weather', sun: true },
    start(2, { type: 'text', text: '' }),
    stop(2),
  ]);
});

test('free text of a custom call becomes one JSON argument', () => {
  const pieces = ['a "q', 'uote"\n', '\u{1F600}'.slice(0, 1), '\u{1F600}'.slice(1)];
  const blocks = blocksOf(
    { type: 'tool-start', block: 0, id: 'i', name: 'n', kind: 'custom' },
    ...pieces.map((piece): StreamEvent => ({ type: 'tool-delta', block: 0, arguments: piece })),
    { type: 'tool-end', block: 0 },
  );
  const json = blocks.map((each) => (each.delta as JsonObject | undefined)?.partial_json ?? '').join('');
  expect(JSON.parse(json)).toEqual({ input: pieces.join('') });
});

describe('ending', () => {
  const REASONS: [UnifiedFinish, string | null, string][] = [
    ['end_turn', 'stop', 'end_turn'],
    ['max_tokens', 'length', 'max_tokens'],
    ['tool_use', 'tool_calls', 'tool_use'],
    ['refusal', 'content_filter', 'refusal'],
    ['pause_turn', null, 'pause_turn'],
    ['context_window_exceeded', null, 'model_context_window_exceeded'],
    ['other', 'compaction', 'compaction'],
    ['other', 'eos', 'end_turn'],
  ];
  test.each(REASONS)('%s, %p', (unified, raw, expected) => {
    expect(dataOf([START, finish(unified, raw)]).at(-2)).toMatchObject({ delta: { stop_reason: expected } });
  });

  test('after words of refusal it is one', () => {
    const refused: StreamEvent[] = [
      { type: 'refusal-start', block: 0 },
      { type: 'refusal-delta', block: 0, text: 'No.' },
      { type: 'refusal-end', block: 0 },
    ];
    expect(dataOf([START, ...refused, END]).at(-2)).toMatchObject({ delta: { stop_reason: 'refusal' } });
  });

  test('has what only this dialect says of it', () => {
    const own = { container: { id: 'c' }, stop_details: { type: 'refusal' } };
    const management = { applied_edits: [] };
    const said = Object.entries({ ...own, context_management: management }).map(
      ([name, value]): StreamEvent => ({ type: 'extension', dialect: 'anthropic-messages', name, value }),
    );
    expect(dataOf([START, ...said, END]).at(-2)).toMatchObject({
      delta: { stop_reason: 'end_turn', ...own },
      context_management: management,
    });
  });

  test('names the stop sequence', () => {
    const event: StreamEvent = {
      type: 'finish',
      finish: { unified: 'stop_sequence', raw: null, stopSequence: 'x' },
    };
    expect(dataOf([START, event]).at(-2)).toMatchObject({ delta: { stop_sequence: 'x' } });
  });

  test('an error is the only ending, before the start as in the middle', () => {
    const error: StreamEvent = { type: 'error', error: new GatewayError('upstream_truncated', 'cut off') };
    const expected = {
      type: 'error',
      error: { type: 'api_error', message: 'cut off' },
      request_id: 'req_1',
    };
    expect(dataOf([error])).toEqual([expected]);
    const middle = encoded([START, { type: 'text-start', block: 0 }, error]);
    expect(middle.map(({ event }) => event)).toEqual(['message_start', 'content_block_start', 'error']);
    expect(violations(middle)).toEqual([]);
  });
});

describe('a search that another provider ran', () => {
  const search: Tool = {
    type: 'server',
    name: 'web_search',
    definition: { dialect: 'anthropic-messages', fields: {} },
    search: { others: [] },
  };
  const cites = (url: string, title: string): StreamEvent => ({
    type: 'citation',
    block: 1,
    citation: { kind: 'url', url, title, start: 0, end: 2 },
  });
  const told: StreamEvent[] = [
    START,
    { type: 'tool-start', block: 0, id: 'ws_1', name: 'web_search', kind: 'server' },
    { type: 'tool-delta', block: 0, arguments: '{"type":"search","query":"sun"}' },
    { type: 'tool-end', block: 0 },
    { type: 'text-start', block: 1 },
    { type: 'text-delta', block: 1, text: 'so' },
    cites('https://a.test/', 'A'),
    cites('https://b.test/', 'B'),
    cites('https://a.test/', 'A'),
    { type: 'text-end', block: 1 },
    END,
  ];

  test('has the pages that the answer cites as results', () => {
    const notes: string[] = [];
    const events = encoded(told, {
      tools: [search],
      lost: (feature) => notes.push(feature),
      approximated: (feature, how) => notes.push(`${feature}: ${how}`),
    });
    expect(violations(events)).toEqual([]);
    const id = 'srvtoolu_search-req_1';
    expect(isForeignServerCall(id)).toBe(true);
    const page = { type: 'web_search_result', encrypted_content: '', page_age: null };
    const content = [
      { ...page, title: 'A', url: 'https://a.test/' },
      { ...page, title: 'B', url: 'https://b.test/' },
    ];
    expect(events.map(({ data }) => JSON.parse(data)).slice(7, -2)).toEqual([
      start(1, { type: 'server_tool_use', id, name: 'web_search', input: {} }),
      delta(1, { type: 'input_json_delta', partial_json: '{"query":"sun"}' }),
      stop(1),
      start(2, { type: 'web_search_tool_result', tool_use_id: id, content }),
      stop(2),
    ]);
    expect(notes).toContain('tools.web_search: its results are the pages that the answer cites');
    expect(notes).not.toContain('tools.web_search');
  });

  test.each([
    ['requested none', [], told],
    ['has nothing cited', [search], told.filter(({ type }) => type !== 'citation')],
  ] as const)('is a loss where the client %s', (_, tools, events) => {
    const lost: string[] = [];
    const wire = encoded(events, { tools, lost: (feature) => lost.push(feature) });
    expect(wire.map(({ data }) => data).join()).not.toContain('server_tool_use');
    expect(lost).toContain('tools.web_search');
  });
});

test('a ping is the same at any time and changes nothing', () => {
  const encoder = anthropicMessages.client.createStreamEncoder(CONTEXT);
  const ping = 'event: ping\ndata: {"type":"ping"}\n\n';
  expect(encoder.ping()).toBe(ping);
  encoder.encode(START);
  expect(encoder.ping()).toBe(ping);
  expect(encoder.encode(END)).toStartWith('event: message_start');
});

test("the vendor's SDK assembles what was encoded", async () => {
  const events: StreamEvent[] = [
    START,
    { type: 'reasoning-start', block: 0 },
    { type: 'reasoning-delta', block: 0, text: 'hm' },
    { type: 'reasoning-end', block: 0 },
    { type: 'text-start', block: 1 },
    { type: 'text-delta', block: 1, text: 'hello ' },
    { type: 'text-delta', block: 1, text: 'wörld' },
    { type: 'citation', block: 1, citation: { kind: 'url', url: 'https://e.test' } },
    { type: 'text-end', block: 1 },
    { type: 'tool-start', block: 2, id: 'i', name: 'n', kind: 'function' },
    { type: 'tool-delta', block: 2, arguments: '{"a":' },
    { type: 'tool-delta', block: 2, arguments: '[1]}' },
    { type: 'tool-end', block: 2 },
    { type: 'tool-start', block: 3, id: 'j', name: 'm', kind: 'function' },
    { type: 'tool-end', block: 3 },
    { type: 'usage', usage: { inputTokens: 11, outputTokens: 5, cacheReadTokens: 2 } },
    finish('tool_use'),
  ];
  const encoder = anthropicMessages.client.createStreamEncoder(CONTEXT);
  const body = events.map((event) => encoder.encode(event)).join(encoder.ping());
  const sdk = new Anthropic({
    apiKey: 'test',
    fetch: async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
  });
  const message = await sdk.messages
    .stream({ model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'a' }] })
    .finalMessage();
  expect(message).toMatchObject({
    id: 'msg_1',
    stop_reason: 'tool_use',
    content: [
      { type: 'thinking', thinking: 'hm', signature: UNSEALED },
      { type: 'text', text: 'hello wörld', citations: [{ url: 'https://e.test' }] },
      { type: 'tool_use', id: 'i', name: 'n', input: { a: [1] } },
      { type: 'tool_use', id: 'j', name: 'm', input: {} },
    ],
    usage: { input_tokens: 11, output_tokens: 5, cache_read_input_tokens: 2 },
  } as never);
});

test('what only another dialect has a word for is named', () => {
  const lost: string[] = [];
  const encoder = anthropicMessages.client.createStreamEncoder({
    ...CONTEXT,
    lost: (name) => lost.push(name),
  });
  encoder.encode(START);
  encoder.encode({ type: 'extension', dialect: 'gemini', name: 'groundingMetadata', value: {} });
  expect(lost).toEqual(['groundingMetadata']);
});
