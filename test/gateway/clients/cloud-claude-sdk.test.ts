// Anthropic's own SDK for Google Cloud, through the gateway.
import { expect, test } from 'bun:test';
import { APIError, NotFoundError } from '@anthropic-ai/sdk';
import { AnthropicVertex } from '@anthropic-ai/vertex-sdk';
import { OAuth2Client } from 'google-auth-library';
import type { ConfigInput } from '../../../src/index.ts';
import { CHAT, MESSAGE, wholeMessage } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const MESSAGES = [{ role: 'user' as const, content: 'hi' }];
const QUESTION = { model: 'claude-opus-4-1@20250805', max_tokens: 10, messages: MESSAGES };
const ANTHROPIC = { anthropic: { base_url: 'http://upstream.test', api_key: 'sk-ant-own', max_retries: 0 } };
const CHAT_LAB = { gpt: LAB_PROVIDERS.gpt };

function setup(
  providers: ConfigInput['providers'],
  reply: Reply,
  { token = 'ya29.of-the-client', keys = [] as string[] } = {},
) {
  const upstream = createReplayFetch(reply);
  const lab = createTestGateway({ config: { server: { keys }, providers }, fetch: upstream.fetch });
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: token });
  const client = new AnthropicVertex({
    baseURL: 'http://127.0.0.1:8088/v1',
    projectId: 'p1',
    region: 'us-east5',
    authClient,
    maxRetries: 0,
    fetch: (url, init) => lab.gateway.fetch(new Request(url, init)),
  });
  const last = () => upstream.requests.at(-1);
  return {
    ...lab,
    client,
    path: () => last()?.path,
    sent: () => last()?.json() as Record<string, unknown>,
    header: (name: string) => last()?.headers.get(name) ?? null,
  };
}

test('a whole answer, with betas', async () => {
  const { client, path, sent, header } = setup(ANTHROPIC, jsonReply(wholeMessage('hello')));
  const { content } = await client.beta.messages.create({ ...QUESTION, betas: ['new-1'] });
  expect(content).toMatchObject([{ type: 'text', text: 'hello' }]);
  expect(path()).toBe('/v1/messages');
  expect(sent()).toEqual({ ...QUESTION, model: 'claude-opus-4-1-20250805' });
  expect(header('anthropic-version')).toBe('2026-10-21');
  expect(header('anthropic-beta')).toBe('new-1');
  expect(header('x-api-key')).toBe('sk-ant-own');
  expect(header('authorization')).toBeNull();
});

test('a stream is asked of the provider’s own model, and its SDK reads it', async () => {
  const { client, sent } = setup(
    ANTHROPIC,
    replyWith(MESSAGE.start + MESSAGE.block + MESSAGE.delta('hello') + MESSAGE.end),
  );
  const message = await client.messages.stream(QUESTION).finalMessage();
  expect(message.content).toMatchObject([{ type: 'text', text: 'hello' }]);
  expect(sent()).toMatchObject({ model: 'claude-opus-4-1-20250805', stream: true });
});

test('a call of a tool in a stream of another dialect', async () => {
  const call = { index: 0, id: 'call_1', function: { name: 'look', arguments: '{"at":1}' } };
  const delta = CHAT.delta('x').replace('{"content":"x"}', JSON.stringify({ tool_calls: [call] }));
  const { client, sent } = setup(
    CHAT_LAB,
    replyWith(CHAT.start + delta + CHAT.end.replace('"stop"', '"tool_calls"')),
  );
  const tools = [{ name: 'look', input_schema: { type: 'object' as const } }];
  const stream = client.messages.stream({ ...QUESTION, model: 'gpt/fast', tools });
  const { content, stop_reason } = await stream.finalMessage();
  expect(content).toMatchObject([{ type: 'tool_use', name: 'look', input: { at: 1 } }]);
  expect(stop_reason).toBe('tool_use');
  expect(sent()).toMatchObject({ model: 'fast', tools: [{ function: { name: 'look' } }] });
});

test('errors before and within the answer', async () => {
  const before = setup(CHAT_LAB, jsonReply({ error: { message: 'no such model' } }, { status: 404 }));
  const asked = before.client.messages.create({ ...QUESTION, model: 'gpt/fast' });
  const missing: unknown = await asked.catch((error: unknown) => error);
  expect(missing).toBeInstanceOf(NotFoundError);
  expect(missing).toMatchObject({ error: { error: { type: 'not_found_error' } } });

  const within = setup(
    ANTHROPIC,
    replyWith(
      MESSAGE.start + MESSAGE.block + MESSAGE.delta('hel') + MESSAGE.error('overloaded_error', 'busy'),
    ),
  );
  const broken = within.client.messages.stream(QUESTION).finalMessage();
  const error: unknown = await broken.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ error: { error: { type: 'overloaded_error', message: 'busy' } } });
});

test('a client that leaves', async () => {
  const begun = MESSAGE.start + MESSAGE.block + MESSAGE.delta('hello');
  const { client, row } = setup(
    ANTHROPIC,
    replyWith(begun + MESSAGE.end, { fault: { kind: 'hang', after: begun.length } }),
  );
  const stream = client.messages.stream(QUESTION);
  stream.on('text', () => stream.abort());
  expect(await stream.finalMessage().catch((error: unknown) => error)).toBeInstanceOf(APIError);
  expect(await row(0)).toMatchObject({ status: 'aborted', streamed: true });
});

test('a count of tokens reaches the provider, and its SDK reads the answer', async () => {
  const { client, path, sent } = setup(ANTHROPIC, jsonReply({ input_tokens: 7 }));
  const { model, messages } = QUESTION;
  expect(await client.messages.countTokens({ model, messages })).toMatchObject({ input_tokens: 7 });
  expect(path()).toBe('/v1/messages/count_tokens');
  expect(sent()).toEqual({ messages, model: 'claude-opus-4-1-20250805' });
});

test('a key of the gateway in place of Google’s token', async () => {
  const keys = ['key-of-the-gateway'];
  const answer = jsonReply(wholeMessage('hello'));
  const open = setup(ANTHROPIC, answer, { keys, token: 'key-of-the-gateway' });
  expect(await open.client.messages.create(QUESTION)).toMatchObject({ role: 'assistant' });
  const closed = setup(ANTHROPIC, answer, { keys });
  const error: unknown = await closed.client.messages.create(QUESTION).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ status: 401 });
});
