// A circuit breaker by itself: results that arrive twice or late.
import { beforeEach, expect, test } from 'bun:test';
import { Breaker, type BreakerEvent } from '../../src/upstream/breaker.ts';

const SETTINGS = { failures: 3, openForMs: 1_000 };
let now = 0;
let breaker: Breaker;
/** What other processes were told. */
let told: BreakerEvent[];
/** Each claim of the right to try it, true, and its return, false. */
let claims: boolean[];
beforeEach(() => {
  now = 0;
  told = [];
  claims = [];
  breaker = new Breaker(
    () => now,
    (met) => told.push(met),
    (isOn) => {
      claims.push(isOn);
      return true;
    },
  );
});

function failTimes(count: number): void {
  for (let at = 0; at < count; at++) breaker.enter(SETTINGS)?.failed();
}

test('one request counts once, however often its failure is reported', () => {
  const permit = breaker.enter(SETTINGS);
  for (let count = 0; count < SETTINGS.failures; count++) permit?.failed();
  expect(breaker.state()).toBe('closed');
  failTimes(2);
  expect(breaker.state()).toBe('open');
});

test('what fails elsewhere while it is open does not keep it open for longer', () => {
  failTimes(SETTINGS.failures);
  now = 900;
  breaker.learn('failed', SETTINGS);
  expect(breaker.waitMs()).toBe(100);
});

test('an answer that began elsewhere lets requests in, and one more failure opens it again', () => {
  failTimes(SETTINGS.failures);
  now = 1_000;
  breaker.learn('probing', SETTINGS);
  expect(breaker.enter(SETTINGS)).toBeUndefined();
  breaker.learn('spoke', SETTINGS);
  expect(breaker.state()).toBe('closed');
  failTimes(1);
  expect(breaker.state()).toBe('open');
});

test('while its one request is on its way, others are refused with a wait', () => {
  failTimes(SETTINGS.failures);
  now = 1_000;
  expect(breaker.waitMs()).toBe(0);
  const probe = breaker.enter(SETTINGS);
  expect(breaker.waitMs()).toBeGreaterThan(0);
  probe?.abandoned();
  expect(breaker.waitMs()).toBe(0);
});

test('the late success of a request from before it opened does not close it', () => {
  const early = breaker.enter(SETTINGS);
  failTimes(SETTINGS.failures);
  early?.succeeded();
  expect(breaker.state()).toBe('open');
});

test('its one request opens it again by a single failure, also where more have been allowed meanwhile', () => {
  failTimes(SETTINGS.failures);
  now = 1_000;
  const moreAllowed = { ...SETTINGS, failures: 10 };
  breaker.enter(moreAllowed)?.failed();
  expect(breaker.state()).toBe('open');
  now = 2_000;
  breaker.learn('probing', moreAllowed);
  breaker.learn('failed', moreAllowed);
  expect(breaker.state()).toBe('open');
});

test('others are told how its one request goes, and nothing of what changes nothing', () => {
  breaker.enter(SETTINGS)?.abandoned();
  breaker.enter(SETTINGS)?.succeeded();
  expect(told).toEqual([]);
  failTimes(SETTINGS.failures);
  now = 1_000;
  breaker.enter(SETTINGS)?.abandoned();
  const probe = breaker.enter(SETTINGS);
  probe?.spoke();
  probe?.succeeded();
  expect(told.slice(SETTINGS.failures)).toEqual(['probing', 'probed', 'probing', 'spoke', 'succeeded']);
  expect(claims).toEqual([true, false, true, false]);
});

test('a request that another process tries it with is not this one’s to give up, nor the reverse', () => {
  failTimes(SETTINGS.failures);
  now = 1_000;
  breaker.learn('probing', SETTINGS);
  breaker.learn('failed', SETTINGS);
  expect([breaker.state(), claims]).toEqual(['open', []]);
  now = 2_000;
  const own = breaker.enter(SETTINGS);
  breaker.peerGone();
  expect(breaker.enter(SETTINGS)).toBeUndefined();
  // Two that tried at the same moment.
  breaker.learn('probing', SETTINGS);
  own?.spoke();
  expect(breaker.state()).toBe('closed');
});

test('a process that starts goes on from what the others know', () => {
  const started = () => {
    const another = new Breaker(() => now);
    another.adopt(breaker.recall());
    return another;
  };
  failTimes(2);
  const closed = started();
  expect(closed.state()).toBe('closed');
  closed.enter(SETTINGS)?.failed();
  expect(closed.state()).toBe('open');
  failTimes(1);
  now = 400;
  expect(started().waitMs()).toBe(600);
  now = 1_000;
  breaker.enter(SETTINGS);
  expect(started().enter(SETTINGS)).toBeUndefined();
});

test('what a process began before it knew what the others know says nothing of it', () => {
  failTimes(SETTINGS.failures);
  const another = new Breaker(() => now);
  const early = another.enter(SETTINGS);
  another.adopt(breaker.recall());
  early?.succeeded();
  expect(another.state()).toBe('open');
});
