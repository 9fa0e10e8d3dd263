// GET /metrics of a running gateway: what happened, what is so now, and who may read it.
import { describe, expect, test } from 'bun:test';
import { MESSAGE, wholeMessage } from '../../support/message-stream.ts';
import { parsePrometheus } from '../../support/prometheus.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const ASK = { model: 'claude/m', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
const STREAM = MESSAGE.start + MESSAGE.block + MESSAGE.delta('one ') + MESSAGE.end;

function setup(reply: Parameters<typeof createReplayFetch>[0], keys: string[] = []) {
  const limited = { ...LAB_PROVIDERS.claude, concurrency: { max: 7 }, breaker: { failures: 1 } };
  const lab = createTestGateway({
    config: { server: { keys }, providers: { ...LAB_PROVIDERS, claude: limited } },
    fetch: createReplayFetch(reply).fetch,
  });
  const get = (headers: Record<string, string> = {}, method = 'GET') =>
    lab.gateway.fetch(new Request('http://127.0.0.1:8088/metrics', { method, headers }));
  const read = async () => parsePrometheus(await (await get()).text());
  return { ...lab, get, read };
}

describe('/metrics', () => {
  test('counts streams and whole answers alike', async () => {
    const answers = [replyWith(STREAM), jsonReply(wholeMessage('hi'))];
    const lab = setup(() => answers.shift() ?? jsonReply({}, { status: 500 }));
    await (await lab.post('/v1/messages', { ...ASK, stream: true })).text();
    await (await lab.post('/v1/messages', ASK)).text();
    const response = await lab.get();
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const { samples, value, types } = parsePrometheus(await response.text());
    const requests = samples.filter(({ name }) => name === 'sluice_requests_total');
    expect(requests.reduce((sum, sample) => sum + sample.value, 0)).toBe(2);
    expect(requests.every(({ labels }) => labels.provider === 'claude' && labels.status === 'success')).toBe(
      true,
    );
    expect(types.sluice_requests_total).toBe('COUNTER');
    expect(types.sluice_active_streams).toBe('GAUGE');
    expect(value('sluice_active_streams')).toBe(0);
    expect(value('sluice_attempts_total', { provider: 'claude', outcome: 'served' })).toBe(2);
    expect(value('sluice_ledger_dropped_rows_total')).toBe(0);
    expect(value('sluice_ledger_ok')).toBe(1);
    expect(value('sluice_provider_concurrency_limit', { provider: 'claude' })).toBe(7);
    expect(value('sluice_provider_concurrency_limit', { provider: 'gpt' })).toBeUndefined();
    expect(value('sluice_provider_keys', { provider: 'claude', state: 'ready' })).toBe(1);
  });

  test('a provider whose counts are none spoils no sum', async () => {
    const counts = ['1e400', '-5', '1e300', '2'];
    const lab = setup(() =>
      replyWith(
        JSON.stringify(wholeMessage('hi')).replaceAll(/_tokens":\d+/g, `_tokens":${counts.shift()}`),
        {
          headers: { 'content-type': 'application/json' },
        },
      ),
    );
    for (const input of [0, 0, 0, 2]) {
      await (await lab.post('/v1/messages', ASK)).text();
      expect((await lab.row(lab.rows.length)).usage.inputTokens).toBe(input);
    }
    const { value } = await lab.read();
    const labels = { provider: 'claude', model: 'served', type: 'output' };
    expect(value('sluice_tokens_total', labels)).toBe(2);
  });

  test('shows what runs, and the state of the breaker', async () => {
    const gate = Promise.withResolvers<void>();
    const pieces = [MESSAGE.start + MESSAGE.block + MESSAGE.delta('one '), MESSAGE.end];
    const held = {
      ...replyWith(pieces.map((text) => new TextEncoder().encode(text))),
      before: (index: number) => (index === 1 ? gate.promise : undefined),
    };
    const answers = [held, jsonReply({ error: { message: 'broken' } }, { status: 500 })];
    const lab = setup(() => answers.shift() ?? held);
    const reader = (await lab.post('/v1/messages', { ...ASK, stream: true })).body?.getReader();
    await reader?.read();
    const during = await lab.read();
    expect(during.value('sluice_active_streams')).toBe(1);
    expect(during.value('sluice_provider_in_flight', { provider: 'claude' })).toBe(1);
    expect(during.value('sluice_breaker_state', { provider: 'claude', state: 'closed' })).toBe(1);
    gate.resolve();
    while ((await reader?.read())?.done === false);
    await (await lab.post('/v1/messages', ASK)).text();
    const after = await lab.read();
    expect(after.value('sluice_active_requests')).toBe(0);
    expect(after.value('sluice_breaker_state', { provider: 'claude', state: 'open' })).toBe(1);
    expect(after.value('sluice_breaker_state', { provider: 'claude', state: 'closed' })).toBe(0);
    expect(after.value('sluice_provider_healthy', { provider: 'claude' })).toBe(0);
    expect(after.value('sluice_request_errors_total', { code: 'upstream_failed' })).toBe(1);
  });

  test('with server.keys it asks for one, as every page does', async () => {
    const lab = setup(() => jsonReply({}), ['the-key-of-this-gateway']);
    expect((await lab.get()).status).toBe(401);
    expect((await lab.get({ authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await lab.get({ authorization: 'Bearer the-key-of-this-gateway' })).status).toBe(200);
    expect((await lab.get({ origin: 'http://evil.example' })).status).toBe(403);
  });

  test('GET and HEAD alone', async () => {
    const lab = setup(() => jsonReply({}));
    expect((await lab.get({}, 'POST')).status).toBe(405);
    const head = await lab.get({}, 'HEAD');
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  test('counts without a ledger too', async () => {
    const lab = createTestGateway({
      config: { audit: { enabled: false }, providers: LAB_PROVIDERS },
      fetch: createReplayFetch(jsonReply(wholeMessage('hi'))).fetch,
    });
    await (await lab.post('/v1/messages', ASK)).text();
    const response = await lab.gateway.fetch(new Request('http://127.0.0.1:8088/metrics'));
    const { value } = parsePrometheus(await response.text());
    expect(value('sluice_requests_total', { provider: 'claude' })).toBe(1);
    expect(value('sluice_ledger_ok')).toBeUndefined();
  });
});
