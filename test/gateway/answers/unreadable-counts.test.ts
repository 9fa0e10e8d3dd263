// What a whole answer counted was billed, whether the rest of it can be read or not: the row keeps its counts and its model.
// Where an answer counts nothing, its tokens are unknown and not zero (GUARANTEES 7, 16, 19).
import { describe, expect, test } from 'bun:test';
import { DIALECT_IDS, type DialectId } from '../../../src/model/dialect-id.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { clientRequest } from '../../support/client-requests.ts';
import { PROVIDER_WIRES, WIRE_IDS } from '../../support/provider-wires.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

type Wire = (typeof WIRE_IDS)[number];

async function exchange(wire: Wire, client: DialectId, stream: boolean, reply: Reply) {
  const lab = { ...PROVIDER_WIRES[wire].config, max_retries: 0 };
  const { post, row } = createTestGateway({
    config: { providers: { lab }, routing: { default_provider: 'lab' } },
    fetch: createReplayFetch(reply).fetch,
  });
  const { path, body } = clientRequest(client, { stream });
  const response = await post(path, body);
  return { status: response.status, text: await response.text(), row: await row(0) };
}

const json = (text: string) => replyWith(text, { headers: { 'content-type': 'application/json' } });

/** Nothing that could be an answer is left of it, but for its counts and its model. */
const withoutAnswer = (wire: Wire) =>
  JSON.stringify(PROVIDER_WIRES[wire].whole('Hello')).replaceAll(
    /"(content|choices|output|candidates|message)":/g,
    '"lost_$1":',
  );

const COUNTS = { inputTokens: 7, outputTokens: 3 };
/** It does not say which model. */
const NAMELESS: ReadonlySet<Wire> = new Set<Wire>(['bedrock-converse']);

describe.each(WIRE_IDS)('%s', (wire) => {
  for (const client of DIALECT_IDS) {
    test.each([false, true])(`to ${client}: an answer that cannot be read; streamed: %p`, async (stream) => {
      const { status, row } = await exchange(wire, client, stream, json(withoutAnswer(wire)));
      expect([status, row.status, row.errorCode]).toEqual([502, 'error', 'upstream_malformed']);
      expect([row.usageKnown, row.usage]).toEqual([true, expect.objectContaining(COUNTS)]);
      expect(row.attempts).toMatchObject([{ error: 'upstream_malformed', usage: COUNTS }]);
      if (!NAMELESS.has(wire)) expect(row.model).toBe('served');
    });
  }
});

test('a call that no client can answer was paid for', async () => {
  const { whole } = PROVIDER_WIRES['openai-responses'];
  const output = [{ type: 'function_call', call_id: 'c', name: 'lookup', arguments: 'no JSON' }];
  const reply = json(JSON.stringify({ ...whole(''), output }));
  const { row } = await exchange('openai-responses', 'anthropic-messages', false, reply);
  expect(row).toMatchObject({ errorCode: 'upstream_malformed', usage: COUNTS });
});

test('a failure that reports counts was paid for', async () => {
  const error = { code: 'server_error', message: 'the engine died' };
  const body = { ...PROVIDER_WIRES['openai-responses'].whole('Hello'), status: 'failed', error };
  for (const type of ['application/json', 'text/event-stream']) {
    const reply = replyWith(JSON.stringify(body), { headers: { 'content-type': type } });
    const { row } = await exchange('openai-responses', 'openai-chat', true, reply);
    expect(row).toMatchObject({ errorCode: 'upstream_failed', usage: COUNTS });
  }
});

test('a call that the model could not write was paid for', async () => {
  const [candidate] = PROVIDER_WIRES.gemini.whole('').candidates as JsonObject[];
  const candidates = [{ ...candidate, content: {}, finishReason: 'MALFORMED_FUNCTION_CALL' }];
  const reply = json(JSON.stringify({ ...PROVIDER_WIRES.gemini.whole(''), candidates }));
  const { row } = await exchange('gemini', 'gemini', false, reply);
  expect(row).toMatchObject({ errorCode: 'upstream_malformed', usage: COUNTS });
});

describe.each(WIRE_IDS.filter((wire) => wire !== 'ollama-chat'))('%s', (wire) => {
  test.each(DIALECT_IDS)('to %s: an answer that counts nothing', async (client) => {
    const text = JSON.stringify(PROVIDER_WIRES[wire].whole('Hello')).replaceAll(
      /"usage(Metadata)?":/g,
      '"x":',
    );
    const { status, row } = await exchange(wire, client, false, json(text));
    expect([status, row.status]).toEqual([200, 'success']);
    expect([row.usageKnown, row.costUsd]).toEqual([false, null]);
  });
});
