// What a forwarded WebSocket costs, by what the provider's messages state; and what of its messages is read.
import { describe, expect, test } from 'bun:test';
import { liveSocket } from '../../../src/dialects/gemini/live.ts';
import { openaiSocket } from '../../../src/dialects/openai/sockets.ts';
import type { ConfigInput } from '../../../src/index.ts';
import type { GatewayHost } from '../../../src/gateway/host.ts';
import type { LiveEvent } from '../../../src/management/shapes.ts';
import type {
  SocketMessageData,
  SocketReader,
  SocketRequest,
} from '../../../src/upstream/socket-transport.ts';
import { atOnce } from '../../support/at-once.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const LIVE = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';

/** A gateway whose providers accept every WebSocket. */
function openLab(server: ConfigInput['server'], unsent = 0, more: Partial<ConfigInput> = {}) {
  let reader: SocketReader | undefined;
  const lab = createTestGateway({
    config: {
      ...more,
      server,
      providers: { openai: { api_key: 'sk-proj-lab' }, gemini: { api_key: 'AIzaSyLab' } },
    },
    fetch: () => Promise.reject(new Error('not part of this test')),
    host: {
      elapsed: () => 0,
      connectSocket: async () => ({
        protocol: '',
        read(given) {
          reader = given;
        },
        pause() {},
        resume() {},
        send() {},
        ping() {},
        unsent: () => unsent,
        close() {},
      }),
    },
  });
  const ask = async (path: string, headers: Record<string, string> = {}) =>
    lab.gateway.openSocket(new Request(`http://127.0.0.1${path}`, { headers }));
  return { lab, ask, provider: () => reader };
}

/** A session whose provider says what a test has its reader hear. */
async function openAt(
  path: string,
  unsent = 0,
  server: ConfigInput['server'] = {},
  more: Partial<ConfigInput> = {},
) {
  const { lab, ask, provider } = openLab(server, unsent, more);
  const shown = lab.gateway.running.watch().getReader();
  const session = await ask(path);
  if (session instanceof Response) throw new Error(`refused: ${await session.text()}`);
  const decoder = new TextDecoder();
  /** What watchers are shown up to this text. */
  const shownUntil = async (text: string) => {
    let seen = '';
    while (!seen.includes(text)) {
      const { value } = await shown.read();
      seen += decoder.decode(value);
    }
    return [...seen.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data) as LiveEvent);
  };
  return { lab, session, provider, shownUntil };
}

/** What its provider says after the handshake, then the client closes; resolves to the row. */
async function rowOf(path: string, asked: string[], answered: object[]) {
  const { lab, session, provider } = await openAt(path);
  session.opened({ send: () => true, ping() {}, close() {} });
  for (const message of asked) session.received(message);
  for (const message of answered) provider()?.message(JSON.stringify(message));
  session.closed(1000, '');
  return lab.row(0);
}

function done(usage: object) {
  return { type: 'response.done', response: { id: 'r', object: 'realtime.response', usage } };
}

describe('a Realtime conversation', () => {
  const PATH = '/v1/realtime?model=gpt-realtime';
  const SPOKEN = {
    input_tokens: 1_000,
    output_tokens: 500,
    input_token_details: {
      text_tokens: 400,
      audio_tokens: 600,
      cached_tokens: 300,
      cached_tokens_details: { text_tokens: 100, audio_tokens: 200 },
    },
    output_token_details: { text_tokens: 100, audio_tokens: 400 },
  };
  const COST = (300 * 4 + 100 * 0.4 + 400 * 32 + 200 * 0.4 + 100 * 16 + 400 * 64) / 1e6;

  test('costs what text and sound cost, fresh and cached, of all answers', async () => {
    const row = await rowOf(PATH, [], [done(SPOKEN), { type: 'response.created' }, done(SPOKEN)]);
    expect(row).toMatchObject({
      operation: 'infer',
      usageKnown: true,
      usage: { inputTokens: 1_400, cacheReadTokens: 600, outputTokens: 1_000, audioOutputTokens: 800 },
    });
    expect(row.costUsd).toBeCloseTo(2 * COST, 10);
  });

  test('is ended by the answer with which a budget is used up, once that is whole', async () => {
    const budgets = [{ limit_usd: 1.5 * COST, per: 'month' as const }];
    const { lab, session, provider } = await openAt(PATH, 0, {}, { costs: { budgets } });
    const heard: string[] = [];
    session.opened({
      send: (data) => heard.push(String(data)) > 0,
      ping() {},
      close: (code) => heard.push(`closed ${code}`),
    });
    const said = [done(SPOKEN), { type: 'response.created' }, done(SPOKEN)].map((event) =>
      JSON.stringify(event),
    );
    for (const message of said) provider()?.message(message);
    expect(heard.slice(0, 3)).toEqual(said);
    expect(heard.at(-1)).toStartWith('closed ');
    const row = await lab.row(0);
    expect(row).toMatchObject({ status: 'error', errorCode: 'budget_exceeded' });
    expect(row.costUsd).toBeCloseTo(2 * COST, 10);
  });

  test('counts towards limits of tokens as it goes on, each token once', async () => {
    const { lab, session, provider } = await openAt(
      PATH,
      0,
      {},
      { rate_limits: [{ tokens: 9_999, per: 'day' }] },
    );
    const used = () => atOnce(lab.gateway.rateLimits()).map((limit) => limit.used);
    session.opened({ send: () => true, ping() {}, close() {} });
    // What was read from the cache does not count.
    for (const expected of [1_200, 2_400]) {
      provider()?.message(JSON.stringify(done(SPOKEN)));
      expect(used()).toEqual([expected]);
    }
    session.closed(1000, '');
    await lab.row(0);
    expect(used()).toEqual([2_400]);
  });

  test('is unpriced where another model transcribed, whose price is not stated', async () => {
    const heard = {
      type: 'conversation.item.input_audio_transcription.completed',
      usage: { type: 'duration', seconds: 3 },
    };
    const row = await rowOf(PATH, [], [heard, done(SPOKEN)]);
    expect(row).toMatchObject({ costUsd: null, usageKnown: true, usage: { outputTokens: 500 } });
  });

  test('without an answer has no counts', async () => {
    const row = await rowOf(PATH, [], [{ type: 'session.created', session: { model: 'gpt-realtime-2' } }]);
    expect(row).toMatchObject({ model: 'gpt-realtime-2', usageKnown: false, costUsd: null });
  });

  test('is shown as text, whether it is written or spoken', () => {
    const read = (type: string) => openaiSocket('/v1/realtime')?.read(JSON.stringify({ type, delta: 'Hi' }));
    expect(read('response.output_text.delta')).toEqual({ text: 'Hi' });
    expect(read('response.output_audio_transcript.delta')).toEqual({ text: 'Hi' });
    expect(read('response.output_audio.delta')).toBeUndefined();
  });
});

describe('a session that only transcribes', () => {
  const PATH = '/v1/realtime?intent=transcription';
  const session = (model: string, type = 'session.updated') => ({
    type,
    session: { type: 'transcription', audio: { input: { transcription: { model } } } },
  });
  const heard = (usage?: object) => ({
    type: 'conversation.item.input_audio_transcription.completed',
    ...(usage !== undefined && { usage }),
  });
  const SECONDS = { type: 'duration', seconds: 30 };

  test('costs what it heard, by the second', async () => {
    const events = [session('gpt-realtime-whisper'), heard(SECONDS), heard(), heard(SECONDS)];
    const row = await rowOf(PATH, [], events);
    expect(row).toMatchObject({ model: 'gpt-realtime-whisper', operation: 'infer' });
    expect(row.costUsd).toBeCloseTo(0.017, 10);
  });

  test('costs what text and audio cost, by the token', async () => {
    const split = { input_token_details: { text_tokens: 20, audio_tokens: 80 } };
    const usage = { type: 'tokens', input_tokens: 100, output_tokens: 10, total_tokens: 110, ...split };
    const row = await rowOf(PATH, [], [session('gpt-4o-transcribe', 'session.created'), heard(usage)]);
    expect(row).toMatchObject({ usage: { inputTokens: 100, audioInputTokens: 80, outputTokens: 10 } });
    expect(row.costUsd).toBeCloseTo((20 * 2.5 + 80 * 6 + 10 * 10) / 1e6, 10);
  });

  test('is unpriced once another model goes on', async () => {
    const events = [session('gpt-realtime-whisper'), heard(SECONDS), session('whisper-1'), heard(SECONDS)];
    expect((await rowOf(PATH, [], events)).costUsd).toBeNull();
  });
});

describe('a call that another client began', () => {
  const PATH = '/v1/realtime?call_id=rtc_lab';
  const server = { keys: ['operator'], project_keys: { web: ['web-key'] } };
  const open = async (headers: Record<string, string>, path = PATH) => {
    const { lab, ask } = openLab(server);
    const session = await ask(path, { 'x-sluice-key': 'web-key', ...headers });
    return { session, row: () => lab.row(0) };
  };

  test('is not joined with a project’s key alone, by which any project could', async () => {
    const { session, row } = await open({});
    if (!(session instanceof Response)) throw new Error('it was opened');
    expect(session.status).toBe(403);
    expect(await session.text()).toContain('call_id');
    expect(await row()).toMatchObject({ errorCode: 'forbidden', projectId: 'web', attempts: [] });
  });

  test.each([
    ['a key of the client’s own at the provider', { authorization: 'Bearer sk-own' }, PATH],
    ['one of server.keys', { 'x-sluice-key': 'operator' }, PATH],
    ['a conversation of its own', {}, '/v1/realtime?model=gpt-realtime'],
  ])('is opened: %s', async (_, headers, path) => {
    const { session } = await open(headers, path);
    expect(session).not.toBeInstanceOf(Response);
  });
});

test('watchers see the answers of a conversation each to its end, one below the other', async () => {
  const { session, provider, shownUntil } = await openAt('/v1/realtime?model=gpt-realtime');
  const text = async (until: string) =>
    (await shownUntil(until)).map((event) => (event.type === 'text_delta' ? event.text : '')).join('');
  session.opened({ send: () => true, ping() {}, close() {} });
  const say = (delta: string) =>
    provider()?.message(JSON.stringify({ type: 'response.output_audio_transcript.delta', delta }));
  say('Hello ');
  say('there');
  const over = JSON.stringify(done({ input_tokens: 1, output_tokens: 1 }));
  provider()?.message(over);
  expect(await text('there')).toBe('Hello there\n');
  provider()?.message(over);
  say('And you?');
  session.closed(1000, '');
  expect(await text('completed')).toBe('And you?');
});

test.each([
  ['/v1/realtime?model=gpt-realtime', 'gpt-realtime'],
  ['/v1/live/sessions', 'live/sessions'],
])('watchers see the model of %s, or what is asked for where a message names it', async (path, model) => {
  const { session, shownUntil } = await openAt(path);
  session.closed(1000, '');
  const [first] = await shownUntil('started');
  expect(first).toMatchObject({ type: 'started', provider: 'openai', model });
});

test('a client that does not read gets no pings, which would wait for it without end', async () => {
  const { session, provider } = await openAt('/v1/realtime?model=gpt-realtime');
  let pings = 0;
  session.opened({ send: () => false, ping: () => pings++, close() {} });
  provider()?.pinged();
  provider()?.message('more than it reads');
  provider()?.pinged();
  expect(pings).toBe(1);
  session.drained();
  provider()?.pinged();
  expect(pings).toBe(2);
  session.closed(1000, '');
});

test('a provider that does not read is left, before what waits for it fills the memory', async () => {
  const { lab, session } = await openAt('/v1/realtime?model=gpt-realtime', 17 * 1024 * 1024);
  const closed: [number, string][] = [];
  session.opened({ send: () => true, ping() {}, close: (code, reason) => closed.push([code, reason]) });
  session.received('more than it reads');
  expect(closed).toEqual([[1011, expect.stringContaining('openai does not read')]]);
  expect(await lab.row(0)).toMatchObject({ status: 'error', errorCode: 'upstream_failed' });
});

test.each<[string, (reader: SocketReader) => void, string]>([
  [
    'a message longer than server.max_event',
    (reader) => reader.message('x'.repeat(2_000)),
    'openai sent a message of 2000 bytes, more than server.max_event (1024)',
  ],
  [
    'what is no message',
    (reader) => reader.closed(1006, 'Server sent invalid UTF8'),
    'openai sent what is no WebSocket message: Server sent invalid UTF8',
  ],
])('a provider that sends %s is left, and the client is told', async (_, send, words) => {
  const { lab, session, provider } = await openAt('/v1/realtime?model=gpt-realtime', 0, { max_event: '1KB' });
  const heard: unknown[] = [];
  session.opened({
    send: (data) => heard.push(data) > 0,
    ping() {},
    close: (code, reason) => void heard.push([code, reason]),
  });
  const reader = provider();
  if (reader === undefined) throw new Error('nobody reads');
  send(reader);
  expect(heard).toEqual([[1011, words]]);
  expect(await lab.row(0)).toMatchObject({ errorCode: 'upstream_malformed', errorMessage: words });
});

describe('a Live conversation', () => {
  const TURN = {
    serverContent: { turnComplete: true },
    usageMetadata: {
      promptTokenCount: 522,
      responseTokenCount: 42,
      thoughtsTokenCount: 136,
      totalTokenCount: 700,
      promptTokensDetails: [
        { modality: 'TEXT', tokenCount: 332 },
        { modality: 'AUDIO', tokenCount: 190 },
      ],
      responseTokensDetails: [{ modality: 'AUDIO', tokenCount: 42 }],
    },
  };

  test('counts each turn, with the thoughts before it, for the model of its first message', async () => {
    const setup = JSON.stringify({ setup: { model: 'models/gemini-2.5-flash-live' } });
    const row = await rowOf(LIVE, [setup], [{ setupComplete: {} }, TURN, TURN]);
    expect(row).toMatchObject({
      model: 'gemini-2.5-flash-live',
      requestedModel: 'gemini-2.5-flash-live',
      usage: {
        inputTokens: 1_044,
        outputTokens: 356,
        reasoningTokens: 272,
        audioInputTokens: 380,
        audioOutputTokens: 84,
      },
    });
  });

  test('is shown as text, whether it is written or spoken', () => {
    const read = (serverContent: object) => liveSocket(LIVE)?.read(JSON.stringify({ serverContent }));
    expect(read({ outputTranscription: { text: 'Hi' } })).toEqual({ text: 'Hi' });
    expect(read({ modelTurn: { parts: [{ text: 'Hi' }] } })).toEqual({ text: 'Hi' });
    expect(read({ modelTurn: { parts: [{ inlineData: { data: 'AA' } }] } })).toBeUndefined();
  });
});

test.each(['gpt-live-1', 'gpt-live-1.1'])(
  'a Live session of %s costs what its seconds cost',
  async (model) => {
    const start = JSON.stringify({ type: 'session.start', session: { model } });
    const row = await rowOf(
      '/v1/live/sessions',
      [start],
      [
        { type: 'session.started', session: { model } },
        { type: 'session.usage.updated', usage: { seconds: 10 } },
        { type: 'session.closed', usage: { seconds: 90 } },
      ],
    );
    expect(row).toMatchObject({ model, operation: 'infer' });
    expect(row.costUsd).toBeCloseTo(0.075, 10);
  },
);

test('a Live session is unpriced where another model works for it', async () => {
  const start = JSON.stringify({ type: 'session.start', session: { model: 'gpt-live-1' } });
  const row = await rowOf(
    '/v1/live/sessions',
    [start],
    [
      { type: 'session.started', session: { model: 'gpt-live-1-2026' } },
      { type: 'session.usage.updated', usage: { seconds: 10 } },
      {
        type: 'response.event',
        event: { type: 'response.completed', response: { usage: { input_tokens: 9 } } },
      },
      { type: 'session.closed', usage: { seconds: 12 } },
    ],
  );
  expect(row).toMatchObject({ model: 'gpt-live-1-2026', requestedModel: 'gpt-live-1', costUsd: null });
  const read = (event: object) => openaiSocket('/v1/live/sessions')?.read(JSON.stringify(event));
  expect(read({ type: 'session.closed', usage: { seconds: 12 } })).toEqual({
    total: { pricedApart: { audioSeconds: 12 } },
    mayEnd: true,
  });
  expect(read({ type: 'session.output_transcript.delta', delta: 'Hi' })).toEqual({ text: 'Hi' });
  expect(read({ type: 'session.output_audio.delta', delta: 'AAAA' })).toBeUndefined();
});

describe('at Google Cloud', () => {
  const opened: SocketRequest[] = [];
  const vertex = { options: { project: 'ours', location: 'us-east4' } };
  const openVertex = async (authorize: NonNullable<GatewayHost['authorize']>) => {
    const sent: SocketMessageData[] = [];
    const lab = createTestGateway({
      config: { providers: { vertex, openai: { api_key: 'sk-proj-lab' } } },
      fetch: () => Promise.reject(new Error('not part of this test')),
      host: {
        authorize,
        async connectSocket(request) {
          opened.push(request);
          const none = () => {};
          const send = (data: SocketMessageData) => void sent.push(data);
          return {
            protocol: '',
            read: none,
            pause: none,
            resume: none,
            send,
            ping: none,
            unsent: () => 0,
            close: none,
          };
        },
      },
    });
    const session = await lab.gateway.openSocket(new Request(`http://127.0.0.1${LIVE}`));
    return { lab, session, sent };
  };

  test('a conversation has a token that the host fetched, and every other byte of the message that names its model', async () => {
    const { session, sent } = await openVertex(async () => ({ authorization: 'Bearer fetched' }));
    if (session instanceof Response) throw new Error(await session.text());
    session.opened({ send: () => true, ping() {}, close() {} });
    session.received('{ "other": 1e2, "setup" : {"model":"models/gemini-live","big":12345678901234567890} }');
    session.received('{"setup":{"model":"models/second"}}');
    session.closed(1000, '');
    const [request] = opened;
    expect(request?.url).toBe(
      'wss://us-east4-aiplatform.googleapis.com/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent',
    );
    expect(request?.headers.get('authorization')).toBe('Bearer fetched');
    expect(sent).toEqual([
      '{ "other": 1e2, "setup" : {"model":"projects/ours/locations/us-east4/publishers/google/models/gemini-live","big":12345678901234567890} }',
      '{"setup":{"model":"models/second"}}',
    ]);
  });

  test('no conversation is opened without a token', async () => {
    const { session, lab } = await openVertex(() => Promise.reject(new Error('no default credentials')));
    if (!(session instanceof Response)) throw new Error('it was opened');
    expect(session.status).toBe(401);
    expect((await lab.row(0)).errorMessage).toContain('vertex: no credentials: no default credentials');
  });
});
