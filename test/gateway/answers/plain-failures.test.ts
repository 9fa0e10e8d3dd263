// Failures that servers send with HTTP 200 in a form of their own in place of an answer, whole or as a stream's only event:
// clients of every dialect get an error with that message and the status that it names (GUARANTEES 3).
import { describe, expect, test } from 'bun:test';
import type { ErrorCode } from '../../../src/index.ts';
import { DIALECT_IDS, type DialectId } from '../../../src/model/dialect-id.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { clientRequest } from '../../support/client-requests.ts';
import { CHAT } from '../../support/message-stream.ts';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

async function exchange(wire: keyof typeof PROVIDER_WIRES, client: DialectId, stream: boolean, reply: Reply) {
  const lab = { ...PROVIDER_WIRES[wire].config, max_retries: 0 };
  const { post, row } = createTestGateway({
    config: { providers: { lab }, routing: { default_provider: 'lab' } },
    fetch: createReplayFetch(reply).fetch,
  });
  const { path, body } = clientRequest(client, { stream });
  const response = await post(path, body);
  return { response, text: await response.text(), row: await row(0) };
}

const FAILED: [status: number, code: ErrorCode] = [502, 'upstream_failed'];
const TOLD: [name: string, body: JsonObject, ...typeof FAILED][] = [
  ['FastAPI', { detail: 'the words' }, ...FAILED],
  ['an error in FastAPI’s detail', { detail: { error: 'the words' } }, ...FAILED],
  ['a code and a message', { code: 500, msg: 'the words', success: false }, ...FAILED],
  ['a status beside the message', { statusCode: 401, message: 'the words' }, 401, 'upstream_unauthorized'],
  ['a code in words', { code: 'rate_limit', message: 'the words' }, 429, 'upstream_rate_limited'],
  ['Cloudflare', { success: false, errors: [{ code: 7, message: 'the words' }], result: null }, ...FAILED],
  ['Text Generation Inference', { error: 'the words', error_type: 'overloaded' }, 503, 'upstream_overloaded'],
  ['its status', { error: { message: 'the words', http_status_code: 422 } }, 422, 'upstream_rejected'],
  ['errors in a list', { error: ['the words'] }, ...FAILED],
  ['an error that is a flag', { error: true, code: 429, message: 'the words' }, 429, 'upstream_rate_limited'],
  [
    'MiniMax',
    { id: 'x', choices: null, base_resp: { status_code: 1000, status_msg: 'the words' } },
    ...FAILED,
  ],
  [
    'Mistral',
    {
      object: 'error',
      type: 'invalid_request_error',
      message: { detail: [{ loc: ['body'], msg: 'the words' }] },
    },
    400,
    'upstream_rejected',
  ],
];

describe.each(TOLD)('%s', (_, body, status, code) => {
  for (const client of DIALECT_IDS) {
    const replies: [name: string, stream: boolean, reply: Reply][] = [
      ['whole', false, jsonReply(body)],
      ['whole, where a stream was asked for', true, jsonReply(body)],
      ['in a stream', true, replyWith(`data: ${JSON.stringify(body)}\n\n`)],
      ['in a stream with an ending', true, replyWith(`data: ${JSON.stringify(body)}\n\ndata: [DONE]\n\n`)],
    ];
    test.each(replies)(`to ${client}: %s`, async (_name, stream, reply) => {
      const { response, text, row } = await exchange('openai-chat', client, stream, reply);
      const { status: received } = response;
      // Anthropic's clients have a status of their own for an overload, and Gemini's no 401 for a key.
      const told = client === 'anthropic-messages' && status === 503 ? 529 : status;
      if (client !== 'gemini') expect([received, row.errorCode], text).toEqual([told, code]);
      expect([row.status, row.errorCode]).toEqual(['error', code]);
      expect(row.errorMessage).toMatch(/the words$/);
      expect(text).toContain('the words');
    });
  }
});

test('an event before the answer that looks like one is none', async () => {
  const reply = replyWith(`data: {"message":"queued"}\n\n${CHAT.start}${CHAT.delta('Hello')}${CHAT.end}`);
  for (const client of DIALECT_IDS) {
    const { response, text, row } = await exchange('openai-chat', client, true, reply);
    expect([response.status, row.status]).toEqual([200, 'success']);
    expect(text).toContain('Hello');
  }
});

test.each([{ detail: 'the words' }, { message: 'the words' }, { error: 'the words' }])(
  'of a server that speaks Anthropic Messages: %j',
  async (body) => {
    for (const reply of [jsonReply(body), replyWith(`data: ${JSON.stringify(body)}\n\n`)]) {
      const { response, row } = await exchange('anthropic-messages', 'openai-chat', true, reply);
      expect([response.status, row.errorCode]).toEqual(FAILED);
      expect(row.errorMessage).toMatch(/the words$/);
    }
  },
);

const OLLAMA: [body: JsonObject, status: number, code: ErrorCode][] = [
  [{ StatusCode: 429, Status: '429 Too Many Requests', error: 'the words' }, 429, 'upstream_rate_limited'],
  [{ status: 401, error: 'the words' }, 401, 'upstream_unauthorized'],
  [{ status: 'odd', error: 'the words' }, ...FAILED],
];

test.each(OLLAMA)('of Ollama, for a model that runs elsewhere: %j', async (body, status, code) => {
  const line = replyWith(`${JSON.stringify(body)}\n`, {
    headers: { 'content-type': 'application/x-ndjson' },
  });
  for (const [stream, reply] of [
    [true, line],
    [false, jsonReply(body)],
  ] as const) {
    const { response, row } = await exchange('ollama-chat', 'openai-chat', stream, reply);
    expect([response.status, row.errorCode]).toEqual([status, code]);
    expect(row.errorMessage).toMatch(/the words$/);
  }
});

test.each(['message', 'Message'])('in front of Bedrock: %s', async (name) => {
  for (const stream of [true, false]) {
    const { response, row } = await exchange(
      'bedrock-converse',
      'openai-chat',
      stream,
      jsonReply({ [name]: 'the words' }),
    );
    expect([response.status, row.errorCode]).toEqual(FAILED);
    expect(row.errorMessage).toMatch(/the words$/);
  }
});
