// timeouts.min_throughput through the gateway, on a clock turned by hand: a provider that dribbles is ended, a client
// that does not read is not.
import { describe, expect, test } from 'bun:test';
import { createManualTimers } from '../../support/manual-timers.ts';
import { CHAT, MESSAGE, utf8 } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';
import { readStream } from '../../faults/read-answer.ts';

const ASK = { model: 'm', max_tokens: 99, stream: true, messages: [{ role: 'user', content: 'hi' }] };
const CLIENTS = [
  ['/v1/messages', 'anthropic-messages'],
  ['/v1/chat/completions', 'openai-chat'],
] as const;

/** A delta is 120 bytes and more. */
const DELTAS = 40;

function setup(everyMs: number, routing: object = {}) {
  const timers = createManualTimers();
  const pieces = [
    utf8(MESSAGE.start + MESSAGE.block + MESSAGE.delta('x')),
    ...Array.from({ length: DELTAS }, () => utf8(MESSAGE.delta('x'))),
    utf8(MESSAGE.end),
  ];
  const pause = () => new Promise<void>((resolve) => timers.setTimer(resolve, everyMs));
  const upstream = createReplayFetch((request) =>
    request.path.startsWith('/other')
      ? replyWith(CHAT.start + CHAT.delta('x'.repeat(DELTAS + 1)) + CHAT.end)
      : replyWith(pieces, { before: (index) => (index === 0 ? undefined : pause()) }),
  );
  const at = (name: string) => ({
    base_url: `http://upstream.test/${name}`,
    api_key: 'key-of-lab',
    max_retries: 0,
  });
  const lab = createTestGateway({
    config: {
      server: { ping_interval: '600s' },
      providers: {
        slow: {
          ...at('slow'),
          dialect: 'anthropic-messages',
          timeouts: { idle: '60s', min_throughput: 100, throughput_window: '10s' },
        },
        other: { ...at('other'), dialect: 'openai-chat' },
      },
      routing: { default_provider: 'slow', ...routing },
    },
    fetch: upstream.fetch,
    host: { now: timers.now, monotonic: timers.now, setTimer: timers.setTimer },
  });
  return { ...lab, timers, upstream };
}

for (const [path, dialect] of CLIENTS) {
  describe(path, () => {
    test('a provider that dribbles without ever idling is ended, with an error of its own', async () => {
      const { timers, post, row, upstream } = setup(5_000);
      const bytes = (await post(path, ASK)).bytes();
      await timers.advance(16_000);
      const answer = readStream(dialect, await bytes);
      expect(answer).toMatchObject({ text: 'xxx', endings: ['error'] });
      expect(answer.error).toContain('less than 100 bytes a second over 10000 ms of waiting');
      expect(answer.error).toContain('timeouts.min_throughput');
      expect(await upstream.requests[0]?.ended).toBe('left');
      await timers.advance(1_000);
      expect(await row(0)).toMatchObject({ status: 'error', errorCode: 'upstream_timeout' });
    });

    test('one that is fast enough goes on to its end', async () => {
      const { timers, post, row } = setup(1_000);
      const bytes = (await post(path, ASK)).bytes();
      await timers.advance(60_000);
      expect(readStream(dialect, await bytes).endings).toEqual(['finish']);
      expect(await row(0)).toMatchObject({ status: 'success' });
    });

    test('a client that does not read for an hour does not make the provider look slow', async () => {
      const { timers, post, row } = setup(0);
      const reader = (await post(path, ASK)).body?.getReader();
      let done = false;
      while (!done) {
        const read = reader?.read();
        await timers.advance(1);
        done = (await read)?.done !== false;
        await timers.advance(60_000);
      }
      expect(await row(0)).toMatchObject({ status: 'success' });
    });

    test('another goes on with the answer, where that is asked for', async () => {
      const { timers, post, row } = setup(5_000, { fallback_chain: ['other'], continue_streams: true });
      const bytes = (await post(path, ASK)).bytes();
      await timers.advance(16_000);
      expect(readStream(dialect, await bytes)).toMatchObject({
        text: 'x'.repeat(DELTAS + 1),
        endings: ['finish'],
      });
      await timers.advance(1_000);
      const { attempts } = await row(0);
      expect(attempts.map(({ error }) => error)).toEqual(['upstream_timeout', null]);
    });
  });
}
