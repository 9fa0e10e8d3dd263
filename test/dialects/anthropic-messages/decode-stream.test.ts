// What the events of a Messages stream become, block by block, and what is wrong with those that cannot be read.
import { describe, expect, test } from 'bun:test';
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts';
import { MalformedEvent } from '../../../src/dialects/dialect.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { ownToken } from '../../../src/model/opaque-token.ts';
import { decoded, wire } from './streams.ts';

const ID = 'anthropic-messages' as const;
const own = (text: string) => ownToken(ID, text);
const HEAD = { type: 'message_start', message: { id: 'msg_1', model: 'm', usage: { input_tokens: 3 } } };
const STOP = { type: 'message_stop' };
const start = (index: number, content_block: JsonObject) => ({
  type: 'content_block_start',
  index,
  content_block,
});
const delta = (index: number, value: JsonObject) => ({ type: 'content_block_delta', index, delta: value });
const stop = (index: number) => ({ type: 'content_block_stop', index });

/** What the block of these wire events becomes, without the message around it. */
function body(...events: JsonObject[]): StreamEvent[] {
  return decoded(wire(HEAD, ...events)).slice(2);
}

const BLOCKS: [string, JsonObject[], StreamEvent[]][] = [
  [
    'text',
    [
      start(0, { type: 'text', text: '' }),
      delta(0, { type: 'text_delta', text: 'a' }),
      delta(0, { type: 'text_delta', text: '' }),
      stop(0),
    ],
    [
      { type: 'text-start', block: 0 },
      { type: 'text-delta', block: 0, text: 'a' },
      { type: 'text-end', block: 0 },
    ],
  ],
  [
    'text that begins in the start',
    [start(0, { type: 'text', text: 'a' }), stop(0)],
    [
      { type: 'text-start', block: 0 },
      { type: 'text-delta', block: 0, text: 'a' },
      { type: 'text-end', block: 0 },
    ],
  ],
  [
    'a citation',
    [
      start(0, { type: 'text', text: '', citations: [] }),
      delta(0, {
        type: 'citations_delta',
        citation: { type: 'web_search_result_location', url: 'https://e.test', title: 'T', cited_text: 'c' },
      }),
      stop(0),
    ],
    [
      { type: 'text-start', block: 0 },
      {
        type: 'citation',
        block: 0,
        citation: {
          kind: 'url',
          url: 'https://e.test',
          title: 'T',
          citedText: 'c',
          extension: {
            dialect: ID,
            fields: {
              type: 'web_search_result_location',
              url: 'https://e.test',
              title: 'T',
              cited_text: 'c',
            },
          },
        },
      },
      { type: 'text-end', block: 0 },
    ],
  ],
  [
    'thinking, signed in a delta',
    [
      start(0, { type: 'thinking', thinking: '', signature: '' }),
      delta(0, { type: 'thinking_delta', thinking: 'a' }),
      delta(0, { type: 'signature_delta', signature: 's' }),
      stop(0),
    ],
    [
      { type: 'reasoning-start', block: 0 },
      { type: 'reasoning-delta', block: 0, text: 'a' },
      { type: 'reasoning-signature', block: 0, signature: own('s') },
      { type: 'reasoning-end', block: 0 },
    ],
  ],
  [
    'thinking, signed in the start',
    [start(0, { type: 'thinking', thinking: 'a', signature: 's' }), stop(0)],
    [
      { type: 'reasoning-start', block: 0 },
      { type: 'reasoning-delta', block: 0, text: 'a' },
      { type: 'reasoning-signature', block: 0, signature: own('s') },
      { type: 'reasoning-end', block: 0 },
    ],
  ],
  [
    'thinking whose signature comes twice counts once',
    [
      start(0, { type: 'thinking', thinking: '', signature: 's' }),
      delta(0, { type: 'signature_delta', signature: 's' }),
      stop(0),
    ],
    [
      { type: 'reasoning-start', block: 0 },
      { type: 'reasoning-signature', block: 0, signature: own('s') },
      { type: 'reasoning-end', block: 0 },
    ],
  ],
  [
    'thinking whose signature comes in pieces: told once, whole',
    [
      start(0, { type: 'thinking', thinking: '', signature: 'forgotten' }),
      delta(0, { type: 'signature_delta', signature: 's' }),
      delta(0, { type: 'signature_delta', signature: '' }),
      delta(0, { type: 'thinking_delta', thinking: 'a' }),
      delta(0, { type: 'signature_delta', signature: 't' }),
      stop(0),
    ],
    [
      { type: 'reasoning-start', block: 0 },
      { type: 'reasoning-delta', block: 0, text: 'a' },
      { type: 'reasoning-signature', block: 0, signature: own('st') },
      { type: 'reasoning-end', block: 0 },
    ],
  ],
  [
    'redacted thinking',
    [start(0, { type: 'redacted_thinking', data: 'd' }), stop(0)],
    [
      { type: 'reasoning-start', block: 0, redacted: own('d') },
      { type: 'reasoning-end', block: 0 },
    ],
  ],
  [
    'a call, its arguments in pieces',
    [
      start(0, { type: 'tool_use', id: 'i', name: 'n', input: {} }),
      delta(0, { type: 'input_json_delta', partial_json: '' }),
      delta(0, { type: 'input_json_delta', partial_json: '{"a"' }),
      delta(0, { type: 'input_json_delta', partial_json: ':1}' }),
      stop(0),
    ],
    [
      { type: 'tool-start', block: 0, id: 'i', name: 'n', kind: 'function' },
      { type: 'tool-delta', block: 0, arguments: '{"a"' },
      { type: 'tool-delta', block: 0, arguments: ':1}' },
      { type: 'tool-end', block: 0 },
    ],
  ],
  [
    'a call whose start holds the arguments',
    [start(0, { type: 'tool_use', id: 'i', name: 'n', input: { a: 1 } }), stop(0)],
    [
      { type: 'tool-start', block: 0, id: 'i', name: 'n', kind: 'function' },
      { type: 'tool-delta', block: 0, arguments: '{"a":1}' },
      { type: 'tool-end', block: 0 },
    ],
  ],
  [
    'a call whose arguments come twice counts them once',
    [
      start(0, {
        type: 'tool_use',
        id: 'i',
        name: 'n',
        input: { a: 1 },
        caller: { type: 'code_execution_20250825', tool_id: 't' },
      }),
      delta(0, { type: 'input_json_delta', partial_json: '{"a":1}' }),
      stop(0),
    ],
    [
      {
        type: 'tool-start',
        block: 0,
        id: 'i',
        name: 'n',
        kind: 'function',
        extension: { dialect: ID, fields: { caller: { type: 'code_execution_20250825', tool_id: 't' } } },
      },
      { type: 'tool-delta', block: 0, arguments: '{"a":1}' },
      { type: 'tool-end', block: 0 },
    ],
  ],
  [
    'a server tool and its result',
    [
      start(0, { type: 'server_tool_use', id: 'i', name: 'web_search', input: {} }),
      delta(0, { type: 'input_json_delta', partial_json: '{}' }),
      stop(0),
      start(1, { type: 'web_search_tool_result', tool_use_id: 'i', content: [] }),
      stop(1),
    ],
    [
      {
        type: 'tool-start',
        block: 0,
        id: 'i',
        name: 'web_search',
        kind: 'server',
        extension: { dialect: ID, fields: { type: 'server_tool_use' } },
      },
      { type: 'tool-delta', block: 0, arguments: '{}' },
      { type: 'tool-end', block: 0 },
      {
        type: 'server-tool-result',
        block: 1,
        part: {
          type: 'server-tool-result',
          callId: 'i',
          dialect: ID,
          value: { type: 'web_search_tool_result', tool_use_id: 'i', content: [] },
        },
      },
    ],
  ],
  [
    'an unknown block with its deltas',
    [
      start(0, { type: 'compaction', content: null }),
      delta(0, { type: 'compaction_delta', content: 'a' }),
      stop(0),
    ],
    [
      {
        type: 'extension',
        dialect: ID,
        name: 'compaction',
        value: start(0, { type: 'compaction', content: null }),
      },
      {
        type: 'extension',
        dialect: ID,
        name: 'compaction',
        value: delta(0, { type: 'compaction_delta', content: 'a' }),
      },
      { type: 'extension', dialect: ID, name: 'compaction', value: stop(0) },
    ],
  ],
  [
    'an unknown delta in a known block',
    [start(0, { type: 'text', text: '' }), delta(0, { type: 'tone_delta', tone: 'x' }), stop(0)],
    [
      { type: 'text-start', block: 0 },
      {
        type: 'extension',
        dialect: ID,
        name: 'tone_delta',
        value: delta(0, { type: 'tone_delta', tone: 'x' }),
      },
      { type: 'text-end', block: 0 },
    ],
  ],
  [
    'an unknown event',
    [{ type: 'weather', sun: true }],
    [{ type: 'extension', dialect: ID, name: 'weather', value: { type: 'weather', sun: true } }],
  ],
  ['a ping', [{ type: 'ping' }], []],
];

test('citations in the start of a text', () => {
  const location = { type: 'web_search_result_location', url: 'https://e.test', title: 'T', cited_text: 'c' };
  expect(body(start(0, { type: 'text', text: 'a', citations: [location] }))).toMatchObject([
    { type: 'text-start' },
    { type: 'text-delta', text: 'a' },
    { type: 'citation', block: 0, citation: { url: 'https://e.test', title: 'T', citedText: 'c' } },
  ]);
});

test.each([
  ['text', 'text'],
  ['thinking', 'reasoning'],
])('fields of a block of type %s that nothing knows are kept for the same dialect', (type, kind) => {
  expect(body(start(0, { type, [type]: '', tone: 'calm', nil: null }))).toEqual([
    { type: `${kind}-start`, block: 0 },
    { type: 'extension', dialect: ID, name: 'tone', value: { value: 'calm' } },
  ] as StreamEvent[]);
});

test('an empty signature takes nothing from the one in the start', () => {
  const signed = [
    start(0, { type: 'thinking', thinking: '', signature: 's' }),
    delta(0, { type: 'signature_delta', signature: '' }),
    stop(0),
  ];
  expect(body(...signed)).toContainEqual({ type: 'reasoning-signature', block: 0, signature: own('s') });
});

test('calls without an id get one of their message and place', () => {
  const call = { type: 'tool_use', name: 'f', input: {} };
  const calls = body(start(0, call), stop(0), start(1, call)).filter(({ type }) => type === 'tool-start');
  expect(calls).toMatchObject([{ id: 'toolu_msg1_0' }, { id: 'toolu_msg1_1' }]);
});

test.each(BLOCKS)('%s', (_, events, expected) => {
  expect(body(...events)).toEqual(expected);
});

test('blocks have rising numbers of their own, whatever the indexes', () => {
  const text = { type: 'text', text: '' };
  const numbers = body(start(4, text), stop(4), start(2, text), stop(2)).map(
    (event) => 'block' in event && event.block,
  );
  expect(numbers).toEqual([0, 0, 1, 1]);
});

describe('usage', () => {
  test('what is stated, and null states nothing', () => {
    const usage = {
      input_tokens: 5,
      output_tokens: 7,
      cache_read_input_tokens: null,
      cache_creation_input_tokens: 9,
      cache_creation: { ephemeral_5m_input_tokens: 6, ephemeral_1h_input_tokens: 3 },
      output_tokens_details: { thinking_tokens: 2 },
      server_tool_use: { web_search_requests: 1 },
    };
    const head = { type: 'message_start', message: { id: 'msg_1', model: 'm', usage } };
    expect(decoded(wire(head))).toEqual([
      { type: 'start', id: 'msg_1', model: 'm' },
      {
        type: 'usage',
        usage: {
          inputTokens: 5,
          outputTokens: 7,
          cacheWriteTokens: 9,
          cacheWrite1hTokens: 3,
          reasoningTokens: 2,
          webSearches: 1,
        },
      },
    ]);
  });

  test('again at the end', () => {
    const end = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 8 } };
    expect(body(end)).toEqual([{ type: 'usage', usage: { outputTokens: 8 } }]);
  });
});

describe('ending', () => {
  const end = (fields: JsonObject) => ({ type: 'message_delta', delta: fields });

  test('is emitted at message_stop, not before', () => {
    expect(body(end({ stop_reason: 'stop_sequence', stop_sequence: 'x' }))).toEqual([]);
    expect(body(end({ stop_reason: 'stop_sequence', stop_sequence: 'x' }), STOP)).toEqual([
      { type: 'finish', finish: { unified: 'stop_sequence', raw: 'stop_sequence', stopSequence: 'x' } },
    ]);
  });

  const REASONS: [string | null, string][] = [
    ['end_turn', 'end_turn'],
    ['max_tokens', 'max_tokens'],
    ['tool_use', 'tool_use'],
    ['pause_turn', 'pause_turn'],
    ['refusal', 'refusal'],
    ['model_context_window_exceeded', 'context_window_exceeded'],
    ['compaction', 'other'],
    [null, 'other'],
  ];
  test.each(REASONS)('%p is %s', (raw, unified) => {
    expect(body(end({ stop_reason: raw }), STOP)).toEqual([
      { type: 'finish', finish: { unified, raw } } as never,
    ]);
  });

  test.each([
    ['end_turn', 'tool_use', 'tool_use'],
    [null, 'tool_use', 'tool_use'],
    ['max_tokens', 'tool_use', 'max_tokens'],
    ['end_turn', 'server_tool_use', 'end_turn'],
  ])('%p behind %s is %s', (raw, type, unified) => {
    const call = { type, id: 't', name: 'f', input: {} };
    const events = body(start(0, call), end({ stop_reason: raw }), STOP);
    expect(events.at(-1)).toMatchObject({ finish: { unified, raw } } as never);
    const whole = { id: 'm', type: 'message', role: 'assistant', model: 'm', stop_reason: raw };
    const { finish } = anthropicMessages.provider.parseResponse({ ...whole, content: [call] });
    expect(finish).toMatchObject({ unified, raw } as never);
  });

  test('is kept when a later message_delta does not repeat it', () => {
    expect(body(end({ stop_reason: 'tool_use' }), end({}), STOP)).toEqual([
      { type: 'finish', finish: { unified: 'tool_use', raw: 'tool_use' } },
    ]);
  });

  test('and so is the sequence at which it stopped', () => {
    const stopped = { stop_reason: 'stop_sequence', stop_sequence: '###' };
    expect(body(end(stopped), end({}), STOP)).toEqual(body(end(stopped), STOP));
    expect(body(end(stopped), end({}), STOP)).toMatchObject([{ finish: { stopSequence: '###' } }]);
  });

  test('of an answer that never began is a failure', () => {
    expect(decoded(wire(STOP))).toMatchObject([{ type: 'error', error: { code: 'upstream_malformed' } }]);
  });

  test('closes a block that the provider left open', () => {
    const events = body(start(0, { type: 'text', text: '' }), end({ stop_reason: 'max_tokens' }), STOP);
    expect(events.map((event) => event.type)).toEqual(['text-start', 'text-end', 'finish']);
  });

  test('no more after it', () => {
    expect(body(STOP, STOP, { type: 'error', error: { message: 'x' } })).toHaveLength(1);
  });

  test('EOF makes up nothing', () => {
    expect(decoded(wire(HEAD)).map((event) => event.type)).toEqual(['start', 'usage']);
  });

  test('details of the end are kept for the same dialect', () => {
    const details = {
      ...end({ stop_reason: 'refusal', stop_details: { type: 'refusal' } }),
      context_management: {},
    };
    expect(body(details)).toEqual([
      { type: 'extension', dialect: ID, name: 'stop_details', value: { type: 'refusal' } },
      { type: 'extension', dialect: ID, name: 'context_management', value: {} },
    ]);
  });
});

test('fields of the message that nothing knows are kept; objects as text, or they would be taken for blocks', () => {
  const head = {
    ...HEAD,
    message: { ...HEAD.message, tone: 'calm', mood: { is: 'good' }, none: {}, nil: null },
  };
  const end = { type: 'message_delta', delta: { stop_reason: 'end_turn', tempo: 3 }, traces: [1] };
  const kept = decoded(wire(head, end)).filter(({ type }) => type === 'extension');
  expect(kept).toEqual(
    Object.entries({ tone: 'calm', mood: '{"is":"good"}', tempo: 3, traces: '[1]' }).map(([name, value]) => ({
      type: 'extension',
      dialect: ID,
      name,
      value: { value },
    })),
  );
});

describe('errors', () => {
  const ERRORS: [string, string, number][] = [
    ['overloaded_error', 'upstream_overloaded', 529],
    ['rate_limit_error', 'upstream_rate_limited', 429],
    ['api_error', 'upstream_failed', 502],
    ['timeout_error', 'upstream_failed', 502],
    ['authentication_error', 'upstream_unauthorized', 401],
    ['permission_error', 'upstream_unauthorized', 403],
    ['invalid_request_error', 'upstream_rejected', 400],
    ['not_found_error', 'upstream_rejected', 404],
    ['never_heard_of', 'upstream_failed', 502],
  ];
  test.each(ERRORS)('%s', (type, code, status) => {
    expect(decoded(wire({ type: 'error', error: { type, message: 'why' } }))).toEqual([
      { type: 'error', error: expect.objectContaining({ code, status, message: 'why', reason: { type } }) },
    ]);
  });

  test('nothing follows them', () => {
    expect(body({ type: 'error', error: { message: 'x' } }, STOP)).toHaveLength(1);
  });

  test('in other words than the dialect has', () => {
    expect(decoded([{ event: 'error', data: 'gone' }])).toMatchObject([{ error: { message: 'gone' } }]);
    expect(decoded([{ event: '', data: '{"error":{"message":"gone"}}' }])).toMatchObject([
      { error: { code: 'upstream_failed', message: 'gone' } },
    ]);
  });
});

test('events without a name are read by their type', () => {
  const named = wire(HEAD, start(0, { type: 'text', text: 'a' }), stop(0), STOP);
  expect(decoded(named.map(({ data }) => ({ event: '', data })))).toEqual(decoded(named));
});

test('content before any message_start still starts a message', () => {
  expect(decoded(wire(start(0, { type: 'text', text: '' })))[0]).toEqual({
    type: 'start',
    id: null,
    model: null,
  });
});

test.each([
  ['text', 'text', 'text'],
  ['thinking', 'thinking', 'reasoning'],
])('%s whose block never began is that', (type, field, kind) => {
  const events = decoded(
    wire(
      HEAD,
      delta(0, { type: `${type}_delta`, [field]: 'a' }),
      delta(0, { type: `${type}_delta`, [field]: 'b' }),
      stop(0),
      STOP,
    ),
  );
  expect(events.map((event) => event.type)).toEqual([
    ...['start', 'usage', `${kind}-start`, `${kind}-delta`, `${kind}-delta`, `${kind}-end`, 'finish'],
  ] as StreamEvent['type'][]);
});

test('arguments whose call never began are told, since the answer is broken without them', () => {
  const emitted: StreamEvent[] = [];
  const decoder = anthropicMessages.provider.createStreamDecoder(emitted);
  const [event] = wire(delta(0, { type: 'input_json_delta', partial_json: '{}' }));
  if (event !== undefined) expect(() => decoder.decode(event)).toThrow(MalformedEvent);
  expect(emitted.at(-1)).toEqual({ type: 'tool-delta', block: 0, arguments: '{}' });
});

describe('unreadable events', () => {
  const text = start(0, { type: 'text', text: '' });
  const BAD: [string, JsonObject[], string | JsonObject][] = [
    ['no JSON', [], '{"type":"content_block_del'],
    ['JSON that is no object', [], '[1]'],
    ['no type', [], {}],
    ['message_start without a message', [], { type: 'message_start' }],
    ['a second message_start', [HEAD], HEAD],
    ['a block without an index', [HEAD], { type: 'content_block_start', content_block: { type: 'text' } }],
    ['a block without a type', [HEAD], start(0, {})],
    ['a block that is open already', [HEAD, text], text],
    ['a signature for no block', [HEAD], delta(0, { type: 'signature_delta', signature: 'a' })],
    ['arguments for no block', [HEAD], delta(0, { type: 'input_json_delta', partial_json: '{}' })],
    ['a stop for no block', [HEAD], stop(0)],
    ['a delta of another block type', [HEAD, text], delta(0, { type: 'thinking_delta', thinking: 'a' })],
    ['a delta without its text', [HEAD, text], delta(0, { type: 'text_delta' })],
    ['a delta without a delta', [HEAD, text], { type: 'content_block_delta', index: 0 }],
  ];
  test.each(BAD)('%s', (_, before, bad) => {
    const emitted: StreamEvent[] = [];
    const decoder = anthropicMessages.provider.createStreamDecoder(emitted);
    for (const event of wire(...before)) decoder.decode(event);
    const data = typeof bad === 'string' ? bad : JSON.stringify(bad);
    const event = typeof bad === 'string' ? '' : String(bad.type ?? '');
    expect(() => decoder.decode({ event, data })).toThrow(MalformedEvent);
    // The decoder stays usable.
    for (const event of wire({ type: 'message_delta', delta: { stop_reason: 'end_turn' } }, STOP))
      decoder.decode(event);
    expect(emitted.at(-1)).toMatchObject({ type: 'finish', finish: { unified: 'end_turn' } });
  });
});

test('a delta without the head and the start before it begins the answer, and its block', () => {
  const events = decoded(wire(delta(0, { type: 'text_delta', text: 'a' }), stop(0), STOP));
  expect(events.slice(0, 3)).toEqual([
    { type: 'start', id: null, model: null },
    { type: 'text-start', block: 0 },
    { type: 'text-delta', block: 0, text: 'a' },
  ]);
});
