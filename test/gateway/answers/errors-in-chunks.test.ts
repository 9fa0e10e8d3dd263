// Errors that stand in the chunks of an answer, as OpenRouter and other servers tell them: the one ending of a stream for
// a client of any dialect, whatever stands beside and behind them, and never an answer (GUARANTEES 14).
import { describe, expect, test } from 'bun:test';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import { DIALECT_IDS, type DialectId } from '../../../src/model/dialect-id.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { clientRequest, LAB_PROVIDER_OF } from '../../support/client-requests.ts';
import { CHAT, wholeChat } from '../../support/message-stream.ts';
import { readEvents } from '../../support/read-events.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

async function exchange(client: DialectId, provider: DialectId, stream: boolean, reply: Reply) {
  const lab = LAB_PROVIDERS[LAB_PROVIDER_OF[provider]];
  const { post, row } = createTestGateway({
    config: { providers: { lab }, routing: { default_provider: 'lab' } },
    fetch: createReplayFetch(reply).fetch,
  });
  const { path, body } = clientRequest(client, { stream });
  const response = await post(path, body);
  return { response, text: await response.text(), row: await row(0) };
}

/** The endings that a client of the dialect reads in a stream, with what each says. */
function endingsIn(text: string, client: DialectId): string[] {
  const endings: string[] = [];
  const fresh = () =>
    DIALECTS[client].provider.createStreamDecoder({
      push(event) {
        if (event.type === 'finish') endings.push('finish');
        if (event.type === 'error') endings.push(event.error.message);
        if (event.type === 'finish' || event.type === 'error') decoder = fresh();
      },
    });
  let decoder = fresh();
  for (const event of readEvents(new TextEncoder().encode(text))) decoder.decode(event);
  decoder.end();
  return endings;
}

const chunk = (fields: JsonObject) =>
  `data: ${JSON.stringify({ id: 'gen-1', object: 'chat.completion.chunk', created: 1, model: 'served', ...fields })}\n\n`;
const choice = (fields: JsonObject) => ({ index: 0, delta: {}, ...fields });
const DONE = 'data: [DONE]\n\n';
const ERROR = { code: 502, message: 'Provider disconnected' };
const WORDS = CHAT.start + CHAT.delta('Hello');
const USAGE = chunk({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 } });

/** What a provider may say behind its error. */
const BEHIND: [name: string, events: string][] = [
  ['[DONE]', DONE],
  ['an answer', CHAT.delta('more') + CHAT.end],
  ['counts', USAGE + DONE],
  ['nothing', ''],
];

/** `seen`: OpenAI's clients find the error there themselves. */
const TOLD: [name: string, event: string, options: { seen?: boolean }][] = [
  [
    'an error beside a finish_reason',
    chunk({ choices: [choice({ finish_reason: 'error' })], error: ERROR }),
    { seen: true },
  ],
  ['an error beside no choice', chunk({ choices: [], error: ERROR }), { seen: true }],
  ['an error inside the choice', chunk({ choices: [choice({ finish_reason: 'error', error: ERROR })] }), {}],
  ['an error inside the delta', chunk({ choices: [choice({ delta: { content: '', error: ERROR } })] }), {}],
  [
    'an error inside the message of a chunk',
    chunk({ choices: [{ index: 0, message: { content: '', error: ERROR }, finish_reason: 'stop' }] }),
    {},
  ],
  [
    'a code of MiniMax',
    chunk({ choices: null, base_resp: { status_code: 1000, status_msg: ERROR.message } }),
    {},
  ],
  [
    'a code of MiniMax beside an ending',
    chunk({
      choices: [choice({ delta: { content: '' }, finish_reason: 'stop' })],
      base_resp: { status_code: 1033, status_msg: ERROR.message },
    }),
    {},
  ],
  ['an event called error, with fields only', `event: error\ndata: ${JSON.stringify(ERROR)}\n\n`, {}],
  ['an object called error', `data: ${JSON.stringify({ object: 'error', ...ERROR })}\n\n`, {}],
];

describe.each(TOLD)('%s', (_, event, { seen = false }) => {
  for (const client of DIALECT_IDS) {
    test.each(BEHIND)(`to ${client}, then %s`, async (_name, rest) => {
      const { text, row } = await exchange(client, 'openai-chat', true, replyWith(WORDS + event + rest));
      expect(endingsIn(text, client)).toEqual([expect.stringContaining('Provider disconnected')]);
      expect(text).not.toContain('[DONE]');
      expect(text).not.toContain('more');
      expect(row).toMatchObject({
        status: 'error',
        errorCode: 'upstream_failed',
        errorMessage: expect.stringContaining('Provider disconnected'),
      });
      if (client === 'openai-chat' && seen) expect(text).toBe(WORDS + event);
      if (client === 'openai-chat') expect(lastError(text)).toContain('Provider disconnected');
    });

    test.each([true, false])(`to ${client}, before any content: a status; streamed: %p`, async (stream) => {
      const { response, row } = await exchange(client, 'openai-chat', stream, replyWith(event + DONE));
      expect(response.status).toBe(502);
      expect(row).toMatchObject({ status: 'error', errorCode: 'upstream_failed' });
    });
  }
});

describe.each([
  ['FastAPI', { detail: 'the engine died' }],
  ['a code and a message', { code: 500, msg: 'the engine died' }],
])('the words of %s', (_, body) => {
  const words = `data: ${JSON.stringify(body)}\n\n`;

  for (const client of DIALECT_IDS) {
    test.each([
      ['nothing', ''],
      ['[DONE]', DONE],
      ['counts', USAGE],
    ])(`behind content are why it broke off: to ${client}, then %s`, async (_name, rest) => {
      for (const stream of [true, false]) {
        const reply = replyWith(WORDS + words + rest);
        const { text, row } = await exchange(client, 'openai-chat', stream, reply);
        expect(row).toMatchObject({ status: 'error', errorCode: 'upstream_failed' });
        expect(row.errorMessage).toEndWith('the engine died');
        if (stream) expect(endingsIn(text, client)).toEqual([expect.stringContaining('the engine died')]);
      }
    });

    test(`between content are no matter: to ${client}`, async () => {
      const reply = replyWith(WORDS + words + CHAT.delta('more') + CHAT.end);
      const { text, row } = await exchange(client, 'openai-chat', true, reply);
      expect(row.status).toBe('success');
      expect(text).toContain('more');
    });
  }
});

/** What OpenAI's own clients throw. */
function lastError(text: string): unknown {
  const last = readEvents(new TextEncoder().encode(text)).at(-1);
  return (JSON.parse(last?.data ?? '{}') as { error?: { message?: string } }).error?.message;
}

describe.each(['error', 'network_error', 'abort', 'insufficient_system_resource'])(
  'finish_reason %s',
  (raw) => {
    const code = raw.startsWith('insufficient') ? 'upstream_overloaded' : 'upstream_failed';
    const broken = { status: 'error', errorCode: code, errorMessage: expect.stringContaining(raw) };

    for (const client of DIALECT_IDS) {
      test.each(BEHIND.filter(([name]) => name !== 'an answer'))(
        `to ${client}, streamed, then %s`,
        async (_name, rest) => {
          const ending = chunk({ choices: [choice({ finish_reason: raw })] });
          const { text, row } = await exchange(client, 'openai-chat', true, replyWith(WORDS + ending + rest));
          expect(row).toMatchObject(broken);
          expect(text).not.toContain('[DONE]');
          expect(endingsIn(text, client)).toEqual([expect.stringContaining(raw)]);
          if (client === 'openai-chat') expect(lastError(text)).toContain(raw);
        },
      );

      test.each([true, false])(`to ${client}, in a whole answer; streamed: %p`, async (stream) => {
        const [answered] = wholeChat('Hel').choices;
        const reply = jsonReply({ ...wholeChat(''), choices: [{ ...answered, finish_reason: raw }] });
        const { response, row } = await exchange(client, 'openai-chat', stream, reply);
        expect([502, 503, 529]).toContain(response.status);
        expect(row).toMatchObject(broken);
      });
    }
  },
);

describe('an error of Responses', () => {
  const event = (type: string, fields: JsonObject) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
  const response = (status: string, fields: JsonObject = {}) => ({
    response: {
      id: 'resp_1',
      object: 'response',
      created_at: 1,
      model: 'served',
      status,
      output: [],
      ...fields,
    },
  });
  const error = { code: 'server_error', message: 'the engine died' };
  const words =
    event('response.created', { sequence_number: 0, ...response('in_progress') }) +
    event('response.output_text.delta', {
      ...{ sequence_number: 1, item_id: 'msg_1', output_index: 0, content_index: 0, delta: 'Hello' },
    });
  const errorEvent = event('error', { sequence_number: 2, ...error });
  const failed = event('response.failed', { sequence_number: 3, ...response('failed', { error }) });
  const completed = event('response.completed', { sequence_number: 3, ...response('completed') });

  test('may be reported again as the failed response, and by nothing else', async () => {
    const more = event('response.output_text.delta', { sequence_number: 3, delta: 'more' });
    const stream = replyWith(words + errorEvent + more + failed + completed);
    const { text, row } = await exchange('openai-responses', 'openai-responses', true, stream);
    expect(text).toBe(words + errorEvent + failed);
    expect(row).toMatchObject({ status: 'error', errorCode: 'upstream_failed' });
  });

  test('is not followed by an answer that is complete', async () => {
    const { text } = await exchange(
      'openai-responses',
      'openai-responses',
      true,
      replyWith(words + errorEvent + completed),
    );
    expect(text).toBe(words + errorEvent);
  });

  test('behind an answer that ended by another name does not reach the client', async () => {
    const done = event('response.done', { sequence_number: 2, ...response('completed') });
    const stream = replyWith(words + done + errorEvent + completed);
    const { text, row } = await exchange('openai-responses', 'openai-responses', true, stream);
    expect(text).toBe(words + done);
    expect(row.status).toBe('success');
  });

  test('in a response that calls itself complete is reported as an error', async () => {
    const ending = event('response.completed', { sequence_number: 2, ...response('completed', { error }) });
    const { text } = await exchange('openai-responses', 'openai-responses', true, replyWith(words + ending));
    expect(text).toStartWith(words);
    expect(text).not.toContain('response.completed');
    expect(JSON.parse(readEvents(new TextEncoder().encode(text)).at(-1)?.data ?? '{}')).toMatchObject({
      sequence_number: 2,
    });
    expect(endingsIn(text, 'openai-responses')).toEqual([expect.stringContaining('the engine died')]);
  });

  test('that is reported again quotes no key either time', async () => {
    const quoting = { code: 'server_error', message: `no such key: ${LAB_PROVIDERS.responses.api_key}` };
    const stream =
      words + event('error', quoting) + event('response.failed', response('failed', { error: quoting }));
    const { text } = await exchange('openai-responses', 'openai-responses', true, replyWith(stream));
    expect(text).toContain('response.failed');
    expect(text).not.toContain(LAB_PROVIDERS.responses.api_key);
  });
});
