// Clients that overlook an error event, so that a failed answer would look like a short one: Vercel's AI SDK and older versions
// of Google's SDK in Gemini's dialect, Effect there and in Responses, several of Ollama's, LangChain4j and LangChainGo in Chat
// Completions, goose in Anthropic's.
import { describe, expect, test } from 'bun:test';
import { createWebHost } from '../../../src/gateway/host.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const AI_SDK = { 'user-agent': 'ai/7.0.1 ai-sdk/google/4.0.1 ai-sdk/provider-utils/5.0.1 runtime/bun/1.4' };
/** As Gemini CLI sends it. */
const OLD_SDK = { 'x-goog-api-client': 'google-genai-sdk/1.30.0 gl-node/v20.20.2' };
const CHUNK = 'data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hello"}]}}]}\r\n\r\n';
/** Effect's HTTP client. */
const EFFECT = {
  traceparent: '00-506def746eab67ccb9eadda7a1ac888f-14ef34caaa412edb-01',
  b3: '506def746eab67ccb9eadda7a1ac888f-14ef34caaa412edb-1',
};
const GEMINI_ERROR = '{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}';
const LINE =
  '{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"Hello"},"done":false}\n';

const web = createWebHost();

function setup(stream: string, type: string) {
  const upstream = createReplayFetch(replyWith(stream, { headers: { 'content-type': type } }));
  const at = { base_url: 'http://lab.invalid', max_retries: 0 };
  const providers = {
    gemini: { ...at, dialect: 'gemini' as const, api_key: 'k' },
    ollama: { ...at, dialect: 'ollama-chat' as const },
    lab: { ...at, dialect: 'openai-chat' as const },
    anthropic: { ...at, api_key: 'k' },
    responses: { ...at, dialect: 'openai-responses' as const },
    simulator: {},
  };
  return createTestGateway({
    config: { providers },
    fetch: upstream.fetch,
    // The wait before the connection breaks takes no time.
    host: { setTimer: (callback, ms) => web.setTimer(callback, ms < 1_000 ? 0 : ms) },
  });
}

async function read(response: Response): Promise<{ text: string; broken: unknown }> {
  let text = '';
  try {
    for await (const bytes of response.body ?? []) text += new TextDecoder().decode(bytes);
    return { text, broken: undefined };
  } catch (broken) {
    return { text, broken };
  }
}

describe('Gemini', () => {
  const path = (model: string) => `/v1beta/models/${model}:streamGenerateContent?alt=sse`;
  const ask = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };
  const lastOf = async (model: string, headers: Record<string, string>) => {
    const { post, row } = setup(`${CHUNK}data: ${GEMINI_ERROR}\r\n\r\n`, 'text/event-stream');
    const { text, broken } = await read(await post(path(model), ask, { headers }));
    expect(broken).toBeUndefined();
    expect(await row(0)).toMatchObject({ status: 'error' });
    return text.trim().split('\r\n\r\n').at(-1)?.slice('data: '.length);
  };

  test.each([
    ['of Gemini', 'gemini%2Fg', 'overloaded'],
    ['of another dialect', 'simulator%2Ffast,fault=error:2', 'simulated failure'],
  ])('an error in a stream %s violates the form of an answer', async (_, model, words) => {
    const last = JSON.parse((await lastOf(model, AI_SDK)) ?? '');
    expect(last.error.message).toContain(words);
    expect(last.candidates).toBeString();
  });

  test.each([
    ['of Gemini', 'gemini%2Fg', 'overloaded'],
    ['of another dialect', 'simulator%2Ffast,fault=error:2', 'simulated failure'],
    ['that broke off', 'simulator%2Ffast,fault=cut:2', 'simulator'],
  ])(
    'an error in a stream %s is outside of events, where Google’s SDK before version 2.32 reads it',
    async (_, model, words) => {
      const { post } = setup(`${CHUNK}data: ${GEMINI_ERROR}\r\n\r\n`, 'text/event-stream');
      const { body } = await post(path(model), ask, { headers: OLD_SDK });
      const pieces: string[] = [];
      for await (const bytes of body ?? []) pieces.push(new TextDecoder().decode(bytes));
      expect(pieces.join('')).toStartWith('data: {');
      // It looks for an error in each piece that it reads, which has to be nothing else.
      const { error } = JSON.parse(pieces.at(-1) ?? '');
      expect(error.message).toContain(words);
      // The SDK throws for these alone.
      expect(error.code).toBeWithin(400, 600);
    },
  );

  test('an element of an array is read by it all the same', async () => {
    const { post } = setup(CHUNK, 'text/event-stream');
    const { text } = await read(
      await post('/v1beta/models/simulator%2Ffast,fault=error:2:streamGenerateContent', ask, {
        headers: OLD_SDK,
      }),
    );
    expect(JSON.parse(text).at(-1).error.message).toContain('simulated failure');
  });

  test.each(['google-genai-sdk/2.32.0 gl-node/v20', 'google-genai-sdk/1.30.0 gl-python/3.12', 'gl-node/v20'])(
    '%s reads it in an event',
    async (client) => {
      const { post } = setup(`${CHUNK}data: ${GEMINI_ERROR}\r\n\r\n`, 'text/event-stream');
      const headers = { 'x-goog-api-client': client };
      const { text } = await read(await post(path('gemini%2Fg'), ask, { headers }));
      expect(text).toEndWith(`data: ${GEMINI_ERROR}\r\n\r\n`);
    },
  );

  test('other clients get it as ever: the provider’s bytes, or Google’s form', async () => {
    expect(await lastOf('gemini%2Fg', {})).toBe(GEMINI_ERROR);
    const translated = JSON.parse((await lastOf('simulator%2Ffast,fault=error:2', {})) ?? '');
    expect(Object.keys(translated)).toEqual(['error']);
  });
});

describe('Effect', () => {
  const FAILED = [
    { type: 'response.created', response: { id: 'r', status: 'in_progress' } },
    { type: 'response.output_text.delta', item_id: 'm', output_index: 0, content_index: 0, delta: 'Hello' },
    { type: 'response.failed', response: { id: 'r', status: 'failed', error: { code: 'server_error' } } },
  ]
    .map((event) => `data: ${JSON.stringify(event)}\n\n`)
    .join('');
  const contents = [{ parts: [{ text: 'hi' }] }];
  const gemini = (model: string) =>
    [`/v1beta/models/${encodeURIComponent(model)}:streamGenerateContent?alt=sse`, { contents }] as const;
  const responses = (model: string) => ['/v1/responses', { model, stream: true, input: 'hi' }] as const;

  test.each([
    [...gemini('gemini/g'), `${CHUNK}data: ${GEMINI_ERROR}\r\n\r\n`],
    [...gemini('simulator/fast,fault=cut:2'), ''],
    [...responses('responses/m'), FAILED],
    [...responses('simulator/fast,fault=error:2'), ''],
  ])('%s %p: the connection breaks behind an error, for it alone', async (at, ask, stream) => {
    const { post } = setup(stream, 'text/event-stream');
    for (const userAgent of ['', 'node', 'Bun/1.4.5']) {
      const { text, broken } = await read(
        await post(at, ask, { headers: { ...EFFECT, 'user-agent': userAgent } }),
      );
      expect(text).toContain('"error":');
      expect(broken).toBeInstanceOf(Error);
    }
    const { traceparent } = EFFECT;
    const instrumented = { ...EFFECT, 'user-agent': 'OpenAI/Python 2.1.0' };
    for (const headers of [{ traceparent }, { ...EFFECT, b3: '0' }, instrumented])
      expect((await read(await post(at, ask, { headers }))).broken).toBeUndefined();
  });

  test('an answer that has not failed ends as ever', async () => {
    const { post } = setup('', 'text/event-stream');
    for (const [at, ask] of [gemini('simulator/fast'), responses('simulator/fast')])
      expect((await read(await post(at, ask, { headers: EFFECT }))).broken).toBeUndefined();
  });
});

describe('Ollama', () => {
  const ask = { messages: [{ role: 'user', content: 'hi' }], prompt: 'hi' };
  const STREAM = `${LINE}{"error":"the model crashed"}\n`;

  test.each([
    ['the AI SDK', '/api/chat', 'ollama/m', AI_SDK['user-agent']],
    ['the AI SDK', '/api/chat', 'simulator/fast,fault=cut:2', AI_SDK['user-agent']],
    ['the AI SDK', '/api/generate', 'ollama/m', AI_SDK['user-agent']],
    ['Genkit for Go', '/api/chat', 'ollama/m', 'Go-http-client/1.1'],
    ['Koog', '/api/chat', 'simulator/fast,fault=cut:2', 'ktor-client'],
    ['genai and ollama-rs', '/api/chat', 'ollama/m', ''],
    ['genai and ollama-rs', '/api/chat', 'simulator/fast,fault=error:2', ''],
  ])('%s, %s, %s: the connection breaks behind an error', async (_, at, model, client) => {
    const { post, row } = setup(STREAM, 'application/x-ndjson');
    const { text, broken } = await read(
      await post(at, { ...ask, model }, { headers: { 'user-agent': client } }),
    );
    expect(text).toContain('"error":');
    expect(broken).toBeInstanceOf(Error);
    expect((await row(0)).status).not.toBe('success');
  });

  test.each(['ollama-python/0.6.1 (x86_64 linux)', 'ollama/0.15.4 (amd64 linux) Go/go1.26.8'])(
    'a stream of %s ends behind it, and so does an answer that has not failed',
    async (client) => {
      const headers = { 'user-agent': client };
      const failed = setup(STREAM, 'application/x-ndjson');
      const ofOthers = await read(await failed.post('/api/chat', { ...ask, model: 'ollama/m' }, { headers }));
      expect(ofOthers).toEqual({ text: STREAM, broken: undefined });
      const answer = await failed.post('/api/chat', { ...ask, model: 'simulator/fast' }, { headers: AI_SDK });
      expect((await read(answer)).broken).toBeUndefined();
    },
  );
});

describe('Chat Completions', () => {
  const STREAM =
    'data: {"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":null}]}\n\ndata: {"error":{"message":"overloaded"}}\n\n';
  const readWith = async (headers: Record<string, string>, model: string) => {
    const { post } = setup(STREAM, 'text/event-stream');
    const ask = { model, stream: true, messages: [{ role: 'user', content: 'hi' }] };
    return read(await post('/v1/chat/completions', ask, { headers }));
  };
  const readAs = (client: string, model: string) => readWith({ 'user-agent': client }, model);

  test.each([
    ['langchain4j-openai', 'lab/m'],
    ['langchain4j-openai', 'simulator/fast,fault=cut:2'],
    ['langchain4j-mistral-ai', 'simulator/fast,fault=error:2'],
    ['azsdk-java-azure-ai-openai/1.0.0-beta.16 (17.0.15; Linux)', 'lab/m'],
    ['Java-http-client/17.0.15', 'simulator/fast,fault=cut:2'],
    ['ReactorNetty/1.2.9', 'lab/m'],
    ['app/devel langchaingo/v0.1.14 Go/go1.26.8 (linux amd64)', 'lab/m'],
    ['app azsdk-python-ai-inference/1.0.0b9 Python/3.11.7 (Linux-6.18-x86_64)', 'lab/m'],
  ])('%s, %s: the connection breaks behind an error', async (client, model) => {
    const { text, broken } = await readAs(client, model);
    expect(text).toContain('"error":');
    expect(broken).toBeInstanceOf(Error);
  });

  test('so it does for LangChain’s ChatOpenRouter for JavaScript, not for other apps', async () => {
    const headers = { 'http-referer': 'https://docs.langchain.com', 'x-title': 'LangChain' };
    expect((await readWith(headers, 'lab/m')).broken).toBeInstanceOf(Error);
    expect((await readWith({ ...headers, 'x-title': 'Roo Code' }, 'lab/m')).broken).toBeUndefined();
  });

  test('other clients’ streams end behind it, and so does an answer that has not failed', async () => {
    expect(await readAs('OpenAI/JS 6.1.0', 'lab/m')).toEqual({ text: STREAM, broken: undefined });
    expect((await readAs('langchain4j-openai', 'simulator/fast')).broken).toBeUndefined();
  });
});

describe('Anthropic Messages', () => {
  const STREAM = [
    {
      type: 'message_start',
      message: { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [] },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } },
    { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
  ]
    .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join('');
  const readAs = async (headers: Record<string, string>, model: string) => {
    const { post } = setup(STREAM, 'text/event-stream');
    const ask = { model, max_tokens: 99, stream: true, messages: [{ role: 'user', content: 'hi' }] };
    return read(await post('/v1/messages', ask, { headers }));
  };
  /** goose names no program. */
  const GOOSE = { 'agent-session-id': '20261130_1' };

  test.each(['anthropic/m', 'simulator/fast,fault=error:2', 'simulator/fast,fault=cut:2'])(
    'goose, %s: the connection breaks behind an error',
    async (model) => {
      const { text, broken } = await readAs(GOOSE, model);
      expect(text).toContain('event: error');
      expect(broken).toBeInstanceOf(Error);
    },
  );

  test('other clients’ streams end behind it, and so does an answer that has not failed', async () => {
    expect(await readAs({}, 'anthropic/m')).toEqual({ text: STREAM, broken: undefined });
    const named = { ...GOOSE, 'user-agent': 'another/1.0' };
    expect(await readAs(named, 'anthropic/m')).toEqual({ text: STREAM, broken: undefined });
    expect((await readAs(GOOSE, 'simulator/fast')).broken).toBeUndefined();
  });
});

test.each([
  ['/v1/chat/completions', { messages: [{ role: 'user', content: 'hi' }] }],
  ['/v1/messages', { max_tokens: 99, messages: [{ role: 'user', content: 'hi' }] }],
  [
    '/v1beta/models/MODEL:streamGenerateContent?alt=sse',
    { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
  ],
])(
  '%s: llm in Rust, which names no program but accepts anything, sees the connection break',
  async (at, ask) => {
    const model = 'simulator/fast,fault=error:2';
    const readAs = async (headers: Record<string, string>) => {
      const { post } = setup('', 'text/event-stream');
      const path = at.replace('MODEL', encodeURIComponent(model));
      return read(await post(path, { ...ask, model, stream: true }, { headers }));
    };
    const { text, broken } = await readAs({ accept: '*/*' });
    expect(text).toContain('simulated failure');
    expect(broken).toBeInstanceOf(Error);
    expect((await readAs({})).broken).toBeUndefined();
    expect((await readAs({ accept: '*/*', 'user-agent': 'curl/8.5.0' })).broken).toBeUndefined();
  },
);
