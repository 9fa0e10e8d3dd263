// Errors of this dialect's servers, and how its clients are told of any.
import { describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { openaiResponses } from '../../../src/dialects/openai-responses/index.ts';
import { withWait } from '../../../src/dialects/openai-responses/errors.ts';
import { type ErrorCode, GatewayError } from '../../../src/model/errors.ts';

const { client, provider } = openaiResponses;

function parse(status: number, body: unknown): GatewayError {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return provider.parseError({ status, headers: new Headers(), body: text });
}

test("MiniMax's failure beside an answer is one", () => {
  const failed = {
    object: 'response',
    output: [],
    base_resp: { status_code: 1002, status_msg: 'slow down' },
  };
  expect(provider.errorInBody(failed)).toMatchObject({ code: 'upstream_rate_limited' });
  expect(provider.errorInBody({ ...failed, base_resp: { status_code: 0 } })).toBeUndefined();
});

test.each([
  ['openai: Your input exceeds the context window of this model. Please adjust it.', true],
  ["lab: This model's maximum context length is 4096 tokens", true],
  ['anthropic: prompt is too long: 213462 tokens > 200000 maximum', false],
])(
  'a prompt that is too long keeps words of OpenAI’s, and has them before others: “%s”',
  (message, isOwn) => {
    const { error } = client.buildError(new GatewayError('context_too_long', message), 'r');
    const before = isOwn ? '' : "This model's maximum context length is exceeded: ";
    expect(error).toMatchObject({
      code: 'context_length_exceeded',
      message: expect.stringMatching(new RegExp(`^${before}.*${RegExp.escape(message)}$`)),
    });
    if (isOwn) expect(error).toMatchObject({ message });
  },
);

describe('an answer that is none', () => {
  test.each<[string, number, unknown, ErrorCode, number]>([
    [
      'OpenAI',
      400,
      { error: { message: 'm', type: 'invalid_request_error', param: 'input', code: null } },
      'upstream_rejected',
      400,
    ],
    [
      'too long',
      400,
      {
        error: {
          message: 'Your input exceeds the context window of this model.',
          code: 'context_length_exceeded',
        },
      },
      'context_too_long',
      400,
    ],
    [
      'too long, without a code',
      400,
      { error: { message: "This model's maximum context length is 10 tokens" } },
      'context_too_long',
      400,
    ],
    ['key', 401, { error: { message: 'm', code: 'invalid_api_key' } }, 'upstream_unauthorized', 401],
    ['forbidden', 403, { error: { message: 'm' } }, 'upstream_unauthorized', 403],
    ['unknown model', 404, { error: { message: 'm', code: 'model_not_found' } }, 'upstream_rejected', 404],
    ['rate', 429, { error: { message: 'm', code: 'rate_limit_exceeded' } }, 'upstream_rate_limited', 429],
    ['timeout', 408, { error: { message: 'm' } }, 'upstream_failed', 502],
    ['server', 500, { error: { message: 'm', code: 'server_error' } }, 'upstream_failed', 502],
    [
      'overloaded in words',
      500,
      { error: { message: 'The server is overloaded' } },
      'upstream_overloaded',
      529,
    ],
    ['unavailable', 503, { error: { message: 'm' } }, 'upstream_overloaded', 503],
    ['an error that is a text', 400, { error: 'bad things' }, 'upstream_rejected', 400],
    [
      'FastAPI',
      422,
      { detail: [{ loc: ['body', 'input'], msg: 'field required' }] },
      'upstream_rejected',
      422,
    ],
    ['ChatGPT', 400, { detail: 'Store must be set to false' }, 'upstream_rejected', 400],
    ['plain text', 502, 'bad gateway', 'upstream_failed', 502],
    ['HTML', 502, '<html></html>', 'upstream_failed', 502],
    ['nothing', 500, '', 'upstream_failed', 502],
  ])('%s', (_, status, body, code, own) => {
    expect(parse(status, body)).toMatchObject({ code, status: own });
  });

  test.each<[unknown, string]>([
    [{ error: { message: 'bad things' } }, 'bad things'],
    [{ error: 'bad things' }, 'bad things'],
    [{ detail: 'bad things' }, 'bad things'],
    [{ detail: [{ loc: ['body', 'input'], msg: 'field required' }] }, 'body.input: field required'],
    ['bad things', 'bad things'],
    ['<html>', 'HTML page instead of JSON'],
    ['', 'it gave no reason'],
  ])('%j keeps its words', (body, words) => {
    expect(parse(400, body).message).toContain(words);
  });

  test('a plan that is used up says until when', () => {
    const error = parse(429, {
      error: { type: 'usage_limit_reached', message: 'used up', resets_in_seconds: 90 },
    });
    expect(error).toMatchObject({
      code: 'upstream_rate_limited',
      retryAfterMs: 90_000,
      reason: { type: 'usage_limit_reached' },
    });
  });
});

describe('HTTP 200 that holds an error', () => {
  test.each<[string, object, ErrorCode | undefined]>([
    [
      'a failed response',
      { status: 'failed', error: { code: 'rate_limit_exceeded', message: 'm' }, output: [] },
      'upstream_rate_limited',
    ],
    ['a failed response without a reason', { status: 'failed', error: null, output: [] }, 'upstream_failed'],
    ['a cancelled response', { status: 'cancelled', output: [] }, 'upstream_failed'],
    ['an error object', { error: { message: 'm', code: 429 } }, 'upstream_rate_limited'],
    ['an answer', { status: 'completed', error: null, output: [] }, undefined],
    ['an answer with an empty error', { status: 'completed', error: {}, output: [] }, undefined],
    ['an incomplete answer', { status: 'incomplete', error: null, output: [] }, undefined],
  ])('%s', (_, body, code) => {
    expect(provider.errorInBody({ ...body })?.code).toBe(code);
  });

  test.each([
    ...['invalid_prompt', 'data_residency_mismatch', 'bio_policy', 'misalignment_policy_violation'],
    ...['invalid_image', 'invalid_base64_image', 'image_too_large', 'image_too_small', 'image_parse_error'],
    ...['image_content_policy_violation', 'image_file_too_large', 'unsupported_image_media_type'],
    ...['empty_image_file', 'failed_to_download_image', 'image_file_not_found'],
  ])('%s would be refused again', (code) => {
    const body = { status: 'failed', error: { code, message: 'm' }, output: [] };
    expect(provider.errorInBody(body)?.code).toBe('upstream_rejected');
  });

  test('JSON that is no response at all is malformed', () => {
    expect(() => provider.parseResponse({ choices: [] })).toThrow('without `output`');
  });

  test('a whole call without a name is malformed', () => {
    const output = [{ type: 'function_call', call_id: 'c', arguments: '{}' }];
    expect(() => provider.parseResponse({ status: 'completed', output })).toThrow(
      'without the name of the tool',
    );
  });
});

describe('what a client is reported', () => {
  test.each<[GatewayError, object]>([
    [
      new GatewayError('invalid_request', 'm', { reason: { param: 'input' } }),
      { type: 'invalid_request_error', code: 'invalid_request', param: 'input' },
    ],
    [
      new GatewayError('unauthenticated', 'm'),
      { type: 'authentication_error', code: 'unauthenticated', param: null },
    ],
    [new GatewayError('forbidden', 'm'), { type: 'permission_error' }],
    [new GatewayError('unknown_model', 'm'), { type: 'not_found_error' }],
    [new GatewayError('rate_limited', 'm'), { type: 'rate_limit_error' }],
    [
      new GatewayError('upstream_rate_limited', 'm', { reason: { code: 'insufficient_quota' } }),
      { type: 'insufficient_quota', code: 'insufficient_quota' },
    ],
    [
      new GatewayError('upstream_unauthorized', 'm', {
        ...{ status: 400, exhausted: true },
        reason: { type: 'invalid_request_error' },
      }),
      { type: 'insufficient_quota', code: 'insufficient_quota' },
    ],
    [
      new GatewayError('upstream_rate_limited', 'm', { exhausted: true, retryAfterMs: 60_000 }),
      { type: 'rate_limit_error', code: 'upstream_rate_limited' },
    ],
    [new GatewayError('upstream_failed', 'm'), { type: 'server_error', code: 'upstream_failed' }],
  ])('%o', (error, fields) => {
    expect(client.buildError(error, 'req1')).toMatchObject({ error: { message: 'm', ...fields } });
  });

  test.each<[ErrorCode, boolean]>([
    ['upstream_rate_limited', true],
    ['upstream_overloaded', true],
    ['upstream_failed', true],
    ['invalid_request', false],
    ['context_too_long', false],
  ])('the SDK asks again after %s: %p', async (code, retries) => {
    const error = new GatewayError(code, 'm');
    let asked = 0;
    const sdk = new OpenAI({
      apiKey: 'test',
      baseURL: 'http://gateway.invalid/v1',
      maxRetries: 1,
      fetch: () => {
        asked++;
        const headers = { 'content-type': 'application/json', 'retry-after-ms': '1' };
        return Promise.resolve(
          new Response(JSON.stringify(client.buildError(error, 'r')), { status: error.status, headers }),
        );
      },
    });
    const thrown = await sdk.responses.create({ model: 'm', input: 'x' }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(thrown).toMatchObject({
      status: error.status,
      code: code === 'context_too_long' ? 'context_length_exceeded' : code,
    });
    expect(asked).toBe(retries ? 2 : 1);
  });
});

test('dots without end within a message are not its end', () => {
  // Read once from each of them, they would take hours.
  const message = `too fast${'.'.repeat(400_000)}!`;
  const error = new GatewayError('upstream_rate_limited', `${message} ..`, { retryAfterMs: 1_000 });
  expect(withWait(error)).toBe(`${message}. Please try again in 1s.`);
});
