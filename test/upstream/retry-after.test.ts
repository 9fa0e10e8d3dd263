// How long providers ask to wait, in every way in which they say it.
import { describe, expect, test } from 'bun:test';
import {
  findRetryHint,
  parseLimitReset,
  parseQuotedHints,
  parseRetryAfter,
  parseRetryInfo,
} from '../../src/upstream/retry-after.ts';

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);

const CASES: [Record<string, string>, number | undefined][] = [
  [{}, undefined],
  [{ 'retry-after': '3' }, 3_000],
  [{ 'retry-after': '0' }, 0],
  [{ 'retry-after': ' 1.5 ' }, 1_500],
  [{ 'retry-after': '0.0004' }, 1],
  [{ 'retry-after-ms': '250' }, 250],
  [{ 'retry-after-ms': '250', 'retry-after': '1' }, 250],
  [{ 'retry-after-ms': 'soon', 'retry-after': '1' }, 1_000],
  [{ 'retry-after': 'Thu, 01 Jan 2026 12:00:07 GMT' }, 7_000],
  [{ 'retry-after': 'Thu, 01 Jan 2026 11:00:00 GMT' }, 0],
  // The two older forms, which nobody should send and everybody must read (RFC 9110, 5.6.7).
  [{ 'retry-after': 'Thursday, 01-Jan-26 12:00:07 GMT' }, 7_000],
  [{ 'retry-after': 'Thu Jan  1 12:00:07 2026' }, 7_000],
  [{ 'retry-after': 'Thu Jan  1 13:00:07 2026', date: 'Thu Jan  1 13:00:00 2026' }, 7_000],
  [{ 'retry-after': 'Thu Jan 1' }, undefined],
  // The server's clock is an hour ahead: what counts is the difference it states.
  [{ 'retry-after': 'Thu, 01 Jan 2026 13:00:05 GMT', date: 'Thu, 01 Jan 2026 13:00:00 GMT' }, 5_000],
  [{ 'retry-after': 'Thu, 01 Jan 2026 12:00:05 GMT', date: 'garbage' }, 5_000],
  [{ 'retry-after': 'later' }, undefined],
  [{ 'retry-after': '-1' }, undefined],
  [{ 'retry-after': '2026' }, 2_026_000],
  [{ 'retry-after': '2026-01-01' }, undefined],
  [{ 'retry-after': 'Thu, 99 Jan 2026 12:00:07 GMT' }, undefined],
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
    [
      {
        error: {
          details: [
            { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '5s' },
            {
              '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
              violations: [{ quotaId: 'RequestsPerDay' }],
            },
          ],
        },
      },
      undefined,
    ],
    [{ message: 'RetryInfo' }, undefined],
    [[null, 'RetryInfo'], undefined],
    [{ error: { message: 'no details' } }, undefined],
  ])('%j', (body, expected) => {
    expect(parseRetryInfo(JSON.stringify(body))).toBe(expected);
  });

  test('that is not JSON', () => expect(parseRetryInfo('RetryInfo: 5s')).toBeUndefined());
});

describe('when limits reset', () => {
  test.each<[Record<string, string>, number | undefined]>([
    [{}, undefined],
    // OpenAI, Groq.
    [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1m19.156s' }, 79_156],
    [{ 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '12ms' }, 12],
    // Only what is used up stands in the way, and the longest of these.
    [
      {
        'x-ratelimit-remaining-requests': '41',
        'x-ratelimit-reset-requests': '1h',
        'x-ratelimit-remaining-tokens': '0',
        'x-ratelimit-reset-tokens': '6s',
      },
      6_000,
    ],
    [
      {
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '9s',
        'x-ratelimit-remaining-tokens': '0',
        'x-ratelimit-reset-tokens': '6s',
      },
      9_000,
    ],
    [{ 'x-ratelimit-reset-requests': '9s' }, undefined],
    // Azure writes milliseconds, Together seconds.
    [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '500' }, 500],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '2' }, 2_000],
    [{ 'ratelimit-remaining': '0', 'ratelimit-reset': '2' }, 2_000],
    // Unix seconds and milliseconds.
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1_000 + 7) }, 7_000],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW + 7_000) }, 7_000],
    // A moment that has passed.
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1_000 - 7) }, 0],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW - 7_000) }, 0],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '2026-01-01T11:59:00Z' }, 0],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '2026-99-01T12:00:00Z' }, undefined],
    // Anthropic.
    [
      {
        'anthropic-ratelimit-tokens-remaining': '0',
        'anthropic-ratelimit-tokens-reset': '2026-01-01T12:00:30Z',
      },
      30_000,
    ],
    [
      {
        'anthropic-ratelimit-requests-remaining': '0',
        'anthropic-ratelimit-requests-reset': '2026-01-01T13:00:30Z',
        date: 'Thu, 01 Jan 2026 13:00:00 GMT',
      },
      30_000,
    ],
    [
      {
        'anthropic-ratelimit-tokens-remaining': '5',
        'anthropic-ratelimit-tokens-reset': '2026-01-01T12:00:30Z',
      },
      undefined,
    ],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': 'soon' }, undefined],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '' }, undefined],
  ])('%j', (headers, expected) => {
    expect(parseLimitReset(new Headers(headers), NOW)).toBe(expected);
  });

  test.each<[unknown, number | undefined]>([
    [{ 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': String(NOW + 60_000) }, 60_000],
    [{ 'Retry-After': 7 }, 7_000],
    [{ 'Retry-After': 'a\nb', 'bad name': 'x' }, undefined],
    ['none', undefined],
  ])('quoted in a body: %j', (headers, expected) => {
    const body = JSON.stringify({ error: { message: 'Rate limit exceeded', metadata: { headers } } });
    expect(parseQuotedHints(body, NOW)).toBe(expected);
  });
});

describe('of an error', () => {
  const error = { details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '7s' }] };
  test.each([
    { error },
    [{ error }],
    { type: 'response.failed', response: { error } },
    { choices: [{ index: 0, error }] },
  ])('wherever it stands in a body or an event: %j', (body) => {
    const failure = { headers: new Headers(), body: JSON.stringify(body) };
    expect(findRetryHint(failure, false, NOW)).toBe(7_000);
  });
  test('a limit that is used up is the reason only where it failed for a limit', () => {
    const headers = new Headers({ 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '3s' });
    expect(findRetryHint({ headers, body: '' }, true, NOW)).toBe(3_000);
    expect(findRetryHint({ headers, body: '' }, false, NOW)).toBeUndefined();
  });
});
