// Counting at OpenAI: `/responses/input_tokens`, also for the provider that answers in Chat Completions.
import { describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { jsonReply } from '../../support/reply.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const COUNT = { object: 'response.input_tokens', input_tokens: 11 };
const MESSAGES = {
  model: 'gpt-5',
  system: 'Be brief.',
  max_tokens: 900,
  temperature: 0.1,
  messages: [{ role: 'user', content: 'hi' }],
};

function setup(provider: Record<string, unknown>, answer: unknown = COUNT, status = 200) {
  const upstream = createReplayFetch(jsonReply(answer, { status }));
  const config = { providers: { openai: provider }, routing: { default_provider: 'openai' } };
  return { upstream, ...createTestGateway({ config, fetch: upstream.fetch }) };
}

const OPENAI = { api_key: 'lab-key', max_retries: 0 };

describe.each([
  ['speaks Responses', LAB_PROVIDERS.responses],
  ['answers in Chat Completions', OPENAI],
])('a provider that %s', (_, provider) => {
  test('counts what bears on the prompt alone', async () => {
    const { post, upstream } = setup(provider);
    const response = await post('/v1/messages/count_tokens', MESSAGES);
    expect(await response.json()).toEqual({ input_tokens: 11 });
    expect(response.headers.get('x-sluice-estimate')).toBeNull();
    expect(upstream.requests[0]?.path).toBe('/v1/responses/input_tokens');
    expect(upstream.requests[0]?.headers.get('authorization')).toStartWith('Bearer lab-key');
    expect(upstream.requests[0]?.json()).toEqual({
      model: 'gpt-5',
      instructions: 'Be brief.',
      input: [{ type: 'message', role: 'user', content: 'hi' }],
    });
  });

  test('is estimated where its server has no such path', async () => {
    const { post, row } = setup(provider, { error: { message: 'Invalid URL' } }, 404);
    const response = await post('/v1/messages/count_tokens', MESSAGES);
    expect(response.status).toBe(200);
    expect(response.headers.get('x-sluice-estimate')).toBe('tokenizer');
    expect((await row(0)).status).toBe('success');
  });
});

test('a client of Responses counts too: its bytes pass, or are estimated in its shape', async () => {
  const responses = setup(LAB_PROVIDERS.responses);
  const sdk = (gateway: { fetch(request: Request): Promise<Response> }) =>
    new OpenAI({
      apiKey: 'x',
      baseURL: 'http://127.0.0.1:8088/v1',
      fetch: (url, init) => gateway.fetch(new Request(url, init)),
    });
  const body = { model: 'gpt-5', input: 'hi', instructions: 'Be brief.' };
  expect(await sdk(responses.gateway).responses.inputTokens.count(body)).toMatchObject(COUNT);
  expect(responses.upstream.requests[0]?.json()).toEqual(body);

  const claude = setup(LAB_PROVIDERS.claude, { input_tokens: 5 });
  const counted = await sdk(claude.gateway).responses.inputTokens.count(body);
  expect(counted).toMatchObject({ object: 'response.input_tokens', input_tokens: 5 });
  expect(claude.upstream.requests[0]?.path).toBe('/v1/messages/count_tokens');

  const chat = setup({ ...OPENAI, dialect: 'openai-chat', base_url: 'http://x.test/v1', kind: 'groq' });
  const estimated = await sdk(chat.gateway).responses.inputTokens.count(body);
  expect(estimated.input_tokens).toBeGreaterThan(5);
  expect(chat.upstream.requests).toHaveLength(0);
});
