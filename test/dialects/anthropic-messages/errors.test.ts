// What an error of a Messages provider means, and how a client of Messages is told of one.
import { describe, expect, test } from 'bun:test';
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts';
import { ERROR_RULES, type ErrorCode, GatewayError } from '../../../src/model/errors.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';

const { client, provider } = anthropicMessages;

const parse = (status: number, body: string | JsonObject, headers: Record<string, string> = {}) =>
  provider.parseError({
    status,
    headers: new Headers(headers),
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const said = (type: string, message = 'why'): JsonObject => ({ type: 'error', error: { type, message } });

test('a path that is not there is told from a model that is not', () => {
  expect(parse(404, said('not_found_error', 'Not Found')).message).toBe('Not Found; check its base_url');
  expect(parse(404, { detail: 'Not Found' }).message).toBe('Not Found; check its base_url');
  expect(parse(404, said('not_found_error', 'model: claude-x')).message).toBe('model: claude-x');
});

describe('errors of the provider', () => {
  const CASES: [number, string, ErrorCode, number][] = [
    [400, 'invalid_request_error', 'upstream_rejected', 400],
    [401, 'authentication_error', 'upstream_unauthorized', 401],
    [402, 'billing_error', 'upstream_unauthorized', 402],
    [403, 'permission_error', 'upstream_unauthorized', 403],
    [404, 'not_found_error', 'upstream_rejected', 404],
    [408, 'timeout_error', 'upstream_failed', 502],
    [409, 'conflict_error', 'upstream_failed', 502],
    [413, 'request_too_large', 'upstream_rejected', 413],
    [422, 'invalid_request_error', 'upstream_rejected', 422],
    [429, 'rate_limit_error', 'upstream_rate_limited', 429],
    [500, 'api_error', 'upstream_failed', 502],
    [500, 'overloaded_error', 'upstream_overloaded', 529],
    [502, 'api_error', 'upstream_failed', 502],
    [503, 'api_error', 'upstream_overloaded', 503],
    [504, 'timeout_error', 'upstream_failed', 502],
    [529, 'overloaded_error', 'upstream_overloaded', 529],
    [302, 'api_error', 'upstream_failed', 502],
  ];
  test.each(CASES)('%d %s is %s, sent with %d', (status, type, code, clientStatus) => {
    expect(parse(status, said(type))).toMatchObject({
      code,
      status: clientStatus,
      message: 'why',
      reason: { type },
    });
  });

  test.each([
    'prompt is too long: 208310 tokens > 200000 maximum',
    'input length and `max_tokens` exceed context limit: 199999 + 8192 > 200000',
    "This request exceeds the model's maximum context length",
    'Your request exceeded model token limit: 262144 (requested: 291351)',
  ])('%s', (message) => {
    const error = parse(400, said('invalid_request_error', message));
    expect(error).toMatchObject({ code: 'context_too_long', status: 400, message });
  });

  test.each(['', 'workspace '])(
    'as much spent as the %saccount allows itself is the key’s failure',
    (whose) => {
      const message = `You have reached your specified ${whose}API usage limits. You will regain access on 2026-04-01 at 00:00 UTC.`;
      expect(parse(400, said('invalid_request_error', message))).toMatchObject({
        code: 'upstream_unauthorized',
        status: 400,
        exhausted: true,
        message,
      });
    },
  );

  test('a prompt that only mentions the context is no long prompt', () => {
    expect(parse(400, said('invalid_request_error', 'context_management: unknown field')).code).toBe(
      'upstream_rejected',
    );
  });

  test('its stable code is kept', () => {
    const body = {
      type: 'error',
      error: { type: 'not_found_error', message: 'a', details: { error_code: 'gone' } },
    };
    expect(parse(404, body).reason).toEqual({ type: 'not_found_error', code: 'gone' });
    expect(client.buildError(parse(404, body), 'r')).toMatchObject({
      error: { details: { error_code: 'gone' } },
    });
  });

  const BODIES: [string, string | JsonObject, string][] = [
    ['an error as text', { error: 'no' }, 'no'],
    ['a bare message', { message: 'no' }, 'no'],
    ['a detail', { detail: 'no' }, 'no'],
    ['an object without words', {}, 'the provider failed with HTTP 500 and gave no reason'],
    ['plain text', ' upstream connect error ', 'upstream connect error'],
    ['nothing', '', 'the provider answered HTTP 500 without a body'],
    ['long text, cut', 'x'.repeat(9_000), 'x'.repeat(500)],
  ];
  test.each(BODIES)('%s', (_, body, message) => {
    expect(parse(500, body)).toMatchObject({ code: 'upstream_failed', message });
  });

  test('an HTML page is named, not quoted', () => {
    const page =
      '<!DOCTYPE html><html><head><title> 502\n Bad gateway </title></head><body>secret</body></html>';
    for (const error of [parse(502, page), parse(502, page, { 'content-type': 'text/html' })]) {
      expect(error.code).toBe('upstream_failed');
      expect(error.message).toContain('answered 502: an HTML page titled "502 Bad gateway" instead of JSON');
      expect(error.message).toContain('base_url');
      expect(error.message).not.toContain('secret');
    }
    expect(parse(404, '<html>')).toMatchObject({ code: 'upstream_rejected', status: 404 });
  });

  test('a page of titles without an end is reported at once', () => {
    // Each read to the page's end, they would take minutes.
    const page = `<html>${'<title'.repeat(500_000)}`;
    expect(parse(502, page).message).toContain('answered 502: an HTML page instead of JSON');
  });
});

describe('errors inside HTTP 200', () => {
  test('are found', () => {
    const error = provider.errorInBody(said('overloaded_error', 'Overloaded'));
    expect(error).toMatchObject({ code: 'upstream_overloaded', message: 'Overloaded' });
    expect(provider.errorInBody({ error: { message: 'no' } })).toMatchObject({
      code: 'upstream_failed',
      message: 'no',
    });
  });
  test.each([
    [{ message: 'no' }, 'no'],
    [{ detail: [{ loc: ['body', 'model'], msg: 'is missing', type: 'missing' }] }, 'body.model: is missing'],
    [{ errors: [{ message: 'no' }] }, 'no'],
    [{ error: 'no' }, 'no'],
  ])('are found in the words of a server: %p', (body, message) => {
    expect(provider.errorInBody(body)).toMatchObject({ code: 'upstream_failed', message });
  });
  test('answers are not', () => {
    expect(provider.errorInBody({ type: 'message', content: [] })).toBeUndefined();
  });
});

describe('errors for the client', () => {
  const TYPES: Record<ErrorCode, string> = {
    shutting_down: 'overloaded_error',
    overloaded: 'overloaded_error',
    transformer_failed: 'api_error',
    invalid_request: 'invalid_request_error',
    unsupported_feature: 'invalid_request_error',
    unauthenticated: 'authentication_error',
    forbidden: 'permission_error',
    unknown_model: 'not_found_error',
    too_large: 'request_too_large',
    rate_limited: 'rate_limit_error',
    budget_exceeded: 'rate_limit_error',
    context_too_long: 'invalid_request_error',
    upstream_rejected: 'invalid_request_error',
    upstream_unauthorized: 'authentication_error',
    upstream_rate_limited: 'rate_limit_error',
    upstream_overloaded: 'overloaded_error',
    upstream_failed: 'api_error',
    upstream_unreachable: 'api_error',
    upstream_untrusted: 'api_error',
    upstream_malformed: 'api_error',
    upstream_timeout: 'timeout_error',
    upstream_truncated: 'api_error',
    cancelled: 'invalid_request_error',
    internal: 'api_error',
  };
  test.each(Object.keys(ERROR_RULES) as ErrorCode[])('%s', (code) => {
    expect(client.buildError(new GatewayError(code, 'why'), 'req_9')).toEqual({
      type: 'error',
      error: { type: TYPES[code], message: expect.stringMatching(/\bwhy$/) },
      request_id: 'req_9',
    });
  });

  const STATUSES: [number, string | undefined, string][] = [
    [402, undefined, 'billing_error'],
    [403, undefined, 'permission_error'],
    [409, undefined, 'invalid_request_error'],
    [409, 'conflict_error', 'conflict_error'],
    [422, undefined, 'invalid_request_error'],
    [503, undefined, 'overloaded_error'],
    [400, 'rate_limit_error', 'invalid_request_error'],
    [400, 'insufficient_quota', 'invalid_request_error'],
  ];
  test.each(STATUSES)('status %d, labelled %p, is %s', (status, said, type) => {
    const error = new GatewayError('upstream_rejected', 'why', {
      status,
      reason: said === undefined ? {} : { type: said },
    });
    expect(client.buildError(error, 'r')).toMatchObject({ error: { type } });
  });
});

describe('the status of a provider that is overloaded', () => {
  const answered = (dialect: 'openai-chat' | 'anthropic-messages', isReadable: boolean) => ({
    upstream: { dialect, headers: new Headers(), body: '{}', isReadable },
  });
  test.each([
    ['another dialect: its own 529', answered('openai-chat', true), 529],
    ['a page in front of a server of this one: the same', answered('anthropic-messages', false), 529],
    ['a server of this one: what it sent', answered('anthropic-messages', true), 503],
    ['another dialect, in an answer of 200: its own 529', {}, 529],
    ['nobody was asked: 503', { unasked: true }, 503],
  ])('%s', (_, options, status) => {
    const error = new GatewayError('upstream_overloaded', 'why', { status: 503, ...options });
    expect(client.statusOf?.(error)).toBe(status);
    expect(client.buildError(error, 'r')).toMatchObject({ error: { type: 'overloaded_error' } });
  });
});
