import { describe, expect, test } from 'bun:test';
import { parseRetryAfter, parseRetryInfo } from '../../src/upstream/retry-after.ts';

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);

const CASES: [Record<string, string>, number | undefined][] = [
  [{}, undefined],
  [{ 'retry-after': '3' }, 3_000],
  [{ 'retry-after': '0' }, 0],
  [{ 'retry-after': ' 1.5 ' }, 1_500],
  [{ 'retry-after-ms': '250' }, 250],
  [{ 'retry-after-ms': '250', 'retry-after': '1' }, 250],
  [{ 'retry-after-ms': 'soon', 'retry-after': '1' }, 1_000],
  [{ 'retry-after': 'Thu, 01 Jan 2026 12:00:07 GMT' }, 7_000],
  [{ 'retry-after': 'Thu, 01 Jan 2026 11:00:00 GMT' }, 0],
  // The server's clock is an hour ahead: what counts is the difference it states.
  [{ 'retry-after': 'Thu, 01 Jan 2026 13:00:05 GMT', date: 'Thu, 01 Jan 2026 13:00:00 GMT' }, 5_000],
  [{ 'retry-after': 'Thu, 01 Jan 2026 12:00:05 GMT', date: 'garbage' }, 5_000],
  [{ 'retry-after': 'later' }, undefined],
  [{ 'retry-after': '-1' }, undefined],
  [{ 'retry-after': '2026' }, 2_026_000],
  [{ 'retry-after': '2026-01-01' }, undefined],
  [{ 'retry-after': '' }, undefined],
];

test.each(CASES)('%j', (headers, expected) => {
  expect(parseRetryAfter(new Headers(headers), NOW)).toBe(expected as number);
});

describe('in an error body', () => {
  const details = (retryDelay: unknown) => [
    { '@type': 'type.googleapis.com/google.rpc.Help', retryDelay: '1s' },
    { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay },
  ];
  test.each([
    [{ error: { details: details('48s') } }, 48_000],
    [[{ error: { details: details('0.5s') } }], 500],
    [{ error: { details: details('48.939935699s') } }, 48_940],
    [{ error: { details: details('soon') } }, undefined],
    [{ error: { details: details(5) } }, undefined],
    [{ error: { details: 'RetryInfo' } }, undefined],
    [{ message: 'RetryInfo' }, undefined],
    [{ error: { message: 'no details' } }, undefined],
  ])('%j', (body, expected) => {
    expect(parseRetryInfo(JSON.stringify(body))).toBe(expected);
  });

  test('that is not JSON', () => expect(parseRetryInfo('RetryInfo: 5s')).toBeUndefined());
});
