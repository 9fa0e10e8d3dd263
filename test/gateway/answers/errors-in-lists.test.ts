// A list around an error, as Google's servers send it and others pass it on: clients of every dialect get the error's own status
// and kind, as if it stood alone, whatever the HTTP status (GUARANTEES 1, 3).
import { describe, expect, test } from 'bun:test';
import { PROVIDER_SIDES } from '../../../src/dialects/registry.ts';
import type { ErrorCode } from '../../../src/index.ts';
import { DIALECT_IDS, type DialectId, PROVIDER_DIALECT_IDS } from '../../../src/model/dialect-id.ts';
import { clientRequest } from '../../support/client-requests.ts';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

type Wire = keyof typeof PROVIDER_WIRES;

async function exchange(wire: Wire, client: DialectId, stream: boolean, reply: Reply) {
  const upstream = createReplayFetch(reply);
  const lab = { ...PROVIDER_WIRES[wire].config, max_retries: 0 };
  const { post, row } = createTestGateway({
    config: { providers: { lab }, routing: { default_provider: 'lab' } },
    fetch: upstream.fetch,
  });
  const { path, body } = clientRequest(client, { stream });
  const response = await post(path, body);
  return { response, text: await response.text(), row: await row(0) };
}

/** Where the dialect has no kinds, its words say nothing of one either. */
const KINDLESS: ReadonlySet<Wire> = new Set<Wire>(['ollama-chat', 'bedrock-converse', 'bedrock-invoke']);
const LIMIT = {
  code: 429,
  message: 'the quota is used up',
  type: 'rate_limit_error',
  status: 'RESOURCE_EXHAUSTED',
};

describe.each(PROVIDER_DIALECT_IDS.filter((wire) => !KINDLESS.has(wire)))('%s', (wire) => {
  const error = { error: LIMIT };
  const lists: [name: string, value: unknown][] = [
    ['alone', [error]],
    ['behind a part of an answer', [PROVIDER_WIRES[wire].whole('Hel'), error]],
  ];
  for (const client of DIALECT_IDS) {
    for (const stream of [true, false]) {
      test.each(lists)(`to ${client}, streamed ${stream}: HTTP 200 and an error %s`, async (where, value) => {
        const { response, text, row } = await exchange(wire, client, stream, jsonReply(value));
        // There the list is the stream, and its answer has begun.
        const begins = PROVIDER_SIDES[wire].listsEvents === true && stream && where !== 'alone';
        const status = begins ? 200 : 429;
        expect([response.status, row.errorCode], text).toEqual([status, 'upstream_rate_limited']);
        expect(text).toContain('the quota is used up');
        expect(row.errorMessage).toContain('the quota is used up');
      });
    }

    test(`to ${client}: an event that is a list`, async () => {
      const event = `data: ${JSON.stringify([error])}\n\n`;
      const { start, text } = PROVIDER_WIRES[wire];
      const first = await exchange(wire, client, true, replyWith(event));
      expect([first.response.status, first.row.errorCode]).toEqual([429, 'upstream_rate_limited']);
      const later = await exchange(
        wire,
        client,
        true,
        replyWith(`${start + text('Hello') + event}data: [DONE]\n\n`),
      );
      expect(later.row).toMatchObject({ status: 'error', errorCode: 'upstream_rate_limited' });
      expect(later.text).toContain('the quota is used up');
      expect(later.text).not.toContain('[DONE]');
    });
  }
});

describe.each(PROVIDER_DIALECT_IDS)('%s', (wire) => {
  const cases: [status: number, code: ErrorCode][] = [
    [400, 'upstream_rejected'],
    [401, 'upstream_unauthorized'],
    [429, 'upstream_rate_limited'],
    [503, 'upstream_overloaded'],
  ];
  test.each(cases)('HTTP %d and a list: what the error says, not its JSON', async (status, code) => {
    const body = [PROVIDER_WIRES[wire].errorBody(status, 'the reason')];
    const { text, row } = await exchange(wire, 'openai-chat', false, jsonReply(body, { status }));
    expect(row.errorCode).toBe(code);
    expect(row.errorMessage).toMatch(
      /the reason(?: \(the key of .* was refused\)| \(the request was sent without a key: .*\))?$/,
    );
    expect(text).toContain('the reason');
  });
});
