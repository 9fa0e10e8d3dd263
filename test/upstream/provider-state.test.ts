// What the gateway remembers of each provider from its own requests, and which requests it lets through.
import { describe, expect, test } from 'bun:test';
import { ERROR_RULES, type ErrorCode, GatewayError } from '../../src/model/errors.ts';
import { REFUSED_MS } from '../../src/upstream/key-ring.ts';
import type { Lease } from '../../src/upstream/lease.ts';
import {
  createProviderStates,
  type GuardedProvider,
  type ProviderStates,
} from '../../src/upstream/provider-state.ts';
import { UNHEALTHY_AFTER } from '../../src/upstream/provider-memory.ts';
import { createManualTimers } from '../support/manual-timers.ts';
import { sampleProvider } from '../support/provider-config.ts';

const failure = (code: ErrorCode): GatewayError => new GatewayError(code, `because of ${code}`);
const A = sampleProvider({ name: 'a', apiKeys: ['key-one'] });
const B = sampleProvider({ name: 'b', baseUrl: 'http://127.0.0.1:2/v1' });

function setup() {
  const timers = createManualTimers();
  let asleepMs = 0;
  const sleep = (ms: number) => {
    asleepMs += ms;
  };
  const elapsed = () => timers.now() + asleepMs;
  const states = createProviderStates({ monotonic: timers.now, elapsed, setTimer: timers.setTimer });
  return { timers, sleep, states };
}

async function enter(states: ProviderStates, provider: GuardedProvider, key: 'own' | 'client' = 'own') {
  const question = { model: 'm', conversation: () => null, lastResort: false, isRetry: false };
  return states.enter({ ...question, provider, key, signal: new AbortController().signal });
}

async function lease(states: ProviderStates, provider: GuardedProvider, key: 'own' | 'client' = 'own') {
  const entered = await enter(states, provider, key);
  if ('refused' in entered) throw entered.error;
  return entered;
}

async function failed(states: ProviderStates, provider: GuardedProvider, code: ErrorCode): Promise<void> {
  (await lease(states, provider)).end(failure(code));
}

test('a provider never asked is healthy, and those asked for come in order', async () => {
  const { states } = setup();
  await lease(states, B);
  const fresh = { healthy: true, breaker: 'closed', inFlight: 0, queued: 0, limit: null } as const;
  expect(states.snapshot([A, B])).toEqual([
    { name: 'a', ...fresh, keys: [{ name: '#1', state: 'ready' }] },
    { name: 'b', ...fresh, inFlight: 1, keys: [] },
  ]);
});

test('that a provider fails, works again or refuses a key is reported once', async () => {
  const timers = createManualTimers();
  const told: string[] = [];
  const states = createProviderStates(
    { monotonic: timers.now, setTimer: timers.setTimer },
    undefined,
    (provider, news) => told.push(`${provider} ${JSON.stringify(news)}`),
  );
  const guarded = { ...B, breaker: { failures: UNHEALTHY_AFTER + 1, openForMs: 30_000 } };
  const answer = async () => {
    const asked = await lease(states, guarded);
    asked.answered(true);
    asked.end('completed');
  };
  const failing = async (times: number) => {
    for (let count = 0; count < times; count++) await failed(states, guarded, 'upstream_failed');
  };
  // One that fails often, and not always, says nothing.
  await failing(UNHEALTHY_AFTER);
  await answer();
  expect(told).toEqual([]);
  await failing(guarded.breaker.failures);
  await timers.advance(guarded.breaker.openForMs);
  await failing(1);
  await timers.advance(guarded.breaker.openForMs);
  await answer();
  await answer();
  expect(told).toEqual([
    'b {"what":"fails","error":"upstream_failed: because of upstream_failed"}',
    'b {"what":"works again"}',
  ]);
  told.length = 0;
  const several = { ...A, apiKeys: ['key-one', 'key-two'] };
  const refusals = async () => {
    for (let count = 0; count < 2; count++) await failed(states, several, 'upstream_unauthorized');
  };
  await refusals();
  expect(told.sort()).toEqual(
    ['#1', '#2'].map(
      (key) =>
        `a {"what":"key set aside","key":"${key}","error":"upstream_unauthorized: because of upstream_unauthorized"}`,
    ),
  );
});

test('without a breaker, that it fails and works again is reported all the same, but not every other time', async () => {
  const timers = createManualTimers();
  const told: string[] = [];
  const clock = { monotonic: timers.now, setTimer: timers.setTimer };
  const states = createProviderStates(clock, undefined, (_, news) => told.push(JSON.stringify(news)));
  const unguarded = { ...B, breaker: null };
  const failing = async () => {
    for (let n = 0; n < UNHEALTHY_AFTER; n++) await failed(states, unguarded, 'upstream_failed');
  };
  const answer = async () => (await lease(states, unguarded)).end('completed');
  for (let round = 0; round < 5; round++) {
    await failing();
    await answer();
  }
  const fails = '{"what":"fails","error":"upstream_failed: because of upstream_failed","isAsked":true}';
  expect(told.splice(0)).toEqual([fails]);
  await timers.advance(30_000);
  await answer();
  expect(told.splice(0)).toEqual(['{"what":"works again"}']);
  await timers.advance(30_000);
  await failing();
  expect(told).toEqual([fails]);
});

test('a breaker that closes is reported also where an answer from before it opened was good meanwhile', async () => {
  const timers = createManualTimers();
  const told: string[] = [];
  const clock = { monotonic: timers.now, setTimer: timers.setTimer };
  const states = createProviderStates(clock, undefined, (_, { what }) => told.push(what));
  const guarded = { ...B, breaker: { failures: 1, openForMs: 30_000 } };
  for (let round = 0; round < 2; round++) {
    const long = await lease(states, guarded);
    await failed(states, guarded, 'upstream_failed');
    long.answered(true);
    await timers.advance(guarded.breaker.openForMs);
    (await lease(states, guarded)).end('completed');
  }
  // It refused what a client had asked: so it is up.
  await failed(states, guarded, 'upstream_failed');
  await timers.advance(guarded.breaker.openForMs);
  await failed(states, guarded, 'upstream_rejected');
  expect(told.splice(0)).toEqual(['fails', 'works again', 'fails', 'works again', 'fails', 'works again']);
  // Answers that begin and break off are no news each time.
  await failed(states, guarded, 'upstream_failed');
  for (let round = 0; round < 3; round++) {
    await timers.advance(guarded.breaker.openForMs);
    const asked = await lease(states, guarded);
    asked.answered(true);
    asked.end(failure('upstream_truncated'));
  }
  expect(told).toEqual(['fails']);
});

test('what a provider asks to wait, and the time of an open breaker, pass while the machine sleeps', async () => {
  const { states, sleep } = setup();
  const limited = new GatewayError('upstream_rate_limited', 'wait', { retryAfterMs: 3_000_000 });
  (await lease(states, A)).end(limited);
  const guarded = { ...B, breaker: { failures: 1, openForMs: 30_000 } };
  await failed(states, guarded, 'upstream_failed');
  expect(await enter(states, A)).toMatchObject({ refused: 'keys_set_aside' });
  expect(await enter(states, guarded)).toMatchObject({ refused: 'breaker_open' });
  sleep(3_000_000);
  expect(states.snapshot([A, guarded])).toMatchObject([
    { keys: [{ state: 'ready' }] },
    { breaker: 'half-open' },
  ]);
  await lease(states, A);
  await lease(states, guarded);
});

test('that this machine is without a network opens no breaker, and leaves a half-open one so', async () => {
  const { states, timers } = setup();
  const offline = new GatewayError('upstream_unreachable', 'no name server', { offline: true });
  const guarded = { ...A, breaker: { failures: 2, openForMs: 30_000 } };
  for (let time = 0; time < 9; time++) (await lease(states, guarded)).end(offline);
  expect(states.snapshot([guarded])).toMatchObject([{ breaker: 'closed', healthy: false }]);
  for (let time = 0; time < 2; time++) await failed(states, guarded, 'upstream_failed');
  await timers.advance(30_000);
  for (let time = 0; time < 9; time++) (await lease(states, guarded)).end(offline);
  states.beginProbe(guarded)?.(offline);
  expect(states.snapshot([guarded])).toMatchObject([{ breaker: 'half-open' }]);
  (await lease(states, guarded)).end('completed');
  expect(states.snapshot([guarded])).toMatchObject([{ breaker: 'closed', healthy: true }]);
});

test('three failures in a row make it unhealthy, one answer healthy again', async () => {
  const { states } = setup();
  const state = () => states.snapshot([A])[0];
  for (let n = 1; n < UNHEALTHY_AFTER; n++) await failed(states, A, 'upstream_timeout');
  expect(state()).toMatchObject({
    healthy: true,
    lastError: 'upstream_timeout: because of upstream_timeout',
  });
  await failed(states, A, 'upstream_overloaded');
  expect(state()).toMatchObject({ healthy: false, lastError: expect.stringContaining('overloaded') });
  (await lease(states, A)).answered(true);
  expect(state()).toMatchObject({ healthy: true });
  expect(state()).not.toHaveProperty('lastError');
});

test.each([
  ['refused', {}],
  ['used up', { exhausted: true }],
])('one whose every key is %s is unhealthy at once, until one is of use again', async (_, options) => {
  const { states } = setup();
  const two = sampleProvider({ name: 'a', apiKeys: ['1', '2'] });
  const healthy = () => states.snapshot([two])[0]?.healthy;
  const refused = new GatewayError('upstream_unauthorized', 'no', { status: 401, ...options });
  for (const expected of [true, false]) {
    (await lease(states, two)).end(refused);
    expect(healthy()).toBe(expected);
  }
  expect(states.snapshot([sampleProvider({ name: 'a', apiKeys: ['1', '3'] })])[0]?.healthy).toBe(true);
});

test('one whose own key is refused is healthy while clients’ keys are answered, until its own is refused again', async () => {
  const { states, timers } = setup();
  const condition = () => states.snapshot([A]).map(({ healthy, keys }) => [healthy, keys[0]?.state])[0];
  const answer = async (key: 'own' | 'client') => {
    const asked = await lease(states, A, key);
    asked.answered(true);
    asked.end('completed');
  };
  const refused = new GatewayError('upstream_unauthorized', 'no', { status: 401 });
  await answer('client');
  for (let round = 0; round < 2; round++) {
    (await lease(states, A)).end(refused);
    expect(condition()).toEqual([false, 'refused']);
    await answer('client');
    expect(condition()).toEqual([true, 'refused']);
    await timers.advance(REFUSED_MS);
  }
});

test('every code counts for health as its blame says', async () => {
  for (const code of Object.keys(ERROR_RULES) as ErrorCode[]) {
    const { states } = setup();
    const many = sampleProvider({ name: 'a', apiKeys: ['1', '2', '3', '4'] });
    for (let n = 0; n < UNHEALTHY_AFTER; n++) await failed(states, many, code);
    expect([code, states.snapshot([many])[0]?.healthy]).toEqual([
      code,
      ERROR_RULES[code].blame !== 'provider',
    ]);
  }
});

test('the breaker counts what is the provider’s own doing, and nothing else', async () => {
  const own: ErrorCode[] = [
    'upstream_overloaded',
    'upstream_failed',
    'upstream_unreachable',
    'upstream_untrusted',
    'upstream_malformed',
    'upstream_timeout',
    'upstream_truncated',
  ];
  for (const code of Object.keys(ERROR_RULES) as ErrorCode[]) {
    const { states } = setup();
    const one = sampleProvider({
      name: 'a',
      apiKeys: ['1', '2', '3', '4', '5'],
      breaker: { failures: 4, openForMs: 1_000 },
    });
    for (let n = 0; n < 4; n++) await failed(states, one, code);
    expect([code, states.snapshot([one])[0]?.breaker]).toEqual([
      code,
      own.includes(code) ? 'open' : 'closed',
    ]);
  }
});

test('a client’s own key that is refused or limited counts for nothing', async () => {
  const { states } = setup();
  for (const code of ['upstream_unauthorized', 'upstream_rate_limited'] as const)
    for (let n = 0; n < 9; n++) (await lease(states, A, 'client')).end(failure(code));
  expect(states.snapshot([A])[0]).toMatchObject({ healthy: true, keys: [{ state: 'ready' }] });
  expect(states.snapshot([A])[0]).not.toHaveProperty('lastError');
});

test('a client’s own key goes alone; to another gateway, which it does not admit, one of the gateway’s goes along', async () => {
  const { states } = setup();
  const two = sampleProvider({ name: 'a', apiKeys: ['1', '2'] });
  const gateway = sampleProvider({ name: 'b', apiKeys: ['1', '2'], isGateway: true });
  expect(await lease(states, two, 'client')).toMatchObject({ key: null, keyLabel: undefined });
  expect(await lease(states, gateway, 'client')).toMatchObject({ key: '1', keyLabel: '#1' });
});

test('a client’s own key says nothing of a provider that the gateway asks without one', async () => {
  const { states } = setup();
  const hinted = new GatewayError('upstream_overloaded', 'later', { retryAfterMs: 60_000 });
  (await lease(states, B, 'client')).end(hinted);
  expect(await enter(states, B)).not.toHaveProperty('refused');
  (await lease(states, B)).end(hinted);
  (await lease(states, B, 'client')).end('completed');
  expect(await enter(states, B)).toHaveProperty('refused');
});

test('what a request reports after its end is ignored', async () => {
  const { states } = setup();
  const going = await lease(states, A);
  for (let n = 0; n < UNHEALTHY_AFTER; n++) going.end(failure('upstream_failed'));
  expect(states.snapshot([A])[0]).toMatchObject({ healthy: true, breaker: 'closed', inFlight: 0 });
  going.answered(true);
  expect(states.snapshot([A])[0]).toHaveProperty('lastError');
});

test.each([
  ['upstream_overloaded', 7],
  ['upstream_timeout', 7],
  ['upstream_rate_limited', 7],
  ['upstream_unauthorized', 10],
  ['upstream_failed', 10],
] as const)('after %s, ten at once are %d', async (code, limit) => {
  const { states } = setup();
  const limited = sampleProvider({
    name: 'a',
    concurrency: { max: 10, min: 1, queue: 0, queueTimeoutMs: 1 },
  });
  const going = [];
  for (let n = 0; n < 10; n++) going.push(await lease(states, limited));
  going[0]?.end(failure(code));
  expect(states.snapshot([limited])[0]?.limit).toBe(limit);
});

test('a limit that was cut grows with answers that end well, and is cut where answers begin late', async () => {
  const { states, timers } = setup();
  const limited = sampleProvider({
    name: 'a',
    concurrency: { max: 4, min: 1, queue: 0, queueTimeoutMs: 1 },
  });
  const limit = () => states.snapshot([limited])[0]?.limit;
  /** Two at once, whose answers begin after so long. */
  const round = async (ms: number) => {
    const both = [await lease(states, limited), await lease(states, limited)];
    await timers.advance(ms);
    for (const each of both) each.answered(true);
    for (const each of both) each.end('completed');
  };
  const going = [];
  for (let n = 0; n < 4; n++) going.push(await lease(states, limited));
  for (const each of going) each.end(failure('upstream_overloaded'));
  expect(limit()).toBe(2);
  for (let n = 0; n < 10; n++) await round(100);
  expect(limit()).toBe(4);
  await round(2_000);
  expect(limit()).toBeLessThan(4);
});

test('an answer that ends well makes good what failed while it went on', async () => {
  const { states } = setup();
  const long = await lease(states, B);
  long.answered(true);
  for (let n = 0; n < UNHEALTHY_AFTER; n++) await failed(states, B, 'upstream_failed');
  expect(states.snapshot([B])[0]).toMatchObject({ healthy: false });
  long.end('completed');
  expect(states.snapshot([B])[0]).toMatchObject({ healthy: true });
  expect(states.snapshot([B])[0]).not.toHaveProperty('lastError');
});

test('one provider does not stand for another, nor an address for the one before', async () => {
  const { states } = setup();
  for (let n = 0; n < UNHEALTHY_AFTER; n++) await failed(states, A, 'upstream_failed');
  const moved = { ...A, baseUrl: 'http://127.0.0.1:3/v1' };
  expect(states.snapshot([A, B]).map(({ healthy }) => healthy)).toEqual([false, true]);
  expect(states.snapshot([moved])[0]).toMatchObject({ healthy: true });
});

test('in flight counts what has begun and not ended, even if an end is reported twice', async () => {
  const { states } = setup();
  const leases: Lease[] = [];
  for (let n = 0; n < 3; n++) leases.push(await lease(states, A));
  leases[0]?.end(failure('upstream_failed'));
  leases[0]?.end('completed');
  leases[1]?.end('abandoned');
  expect(states.snapshot([A])[0]?.inFlight).toBe(1);
  leases[2]?.end('completed');
  expect(states.snapshot([A])[0]?.inFlight).toBe(0);
});

describe('breaker', () => {
  const settings = { failures: 2, openForMs: 1_000 };
  const guarded = sampleProvider({ name: 'a', breaker: settings });
  const state = (states: ProviderStates) => states.snapshot([guarded])[0]?.breaker;

  async function opened() {
    const lab = setup();
    await failed(lab.states, guarded, 'upstream_failed');
    await failed(lab.states, guarded, 'upstream_failed');
    return lab;
  }

  test('open: refused, with the time that is left', async () => {
    const { states, timers } = await opened();
    await timers.advance(400);
    const refusal = await enter(states, guarded);
    expect(refusal).toMatchObject({ refused: 'breaker_open', error: { status: 503, retryAfterMs: 600 } });
    expect(states.snapshot([guarded])[0]).toMatchObject({ breaker: 'open', retryInMs: 600, healthy: false });
  });

  test('open: nobody waits for a place with it', async () => {
    const { states } = setup();
    const narrow = { ...guarded, concurrency: { max: 1, min: 1, queue: 5, queueTimeoutMs: 1_000 } };
    for (let n = 0; n < 2; n++) (await lease(states, narrow)).end(failure('upstream_failed'));
    const wide = { ...narrow, breaker: null };
    const going = await lease(states, wide);
    expect(await enter(states, narrow)).toMatchObject({ refused: 'breaker_open' });
    going.end('completed');
  });

  test('open: who waits for a place when it opens is refused, and takes none', async () => {
    const { states, timers } = setup();
    const concurrency = { max: 1, min: 1, queue: 5, queueTimeoutMs: 1_000 };
    const narrow = { ...guarded, breaker: { ...settings, failures: 1 }, concurrency };
    const going = await lease(states, narrow);
    const waiting = [enter(states, narrow), enter(states, narrow)];
    going.end(failure('upstream_failed'));
    await timers.advance(concurrency.queueTimeoutMs);
    const refusal = expect.objectContaining({ refused: 'breaker_open' });
    expect(await Promise.all(waiting)).toEqual([refusal, refusal]);
    expect(states.snapshot([narrow])[0]).toMatchObject({ inFlight: 0, queued: 0 });
  });

  test('half-open: exactly one, until its outcome is known', async () => {
    const { states, timers } = await opened();
    await timers.advance(1_000);
    expect(state(states)).toBe('half-open');
    const entered = await Promise.all(Array.from({ length: 20 }, () => enter(states, guarded)));
    const [probe, ...more] = entered.filter((each): each is Lease => !('refused' in each));
    expect(more).toEqual([]);
    expect(states.snapshot([guarded])[0]?.inFlight).toBe(1);
    probe?.end(failure('upstream_failed'));
    expect(state(states)).toBe('open');
    await timers.advance(1_000);
    (await lease(states, guarded)).end('completed');
    expect(state(states)).toBe('closed');
  });

  test('one that left or was refused by its own doing is no verdict: the next one tries', async () => {
    const { states, timers } = await opened();
    await timers.advance(1_000);
    (await lease(states, guarded)).end('abandoned');
    expect(state(states)).toBe('half-open');
    // The gateway's own: the provider was not to blame, and has not been heard of.
    (await lease(states, guarded)).end(failure('internal'));
    expect(state(states)).toBe('half-open');
    (await lease(states, guarded)).end(failure('upstream_rejected'));
    expect(state(states)).toBe('closed');
  });

  test.each(['upstream_rate_limited', 'upstream_unauthorized'] as const)(
    'one whose key is refused (%s) has met a provider that is there',
    async (code) => {
      const { states, timers } = await opened();
      await timers.advance(1_000);
      (await lease(states, guarded)).end(failure(code));
      expect(state(states)).toBe('closed');
    },
  );

  test('an answer that begins lets others in, one that breaks off closes the way again', async () => {
    const { states, timers } = await opened();
    await timers.advance(1_000);
    const probe = await lease(states, guarded);
    probe.answered(true);
    expect(state(states)).toBe('closed');
    probe.end(failure('upstream_truncated'));
    expect(state(states)).toBe('open');
  });

  test('answers that begin and break off open it, though each one began well', async () => {
    const { states } = setup();
    for (let n = 0; n < 2; n++) {
      const stream = await lease(states, guarded);
      stream.answered(true);
      stream.end(failure('upstream_truncated'));
    }
    expect(state(states)).toBe('open');
  });

  test('what began before it opened says nothing about what came after', async () => {
    const { states, timers } = setup();
    const old = [await lease(states, guarded), await lease(states, guarded), await lease(states, guarded)];
    await failed(states, guarded, 'upstream_failed');
    await failed(states, guarded, 'upstream_failed');
    await timers.advance(1_000);
    (await lease(states, guarded)).end('completed');
    for (const each of old) each.end(failure('upstream_timeout'));
    expect(state(states)).toBe('closed');
  });

  test('null: never', async () => {
    const { states } = setup();
    const open = { ...guarded, breaker: null };
    for (let n = 0; n < 20; n++) await failed(states, open, 'upstream_failed');
    expect(states.snapshot([open])[0]).toMatchObject({ breaker: 'closed', healthy: false });
  });

  test('one that the configuration has no more holds nobody up', async () => {
    const { states } = await opened();
    const open = { ...guarded, breaker: null };
    expect(states.snapshot([open])[0]).toMatchObject({ breaker: 'closed' });
    expect(await enter(states, open)).not.toHaveProperty('refused');
  });
});
