// Error bodies in a vendor's own form, from a provider of the client's dialect: strict clients of the dialect read the vendor's
// words, clients that know the vendor's form its fields. Bodies in the dialect's form pass, byte for byte (docs/adr/0029).
import { describe, expect, test } from 'bun:test';
import { DIALECT_IDS, type DialectId } from '../../../src/model/dialect-id.ts';
import { isObject, type JsonObject, type JsonValue, parseObject } from '../../../src/model/json/json.ts';
import { clientRequest } from '../../support/client-requests.ts';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const HEADERS = { 'content-type': 'application/json', 'x-request-id': 'req-vendor', 'retry-after': '7' };

async function failure(client: DialectId, status: number, body: string, stream = false) {
  const lab = { ...PROVIDER_WIRES[client].config, max_retries: 0 };
  const reply: Reply = replyWith(body, { status, headers: HEADERS });
  const { post, row } = createTestGateway({
    config: { providers: { lab }, routing: { default_provider: 'lab' } },
    fetch: createReplayFetch(reply).fetch,
  });
  const { path, body: asked } = clientRequest(client, { stream });
  const response = await post(path, asked);
  return { response, text: await response.text(), row: await row(0) };
}

const isText = (value: JsonValue | undefined) => typeof value === 'string';
const isTextOrNull = (value: JsonValue | undefined) => value === null || isText(value);

/** What a decoder that allows no other types needs, and its message. */
const STRICT: Record<DialectId, (body: JsonObject) => string> = {
  'anthropic-messages'({ type, error }) {
    if (type !== 'error' || !isObject(error) || !isText(error.type)) throw new Error('not Anthropic’s');
    return textOf(error.message);
  },
  'openai-chat': openaiMessage,
  'openai-responses': openaiMessage,
  gemini({ error }) {
    if (!isObject(error) || typeof error.code !== 'number' || !isText(error.status))
      throw new Error('not Google’s');
    return textOf(error.message);
  },
  'ollama-chat': ({ error }) => textOf(error),
};

function openaiMessage({ error }: JsonObject): string {
  const isTyped =
    isObject(error) && isText(error.type) && isTextOrNull(error.param) && isTextOrNull(error.code);
  if (!isTyped) throw new Error('not OpenAI’s');
  return textOf(error.message);
}

function textOf(value: JsonValue | undefined): string {
  if (typeof value !== 'string') throw new Error('no message');
  return value;
}

const OPENAI: readonly DialectId[] = ['openai-chat', 'openai-responses'];

/** Forms that are no dialect's, except for clients of those that are named. */
const FORMS: [name: string, status: number, body: JsonValue, readBy?: readonly DialectId[]][] = [
  [
    'Mistral',
    400,
    { object: 'error', message: 'the words', type: 'invalid_model', param: null, code: '1500' },
  ],
  ['Doubleword', 400, { code: 400, message: 'the words', type: 'Bad Request' }],
  ['a text as error', 404, { error: 'the words' }, ['ollama-chat']],
  ['xAI', 400, { code: 'invalid-argument', error: 'the words' }, ['ollama-chat']],
  ['FastAPI', 422, { detail: [{ loc: ['body', 'model'], msg: 'the words', type: 'missing' }] }],
  ['FastAPI, in words', 403, { detail: 'the words' }],
  ['Cloudflare', 400, { success: false, errors: [{ code: 7003, message: 'the words' }], result: null }],
  ['a code of another type', 400, { error: { message: 'the words', code: { id: 7 } } }],
  [
    'OpenAI',
    400,
    { error: { message: 'the words', type: 'invalid_request_error', param: null, code: null } },
    OPENAI,
  ],
  [
    'Google',
    400,
    { error: { code: 400, message: 'the words', status: 'INVALID_ARGUMENT' } },
    [...OPENAI, 'gemini'],
  ],
  ['a list', 400, [{ error: { code: 400, message: 'the words', status: 'INVALID_ARGUMENT' } }]],
];

describe.each(FORMS)('%s', (_name, status, body, readBy = []) => {
  for (const client of DIALECT_IDS) {
    if (readBy.includes(client)) continue;
    test.each([false, true])(`to ${client}, streamed: %p`, async (stream) => {
      const { response, text, row } = await failure(client, status, JSON.stringify(body), stream);
      expect([response.status, row.httpStatus]).toEqual([status, status]);
      expect(response.headers.get('retry-after')).toBe('7');
      expect(response.headers.get('x-request-id')).toBe('req-vendor');
      const told = parseObject(text);
      if (told === undefined) throw new Error(text);
      expect(STRICT[client](told)).toContain('the words');
      const fields = Array.isArray(body) ? body[0] : body;
      if (!isObject(fields)) throw new Error('no fields');
      // `type` and `error` are those of the dialect.
      const { type: _, error, ...others } = fields;
      expect(told).toMatchObject(others);
      if (isObject(error) && isObject(told.error))
        expect(Object.keys(told.error)).toEqual(expect.arrayContaining(Object.keys(error)));
    });
  }
});

const OWN: Record<DialectId, string[]> = {
  'anthropic-messages': [
    '{"type":"error", "error":{"type":"x_error","message":"the words","y":[1.0]}, "more":1e2}',
  ],
  'openai-chat': [
    '{"error": {"message":"the words", "code":400, "metadata":{"raw":"1.0"}}, "user_id":"u"}',
    '{"error": {"message":"", "type":null, "param":null, "code":"c"}}',
  ],
  'openai-responses': ['{"error": {"message":"the words", "type":"t", "param":"p", "code":null}}'],
  gemini: ['{"error": {"code":400, "message":"the words", "status":"S", "details":[{"@type":"t"}]}}'],
  'ollama-chat': ['{"error":"the words", "signin_url":"https://ollama.com/connect"}'],
};

describe('in the dialect’s own form', () => {
  for (const client of DIALECT_IDS) {
    test.each(OWN[client])(`${client}: its bytes pass: %s`, async (body) => {
      const { text } = await failure(client, 400, body);
      expect(text).toBe(body);
    });
  }
});

describe('no JSON', () => {
  const PAGE = '<html><head><title>Attention Required!</title></head><body>Ray ID</body></html>';
  for (const client of DIALECT_IDS) {
    test.each([
      [403, PAGE, 'Attention Required!'],
      [400, 'upstream says no', 'upstream says no'],
    ])(`to ${client}: %i %s`, async (status, body, words) => {
      const { response, text } = await failure(client, status, body);
      expect(response.status).toBe(status);
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(response.headers.get('x-request-id')).toBe('req-vendor');
      const told = parseObject(text);
      if (told === undefined) throw new Error(text);
      expect(STRICT[client](told)).toContain(words);
    });
  }
});
