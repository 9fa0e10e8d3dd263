// Claude on Google Cloud: asked in Anthropic's dialect whatever the client speaks, at the project's path, as the vendor's own
// SDK (`@anthropic-ai/vertex-sdk` 1.1.3) asks.
import { describe, expect, test } from 'bun:test';
import type { ConfigInput } from '../../src/index.ts';
import { MESSAGE, wholeMessage } from '../support/message-stream.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../support/reply.ts';
import { createTestGateway } from '../support/test-gateway.ts';

const MODELS = '/v1/projects/p1/locations/us-east5/publishers/anthropic/models';
const SONNET = 'claude-sonnet-4-5@20250929';
const MESSAGES = [{ role: 'user', content: 'hi' }];
const QUESTION = { model: `vertex/${SONNET}`, max_tokens: 10, messages: MESSAGES };

function lab(
  reply: Reply = jsonReply(wholeMessage('hello')),
  { location = 'us-east5', config = {} }: { location?: string; config?: ConfigInput } = {},
) {
  const urls: string[] = [];
  const upstream = createReplayFetch(reply);
  const options = { project: 'p1', location };
  const gateway = createTestGateway({
    config: {
      ...config,
      providers: { vertex: { options, max_retries: 0 }, ...config.providers },
    },
    host: { authorize: async () => ({ authorization: 'Bearer fetched' }) },
    fetch(url, init) {
      urls.push(url);
      return upstream.fetch(url, init);
    },
  });
  const seen = () => upstream.requests[0];
  return {
    ...gateway,
    urls,
    text: () => new TextDecoder().decode(seen()?.body),
    sent: () => seen()?.json() as Record<string, unknown>,
    path: () => seen()?.path,
    header: (name: string) => seen()?.headers.get(name) ?? null,
  };
}

describe('a client of Anthropic’s dialect', () => {
  test('is passed on: the path names the model, the body the version', async () => {
    const { post, text, path, header, urls } = lab();
    const asked = `{"max_tokens": 10, "model":"vertex/${SONNET}",\n "messages":[{"role":"user","content":"h\\u0069"}]}`;
    const response = await post('/v1/messages?beta=true', asked, {
      headers: { 'anthropic-version': '2023-06-01', 'x-stainless-lang': 'js' },
    });
    expect(await response.json()).toEqual(wholeMessage('hello'));
    expect(urls).toEqual([`https://us-east5-aiplatform.googleapis.com${MODELS}/${SONNET}:rawPredict`]);
    // A parameter that Google does not know would be refused.
    expect(path()).toBe(`${MODELS}/${SONNET}:rawPredict`);
    expect(text()).toBe(
      '{"max_tokens": 10, "messages":[{"role":"user","content":"h\\u0069"}],"anthropic_version":"vertex-2023-10-16"}',
    );
    expect(header('authorization')).toBe('Bearer fetched');
    expect(header('anthropic-version')).toBeNull();
    expect(header('x-api-key')).toBeNull();
    expect(header('x-stainless-lang')).toBe('js');
  });

  test('gets the bytes of a stream', async () => {
    const stream = MESSAGE.start + MESSAGE.block + MESSAGE.delta('hello') + MESSAGE.end;
    const { post, path, sent, row } = lab(
      replyWith(stream, { headers: { 'content-type': 'text/event-stream' } }),
    );
    const response = await post('/v1/messages', { ...QUESTION, stream: true });
    expect(await response.text()).toBe(stream);
    expect(path()).toBe(`${MODELS}/${SONNET}:streamRawPredict`);
    expect(sent()).toMatchObject({ stream: true });
    expect(await row(0)).toMatchObject({ status: 'success', usage: { inputTokens: 7, outputTokens: 3 } });
  });

  test('gets the later version that it asks for', async () => {
    const { post, sent } = lab();
    await post('/v1/messages', QUESTION, { headers: { 'anthropic-version': '2026-10-21' } });
    expect(sent().anthropic_version).toBe('2026-10-21');
  });

  test('may write a model’s date as at Anthropic', async () => {
    const { post, path } = lab();
    await post('/v1/messages', { ...QUESTION, model: 'vertex/claude-sonnet-4-5-20250929' });
    expect(path()).toBe(`${MODELS}/${SONNET}:rawPredict`);
  });

  test('names only betas that are accepted there', async () => {
    const { post, header } = lab();
    const betas = [
      'claude-code-20250219',
      'context-management-2025-06-27',
      'prompt-caching-scope-2026-01-05',
      'advanced-tool-use-2025-11-20',
    ];
    await post('/v1/messages', QUESTION, { headers: { 'anthropic-beta': betas.join(', ') } });
    expect(header('anthropic-beta')).toBe('context-management-2025-06-27,tool-search-tool-2025-10-19');

    const refused = lab();
    await refused.post('/v1/messages', QUESTION, { headers: { 'anthropic-beta': 'claude-code-20250219' } });
    expect(refused.header('anthropic-beta')).toBeNull();
  });

  test('needs not name the beta of a search', async () => {
    const { post, header, sent } = lab();
    const tools = [{ type: 'web_search_20250305', name: 'web_search' }];
    await post(
      '/v1/messages',
      { ...QUESTION, tools },
      {
        headers: { 'anthropic-beta': 'interleaved-thinking-2025-05-14' },
      },
    );
    expect(sent().tools).toEqual(tools);
    expect(header('anthropic-beta')).toBe('interleaved-thinking-2025-05-14,web-search-2025-03-05');
  });

  test('is rid of what Claude Code sends to Anthropic alone', async () => {
    const { post, sent } = lab();
    const kept = { type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } };
    const system = [
      { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1' },
      { ...kept, cache_control: { ...kept.cache_control, scope: 'global' } },
    ];
    const response = await post('/v1/messages', { ...QUESTION, system });
    expect(sent()).toEqual({
      max_tokens: 10,
      messages: MESSAGES,
      system: [kept],
      anthropic_version: 'vertex-2023-10-16',
    });
    expect(response.headers.get('x-sluice-lost')).toBe('x-anthropic-billing-header, cache_control.scope');
  });

  test('caches a whole prompt by a breakpoint at its end', async () => {
    const { post, sent } = lab();
    await post('/v1/messages', { ...QUESTION, cache_control: { type: 'ephemeral' } });
    const marked = { type: 'text', text: 'hi', cache_control: { type: 'ephemeral' } };
    expect(sent()).toEqual({
      max_tokens: 10,
      messages: [{ role: 'user', content: [marked] }],
      anthropic_version: 'vertex-2023-10-16',
    });
  });

  test('whose history another provider left is asked anew, in the same form', async () => {
    const { post, sent, header } = lab();
    const thought = { type: 'thinking', thinking: 'hm', signature: '' };
    const messages = [
      ...MESSAGES,
      { role: 'assistant', content: [thought, { type: 'text', text: 'ho' }] },
      ...MESSAGES,
    ];
    const edits = [{ type: 'clear_tool_uses_20250919' }];
    await post(
      '/v1/messages',
      { ...QUESTION, messages, context_management: { edits } },
      {
        headers: { 'anthropic-version': '2026-10-21' },
      },
    );
    expect(sent()).toMatchObject({ anthropic_version: '2026-10-21', max_tokens: 10 });
    expect(sent()).not.toHaveProperty('model');
    expect(JSON.stringify(sent())).not.toContain('"signature":""');
    expect(header('anthropic-beta')).toBe('context-management-2025-06-27');
  });

  test.each([
    [
      404,
      'Publisher Model `projects/p1/locations/us-east5/publishers/anthropic/models/count-tokens` was not found',
    ],
    [400, 'Publisher Model `publishers/anthropic/models/count-tokens` is not servable in region us-east5.'],
    [400, 'claude-sonnet-4-5 is not supported for token counting'],
  ])('gets an estimate where the platform does not count: %i %s', async (status, message) => {
    const { post } = lab(jsonReply({ error: { code: status, message, status: 'X' } }, { status }));
    const response = await post('/v1/messages/count_tokens', {
      model: QUESTION.model,
      messages: MESSAGES,
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-sluice-estimate')).toBe('tokenizer');
  });

  test('gets the refusal of a model that is not there', async () => {
    const message = 'Publisher Model `publishers/anthropic/models/claude-sonnet-4-5` was not found';
    const { post } = lab(jsonReply({ error: { code: 404, message, status: 'NOT_FOUND' } }, { status: 404 }));
    const body = { model: QUESTION.model, messages: MESSAGES };
    expect((await post('/v1/messages/count_tokens', body)).status).toBe(404);
  });

  test('counts tokens where the platform does, without the beta of a search', async () => {
    const { post, path, sent, header } = lab(jsonReply({ input_tokens: 5 }));
    const tools = [{ type: 'web_search_20250305', name: 'web_search' }];
    const body = { model: 'vertex/claude-sonnet-4-5-20250929', messages: MESSAGES, tools };
    const response = await post('/v1/messages/count_tokens?beta=true', body, {
      headers: { 'anthropic-version': '2023-06-01', 'anthropic-beta': 'token-counting-2024-11-01' },
    });
    expect(await response.json()).toEqual({ input_tokens: 5 });
    expect(path()).toBe(`${MODELS}/count-tokens:rawPredict`);
    expect(sent()).toEqual({
      model: 'claude-sonnet-4-5',
      messages: MESSAGES,
      tools,
      anthropic_version: 'vertex-2023-10-16',
    });
    expect(header('anthropic-beta')).toBeNull();
  });
});

describe('a client of another dialect', () => {
  const CHAT = { model: `vertex/${SONNET}`, messages: MESSAGES };

  test.each([
    ['/v1/chat/completions', CHAT],
    ['/v1/responses', { model: CHAT.model, input: 'hi' }],
    [
      `/v1beta/models/${encodeURIComponent(CHAT.model)}:generateContent`,
      { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
    ],
  ])('of %s is translated', async (at, body) => {
    const { post, path, sent } = lab();
    const response = await post(at, body);
    expect(await response.text()).toContain('hello');
    expect(path()).toBe(`${MODELS}/${SONNET}:rawPredict`);
    expect(sent()).toMatchObject({
      anthropic_version: 'vertex-2023-10-16',
      messages: [{ role: 'user', content: 'hi' }],
    });
    expect(sent()).not.toHaveProperty('model');
  });

  test('loses what the platform refuses, and says so', async () => {
    const { post, sent, header } = lab();
    const content = [
      { type: 'text', text: 'what is it?' },
      { type: 'image_url', image_url: { url: 'https://lab.test/a.png' } },
    ];
    const response = await post('/v1/chat/completions', {
      ...CHAT,
      messages: [{ role: 'user', content }],
      service_tier: 'auto',
      web_search_options: {},
    });
    expect(sent()).not.toHaveProperty('service_tier');
    expect(sent().tools).toEqual([{ type: 'web_search_20250305', name: 'web_search' }]);
    expect(header('anthropic-beta')).toBe('web-search-2025-03-05');
    expect(JSON.stringify(sent().messages)).not.toContain('lab.test');
    expect(response.headers.get('x-sluice-lost')).toBe('image.url, service_tier');
  });

  test('counts tokens there', async () => {
    const { post, path, sent } = lab(jsonReply({ input_tokens: 5 }));
    const at = `/v1beta/models/${encodeURIComponent(CHAT.model)}:countTokens`;
    const response = await post(at, { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] });
    expect(await response.json()).toEqual({ totalTokens: 5 });
    expect(path()).toBe(`${MODELS}/count-tokens:rawPredict`);
    expect(sent()).toEqual({
      model: 'claude-sonnet-4-5',
      messages: [{ role: 'user', content: 'hi' }],
      anthropic_version: 'vertex-2023-10-16',
    });
  });
});

test.each([
  ['global', 'https://aiplatform.googleapis.com'],
  ['us', 'https://aiplatform.us.rep.googleapis.com'],
  ['eu', 'https://aiplatform.eu.rep.googleapis.com'],
  ['europe-west1', 'https://europe-west1-aiplatform.googleapis.com'],
])('the location %s is at %s, for every model', async (location, origin) => {
  const { post, urls } = lab(undefined, { location });
  await post('/v1/messages', QUESTION);
  await post('/v1/messages', { ...QUESTION, model: 'vertex/gemini-2.5-pro' });
  const project = `${origin}/v1/projects/p1/locations/${location}/publishers`;
  expect(urls).toEqual([
    `${project}/anthropic/models/${SONNET}:rawPredict`,
    `${project}/google/models/gemini-2.5-pro:generateContent`,
  ]);
});

test('Google’s errors, alone or in a list, mean what they mean for Gemini', async () => {
  const error = {
    code: 429,
    message: 'Quota exceeded for base model: anthropic-claude',
    status: 'RESOURCE_EXHAUSTED',
  };
  for (const body of [{ error }, [{ error }]]) {
    const { post, row } = lab(jsonReply(body, { status: 429 }));
    const response = await post('/v1/messages', QUESTION);
    expect(response.status).toBe(429);
    expect(await response.json()).toMatchObject({
      type: 'error',
      error: { type: 'rate_limit_error', message: expect.stringContaining('Quota exceeded') },
    });
    expect(await row(0)).toMatchObject({ errorCode: 'upstream_rate_limited' });
  }
});

test.each(['claude-x/../../y', 'claude-x/..', 'claude-\ud800'])(
  'a model named %j, which might lead elsewhere, is refused',
  async (model) => {
    const { post, urls } = lab();
    const response = await post('/v1/messages', { ...QUESTION, model: `vertex/${model}` });
    expect(response.status).toBe(400);
    expect(urls).toEqual([]);
  },
);

describe('prices', () => {
  const bill = async (model: string, location: string, usage: object) => {
    const { post, row } = lab(jsonReply({ ...wholeMessage('x'), model, usage }), { location });
    await post('/v1/messages', { ...QUESTION, model: `vertex/${model}` });
    return (await row(0)).costUsd;
  };
  const usage = { input_tokens: 1000, output_tokens: 1000 };

  test.each([
    [SONNET, 'global', 0.018],
    // Outside of `global`, models since 4.5 cost a tenth more.
    [SONNET, 'us-east5', 0.0198],
    [SONNET, 'eu', 0.0198],
    ['claude-haiku-4-5@20251001', 'global', 0.006],
    ['claude-haiku-4-5@20251001', 'us', 0.0066],
    ['claude-opus-4-7', 'us-east5', 0.033],
    ['claude-opus-4-1@20250805', 'us-east5', 0.09],
    ['claude-unheard-of', 'global', null],
  ])('%s in %s', async (model, location, cost) => {
    const billed = await bill(model, location, usage);
    if (cost === null) expect(billed).toBeNull();
    else expect(billed).toBeCloseTo(cost, 10);
  });

  test('by a configured address of Google’s own', async () => {
    const options = { project: 'p1', location: 'global' };
    const base_url = 'https://aiplatform.googleapis.com';
    const config = { providers: { vertex: { options, base_url, max_retries: 0 } } };
    const { post, row } = lab(jsonReply({ ...wholeMessage('x'), model: SONNET, usage }), { config });
    await post('/v1/messages', QUESTION);
    expect((await row(0)).costUsd).toBeCloseTo(0.018, 10);
  });
});

describe('a bare name', () => {
  const ANTHROPIC = { base_url: 'http://anthropic.test', api_key: 'k1', max_retries: 0 };
  const body = { ...QUESTION, model: 'claude-sonnet-4-5-20250929' };

  test('goes there where nobody else serves Claude', async () => {
    const gpt = { dialect: 'openai-chat', base_url: 'http://gpt.test/v1', api_key: 'k' } as const;
    const { post, path } = lab(undefined, { config: { providers: { gpt } } });
    await post('/v1/messages', body);
    expect(path()).toBe(`${MODELS}/${SONNET}:rawPredict`);
  });

  test('goes to Anthropic where that is configured too, in whatever order', async () => {
    const { post, urls } = lab(undefined, { config: { providers: { anthropic: ANTHROPIC } } });
    await post('/v1/messages', body);
    expect(urls).toEqual(['http://anthropic.test/v1/messages']);
  });

  test('with Google’s spelling of a date goes there all the same', async () => {
    const { post, path } = lab(undefined, { config: { providers: { anthropic: ANTHROPIC } } });
    await post('/v1/messages', { ...body, model: SONNET });
    expect(path()).toBe(`${MODELS}/${SONNET}:rawPredict`);
  });

  test('falls back from Anthropic to Google', async () => {
    const { post, urls } = lab(
      jsonReply({ type: 'error', error: { type: 'overloaded_error', message: 'no' } }, { status: 529 }),
      {
        config: {
          providers: { anthropic: ANTHROPIC },
          routing: { fallback_chain: ['anthropic', 'vertex'] },
        },
      },
    );
    await post('/v1/messages', body);
    expect(urls).toEqual([
      'http://anthropic.test/v1/messages',
      `https://us-east5-aiplatform.googleapis.com${MODELS}/${SONNET}:rawPredict`,
    ]);
  });
});
