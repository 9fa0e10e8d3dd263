// Durations as they are told to clients.
import { expect, test } from 'bun:test';
import { gemini } from '../../src/dialects/gemini/index.ts';
import { durationMs, inSeconds } from '../../src/model/duration.ts';
import { GatewayError } from '../../src/model/errors.ts';

test.each([
  [1_500, '1.5s'],
  [2_000, '2s'],
  [3_383.832_279_999_99, '3.384s'],
  [0.000_1, '0.001s'],
  [90_061_001, '90061.001s'],
])('%p ms is %s, which reads back as no less', (ms, delay) => {
  expect(inSeconds(ms)).toBe(delay);
  expect(durationMs(delay)).toBeGreaterThanOrEqual(ms);
});

test('Google’s RetryInfo has no more digits than its Duration may have', () => {
  const error = new GatewayError('upstream_overloaded', 'busy', { retryAfterMs: 3_383.832_279_999_99 });
  const body = JSON.stringify(gemini.client.buildError(error, 'request-1'));
  expect(body).toContain('"retryDelay":"3.384s"');
});
