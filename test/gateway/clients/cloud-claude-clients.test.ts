// Clients of Claude on Google Cloud: the path names project, location, model and method, the body the version and perhaps betas,
// and their keys are Google's.
import { describe, expect, test } from 'bun:test';
import type { ConfigInput } from '../../../src/index.ts';
import { CHAT, MESSAGE, wholeMessage } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const MODELS = '/v1/projects/p1/locations/us-east5/publishers/anthropic/models';
const VERSION = 'vertex-2023-10-16';
const GOOGLES = { authorization: 'Bearer ya29.of-the-client', 'x-goog-user-project': 'p1' };
const MESSAGES = [{ role: 'user', content: 'hi' }];
const QUESTION = { anthropic_version: VERSION, max_tokens: 10, messages: MESSAGES };
const ANTHROPIC = { base_url: 'http://upstream.test', api_key: 'sk-ant-own', max_retries: 0 };
const VERTEX = { options: { project: 'own', location: 'global' }, max_retries: 0 };

function setup(
  providers: ConfigInput['providers'],
  reply: Reply = jsonReply(wholeMessage('hello')),
  more: Partial<ConfigInput> = {},
) {
  const upstream = createReplayFetch(reply);
  const lab = createTestGateway({
    config: { ...more, providers },
    host: { authorize: async () => ({ authorization: 'Bearer of-the-gateway' }) },
    fetch: upstream.fetch,
  });
  const last = () => upstream.requests.at(-1);
  return {
    ...lab,
    ask: (path: string, body: unknown = QUESTION, headers: Record<string, string> = GOOGLES) =>
      lab.post(path, body, { headers }),
    path: () => last()?.path,
    text: () => new TextDecoder().decode(last()?.body),
    sent: () => last()?.json() as Record<string, unknown>,
    header: (name: string) => last()?.headers.get(name) ?? null,
  };
}

const streamed = replyWith(MESSAGE.start + MESSAGE.block + MESSAGE.delta('hello') + MESSAGE.end);

describe('at Anthropic', () => {
  test('the rest of the bytes passes, with what Google has in path and body where Anthropic has it', async () => {
    const { ask, path, text, header, row } = setup({ anthropic: ANTHROPIC });
    const body = `{"messages":[{"role":"user","content":"h\\u0069"}],  "max_tokens": 10,"anthropic_version":"${VERSION}","anthropic_beta":["new-1", "new-2"]}`;
    const answer = await ask(`${MODELS}/claude-opus-4-1@20250805:rawPredict`, body, {
      ...GOOGLES,
      'anthropic-beta': 'new-0,new-1',
    });
    expect(await answer.json()).toEqual(wholeMessage('hello'));
    expect(path()).toBe('/v1/messages');
    const own = (model: string) =>
      `{"messages":[{"role":"user","content":"h\\u0069"}],  "max_tokens": 10,"model":"${model}"}`;
    expect(text()).toBe(own('claude-opus-4-1-20250805'));
    expect(header('anthropic-version')).toBe('2023-06-01');
    expect(header('anthropic-beta')).toBe('new-0,new-1,new-2');
    expect(await row(0)).toMatchObject({
      status: 'success',
      provider: 'anthropic',
      requestedModel: 'claude-opus-4-1@20250805',
      attempts: [{ model: 'claude-opus-4-1-20250805' }],
      // As it can be sent again.
      requestBody: own('claude-opus-4-1@20250805'),
      requestHeaders: { 'anthropic-version': '2023-06-01', 'anthropic-beta': 'new-0,new-1,new-2' },
    });
  });

  test('the answer is priced', async () => {
    const answered = { ...wholeMessage('hello'), model: 'claude-opus-4-1-20250805' };
    const { ask, row } = setup({ anthropic: { api_key: 'sk-ant-own' } }, jsonReply(answered));
    await ask(`${MODELS}/claude-opus-4-1@20250805:rawPredict`);
    const { costUsd } = await row(0);
    expect(costUsd).toBeCloseTo((7 * 15 + 3 * 75) / 1e6, 9);
  });

  test('Google’s token stays here', async () => {
    const { ask, header } = setup({ anthropic: ANTHROPIC });
    await ask(`${MODELS}/claude-opus-4-6:rawPredict`);
    expect(header('x-api-key')).toBe('sk-ant-own');
    expect(header('authorization')).toBeNull();
    expect(header('x-goog-user-project')).toBeNull();
  });

  test('a later version is asked for as such', async () => {
    const { ask, header } = setup({ anthropic: ANTHROPIC });
    await ask(`${MODELS}/claude-opus-4-6:rawPredict`, { ...QUESTION, anthropic_version: '2026-10-21' });
    expect(header('anthropic-version')).toBe('2026-10-21');
  });

  test.each([
    ['streamRawPredict', {}],
    ['streamRawPredict', { stream: true }],
    ['rawPredict', { stream: true }],
  ])('a stream is asked for by %s and %j', async (method, more) => {
    const { ask, sent, row } = setup({ anthropic: ANTHROPIC }, streamed);
    const answer = await ask(`${MODELS}/claude-opus-4-6:${method}`, { ...QUESTION, ...more });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(await answer.text()).toEndWith(MESSAGE.end);
    expect(sent()).toEqual({ max_tokens: 10, messages: MESSAGES, model: 'claude-opus-4-6', stream: true });
    expect(await row(0)).toMatchObject({ status: 'success', streamed: true });
  });

  test.each([
    ['claude-opus-4-1@20250805', 'claude-opus-4-1-20250805'],
    ['claude-opus-4-1%4020250805', 'claude-opus-4-1-20250805'],
    ['claude-sonnet-4-6@default', 'claude-sonnet-4-6'],
    ['claude-opus-4-6', 'claude-opus-4-6'],
    ['anthropic/claude-opus-4-6', 'claude-opus-4-6'],
    ['anthropic%2Fclaude-opus-4-1@20250805', 'claude-opus-4-1-20250805'],
  ])('%s is %s, though it is not the first provider', async (named, model) => {
    const { ask, sent } = setup({ gpt: LAB_PROVIDERS.gpt, anthropic: ANTHROPIC });
    await ask(`${MODELS}/${named}:rawPredict`);
    expect(sent().model).toBe(model);
  });

  test('tokens are counted', async () => {
    const { ask, path, sent } = setup({ anthropic: ANTHROPIC }, jsonReply({ input_tokens: 7 }));
    const { max_tokens: _, ...counted } = QUESTION;
    const answer = await ask(`${MODELS}/count-tokens:rawPredict`, {
      ...counted,
      model: 'claude-opus-4-1@20250805',
    });
    expect(await answer.json()).toEqual({ input_tokens: 7 });
    expect(path()).toBe('/v1/messages/count_tokens');
    expect(sent()).toEqual({ messages: MESSAGES, model: 'claude-opus-4-1-20250805' });
  });
});

describe('at Google', () => {
  test('the request has its own form again, with the gateway’s project and token', async () => {
    const { ask, path, sent, header } = setup({ anthropic: ANTHROPIC, vertex: VERTEX }, streamed);
    // Google's spelling leads there, although Anthropic is enabled.
    const body = { ...QUESTION, stream: true, anthropic_beta: ['context-1m-2025-08-07'] };
    await ask(`${MODELS}/claude-sonnet-4-5@20250929:streamRawPredict`, body);
    expect(path()).toBe(
      '/v1/projects/own/locations/global/publishers/anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict',
    );
    expect(sent()).toEqual({ ...QUESTION, stream: true });
    expect(header('authorization')).toBe('Bearer of-the-gateway');
    expect(header('anthropic-version')).toBeNull();
    expect(header('anthropic-beta')).toBe('context-1m-2025-08-07');
    expect(header('x-goog-user-project')).toBeNull();
  });
});

describe('at a provider of another dialect', () => {
  test('the answer is a message', async () => {
    const stream = replyWith(CHAT.start + CHAT.delta('hello') + CHAT.end);
    const { ask, sent, row } = setup({ gpt: LAB_PROVIDERS.gpt }, stream);
    const answer = await ask(`${MODELS}/gpt%2Ffast:streamRawPredict`);
    expect(await answer.text()).toContain('event: message_stop');
    expect(sent()).toMatchObject({ model: 'fast', stream: true });
    expect((await row(0)).lost).toEqual([]);
  });

  test('an error has Anthropic’s form', async () => {
    const { ask } = setup(
      { gpt: LAB_PROVIDERS.gpt },
      jsonReply({ error: { message: 'no such model' } }, { status: 404 }),
    );
    const answer = await ask(`${MODELS}/fast:rawPredict`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
  });
});

describe('keys of the gateway', () => {
  const locked = { server: { keys: ['key-of-the-gateway'] } };

  test('may be what the client sends as Google’s token', async () => {
    const { ask, header } = setup({ anthropic: ANTHROPIC }, undefined, locked);
    const open = await ask(`${MODELS}/claude-opus-4-6:rawPredict`, QUESTION, {
      authorization: 'Bearer key-of-the-gateway',
    });
    expect(open.status).toBe(200);
    expect(header('x-api-key')).toBe('sk-ant-own');
    const both = { ...GOOGLES, 'x-sluice-key': 'key-of-the-gateway' };
    expect((await ask(`${MODELS}/claude-opus-4-6:rawPredict`, QUESTION, both)).status).toBe(200);
  });

  test('are not replaced by Google’s token', async () => {
    const { ask } = setup({ anthropic: ANTHROPIC }, undefined, locked);
    const closed = await ask(`${MODELS}/claude-opus-4-6:rawPredict`);
    expect(closed.status).toBe(401);
    expect(await closed.json()).toMatchObject({ type: 'error', error: { type: 'authentication_error' } });
  });
});

test('a base URL without the version gets a 404 that says so', async () => {
  const { ask } = setup({ anthropic: ANTHROPIC });
  const path = `${MODELS}/claude-opus-4-6:rawPredict`;
  const answer = await ask(path.slice('/v1'.length));
  expect(answer.status).toBe(404);
  const { error } = (await answer.json()) as { error: { message: string } };
  expect(error.message).toContain(`did you mean ${path}? Check the client's base URL`);
});
