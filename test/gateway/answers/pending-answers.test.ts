// A Responses provider may answer that it has only begun (`background`): whoever did not ask for that in its own dialect is
// told so, and nobody takes it for an answer of nothing (GUARANTEES 3, 16).
import { describe, expect, test } from 'bun:test';
import { DIALECT_IDS, type DialectId } from '../../../src/model/dialect-id.ts';
import { clientRequest } from '../../support/client-requests.ts';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const WIRE = PROVIDER_WIRES['openai-responses'];
const begun = (status: string) => ({ ...WIRE.whole(''), status, output: [], usage: null, background: true });

async function exchange(client: DialectId, stream: boolean, body: object, type = 'application/json') {
  const reply = replyWith(JSON.stringify(body), { headers: { 'content-type': type } });
  const { post, row } = createTestGateway({
    config: { providers: { lab: { ...WIRE.config, max_retries: 3 } }, routing: { default_provider: 'lab' } },
    fetch: createReplayFetch(reply).fetch,
  });
  const isOwn = client === 'openai-responses' && !stream;
  const asked = clientRequest(client, { stream, ...(isOwn && { more: { background: true } }) });
  const response = await post(asked.path, asked.body);
  return { status: response.status, text: await response.text(), row: await row(0) };
}

describe.each(['queued', 'in_progress'])('%s', (status) => {
  for (const client of DIALECT_IDS) {
    for (const stream of [false, true]) {
      if (client === 'openai-responses' && !stream) continue;
      test.each(['application/json', 'text/event-stream'])(
        `to ${client}, streamed: ${stream}, as %s`,
        async (type) => {
          const { status: received, text, row } = await exchange(client, stream, begun(status), type);
          expect(received).toBe(502);
          expect(text).toContain(`only begun its answer (${status})`);
          // It says the same again.
          expect(row).toMatchObject({ status: 'error', errorCode: 'upstream_failed', attempts: [{}] });
          expect(row.usageKnown).toBe(false);
        },
      );
    }
  }

  test('to whoever asked for it, as it came', async () => {
    const { status: received, text, row } = await exchange('openai-responses', false, begun(status));
    expect([received, JSON.parse(text)]).toEqual([200, begun(status)]);
    expect(row).toMatchObject({ status: 'success', finishReason: status, usageKnown: false, costUsd: null });
  });
});

test('of a server that never says that it is done, what is counted is whole', async () => {
  const { status, text, row } = await exchange('openai-chat', false, {
    ...WIRE.whole('Hello'),
    status: 'in_progress',
  });
  expect([status, row.status]).toEqual([200, 'success']);
  expect(text).toContain('Hello');
});
