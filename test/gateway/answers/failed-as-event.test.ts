// A failure whose body is an event, as from servers that were asked for a stream: its message, kind and hint are read like those
// of a JSON body (GUARANTEES 1).
import { describe, expect, test } from 'bun:test';
import { DIALECT_IDS, type DialectId } from '../../../src/model/dialect-id.ts';
import { clientRequest } from '../../support/client-requests.ts';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const WIRES = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini', 'ollama-chat'] as const;

async function exchange(wire: (typeof WIRES)[number], client: DialectId, status: number, body: string) {
  const lab = { ...PROVIDER_WIRES[wire].config, max_retries: 0 };
  const { post, row } = createTestGateway({
    config: { providers: { lab }, routing: { default_provider: 'lab' } },
    fetch: createReplayFetch(replyWith(body, { status })).fetch,
  });
  const { path, body: asked } = clientRequest(client, { stream: true });
  const response = await post(path, asked);
  return { response, text: await response.text(), row: await row(0) };
}

const TELLING = JSON.stringify({ error: { type: 'invalid_request_error', message: 'prompt is too long' } });
const WAITING = JSON.stringify({
  error: { message: 'the words', details: [{ '@type': 'x/google.rpc.RetryInfo', retryDelay: '7s' }] },
});

describe.each(WIRES)('%s', (wire) => {
  test.each([
    ['with a name', `event: error\ndata: ${TELLING}\n\n`],
    ['as DashScope does', `id:1\nevent:error\n:HTTP_STATUS/400\ndata:${TELLING}`],
    ['behind another', `: hello\r\n\r\ndata: ping\r\n\r\ndata: ${TELLING}\r\n\r\n`],
  ])('%s', async (_, body) => {
    for (const client of DIALECT_IDS) {
      const { response, text, row } = await exchange(wire, client, 400, body);
      expect(response.status).toBe(400);
      const message = expect.stringMatching(/prompt is too long$/);
      const expectedError = client === 'ollama-chat' ? message : { message };
      expect(JSON.parse(text)).toMatchObject({ error: expectedError });
      const isKnown = wire !== 'gemini';
      expect(row.errorCode).toBe(isKnown ? 'context_too_long' : 'upstream_rejected');
    }
  });

  test('when to ask again', async () => {
    const { response } = await exchange(wire, 'anthropic-messages', 429, `data: ${WAITING}\n\n`);
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7']);
  });

  test('one without sense is reported as it is', async () => {
    const { row } = await exchange(wire, 'anthropic-messages', 400, 'data: no sense\n\n');
    expect(row.errorMessage).toContain('data: no sense');
  });
});
