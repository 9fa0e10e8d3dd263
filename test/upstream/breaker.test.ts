// A breaker on its own, where nobody in front of it sorts out what is said twice or late.
import { beforeEach, expect, test } from 'bun:test';
import { type Breaker, createBreaker } from '../../src/upstream/breaker.ts';

const SETTINGS = { failures: 3, openForMs: 1_000 };
let now = 0;
let breaker: Breaker;
beforeEach(() => {
  now = 0;
  breaker = createBreaker(() => now);
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
