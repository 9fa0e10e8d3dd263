// Google Cloud's paths in OpenAI's form: a project's `endpoints/openapi`, and the models of vendors that speak it (Mistral).
import { expect, test } from 'bun:test';
import OpenAI from 'openai';
import type { ConfigInput } from '../../../src/index.ts';
import { CHAT, wholeChat } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const BELOW = '/v1beta1/projects/p1/locations/global';
const MESSAGES = [{ role: 'user' as const, content: 'hi' }];

function setup(providers: ConfigInput['providers'], reply: Reply = jsonReply(wholeChat('hello'))) {
  const upstream = createReplayFetch(reply);
  const lab = createTestGateway({ config: { providers }, fetch: upstream.fetch });
  const openai = new OpenAI({
    baseURL: `http://127.0.0.1:8088${BELOW}/endpoints/openapi`,
    apiKey: 'ya29.of-the-client',
    maxRetries: 0,
    fetch: (url, init) => lab.gateway.fetch(new Request(url, init)),
  });
  const last = () => upstream.requests.at(-1);
  return {
    ...lab,
    openai,
    path: () => last()?.path,
    sent: () => last()?.json() as Record<string, unknown>,
    header: (name: string) => last()?.headers.get(name) ?? null,
  };
}

const GEMINI = {
  candidates: [{ content: { role: 'model', parts: [{ text: 'hello' }] }, finishReason: 'STOP', index: 0 }],
};

test('OpenAI’s SDK gets Google’s models without the vendor in front of their names', async () => {
  const lab = setup({ gemini: LAB_PROVIDERS.gemini }, jsonReply(GEMINI));
  const { choices } = await lab.openai.chat.completions.create({
    model: 'google/gemini-2.5-flash',
    messages: MESSAGES,
  });
  expect(choices[0]?.message.content).toBe('hello');
  expect(lab.path()).toBe('/v1beta/models/gemini-2.5-flash:generateContent');
  expect(lab.header('x-goog-api-key')).toBe('lab-key-gemini');
});

test('OpenAI’s SDK gets those of every provider, and keeps its token', async () => {
  const stream = replyWith(CHAT.start + CHAT.delta('hello') + CHAT.end);
  const { openai, path, sent, header } = setup({ gpt: LAB_PROVIDERS.gpt }, stream);
  const parts = await openai.chat.completions.create({ model: 'gpt/fast', messages: MESSAGES, stream: true });
  let text = '';
  for await (const { choices } of parts) text += choices[0]?.delta.content ?? '';
  expect(text).toBe('hello');
  expect(path()).toBe('/v1/chat/completions');
  expect(sent().model).toBe('fast');
  expect(header('authorization')).toBe('Bearer lab-key-openai');
  expect((await openai.models.list()).data).toBeArray();
  await openai.post('/chat/completions?key=of-google', { body: { model: 'gpt/fast', messages: MESSAGES } });
  expect(path()).toBe('/v1/chat/completions');
});

test('a model of a vendor that speaks OpenAI’s dialect is asked by its name in the path', async () => {
  const { post, path, sent, header } = setup({ mistral: { ...LAB_PROVIDERS.gpt, kind: 'mistral' } });
  const asked = `${BELOW}/publishers/mistralai/models/mistral-medium-3@001:rawPredict`;
  const headers = { authorization: 'Bearer ya29.of-the-client' };
  const answer = await post(asked, { model: 'mistral-medium-3', messages: MESSAGES }, { headers });
  expect(await answer.json()).toEqual(wholeChat('hello'));
  expect(path()).toBe('/v1/chat/completions');
  expect(sent()).toEqual({ model: 'mistral-medium-3', messages: MESSAGES });
  expect(header('authorization')).toBe('Bearer lab-key-openai');
});
