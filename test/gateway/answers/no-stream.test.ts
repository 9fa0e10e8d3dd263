// A stream was requested and announced, and something else comes: the body of an error is that error, a web page is reported as
// one, a whole answer becomes a stream, half of one is truncated, and events in another form are read or reported (GUARANTEES
// 3).
import { describe, expect, test } from 'bun:test';
import type { Pump } from '../../../src/gateway/pumps/pump.ts';
import { pumpFor, type TextReader } from '../../../src/gateway/pumps/unstreamed-answer.ts';
import { DIALECT_IDS, type DialectId, PROVIDER_DIALECT_IDS } from '../../../src/model/dialect-id.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { clientRequest, streamTypeOf } from '../../support/client-requests.ts';
import { createFallbackLab, ASK } from '../../support/fallback-lab.ts';
import { createManualTimers } from '../../support/manual-timers.ts';
import { CHAT, MESSAGE, utf8 } from '../../support/message-stream.ts';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';
import { watchText } from '../../support/watch-text.ts';

type Wire = keyof typeof PROVIDER_WIRES;

function setup(wire: Wire, reply: Reply) {
  const upstream = createReplayFetch(reply);
  const timers = createManualTimers(1_000_000);
  const lab = { ...PROVIDER_WIRES[wire].config, max_retries: 0 };
  const gateway = createTestGateway({
    config: { server: { max_event: '64KB' }, providers: { lab }, routing: { default_provider: 'lab' } },
    fetch: upstream.fetch,
    host: { now: timers.now, monotonic: timers.now, setTimer: timers.setTimer },
  });
  return { upstream, timers, ...gateway };
}

async function exchange(wire: Wire, client: DialectId, reply: Reply) {
  const { post, row } = setup(wire, reply);
  const { path, body } = clientRequest(client, { stream: true });
  const response = await post(path, body);
  return { response, text: await response.text(), row: await row(0) };
}

/** Streams of these are lines of JSON, or binary. */
const OTHERWISE: ReadonlySet<Wire> = new Set<Wire>(['ollama-chat', 'bedrock-converse', 'bedrock-invoke']);
const PAGE = '<!doctype html>\n\n<html><title>Sign in</title></html>';
const LIMIT = {
  code: 429,
  message: 'the quota is used up',
  type: 'rate_limit_error',
  status: 'RESOURCE_EXHAUSTED',
};

/** Each in the pieces in which it may come. */
const cuts = (text: string): [name: string, pieces: Uint8Array[]][] => [
  ['at once', [utf8(text)]],
  ['behind blanks and a mark', [utf8('\uFEFF'), utf8('\n \n'), utf8(text)]],
  ['byte by byte', [...utf8(text)].map((byte) => new Uint8Array([byte]))],
];

describe.each(PROVIDER_DIALECT_IDS)('%s', (wire) => {
  const { contentType } = PROVIDER_WIRES[wire];
  const as = (type: string) => ({ headers: { 'content-type': type } });

  for (const client of DIALECT_IDS) {
    test.each(cuts(PAGE))(`to ${client}: a page, %s`, async (_, pieces) => {
      for (const type of [contentType, 'text/html']) {
        const { response, text, row } = await exchange(wire, client, replyWith(pieces, as(type)));
        expect([response.status, row.status, row.errorCode]).toEqual([502, 'error', 'upstream_malformed']);
        expect(text).toContain(
          'answered with an HTML page instead of an answer; check its base_url and any proxy in between, or, in a network with a login page, log in',
        );
      }
    });

    if (OTHERWISE.has(wire)) continue;
    for (const type of [contentType, 'application/json', 'text/plain', 'text/html; charset=utf-8', '']) {
      for (const body of [JSON.stringify({ error: LIMIT }), JSON.stringify([{ error: LIMIT }], null, 2)]) {
        test.each(cuts(body))(
          `to ${client}: an error that calls itself ${type}: ${body.length}, %s`,
          async (_, pieces) => {
            const { response, text, row } = await exchange(wire, client, replyWith(pieces, as(type)));
            expect([response.status, row.errorCode], text).toEqual([429, 'upstream_rate_limited']);
            expect(row.errorMessage).toContain('the quota is used up');
          },
        );
      }

      const words = 'upstream connect error or disconnect/reset before headers.\n\nreset reason: overflow\n';
      for (const body of [words, 'Internal Server Error', 'error: no model', '"text"', 'null', '7']) {
        test.each(cuts(body))(
          `to ${client}: text that calls itself ${type}: ${JSON.stringify(body)}, %s`,
          async (_, pieces) => {
            const { response, text, row } = await exchange(wire, client, replyWith(pieces, as(type)));
            expect([response.status, row.status, row.errorCode], text).toEqual([
              502,
              'error',
              'upstream_malformed',
            ]);
            expect(row.errorMessage).toContain(
              `instead of a stream of events: ${JSON.stringify(body.trim())};`,
            );
          },
        );
      }

      const spaced = JSON.stringify(PROVIDER_WIRES[wire].whole('Hello'), null, 2).replaceAll('\n', '\n\n');
      test.each(cuts(spaced))(`to ${client}: an answer that calls itself ${type}, %s`, async (_, pieces) => {
        const { response, text, row } = await exchange(wire, client, replyWith(pieces, as(type)));
        const isStream = response.headers.get('content-type') === streamTypeOf(client);
        expect([response.status, isStream], text).toEqual([200, true]);
        expect(text).toMatch(client === 'ollama-chat' ? /^\{/ : /^(event: .*\n)?data: /);
        expect(text).toContain('Hello');
        expect(row).toMatchObject({ status: 'success', malformedEvents: 0 });
        expect(row.usage).toMatchObject({ inputTokens: 7, outputTokens: 3 });
      });
    }

    test(`to ${client}: half an answer is cut off`, async () => {
      const half = JSON.stringify(PROVIDER_WIRES[wire].whole('Hello')).slice(0, -9);
      const { response, row } = await exchange(wire, client, replyWith(half));
      expect([response.status, row.status]).toEqual([502, 'truncated']);
    });

    test(`to ${client}: one over the limit is not read on`, async () => {
      const long = utf8(JSON.stringify(PROVIDER_WIRES[wire].whole('x'.repeat(200 * 1024))));
      const pieces = Array.from({ length: 13 }, (_, at) => long.slice(at * 16_384, (at + 1) * 16_384));
      const { row } = await exchange(wire, client, replyWith(pieces));
      expect(row).toMatchObject({
        errorCode: 'upstream_malformed',
        errorMessage: expect.stringContaining('max_event'),
      });
    });
  }
});

test.each(['application/json', 'text/plain'])('watchers see an answer of %s once', async (type) => {
  const whole = JSON.stringify(PROVIDER_WIRES['openai-chat'].whole('Hello'));
  const { gateway, post } = setup('openai-chat', replyWith(whole, { headers: { 'content-type': type } }));
  const watching = await watchText(gateway);
  const { path, body } = clientRequest('anthropic-messages', { stream: true });
  await (await post(path, body)).text();
  expect(await watching.textUntilEnd()).toBe('Hello');
});

describe.each(DIALECT_IDS)('to %s: lines of JSON', (client) => {
  const lines = ['Hel', 'lo']
    .map((text) => `${JSON.stringify(PROVIDER_WIRES['openai-chat'].whole(text))}\n`)
    .join('');

  test.each(cuts(lines))('are reported as that, %s', async (_, pieces) => {
    const { response, row } = await exchange('openai-chat', client, replyWith(pieces));
    expect([response.status, row.errorCode]).toEqual([502, 'upstream_malformed']);
    expect(row.errorMessage).toContain(
      'lab answered with lines of JSON instead of a stream of events, the first: {',
    );
    expect(row.errorMessage).toContain('Hel');
  });

  test.each(cuts(`${JSON.stringify({ error: LIMIT })}\n${lines}`))(
    'of which the first is an error, %s',
    async (_, pieces) => {
      const { response, row } = await exchange('openai-chat', client, replyWith(pieces));
      expect([response.status, row.errorCode]).toEqual([429, 'upstream_rate_limited']);
    },
  );
});

describe.each(DIALECT_IDS)('to %s: a stream of Gemini in one JSON array', (client) => {
  const part = (text: string, finishReason?: string): JsonObject => ({
    candidates: [
      { index: 0, content: { role: 'model', parts: [{ text }] }, ...(finishReason && { finishReason }) },
    ],
    ...(finishReason && { usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 3 } }),
  });
  const chunks = [part('Hel"]},\\'), part('lo\n é'), part('!', 'STOP')];
  const array = JSON.stringify(chunks, null, 2);

  test.each(cuts(array))('is read as events, %s', async (_, pieces) => {
    for (const type of ['application/json', 'text/event-stream']) {
      const reply = replyWith(pieces, { headers: { 'content-type': type } });
      const { response, text, row } = await exchange('gemini', client, reply);
      expect(response.headers.get('content-type')).toBe(streamTypeOf(client));
      expect(row).toMatchObject({ status: 'success', malformedEvents: 0 });
      expect(row.usage).toMatchObject({ inputTokens: 7, outputTokens: 3 });
      const said = text
        .split('\n')
        .flatMap((line) => [...line.matchAll(/"(?:text|content|delta)":\s*("(?:[^"\\]|\\.)*")/g)])
        .map(([, json]) => JSON.parse(json ?? '""'));
      expect(said.join('')).toContain('Hel"]},\\lo\n é!');
      expect(text).not.toContain('\n\n\n');
    }
  });

  test.each(['  ', '\n\n', '\uFEFF', '\uFEFF ', ' \n '])('behind blanks of their own: %j', async (blanks) => {
    for (const pieces of [
      [utf8(blanks), utf8(array)],
      [...utf8(blanks + array)].map((byte) => Uint8Array.of(byte)),
    ]) {
      const { text, row } = await exchange('gemini', client, replyWith(pieces));
      expect(row).toMatchObject({ status: 'success', malformedEvents: 0 });
      expect(text).toMatch(client === 'ollama-chat' ? /^\{.*Hel/ : /^data: .*Hel/m);
    }
  });

  test('in the envelope of Code Assist, too', async () => {
    const enveloped = JSON.stringify(chunks.map((response) => ({ response, traceId: 't' })));
    for (const [, pieces] of cuts(enveloped)) {
      const reply = replyWith(pieces, { headers: { 'content-type': 'application/json' } });
      const { text, row } = await exchange('code-assist', client, reply);
      expect(row).toMatchObject({ status: 'success', malformedEvents: 0 });
      expect(row.usage).toMatchObject({ inputTokens: 7, outputTokens: 3 });
      expect(text).toContain('lo');
    }
  });

  test('each as it arrives', async () => {
    const gate = Promise.withResolvers<void>();
    const [first = '', rest = ''] = [
      array.slice(0, array.indexOf('},\n') + 1),
      array.slice(array.indexOf('},\n') + 1),
    ];
    const reply = replyWith([utf8(first), utf8(rest)], {
      before: (index) => (index === 1 ? gate.promise : undefined),
    });
    const { post } = setup('gemini', reply);
    const { path, body } = clientRequest(client, { stream: true });
    const reader = (await post(path, body)).body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('Hel')) text += (await reader?.read())?.value ?? '';
    expect(text).not.toContain('é');
    gate.resolve();
    for (let got = await reader?.read(); got?.done === false; got = await reader?.read()) text += got.value;
    expect(text).toContain('!');
  });

  test('that is cut off is a stream that was cut off', async () => {
    const { row } = await exchange('gemini', client, replyWith(array.slice(0, array.lastIndexOf('"!"'))));
    expect([row.status, row.errorCode]).toEqual(['truncated', 'upstream_truncated']);
  });
});

describe.each(['openai-chat', 'anthropic-messages'] as const)('to %s', (client) => {
  test.each([
    ['keep-alives alone', ': keep-alive\n\n: keep-alive\n\n'],
    ['nothing', ''],
    ['half an event', 'data: {"id":'],
    ['half the name of a field', 'dat'],
    ['an event before its text', 'event: message_start\n'],
  ])('%s is a stream that was cut off', async (_, body) => {
    for (const [, pieces] of cuts(body)) {
      const { row } = await exchange('openai-chat', client, replyWith(pieces));
      expect([row.status, row.errorCode]).toEqual(['truncated', 'upstream_truncated']);
    }
  });

  test('a text before the events is no matter', async () => {
    const { row, text } = await exchange(
      'openai-chat',
      client,
      replyWith(`hello\n\n${CHAT.start}${CHAT.delta('Hello')}${CHAT.end}`),
    );
    expect(row.status).toBe('success');
    expect(text).toContain('Hello');
  });

  test('a note in JSON before the events does no harm either, and its stream is sent to the end, once', async () => {
    // Ended by its end alone, without a word of that.
    const events = CHAT.start + CHAT.delta('Hello') + CHAT.end.replace('data: [DONE]\n\n', '');
    const { row, text } = await exchange('openai-chat', client, replyWith(`{"note":1}\n\n${events}`));
    expect(row).toMatchObject({ status: 'success', usage: { inputTokens: 7, outputTokens: 3 } });
    expect(text.split('Hello')).toHaveLength(2);
    const ending = client === 'openai-chat' ? '"finish_reason":"stop"' : 'event: message_stop';
    expect(text.split(ending)).toHaveLength(2);
  });

  test('a long text is not quoted', async () => {
    const { row } = await exchange('openai-chat', client, replyWith('Once upon a time '.repeat(100)));
    expect(row.errorMessage).toContain('instead of a stream of events: 1700 bytes of text;');
  });
});

test('an error is reported although the connection stays open', async () => {
  const body = JSON.stringify({ error: LIMIT });
  const hangs = replyWith([utf8(body), utf8(' ')], { fault: { kind: 'hang', after: body.length } });
  const { response, row } = await exchange('openai-chat', 'anthropic-messages', hangs);
  expect([response.status, row.errorCode]).toEqual([429, 'upstream_rate_limited']);
});

test('a bare error with events behind it is an error', async () => {
  const reply = replyWith(`${JSON.stringify({ error: LIMIT })}\n\n${CHAT.start}${CHAT.end}`);
  const { response } = await exchange('openai-chat', 'openai-chat', reply);
  expect(response.status).toBe(429);
});

test('events that are bare JSON are read as before, where they are translated', async () => {
  const bare = (CHAT.start + CHAT.delta('Hello') + CHAT.end).replaceAll('data: {', '{');
  const { text, row } = await exchange('openai-chat', 'anthropic-messages', replyWith(bare));
  expect(text).toContain('Hello');
  expect(row.status).toBe('success');
});

test('the next target is asked', async () => {
  const lab = createFallbackLab({ script: { one: [replyWith(PAGE)], two: ['works'] } });
  const { response, text } = await lab.answered(lab.post('/v1/messages', { ...ASK, stream: true }));
  expect(response.status).toBe(200);
  expect(text).toContain('from two');
  expect((await lab.row()).attempts).toMatchObject([{ error: 'upstream_malformed' }, { error: null }]);
});

test('a stream that calls itself a page is one', async () => {
  const reply = replyWith(CHAT.start + CHAT.delta('Hello') + CHAT.end, {
    headers: { 'content-type': 'text/html' },
  });
  for (const client of DIALECT_IDS) {
    const { text, row } = await exchange('openai-chat', client, reply);
    expect(row.status).toBe('success');
    expect(text).toContain('Hello');
  }
});

test.each(['text/event-stream', 'application/json', 'text/plain', ''])(
  'what is a stream is not held up, and passes unchanged, whatever it calls itself: %p',
  async (type) => {
    const gate = Promise.withResolvers<void>();
    const { start, block, delta, end } = MESSAGE;
    const pieces = [start + block + delta('Hello'), end];
    const { post } = setup(
      'anthropic-messages',
      replyWith(pieces.map(utf8), {
        headers: { 'content-type': type },
        before: (at) => (at === 1 ? gate.promise : undefined),
      }),
    );
    const { path, body } = clientRequest('anthropic-messages', { stream: true });
    const reader = (await post(path, body)).body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('Hello')) text += (await reader?.read())?.value ?? '';
    gate.resolve();
    for (let got = await reader?.read(); got?.done === false; got = await reader?.read()) text += got.value;
    expect(text).toBe(pieces.join(''));
  },
);

test('a long body takes no time out of proportion to its pieces', () => {
  const stream: Pump<number> = {
    push: () => undefined,
    end: () => undefined,
    fail: () => undefined,
    ended: () => false,
    gaveUp: () => false,
    tookEvent: () => false,
    hasKeepAlives: () => false,
    settle: () => {},
  };
  const reader: TextReader<number> = {
    provider: 'lab',
    limit: 16_000_000,
    pagesOnly: false,
    listsEvents: false,
    isLines: false,
    isJson: true,
    failure: () => undefined,
    read: (text) => text.length,
  };
  const begin = utf8('{"image":"');
  const pump = pumpFor(begin, stream, reader, []);
  pump?.push(begin);
  // Copied at each of them, it would hold up every other request for minutes.
  for (let piece = 0; piece < 32_000; piece++) pump?.push(utf8('a'.repeat(400)));
  expect(pump?.end()).toBe(begin.length + 32_000 * 400);
});
