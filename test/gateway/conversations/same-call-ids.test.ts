// Servers that give two calls of one answer, or of one conversation, the same id: a client of another dialect, which matches
// results by id, gets two ids; one of the same dialect gets the bytes as they came (GUARANTEES 6, 7).
import { describe, expect, test } from 'bun:test';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import { DIALECT_IDS, type DialectId } from '../../../src/model/dialect-id.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { createResponseCollector } from '../../../src/model/replay.ts';
import { callsOf, createTakenIds, withDistinctCalls } from '../../../src/gateway/pumps/call-ids.ts';
import { clientRequest } from '../../support/client-requests.ts';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { readEvents } from '../../support/read-events.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

type Wire = 'openai-chat' | 'openai-responses' | 'anthropic-messages';

async function exchange(wire: Wire, client: DialectId, stream: boolean, reply: Reply, more: JsonObject = {}) {
  const { post, row } = createTestGateway({
    config: { providers: { lab: PROVIDER_WIRES[wire].config }, routing: { default_provider: 'lab' } },
    fetch: createReplayFetch(reply).fetch,
  });
  const { path, body } = clientRequest(client, { stream, more });
  const text = await (await post(path, body)).text();
  expect((await row(0)).status).toBe('success');
  return text;
}

/** As a client of the dialect reads them. */
function callsIn(client: DialectId, stream: boolean, text: string) {
  const { provider } = DIALECTS[client];
  const collector = createResponseCollector();
  const decoder = provider.createStreamDecoder(collector);
  if (stream) for (const event of readEvents(new TextEncoder().encode(text))) decoder.decode(event);
  decoder.end();
  const answer = stream ? collector.response() : provider.parseResponse(JSON.parse(text) as JsonObject);
  return answer.parts.flatMap((part) =>
    part.type === 'tool-call' ? [[part.id, JSON.parse(part.arguments)] as const] : [],
  );
}

/** Three calls, of which two have one id, and the third what a second of it might be called. */
const GIVEN = ['call_7', 'call_7', 'call_7_2'];
const ARGUMENTS = [{ a: 0 }, { a: 1 }, { a: 2 }];
const SHOWN = ['call_7', 'call_7_2', 'call_7_2_2'];

function streamOf(wire: Wire): string {
  const { start, callStart, callArguments, callEnd } = PROVIDER_WIRES[wire];
  const calls = ARGUMENTS.map((given, nth) => {
    const begun = callStart(nth).replaceAll(/(?:call|toolu)_\d/g, GIVEN[nth] ?? '');
    return begun + callArguments(nth, JSON.stringify(given));
  });
  return start + calls.join('') + callEnd;
}

const WHOLE: Record<Wire, JsonObject> = {
  'openai-chat': {
    id: 'c1',
    object: 'chat.completion',
    created: 1,
    model: 'served',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: null,
          tool_calls: ARGUMENTS.map((given, nth) => ({
            id: GIVEN[nth],
            type: 'function',
            function: { name: 'lookup', arguments: JSON.stringify(given) },
          })),
        },
        finish_reason: 'tool_calls',
      },
    ],
  },
  'openai-responses': {
    ...PROVIDER_WIRES['openai-responses'].whole(''),
    output: ARGUMENTS.map((given, nth) => ({
      type: 'function_call',
      id: `fc_${nth}`,
      call_id: GIVEN[nth],
      name: 'lookup',
      arguments: JSON.stringify(given),
    })),
  },
  'anthropic-messages': {
    ...PROVIDER_WIRES['anthropic-messages'].whole(''),
    content: ARGUMENTS.map((input, nth) => ({ type: 'tool_use', id: GIVEN[nth], name: 'lookup', input })),
    stop_reason: 'tool_use',
  },
};

describe.each(Object.keys(WHOLE) as Wire[])('from %s', (wire) => {
  for (const client of DIALECT_IDS) {
    test.each([true, false])(`to ${client}, streamed: %p`, async (stream) => {
      const sent = stream ? streamOf(wire) : JSON.stringify(WHOLE[wire]);
      const reply = stream ? replyWith(sent) : jsonReply(WHOLE[wire]);
      const text = await exchange(wire, client, stream, reply);
      if (client === wire) expect(text).toBe(sent);
      else expect(callsIn(client, stream, text)).toEqual(SHOWN.map((id, nth) => [id, ARGUMENTS[nth] ?? {}]));
    });

    test(`to ${client}: streamed where it was asked for whole`, async () => {
      const text = await exchange(wire, client, false, replyWith(streamOf(wire)));
      expect(callsIn(client, false, text).map(([id]) => id)).toEqual(SHOWN);
    });
  }
});

/** A conversation whose first turn called, as its client holds it, to be gone on with. */
const CALLED: Record<Exclude<DialectId, 'gemini' | 'ollama-chat'>, (ids: string[]) => JsonObject> = {
  'anthropic-messages': (ids) => ({
    messages: [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: ids.map((id) => ({ type: 'tool_use', id, name: 'lookup', input: {} })) },
      { role: 'user', content: ids.map((id) => ({ type: 'tool_result', tool_use_id: id, content: '1' })) },
    ],
  }),
  'openai-chat': (ids) => ({
    messages: [
      { role: 'user', content: 'hi' },
      {
        role: 'assistant',
        content: null,
        tool_calls: ids.map((id) => ({
          id,
          type: 'function',
          function: { name: 'lookup', arguments: '{}' },
        })),
      },
      ...ids.map((id) => ({ role: 'tool', tool_call_id: id, content: '1' })),
    ],
  }),
  'openai-responses': (ids) => ({
    input: [
      { role: 'user', content: 'hi' },
      ...ids.map((id) => ({ type: 'function_call', call_id: id, name: 'lookup', arguments: '{}' })),
      ...ids.map((id) => ({ type: 'function_call_output', call_id: id, output: '1' })),
    ],
  }),
};

describe.each(Object.keys(WHOLE) as Wire[])('from %s, which numbers the calls of each turn anew', (wire) => {
  test.each(Object.keys(CALLED) as (keyof typeof CALLED)[])('to %s', async (client) => {
    const more = CALLED[client](['call_7']);
    const whole = await exchange(wire, client, false, jsonReply(WHOLE[wire]), more);
    const streamed = await exchange(wire, client, true, replyWith(streamOf(wire)), more);
    const shown = client === wire ? GIVEN : ['call_7_2', 'call_7_3', 'call_7_2_2'];
    expect(callsIn(client, false, whole).map(([id]) => id)).toEqual(shown);
    expect(callsIn(client, true, streamed).map(([id]) => id)).toEqual(shown);
  });
});

test('fragments that repeat the id and count the index up are one call', async () => {
  const fragment = (index: number, call: JsonObject) =>
    `data: ${JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, delta: { tool_calls: [{ index, id: 'call_7', function: call }] } }] })}\n\n`;
  const stream =
    fragment(0, { name: 'lookup', arguments: '{"a"' }) +
    fragment(1, { arguments: ':1' }) +
    fragment(2, { arguments: '}' }) +
    PROVIDER_WIRES['openai-chat'].callEnd;
  const text = await exchange('openai-chat', 'anthropic-messages', true, replyWith(stream));
  expect(callsIn('anthropic-messages', true, text)).toEqual([['call_7', { a: 1 }]]);
});

test('of thousands of calls with one id it takes no time out of proportion', () => {
  const count = 50_000;
  const call = { type: 'tool-call', id: 'call', name: 'f', kind: 'function', arguments: '{}' } as const;
  const collector = createResponseCollector();
  collector.push({ type: 'start', id: null, model: null });
  collector.push({ type: 'finish', finish: { unified: 'tool_use', raw: 'tool_calls' } });
  const parts = Array.from({ length: count }, () => call);
  const distinct = withDistinctCalls({ ...collector.response(), parts }).parts;
  const ids = distinct.map((part) => (part.type === 'tool-call' ? part.id : ''));
  expect(new Set(ids).size).toBe(count);
  expect(ids.slice(0, 3)).toEqual(['call', 'call_2', 'call_3']);
});

test('the ids of a conversation are one string, which is held while an answer is on its way', () => {
  const called = (id: string) =>
    ({ type: 'tool-call', id, name: 'f', kind: 'function', arguments: '{}' }) as const;
  const held: unknown = callsOf({
    messages: [
      { role: 'assistant', parts: [called('call_1'), called('call_2')] },
      { role: 'user', parts: [] },
      { role: 'assistant', parts: [called('call_3')] },
    ],
  });
  expect(held).toBeString();
  expect([...createTakenIds(String(held)).keys()]).toEqual(['call_1', 'call_2', 'call_3']);
  expect([...createTakenIds(callsOf({ messages: [] })).keys()]).toEqual([]);
});
