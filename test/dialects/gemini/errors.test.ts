// What errors of Google's servers mean, and what clients are told of ours.
import { describe, expect, test } from 'bun:test';
import { gemini } from '../../../src/dialects/gemini/index.ts';
import {
  type ErrorCode,
  ERROR_RULES,
  GatewayError,
  type GatewayErrorOptions,
} from '../../../src/model/errors.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';

const { parseError, errorInBody } = gemini.provider;
const rpc = (type: string, fields: JsonObject): JsonObject => ({
  '@type': `type.googleapis.com/google.rpc.${type}`,
  ...fields,
});

function parse(status: number, body: unknown): GatewayError {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return parseError({ status, headers: new Headers(), body: text });
}

const google = (code: number, status: string, message = 'said', details: JsonObject[] = []) => ({
  error: { code, message, status, details },
});

describe('statuses', () => {
  test.each<[number, string, ErrorCode, number]>([
    [400, 'INVALID_ARGUMENT', 'upstream_rejected', 400],
    [400, 'FAILED_PRECONDITION', 'upstream_rejected', 400],
    [401, 'UNAUTHENTICATED', 'upstream_unauthorized', 401],
    [403, 'PERMISSION_DENIED', 'upstream_unauthorized', 403],
    [404, 'NOT_FOUND', 'upstream_rejected', 404],
    [409, 'ABORTED', 'upstream_failed', 502],
    [429, 'RESOURCE_EXHAUSTED', 'upstream_rate_limited', 429],
    [499, 'CANCELLED', 'upstream_failed', 502],
    [500, 'INTERNAL', 'upstream_failed', 502],
    [503, 'UNAVAILABLE', 'upstream_overloaded', 503],
    [504, 'DEADLINE_EXCEEDED', 'upstream_failed', 502],
  ])('%d %s is %s', (status, name, code, shown) => {
    const error = parse(status, google(status, name));
    expect([error.code, error.status]).toEqual([code, shown]);
    expect(error.reason?.type).toBe(name);
    expect(error.message).toContain('said');
    // The same inside a stream, where only the body says it.
    expect(errorInBody(google(status, name))?.code).toBe(code);
    expect(errorInBody({ error: { message: 'said', status: name } })?.code).toBe(code);
  });

  test('an overloaded model says so under 500 too', () => {
    expect(parse(500, google(500, 'INTERNAL', 'The model is overloaded.')).code).toBe('upstream_overloaded');
  });

  test.each([
    google(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.'),
    google(400, 'INVALID_ARGUMENT', 'x', [rpc('ErrorInfo', { reason: 'API_KEY_INVALID' })]),
    google(400, 'INVALID_ARGUMENT', 'API key expired. Please renew the API key.'),
  ])('a bad key is no bad request (%#)', (body) => {
    expect(parse(400, body)).toMatchObject({ code: 'upstream_unauthorized', status: 401 });
  });

  test.each([
    'The input token count (2000001) exceeds the maximum number of tokens allowed (1048576).',
    'The input token count exceeds the maximum number of tokens allowed 1048576.',
    'Unable to submit request because the input token count is 5 but model only supports up to 4. Reduce the input token count and try again.',
  ])('%s', (message) => {
    expect(parse(400, google(400, 'INVALID_ARGUMENT', message)).code).toBe('context_too_long');
  });
});

describe('when to ask again', () => {
  test.each<[string, JsonObject, number | undefined]>([
    ['RetryInfo', google(429, 'x', '', [rpc('RetryInfo', { retryDelay: '48.5s' })]), 48_500],
    [
      'quota reset',
      google(429, 'x', '', [
        rpc('ErrorInfo', { reason: 'QUOTA', metadata: { quotaResetDelay: '1h2m3.5s' } }),
      ]),
      3_723_500,
    ],
    [
      'RetryInfo before quota reset',
      google(429, 'x', '', [
        rpc('ErrorInfo', { reason: 'QUOTA', metadata: { quotaResetDelay: '373.8ms' } }),
        rpc('RetryInfo', { retryDelay: '2s' }),
      ]),
      2_000,
    ],
    ['only the words', google(429, 'x', 'Please retry in 7.2s.'), 7_200],
    ['nothing', google(429, 'x', 'Please wait.'), undefined],
    ['nonsense', google(429, 'x', '', [rpc('RetryInfo', { retryDelay: 'soon' })]), undefined],
  ])('%s', (_, body, expected) => {
    expect(parse(429, body).retryAfterMs).toBe(expected);
  });
});

describe('a quota that does not come back soon', () => {
  const perDay = 'GenerateRequestsPerDayPerProjectPerModel-FreeTier';
  const violated = (...ids: string[]) =>
    rpc('QuotaFailure', { violations: ids.map((quotaId) => ({ quotaId })) });
  const soon = rpc('RetryInfo', { retryDelay: '2s' });
  test.each<[string, JsonObject]>([
    ['of a day', google(429, 'x', 'said', [violated(perDay)])],
    ['of a day among others', google(429, 'x', 'said', [violated('InputTokensPerMinute', perDay)])],
    [
      'of a day, whatever is said of a moment',
      google(429, 'x', 'Please retry in 2s.', [soon, violated(perDay)]),
    ],
    [
      'in the words of other services',
      google(429, 'x', 'said', [
        rpc('ErrorInfo', { reason: 'RATE_LIMIT_EXCEEDED', metadata: { quota_limit: 'RequestsPerDay' } }),
      ]),
    ],
    [
      'none at all',
      google(429, 'x', 'Quota exceeded for metric: a/b, limit: 0, model: m\nPlease retry in 2s.', [soon]),
    ],
    ['of a plan', google(429, 'x', 'said', [rpc('ErrorInfo', { reason: 'QUOTA_EXHAUSTED' })])],
  ])('%s', (_, body) => {
    const error = parse(429, body);
    expect([error.code, error.exhausted, error.retryAfterMs]).toEqual([
      'upstream_rate_limited',
      'model',
      undefined,
    ]);
  });
  test('of a plan, with the time of its reset', () => {
    const details = [rpc('ErrorInfo', { reason: 'QUOTA_EXHAUSTED', metadata: { quotaResetDelay: '1h' } })];
    expect(parse(429, google(429, 'x', 'said', details))).toMatchObject({
      exhausted: 'model',
      retryAfterMs: 3_600_000,
    });
  });
  test('one of a minute does', () => {
    const body = google(429, 'x', 'limit: 0.5, limit: 10', [violated('TokensPerModelPerMinute'), soon]);
    expect(parse(429, body)).toMatchObject({ exhausted: false, retryAfterMs: 2_000 });
  });
});

test.each([
  [
    429,
    'Input token count (9) exceeds the maximum number of input tokens per minute',
    'upstream_rate_limited',
  ],
  [500, 'the context window could not be read', 'upstream_failed'],
  [403, 'API key not valid for this project', 'upstream_unauthorized'],
])('a status other than of a bad request says more than its words: %i, %s', (status, message, code) => {
  expect(parse(status, google(status, 'x', message, []))).toMatchObject({ code });
});

describe('shapes', () => {
  test('wrapped in a list', () => {
    expect(parse(400, [google(400, 'INVALID_ARGUMENT', 'wrapped')]).message).toContain('wrapped');
  });

  test('reason and field are kept', () => {
    const details = [
      rpc('ErrorInfo', { reason: 'SERVICE_DISABLED' }),
      rpc('BadRequest', { fieldViolations: [{ field: 'tools[0]', description: 'x' }] }),
    ];
    expect(parse(400, google(400, 'INVALID_ARGUMENT', 'm', details)).reason).toEqual({
      type: 'INVALID_ARGUMENT',
      code: 'SERVICE_DISABLED',
      param: 'tools[0]',
    });
  });

  test.each<[string, unknown, string]>([
    ['an HTML page', '<!DOCTYPE html><title>502</title>', 'HTML page'],
    ['plain text', 'upstream went away', 'upstream went away'],
    [
      'OAuth',
      { error: 'invalid_grant', error_description: 'Token has been expired' },
      'Token has been expired',
    ],
    ['nothing', '', 'it gave no reason'],
    ['an empty object', {}, 'it gave no reason'],
  ])('%s', (_, body, said) => {
    const error = parse(502, body);
    expect(error.code).toBe('upstream_failed');
    expect(error.message).toContain(said);
  });

  test('answers are no errors', () => {
    expect(errorInBody({ candidates: [] })).toBeUndefined();
    expect(errorInBody({ error: null })).toBeUndefined();
    expect(errorInBody({ error: {} })).toBeUndefined();
  });
});

describe('sent to clients', () => {
  const build = (error: GatewayError) => gemini.client.buildError(error, 'req1').error as JsonObject;

  test('a 499 of a provider’s has its name', () => {
    expect(build(new GatewayError('upstream_failed', 'm', { status: 499 }))).toMatchObject({
      code: 499,
      status: 'CANCELLED',
    });
  });

  test('in full', () => {
    const error = new GatewayError('upstream_rate_limited', 'slow down', {
      retryAfterMs: 1_500,
      reason: { code: 'RATE_LIMIT_EXCEEDED', param: 'contents' },
    });
    expect(build(error)).toEqual({
      code: 429,
      message: 'slow down',
      status: 'RESOURCE_EXHAUSTED',
      details: [
        rpc('ErrorInfo', { reason: 'RATE_LIMIT_EXCEEDED', domain: 'sluice' }),
        rpc('RetryInfo', { retryDelay: '1.5s' }),
        rpc('BadRequest', { fieldViolations: [{ field: 'contents', description: 'slow down' }] }),
      ],
    });
  });

  test.each<[string, GatewayErrorOptions, number]>([
    ['that no wait mends is none at which Gemini CLI asks for minutes', { exhausted: true }, 402],
    ['that passes in a day says so', { exhausted: true, retryAfterMs: 86_400_000 }, 429],
    ['that passes in a moment is retried', {}, 429],
    [
      'of a day at Google, whose own answer passes, stays as it is',
      {
        exhausted: 'model',
        upstream: { dialect: 'gemini', headers: new Headers(), body: '{}', isReadable: true },
      },
      429,
    ],
  ])('a limit %s', (_, options, status) => {
    const error = new GatewayError('upstream_rate_limited', 'm', options);
    expect(gemini.client.statusOf?.(error)).toBe(status);
    expect(build(error)).toMatchObject({ code: status, status: 'RESOURCE_EXHAUSTED' });
  });

  test('an account without credit has the name that Google gives it', () => {
    const error = new GatewayError('upstream_unauthorized', 'm', { status: 402, exhausted: true });
    expect(build(error)).toMatchObject({ code: 402, status: 'RESOURCE_EXHAUSTED' });
  });

  test.each(Object.keys(ERROR_RULES) as ErrorCode[])(
    "%s has a name of Google's and a code its clients know",
    (code) => {
      const { status, code: number } = build(new GatewayError(code, 'm'));
      const rule = ERROR_RULES[code];
      // Gemini CLI retries at 499, too.
      const others: Record<number, number> = { 529: 503, 499: 400 };
      expect(number as unknown).toBe(others[rule.status] ?? rule.status);
      const names: Record<number, string> = {
        400: 'INVALID_ARGUMENT',
        401: 'UNAUTHENTICATED',
        403: 'PERMISSION_DENIED',
        404: 'NOT_FOUND',
        413: 'INVALID_ARGUMENT',
        429: 'RESOURCE_EXHAUSTED',
        500: 'INTERNAL',
        502: 'UNAVAILABLE',
        503: 'UNAVAILABLE',
        504: 'DEADLINE_EXCEEDED',
      };
      expect(status).toBe(names[Number(number)]);
    },
  );
});

test('an error with a number alone means what the number does, and names nothing that is not there', () => {
  const error = errorInBody({ error: { code: 503, message: 'busy' } });
  expect([error?.code, error?.status, error?.message] as unknown).toEqual([
    'upstream_overloaded',
    503,
    'the provider reported an error: busy',
  ]);
});
