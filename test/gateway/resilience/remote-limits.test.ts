// Rate limits that a server counts for several gateways, whose answers come when the test lets them: what a request does meanwhile.
import { afterEach, expect, test } from 'bun:test';
import type { ConfigInput } from '../../../src/index.ts';
import type {
  RemoteAnswer,
  RemoteCount,
  RemoteCountOptions,
  RemotePlace,
} from '../../../src/limits/remote-count.ts';
import { ASK, createFallbackLab, expectSettled, failure } from '../../support/fallback-lab.ts';
import { MESSAGE } from '../../support/message-stream.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';

afterEach(expectSettled);

const HALF = MESSAGE.start + MESSAGE.block + MESSAGE.delta('half');
const WHOLE = HALF + MESSAGE.end;

type Lab = Parameters<typeof createFallbackLab>[0];

/** Keeps what the gateway asks until it is answered. */
function createHeldCount() {
  const asked: { places: readonly RemotePlace[]; answer(answer: RemoteAnswer | null): void }[] = [];
  const left: string[][] = [];
  const debits: number[] = [];
  let options: RemoteCountOptions | undefined;
  let closed = 0;
  const remote: RemoteCount = {
    enter: (places) => new Promise((answer) => asked.push({ places, answer })),
    leave: (keys) => left.push([...keys]),
    debit: (added) => debits.push(...added.map(({ ms }) => Math.round(ms))),
    read: () => null,
    async close() {
      closed += 1;
    },
  };
  return {
    asked,
    left,
    debits,
    closed: () => closed,
    running: () => [...(options?.running() ?? [])].map(([, count]) => count),
    changed: (ok: boolean, lastError: string | null) => options?.changed({ ok, lastError }),
    connect(given: RemoteCountOptions) {
      options = given;
      return remote;
    },
    /** Lets the question of this number pass. */
    pass(index: number) {
      const question = asked[index];
      question?.answer({ passed: true, inUse: question.places.map(({ share }) => share) });
    },
  };
}

function setup(
  rate_limits: NonNullable<ConfigInput['rate_limits']>,
  { script = { one: ['works'] }, config = {}, ...more }: Partial<Lab> = {},
) {
  const count = createHeldCount();
  const lab = createFallbackLab({
    script,
    config: { rate_limits, redis: { url: 'redis://:word-of-redis@127.0.0.1:1' }, ...config },
    host: { connectRemoteCount: (_, options) => count.connect(options) },
    ...more,
  });
  const post = (body: object = {}, init: { signal?: AbortSignal; headers?: Record<string, string> } = {}) =>
    lab.post('/v1/messages', { ...ASK, ...body }, init);
  const turn = () => lab.timers.advance(0);
  return { ...lab, post, count, turn };
}

test('nothing is sent before the server has answered; what it lets pass is given back at the end', async () => {
  const { post, count, asked, turn, timers } = setup([
    { requests: 3, per: 'minute' },
    { tokens: 60, per: 'minute' },
    { concurrent: 2 },
  ]);
  const response = post();
  await turn();
  expect(asked).toEqual([]);
  expect(count.asked.map(({ places }) => places.map(({ kind, most }) => `${kind} ${most}`))).toEqual([
    ['requests 3', 'tokens 60', 'concurrent 2'],
  ]);
  count.pass(0);
  expect((await response).status).toBe(200);
  await (await response).text();
  await timers.advance(1_000);
  expect(asked).toEqual(['one']);
  expect(count.left).toEqual([[expect.stringContaining('concurrent')]]);
  // 7 in and 3 out, a second for each.
  expect(count.debits).toEqual([10_000]);
});

test('what it refuses is a 429 that says for how long, and counts nowhere here', async () => {
  const { post, count, asked, turn, gateway } = setup([{ requests: 3, per: 'minute' }, { concurrent: 2 }]);
  const response = post();
  await turn();
  count.asked[0]?.answer({ passed: false, inUse: [59_000, 1] });
  expect((await response).status).toBe(429);
  expect((await response).headers.get('retry-after')).toBe('19');
  expect(await (await response).text()).toContain('the limit of 3 requests a minute is reached');
  expect(asked).toEqual([]);
  expect(count.left).toEqual([]);
  expect((await gateway.rateLimits()).map(({ used }) => used)).toEqual([3, 0]);
});

test('a client that leaves meanwhile: nothing is sent, and the place that comes too late is given back', async () => {
  const { gateway, count, asked, turn, timers, rows } = setup([{ concurrent: 2 }]);
  const leaving = new AbortController();
  const left = gateway
    .fetch(
      new Request('http://127.0.0.1:8088/v1/messages', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(ASK),
        signal: leaving.signal,
      }),
    )
    .catch(() => {});
  await turn();
  expect(count.asked).toHaveLength(1);
  leaving.abort();
  await turn();
  count.pass(0);
  await left;
  await timers.advance(1_000);
  expect(asked).toEqual([]);
  expect(rows.map(({ status }) => status)).toEqual(['aborted']);
  expect(count.left).toHaveLength(1);
  expect(count.running()).toEqual([]);
  expect((await gateway.rateLimits()).map(({ used }) => used)).toEqual([0]);
});

test('a client that leaves meanwhile was sent to nobody, and counts neither here nor there', async () => {
  const { gateway, count, asked, turn, post } = setup([{ requests: 9, per: 'day' }]);
  const leaving = new AbortController();
  const left = post({}, { signal: leaving.signal }).catch(() => {});
  await turn();
  leaving.abort();
  count.pass(0);
  await left;
  await turn();
  expect(asked).toEqual([]);
  expect(count.debits).toEqual([-9_600_000]);
  expect((await gateway.rateLimits()).map(({ used }) => used)).toEqual([0]);
});

test('one that left when the second target was to be asked does not count towards what only that counts towards', async () => {
  const { gateway, count, asked, turn, post } = setup([], {
    script: { one: [failure(500)], two: ['works'] },
    config: {
      rate_limits: [
        { requests: 9, per: 'day' },
        { requests: 9, per: 'day', provider: 'two' },
      ],
      // Of such a request the row is written at once when its client leaves.
      routing: { default_provider: 'one', fallback_chain: ['two'], hedge_after: '10s' },
    },
  });
  const leaving = new AbortController();
  const left = post({}, { signal: leaving.signal }).catch(() => {});
  await turn();
  count.pass(0);
  await turn();
  expect(count.asked).toHaveLength(2);
  leaving.abort();
  await left;
  count.pass(1);
  await turn();
  expect(asked).toEqual(['one']);
  expect(count.debits).toEqual([-9_600_000]);
  expect((await gateway.rateLimits()).map(({ used }) => used)).toEqual([1, 0]);
});

test('a target that was to be asked beside another, which has answered meanwhile, does not count', async () => {
  const gate = Promise.withResolvers<void>();
  const { gateway, count, asked, timers, turn, post } = setup([], {
    script: { one: [replyWith(WHOLE, { before: () => gate.promise })], two: ['works'] },
    config: {
      rate_limits: [
        { requests: 9, per: 'day' },
        { requests: 9, per: 'day', provider: 'two' },
      ],
      routing: { default_provider: 'one', fallback_chain: ['two'], hedge_after: '10ms' },
    },
  });
  const response = post({ stream: true });
  await turn();
  count.pass(0);
  await timers.advance(10);
  expect(count.asked).toHaveLength(2);
  gate.resolve();
  await (await response).text();
  count.pass(1);
  await turn();
  expect(asked).toEqual(['one']);
  expect(count.debits).toEqual([-9_600_000]);
  expect((await gateway.rateLimits()).map(({ used }) => used)).toEqual([1, 0]);
});

for (const [what, hasLeft, passed, requests] of [
  ['its client has left', true, true, [-1, -1]],
  ['its client has left, and the server refuses that', true, false, [-1]],
  ['the server refuses that', false, false, [-1]],
] as const)
  test(`one that gets no room while the server is asked for the second target does not count, where ${what}`, async () => {
    const { count, asked, timers, turn, post } = setup([], {
      script: { one: [jsonReply({}, { fault: { kind: 'hang-before-headers' } })], two: ['works'] },
      providers: {
        one: { concurrency: { max: 1, queue_timeout: '50ms' }, timeouts: { first_byte: '60s' } },
      },
      config: {
        rate_limits: [
          { requests: 9, per: 'day' },
          { requests: 9, per: 'day', provider: 'two' },
        ],
        routing: { default_provider: 'one', fallback_chain: ['two'], hedge_after: '10ms' },
      },
    });
    const first = new AbortController();
    const busy = post({}, { headers: { 'x-sluice-target': 'one' }, signal: first.signal }).catch(() => {});
    await turn();
    count.pass(0);
    await turn();
    const leaving = new AbortController();
    const left = post({}, { signal: leaving.signal }).catch(() => {});
    await turn();
    count.pass(1);
    await timers.advance(10);
    expect(count.asked).toHaveLength(3);
    if (hasLeft) leaving.abort();
    else await timers.advance(50);
    await turn();
    count.asked[2]?.answer({ passed, inUse: [86_400_000] });
    await turn();
    await left;
    expect(asked).toEqual(['one']);
    expect(count.debits.map((ms) => Math.round(ms / 9_600_000))).toEqual([...requests]);
    first.abort();
    await busy;
  });

test('what this gateway counted alone is not taken off what the server counts', async () => {
  const { gateway, count, turn, post } = setup([{ requests: 9, per: 'day' }]);
  const leaving = new AbortController();
  const left = post({}, { signal: leaving.signal }).catch(() => {});
  await turn();
  leaving.abort();
  count.asked[0]?.answer(null);
  await left;
  await turn();
  expect(count.debits).toEqual([]);
  expect((await gateway.rateLimits()).map(({ used }) => used)).toEqual([0]);
});

test('a client that leaves meanwhile does not wait for room at a provider', async () => {
  const { post, gateway, count, turn, health } = setup([{ requests: 9, per: 'day' }], {
    providers: { one: { concurrency: { max: 1 } } },
  });
  const first = post({ stream: true });
  await turn();
  count.pass(0);
  const running = await first;
  const leaving = new AbortController();
  const headers = { 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify(ASK), signal: leaving.signal };
  const left = gateway.fetch(new Request('http://127.0.0.1:8088/v1/messages', init)).catch(() => {});
  await turn();
  leaving.abort();
  count.pass(1);
  await turn();
  expect((await health()).providers[0]).toMatchObject({ in_flight: 1, queued: 0 });
  await left;
  await running.text();
});

test('a gateway that closes meanwhile gives the place back too, and says that it ends', async () => {
  const { post, gateway, count, turn } = setup([{ concurrent: 2 }]);
  const response = post();
  await turn();
  const closing = gateway.close();
  count.pass(0);
  await closing;
  await (await response).text();
  expect(count.left).toHaveLength(1);
  expect(count.closed()).toBe(1);
});

test('two targets that are asked beside each other count once', async () => {
  const { post, count, timers, asked } = setup([{ requests: 3, per: 'minute' }], {
    script: { one: [replyWith(HALF, { fault: { kind: 'hang', after: 0 } })], two: ['works'] },
    config: {
      rate_limits: [
        { requests: 3, per: 'minute' },
        { requests: 9, per: 'minute', provider: 'two' },
      ],
      routing: { default_provider: 'one', fallback_chain: ['two'], hedge_after: '10ms' },
    },
  });
  const response = post({ stream: true });
  await timers.advance(0);
  expect(count.asked).toHaveLength(1);
  count.pass(0);
  await timers.advance(10);
  // Of the second target only what does not count yet.
  expect(count.asked.map(({ places }) => places.map(({ most }) => most))).toEqual([[3], [9]]);
  count.pass(1);
  expect((await (await response).text()).length).toBeGreaterThan(0);
  expect(asked).toEqual(['one', 'two']);
});

test('a second target that is to be asked before the first answer came waits for it', async () => {
  const { post, count, timers, asked } = setup([{ requests: 3, per: 'minute' }], {
    script: { one: ['works'], two: ['works'] },
    config: {
      rate_limits: [{ requests: 3, per: 'minute' }],
      redis: { url: 'redis://127.0.0.1:1' },
      routing: { default_provider: 'one', fallback_chain: ['two'], hedge_after: '10ms' },
    },
  });
  const response = post({ stream: true });
  await timers.advance(20);
  expect(count.asked).toHaveLength(1);
  count.pass(0);
  await timers.advance(0);
  await (await response).text();
  expect(count.asked).toHaveLength(1);
  expect(asked).toContain('one');
});

test('and then counts towards what only it counts towards', async () => {
  const { post, count, timers, asked } = setup([], {
    script: { one: [replyWith(HALF, { fault: { kind: 'hang', after: 0 } })], two: ['works'] },
    config: {
      rate_limits: [
        { requests: 3, per: 'minute' },
        { requests: 9, per: 'minute', provider: 'two' },
      ],
      routing: { default_provider: 'one', fallback_chain: ['two'], hedge_after: '10ms' },
    },
  });
  const response = post({ stream: true });
  await timers.advance(20);
  count.pass(0);
  await timers.advance(0);
  expect(count.asked.map(({ places }) => places.map(({ most }) => most))).toEqual([[3], [9]]);
  expect(asked).toEqual(['one']);
  count.pass(1);
  await (await response).text();
  expect(asked).toEqual(['one', 'two']);
});

test('a second target that waits for the first answer counts nothing once the client has left', async () => {
  const { gateway, count, timers, turn, asked } = setup([{ concurrent: 2 }], {
    script: { one: ['works'], two: ['works'] },
    config: {
      rate_limits: [{ concurrent: 2 }],
      redis: { url: 'redis://127.0.0.1:1' },
      routing: { default_provider: 'one', fallback_chain: ['two'], hedge_after: '10ms' },
    },
  });
  const leaving = new AbortController();
  const headers = { 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify(ASK), signal: leaving.signal };
  const left = gateway.fetch(new Request('http://127.0.0.1:8088/v1/messages', init)).catch(() => {});
  await timers.advance(20);
  leaving.abort();
  await left;
  count.pass(0);
  await turn();
  expect(asked).toEqual([]);
  expect(count.asked).toHaveLength(1);
  expect(count.left).toHaveLength(1);
  expect((await gateway.rateLimits()).map(({ used }) => used)).toEqual([0]);
});

test('what runs is known by its key, for a server that has to learn it again', async () => {
  const { post, count, turn, timers } = setup([
    { concurrent: 5, each: 'agent' },
    { requests: 9, per: 'day' },
  ]);
  const responses = [];
  for (const [at, agent_type] of ['coder', 'coder', 'writer'].entries()) {
    responses.push(post({ agent_type, stream: true }));
    await turn();
    count.pass(at);
    await turn();
  }
  expect(count.running()).toEqual([2, 1]);
  for (const response of responses) await (await response).text();
  await timers.advance(1_000);
  expect(count.running()).toEqual([]);
});

test('a server that does not answer is reported in health, once in the log, and without its password', async () => {
  const lines: unknown[][] = [];
  const count = createHeldCount();
  const { gateway } = createFallbackLab({
    script: { one: ['works'] },
    config: { redis: { url: 'redis://:word-of-redis@127.0.0.1:1' } },
    host: {
      connectRemoteCount: (_, options) => count.connect(options),
      log: (...line) => {
        lines.push(line);
      },
    },
  });
  const health = async () =>
    (await (await gateway.fetch(new Request('http://127.0.0.1:8088/gateway/health'))).json()) as object;
  expect(await health()).toMatchObject({ status: 'healthy', redis: { ok: true, last_error: null } });
  count.changed(true, null);
  count.changed(false, 'it said word-of-redis');
  count.changed(false, 'it says more');
  expect(await health()).toMatchObject({
    status: 'degraded',
    redis: { ok: false, last_error: 'it says more' },
  });
  count.changed(true, null);
  expect(await health()).toMatchObject({ status: 'healthy', redis: { ok: true } });
  count.changed(true, null);
  expect(lines).toEqual([
    [
      'warn',
      'rate limits are counted by this gateway alone until the server in redis.url answers',
      { error: 'it said [redacted]' },
    ],
    ['info', 'rate limits are counted together with the other gateways again'],
  ]);
});

test('a reload keeps the connection to the same server, and closes that to one which is no longer configured', async () => {
  const counts: ReturnType<typeof createHeldCount>[] = [];
  const lines: string[] = [];
  const rate_limits: ConfigInput['rate_limits'] = [{ requests: 1, per: 'day' }];
  const at = (port: number) => ({ rate_limits, redis: { url: `redis://127.0.0.1:${port}` } });
  const lab = createFallbackLab({
    script: { one: ['works'] },
    config: { rate_limits },
    host: {
      connectRemoteCount(_, options) {
        const count = createHeldCount();
        counts.push(count);
        return count.connect(options);
      },
      log(level, message) {
        if (message !== 'request') lines.push(level);
      },
    },
  });
  const health = async () =>
    (await (await lab.gateway.fetch(new Request('http://127.0.0.1:8088/gateway/health'))).json()) as object;
  const closed = () => counts.map((count) => count.closed());
  for (let times = 0; times < 2; times++) lab.reload(at(1));
  expect(closed()).toEqual([0]);
  counts[0]?.changed(false, 'it is gone');
  lab.reload(at(2));
  expect(closed()).toEqual([1, 0]);
  // What the first one still says is not said of the second.
  counts[0]?.changed(true, null);
  expect(await health()).toMatchObject({ redis: { ok: false, last_error: 'it is gone' } });
  lab.reload({ rate_limits });
  expect(closed()).toEqual([1, 1]);
  expect(await health()).not.toHaveProperty('redis.ok');
  // It counts alone, as it is meant to.
  for (const status of [200, 429])
    expect((await lab.answered(lab.post('/v1/messages', ASK))).response.status).toBe(status);
  expect(counts.flatMap(({ asked }) => asked)).toEqual([]);
  expect(lines).toEqual(['warn']);
});

test('a program that embeds the gateway and has no client for Redis learns that', async () => {
  const { gateway } = createFallbackLab({
    script: { one: ['works'] },
    config: { redis: { url: 'redis://127.0.0.1:1' }, rate_limits: [{ requests: 1, per: 'day' }] },
  });
  const response = await gateway.fetch(new Request('http://127.0.0.1:8088/gateway/health'));
  expect(await response.json()).toMatchObject({
    status: 'degraded',
    redis: { ok: false, last_error: expect.stringContaining('host.connectRemoteCount') },
  });
});
