// How many retries at a provider may still fail.
import { expect, test } from 'bun:test';
import { createRetryBudget, MOST_FAILED_RETRIES, type RetryBudget } from '../../src/upstream/retry-budget.ts';

const still = () => 0;

function fail(budget: RetryBudget, times = 1): void {
  for (let n = 0; n < times; n++) {
    budget.began();
    budget.ended('failed');
  }
}

test('each that fails counts, until none is left', () => {
  const budget = createRetryBudget(still);
  fail(budget, MOST_FAILED_RETRIES - 1);
  expect(budget.isLeft()).toBe(true);
  fail(budget);
  expect(budget.isLeft()).toBe(false);
});

test('what is answered or abandoned costs nothing', () => {
  const budget = createRetryBudget(still);
  for (let n = 0; n < 2 * MOST_FAILED_RETRIES; n++) {
    budget.began();
    budget.ended(n % 2 === 0 ? 'abandoned' : 'answered');
  }
  expect(budget.isLeft()).toBe(true);
});

test.each<[string, (budget: RetryBudget) => void]>([
  ['a first try', (budget) => budget.answered()],
  [
    'a retry',
    (budget) => {
      budget.began();
      budget.ended('answered');
    },
  ],
])('%s that is answered gives one back', (_, answer) => {
  const budget = createRetryBudget(still);
  fail(budget, 2 * MOST_FAILED_RETRIES);
  answer(budget);
  expect(budget.isLeft()).toBe(true);
  fail(budget);
  expect(budget.isLeft()).toBe(false);
});

test('each second gives one back, but never more than at first', () => {
  let now = 0;
  const budget = createRetryBudget(() => now);
  fail(budget, MOST_FAILED_RETRIES);
  now = 999;
  expect(budget.isLeft()).toBe(false);
  now = 1_000;
  expect(budget.isLeft()).toBe(true);
  now = 1_000_000;
  expect(budget.isLeft()).toBe(true);
  fail(budget, MOST_FAILED_RETRIES);
  expect(budget.isLeft()).toBe(false);
});

test('of few left, those under way may fail too', () => {
  const budget = createRetryBudget(still);
  budget.began();
  fail(budget, MOST_FAILED_RETRIES - 1);
  expect(budget.isLeft()).toBe(false);
  budget.ended('abandoned');
  expect(budget.isLeft()).toBe(true);
});

test('of many, any number may be under way', () => {
  const budget = createRetryBudget(still);
  for (let n = 0; n < 2 * MOST_FAILED_RETRIES; n++) budget.began();
  expect(budget.isLeft()).toBe(true);
});
