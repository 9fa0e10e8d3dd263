// Why a provider is not asked, in words and in the error that a client gets where nobody else is left.
import { expect, test } from 'bun:test';
import {
  allRefused,
  refusedByBreaker,
  refusedByBudget,
  refusedByKeys,
  refusedByLimit,
  refusedWithoutKey,
} from '../../src/upstream/refusal.ts';

const LAB = { name: 'lab', apiKeys: ['one'] };
const TWO_KEYS = { name: 'lab', apiKeys: ['one', 'two'] };

test('an open breaker: when it is tried again, and what failed last, without its words', () => {
  const refusal = refusedByBreaker('lab', 1_500, 'upstream_failed: lab said a secret');
  expect(refusal).toMatchObject({ refused: 'breaker_open', worthWaiting: false });
  expect(refusal.error).toMatchObject({
    code: 'upstream_overloaded',
    status: 503,
    retryAfterMs: 1_500,
    message:
      'lab was not asked: its circuit breaker is open after failures in a row, the last one upstream_failed; it is tried again in 2 s (breaker.open_for)',
  });
  expect(refusedByBreaker('lab', 0, undefined).error.message).toContain('in a row; it is tried again in 1 s');
});

test.each([
  ['refused', LAB, 'upstream_unauthorized', 'it was refused', false],
  ['exhausted', TWO_KEYS, 'upstream_rate_limited', 'each of its 2 keys has used up its quota', false],
  ['rate_limited', TWO_KEYS, 'upstream_rate_limited', 'each of its 2 keys was asked to wait', true],
  ['overloaded', LAB, 'upstream_overloaded', 'it was asked to wait, as the provider is overloaded', true],
] as const)('keys that are set aside: %s', (why, provider, code, words, worthWaiting) => {
  const refusal = refusedByKeys(provider, { waitMs: 61_000, why });
  expect(refusal).toMatchObject({ refused: 'keys_set_aside', worthWaiting });
  expect(refusal.error).toMatchObject({
    code,
    retryAfterMs: 61_000,
    message: `lab was not asked: ${words}; it is asked again in 61 s`,
  });
});

test.each([
  ['full', 'and the queue is full'],
  ['late', 'and no slot became free in time'],
] as const)('no room: %s', (shed, words) => {
  const refusal = refusedByLimit('lab', { shed, inFlight: 4, waiting: 2, retryAfterMs: 900 });
  const { error } = refusal;
  expect(refusal).toMatchObject({ refused: 'busy', worthWaiting: false });
  expect(error).toMatchObject({
    code: 'rate_limited',
    retryAfterMs: 900,
    message: `lab was not asked: it has 4 in flight and 2 waiting, ${words} (providers.lab.concurrency)`,
  });
});

test.each([
  [599_000, '599 s'],
  [600_000, '10 min'],
  [7_199_000, '120 min'],
  [7_200_000, '2 h'],
  [3 * 3_600_000 + 1, '4 h'],
])('a budget that is used up, %d ms before its next period: no request waits for that', (waitMs, until) => {
  const refusal = refusedByBudget('the budget of 5 USD a day is used up', waitMs);
  expect(refusal).toMatchObject({ refused: 'budget_spent', worthWaiting: false });
  expect(refusal.error).toMatchObject({
    code: 'budget_exceeded',
    retryAfterMs: waitMs,
    exhausted: true,
    message: `the budget of 5 USD a day is used up; it is renewed in ${until} (costs.budgets)`,
  });
});

test('of several: the one error where they agree, else 503; the soonest time, each reason once', () => {
  const limited = refusedByKeys(LAB, { waitMs: 9_000, why: 'rate_limited' });
  const open = refusedByBreaker('other', 4_000, undefined);
  expect(allRefused([])).toBeUndefined();
  expect(allRefused([limited])).toBe(limited.error);
  const soon = refusedByKeys({ ...LAB, name: 'third' }, { waitMs: 2_000, why: 'rate_limited' });
  expect(allRefused([limited, soon, limited])).toMatchObject({
    code: 'upstream_rate_limited',
    status: limited.error.status,
    retryAfterMs: 2_000,
    message: `${limited.error.message}; ${soon.error.message}`,
  });
  expect(allRefused([limited, open])).toMatchObject({
    code: 'upstream_overloaded',
    status: 503,
    retryAfterMs: 4_000,
    message: `${limited.error.message}; ${open.error.message}`,
  });
});

test('one without a key matters where there is no other: it has no time to come back at', () => {
  const keyless = refusedWithoutKey('lab');
  expect(keyless).toMatchObject({ refused: 'no_key', worthWaiting: false });
  expect(keyless.error).toMatchObject({ code: 'upstream_unauthorized', retryAfterMs: undefined });
  const open = refusedByBreaker('other', 4_000, undefined);
  expect(allRefused([keyless, open, keyless])).toBe(open.error);
  expect(allRefused([keyless, refusedWithoutKey('third')])).toBe(keyless.error);
});
