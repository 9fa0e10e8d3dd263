// Retries that fail are limited for each provider: many clients that a provider refuses do not ask it several times each, while a
// failure that a retry mends costs nothing, however many requests meet it at once.
import { afterEach, expect, test } from 'bun:test';
import { ASK, createFallbackLab as setup, expectSettled, limited } from '../../support/fallback-lab.ts';
import { MOST_FAILED_RETRIES } from '../../../src/upstream/retry-budget.ts';

afterEach(expectSettled);

const RETRIES = 3;
/** No request waits longer between its tries. */
const ALL_WAITS_MS = 2_000;
const PROVIDERS = { one: { max_retries: RETRIES, breaker: { enabled: false } } };
/** Each uses up its retries. */
const SPENDING = Math.ceil(MOST_FAILED_RETRIES / RETRIES);

type Lab = ReturnType<typeof setup>;

/** The statuses of so many requests at once. */
async function ask(lab: Lab, count: number): Promise<number[]> {
  const answers = Array.from({ length: count }, () => lab.post('/v1/messages', ASK));
  await lab.timers.advance(ALL_WAITS_MS);
  const responses = await Promise.all(answers);
  await Promise.all(responses.map((response) => response.text()));
  return responses.map(({ status }) => status);
}

test('a provider that refuses everything is asked once for each request, after the retries that many may lose', async () => {
  const lab = setup({ script: { one: [limited()] }, providers: PROVIDERS });
  await ask(lab, SPENDING);
  const before = lab.asked.length;
  expect(before).toBeGreaterThan(MOST_FAILED_RETRIES);
  const statuses = await ask(lab, 50);
  expect(new Set(statuses)).toEqual(new Set([429]));
  // Time gives back a retry a second.
  expect(lab.asked.length - before).toBeLessThanOrEqual(50 + 2 * (ALL_WAITS_MS / 1_000));
});

test('what is regained after a pause is there for the next failure', async () => {
  const lab = setup({ script: { one: [limited()] }, providers: PROVIDERS });
  await ask(lab, SPENDING);
  await lab.timers.advance(60_000);
  const before = lab.asked.length;
  await ask(lab, 1);
  expect(lab.asked.length - before).toBe(1 + RETRIES);
});

test('hundreds that fail once at the same time all get their answer', async () => {
  const count = 3 * MOST_FAILED_RETRIES;
  const once = Array.from({ length: count }, () => limited());
  const lab = setup({ script: { one: [...once, 'works'] }, providers: PROVIDERS });
  expect(new Set(await ask(lab, count))).toEqual(new Set([200]));
});

test('without retries left the next target is asked at once', async () => {
  const lab = setup({ script: { one: [limited()], two: ['works'] }, providers: PROVIDERS });
  await ask(lab, SPENDING);
  // These use what time has given back since.
  const others = Array.from({ length: 9 }, () => lab.post('/v1/messages', ASK));
  await lab.timers.advance(200);
  const { response } = await lab.answered(lab.post('/v1/messages', ASK));
  expect(response.headers.get('x-sluice-provider')).toBe('two');
  expect(response.headers.get('x-sluice-attempts')).toBe('2');
  await lab.timers.advance(ALL_WAITS_MS);
  await Promise.all(others);
});
