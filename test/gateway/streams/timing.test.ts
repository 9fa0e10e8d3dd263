// Time and leaving (GUARANTEES 1, 2, 5, 11, 12, 13, 15), on a clock turned by hand.
import { describe, expect, test } from 'bun:test';
import type { ByteSource } from '../../../src/gateway/response/byte-source.ts';
import type { Transport } from '../../../src/upstream/transport.ts';
import type { ConfigInput } from '../../../src/index.ts';
import { createManualTimers } from '../../support/manual-timers.ts';
import { MESSAGE } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const { start: START, block: BLOCK, delta, end: END } = MESSAGE;
const PING = 'event: ping\ndata: {"type":"ping"}\n\n';

const decoder = new TextDecoder();
const bytes = (text: string) => new TextEncoder().encode(text);
const MESSAGES = { model: 'm', stream: true, max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
const CHAT = { model: 'm', stream: true, messages: [{ role: 'user', content: 'hi' }] };
const GENERATE = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };
const ASKED = { model: 'm', stream: true, input: 'hi' };
const CHAT_PATH = '/v1/chat/completions';
const RESPONSES_PATH = '/v1/responses';
const GEMINI_PATH = '/v1beta/models/m:streamGenerateContent?alt=sse';
const CLIENTS = [
  ['same dialect', '/v1/messages', MESSAGES],
  ['translated', '/v1/chat/completions', CHAT],
] as const;

interface Setup {
  config?: ConfigInput;
  reply: Parameters<typeof createReplayFetch>[0];
  /** In place of `reply`. */
  send?: Transport;
}

function setup({ config, reply, send }: Setup) {
  const timers = createManualTimers(1_000_000);
  const upstream = createReplayFetch(reply);
  const claude = { ...LAB_PROVIDERS.claude, timeouts: { connect: '1s', first_byte: '10s', idle: '5s' } };
  const gateway = createTestGateway({
    config: {
      server: { ping_interval: '60s' },
      providers: { claude },
      routing: { default_provider: 'claude' },
      ...config,
    },
    fetch: upstream.fetch,
    host: {
      now: timers.now,
      monotonic: timers.now,
      setTimer: timers.setTimer,
      ...(send !== undefined && { send }),
    },
  });
  return { timers, upstream, ...gateway };
}

/** Collects a body's text as it comes. */
function reading(response: Response) {
  const seen = { text: '', done: false };
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  const finished = (async () => {
    for (;;) {
      const step = await reader?.read();
      if (step === undefined || step.done) break;
      seen.text += decoder.decode(step.value, { stream: true });
    }
    seen.done = true;
  })();
  return { seen, finished, cancel: () => reader?.cancel() };
}

describe('timeouts', () => {
  test('first_byte begins when the request has been sent, however long a slow network takes for that', async () => {
    const { post, timers } = setup({
      reply: () => Promise.reject(new Error('the host of this test has a transport of its own')),
      send: ({ signal, progressed }) =>
        new Promise((_, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
          for (let second = 8; second <= 64; second += 8)
            timers.setTimer(() => progressed?.(), second * 1_000);
        }),
    });
    let status = 0;
    const asked = post('/v1/messages', { ...MESSAGES, stream: false }).then((response) => {
      ({ status } = response);
    });
    await timers.advance(73_000);
    expect(status).toBe(0);
    await timers.advance(2_000);
    await asked;
    expect(status).toBe(504);
  });

  for (const kind of ['hang-before-headers', 'hang-before-first-byte'] as const) {
    test(`${kind}: first_byte ends it with 504, the upstream is cancelled`, async () => {
      const { timers, upstream, post, row } = setup({ reply: replyWith('', { fault: { kind } }) });
      const answer = post('/v1/messages', MESSAGES);
      await timers.advance(9_000);
      expect(upstream.requests[0]?.abortedAt).toBeNull();
      await timers.advance(1_100);
      const response = await answer;
      expect(response.status).toBe(504);
      expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'timeout_error' } });
      expect(await upstream.requests[0]?.ended).toBe('left');
      await timers.advance(1_000);
      expect(await row(0)).toMatchObject({
        status: 'error',
        errorCode: 'upstream_timeout',
        attempts: [{ error: 'upstream_timeout' }],
      });
    });
  }

  describe('without settings', () => {
    const BEGUN = START + BLOCK + delta('Hello');
    const providers = { claude: LAB_PROVIDERS.claude };

    /** Sends each piece 20 s after the one before, then nothing. Resolves to seconds until the end, and its text. */
    async function timed(pieces: readonly string[], body: object, path = '/v1/messages') {
      const after = pieces.join('').length;
      const reply = replyWith([...pieces, 'never sent'].map(bytes), {
        before: (index) =>
          index === 0 ? undefined : new Promise<void>((resolve) => void lab.timers.setTimer(resolve, 20_000)),
        fault: { kind: 'hang', after },
      });
      const lab = setup({ reply, config: { providers, server: { ping_interval: '1h' } } });
      let seconds = 0;
      let text: string | undefined;
      void lab.post(path, body).then(async (response) => {
        text = await response.text();
      });
      for (; text === undefined && seconds < 2_000; seconds++) await lab.timers.advance(1_000);
      return { seconds, text };
    }
    const pings = (count: number) => Array.from({ length: count }, () => PING);

    test.each([
      ['a stream that never begins', [START], MESSAGES, 600, 'first_byte'],
      ['a whole answer that never comes', [''], { ...MESSAGES, stream: false }, 600, 'first_byte'],
      ['a stream that stops', [BEGUN], MESSAGES, 600, 'idle'],
      ['one that thinks, with keep-alives', [BEGUN, ...pings(100)], MESSAGES, 600, 'idle'],
      ['one that stops within an event', [BEGUN, 'event: content_block_delta\n'], MESSAGES, 600, 'idle'],
      ['one whose comments stop', [BEGUN, ': processing\r\n\r\n'], MESSAGES, 140, 'silence'],
      ['one whose keep-alives stop', [BEGUN, ...pings(3)], MESSAGES, 180, 'silence'],
      ['one whose keep-alives stop behind more', [BEGUN, PING, delta('!')], MESSAGES, 160, 'silence'],
      ['one whose keep-alives stop before it begins', [START, PING, PING], MESSAGES, 160, 'silence'],
    ] as const)('%s', async (_, pieces, body, after, key) => {
      const { seconds, text } = await timed(pieces, body);
      expect(text).toContain(`(timeouts.${key})`);
      expect(seconds).toBeGreaterThanOrEqual(after);
      expect(seconds).toBeLessThan(after + 3);
    });

    test.each(CLIENTS)('a part of an event is no keep-alive: %s', async (_, path, body) => {
      const { seconds, text } = await timed([BEGUN.slice(0, 50), BEGUN.slice(50)], body, path);
      expect(text).toContain('(timeouts.idle)');
      expect(seconds).toBeGreaterThanOrEqual(620);
    });

    test.each(CLIENTS)('one that comes with events, or is a comment, is one: %s', async (_, path, body) => {
      for (const alive of [PING, ': still here\n\n']) {
        const { seconds, text } = await timed([START + alive + BLOCK + delta('Hello')], body, path);
        expect(text).toContain('(timeouts.silence)');
        expect(seconds).toBeLessThan(123);
      }
    });
  });

  test('a failure whose words never come has its own status all the same', async () => {
    const words = '{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}';
    const { timers, upstream, post, row } = setup({
      reply: replyWith(words, {
        status: 429,
        headers: { 'content-type': 'application/json', 'retry-after': '1' },
        fault: { kind: 'hang', after: 20 },
      }),
    });
    const answer = post('/v1/messages', MESSAGES);
    await timers.advance(10_100);
    const response = await answer;
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '1']);
    expect(upstream.requests.map(({ abortedAt }) => abortedAt)).toEqual([expect.any(Number)]);
    expect(await row(0)).toMatchObject({
      status: 'error',
      errorCode: 'upstream_rate_limited',
      attempts: [{ status: 429, error: 'upstream_rate_limited' }],
    });
  });

  test('keep-alives are no first content', async () => {
    let count = 0;
    const never = new Promise<void>(() => {});
    const pieces = [bytes(START), bytes(BLOCK), bytes(PING)];
    const { timers, post } = setup({
      reply: replyWith(pieces, {
        before: () => (++count > 3 ? never : undefined),
        fault: { kind: 'hang', after: 1e9 },
      }),
    });
    const answer = post('/v1/messages', MESSAGES);
    await timers.advance(10_100);
    expect((await answer).status).toBe(504);
  });

  test('idle, where the transport reports it with an error of its own: still a timeout', async () => {
    const timers = createManualTimers(1_000_000);
    const claude = { ...LAB_PROVIDERS.claude, timeouts: { idle: '5s' } };
    const { post, row } = createTestGateway({
      config: { providers: { claude }, routing: { default_provider: 'claude' } },
      async fetch(_, { signal }) {
        const body = new ReadableStream<Uint8Array>({
          start(controller) {
            controller.enqueue(bytes(START + BLOCK + delta('Hel')));
            signal?.addEventListener('abort', () => controller.error(new Error('socket hang up')));
          },
        });
        return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
      },
      host: { now: timers.now, monotonic: timers.now, setTimer: timers.setTimer },
    });
    const { seen, finished } = reading(await post('/v1/messages', MESSAGES));
    await timers.advance(5_100);
    await finished;
    expect(seen.text).toContain('timeouts.idle');
    expect(await row(0)).toMatchObject({ status: 'error', errorCode: 'upstream_timeout' });
  });

  for (const [name, path, body] of CLIENTS) {
    test(`idle, ${name}: one error event, though the upstream keeps sending pings`, async () => {
      const gate = Promise.withResolvers<void>();
      const pieces = [bytes(START + BLOCK + delta('Hel')), bytes(PING), bytes(PING)];
      const { timers, post, row, upstream } = setup({
        reply: replyWith(pieces, {
          before: (index) => (index === 1 ? gate.promise : undefined),
          fault: { kind: 'hang', after: pieces.reduce((sum, piece) => sum + piece.length, 0) },
        }),
      });
      const response = await post(path, body);
      const { seen, finished } = reading(response);
      await timers.advance(3_000);
      gate.resolve();
      await timers.advance(1_000);
      expect(seen.done).toBe(false);
      await timers.advance(1_100);
      await finished;
      expect(seen.text).toContain('Hel');
      expect(seen.text).toContain('timeouts.idle');
      expect(seen.text).not.toContain('[DONE]');
      expect(seen.text).not.toContain('message_stop');
      expect(await upstream.requests[0]?.ended).toBe('left');
      await timers.advance(1_000);
      expect(await row(0)).toMatchObject({
        status: 'error',
        errorCode: 'upstream_timeout',
        usage: { inputTokens: 7 },
      });
    });
  }

  const CHAT_BEGUN = 'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\n';
  const GEMINI_BEGUN = 'data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hel"}]}}]}\n\n';
  const KEEP_ALIVES: [string, string, string, string, object, string][] = [
    ['Chat', 'gpt', CHAT_BEGUN, '/v1/chat/completions', CHAT, PING],
    ['Chat', 'gpt', CHAT_BEGUN, '/v1/messages', MESSAGES, PING],
    ['Chat', 'gpt', CHAT_BEGUN, '/v1/chat/completions', CHAT, ': OPENROUTER PROCESSING\n\n'],
    ['Chat', 'gpt', CHAT_BEGUN, '/v1/chat/completions', CHAT, 'data: {"type":"ping"}\n\n'],
    ['Chat', 'gpt', CHAT_BEGUN, '/v1/messages', MESSAGES, 'event: heartbeat\ndata: 17\n\n'],
    ['Gemini', 'gemini', GEMINI_BEGUN, '/v1beta/models/m:streamGenerateContent?alt=sse', GENERATE, PING],
    ['Gemini', 'gemini', GEMINI_BEGUN, '/v1/messages', MESSAGES, 'event: keep-alive\ndata: now\n\n'],
    ['Messages', 'claude', START + BLOCK + delta('Hel'), '/v1/messages', MESSAGES, ': ping\n\n'],
  ];
  test.each(KEEP_ALIVES)(
    'idle, %s from %s: keep-alives do not hold it off, and none is a malformed event',
    async (_, provider, begun, path, body, ping) => {
      const gate = Promise.withResolvers<void>();
      const pieces = [bytes(begun), bytes(ping)];
      const settings = { ...LAB_PROVIDERS[provider as 'gpt'], timeouts: { idle: '5s' } };
      const { timers, post, row } = setup({
        config: { providers: { [provider]: settings }, routing: { default_provider: provider } },
        reply: replyWith(pieces, {
          before: (index) => (index === 1 ? gate.promise : undefined),
          fault: { kind: 'hang', after: pieces.reduce((sum, piece) => sum + piece.length, 0) },
        }),
      });
      const { seen, finished } = reading(await post(path, body));
      await timers.advance(3_000);
      gate.resolve();
      await timers.advance(1_000);
      expect(seen.done).toBe(false);
      await timers.advance(1_100);
      await finished;
      expect(seen.text).toContain('timeouts.idle');
      expect(await row(0)).toMatchObject({ errorCode: 'upstream_timeout', malformedEvents: 0 });
    },
  );

  const emptyChunk = (delta: string) =>
    bytes(`data: {"id":"c","model":"m","choices":[{"index":0,"delta":${delta}}]}\n\n`);
  const EMPTY = ['{}', '{"content":""}', '{"role":"assistant","content":null}'];

  /** @param begun comes at once, and then, every four seconds, a chunk with this delta. */
  function emptyChunks(begun: string, delta: string) {
    let open = Promise.withResolvers<void>();
    const settings = { ...LAB_PROVIDERS.gpt, timeouts: { first_byte: '10s', idle: '5s' } };
    const lab = setup({
      config: { providers: { gpt: settings }, routing: { default_provider: 'gpt' } },
      reply: replyWith([bytes(begun), ...Array.from({ length: 9 }, () => emptyChunk(delta))], {
        before: (index) => (index === 0 ? undefined : open.promise),
      }),
    });
    const step = async () => {
      await lab.timers.advance(4_000);
      const now = open;
      open = Promise.withResolvers();
      now.resolve();
      await lab.timers.advance(0);
    };
    return { ...lab, step };
  }

  test.each(EMPTY)('idle: chunks with the delta %s show that the provider is working', async (delta) => {
    const { post, step, row } = emptyChunks(CHAT_BEGUN, delta);
    const { seen, finished } = reading(await post('/v1/messages', MESSAGES));
    for (let count = 0; count < 9; count++) await step();
    await finished;
    expect(seen.text).not.toContain('timeouts.idle');
    expect(await row(0)).toMatchObject({ errorCode: 'upstream_truncated', latencyMs: 36_000 });
  });

  test.each(EMPTY)('first_byte: chunks with the delta %s are no content', async (delta) => {
    const { post, step } = emptyChunks(': begun\n\n', delta);
    const answer = post('/v1/messages', MESSAGES);
    for (let count = 0; count < 3; count++) await step();
    const response = await answer;
    expect([response.status, await response.text()]).toEqual([
      504,
      expect.stringContaining('timeouts.first_byte'),
    ]);
  });

  test('a slow stream that never idles has no total deadline', async () => {
    const pieces = [
      bytes(START + BLOCK),
      ...Array.from({ length: 100 }, () => bytes(delta('x'))),
      bytes(END),
    ];
    let open = Promise.withResolvers<void>();
    const { timers, post, row } = setup({ reply: replyWith(pieces, { before: () => open.promise }) });
    const answer = post('/v1/messages', MESSAGES);
    await timers.advance(0);
    const step = async () => {
      const now = open;
      open = Promise.withResolvers();
      now.resolve();
      await timers.advance(4_000);
    };
    await step();
    await step();
    const { seen, finished } = reading(await answer);
    for (let count = 0; count < 102; count++) await step();
    await finished;
    expect(seen.text).toEndWith(END);
    await timers.advance(1_000);
    expect((await row(0)).status).toBe('success');
    expect((await row(0)).latencyMs).toBeGreaterThan(300_000);
  });
});

describe('a provider that goes silent after its finish reason', () => {
  const chunk = (delta: object, finish: string | null) =>
    `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":${JSON.stringify(delta)},"finish_reason":${JSON.stringify(finish)}}]}\n\n`;
  const whole = bytes(chunk({ role: 'assistant', content: 'Hi' }, null) + chunk({}, 'stop'));

  for (const [name, path, body] of CLIENTS) {
    test(`${name === 'translated' ? 'same dialect' : 'translated'}: has answered, the missing [DONE] is forgiven`, async () => {
      const { timers, post, row } = setup({
        reply: replyWith(whole, { fault: { kind: 'hang', after: whole.length } }),
        config: {
          providers: { gpt: { ...LAB_PROVIDERS.gpt, timeouts: { idle: '5s' } } },
          routing: { default_provider: 'gpt' },
        },
      });
      const { seen, finished } = reading(await post(path, body));
      await timers.advance(5_100);
      await finished;
      expect(seen.text).toContain('Hi');
      expect(seen.text).not.toContain('error');
      await timers.advance(1_000);
      expect(await row(0)).toMatchObject({ status: 'success', finishReason: 'stop', errorCode: null });
    });
  }
});

describe('a provider that goes on behind its ending', () => {
  for (const [name, path, body] of CLIENTS)
    test(`${name}: no ping comes behind what its client takes for the end`, async () => {
      const text = bytes(START + BLOCK + delta('Hello') + END);
      const { timers, post } = setup({
        config: { server: { ping_interval: '100ms' } },
        reply: replyWith(text, { fault: { kind: 'hang', after: text.length } }),
      });
      const { seen, finished } = reading(await post(path, body));
      await timers.advance(600);
      await finished;
      expect(seen.text).toContain('Hello');
      expect(seen.text).not.toContain('ping');
    });

  for (const [name, path, body] of CLIENTS)
    for (const more of [PING, delta('more')])
      test(`${name}: half a second later it is closed, whatever it still says: ${more.slice(7, 14)}`, async () => {
        function* endless() {
          yield bytes(START + BLOCK + delta('Hello') + END);
          while (true) yield bytes(more);
        }
        const lab = setup({
          reply: replyWith(endless(), {
            before: (index) =>
              index === 0
                ? undefined
                : new Promise<void>((resolve) => void lab.timers.setTimer(resolve, 200)),
          }),
        });
        const { seen, finished } = reading(await lab.post(path, body));
        await lab.timers.advance(490);
        expect(seen.done).toBe(false);
        await lab.timers.advance(20);
        expect(seen.done).toBe(true);
        await finished;
        expect(await lab.upstream.requests[0]?.ended).toBe('left');
        expect(await lab.row(0)).toMatchObject({ status: 'success', errorCode: null });
      });
});

describe('head and pings', () => {
  const config: ConfigInput = { server: { ping_interval: '2s' } };

  test.each<[string, Record<string, string>, string, string?, object?]>([
    [
      'Google’s SDK for Python',
      { 'x-goog-api-client': 'google-genai-sdk/3.6.1 gl-python/3.13.1' },
      '\r\n\r\n',
    ],
    ['Google’s SDK for Go', { 'x-goog-api-client': 'google-genai-sdk/1.77.0 gl-go/go1.26.0' }, '\r\n\r\n'],
    [
      'the SDK in Gemini CLI',
      { 'x-goog-api-client': 'google-genai-sdk/1.30.0 gl-node/v22.21.0' },
      '\r\n\r\n',
    ],
    ['Google’s former SDK for JavaScript', { 'x-goog-api-client': 'genai-js/0.24.1' }, 'data: {}\r\n\r\n'],
    ['any other client of Gemini’s dialect', {}, ': ping\r\n\r\n'],
    ['OpenAI’s older SDK for Go', { 'user-agent': 'OpenAI/Go 1.12.0' }, ': ping\n', CHAT_PATH, CHAT],
    ['the same in Responses', { 'user-agent': 'OpenAI/Go 3.42.1' }, ': ping\n', RESPONSES_PATH, ASKED],
    ['OpenAI’s newer SDK for Go', { 'user-agent': 'OpenAI/Go 3.43.0' }, ': ping\n\n', CHAT_PATH, CHAT],
    ['OpenAI’s SDK for Python', { 'user-agent': 'OpenAI/Python 2.1.0' }, ': ping\n\n', RESPONSES_PATH, ASKED],
  ])(
    '%s: silence is broken by what it passes over',
    async (_, headers, ping, path = GEMINI_PATH, body = GENERATE) => {
      const gate = Promise.withResolvers<void>();
      const { timers, post } = setup({
        config,
        reply: replyWith([bytes(START + BLOCK + delta('Hi') + END)], { before: () => gate.promise }),
      });
      const answer = post(path, body, { headers });
      await timers.advance(2_100);
      const { seen, finished } = reading(await answer);
      await timers.advance(2_100);
      expect(seen.text).toBe(ping + ping);
      gate.resolve();
      await timers.advance(0);
      await finished;
      expect(seen.text.slice(2 * ping.length)).toMatch(/^(event|data): /);
    },
  );

  test('a client that fails at comments gets a chunk without choices for a ping', async () => {
    const gate = Promise.withResolvers<void>();
    const { timers, post } = setup({
      config,
      reply: replyWith([bytes(START + BLOCK + delta('Hi') + END)], { before: () => gate.promise }),
    });
    const headers = { 'user-agent': 'azsdk-python-ai-inference/1.0.0b9 Python/3.11.7 (Linux-6.18-x86_64)' };
    const asked = post('/v1/chat/completions', CHAT, { headers });
    await timers.advance(2_100);
    const { seen, finished } = reading(await asked);
    await timers.advance(0);
    const [ping = '', rest] = seen.text.split('\n\n');
    expect(rest).toBe('');
    expect(JSON.parse(ping.replace('data: ', ''))).toMatchObject({
      object: 'chat.completion.chunk',
      choices: [],
    });
    gate.resolve();
    await timers.advance(0);
    await finished;
    expect(seen.text).toContain('Hi');
    expect(seen.text).not.toMatch(/^:/m);
  });

  for (const [name, path, body] of CLIENTS) {
    const ping = path === '/v1/messages' ? PING : ': ping\n\n';

    test(`${name}: the head waits for the first content, at most the ping interval`, async () => {
      const gate = Promise.withResolvers<void>();
      const { timers, post, row } = setup({
        config,
        reply: replyWith([bytes(START + BLOCK + delta('Hi') + END)], { before: () => gate.promise }),
      });
      let head: Response | undefined;
      void post(path, body).then((response) => {
        head = response;
      });
      await timers.advance(1_900);
      expect(head).toBeUndefined();
      await timers.advance(200);
      expect(head?.status).toBe(200);
      if (head === undefined) throw new Error('no head');
      const { seen, finished } = reading(head);
      await timers.advance(0);
      expect(seen.text).toBe(ping);
      await timers.advance(2_100);
      expect(seen.text).toBe(ping + ping);
      gate.resolve();
      await timers.advance(0);
      await finished;
      expect(seen.text).toStartWith(ping + ping);
      expect(seen.text).toContain('Hi');
      await timers.advance(1_000);
      expect((await row(0)).status).toBe('success');
    });

    test(`${name}: a failure after the head is reported in the stream`, async () => {
      const gate = Promise.withResolvers<void>();
      const reply = jsonReply(
        { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
        { status: 529 },
      );
      const { timers, post, row } = setup({
        config,
        reply: async () => {
          await gate.promise;
          return reply;
        },
      });
      const answer = post(path, body);
      await timers.advance(2_100);
      const response = await answer;
      expect(response.status).toBe(200);
      const { seen, finished } = reading(response);
      gate.resolve();
      await timers.advance(100);
      await finished;
      expect(seen.text).toContain('Overloaded');
      expect(seen.text.match(/"error":/g)).toHaveLength(1);
      await timers.advance(1_000);
      expect(await row(0)).toMatchObject({
        status: 'error',
        errorCode: 'upstream_overloaded',
        httpStatus: 200,
      });
    });

    test(`${name}: a ping goes out between events, never inside one`, async () => {
      const gate = Promise.withResolvers<void>();
      const event = delta('split');
      const pieces = [
        bytes(START + BLOCK + delta('a')),
        bytes(event.slice(0, 60)),
        bytes(event.slice(60) + END),
      ];
      const { timers, post } = setup({
        config,
        reply: replyWith(pieces, { before: (index) => (index === 2 ? gate.promise : undefined) }),
      });
      const { seen, finished } = reading(await post(path, body));
      await timers.advance(2_500);
      gate.resolve();
      await timers.advance(100);
      await finished;
      expect(seen.text.split(ping)).toHaveLength(2);
      expect(seen.text.split(ping)[0]).toEndWith('\n\n');
      expect(seen.text).toContain('split');
    });

    test(`${name}: a client without room gets no ping, within an event or behind one, and no limit runs`, async () => {
      const gates = [undefined, Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const pieces = [
        bytes(START + BLOCK + delta('x'.repeat(600_000))),
        bytes(delta('more')),
        bytes(delta('rest') + END),
      ];
      const { timers, gateway } = setup({
        config,
        reply: replyWith(pieces, { before: (index) => gates[index]?.promise }),
      });
      const written: string[] = [];
      let source: ByteSource | undefined;
      const request = new Request(`http://127.0.0.1:8088${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      const answer = gateway.fetchInto(request, (given) => {
        source = given;
        return new ReadableStream();
      });
      await timers.advance(0);
      await answer;
      // It takes one write at a time.
      source?.start({ write: (part) => written.push(decoder.decode(part)) === 0, end() {}, fail() {} });
      await timers.advance(10_000);
      expect(written).toHaveLength(1);
      source?.resume();
      await timers.advance(10_000);
      expect(written).toHaveLength(2);
      expect(written.join('')).toContain('x'.repeat(600_000));
      source?.resume();
      await timers.advance(1_000);
      gates[1]?.resolve();
      await timers.advance(0);
      expect(written.slice(2)).toEqual([expect.stringContaining('more')]);
      // Longer than the provider may be silent: nobody waits for it.
      await timers.advance(10_000);
      source?.resume();
      await timers.advance(4_500);
      expect(written.slice(3)).toEqual([ping]);
      gates[2]?.resolve();
      await timers.advance(0);
      source?.resume();
      await timers.advance(0);
      expect(written[4]).toContain('rest');
      source?.cancel();
    });
  }
});

describe('a client that leaves', () => {
  test('after pings, before any content: the upstream is cancelled, and no timer stays', async () => {
    const { timers, post, row, upstream } = setup({
      config: { server: { ping_interval: '1s' } },
      reply: replyWith(START, { fault: { kind: 'hang', after: START.length } }),
    });
    const atRest = timers.pending();
    const opened = post('/v1/messages', MESSAGES);
    await timers.advance(1_100);
    const { body } = await opened;
    await body?.cancel();
    expect(await upstream.requests[0]?.ended).toBe('left');
    await timers.advance(1_000);
    expect(await row(0)).toMatchObject({ status: 'aborted', httpStatus: 200 });
    expect(timers.pending()).toBe(atRest);
  });

  test('the loop of the library: no timer stays', async () => {
    const first = bytes(START + BLOCK + delta('Hi'));
    const { timers, gateway, row } = setup({
      reply: replyWith(first, { fault: { kind: 'hang', after: first.length } }),
    });
    const atRest = timers.pending();
    const messages = [{ role: 'user' as const, parts: [{ type: 'text' as const, text: 'hi' }] }];
    for await (const event of gateway.stream({ model: 'm', messages }))
      if (event.type === 'text-delta') break;
    await timers.advance(1_000);
    expect(await row(0)).toMatchObject({ status: 'aborted' });
    expect(timers.pending()).toBe(atRest);
  });

  for (const [name, path, body] of CLIENTS) {
    test(`${name}, mid-stream: the upstream is cancelled at once, no timer stays, the row says aborted with the tokens so far`, async () => {
      const first = bytes(START + BLOCK + delta('Hi'));
      const { timers, post, row, upstream } = setup({
        reply: replyWith(first, { fault: { kind: 'hang', after: first.length } }),
      });
      const atRest = timers.pending();
      const response = await post(path, body);
      const reader = response.body?.getReader();
      await reader?.read();
      expect(timers.pending()).toBeGreaterThan(atRest);
      await reader?.cancel();
      expect(await upstream.requests[0]?.ended).toBe('left');
      await timers.advance(1_000);
      expect(await row(0)).toMatchObject({ status: 'aborted', usage: { inputTokens: 7 }, httpStatus: 200 });
      expect(timers.pending()).toBe(atRest);
    });
  }

  for (const [name, path, body] of [
    ['same dialect', '/v1beta/models/m:streamGenerateContent?alt=sse', GENERATE],
    ['translated', '/v1/chat/completions', CHAT],
  ] as const) {
    test(`${name}, from a provider that counts in each event: the row has the counts of the last`, async () => {
      const chunk = (text: string, count: number) =>
        `data: ${JSON.stringify({ candidates: [{ content: { parts: [{ text }] } }], usageMetadata: { candidatesTokenCount: count } })}\n\n`;
      const first = bytes(chunk('a', 11) + chunk('b', 12) + chunk('c', 13));
      const { timers, post, row } = setup({
        config: {
          providers: { gemini: LAB_PROVIDERS.gemini },
          routing: { default_provider: 'gemini' },
        },
        reply: replyWith(first, { fault: { kind: 'hang', after: first.length } }),
      });
      const reader = (await post(path, body)).body?.getReader();
      await reader?.read();
      await reader?.cancel();
      await timers.advance(1_000);
      expect(await row(0)).toMatchObject({ status: 'aborted', usage: { outputTokens: 13 } });
    });
  }

  for (const stream of [true, false]) {
    test(`before the head, ${stream ? 'streamed' : 'whole'}: the upstream is cancelled, the row says aborted`, async () => {
      const { timers, post, row, upstream } = setup({
        reply: replyWith('', { fault: { kind: 'hang-before-headers' } }),
      });
      const controller = new AbortController();
      const answer = post('/v1/messages', { ...MESSAGES, stream }, { signal: controller.signal });
      await timers.advance(100);
      controller.abort();
      expect(await upstream.requests[0]?.ended).toBe('left');
      await answer;
      await timers.advance(1_000);
      expect(await row(0)).toMatchObject({ status: 'aborted' });
    });
  }

  test('after the terminal event: success', async () => {
    const whole = bytes(START + BLOCK + delta('Hi') + END);
    const { timers, post, row } = setup({
      reply: replyWith(whole, { fault: { kind: 'hang', after: whole.length } }),
    });
    const reader = (await post('/v1/messages', MESSAGES)).body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await timers.advance(1_000);
    expect((await row(0)).status).toBe('success');
  });

  test('1,000 of them leave no upstream request, no active stream and no timer behind', async () => {
    const first = bytes(START + BLOCK + delta('Hi'));
    const { timers, post, upstream, gateway, row, rows } = setup({
      reply: replyWith(first, { fault: { kind: 'hang', after: first.length } }),
    });
    await post('/v1/messages', 'not json');
    await timers.advance(2_000);
    const timersAtRest = timers.pending();
    for (let count = 0; count < 1_000; count++) {
      const reader = (
        await post(
          count % 2 === 0 ? '/v1/messages' : '/v1/chat/completions',
          count % 2 === 0 ? MESSAGES : CHAT,
        )
      ).body?.getReader();
      await reader?.read();
      await reader?.cancel();
    }
    for (const request of upstream.requests) expect(await request.ended).toBe('left');
    expect(gateway.activeStreams()).toBe(0);
    await timers.advance(2_000);
    await row(1_000);
    expect(rows.filter((each) => each.status === 'aborted')).toHaveLength(1_000);
    expect(timers.pending()).toBe(timersAtRest);
  });
});

describe('pace', () => {
  for (const [name, path, body] of CLIENTS) {
    test(`${name}: every event is there as soon as it arrives`, async () => {
      let open = Promise.withResolvers<void>();
      const words = ['one', 'two', 'three'];
      const pieces = [
        bytes(START + BLOCK + delta('zero')),
        ...words.map((word) => bytes(delta(word))),
        bytes(END),
      ];
      const { timers, post } = setup({
        reply: replyWith(pieces, { before: (index) => (index === 0 ? undefined : open.promise) }),
      });
      const { seen, finished } = reading(await post(path, body));
      await timers.advance(0);
      expect(seen.text).toContain('zero');
      for (const word of words) {
        expect(seen.text).not.toContain(word);
        const now = open;
        open = Promise.withResolvers();
        now.resolve();
        await timers.advance(0);
        expect(seen.text).toContain(word);
      }
      open.resolve();
      await timers.advance(0);
      await finished;
    });

    test(`${name}: a client that does not read pauses the upstream`, async () => {
      function* endless() {
        yield bytes(START + BLOCK);
        for (;;) yield bytes(delta('x'.repeat(1000)));
      }
      const { timers, post, upstream } = setup({ reply: replyWith(endless()) });
      const reader = (await post(path, body)).body?.getReader();
      await reader?.read();
      await timers.advance(100);
      const sent = upstream.requests[0]?.bytesSent ?? 0;
      await timers.advance(60_000);
      expect(upstream.requests[0]?.bytesSent).toBe(sent);
      expect(sent).toBeLessThan(1_000_000);
      await reader?.cancel();
    });
  }
});
