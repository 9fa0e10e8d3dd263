// An account that is empty (402) is no fault of the request: the next target is asked, and the key set aside as exhausted,
// whatever dialect its server speaks (GUARANTEES 3, 4).
import { expect, test } from 'bun:test';
import { clientRequest } from '../../support/client-requests.ts';
import { wholeChat } from '../../support/message-stream.ts';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const WIRES = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini', 'ollama-chat'] as const;
const BODIES = [{ error: { message: 'Insufficient Balance' } }, { error: 'Insufficient Balance' }, {}];

function setup(wire: (typeof WIRES)[number], body: object, chain: string[]) {
  const two = { ...PROVIDER_WIRES['openai-chat'].config, base_url: 'http://two.test/v1' };
  const upstream = createReplayFetch(({ headers }) =>
    headers.get('host') === 'two.test' ? jsonReply(wholeChat('from two')) : jsonReply(body, { status: 402 }),
  );
  return createTestGateway({
    config: {
      providers: { one: PROVIDER_WIRES[wire].config, two },
      routing: { default_provider: 'one', fallback_chain: chain },
    },
    fetch: (url, init) => {
      const headers = new Headers(init.headers);
      headers.set('host', new URL(url).host);
      return upstream.fetch(url, { ...init, headers });
    },
  });
}

for (const wire of WIRES) {
  test.each(BODIES)(`${wire}: the next target is asked: %j`, async (body) => {
    const { gateway, post, row } = setup(wire, body, ['two/m']);
    const asked = clientRequest('anthropic-messages', { stream: false });
    const response = await post(asked.path, asked.body);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('from two');
    expect((await row(0)).attempts).toMatchObject([
      { error: 'upstream_unauthorized', status: 402 },
      { error: null },
    ]);
    const health = await gateway.fetch(new Request('http://127.0.0.1:8088/gateway/providers'));
    const { providers } = (await health.json()) as { providers: { keys: { state: string }[] }[] };
    const state = wire === 'ollama-chat' ? undefined : 'exhausted';
    expect(providers[0]?.keys[0]?.state).toBe(state);
  });

  test.each(BODIES)(`${wire}: where no other is left, the client gets the error: %j`, async (body) => {
    const { post } = setup(wire, body, []);
    for (const client of ['anthropic-messages', 'openai-chat', 'gemini'] as const) {
      const asked = clientRequest(client, { stream: true });
      expect((await post(asked.path, asked.body)).status).toBe(402);
    }
  });
}
