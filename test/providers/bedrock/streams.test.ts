// Streams of Bedrock in every split, cut short behind every message, corrupted, and ended by exceptions.
import { describe, expect, test } from 'bun:test';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import { inEventStream, invokeWire } from '../../support/bedrock-wires.ts';
import {
  concat,
  errorMessage,
  eventMessage,
  exceptionMessage,
  readMessages,
} from '../../support/event-stream.ts';
import { wholeMessage } from '../../support/message-stream.ts';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { readEvents } from '../../support/read-events.ts';
import { recordings } from '../../support/recordings.ts';
import type { JsonObject, JsonValue } from '../../../src/model/json/json.ts';
import { jsonReply, replyOf, replyWith } from '../../support/reply.ts';
import { ONE_BYTE_PIECES, randomSplits } from '../../support/splits.ts';
import { bedrockLab, EVENT_STREAM, streamReply } from './lab.ts';

const ASK = { model: 'm', max_tokens: 64, stream: true, messages: [{ role: 'user', content: 'hi' }] };

/** What an Anthropic client gets, which must be in its grammar unless it is cut. */
async function ask(reply: Parameters<typeof bedrockLab>[0], kind = 'bedrock', server = {}) {
  const lab = bedrockLab(reply, kind, server);
  const response = await lab.post('/v1/messages', ASK);
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, bytes, text: new TextDecoder().decode(bytes), row: await lab.row(0) };
}

const KIND_OF = { 'bedrock-converse': 'bedrock', 'bedrock-invoke': 'bedrock-anthropic' } as const;
/** Models whose events in InvokeModel's envelope are Anthropic's. */
const READABLE = /claude|anthropic|fantasy|tool-calls|test-invoke$|-with-content-f96919|text-stream/;
const WIRES = ['bedrock-converse', 'bedrock-invoke'] as const;

for (const wire of WIRES) {
  const streams = recordings(wire, { status: 'ok', streamed: true }).filter(
    ({ id }) => wire === 'bedrock-converse' || READABLE.test(id),
  );

  describe(wire, () => {
    test('has recordings', () => expect(streams.length).toBeGreaterThan(0));

    for (const recording of streams) {
      test(`${recording.name} is the same in every split`, async () => {
        const whole = await ask(replyOf(recording), KIND_OF[wire]);
        expect(whole.row.status).toBe('success');
        const checker = DIALECTS['anthropic-messages'].createGrammarChecker();
        for (const event of readEvents(whole.bytes)) checker.check(event);
        expect(checker.end()).toEqual([]);
        const splits =
          recording.body.length < 12_000 ? [ONE_BYTE_PIECES, ...randomSplits(2)] : randomSplits(2);
        for (const split of splits) {
          const pieces = await ask(replyOf(recording, { split }), KIND_OF[wire]);
          expect(pieces.text).toBe(whole.text);
        }
      });
    }
  });
}

test('a stream that says its service tier is not billed as a usual one', async () => {
  const said = async (metadata: JsonObject) => {
    const bytes = concat([
      eventMessage('messageStart', { role: 'assistant' }),
      eventMessage('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'hi' } }),
      eventMessage('contentBlockStop', { contentBlockIndex: 0 }),
      eventMessage('messageStop', { stopReason: 'end_turn' }),
      eventMessage('metadata', { usage: { inputTokens: 1000, outputTokens: 100 }, ...metadata }),
    ]);
    const lab = bedrockLab(streamReply(bytes));
    const model = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
    await (await lab.post('/v1/messages', { ...ASK, model: `bedrock/${model}` })).text();
    const { usageKnown, costUsd } = await lab.row(0);
    return [usageKnown, costUsd === null ? null : Math.round(costUsd * 1e9)];
  };
  expect(await said({})).toEqual([true, 4_950_000]);
  expect(await said({ serviceTier: { type: 'default' } })).toEqual([true, 4_950_000]);
  expect(await said({ serviceTier: { type: 'priority' } })).toEqual([true, null]);
  expect(await said({ performanceConfig: { latency: 'optimized' } })).toEqual([true, null]);
});

test('an answer of InvokeModel whose headers say its service tier is not billed as a usual one', async () => {
  const said = async (tier: string) => {
    const answer = {
      ...wholeMessage('Hi'),
      model: 'claude-sonnet-4-5-20250929',
      usage: { input_tokens: 1000, output_tokens: 100 },
    };
    const reply = jsonReply(answer, { headers: { 'x-amzn-bedrock-service-tier': tier } });
    const lab = bedrockLab(reply, 'bedrock-anthropic');
    const model = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
    await (await lab.post('/v1/messages', { ...ASK, model: `bedrock-anthropic/${model}` })).text();
    const { costUsd } = await lab.row(0);
    return costUsd === null ? null : Math.round(costUsd * 1e9);
  };
  expect(await said('default')).toBe(4_950_000);
  expect(await said('priority')).toBeNull();
});

test('searches that Nova ran are counted and leave the request unpriced', async () => {
  const called = (contentBlockIndex: number, name: string, type: string) => [
    eventMessage('contentBlockStart', {
      contentBlockIndex,
      start: { toolUse: { toolUseId: `call_${contentBlockIndex}`, name, type } },
    }),
    eventMessage('contentBlockDelta', { contentBlockIndex, delta: { toolUse: { input: '{"query":"x"}' } } }),
    eventMessage('contentBlockStop', { contentBlockIndex }),
  ];
  const said = async (calls: Uint8Array[]) => {
    const bytes = concat([
      eventMessage('messageStart', { role: 'assistant' }),
      ...calls,
      eventMessage('contentBlockDelta', { contentBlockIndex: 9, delta: { text: 'hi' } }),
      eventMessage('contentBlockStop', { contentBlockIndex: 9 }),
      eventMessage('messageStop', { stopReason: 'end_turn' }),
      eventMessage('metadata', { usage: { inputTokens: 1000, outputTokens: 100 } }),
    ]);
    const lab = bedrockLab(streamReply(bytes));
    const model = 'us.amazon.nova-2-lite-v1:0';
    await (await lab.post('/v1/messages', { ...ASK, model: `bedrock/${model}` })).text();
    const { usage, costUsd } = await lab.row(0);
    return [usage.webSearches, costUsd === null];
  };
  const search = (index: number) => called(index, 'nova_grounding', 'server_tool_use');
  expect(await said([])).toEqual([0, false]);
  expect(await said([...search(0), ...search(1)])).toEqual([2, true]);
  expect(await said(called(0, 'nova_code_interpreter', 'server_tool_use'))).toEqual([0, false]);
});

for (const recording of recordings('bedrock-converse', { status: 'ok', streamed: true })) {
  test(`${recording.name} cut behind any message before the reason to stop is an error, once`, async () => {
    const { messages, ends } = readMessages(recording.body);
    const stop = messages.findIndex(({ event }) => event === 'messageStop');
    expect(stop).toBeGreaterThan(0);
    const step = Math.max(1, Math.floor(stop / 12));
    for (let at = 0; at < stop; at += step) {
      for (const end of [ends[at] ?? 0, (ends[at] ?? 0) + 7]) {
        const { status, text, row } = await ask(streamReply(recording.body.subarray(0, end)));
        expect(text).not.toContain('message_stop');
        expect(text.split('"type":"error"').length - 1).toBe(1);
        expect([status, row.status]).toEqual([status === 200 ? 200 : 502, 'truncated']);
      }
    }
    // Only what it cost is missing.
    const { text, row } = await ask(streamReply(recording.body.subarray(0, ends[stop])));
    expect(text).toContain('message_stop');
    expect(row.status).toBe('success');
  });

  test(`${recording.name} with a flipped bit is malformed`, async () => {
    const { ends } = readMessages(recording.body);
    const middle = ends[Math.floor(ends.length / 2) - 1] ?? 0;
    // In the length, its checksum, the headers, and the last byte of the message's checksum.
    for (const at of [middle + 3, middle + 9, middle + 20, (ends[Math.floor(ends.length / 2)] ?? 0) - 1]) {
      const body = recording.body.slice();
      body[at] = (body[at] ?? 0) ^ 0x10;
      const { text, row } = await ask(streamReply(body));
      expect(row.errorCode).toBe('upstream_malformed');
      expect(text).toContain('cannot be split into events');
      expect(text).not.toContain('message_stop');
    }
  });
}

const START = eventMessage('messageStart', { role: 'assistant' });
const TEXT = eventMessage('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'par' } });

describe('an exception', () => {
  test.each([
    ['throttlingException', 429, 'upstream_rate_limited', true],
    ['serviceUnavailableException', 529, 'upstream_overloaded', true],
    ['internalServerException', 502, 'upstream_failed', true],
    ['modelStreamErrorException', 502, 'upstream_failed', true],
    ['modelTimeoutException', 502, 'upstream_failed', true],
    ['validationException', 400, 'upstream_rejected', false],
    ['accessDeniedException', 403, 'upstream_unauthorized', false],
    ['expiredTokenException', 401, 'upstream_unauthorized', false],
    ['resourceNotFoundException', 404, 'upstream_rejected', false],
    ['serviceQuotaExceededException', 429, 'upstream_rate_limited', true],
    ['modelNotReadyException', 529, 'upstream_overloaded', true],
    ['modelErrorException', 502, 'upstream_failed', true],
  ])(
    '%s before content has its status, and is tried elsewhere where that helps',
    async (name, status, code, again) => {
      const lab = bedrockLab(streamReply(concat([START, exceptionMessage(name, 'said so')])));
      const response = await lab.post('/v1/messages', ASK);
      const text = await response.text();
      const row = await lab.row(0);
      expect(status === 529 ? [503, 529] : [status]).toContain(response.status);
      // As its documentation names it.
      expect(text).toContain(`(${name.charAt(0).toUpperCase()}${name.slice(1)}): said so`);
      expect(row.errorCode).toBe(code as typeof row.errorCode);
      const { ERROR_RULES } = await import('../../../src/model/errors.ts');
      expect(ERROR_RULES[code as keyof typeof ERROR_RULES].retry === 'anywhere').toBe(again);
    },
  );

  test.each([
    ['as an exception', exceptionMessage('modelStreamErrorException', 'the model broke')],
    ['as an error of the transport', errorMessage('InternalFailure', 'the model broke')],
  ])('after content, %s, is an error in the stream', async (_, message) => {
    const { status, text, row } = await ask(streamReply(concat([START, TEXT, message])));
    expect(status).toBe(200);
    expect(text).toContain('the model broke');
    expect(text).not.toContain('message_stop');
    expect(row).toMatchObject({ status: 'error', errorCode: 'upstream_failed' });
  });

  test('too long a prompt is reported as that', async () => {
    const long = exceptionMessage('validationException', 'Input is too long for requested model.');
    const { status, row } = await ask(streamReply(concat([START, long])));
    expect([status, row.errorCode]).toEqual([400, 'context_too_long']);
  });

  test('ends a stream of InvokeModel too', async () => {
    const message = exceptionMessage('throttlingException', 'too fast');
    const { status, row } = await ask(streamReply(message), 'bedrock-anthropic');
    expect([status, row.errorCode]).toEqual([429, 'upstream_rate_limited']);
  });
});

test('another dialect in the envelope of InvokeModel is reported as what cannot be read', async () => {
  const { start, text, textEnd } = invokeWire(PROVIDER_WIRES['openai-responses']);
  const stream = inEventStream(start + text('Hello') + textEnd);
  const { status, row } = await ask(streamReply(stream), 'bedrock-anthropic');
  expect([status, row.errorCode]).toEqual([502, 'upstream_malformed']);
});

test('output that the service calls broken is an error', async () => {
  const stop = eventMessage('messageStop', { stopReason: 'malformed_tool_use' });
  const { text, row } = await ask(streamReply(concat([START, TEXT, stop])));
  expect(row.errorCode).toBe('upstream_malformed');
  expect(text).not.toContain('message_stop');
});

test('a message over the limit is refused before it is read', async () => {
  const long = eventMessage('contentBlockDelta', {
    contentBlockIndex: 0,
    delta: { text: 'x'.repeat(4_096) },
  });
  const reply = replyWith(concat([START, long]), { headers: EVENT_STREAM, split: ONE_BYTE_PIECES });
  const { status, text } = await ask(reply, 'bedrock', { max_event: '1KB' });
  expect(status).toBe(502);
  expect(text).toContain('max_event');
});

test('a message that is no JSON is skipped', async () => {
  const broken = eventMessage('contentBlockDelta', {});
  const { text, row } = await ask(
    streamReply(
      concat([
        START,
        TEXT,
        broken,
        eventMessage('messageStop', { stopReason: 'end_turn' }),
        eventMessage('metadata', {}),
      ]),
    ),
  );
  expect(text).toContain('message_stop');
  expect(row.status).toBe('success');
});

describe('a call that cannot be read', () => {
  const begin = eventMessage('messageStart', { role: 'assistant' });
  const said = eventMessage('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Hello' } });
  const input = eventMessage('contentBlockDelta', {
    contentBlockIndex: 1,
    delta: { toolUse: { input: '{"a":1}' } },
  });
  const end = eventMessage('messageStop', { stopReason: 'tool_use' });
  const start = (toolUse: JsonValue) =>
    eventMessage('contentBlockStart', { contentBlockIndex: 1, start: { toolUse } });

  test.each<[string, Uint8Array[]]>([
    ['never began', [input]],
    ['has no id', [start({ name: 'lookup' }), input]],
    ['is no object', [start([]), input]],
    ['is nothing else', [start(7)]],
  ])('for it %s: an error, no ending', async (_, call) => {
    const { text, row } = await ask(streamReply(concat([begin, said, ...call, end])));
    expect([row.status, row.errorCode]).toEqual(['error', 'upstream_malformed']);
    expect(text).toContain('Hello');
    expect(text).not.toContain('message_stop');
  });
});

test.each<JsonValue | undefined>([
  undefined,
  null,
  7,
  {},
  [{ text: 7 }],
  [{ toolUse: 'lookup' }],
  [{ toolUse: { name: 'lookup' } }],
])('a whole answer with %j for its content is malformed', async (content) => {
  const message: JsonObject = { role: 'assistant', ...(content !== undefined && { content }) };
  const lab = bedrockLab(jsonReply({ output: { message }, stopReason: 'tool_use', usage: {} }));
  const response = await lab.post('/v1/messages', { ...ASK, stream: false });
  expect([response.status, (await lab.row(0)).errorCode]).toEqual([502, 'upstream_malformed']);
});

test('a model that streams no calls is asked whole, and its client gets the stream that it wanted', async () => {
  const model = 'us.meta.llama4-maverick-17b-instruct-v1:0';
  const call = { toolUse: { toolUseId: 'tooluse_1', name: 'lookup', input: { of: 'x' } } };
  const answer = {
    output: { message: { role: 'assistant', content: [{ text: 'Let me see.' }, call] } },
    stopReason: 'tool_use',
    usage: { inputTokens: 5, outputTokens: 7, totalTokens: 12 },
  };
  const lab = bedrockLab(jsonReply(answer));
  const tools = [{ name: 'lookup', input_schema: { type: 'object', properties: {} } }];
  const response = await lab.post('/v1/messages', { ...ASK, model, tools });
  const text = await response.text();
  const checker = DIALECTS['anthropic-messages'].createGrammarChecker();
  for (const event of readEvents(new TextEncoder().encode(text))) checker.check(event);
  expect(checker.end()).toEqual([]);
  expect(checker.summary()).toMatchObject({ finish: 'tool_use', usage: { outputTokens: 7 } });
  expect(lab.upstream.requests[0]?.path).toEndWith(`/model/${encodeURIComponent(model)}/converse`);
  expect(await lab.row(0)).toMatchObject({ status: 'success', streamed: true });

  const streamed = bedrockLab(streamReply(new Uint8Array()));
  await (await streamed.post('/v1/messages', { ...ASK, model })).text();
  expect(streamed.upstream.requests[0]?.path).toEndWith('/converse-stream');
});
