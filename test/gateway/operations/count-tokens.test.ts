// Counting tokens: asked of providers that count, estimated for the others; one row each.
import { describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { createFallbackLab, expectSettled, failure, limited } from '../../support/fallback-lab.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';
import { jsonReply } from '../../support/reply.ts';

type LabName = keyof typeof LAB_PROVIDERS;

function setup(lab: LabName, status: number, answer: unknown) {
  const upstream = createReplayFetch(jsonReply(answer, { status }));
  const config = { providers: { lab: LAB_PROVIDERS[lab] }, routing: { default_provider: 'lab' } };
  return { upstream, ...createTestGateway({ config, fetch: upstream.fetch }) };
}

const decoder = new TextDecoder();
const sent = ({ upstream }: ReturnType<typeof setup>, index = 0) =>
  decoder.decode(upstream.requests[index]?.body);

const MESSAGES = '{"model":"asked",  "system":"be brief","messages":[{"role":"user","content":"hi"}]}';
const GEMINI = '{"contents":  [{"role":"user","parts":[{"text":"hi"}]}]}';
const GEMINI_PATH = '/v1beta/models/asked:countTokens';

describe('a provider that counts', () => {
  test('of the same dialect gets the client’s bytes, and the client its', async () => {
    const lab = setup('claude', 200, { input_tokens: 14, future: true });
    const response = await lab.post('/v1/messages/count_tokens', MESSAGES);
    expect(await response.json()).toEqual({ input_tokens: 14, future: true });
    expect(response.headers.get('x-sluice-estimate')).toBeNull();
    expect(response.headers.get('x-sluice-provider')).toBe('lab');
    expect(lab.upstream.requests[0]?.path).toBe('/v1/messages/count_tokens');
    expect(sent(lab)).toBe(MESSAGES);
    const row = await lab.row(0);
    expect(row).toMatchObject({ status: 'success', httpStatus: 200, provider: 'lab', model: 'asked' });
    expect(row).toMatchObject({
      usageKnown: false,
      costUsd: null,
      streamed: false,
      operation: 'count-tokens',
    });
    expect(row.attempts).toHaveLength(1);
    expect(lab.rows).toHaveLength(1);
  });

  test('Gemini’s own, its model renamed one level down', async () => {
    const lab = setup('gemini', 200, { totalTokens: 3 });
    await lab.post(GEMINI_PATH, GEMINI);
    expect(sent(lab)).toBe(GEMINI);
    expect(lab.upstream.requests[0]?.path).toBe(GEMINI_PATH);
    const nested = { generateContentRequest: { model: 'models/lab/g', ...(JSON.parse(GEMINI) as object) } };
    await lab.post('/v1beta/models/lab%2Fg:countTokens', nested);
    expect(lab.upstream.requests[1]?.path).toBe('/v1beta/models/g:countTokens');
    expect(JSON.parse(sent(lab, 1))).toEqual({
      generateContentRequest: { ...nested.generateContentRequest, model: 'models/g' },
    });
  });

  test('of another dialect gets a translation', async () => {
    const toGemini = setup('gemini', 200, { totalTokens: 21 });
    const response = await toGemini.post('/v1/messages/count_tokens', MESSAGES);
    expect(await response.json()).toEqual({ input_tokens: 21 });
    expect(JSON.parse(sent(toGemini))).toEqual({
      generateContentRequest: {
        model: 'models/asked',
        contents: [{ role: 'user', parts: [{ text: 'hi' }] }],
        systemInstruction: { parts: [{ text: 'be brief' }] },
      },
    });

    const dotted = setup('claude', 200, { input_tokens: 8 });
    const tools = [{ functionDeclarations: [{ name: 'files.read' }] }];
    const ask = { generateContentRequest: { ...(JSON.parse(GEMINI) as JsonObject), tools } };
    expect(await (await dotted.post(GEMINI_PATH, ask)).json()).toEqual({ totalTokens: 8 });
    expect(JSON.parse(sent(dotted))).toMatchObject({
      tools: [{ name: expect.stringMatching(/^files_read_[0-9a-f]{8}$/) }],
    });

    const toClaude = setup('claude', 200, { input_tokens: 8 });
    const counted = await toClaude.post(GEMINI_PATH, {
      generateContentRequest: { ...(JSON.parse(GEMINI) as JsonObject), generationConfig: { temperature: 1 } },
    });
    expect(await counted.json()).toEqual({ totalTokens: 8 });
    const body = JSON.parse(sent(toClaude)) as JsonObject;
    expect(Object.keys(body).sort()).toEqual(['messages', 'model']);
  });

  test('its error is reported in the client’s dialect, in one row', async () => {
    const lab = setup('claude', 400, {
      type: 'error',
      error: { type: 'invalid_request_error', message: 'messages: too few' },
    });
    const response = await lab.post(GEMINI_PATH, GEMINI);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 400, status: 'INVALID_ARGUMENT' } });
    expect(await lab.row(0)).toMatchObject({ status: 'error', errorCode: 'upstream_rejected' });
    expect(lab.rows).toHaveLength(1);
  });

  test.each(['claude', 'gemini'] as const)(
    'an answer that is no count is malformed: %s',
    async (provider) => {
      const lab = setup(provider, 200, { hello: 1 });
      const response = await lab.post('/v1/messages/count_tokens', MESSAGES);
      expect(response.status).toBe(502);
      expect((await lab.row(0)).errorCode).toBe('upstream_malformed');
    },
  );

  test('Google’s protocol leaves out a count of zero', async () => {
    const response = await setup('gemini', 200, {}).post('/v1/messages/count_tokens', MESSAGES);
    expect(await response.json()).toEqual({ input_tokens: 0 });
  });
});

describe('an estimate', () => {
  const estimate = async (body: JsonObject, lab = setup('gpt', 500, {})) => {
    const response = await lab.post('/v1/messages/count_tokens', { model: 'asked', ...body });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-sluice-estimate')).toBe('tokenizer');
    return ((await response.json()) as { input_tokens: number }).input_tokens;
  };
  const user = (content: unknown) => ({ messages: [{ role: 'user', content }] }) as JsonObject;

  test('stands in where the provider has no count, without asking it', async () => {
    const lab = setup('gpt', 500, {});
    // "hello world" is two tokens; the message and the answer's beginning are three each.
    expect(await estimate(user('hello world'), lab)).toBe(8);
    expect(lab.upstream.requests).toHaveLength(0);
    const row = await lab.row(0);
    expect(row).toMatchObject({ status: 'success', provider: 'lab', usageKnown: false, costUsd: null });
    expect(row.attempts).toEqual([]);
    const gemini = await lab.post(GEMINI_PATH, GEMINI);
    expect(await gemini.json()).toEqual({ totalTokens: 7 });
    expect(gemini.headers.get('x-sluice-estimate')).toBe('tokenizer');
  });

  test.each([
    ['fails', 500, {}, 200],
    ['refuses our key', 401, {}, 200],
    ['does not let our key in', 403, {}, 200],
    ['refuses the key of the client', 401, { 'x-api-key': 'of-the-client' }, 401],
    ['refuses what is asked', 400, {}, 400],
  ])('stands in where the target before it %s (%d)', async (_, status, headers, told) => {
    const lab = createFallbackLab({ script: { one: [failure(status)], two: ['works'] } });
    const body = { model: 'm', ...user('hello world') };
    const asked = lab.post('/v1/messages/count_tokens', body, { headers });
    const { response, text } = await lab.answered(asked);
    expect([response.status, lab.asked]).toEqual([told, ['one']]);
    const row = await lab.row();
    expect(row.attempts).toMatchObject([{ provider: 'one', status }]);
    if (told === 200) {
      expect([JSON.parse(text), row.status, row.provider]).toEqual([{ input_tokens: 8 }, 'success', 'two']);
      expect(response.headers.get('x-sluice-estimate')).toBe('tokenizer');
    }
    await expectSettled();
  });

  test('is made for nobody who left while the target before it was to be asked again later', async () => {
    const lab = createFallbackLab({
      script: { one: [limited({ 'retry-after': '10' })], two: ['works'] },
      providers: { one: { max_retries: 1 } },
    });
    const body = { model: 'm', ...user('hello world') };
    const stays = lab.post('/v1/messages/count_tokens', body);
    await lab.timers.advance(1_000);
    const leaving = new AbortController();
    const left = lab.post('/v1/messages/count_tokens', body, { signal: leaving.signal }).catch(() => {});
    await lab.timers.advance(1_000);
    leaving.abort();
    await left;
    expect(await lab.row()).toMatchObject({
      status: 'aborted',
      attempts: [{ provider: 'one', skipped: 'keys_set_aside' }],
    });
    const { response } = await lab.answered(stays, 20_000);
    expect(response.status).toBe(200);
    expect(lab.asked).toEqual(['one', 'one']);
    await expectSettled();
  });

  test('counts tools, images, and text that looks like a control token', async () => {
    const plain = await estimate(user('hi'));
    const source = { type: 'base64', media_type: 'image/png', data: 'AAAA' };
    expect(
      await estimate(
        user([
          { type: 'text', text: 'hi' },
          { type: 'image', source },
        ]),
      ),
    ).toBe(plain + 765);
    const tools = [{ name: 'weather', description: 'tells it', input_schema: { type: 'object' } }];
    expect(await estimate({ ...user('hi'), tools })).toBeGreaterThan(plain + 10);
    expect(await estimate(user('<|endoftext|>'))).toBeGreaterThan(plain);
  });

  test('of long text goes on in pieces, and words without end stay cheap', async () => {
    const text = 'hello world '.repeat(20_000);
    expect(Math.abs((await estimate(user(text))) - 40_000)).toBeLessThan(100);
    expect(await estimate(user('x'.repeat(300_000)))).toBeGreaterThan(30_000);
    // What the encoding takes for one word beside letters without a space.
    for (const unit of [' ', '\n', '\r\n', ' \n', '\t\r\n', '/', '/\n', '\r\n/', '!\n/'])
      expect(await estimate(user(unit.repeat(300_000 / unit.length)))).toBeGreaterThan(300);
  });

  test('takes the place of a path that the provider does not have, not of a model', async () => {
    await estimate(user('hi'), setup('claude', 404, { detail: 'Not Found' }));
    // Whatever they say of it.
    for (const status of [405, 501])
      await estimate(user('hi'), setup('claude', status, { detail: 'not for this model' }));
    const lab = setup('claude', 404, {
      type: 'error',
      error: { type: 'not_found_error', message: 'model: asked' },
    });
    const response = await lab.post('/v1/messages/count_tokens', MESSAGES);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
  });

  test('of a request that is none is refused', async () => {
    const lab = setup('gpt', 500, {});
    const response = await lab.post('/v1/messages/count_tokens', { model: 'asked' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } });
    expect((await lab.row(0)).errorCode).toBe('invalid_request');
  });
});

test('the official SDKs count, also with the simulator', async () => {
  const { gateway, rows, row } = createTestGateway({ fetch: () => Promise.reject(new Error('unused')) });
  const fetch = (url: string | URL | Request, init?: RequestInit) => gateway.fetch(new Request(url, init));
  const anthropic = new Anthropic({ apiKey: 'none', baseURL: 'http://127.0.0.1:8088', fetch });
  const counted = await anthropic.messages.countTokens({
    model: 'simulator/fast',
    messages: [{ role: 'user', content: 'count these words' }],
  });
  expect(counted.input_tokens).toBeGreaterThan(3);
  const httpOptions = { baseUrl: 'http://127.0.0.1:8088', fetch: fetch as typeof globalThis.fetch };
  const google = new GoogleGenAI({ apiKey: 'none', httpOptions });
  const total = await google.models.countTokens({ model: 'fast', contents: 'count these words' });
  expect(total.totalTokens).toBe(counted.input_tokens);
  await row(1);
  expect(rows).toHaveLength(2);
});
