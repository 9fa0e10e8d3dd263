// Errors of providers, in the many shapes they come in, and errors for clients.
import { describe, expect, test } from 'bun:test';
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts';
import { type ErrorCode, GatewayError } from '../../../src/model/errors.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';

const { provider, client } = openaiChat;

function parse(status: number, body: JsonObject | string): GatewayError {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return provider.parseError({ status, headers: new Headers(), body: text });
}

test('the message names the code or the type where there is one, and nothing otherwise', () => {
  const named = (error: JsonObject) => parse(500, { error: { message: 'boom', ...error } }).message;
  expect([named({ code: 'c', type: 't' }), named({ type: 't' }), named({})]).toEqual([
    'the provider answered 500 (c): boom',
    'the provider answered 500 (t): boom',
    'the provider answered 500: boom',
  ]);
});

test.each([
  ['slow_down', 'upstream_overloaded', 503],
  ['permission_denied', 'upstream_unauthorized', 403],
])('under HTTP 200 %s tells the status that it would have had', (code, expected, status) => {
  const error = provider.errorInBody({ error: { code, message: 'x' } });
  expect([error?.code, error?.status] as unknown).toEqual([expected, status]);
});

describe('status', () => {
  test.each<[number, ErrorCode, number]>([
    [400, 'upstream_rejected', 400],
    [401, 'upstream_unauthorized', 401],
    [402, 'upstream_unauthorized', 402],
    [403, 'upstream_unauthorized', 403],
    [404, 'upstream_rejected', 404],
    [408, 'upstream_failed', 502],
    [409, 'upstream_failed', 502],
    [413, 'upstream_rejected', 413],
    [422, 'upstream_rejected', 422],
    [429, 'upstream_rate_limited', 429],
    [500, 'upstream_failed', 502],
    [502, 'upstream_failed', 502],
    [503, 'upstream_overloaded', 503],
    [504, 'upstream_failed', 502],
    [529, 'upstream_overloaded', 529],
  ])('%i is %s', (status, code, own) => {
    expect(parse(status, { error: { message: 'why' } })).toMatchObject({ code, status: own });
    expect(parse(status, 'why').message).toContain('why');
  });

  test('an overloaded server is one whatever its 5xx', () => {
    expect(parse(500, { error: { message: 'The engine is currently overloaded' } }).code).toBe(
      'upstream_overloaded',
    );
  });

  test.each<[JsonObject]>([
    [{ error: { code: 'context_length_exceeded', message: 'x' } }],
    [{ error: { type: 'exceed_context_size_error', message: 'x' } }],
    [{ error: { message: "This model's maximum context length is 8192 tokens" } }],
    [{ message: 'prompt is too long: 9 tokens > 8 maximum' }],
    [{ error: "This model's maximum prompt length is 131072 but the request contains 537812 tokens." }],
    [{ error: { message: 'The decoder prompt (length 9) is longer than the maximum model length of 8.' } }],
    [{ error: { message: 'Your request exceeded model token limit: 262144 (requested: 291351)' } }],
    [
      {
        error: { message: 'InternalError.Algo.InvalidParameter: Range of input length should be [1, 98304]' },
      },
    ],
    [{ error: { message: 'The input token count (9) exceeds the maximum number of tokens allowed (8).' } }],
    [{ error: { message: 'Please reduce the length of the messages or completion.' } }],
    [{ error: 'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8. Given: 9' }],
    [{ error: 'Input validation error: `inputs` must have less than 8 tokens. Given: 9' }],
    [
      {
        error: {
          message:
            'Unable to submit request because the input token count is 9 but model only supports up to 8.',
        },
      },
    ],
    [{ error: { message: 'prompt token count of 9 exceeds the limit of 8', code: '', type: '' } }],
    [{ error: { message: 'x', code: 'model_max_prompt_tokens_exceeded' } }],
  ])('a prompt that is too long: %j', (body) => {
    expect(parse(400, body)).toMatchObject({ code: 'context_too_long', status: 400 });
    expect(parse(500, body).code).toBe('upstream_failed');
  });

  test.each<[number, string, ErrorCode, boolean]>([
    [413, 'minute', 'upstream_rejected', true],
    [429, 'min', 'upstream_rate_limited', false],
  ])(
    '%i for more than an account may use in a minute: only another target may take it',
    (status, per, code, elsewhere) => {
      const message = `Request too large for m in organization o on tokens per ${per} (TPM): Limit 6000, Requested 9000.`;
      const error = { message, type: 'tokens', code: 'rate_limit_exceeded' };
      expect(parse(status, { error })).toMatchObject({ code, status, lasting: true, elsewhere });
      expect(parse(status, { error: { ...error, message: 'Rate limit reached for m' } }).lasting).toBe(false);
    },
  );

  test('a full flex tier of Groq is overloaded', () => {
    const error = { message: 'Flex Tier Capacity Exceeded', code: 'capacity_exceeded' };
    expect(parse(498, { error })).toMatchObject({ code: 'upstream_overloaded', status: 529 });
  });

  test('no quota left keeps its code', () => {
    const error = parse(429, {
      error: { message: 'no quota', type: 'insufficient_quota', code: 'insufficient_quota' },
    });
    expect(error).toMatchObject({ code: 'upstream_rate_limited', reason: { code: 'insufficient_quota' } });
    expect(client.buildError(error, 'r')).toMatchObject({
      error: { type: 'insufficient_quota', code: 'insufficient_quota' },
    });
  });
});

describe('body shapes', () => {
  test.each<[string, JsonObject | string, string]>([
    ['OpenAI', { error: { message: 'why', type: 't', param: 'p', code: 'c' } }, 'why'],
    ['a bare text', { error: 'why' }, 'why'],
    ['message on top', { message: 'why', type: 't' }, 'why'],
    ['detail', { detail: 'why' }, 'why'],
    [
      'a list of complaints',
      { detail: [{ loc: ['body', 'model'], msg: 'field required' }] },
      'body.model: field required',
    ],
    ['detail with message', { detail: { message: 'why' } }, 'why'],
    ['an array', '[{"error":{"code":400,"message":"why","status":"INVALID_ARGUMENT"}}]', 'why'],
    ['errors', { errors: [{ message: 'why' }] }, 'why'],
    [
      'OpenRouter',
      { error: { message: 'Provider returned error', code: 400, metadata: { raw: '{"detail":"why"}' } } },
      'Provider returned error: {"detail":"why"}',
    ],
    [
      'Azure content filter',
      {
        error: {
          message: 'why',
          code: 'content_filter',
          innererror: { code: 'ResponsibleAIPolicyViolation' },
        },
      },
      'why',
    ],
    ['plain text', 'why', 'why'],
    ['nothing', '', 'it gave no reason'],
    ['JSON without meaning', { ok: false }, 'it gave no reason'],
    ['a number', '7', 'it gave no reason'],
    ['null', 'null', 'it gave no reason'],
  ])('%s', (_, body, message) => {
    expect(parse(400, body).message).toContain(message);
    expect(parse(400, body).message).toContain('400');
  });

  test('the provider keeps its own type, code and parameter', () => {
    expect(parse(400, { error: { message: 'm', type: 't', param: 'p', code: 'c' } }).reason).toEqual({
      type: 't',
      param: 'p',
      code: 'c',
    });
    // A status in place of a code is none; a vendor's number is.
    expect(parse(400, { error: { message: 'm', code: 400 } }).reason).toBeUndefined();
    expect(parse(400, { error: { message: 'm', code: '1211' } }).reason).toEqual({ code: '1211' });
  });

  test.each<[number, JsonObject | string, boolean]>([
    [404, { detail: 'Not Found' }, true],
    [404, '404 page not found\n', true],
    [404, { error: { message: 'The model `x` does not exist', code: 'model_not_found' } }, false],
    [400, { detail: 'Not Found' }, false],
  ])('%d %j is of a path that is not there: %j', (status, body, isPath) => {
    expect(parse(status, body).message.endsWith('; check its base_url')).toBe(isPath);
  });

  test('HTML is called what it is', () => {
    const error = parse(502, '\n<!DOCTYPE html><html><body>Bad Gateway</body></html>');
    expect(error.code).toBe('upstream_failed');
    expect(error.message).toContain('HTML');
    expect(error.message).not.toContain('<html>');
  });
});

describe('HTTP 200', () => {
  test.each<[JsonObject, ErrorCode | undefined]>([
    [{ error: { message: 'x', code: 429 } }, 'upstream_rate_limited'],
    [{ error: { message: 'x', code: 502 }, choices: [] }, 'upstream_failed'],
    [{ error: { message: 'x', type: 'overloaded_error' } }, 'upstream_overloaded'],
    [{ error: { message: 'x', type: 'invalid_request_error' } }, 'upstream_rejected'],
    [{ error: { message: 'x', type: 'authentication_error' } }, 'upstream_unauthorized'],
    [{ error: 'x' }, 'upstream_failed'],
    [{ object: 'error', message: 'x', code: 400 }, 'upstream_rejected'],
    [{ choices: [{ error: { message: 'x', code: 503 }, finish_reason: 'error' }] }, 'upstream_overloaded'],
    [{ error: null, choices: [{ message: {} }] }, undefined],
    [{ error: {}, choices: [{ message: {} }] }, undefined],
    [{ error: '', choices: [{ message: {} }] }, undefined],
    [{ choices: [{ message: {} }] }, undefined],
  ])('%j', (body, code) => {
    expect(provider.errorInBody(body)?.code).toBe(code);
  });

  test('JSON that is no answer is malformed', () => {
    for (const body of [{}, { choices: [] }, { choices: [{}] }, { choices: 'x' }]) {
      let thrown: unknown;
      try {
        provider.parseResponse(body);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject({ code: 'upstream_malformed' });
    }
  });
});

describe('for clients', () => {
  test.each<[ErrorCode, string]>([
    ['invalid_request', 'invalid_request_error'],
    ['unauthenticated', 'authentication_error'],
    ['forbidden', 'permission_error'],
    ['unknown_model', 'not_found_error'],
    ['rate_limited', 'rate_limit_error'],
    ['upstream_overloaded', 'server_error'],
    ['upstream_timeout', 'server_error'],
    ['internal', 'server_error'],
  ])('%s has type %s', (code, type) => {
    const error = new GatewayError(code, 'why', { reason: { param: 'p' } });
    expect(client.buildError(error, 'r')).toEqual({ error: { message: 'why', type, param: 'p', code } });
  });

  test('a prompt that is too long has the code by which clients know it, whatever the provider called it', () => {
    for (const reason of [{}, { code: '1261' }]) {
      const error = new GatewayError('context_too_long', 'why', { reason });
      expect(client.buildError(error, 'r')).toMatchObject({ error: { code: 'context_length_exceeded' } });
    }
  });

  // LangChain for JavaScript and LiteLLM look at the message alone. The one summarises, the other's Router asks another model.
  const LANGCHAIN = /context_length_exceeded|exceeds the context window|maximum context length/;
  const LITELLM = /this model's maximum context length is/i;

  test.each([
    ['anthropic: prompt is too long: 213462 tokens > 200000 maximum', false],
    ['gemini: the input token count (1200000) exceeds the maximum number of tokens allowed (1048576)', false],
    ["lab: This model's maximum context length is 4096 tokens", true],
    ['openai: the provider answered 400 (context_length_exceeded): x', false],
    ['openai: Your input exceeds the context window of this model.', false],
  ])('a prompt that is too long is told in words that clients know: “%s”', (message, isKnown) => {
    const { error } = client.buildError(new GatewayError('context_too_long', message), 'r');
    const clientMessage = String((error as JsonObject).message);
    expect(clientMessage).toMatch(LANGCHAIN);
    expect(clientMessage).toMatch(LITELLM);
    expect(clientMessage).toEndWith(message);
    expect(clientMessage === message).toBe(isKnown);
  });

  test('other errors keep their words', () => {
    const { error } = client.buildError(new GatewayError('upstream_rejected', 'no such tool'), 'r');
    expect(error).toMatchObject({ message: 'no such tool' });
  });

  test.each([
    ['anthropic: model: claude-9', 'model_not_found'],
    ['models/gemini-9 is not found for API version v1beta', 'model_not_found'],
    ['no such page', 'upstream_rejected'],
  ])('a 404 that says “%s” has the code %s', (message, code) => {
    const error = new GatewayError('upstream_rejected', message, { status: 404 });
    expect(client.buildError(error, 'r')).toMatchObject({ error: { code } });
  });

  test("the provider's code goes before the gateway's", () => {
    const error = new GatewayError('upstream_rejected', 'why', {
      status: 404,
      reason: { code: 'model_not_found' },
    });
    expect(client.buildError(error, 'r')).toEqual({
      error: { message: 'why', type: 'not_found_error', param: null, code: 'model_not_found' },
    });
  });
});
