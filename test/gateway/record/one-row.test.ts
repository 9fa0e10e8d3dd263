// Every request has exactly one row, however it ended, priced by the model that served (GUARANTEES 16, 19).
import { describe, expect, test } from 'bun:test';
import { clientRequest } from '../../support/client-requests.ts';
import { MESSAGE, wholeMessage } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const STREAM = MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hello') + MESSAGE.end;
const price = (usd: number) => ({ input_per_million: usd, output_per_million: usd });

function setup(reply: Reply) {
  return createTestGateway({
    config: {
      providers: { lab: LAB_PROVIDERS.claude },
      routing: { default_provider: 'lab' },
      costs: { pricing_overrides: { 'lab/served': price(1), 'lab/asked': price(100) } },
    },
    fetch: createReplayFetch(reply).fetch,
  });
}

const ENDINGS = {
  success: () => replyWith(STREAM),
  truncated: () => replyWith(STREAM.slice(0, -200)),
  error: () =>
    replyWith(MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hello') + MESSAGE.error('api_error', 'no')),
  aborted: () => replyWith(STREAM, { fault: { kind: 'hang', after: STREAM.length - 200 } }),
};
const CASES = Object.entries(ENDINGS);

describe.each(['anthropic-messages', 'openai-chat'] as const)('a client of %s', (client) => {
  test.each(CASES)('%s', async (status, reply) => {
    const lab = setup(reply());
    const { path, body } = clientRequest(client, { stream: true });
    const leaving = new AbortController();
    const response = await lab.post(path, body, { signal: leaving.signal });
    if (status === 'aborted') {
      await response.body?.cancel();
      leaving.abort();
    } else await response.text();
    await lab.row(0);
    await lab.gateway.close();
    expect(lab.rows.map((row): string => row.status)).toEqual([status]);
  });

  test.each([true, false])('what the model that served costs, streamed: %p', async (stream) => {
    const lab = setup(stream ? replyWith(STREAM) : jsonReply(wholeMessage('Hello')));
    const { path, body } = clientRequest(client, { stream, model: 'asked' });
    const response = await lab.post(path, body);
    expect(response.headers.get('x-sluice-model')).toBe('served');
    await response.text();
    expect(await lab.row(0)).toMatchObject({ model: 'served', requestedModel: 'asked', costUsd: 10 / 1e6 });
  });
});

test.each(['anthropic-messages', 'openai-chat'] as const)(
  'the model that went on where one had declined is the one that served: %s',
  async (client) => {
    const content_block = { type: 'fallback', from: { model: 'asked' }, to: { model: 'served' } };
    const seam = [
      { type: 'content_block_start', index: 1, content_block },
      { type: 'content_block_stop', index: 1 },
    ].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    const begun = MESSAGE.start.replace('"served"', '"asked"');
    const sent =
      begun + MESSAGE.block + MESSAGE.delta('Hel') + seam.join('') + MESSAGE.delta('lo') + MESSAGE.end;
    const lab = setup(replyWith(sent));
    const { path, body } = clientRequest(client, { stream: true, model: 'asked' });
    const told = await (await lab.post(path, body)).text();
    if (client === 'anthropic-messages') expect(told).toBe(sent);
    else expect(told.split('"role"')).toHaveLength(2);
    expect(await lab.row(0)).toMatchObject({ model: 'served', requestedModel: 'asked', costUsd: 10 / 1e6 });
  },
);

test('a stream that a fault of the gateway’s own ends has failed: its client did not leave', async () => {
  const bytes = new TextEncoder().encode(MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hello'));
  const body = new ReadableStream<unknown>({
    start(controller) {
      controller.enqueue(bytes);
      // What no transport sends, and no code expects.
      controller.enqueue(null);
    },
  }) as ReadableStream<Uint8Array>;
  const lab = createTestGateway({
    config: { providers: { lab: LAB_PROVIDERS.claude } },
    fetch: async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
  });
  const request = clientRequest('openai-chat', { stream: true, model: 'lab/m' });
  expect(await (await lab.post(request.path, request.body)).text()).toContain('internal');
  expect(await lab.row(0)).toMatchObject({ status: 'error', errorCode: 'internal' });
});

test('a client that left before anyone was asked: a row without an attempt', async () => {
  const lab = setup(replyWith(STREAM));
  const { path, body } = clientRequest('anthropic-messages', { stream: true });
  await lab.post(path, body, { signal: AbortSignal.abort() });
  expect(await lab.row(0)).toMatchObject({ status: 'aborted', provider: null, attempts: [] });
});

test('a request that cannot be put to any target is a row of none', async () => {
  const lab = setup(replyWith(STREAM));
  const { path, body } = clientRequest('openai-chat', { stream: true, more: { messages: 'none' } });
  expect((await lab.post(path, body)).status).toBe(400);
  expect(await lab.row(0)).toMatchObject({ status: 'error', provider: null, attempts: [] });
});

describe('the library', () => {
  test('left before anyone was asked: a row without an attempt', async () => {
    const lab = setup(replyWith(STREAM));
    const messages = [{ role: 'user' as const, parts: [{ type: 'text' as const, text: 'hi' }] }];
    const stream = lab.gateway.stream({ model: 'asked', messages }, { signal: AbortSignal.abort() });
    await Array.fromAsync(stream).catch(() => {});
    expect(await lab.row(0)).toMatchObject({ status: 'aborted', provider: null, attempts: [] });
  });

  test.each(CASES)('%s', async (status, reply) => {
    const lab = setup(reply());
    const messages = [{ role: 'user' as const, parts: [{ type: 'text' as const, text: 'hi' }] }];
    const failures: unknown[] = [];
    try {
      for await (const event of lab.gateway.stream({ model: 'asked', messages }))
        if (event.type === 'text-delta' && status === 'aborted') break;
    } catch (thrown) {
      failures.push(thrown);
    }
    expect(failures).toHaveLength(status === 'success' || status === 'aborted' ? 0 : 1);
    await lab.gateway.close();
    expect(lab.rows.map((row): string => row.status)).toEqual([status]);
  });
});
