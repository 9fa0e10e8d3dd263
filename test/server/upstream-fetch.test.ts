// timeouts.connect: a connection that does not come to stand ends the request with an error of its own, and the next
// target is asked; one that stands leaves all further waiting to the other limits.
import { describe, expect, test } from 'bun:test';
import { createUpstreamFetch, type Probe, probeTcp } from '../../src/server/upstream-fetch.ts';
import { createManualTimers } from '../support/manual-timers.ts';
import { MESSAGE } from '../support/message-stream.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { replyWith } from '../support/reply.ts';
import { createTestGateway } from '../support/test-gateway.ts';

const ASK = { model: 'm', max_tokens: 9, stream: true, messages: [{ role: 'user', content: 'hi' }] };
const never: Probe = () => new Promise(() => {});
const at = (name: string) => ({
  dialect: 'anthropic-messages' as const,
  base_url: `http://${name}.test`,
  api_key: 'key-of-lab',
  max_retries: 2,
  timeouts: { connect: '3s', first_byte: '20s' },
});

function setup(probe: Probe, fallback_chain: string[] = []) {
  const timers = createManualTimers();
  const upstream = createReplayFetch((request) =>
    request.path.startsWith('/near')
      ? replyWith(MESSAGE.start + MESSAGE.block + MESSAGE.delta('near') + MESSAGE.end)
      : { ...replyWith(''), fault: { kind: 'hang-before-headers' } },
  );
  const lab = createTestGateway({
    config: {
      server: { ping_interval: '600s' },
      providers: { far: at('far'), near: { ...at('near'), base_url: 'http://near.test/near' } },
      routing: { default_provider: 'far', fallback_chain },
    },
    fetch: () => Promise.reject(new Error('not in use')),
    host: {
      now: timers.now,
      monotonic: timers.now,
      setTimer: timers.setTimer,
      fetch: createUpstreamFetch(upstream.fetch, probe, { monotonic: timers.now, setTimer: timers.setTimer }),
    },
  });
  return { ...lab, timers, upstream };
}

describe('through the gateway', () => {
  test('no connection within timeouts.connect: 504, said so, and the same target is not asked again', async () => {
    const { post, timers, row, upstream } = setup(never);
    const asked = post('/v1/messages', ASK);
    await timers.advance(2_999);
    expect(upstream.requests[0]?.abortedAt).toBeNull();
    await timers.advance(1);
    const response = await asked;
    expect(response.status).toBe(504);
    expect(await response.text()).toContain(
      'no connection to http://far.test within 3000 ms (timeouts.connect)',
    );
    await timers.advance(1_000);
    expect(await row(0)).toMatchObject({ status: 'error', errorCode: 'upstream_timeout' });
    expect(upstream.requests).toHaveLength(1);
  });

  test('the next target answers', async () => {
    const { post, timers } = setup(
      (name) => (name === 'far.test' ? never(name, 0, new AbortController().signal) : Promise.resolve()),
      ['near'],
    );
    const asked = post('/v1/messages', ASK);
    await timers.advance(3_000);
    expect(await (await asked).text()).toContain('near');
  });

  test('once it stands, only first_byte counts', async () => {
    const { post, timers } = setup(() => Promise.resolve());
    const asked = post('/v1/messages', ASK);
    await timers.advance(20_000);
    const response = await asked;
    expect([response.status, (await response.text()).includes('timeouts.first_byte')]).toEqual([504, true]);
    await timers.advance(1_000);
    // The ledger looks for old rows once an hour.
    expect(timers.pending()).toBeLessThanOrEqual(1);
  });
});

describe('a probe over TCP', () => {
  test('resolves where somebody listens, rejects where nobody does', async () => {
    const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
    const { port } = listener;
    await probeTcp('127.0.0.1', port, new AbortController().signal);
    listener.stop(true);
    await expect(probeTcp('127.0.0.1', port, new AbortController().signal)).rejects.toThrow();
  });
});
