// WebSockets that only a provider itself can answer: OpenAI's Realtime and Gemini's Live, through the served gateway.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { createAuthority } from '../support/certificates.ts';
import { SocketClient } from '../support/socket-client.ts';
import { type ProviderEnd, startSocketProvider, type SocketProvider } from '../support/socket-provider.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { eventually } from '../support/time-limit.ts';

interface Row {
  operation: string;
  status: string;
  http_status: number;
  client_dialect: string;
  provider: string;
  model: string;
  requested_model: string | null;
  streamed: boolean;
  input_tokens: number;
  cache_read_tokens: number;
  output_tokens: number;
  cost_usd: number | null;
  error_code: string | null;
  error_message: string | null;
}

const OWN_KEY = 'sk-proj-of-the-gateway-0123456789';
const PATH = '/v1/realtime?model=gpt-realtime';
const DONE = JSON.stringify({
  type: 'response.done',
  response: {
    id: 'r',
    usage: {
      input_tokens: 100,
      output_tokens: 50,
      input_token_details: { text_tokens: 80, audio_tokens: 20, cached_tokens: 64 },
      output_token_details: { text_tokens: 10, audio_tokens: 40 },
    },
  },
});
const PRICE = { input_per_million: 10, cache_read_per_million: 1, output_per_million: 100 };
const LIVE_PATH = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';

/** What the provider does, until a test says otherwise. */
interface Script {
  opened(end: ProviderEnd): void;
  received(end: ProviderEnd, message: string | Buffer): void;
  refuses(): number | undefined;
}

const ECHO: Script = {
  opened() {},
  received: (end, message) => end.send(message),
  refuses: () => undefined,
};

/** Offers subprotocols as no WebSocket client would, and leaves. */
async function shakeHands(port: number, path: string, offered: string) {
  const request = [
    `GET ${path} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    'upgrade: websocket',
    'connection: Upgrade',
    'sec-websocket-version: 13',
    `sec-websocket-key: ${Buffer.alloc(16).toString('base64')}`,
    `sec-websocket-protocol: ${offered}`,
  ];
  const answered = Promise.withResolvers<string>();
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: { data: (_, bytes) => answered.resolve(bytes.toString()) },
  });
  socket.write(`${request.join('\r\n')}\r\n\r\n`);
  const head = await answered.promise;
  socket.end();
  return {
    status: Number(/^HTTP\/1.1 (\d+)/.exec(head)?.[1]),
    protocol: /^sec-websocket-protocol: (.*)\r$/im.exec(head)?.[1],
  };
}

describe('a WebSocket that is forwarded', () => {
  let script = ECHO;
  let provider: SocketProvider;
  let sluice: SluiceProcess;
  /** Each handshake leaves one. */
  let rows = 0;

  const configOf = (url: string) => ({
    server: { drain_timeout: '100ms' },
    providers: {
      openai: { api_key: OWN_KEY, base_url: `${url}/v1`, breaker: { enabled: false } },
      gemini: { api_key: 'AIzaSyOfTheGateway0123456789', base_url: url },
    },
    costs: { pricing_overrides: { 'openai/*': PRICE } },
  });

  beforeAll(async () => {
    provider = startSocketProvider({
      opened: (end) => script.opened(end),
      received: (end, message) => script.received(end, message),
      refuses: () => script.refuses(),
    });
    sluice = await startSluice({ config: configOf(provider.url) });
  });
  afterAll(async () => {
    await sluice[Symbol.asyncDispose]();
    await provider[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    script = ECHO;
  });
  afterEach(async () => {
    await lastRow();
  });

  const lastRow = async (): Promise<Row> => {
    for (;;) {
      const { total, entries } = await sluice.get<{ total: number; entries: [Row] }>(
        '/gateway/audit?limit=1',
      );
      expect(total).toBeLessThanOrEqual(rows);
      if (total === rows) return entries[0];
      await Bun.sleep(10);
    }
  };
  const open = (path = PATH, options: Bun.WebSocketOptions = {}) => {
    rows++;
    return new SocketClient(sluice.url + path, options);
  };
  const providersEnd = async (): Promise<ProviderEnd> => {
    const end = provider.ends.at(-1);
    if (end === undefined) throw new Error('no socket has reached the provider');
    return end;
  };

  test('carries text and bytes both ways, unchanged and in order', async () => {
    using client = open();
    const sent = ['{"a" : 1 }', new Uint8Array([0, 255, 10]), '', 'é€😀', 'x'.repeat(300_000)];
    for (const message of sent) await client.say(message);
    expect(await client.hear(sent.length)).toEqual(sent);
  });

  test('carries what the provider says with its handshake', async () => {
    script = { ...ECHO, opened: (end) => end.send('{"type":"session.created"}') };
    using client = open();
    expect(await client.hear(1)).toEqual(['{"type":"session.created"}']);
  });

  test('reaches the provider with the gateway’s key, the model’s own name and the client’s headers', async () => {
    const path = '/v1/realtime?intent=x&model=openai%2Fgpt-realtime';
    using client = open(path, {
      headers: { authorization: 'Bearer sluice', 'openai-beta': 'realtime=v1', 'x-sluice-agent': 'speaker' },
      protocols: ['realtime'],
    });
    await client.opened;
    expect(client.socket.protocol).toBe('realtime');
    const { path: asked, headers } = (await providersEnd()).handshake;
    expect(asked).toBe('/v1/realtime?model=gpt-realtime&intent=x');
    expect(headers).toMatchObject({
      authorization: `Bearer ${OWN_KEY}`,
      'openai-beta': 'realtime=v1',
      'sec-websocket-protocol': 'realtime',
    });
    expect(Object.keys(headers).filter((name) => name.startsWith('x-sluice'))).toEqual([]);
  });

  test('passes on the key that a browser puts into a subprotocol, only as a key', async () => {
    using client = open(PATH, { protocols: ['realtime', 'openai-insecure-api-key.sk-of-the-client-123456'] });
    await client.opened;
    expect(client.socket.protocol).toBe('realtime');
    expect((await providersEnd()).handshake.headers).toMatchObject({
      authorization: 'Bearer sk-of-the-client-123456',
      'sec-websocket-protocol': 'realtime',
    });
    client.socket.close();
    await lastRow();
    expect(sluice.output()).not.toContain('sk-of-the-client');
  });

  test.each([
    ['twice', 'realtime, realtime', 'realtime'],
    ['with what is no name', 'realtime, a/b', undefined],
  ])('is not the provider’s failure where the client offers a subprotocol %s', async (_, offered, chosen) => {
    rows++;
    const { status, protocol } = await shakeHands(sluice.port, PATH, offered);
    expect(protocol).toBe(chosen);
    expect(status).toBe(chosen === undefined ? 400 : 101);
    const row = await lastRow();
    expect(row.error_code).toBe(chosen === undefined ? 'invalid_request' : null);
  });

  test('is one row, with the sum of what its answers are billed by', async () => {
    using client = open();
    await client.say(DONE);
    await client.say(DONE);
    await client.hear(2);
    expect(await sluice.get('/gateway/streams')).toMatchObject({
      streams: [{ provider: 'openai', model: 'gpt-realtime' }],
    });
    client.socket.close(1000, 'thanks');
    expect(await (await providersEnd()).closed).toEqual({ code: 1000, reason: 'thanks' });
    const row = await lastRow();
    expect(row).toMatchObject({
      operation: 'infer',
      status: 'success',
      http_status: 101,
      client_dialect: 'openai-chat',
      provider: 'openai',
      model: 'gpt-realtime',
      requested_model: 'gpt-realtime',
      streamed: true,
      input_tokens: 72,
      cache_read_tokens: 128,
      output_tokens: 100,
    });
    expect(row.cost_usd).toBeCloseTo((72 * 10 + 128 * 1 + 100 * 100) / 1e6, 10);
    expect(await sluice.get('/gateway/streams')).toEqual({ streams: [] });
  });

  test('of a client that vanishes closes the provider’s, and the row says aborted', async () => {
    using client = open();
    await client.opened;
    client.socket.terminate();
    await (await providersEnd()).closed;
    expect(await lastRow()).toMatchObject({ status: 'aborted' });
  });

  test.each([
    [1000, 'bye', 'success', null],
    [1001, '', 'success', null],
    [1008, 'models/x is not found', 'error', 'upstream_rejected'],
    [1011, 'quota', 'error', 'upstream_failed'],
    [4000, 'invalid_request_error.model_not_found', 'error', 'upstream_rejected'],
  ])('that the provider closes with %d is closed with it', async (code, reason, status, error_code) => {
    script = { ...ECHO, received: (end) => end.close(code, reason) };
    using client = open();
    await client.say('x');
    expect(await client.closed).toEqual({ code, reason });
    const row = await lastRow();
    expect(row).toMatchObject({ status, error_code });
    if (status === 'error') expect(row.error_message).toContain(`${code}: ${reason}`);
  });

  test('that the provider breaks off is an error for the client, and truncated in the row', async () => {
    script = { ...ECHO, received: (end) => end.vanish() };
    using client = open();
    await client.say('x');
    expect(await client.closed).toEqual({ code: 1011, reason: 'openai broke the connection off' });
    expect(await lastRow()).toMatchObject({ status: 'truncated', error_code: 'upstream_truncated' });
  });

  test('is refused with the provider’s status, which is in the row', async () => {
    script = { ...ECHO, refuses: () => 401 };
    using client = open();
    await expect(client.opened).rejects.toThrow('401');
    expect(await lastRow()).toMatchObject({
      status: 'error',
      http_status: 401,
      error_message:
        'openai answered the handshake for a WebSocket with 401 (the key of providers.openai was refused)',
    });
  });

  test('is refused where the provider redirects it, with what to do', async () => {
    script = { ...ECHO, refuses: () => 307 };
    using client = open();
    await expect(client.opened).rejects.toThrow('502');
    expect((await lastRow()).error_message).toMatch(/redirect \(307\), which is not followed; set base_url/);
  });

  test('holds a provider back whose client does not read', async () => {
    const message = 'x'.repeat(64 * 1024);
    const ROOM = 8 * 1024 * 1024;
    let sent = 0;
    script = {
      ...ECHO,
      received(end) {
        while (end.unsent() < ROOM && sent < 4_000) {
          end.send(message);
          sent++;
        }
      },
    };
    using client = open();
    await client.opened;
    client.socket.pause();
    await client.say('begin');
    const end = await providersEnd();
    // It goes on sending while the gateway takes what it sends.
    let stalled = 0;
    while (stalled < 5) {
      const before = sent;
      script.received(end, '');
      await Bun.sleep(50);
      stalled = end.unsent() > 0 && before === sent ? stalled + 1 : 0;
    }
    expect(sent).toBeLessThan(1_000);
    const before = sent;
    client.socket.resume();
    await client.hear(before);
    expect(client.messages.slice(0, before).every((data) => data === message)).toBe(true);
  });

  test('is shown to be in use by the provider’s pings', async () => {
    using client = open();
    await client.opened;
    const pinged = new Promise<void>((resolve) => client.socket.addEventListener('ping', () => resolve()));
    (await providersEnd()).ping();
    await pinged;
  });

  test('is ended by the operator', async () => {
    using client = open();
    await client.opened;
    const { streams } = await sluice.get<{ streams: { request_id: string }[] }>('/gateway/streams');
    await fetch(`${sluice.url}/gateway/streams/${streams[0]?.request_id}`, { method: 'DELETE' });
    expect(await client.closed).toMatchObject({ code: 1008 });
    await (await providersEnd()).closed;
    expect(await lastRow()).toMatchObject({ status: 'aborted', error_code: 'cancelled' });
  });

  test('is refused without a provider that has it, and a plain request says what it is', async () => {
    const headers = { 'x-sluice-target': 'gemini/x' };
    using client = open(PATH, { headers });
    await expect(client.opened).rejects.toThrow('400');
    expect(await lastRow()).toMatchObject({ status: 'error', error_code: 'unsupported_feature' });
    const plain = await fetch(sluice.url + PATH);
    expect([plain.status, plain.headers.get('upgrade')]).toEqual([426, 'websocket']);
    expect(await plain.text()).toContain('/v1/realtime: it is a WebSocket; open it as one');
    rows++;
    const secrets = await fetch(`${sluice.url}/v1/realtime/client_secrets`, { method: 'POST', body: '{}' });
    expect(secrets.status).toBe(403);
    expect(await secrets.text()).toContain('open a WebSocket at /v1/realtime');
    expect(await lastRow()).toMatchObject({ status: 'error', error_code: 'forbidden' });
    await using without = await startSluice({ config: { providers: { gemini: { api_key: 'k' } } } });
    using refused = new SocketClient(without.url + PATH);
    await expect(refused.opened).rejects.toThrow('404');
  });

  test('of Google’s SDK is a Live conversation', async () => {
    script = {
      ...ECHO,
      received(end, message) {
        const { setup, clientContent } = JSON.parse(String(message)) as Record<string, unknown>;
        const answer = (data: object) => end.send(Buffer.from(JSON.stringify(data)));
        if (setup !== undefined) answer({ setupComplete: {} });
        if (clientContent === undefined) return;
        answer({ serverContent: { modelTurn: { parts: [{ text: 'Hello' }] } } });
        answer({
          serverContent: { turnComplete: true },
          usageMetadata: { promptTokenCount: 12, responseTokenCount: 5, totalTokenCount: 17 },
        });
      },
    };
    const heard: unknown[] = [];
    const turn = Promise.withResolvers<void>();
    const client = new GoogleGenAI({ apiKey: 'sluice', httpOptions: { baseUrl: sluice.url } });
    rows++;
    const session = await client.live.connect({
      model: 'gemini-live',
      callbacks: {
        onmessage(message) {
          heard.push(message.serverContent?.modelTurn?.parts?.[0]?.text);
          if (message.serverContent?.turnComplete === true) turn.resolve();
        },
      },
    });
    session.sendClientContent({ turns: 'Hi' });
    await turn.promise;
    session.close();
    expect(heard).toContain('Hello');
    const { path, headers } = (await providersEnd()).handshake;
    expect(path).toBe(LIVE_PATH.replace('v1beta', path.includes('v1beta') ? 'v1beta' : 'v1'));
    expect(headers['x-goog-api-key']).toBe('AIzaSyOfTheGateway0123456789');
    expect(await lastRow()).toMatchObject({
      client_dialect: 'gemini',
      status: 'success',
      provider: 'gemini',
      model: 'gemini-live',
      input_tokens: 12,
      output_tokens: 5,
    });
  });

  test('of OpenAI’s SDK is a Realtime conversation, over TLS', async () => {
    const authority = createAuthority('Test authority');
    const { certificate, key } = authority.issue({ names: ['localhost', '127.0.0.1'] });
    const home = sluice.home;
    await Bun.write(`${home}/cert.pem`, certificate);
    await Bun.write(`${home}/key.pem`, key);
    const tls = { cert: `${home}/cert.pem`, key: `${home}/key.pem` };
    const config = configOf(provider.url);
    await using secure = await startSluice({ config: { ...config, server: { ...config.server, tls } } });
    script = {
      ...ECHO,
      opened: (end) => end.send('{"type":"session.created","session":{"model":"gpt-realtime"}}'),
      received(end) {
        end.send('{"type":"response.output_text.delta","delta":"Hello"}');
        end.send(DONE);
      },
    };
    const client = new OpenAI({ apiKey: 'sluice', baseURL: `https://127.0.0.1:${secure.port}/v1` });
    const socket = new OpenAIRealtimeWS(
      { model: 'openai/gpt-realtime', options: { ca: authority.certificate } },
      client,
    );
    const failed = new Promise<never>((_, reject) => socket.on('error', reject));
    const done = new Promise<string>((resolve) => {
      let text = '';
      socket.on('session.created', () => socket.send({ type: 'response.create' }));
      socket.on('response.output_text.delta', ({ delta }) => {
        text += delta;
      });
      socket.on('response.done', () => resolve(text));
    });
    expect(await Promise.race([done, failed])).toBe('Hello');
    socket.close();
  });

  test('is refused where a budget is used up', async () => {
    const config = configOf(provider.url);
    const budgets = [{ limit_usd: 0.001, per: 'day' as const }];
    await using poor = await startSluice({ config: { ...config, costs: { ...config.costs, budgets } } });
    using first = new SocketClient(poor.url + PATH);
    await first.say(DONE);
    await first.hear(1);
    first.socket.close();
    await eventually(async () => (await poor.get<{ total: number }>('/gateway/audit?limit=1')).total > 0);
    using second = new SocketClient(poor.url + PATH);
    await expect(second.opened).rejects.toThrow('429');
  });

  test('is closed when the time for running answers at a shutdown is over', async () => {
    await using draining = await startSluice({ config: configOf(provider.url) });
    using client = new SocketClient(draining.url + PATH);
    await client.opened;
    draining.signal('SIGTERM');
    const { code, reason } = await client.closed;
    expect(code).toBe(1001);
    expect(reason).toContain('shut down');
    expect(await draining.exited).toBe(0);
  });
});
