// What tries that failed have cost is in the row: a provider bills what it reported, whatever became of the answer.
import { afterEach, expect, test } from 'bun:test';
import { ASK, createFallbackLab, expectSettled, failure } from '../../support/fallback-lab.ts';
import { CHAT, MESSAGE } from '../../support/message-stream.ts';
import { replyWith } from '../../support/reply.ts';

afterEach(expectSettled);

/** Its head reports 7 tokens of input and 1 of output, then it fails before any content. */
const PAID_FAILURE = replyWith(MESSAGE.start + MESSAGE.error('overloaded_error', 'busy'));

function setup(script: Parameters<typeof createFallbackLab>[0]['script'], prices: Record<string, number>) {
  const overrides = Object.entries(prices).map(([name, price]) => [
    `${name}/*`,
    { input_per_million: price * 1_000_000, output_per_million: 0 },
  ]);
  return createFallbackLab({
    script,
    providers: { one: { max_retries: 1 } },
    config: { costs: { pricing_overrides: Object.fromEntries(overrides) } },
  });
}

test('every try that reported usage, with its cost, and the sum of all', async () => {
  const lab = setup({ one: [PAID_FAILURE], two: ['works'] }, { one: 2, two: 3 });
  await lab.answered(lab.post('/v1/messages', { ...ASK, stream: true }), 500);
  const row = await lab.row();
  expect(row.attempts).toMatchObject([
    { provider: 'one', error: 'upstream_overloaded', usage: { inputTokens: 7 }, costUsd: 14 },
    { provider: 'one', error: 'upstream_overloaded', usage: { inputTokens: 7 }, costUsd: 14 },
    { provider: 'two', error: null },
  ]);
  expect(row).toMatchObject({ status: 'success', costUsd: 14 + 14 + 21 });
  // Tokens are those of the answer.
  expect(row.usage.inputTokens).toBe(7);
});

test('when all fail too', async () => {
  const lab = setup({ one: [PAID_FAILURE] }, { one: 2 });
  await lab.answered(lab.post('/v1/messages', { ...ASK, stream: true }), 500);
  expect(await lab.row()).toMatchObject({ status: 'error', costUsd: 28 });
});

test('a try that reported nothing costs nothing', async () => {
  const lab = setup({ one: [failure(500)], two: ['works'] }, { one: 2, two: 3 });
  await lab.answered(lab.post('/v1/messages', ASK), 500);
  const row = await lab.row();
  expect(row.costUsd).toBe(21);
  expect(row.attempts[0]).not.toHaveProperty('costUsd');
});

test('the cost of a row whose failed try is unpriced is null, not a part of it', async () => {
  const lab = setup({ one: [PAID_FAILURE], two: ['works'] }, { two: 3 });
  await lab.answered(lab.post('/v1/messages', { ...ASK, stream: true }), 500);
  const row = await lab.row();
  expect(row.attempts[0]).toMatchObject({ usage: { inputTokens: 7 }, costUsd: null });
  expect(row.costUsd).toBeNull();
});

test('an answer that breaks before it reports anything costs nobody knows what, and not nothing', async () => {
  const lab = setup({ one: [failure(500)], two: [replyWith(CHAT.start + CHAT.delta('Hi'))] }, { two: 3 });
  const { text } = await lab.answered(lab.post('/v1/messages', { ...ASK, stream: true }), 500);
  expect(text).toContain('connection lost');
  const row = await lab.row();
  expect(row).toMatchObject({ status: 'truncated', usageKnown: false, costUsd: null });
  expect(row.attempts.at(-1)).toMatchObject({ provider: 'two', error: 'upstream_truncated' });
  expect(row.attempts.at(-1)).not.toHaveProperty('costUsd');
});
