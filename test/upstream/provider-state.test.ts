// What the gateway remembers of each provider from its own requests.
import { expect, test } from 'bun:test';
import { ERROR_RULES, type ErrorCode, GatewayError } from '../../src/model/errors.ts';
import { createProviderStates, UNHEALTHY_AFTER } from '../../src/upstream/provider-state.ts';

const failure = (code: ErrorCode): GatewayError => new GatewayError(code, `because of ${code}`);

test('a provider never asked is healthy, and those asked for come in order', () => {
  const states = createProviderStates();
  states.started('b');
  expect(states.snapshot(['c', 'b'])).toEqual([
    { name: 'c', healthy: true, breaker: 'closed', inFlight: 0 },
    { name: 'b', healthy: true, breaker: 'closed', inFlight: 1 },
  ]);
});

test('three failures in a row make it unhealthy, one success healthy again', () => {
  const states = createProviderStates();
  const state = () => states.snapshot(['a'])[0];
  for (let n = 1; n < UNHEALTHY_AFTER; n++) states.failed('a', failure('upstream_timeout'));
  expect(state()).toMatchObject({
    healthy: true,
    lastError: 'upstream_timeout: because of upstream_timeout',
  });
  states.failed('a', failure('upstream_overloaded'));
  expect(state()).toMatchObject({ healthy: false, lastError: expect.stringContaining('overloaded') });
  states.succeeded('a');
  expect(state()).toEqual({ name: 'a', healthy: true, breaker: 'closed', inFlight: 0 });
});

test('successes in between keep it healthy', () => {
  const states = createProviderStates();
  for (let n = 0; n < 10; n++) {
    states.failed('a', failure('upstream_failed'));
    states.failed('a', failure('upstream_failed'));
    states.succeeded('a');
  }
  states.failed('a', failure('upstream_failed'));
  expect(states.snapshot(['a'])[0]?.healthy).toBe(true);
});

test('every code counts as its blame says', () => {
  for (const code of Object.keys(ERROR_RULES) as ErrorCode[]) {
    const states = createProviderStates();
    for (let n = 0; n < UNHEALTHY_AFTER; n++) states.failed('a', failure(code));
    expect([code, states.snapshot(['a'])[0]?.healthy]).toEqual([
      code,
      ERROR_RULES[code].blame !== 'provider',
    ]);
  }
});

test('one provider does not stand for another', () => {
  const states = createProviderStates();
  for (let n = 0; n < UNHEALTHY_AFTER; n++) states.failed('a', failure('upstream_failed'));
  expect(states.snapshot(['a', 'b']).map(({ healthy }) => healthy)).toEqual([false, true]);
});

test('in flight is what was started and not finished', () => {
  const states = createProviderStates();
  states.started('a');
  states.started('a');
  states.failed('a', failure('upstream_failed'));
  states.finished('a');
  expect(states.snapshot(['a'])[0]?.inFlight).toBe(1);
  states.finished('a');
  states.finished('a');
  expect(states.snapshot(['a'])[0]?.inFlight).toBe(0);
});
