// Two processes before the same provider: what one learns the other knows, and a limit is one limit.
import { describe, expect, test } from 'bun:test';
import { type ErrorCode, GatewayError } from '../../src/model/errors.ts';
import type { Lease } from '../../src/upstream/lease.ts';
import { DividedRoom, type PeerNotice, type SharedRoom } from '../../src/upstream/peers.ts';
import {
  createProviderStates,
  type GuardedProvider,
  type ProviderStates,
} from '../../src/upstream/provider-state.ts';
import { UNHEALTHY_AFTER } from '../../src/upstream/provider-memory.ts';
import { createManualTimers } from '../support/manual-timers.ts';
import { sampleProvider } from '../support/provider-config.ts';

const failure = (code: ErrorCode) => new GatewayError(code, `because of ${code}`);
const PROVIDER = sampleProvider({
  name: 'a',
  apiKeys: ['key-one', 'key-two'],
  breaker: { failures: 3, openForMs: 10_000 },
});

interface Count {
  inFlight: number;
  waiting: number;
  probing: boolean;
}

/** Two processes, each of which hears at once what the other tells. */
function setup() {
  const timers = createManualTimers();
  const counts: [Count, Count] = [
    { inFlight: 0, waiting: 0, probing: false },
    { inFlight: 0, waiting: 0, probing: false },
  ];
  /** Happens between a count that is set and the sum that is made of it. */
  const meanwhile = { run() {} };
  const notices: PeerNotice[] = [];
  /** Those that have been told, but have not arrived; null: they arrive at once. */
  const onTheWay: { late: (() => void)[] | null } = { late: null };
  /** Of which address it is said that it fails. */
  const said: { failing: string | null } = { failing: null };
  /** What each reports to the operator. */
  const told: string[] = [];
  const both: ProviderStates[] = [0, 1].map((own) => {
    const mine = counts[own];
    const theirs = counts[1 - own];
    if (mine === undefined || theirs === undefined) throw new Error('two processes');
    const room: SharedRoom = {
      setInFlight(count) {
        mine.inFlight = count;
        meanwhile.run();
      },
      setWaiting(count) {
        mine.waiting = count;
      },
      othersInFlight: () => theirs.inFlight,
      othersWaiting: () => theirs.waiting,
      setProbing(isOn) {
        mine.probing = isOn;
        return theirs.probing;
      },
      claimNews(baseUrl, isWell) {
        const before = said.failing;
        said.failing = isWell ? null : baseUrl;
        return said.failing !== before;
      },
    };
    return createProviderStates(
      { monotonic: timers.now, setTimer: timers.setTimer },
      {
        notify(notice) {
          notices.push(notice);
          // As over a pipe: what cannot be cloned cannot be told.
          const arrive = () => both[1 - own]?.learn(structuredClone(notice));
          if (onTheWay.late === null) arrive();
          else onTheWay.late.push(arrive);
        },
        room: () => room,
      },
      (_, { what }) => told.push(`${own}: ${what}`),
    );
  });
  const [one, other] = both;
  if (one === undefined || other === undefined) throw new Error('two processes');
  return { timers, one, other, notices, told, counts, meanwhile, onTheWay };
}

function enter(states: ProviderStates, provider: GuardedProvider, model = 'm') {
  const question = {
    model,
    conversation: () => null,
    lastResort: false,
    isRetry: false,
    key: 'own',
  } as const;
  return states.enter({ ...question, provider, signal: new AbortController().signal });
}

async function lease(
  states: ProviderStates,
  provider: GuardedProvider = PROVIDER,
  model = 'm',
): Promise<Lease> {
  const entered = await enter(states, provider, model);
  if ('refused' in entered) throw entered.error;
  return entered;
}

const stateOf = (states: ProviderStates, provider: GuardedProvider = PROVIDER) =>
  states.snapshot([provider])[0];

test('requests that go well notify the other process nothing', async () => {
  const { one, notices } = setup();
  const going = await lease(one);
  going.answered(true);
  going.end('completed');
  expect(notices).toEqual([]);
});

test('requests of a key that one model alone had set aside notify nothing, however long ago', async () => {
  const { one, notices } = setup();
  const single = { ...PROVIDER, apiKeys: ['key-one'] };
  const limited = new GatewayError('upstream_rate_limited', 'slow down', { retryAfterMs: 5_000 });
  (await lease(one, single, 'limited')).end(limited);
  (await lease(one, single)).end('completed');
  notices.length = 0;
  (await lease(one, single)).end('completed');
  expect(notices).toEqual([]);
});

test('failures in both count together, and the breaker opens in both', async () => {
  const { one, other, told } = setup();
  (await lease(one)).end(failure('upstream_failed'));
  (await lease(other)).end(failure('upstream_failed'));
  expect(stateOf(one)).toMatchObject({ breaker: 'closed', healthy: true });
  expect(told).toEqual([]);
  (await lease(one)).end(failure('upstream_failed'));
  expect(told).toEqual(['0: fails']);
  for (const states of [one, other]) {
    expect(stateOf(states)).toMatchObject({ breaker: 'open', healthy: false });
    expect(await enter(states, PROVIDER)).toHaveProperty('refused');
  }
});

test('that it fails and works again is told by the process that meets it, and not by the other too', async () => {
  const { one, other, timers, told } = setup();
  for (let n = 0; n < 3; n++) (await lease(one)).end(failure('upstream_failed'));
  expect(told).toEqual(['0: fails']);
  await timers.advance(10_000);
  for (const states of [other, one]) {
    const going = await lease(states);
    going.answered(true);
    going.end('completed');
  }
  expect(told).toEqual(['0: fails', '1: works again']);
});

test('that it fails is told once where the failures of both cross, so that each learns the last from the other', async () => {
  const { one, other, told, onTheWay } = setup();
  onTheWay.late = [];
  (await lease(one)).end(failure('upstream_failed'));
  (await lease(other)).end(failure('upstream_failed'));
  (await lease(other)).end(failure('upstream_failed'));
  expect(told).toEqual([]);
  for (const arrive of onTheWay.late.splice(0)) arrive();
  await Promise.resolve();
  expect([one, other].map((states) => stateOf(states)?.breaker)).toEqual(['open', 'open']);
  expect(told).toHaveLength(1);
  expect(told[0]).toEndWith('fails');
});

test('that it works again is told once where one has an answer from it before the trial of the other is over', async () => {
  const { one, other, timers, told } = setup();
  for (let n = 0; n < 3; n++) (await lease(one)).end(failure('upstream_failed'));
  await timers.advance(10_000);
  const trial = await lease(one);
  trial.answered(true);
  const short = await lease(other);
  short.answered(true);
  await Promise.resolve();
  expect(told).toEqual(['0: fails']);
  short.end('completed');
  trial.end('completed');
  await Promise.resolve();
  expect(told).toEqual(['0: fails', '1: works again']);
});

test('that it works again is told of one address, though another has been asked meanwhile', async () => {
  const { one, timers, told } = setup();
  for (let n = 0; n < 3; n++) (await lease(one)).end(failure('upstream_failed'));
  (await lease(one, { ...PROVIDER, baseUrl: 'http://elsewhere/v1' })).end('completed');
  await timers.advance(10_000);
  (await lease(one)).end('completed');
  expect(told).toEqual(['0: fails', '0: works again']);
});

test('without a breaker, one of them tells that it fails', async () => {
  const { one, other, told } = setup();
  const unguarded = { ...PROVIDER, breaker: null };
  for (let n = 0; n < UNHEALTHY_AFTER; n++)
    for (const states of [one, other]) (await lease(states, unguarded)).end(failure('upstream_failed'));
  expect(told).toHaveLength(1);
});

test('that a client’s own key is answered where the gateway’s is refused, is known to both', async () => {
  const { one, other } = setup();
  const keyed = { ...PROVIDER, apiKeys: ['refused'] };
  const healthy = () => [one, other].map((states) => states.snapshot([keyed])[0]?.healthy);
  (await lease(one, keyed)).end(new GatewayError('upstream_unauthorized', 'no', { status: 401 }));
  expect(healthy()).toEqual([false, false]);
  const question = { model: 'm', conversation: () => null, lastResort: false, isRetry: false };
  const signal = new AbortController().signal;
  const entered = await other.enter({ ...question, provider: keyed, key: 'client', signal });
  if ('refused' in entered) throw entered.error;
  entered.end('completed');
  expect(healthy()).toEqual([true, true]);
});

test('one request alone tries a half-open breaker, and its success closes it in both', async () => {
  const { one, other, timers } = setup();
  for (let n = 0; n < 3; n++) (await lease(one)).end(failure('upstream_failed'));
  await timers.advance(10_000);
  const probe = await lease(one);
  expect(await enter(other, PROVIDER)).toHaveProperty('refused');
  // As soon as it is answered: the rest may take minutes.
  probe.answered(true);
  expect(stateOf(other)).toMatchObject({ breaker: 'closed' });
  probe.end('completed');
  for (const states of [one, other])
    expect(stateOf(states)).toMatchObject({ breaker: 'closed', healthy: true });
  // What failed before is forgotten in both.
  for (let n = 0; n < 2; n++) (await lease(other)).end(failure('upstream_failed'));
  expect(stateOf(other)).toMatchObject({ breaker: 'closed' });
});

test('a probe that its client left lets the other process try', async () => {
  const { one, other, timers } = setup();
  for (let n = 0; n < 3; n++) (await lease(one)).end(failure('upstream_failed'));
  await timers.advance(10_000);
  (await lease(one)).end('abandoned');
  expect(await enter(other, PROVIDER)).not.toHaveProperty('refused');
});

test('two that come to a half-open breaker before either has reported: one is let through', async () => {
  const { one, timers, counts } = setup();
  for (let n = 0; n < 3; n++) (await lease(one)).end(failure('upstream_failed'));
  await timers.advance(10_000);
  counts[1].probing = true;
  // Not at once again: the other is under way.
  expect(await enter(one, PROVIDER)).toMatchObject({
    refused: 'breaker_open',
    error: { retryAfterMs: 1_000 },
  });
  expect(counts[0].probing).toBe(false);
  counts[1].probing = false;
  for (const outcome of ['abandoned', failure('upstream_failed'), 'completed'] as const) {
    const probe = await lease(one);
    expect(counts[0].probing).toBe(true);
    probe.end(outcome);
    expect(counts[0].probing).toBe(false);
    await timers.advance(10_000);
  }
  expect(stateOf(one)).toMatchObject({ breaker: 'closed' });
});

test('a probe whose process is gone holds nobody up', async () => {
  const { one, other, timers, counts } = setup();
  for (let n = 0; n < 3; n++) (await lease(one)).end(failure('upstream_failed'));
  await timers.advance(10_000);
  await lease(one);
  expect(await enter(other, PROVIDER)).toHaveProperty('refused');
  // As the primary does before it says so.
  counts[0].probing = false;
  other.peerGone();
  expect(await enter(other, PROVIDER)).not.toHaveProperty('refused');
});

test('a failed probe opens it again in both', async () => {
  const { one, other, timers } = setup();
  for (let n = 0; n < 3; n++) (await lease(one)).end(failure('upstream_failed'));
  await timers.advance(10_000);
  (await lease(other)).end(failure('upstream_failed'));
  for (const states of [one, other]) expect(stateOf(states)).toMatchObject({ breaker: 'open' });
});

test('a key refused in one is set aside in both, and good again in both', async () => {
  const { one, other, timers } = setup();
  const first = await lease(one);
  first.end(new GatewayError('upstream_rate_limited', 'slow down', { retryAfterMs: 5_000 }));
  const aside = (states: ProviderStates) => stateOf(states)?.keys.map(({ state }) => state);
  expect(aside(other)).toEqual(aside(one));
  expect(aside(other)).toContain('rate_limited');
  // As long as the provider asked for, in the one that was only told, too.
  await timers.advance(4_998);
  for (const states of [one, other]) expect(aside(states)).toContain('rate_limited');
  await timers.advance(2);
  for (const states of [one, other]) expect(aside(states)).toEqual(['ready', 'ready']);
});

test('a key that serves after all is good in both before its time', async () => {
  const { one, other } = setup();
  const going = [await lease(one), await lease(one), await lease(one)];
  const [limited, well] = going.filter(({ key }) => key === 'key-one');
  limited?.end(new GatewayError('upstream_rate_limited', 'slow down', { retryAfterMs: 60_000 }));
  expect(stateOf(other)?.keys[0]).toMatchObject({ state: 'rate_limited' });
  well?.end('completed');
  for (const states of [one, other]) expect(stateOf(states)?.keys[0]).toMatchObject({ state: 'ready' });
});

test.each([
  ['refused', { code: 'upstream_unauthorized', status: 401 }, 'refused', undefined],
  ['refused for a model', { code: 'upstream_unauthorized', status: 403 }, 'refused', ['m']],
  ['used up', { code: 'upstream_rate_limited', exhausted: true }, 'exhausted', undefined],
  ['used up for a model', { code: 'upstream_rate_limited', exhausted: 'model' }, 'exhausted', ['m']],
] as const)('a key that is %s is so in both', async (_, { code, ...notice }, state, models) => {
  const { one, other } = setup();
  (await lease(one)).end(new GatewayError(code, 'not with this key', notice));
  const [aside] = (stateOf(other)?.keys ?? []).filter((key) => key.state !== 'ready');
  expect([aside?.state, aside?.models]).toEqual([state, models && [...models]]);
  expect(stateOf(other)?.keys).toEqual(stateOf(one)?.keys ?? []);
});

test('a room is reported all that goes on in its shares, and of a probe as long as one is on', () => {
  const notices: unknown[] = [];
  const divided = new DividedRoom({
    setInFlight: (count) => notices.push(['in flight', count]),
    setWaiting: (count) => notices.push(['waiting', count]),
    othersInFlight: () => 0,
    othersWaiting: () => 0,
    setProbing: (isOn) => notices.push(['probing', isOn]) < 0,
    claimNews: (baseUrl, isWell) => notices.push([baseUrl, isWell]) < 0,
  });
  const [one, other] = [divided.share(), divided.share()];
  one.setInFlight(2);
  other.setInFlight(3);
  one.setWaiting(4);
  other.setWaiting(1);
  one.setProbing(true);
  other.setProbing(true);
  other.setProbing(false);
  one.setProbing(false);
  expect(one.claimNews('http://one/v1', false)).toBe(false);
  expect(notices.pop()).toEqual(['http://one/v1', false]);
  expect(notices).toEqual([
    ['in flight', 2],
    ['in flight', 5],
    ['waiting', 4],
    ['waiting', 5],
    ...[true, true, true, false].map((isOn) => ['probing', isOn]),
  ]);
});

test('who finds no room is reported the requests of both', async () => {
  const { one, other } = setup();
  const limited = sampleProvider({
    name: 'a',
    concurrency: { max: 1, min: 1, queue: 1, queueTimeoutMs: 60_000 },
  });
  const going = await lease(one, limited);
  const waits = lease(one, limited);
  const refused = await enter(other, limited);
  expect('refused' in refused && refused.error.message).toBe(
    'a was not asked: it has 1 in flight and 1 waiting, and the queue is full (providers.a.concurrency)',
  );
  going.end('completed');
  (await waits).end('completed');
});

test('a limit is one limit: places are counted together, and one that is freed lets the other process in', async () => {
  const { one, other } = setup();
  const limited = sampleProvider({
    name: 'a',
    concurrency: { max: 2, min: 1, queue: 1, queueTimeoutMs: 60_000 },
  });
  const first = await lease(one, limited);
  await lease(other, limited);
  expect(one.inFlight(limited)).toBe(2);
  let entered = false;
  const third = lease(other, limited).then((given) => {
    entered = true;
    return given;
  });
  await Promise.resolve();
  expect(entered).toBe(false);
  // The queue is one queue too.
  expect(await enter(one, limited)).toHaveProperty('refused');
  first.end('completed');
  await third;
  expect(other.inFlight(limited)).toBe(2);
});

test('the places of a process that is gone are free for who waits in another', async () => {
  const { one, other, counts } = setup();
  const limited = sampleProvider({
    name: 'a',
    concurrency: { max: 1, min: 1, queue: 1, queueTimeoutMs: 60_000 },
  });
  await lease(one, limited);
  const waits = lease(other, limited);
  // As the primary does before it says so.
  counts[0].inFlight = 0;
  other.peerGone();
  expect(await waits).toHaveProperty('key', null);
});

test('a look that finds a provider well again heals it in both', async () => {
  const { one, other } = setup();
  const unguarded = { ...PROVIDER, breaker: null };
  for (let n = 0; n < UNHEALTHY_AFTER; n++) one.beginProbe(unguarded)?.(failure('upstream_unreachable'));
  for (const states of [one, other]) expect(stateOf(states, unguarded)?.healthy).toBe(false);
  other.beginProbe(unguarded)?.(null);
  for (const states of [one, other]) expect(stateOf(states, unguarded)?.healthy).toBe(true);
});

const TWO_PLACES = sampleProvider({
  name: 'a',
  concurrency: { max: 2, min: 1, queue: 10, queueTimeoutMs: 60_000 },
});

describe('an address that changes while requests run', () => {
  const settings = { max: 2, min: 1, queue: 0, queueTimeoutMs: 1 };
  const before = sampleProvider({ name: 'a', concurrency: settings });
  const moved = { ...before, baseUrl: 'http://127.0.0.1:3/v1' };

  test('what the old server still answers is not counted as the new one’s, nor is it lost', async () => {
    const { one, other, counts } = setup();
    const old = [await lease(one, before), await lease(one, before)];
    const fresh = [await lease(one, moved), await lease(one, moved)];
    for (const each of old) each.end('completed');
    expect(counts[0].inFlight).toBe(2);
    expect(await enter(other, moved)).toHaveProperty('refused');
    for (const each of fresh) each.end('completed');
    expect(counts[0].inFlight).toBe(0);
    expect(await enter(other, moved)).not.toHaveProperty('refused');
  });

  test('what others say of the old server makes nobody forget the new one', async () => {
    const { one, other } = setup();
    const roomy = { ...settings, max: 4 };
    const [was, is] = [before, moved].map((provider) => ({ ...provider, concurrency: roomy }));
    if (was === undefined || is === undefined) throw new Error('two addresses');
    const old = await lease(one, was);
    await lease(other, is);
    for (let n = 0; n < UNHEALTHY_AFTER; n++) (await lease(other, is)).end(failure('upstream_failed'));
    old.end(failure('upstream_failed'));
    expect(stateOf(other, is)).toMatchObject({ inFlight: 1, healthy: false });
    expect(stateOf(one, is)).toMatchObject({ healthy: false });
  });
});

test('while all places are taken and both wait, nothing is reported', async () => {
  const { one, other, notices, timers } = setup();
  const held = [await lease(one, TWO_PLACES), await lease(other, TWO_PLACES)];
  const waiting = [one, other, one, other].map((states) => lease(states, TWO_PLACES));
  await timers.advance(1_000);
  expect(notices).toEqual([]);
  expect([one, other].map((states) => stateOf(states, TWO_PLACES)?.queued)).toEqual([2, 2]);
  for (const each of [...held, ...waiting]) (await each).end('completed');
  expect([one, other].map((states) => stateOf(states, TWO_PLACES)?.inFlight)).toEqual([0, 0]);
});

test('two that come at once to the last place: one of them has it a moment later', async () => {
  const { one, timers, counts, meanwhile } = setup();
  await lease(one, TWO_PLACES);
  meanwhile.run = () => {
    meanwhile.run = () => {};
    counts[1].inFlight += 1;
  };
  let entered = false;
  void lease(one, TWO_PLACES).then(() => {
    entered = true;
  });
  // The other, too, has seen that there was one too many.
  counts[1].inFlight -= 1;
  await Promise.resolve();
  expect(entered).toBe(false);
  await timers.advance(1);
  expect(entered).toBe(true);
});

test('a limit that one has cut holds in both, and in one that begins later', async () => {
  const { one, other, timers } = setup();
  const limited = sampleProvider({
    name: 'a',
    breaker: null,
    concurrency: { max: 10, min: 1, queue: 0, queueTimeoutMs: 1 },
  });
  const leases = [];
  for (const states of [one, other, one, other]) leases.push(await lease(states, limited));
  leases[0]?.end(failure('upstream_overloaded'));
  expect(stateOf(one, limited)?.limit).toBe(2);
  expect(stateOf(other, limited)?.limit).toBe(2);
  const late = createProviderStates({ monotonic: timers.now, setTimer: timers.setTimer });
  for (const notice of other.recall()) late.learn(structuredClone(notice));
  expect(stateOf(late, limited)?.limit).toBe(2);
});

test('a process that begins later knows what the others know', async () => {
  const { one, other, timers } = setup();
  const begin = () => {
    const late = createProviderStates({ monotonic: timers.now, setTimer: timers.setTimer });
    for (const notice of one.recall()) late.learn(structuredClone(notice));
    return late;
  };
  expect(stateOf(begin())).toEqual(stateOf(one));
  (await lease(one)).end(new GatewayError('upstream_rate_limited', 'slow down', { retryAfterMs: 60_000 }));
  for (let n = 0; n < 3; n++) (await lease(other)).end(failure('upstream_failed'));
  await timers.advance(4_000);
  expect(stateOf(begin())).toMatchObject({ breaker: 'open', retryInMs: 6_000, healthy: false });
  expect(stateOf(begin())).toEqual(stateOf(one));
  await timers.advance(6_000);
  expect(await enter(begin(), PROVIDER)).not.toHaveProperty('refused');
  const probe = await lease(one);
  expect(await enter(begin(), PROVIDER)).toHaveProperty('refused');
  probe.end(failure('upstream_failed'));
  expect(stateOf(begin())).toMatchObject({ breaker: 'open', retryInMs: 10_000 });
});
