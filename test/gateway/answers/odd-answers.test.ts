// Answers with a count that is no number, an end within a call for an unknown reason, or an event that cannot be read: what the
// client gets is well-formed, and the row says the same.
import { describe, expect, test } from 'bun:test';
import type { DialectId } from '../../../src/model/dialect-id.ts';
import { clientRequest, SPOKEN_DIALECTS } from '../../support/client-requests.ts';
import { PROVIDER_WIRES, WIRE_IDS } from '../../support/provider-wires.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

type Wire = (typeof WIRE_IDS)[number];

async function exchange(wire: Wire, client: DialectId, stream: boolean, reply: Reply) {
  const upstream = createReplayFetch(reply);
  const lab = createTestGateway({
    config: { providers: { lab: PROVIDER_WIRES[wire].config }, routing: { default_provider: 'lab' } },
    fetch: upstream.fetch,
  });
  const { path, body } = clientRequest(client, { stream });
  const response = await lab.post(path, body);
  return { text: await response.text(), status: response.status, row: await lab.row(0) };
}

function streamed(wire: Wire, pieces: string): Reply {
  const { bytes, contentType } = PROVIDER_WIRES[wire];
  return replyWith(bytes?.(pieces) ?? pieces, { headers: { 'content-type': contentType } });
}

const COUNT = /"(\w*(?:[tT]oken|eval_c)\w*)":\d+/g;
const NO_COUNT = /"(?!max_)\w*[tT]oken\w*":null/;

describe.each(WIRE_IDS.filter((wire) => wire !== 'bedrock-invoke'))(
  'counts beyond all numbers, %s',
  (wire) => {
    const { start, text, textEnd, whole } = PROVIDER_WIRES[wire];
    const beyond = (said: string) => said.replaceAll(COUNT, '"$1":1e400');
    const others = SPOKEN_DIALECTS.filter((client) => client !== wire);

    // That of Bedrock is made here of parsed JSON, in which such a number cannot stand.
    test.each(wire === 'bedrock-converse' ? [] : others)('streamed, for a client of %s', async (client) => {
      const reply = streamed(wire, beyond(start + text('Hello') + textEnd));
      const answer = await exchange(wire, client, true, reply);
      expect(answer.row).toMatchObject({ status: 'success', usage: { inputTokens: 0, outputTokens: 0 } });
      expect(answer.text).not.toMatch(NO_COUNT);
    });

    test.each(others)('whole, for a client of %s', async (client) => {
      const reply = replyWith(beyond(JSON.stringify(whole('Hello'))), {
        headers: { 'content-type': 'application/json' },
      });
      const answer = await exchange(wire, client, false, reply);
      expect(answer.row).toMatchObject({ status: 'success', usage: { inputTokens: 0, outputTokens: 0 } });
      expect(answer.text).not.toMatch(NO_COUNT);
    });
  },
);

/** By which clients know that an answer was cut off: others they take for whole, and run its calls. */
const CUT_OFF: Record<DialectId, string> = {
  'anthropic-messages': '"stop_reason":"max_tokens"',
  'openai-chat': '"finish_reason":"length"',
  'openai-responses': '"incomplete_details":{"reason":"max_output_tokens"}',
  gemini: '"finishReason":"MAX_TOKENS"',
  'ollama-chat': '"done_reason":"length"',
};

describe('a call without its end, for a reason that is unknown', () => {
  const wire = PROVIDER_WIRES['bedrock-converse'];

  test.each(SPOKEN_DIALECTS)('streamed, for a client of %s', async (client) => {
    const end = wire.callEnd.replace('"tool_use"', '"something_new"');
    const pieces =
      wire.start + wire.text('I look.') + wire.callStart(1) + wire.callArguments(1, '{"a":') + end;
    const { text, row } = await exchange(
      'bedrock-converse',
      client,
      true,
      streamed('bedrock-converse', pieces),
    );
    expect(row.status).toBe('success');
    expect(text).not.toContain('"error":{');
    expect(text).toContain(CUT_OFF[client]);
    expect(row.lost.join()).toContain('finish_reason');
    if (client === 'gemini') expect(row.lost).toContain('tool_calls');
  });

  test.each(SPOKEN_DIALECTS)('whole, for a client of %s', async (client) => {
    const call = { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'lookup', arguments: '{"a":' };
    const body = {
      ...PROVIDER_WIRES['openai-responses'].whole('I look.'),
      status: 'incomplete',
      incomplete_details: { reason: 'something_new' },
      output: [call],
    };
    const { text, status, row } = await exchange('openai-responses', client, false, jsonReply(body));
    expect([status, row.status]).toEqual([200, 'success']);
    expect(text).not.toContain('"error":{');
    if (client !== 'openai-responses') expect(text).toContain(CUT_OFF[client]);
    if (client === 'gemini') expect(row.lost).toContain('tool_calls');
  });
});

test.each(SPOKEN_DIALECTS)(
  'an answer that is incomplete for a reason that is unknown is not whole for %s',
  async (client) => {
    if (client === 'openai-responses') return;
    const body = {
      ...PROVIDER_WIRES['openai-responses'].whole('I look'),
      ...{ status: 'incomplete', incomplete_details: { reason: 'max_messages' } },
    };
    for (const stream of [false, true]) {
      const { text, row } = await exchange('openai-responses', client, stream, jsonReply(body));
      expect(text).toContain(CUT_OFF[client]);
      expect(row.lost.join()).toContain('finish_reason');
    }
  },
);

describe.each(['{"a":]', 'no JSON', '[1', '"a"'])('arguments that nothing makes an object: %s', (broken) => {
  test.each(SPOKEN_DIALECTS)('streamed, for a client of %s', async (client) => {
    const { start, text, callStart, callArguments, callEnd } = PROVIDER_WIRES['bedrock-converse'];
    for (const reason of ['something_new', 'guardrail_intervened', 'max_tokens']) {
      const end = callEnd.replace('"tool_use"', `"${reason}"`);
      const pieces = start + text('I look.') + callStart(1) + callArguments(1, broken) + end;
      const { text: body, row } = await exchange(
        'bedrock-converse',
        client,
        true,
        streamed('bedrock-converse', pieces),
      );
      expect([row.status, row.errorCode]).toEqual(['error', 'upstream_malformed']);
      expect(body).toContain('arguments of a call of lookup that are not a JSON object');
    }
  });

  const translated = SPOKEN_DIALECTS.filter((client) => client !== 'openai-responses');
  test.each(translated)('whole, for a client of %s', async (client) => {
    for (const reason of ['something_new', 'content_filter', 'max_output_tokens']) {
      const call = { type: 'function_call', call_id: 'call_1', name: 'lookup', arguments: broken };
      const body = {
        ...PROVIDER_WIRES['openai-responses'].whole('I look.'),
        status: 'incomplete',
        incomplete_details: { reason },
        output: [call],
      };
      const { status, row } = await exchange('openai-responses', client, false, jsonReply(body));
      expect([status, row.errorCode]).toEqual([502, 'upstream_malformed']);
    }
  });
});

const FRAGMENTED = [
  ...([
    'anthropic-messages',
    'openai-chat',
    'openai-responses',
    'bedrock-converse',
    'bedrock-invoke',
  ] as const),
];

describe.each(FRAGMENTED)('arguments that a model or server wrote in another form, %s', (wire) => {
  const { start, callStart, callArguments, callEnd } = PROVIDER_WIRES[wire];

  test.each([
    [['null'], '{}'],
    [['nu', 'll'], '{}'],
    [[' "{\\"a', '\\": 1}" '], '{"a":1}'],
  ])('%p is the object that was meant: %s', async (fragments, meant) => {
    const pieces = [start, callStart(1), ...fragments.map((fragment) => callArguments(1, fragment)), callEnd];
    const { text, row } = await exchange(wire, 'ollama-chat', true, streamed(wire, pieces.join('')));
    expect(row.status).toBe('success');
    expect(text).toContain(`"name":"lookup","arguments":${meant}`);
  });
});

test.each(['null', '{"a":1}', 'no object'])('a whole call whose input is the text %p', async (input) => {
  const call = { id: 'call_1', name: 'lookup', input };
  const converse = {
    message: { role: 'assistant', content: [{ toolUse: { ...call, toolUseId: 'call_1' } }] },
  };
  const bodies = [
    ['anthropic-messages', { content: [{ type: 'tool_use', ...call }], stop_reason: 'tool_use' }],
    ['bedrock-converse', { output: converse, stopReason: 'tool_use' }],
  ] as const;
  for (const [wire, body] of bodies) {
    const reply = jsonReply({ ...PROVIDER_WIRES[wire].whole('-'), ...body });
    const { text, row } = await exchange(wire, 'ollama-chat', false, reply);
    if (input === 'no object') expect(row.errorCode).toBe('upstream_malformed');
    else expect(text).toContain(`"name":"lookup","arguments":${input === 'null' ? '{}' : input}`);
  }
});

describe('an event that cannot be read', () => {
  const { start, text, textEnd, config } = PROVIDER_WIRES['anthropic-messages'];
  const broken = 'event: message_delta\ndata: {"type":\n\n';

  test.each([
    ['anthropic-messages', 1, 0, broken],
    ['openai-chat', 1, 1, ''],
    ['openai-chat', 100, 10, ''],
  ] as const)(
    'is counted, and logged where it is left out, ten of an answer: for a client of %s, %d times',
    async (client, times, lines, passed) => {
      const answered = start + text('Hello') + broken.repeat(times) + textEnd;
      const upstream = createReplayFetch(replyWith(answered));
      const logged: unknown[][] = [];
      const lab = createTestGateway({
        config: { providers: { lab: config }, routing: { default_provider: 'lab' } },
        fetch: upstream.fetch,
        host: { log: (...line) => logged.push(line) },
      });
      const { path, body } = clientRequest(client, { stream: true });
      const response = await lab.post(path, body);
      const answer = await response.text();
      expect(answer).toContain('Hello');
      expect(answer).toContain(passed);
      expect(await lab.row(0)).toMatchObject({ status: 'success', malformedEvents: times });
      const warnings = logged.filter(([, message]) => message === 'an event of the provider cannot be read');
      const about = { request_id: response.headers.get('x-sluice-request-id'), provider: 'lab' };
      expect(warnings).toEqual(
        Array.from({ length: lines }, () => ['warn', expect.any(String), expect.objectContaining(about)]),
      );
    },
  );
});

test.each(SPOKEN_DIALECTS)(
  'an ending of Messages before any answer is none, for a client of %s',
  async (client) => {
    for (const stream of [true, false]) {
      const reply = streamed('anthropic-messages', 'event: message_stop\ndata: {"type":"message_stop"}\n\n');
      const { status, row } = await exchange('anthropic-messages', client, stream, reply);
      expect(status).toBe(502);
      expect(row).toMatchObject({ status: 'error', errorCode: 'upstream_malformed' });
    }
  },
);

test.each(SPOKEN_DIALECTS)(
  'an ending of Chat before any answer is none, for a client of %s',
  async (client) => {
    const reply = streamed('openai-chat', 'data: [DONE]\n\n');
    const { status, row } = await exchange('openai-chat', client, true, reply);
    expect(row.status).not.toBe('success');
    expect(status).toBeGreaterThanOrEqual(500);
  },
);

describe.each<[Wire, string, string, DialectId, string]>([
  ['anthropic-messages', 'end_turn', 'tool_use', 'openai-chat', '"finish_reason":"stop"'],
  ['openai-chat', '"stop"', '"tool_calls"', 'anthropic-messages', '"stop_reason":"end_turn"'],
])('%s: an answer that waits for calls, but has none', (wire, ended, waits, client, expected) => {
  const { start, text, textEnd, whole } = PROVIDER_WIRES[wire];

  test.each([
    ['whole', (words: string) => JSON.stringify(whole(words))],
    ['streamed', (words: string) => start + text(words) + textEnd],
  ])('is the end of the turn, %s', async (how, said) => {
    const answer = said('Hello').replaceAll(ended, waits);
    expect(answer).toContain(waits);
    const json = { headers: { 'content-type': 'application/json' } };
    const reply = how === 'whole' ? replyWith(answer, json) : streamed(wire, answer);
    const got = await exchange(wire, client, how === 'streamed', reply);
    expect(got.text).toContain('Hello');
    expect(got.text).toContain(expected);
    expect(got.row).toMatchObject({ status: 'success' });
  });
});
