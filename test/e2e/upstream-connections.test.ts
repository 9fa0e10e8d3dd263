// Connections to providers in a real gateway: kept, shown and limited as the configuration says.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createServer } from 'node:net';
import { labConfig } from '../support/lab-config.ts';
import { wholeMessage } from '../support/message-stream.ts';
import { parsePrometheus } from '../support/prometheus.ts';
import { type ReplayUpstream, startReplayUpstream } from '../support/replay-upstream.ts';
import { jsonReply } from '../support/reply.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';

const ASK = { max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };

let upstream: ReplayUpstream;
beforeAll(async () => {
  upstream = await startReplayUpstream(jsonReply(wholeMessage('whole')));
});
afterAll(() => upstream.stop());

async function ask({ url }: SluiceProcess, model = 'claude/m'): Promise<void> {
  const response = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ ...ASK, model }),
    keepalive: false,
  });
  await response.text();
  expect(response.status).toBe(200);
}

async function poolOf({ url }: SluiceProcess) {
  const { value } = parsePrometheus(await (await fetch(`${url}/metrics`)).text());
  const origin = upstream.url;
  return {
    active: value('sluice_upstream_connections', { origin, state: 'active' }),
    idle: value('sluice_upstream_connections', { origin, state: 'idle' }),
    opened: value('sluice_upstream_connections_opened_total', { origin }),
    reused: value('sluice_upstream_connections_reused_total', { origin }),
  };
}

/** The lines of the heads that it gets, on ::1; all are answered. */
async function listenOnIpv6() {
  const lines: string[] = [];
  const body = JSON.stringify(wholeMessage('six'));
  const server = createServer((socket) => {
    socket.on('data', (bytes) => {
      lines.push(...(bytes.toString('latin1').split('\r\n\r\n')[0]?.split('\r\n') ?? []));
      socket.end(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '::1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return { lines, port, [Symbol.asyncDispose]: async () => void server.close() };
}

test('addresses of odd shapes are asked for as URLs are written', async () => {
  await using server = await listenOnIpv6();
  const provider = (dialect: 'anthropic-messages' | 'gemini', base_url: string) => ({
    dialect,
    base_url,
    api_key: 'lab-key',
    max_retries: 0,
  });
  await using sluice = await startSluice({
    config: {
      providers: {
        six: provider('anthropic-messages', `http://[0:0::1]:${server.port}/büro/"x"/`),
        named: provider('gemini', `HTTP://LocalHost:${server.port}`),
      },
    },
  });
  await ask(sluice, 'six/m');
  expect(server.lines).toContain('POST /b%C3%BCro/%22x%22/v1/messages HTTP/1.1');
  expect(server.lines).toContain(`host: [::1]:${server.port}`);
  server.lines.length = 0;
  const response = await fetch(`${sluice.url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...ASK, model: 'named/a naïve model\r\nx-evil: 1?#/b' }),
  });
  // It is no answer of that dialect; that it came is what matters here.
  expect(response.status).toBe(502);
  expect(server.lines[0]).toBe(
    'POST /v1beta/models/a%20na%C3%AFve%20model%0D%0Ax-evil%3A%201%3F%23%2Fb:generateContent HTTP/1.1',
  );
  expect(server.lines).toContain(`host: localhost:${server.port}`);
});

test('a proxy of the environment is asked in place of the provider, and is believed to know how to connect', async () => {
  const asked: string[] = [];
  await using proxy = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      asked.push(`${request.method} ${request.url} ${request.headers.get('x-api-key')}`);
      return Response.json(wholeMessage(`for ${new URL(request.url).host}`));
    },
  });
  const { claude: near } = labConfig(upstream.url).providers ?? {};
  const { providers } = labConfig('http://far.invalid');
  await using sluice = await startSluice({
    config: { providers: { ...providers, ...(near && { near }) } },
    environment: { HTTP_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: '127.0.0.1' },
  });
  await ask(sluice);
  await ask(sluice, 'near/m');
  expect(asked).toEqual(['POST http://far.invalid/v1/messages lab-key']);
  const metrics = await (await fetch(`${sluice.url}/metrics`)).text();
  expect(metrics).toContain('sluice_upstream_connections{origin="http://far.invalid",state="idle"} 1');
});

describe('connections to a provider', () => {
  test('are shown: for Prometheus by server, and at each provider that has them', async () => {
    await using sluice = await startSluice({ config: labConfig(upstream.url) });
    expect(await poolOf(sluice)).toEqual({
      active: undefined,
      idle: undefined,
      opened: undefined,
      reused: undefined,
    });
    for (let count = 0; count < 3; count++) await ask(sluice);
    expect(await poolOf(sluice)).toEqual({ active: 0, idle: 1, opened: 1, reused: 2 });
    const { providers } = await sluice.get<{ providers: { name: string; connections?: object }[] }>(
      '/gateway/providers',
    );
    expect(providers.map(({ name, connections }) => [name, connections])).toEqual([
      ['claude', { active: 0, idle: 1 }],
      ['gpt', { active: 0, idle: 1 }],
      ['simulator', undefined],
    ]);
  });

  test('are no longer kept once the configuration says so', async () => {
    await using sluice = await startSluice({ config: labConfig(upstream.url) });
    await ask(sluice);
    sluice.writeConfig(labConfig(upstream.url, {}, { connections: { keep_alive: '0s' } }));
    await sluice.wrote(/the changed configuration is in use/);
    for (let count = 0; count < 3; count++) await ask(sluice);
    // The first of them still found one.
    expect(await poolOf(sluice)).toEqual({ active: 0, idle: 0, opened: 3, reused: 1 });
  });

  test.skipIf(process.platform !== 'linux')('are added up over workers', async () => {
    await using sluice = await startSluice({ config: labConfig(upstream.url), workers: 2 });
    for (let count = 0; count < 12; count++) await ask(sluice);
    const pool = await poolOf(sluice);
    expect((pool.opened ?? 0) + (pool.reused ?? 0)).toBe(12);
    expect(pool.idle).toBe(pool.opened);
    sluice.writeConfig(labConfig(upstream.url, {}, { connections: { max_idle: 0 } }));
    await sluice.wrote(/the changed configuration is in use/);
    for (let count = 0; count < 30; count++) await ask(sluice);
    expect(await poolOf(sluice)).toMatchObject({ active: 0, idle: 0 });
  });
});
