// Azure's clients: their SDK writes the deployment into the path, a version into the query, and its key into a header of
// its own.
import { expect, test } from 'bun:test';
import { AzureOpenAI } from 'openai';
import { jsonReply, replyWith } from '../../support/reply.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const chunk = (delta: object, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ id: 'c', model: 'served', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;

const WHOLE: Record<string, object> = {
  chat: {
    id: 'c',
    model: 'served',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  },
  embeddings: { object: 'list', model: 'served', data: [{ object: 'embedding', index: 0, embedding: [1] }] },
  responses: {
    id: 'r',
    object: 'response',
    status: 'completed',
    model: 'served',
    output: [{ type: 'message', id: 'm', role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] }],
  },
};

/** Two providers, that of Chat and that of Responses, behind a gateway with these keys of its own. */
function setup({ apiKey = 'sluice', keys = [] as string[], deployment = undefined as string | undefined }) {
  const upstream = createReplayFetch(({ path, json }) =>
    (json() as { stream?: boolean }).stream === true
      ? replyWith(`${chunk({ content: 'Hi' })}${chunk({}, 'stop')}data: [DONE]\n\n`)
      : jsonReply(WHOLE[/\/(chat|embeddings|responses)/.exec(path)?.[1] ?? ''] ?? {}),
  );
  const { gateway } = createTestGateway({
    config: { server: { keys }, providers: LAB_PROVIDERS },
    fetch: upstream.fetch,
  });
  const client = new AzureOpenAI({
    endpoint: 'http://127.0.0.1:8088',
    apiVersion: '2024-10-21',
    apiKey,
    maxRetries: 0,
    fetch: (url, init) => gateway.fetch(new Request(url, init)),
    ...(deployment !== undefined && { deployment }),
  });
  const asked = () => {
    const { path, headers, json } = upstream.requests.at(-1) ?? {};
    return { path, key: headers?.get('authorization'), model: (json?.() as { model?: string })?.model };
  };
  return { client, asked };
}

const messages = [{ role: 'user' as const, content: 'hi' }];
const CHAT = { path: '/v1/chat/completions', key: 'Bearer lab-key-openai', model: 'fast' };

test('whole and streamed answers, by the name of the deployment', async () => {
  const { client, asked } = setup({});
  const { choices } = await client.chat.completions.create({ model: 'gpt/fast', messages });
  expect(choices[0]?.message.content).toBe('Hi');
  expect(asked()).toEqual(CHAT);
  const stream = await client.chat.completions.create({ model: 'gpt/fast', messages, stream: true });
  let text = '';
  for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';
  expect(text).toBe('Hi');
  expect(asked()).toEqual(CHAT);
});

test('the deployment of the client decides, whatever the body says', async () => {
  const { client, asked } = setup({ deployment: 'gpt/fast' });
  await client.chat.completions.create({ model: 'claude/other', messages });
  expect(asked()).toEqual(CHAT);
  // People's own requests say it nowhere else.
  await client.post('/deployments/gpt%2Ffast/chat/completions', { body: { messages } });
  expect(asked()).toEqual(CHAT);
});

test('embeddings and Responses', async () => {
  const { client, asked } = setup({});
  const { data } = await client.embeddings.create({
    model: 'gpt/vectors',
    input: 'a',
    encoding_format: 'float',
  });
  expect(data[0]?.embedding).toEqual([1]);
  expect(asked()).toEqual({ ...CHAT, path: '/v1/embeddings', model: 'vectors' });
  const { output_text } = await client.responses.create({ model: 'responses/deep', input: 'hi' });
  expect(output_text).toBe('Hi');
  expect(asked()).toEqual({ path: '/v1/responses', key: 'Bearer lab-key-responses', model: 'deep' });
});

test('models are listed', async () => {
  const { client } = setup({});
  expect((await client.models.list()).data).toBeArray();
});

test('the key in its header is one of the gateway’s, or the provider’s', async () => {
  const question = { model: 'gpt/fast', messages };
  const inside = setup({ keys: ['key-of-the-gateway'], apiKey: 'key-of-the-gateway' });
  await inside.client.chat.completions.create(question);
  expect(inside.asked()).toEqual(CHAT);
  const outside = setup({ keys: ['key-of-the-gateway'], apiKey: 'another' });
  const refusal = await outside.client.chat.completions.create(question).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ status: 401 });
  const own = setup({ apiKey: 'key-of-the-client' });
  await own.client.chat.completions.create(question);
  expect(own.asked()).toEqual({ ...CHAT, key: 'Bearer key-of-the-client' });
});
