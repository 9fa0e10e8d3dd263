// InvokeModel with bodies that are not in Claude's form, and Amazon's other paths: Amazon Bedrock gets them as they are, nobody else.
import {
  ApplyGuardrailCommand,
  type BedrockRuntimeClient,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  ListAsyncInvokesCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { describe, expect, test } from 'bun:test';
import type { ConfigInput } from '../../../src/index.ts';
import { createAmazonLab } from '../../support/amazon-lab.ts';
import { concat, eventMessage, exceptionMessage } from '../../support/event-stream.ts';
import { utf8, wholeMessage } from '../../support/message-stream.ts';
import type { ChooseReply } from '../../support/replay-fetch.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';

const AMAZON = { api_key: 'key-for-bedrock', base_url: 'https://amazon.test', max_retries: 0 };
const NOVA = 'us.amazon.nova-lite-v1:0';
const PROMPT = { messages: [{ role: 'user', content: [{ text: 'hi' }] }], agent_type: 'stays' };
const COUNTS = {
  inputTokenCount: 7,
  outputTokenCount: 3,
  cacheReadInputTokenCount: 2,
  cacheWriteInputTokenCount: 1,
};

const setup = (reply: ChooseReply, more: ConfigInput = {}, host = {}) =>
  createAmazonLab(reply, { config: { ...more, providers: { bedrock: AMAZON, ...more.providers } }, host });
const invoke = (client: BedrockRuntimeClient, modelId = NOVA, body: object = PROMPT) =>
  client.send(new InvokeModelCommand({ modelId, body: JSON.stringify(body), guardrailIdentifier: 'g' }));
const failureOf = (asked: Promise<unknown>) => asked.catch((thrown: unknown) => thrown);

describe('a body in another vendor’s form', () => {
  test('passes, with its answer, which has the counts in headers', async () => {
    const answer = { output: { message: { content: [{ text: 'é' }] } }, stopReason: 'end_turn' };
    const headers = {
      'x-amzn-bedrock-input-token-count': '7',
      'x-amzn-bedrock-output-token-count': '3',
      'x-amzn-requestid': 'of-amazon',
    };
    const { client, upstream, row } = setup(jsonReply(answer, { headers }));
    const got = await invoke(client);
    expect(JSON.parse(got.body.transformToString())).toEqual(answer);
    expect(got.$metadata.requestId).toBe('of-amazon');
    const [request] = upstream.requests;
    expect(request?.path).toBe(`/model/${encodeURIComponent(NOVA)}/invoke`);
    expect(new TextDecoder().decode(request?.body)).toBe(JSON.stringify(PROMPT));
    expect(request?.headers.get('authorization')).toBe('Bearer key-for-bedrock');
    const amazons = [...(request?.headers.keys() ?? [])].filter((name) => /amz|sluice/.test(name));
    expect(amazons).toEqual(['x-amzn-bedrock-guardrailidentifier']);
    expect(await row(0)).toMatchObject({
      operation: 'infer',
      provider: 'bedrock',
      model: NOVA,
      requestedModel: NOVA,
      status: 'success',
      streamed: false,
      usage: { inputTokens: 7, outputTokens: 3 },
      requestBody: JSON.stringify(PROMPT),
      responseBody: JSON.stringify(answer),
    });
  });

  test.each([
    ['cohere.embed-v4:0', { texts: ['a'] }, 0.12],
    ['us.cohere.embed-v4:0', { texts: ['a'] }, 0.12],
    ['cohere.embed-v4:0', { images: ['data:image/png;base64,AA=='] }, null],
    ['cohere.embed-v4:0', { inputs: [{ content: [{ type: 'text', text: 'a' }] }] }, null],
    ['cohere.embed-multilingual-v3', { texts: ['a'] }, 0.1],
    ['cohere.embed-multilingual-v3', { images: ['data:image/png;base64,AA=='] }, null],
  ])('of %s, %j, costs USD %p per million tokens: images have another price', async (model, body, price) => {
    const headers = { 'x-amzn-bedrock-input-token-count': '1000000' };
    // Its prices are those of its own servers.
    const bedrock = { api_key: 'key-for-bedrock', max_retries: 0, options: { region: 'us-east-1' } };
    const reply = jsonReply({ embeddings: { float: [[1]] } }, { headers });
    const { client, row } = setup(reply, { providers: { bedrock } });
    await invoke(client, model, body);
    const { usage, costUsd } = await row(0);
    expect(usage.inputTokens).toBe(1_000_000);
    if (price === null) expect(costUsd).toBeNull();
    else expect(costUsd).toBeCloseTo(price, 10);
  });

  test('an answer without counts has used nobody knows how much', async () => {
    const { client, row } = setup(jsonReply({ embedding: [1] }));
    await invoke(client);
    expect(await row(0)).toMatchObject({ status: 'success', usageKnown: false, costUsd: null });
  });

  const chunk = (fields: object) => eventMessage('chunk', { bytes: utf8(JSON.stringify(fields)).toBase64() });
  const CHUNKS = [
    chunk({ messageStart: { role: 'assistant' } }),
    chunk({ contentBlockDelta: { delta: { text: 'Hi' } } }),
    chunk({ metadata: {}, 'amazon-bedrock-invocationMetrics': COUNTS }),
  ];
  const stream = (...messages: Uint8Array[]) =>
    replyWith(concat(messages), { headers: { 'content-type': 'application/vnd.amazon.eventstream' } });
  const streamed = async (client: BedrockRuntimeClient) => {
    const command = new InvokeModelWithResponseStreamCommand({
      modelId: NOVA,
      body: JSON.stringify(PROMPT),
    });
    const texts: string[] = [];
    for await (const { chunk: read } of (await client.send(command)).body ?? [])
      texts.push(new TextDecoder().decode(read?.bytes));
    return texts;
  };

  test('streams, and the last message has the counts', async () => {
    const { client, upstream, row } = setup(stream(...CHUNKS));
    expect(await streamed(client)).toHaveLength(3);
    expect(upstream.requests[0]?.path).toBe(`/model/${encodeURIComponent(NOVA)}/invoke-with-response-stream`);
    expect(await row(0)).toMatchObject({
      status: 'success',
      streamed: true,
      usage: { inputTokens: 7, outputTokens: 3, cacheReadTokens: 2, cacheWriteTokens: 1 },
    });
  });

  test('an exception within the stream reaches the client, and the row says so', async () => {
    const { client, row } = setup(
      stream(...CHUNKS.slice(0, 2), exceptionMessage('throttlingException', 'Too many tokens')),
    );
    expect(await failureOf(streamed(client))).toMatchObject({ name: 'ThrottlingException' });
    expect(await row(0)).toMatchObject({
      status: 'error',
      errorMessage: expect.stringContaining('Too many tokens'),
    });
  });

  test('a stream that cannot be read passes all the same', async () => {
    const { post, row } = setup(stream(utf8('what is this?')));
    const answer = await post(`/model/${NOVA}/invoke-with-response-stream`, PROMPT);
    expect(await answer.text()).toBe('what is this?');
    expect(await row(0)).toMatchObject({ status: 'success' });
  });

  test('exceptions pass as they came', async () => {
    const refusal = jsonReply(
      { message: 'Malformed input request' },
      { status: 400, headers: { 'x-amzn-errortype': 'ValidationException' } },
    );
    const { client } = setup(refusal);
    expect(await failureOf(invoke(client))).toMatchObject({
      name: 'ValidationException',
      message: 'Malformed input request',
    });
  });

  test('goes to the model that the provider knows by the name', async () => {
    const aliased = {
      providers: { bedrock: { ...AMAZON, models: { titan: 'amazon.titan-embed-text-v2:0' } } },
    };
    const { client, upstream } = setup(jsonReply({ embedding: [1], inputTextTokenCount: 1 }), aliased);
    for (const name of ['titan', 'bedrock/titan']) await invoke(client, name, { inputText: 'hi' });
    expect(upstream.requests.map(({ path }) => path)).toEqual(
      Array(2).fill('/model/amazon.titan-embed-text-v2%3A0/invoke'),
    );
  });

  test('is signed, where there is no key', async () => {
    const asked: unknown[] = [];
    const { client, upstream } = setup(
      jsonReply({}),
      { providers: { bedrock: { base_url: 'https://bedrock-runtime.eu-west-1.amazonaws.com' } } },
      {
        authorize: (_: string, request: object) => {
          asked.push(request);
          return Promise.resolve({ authorization: 'AWS4-HMAC-SHA256 signed' });
        },
      },
    );
    await invoke(client);
    expect(asked).toMatchObject([{ method: 'POST', body: JSON.stringify(PROMPT) }]);
    expect(upstream.requests[0]?.headers.get('authorization')).toBe('AWS4-HMAC-SHA256 signed');
  });

  test.each([
    [
      'another provider that is named',
      'openai/gpt-5',
      /^\/model\/openai%2Fgpt-5\/invoke: openai does not have .* ask bedrock,.*anthropic_version/,
    ],
  ])('is refused for %s', async (_, model, message) => {
    const { client, upstream } = setup(jsonReply({}), { providers: { openai: { api_key: 'k' } } });
    expect(await failureOf(invoke(client, model))).toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(message),
    });
    expect(upstream.requests).toEqual([]);
  });

  test('in Claude’s form it is answered as before', async () => {
    const { client, row } = setup(jsonReply(wholeMessage('Hi')));
    const body = {
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 9,
      messages: [{ role: 'user', content: 'hi' }],
    };
    await invoke(client, 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', body);
    expect(await row(0)).toMatchObject({ operation: 'generate', status: 'success' });
  });
});

describe('a path without a model', () => {
  test('guardrails are applied', async () => {
    const { client, upstream, row } = setup(
      jsonReply({ action: 'NONE', outputs: [], assessments: [], usage: {} }),
    );
    const command = new ApplyGuardrailCommand({
      guardrailIdentifier: 'g',
      guardrailVersion: '1',
      source: 'INPUT',
      content: [{ text: { text: 'hi' } }],
    });
    expect((await client.send(command)).action).toBe('NONE');
    expect(upstream.requests[0]?.path).toBe('/guardrail/g/version/1/apply');
    expect(await row(0)).toMatchObject({ operation: 'forward', status: 'success', provider: 'bedrock' });
  });

  test('requests whose answers Amazon stores are listed, though not for a project’s key', async () => {
    const { client, upstream } = setup(jsonReply({ asyncInvokeSummaries: [] }));
    expect((await client.send(new ListAsyncInvokesCommand({}))).asyncInvokeSummaries).toEqual([]);
    expect(upstream.requests[0]).toMatchObject({ method: 'GET', path: '/async-invoke' });
    const shared = createAmazonLab(jsonReply({}), {
      config: {
        server: { keys: ['the-key-of-the-operator'], project_keys: { one: ['the-key-of-one-project'] } },
        providers: { bedrock: AMAZON },
      },
      token: 'the-key-of-one-project',
    });
    expect(await failureOf(shared.client.send(new ListAsyncInvokesCommand({})))).toMatchObject({
      name: 'AccessDeniedException',
    });
    expect(shared.upstream.requests).toEqual([]);
  });
});
