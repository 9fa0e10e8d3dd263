// Clients that are set up for Claude at Amazon Bedrock: their paths, bodies, binary streams, exceptions and keys, with Amazon's
// own SDK, whoever serves.
import {
  ApplyGuardrailCommand,
  BedrockRuntimeClient,
  CountTokensCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  type ResponseStream,
  StartAsyncInvokeCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { describe, expect, test } from 'bun:test';
import { Readable } from 'node:stream';
import type { ConfigInput } from '../../../src/index.ts';
import { AMAZON_CONFIG as CONFIG, createAmazonLab as setup, SESSION } from '../../support/amazon-lab.ts';
import { createManualTimers } from '../../support/manual-timers.ts';
import { concat, eventMessage, exceptionMessage, readMessages } from '../../support/event-stream.ts';
import { CHAT, MESSAGE, utf8, wholeChat, wholeMessage } from '../../support/message-stream.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';

const MODEL = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const BEARER = 'ABSKkey-for-amazon-0123456789';
const ASK = { max_tokens: 50, messages: [{ role: 'user', content: 'hi' }] };
const BODY = { anthropic_version: 'bedrock-2023-05-31', ...ASK };
const STREAM = MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hi') + MESSAGE.end;

const whole = (modelId = MODEL, body: object = BODY) =>
  new InvokeModelCommand({ modelId, body: JSON.stringify(body) });
const streamed = (modelId = MODEL, body: object = BODY) =>
  new InvokeModelWithResponseStreamCommand({ modelId, body: JSON.stringify(body) });

/** The events of a stream, and the exception at which it broke off. */
async function readAll(stream: AsyncIterable<ResponseStream> | undefined) {
  const texts: string[] = [];
  let failure: unknown;
  try {
    for await (const { chunk } of stream ?? [])
      if (chunk?.bytes !== undefined) texts.push(new TextDecoder().decode(chunk.bytes));
  } catch (thrown) {
    failure = thrown;
  }
  return { texts, events: texts.map((text) => JSON.parse(text)), failure };
}

const failureOf = (asked: Promise<unknown>) => asked.catch((thrown: unknown) => thrown);

describe('to Anthropic', () => {
  test('a whole answer: the request as its own clients send it, the bytes of the answer as they came', async () => {
    const { client, upstream, row } = setup(jsonReply(wholeMessage('Hi')));
    const body = { ...BODY, anthropic_beta: ['context-1m-2025-08-07', 'tool-x'], unknown: { kept: 1.0 } };
    const answer = await client.send(whole(MODEL, body));
    expect(answer.body.transformToString()).toBe(JSON.stringify(wholeMessage('Hi')));
    const [asked] = upstream.requests;
    expect(asked?.path).toBe('/v1/messages');
    expect(asked?.json()).toEqual({ model: 'claude-sonnet-4-5-20250929', ...ASK, unknown: { kept: 1 } });
    expect(asked?.headers.get('anthropic-beta')).toBe('context-1m-2025-08-07,tool-x');
    expect(asked?.headers.get('anthropic-version')).toBe('2023-06-01');
    expect(await row(0)).toMatchObject({
      status: 'success',
      clientDialect: 'anthropic-messages',
      requestedModel: MODEL,
      model: 'served',
      usage: { inputTokens: 7, outputTokens: 3 },
    });
  });

  test('a stream: each event in a message of its own, as it came', async () => {
    const ping = 'event: ping\ndata: {"type":"ping"}\n\n';
    const { client, upstream, row } = setup(
      replyWith(MESSAGE.start + ping + MESSAGE.block + MESSAGE.delta('Grüße') + MESSAGE.end),
    );
    const { body, contentType } = await client.send(streamed());
    const { texts, failure } = await readAll(body);
    expect(failure).toBeUndefined();
    const sent = (MESSAGE.start + MESSAGE.block + MESSAGE.delta('Grüße') + MESSAGE.end).match(
      /(?<=^data: ).+/gm,
    );
    // Amazon's counts besides, which some clients read.
    const metrics = {
      inputTokenCount: 7,
      outputTokenCount: 3,
      cacheReadInputTokenCount: 0,
      cacheWriteInputTokenCount: 0,
    };
    expect(JSON.parse(texts.at(-1) ?? '')).toEqual({
      type: 'message_stop',
      'amazon-bedrock-invocationMetrics': metrics,
    });
    expect(texts.slice(0, -1)).toEqual(sent?.slice(0, -1) ?? []);
    expect(contentType).toBe('application/json');
    expect(upstream.requests[0]?.json()).toMatchObject({ model: 'claude-sonnet-4-5-20250929', stream: true });
    const { status, responseBody } = await row(0);
    expect(status).toBe('success');
    // The audit has it as text.
    expect(responseBody).toContain('"text":"Grüße"');
  });

  test('the head, and events cut anywhere', async () => {
    const { post } = setup(replyWith([...utf8(STREAM)].map((byte) => Uint8Array.of(byte))));
    const answer = await post(`/model/${encodeURIComponent(MODEL)}/invoke-with-response-stream`, BODY);
    expect(answer.headers.get('content-type')).toBe('application/vnd.amazon.eventstream');
    expect(answer.headers.get('x-amzn-bedrock-content-type')).toBe('application/json');
    expect(answer.headers.get('x-amzn-requestid')).toBe(answer.headers.get('x-sluice-request-id'));
    const { messages } = readMessages(await answer.bytes());
    expect(messages.map(({ event }) => event)).toEqual(Array.from({ length: 6 }, () => 'chunk'));
  });

  test('what is not JSON passes too', async () => {
    const broken = 'event: content_block_delta\ndata: {"type":\n\n';
    const { post } = setup(
      replyWith(MESSAGE.start + MESSAGE.block + MESSAGE.delta('a') + broken + MESSAGE.end),
    );
    const answer = await post(`/model/${MODEL}/invoke-with-response-stream`, BODY);
    const { messages } = readMessages(await answer.bytes());
    expect(messages.map(({ fields }) => atob(String(fields.bytes)))).toContain('{"type":');
  });

  test('Amazon’s key, signature and headers go to nobody else and are written nowhere', async () => {
    for (const [secret, options] of [
      [SESSION, {}],
      [BEARER, { token: BEARER }],
    ] as const) {
      const { client, upstream, row } = setup(jsonReply(wholeMessage(`You sent ${secret}`)), options);
      await client.send(whole());
      const headers = Object.fromEntries(upstream.requests[0]?.headers ?? []);
      expect(headers['x-api-key']).toBe('key-of-the-gateway');
      const names = Object.keys(headers).join(' ');
      expect(names).not.toMatch(/authorization|amz/);
      const written = JSON.stringify(await row(0));
      expect(written).not.toMatch(/AWS4-HMAC|Signature=/);
      expect(written).not.toContain(secret);
    }
  });

  test('what only Amazon has is named as lost', async () => {
    const { client, row } = setup(jsonReply(wholeMessage('Hi')));
    await client.send(
      new InvokeModelCommand({
        modelId: MODEL,
        body: JSON.stringify(BODY),
        guardrailIdentifier: 'g',
        guardrailVersion: '1',
      }),
    );
    const { lost } = await row(0);
    expect(lost).toEqual(['x-amzn-bedrock-guardrailidentifier', 'x-amzn-bedrock-guardrailversion']);
  });

  test('counts are in headers, too', async () => {
    const { post } = setup(jsonReply(wholeMessage('Hi')));
    const { headers } = await post(`/model/${MODEL}/invoke`, BODY);
    expect(headers.get('x-amzn-bedrock-input-token-count')).toBe('7');
    expect(headers.get('x-amzn-bedrock-output-token-count')).toBe('3');
  });

  test('the row has the request as it can be sent again', async () => {
    const { client, post, row, upstream } = setup(replyWith(STREAM));
    await readAll((await client.send(streamed(MODEL, { ...BODY, anthropic_beta: ['tool-x'] }))).body);
    const { requestBody, requestHeaders } = await row(0);
    expect(JSON.parse(requestBody ?? '')).toEqual({ ...ASK, model: MODEL, stream: true });
    expect(requestHeaders).toMatchObject({ 'anthropic-beta': 'tool-x' });
    await (await post('/v1/messages', requestBody, { headers: requestHeaders ?? {} })).text();
    const [first, again] = upstream.requests;
    expect(again?.json()).toEqual(first?.json());
  });

  test('a newer version in the body is its header', async () => {
    const { client, upstream } = setup(jsonReply(wholeMessage('Hi')));
    await client.send(whole(MODEL, { ...BODY, anthropic_version: '2026-10-21' }));
    expect(upstream.requests[0]?.headers.get('anthropic-version')).toBe('2026-10-21');
  });
});

describe('to Amazon', () => {
  const AMAZON = { options: { region: 'us-east-1' }, api_key: 'key-for-bedrock', max_retries: 0 };
  const config: ConfigInput = { providers: { bedrock: AMAZON } };
  const STRANGE = { type: 'content_block_delta', index: 0, delta: { type: 'new_delta', new: 'é' }, p: 'abc' };
  /** The events of a stream, with one that nobody knows yet. */
  const EVENTS = [
    ...(MESSAGE.start + MESSAGE.block).matchAll(/(?<=^data: ).+/gm),
    [JSON.stringify(STRANGE)],
    ...(MESSAGE.delta('Hi') + MESSAGE.end).matchAll(/(?<=^data: ).+/gm),
  ].map(([text]) => text ?? '');
  const message = (text: string) => eventMessage('chunk', { bytes: utf8(text).toBase64(), p: 'abcdef' });
  const stream = (...more: Uint8Array[]) =>
    replyWith(concat([...EVENTS.map(message), ...more]), {
      headers: { 'content-type': 'application/vnd.amazon.eventstream' },
    });
  const asked = {
    ...BODY,
    anthropic_beta: ['context-1m-2025-08-07'],
    agent_type: 'mine',
    unknown: { kept: 1 },
  };
  const { agent_type: _, ...sent } = asked;

  test.each(['bedrock', 'bedrock-anthropic'])(
    '%s: the bytes of the request, and each event as it came',
    async (name) => {
      const { client, upstream, row } = setup(stream(), { config: { providers: { [name]: AMAZON } } });
      const { texts, failure } = await readAll((await client.send(streamed(MODEL, asked))).body);
      expect(failure).toBeUndefined();
      expect(texts.slice(0, -1)).toEqual(EVENTS.slice(0, -1));
      const [request] = upstream.requests;
      expect(request?.path).toBe(`/model/${encodeURIComponent(MODEL)}/invoke-with-response-stream`);
      expect(new TextDecoder().decode(request?.body)).toBe(JSON.stringify(sent));
      expect(request?.headers.get('authorization')).toBe('Bearer key-for-bedrock');
      expect([...(request?.headers.keys() ?? [])].filter((header) => /anthropic|amz/.test(header))).toEqual(
        [],
      );
      expect(await row(0)).toMatchObject({
        provider: name,
        agentType: 'mine',
        status: 'success',
        lost: [],
        usage: { inputTokens: 7, outputTokens: 3 },
        responseBody: expect.stringContaining('"new":"é"'),
      });
    },
  );

  test('a whole answer, with what the client asks Amazon for in headers', async () => {
    const { client, upstream, row } = setup(jsonReply(wholeMessage('Hi')), { config });
    const answer = await client.send(
      new InvokeModelCommand({
        modelId: MODEL,
        body: JSON.stringify(asked),
        guardrailIdentifier: 'g',
        guardrailVersion: '1',
      }),
    );
    expect(answer.body.transformToString()).toBe(JSON.stringify(wholeMessage('Hi')));
    const [request] = upstream.requests;
    expect(request?.headers.get('x-amzn-bedrock-guardrailidentifier')).toBe('g');
    expect(request?.json()).toEqual(sent);
    expect(await row(0)).toMatchObject({ lost: [] });
  });

  test('an ARN that says nothing of its model', async () => {
    const arn = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34';
    const { client, upstream } = setup(jsonReply(wholeMessage('Hi')), { config });
    await client.send(whole(arn));
    expect(upstream.requests[0]?.path).toBe(`/model/${encodeURIComponent(arn)}/invoke`);
  });

  test('its exceptions, as they came', async () => {
    const refusal = jsonReply(
      { message: 'Too many tokens per day' },
      {
        status: 429,
        headers: { 'x-amzn-errortype': 'ThrottlingException', 'x-amzn-requestid': 'of-amazon' },
      },
    );
    const { client } = setup(refusal, { config });
    expect(await failureOf(client.send(whole()))).toMatchObject({
      name: 'ThrottlingException',
      message: 'Too many tokens per day',
      $metadata: { requestId: 'of-amazon', httpStatusCode: 429 },
    });
    const broken = replyWith(
      concat([
        ...EVENTS.slice(0, 4).map(message),
        exceptionMessage('serviceUnavailableException', 'gone'),
        message(EVENTS[4] ?? ''),
      ]),
      { headers: { 'content-type': 'application/vnd.amazon.eventstream' } },
    );
    const within = setup(broken, { config });
    const { events, failure } = await readAll((await within.client.send(streamed())).body);
    expect(events).toHaveLength(4);
    expect(failure).toMatchObject({ name: 'ServiceUnavailableException', message: 'gone' });
    expect(await within.row(0)).toMatchObject({ status: 'error', errorCode: 'upstream_overloaded' });
  });

  test.each([
    ['cut', 'upstream_truncated'],
    ['damaged', 'upstream_malformed'],
  ] as const)('a stream that is %s ends with an exception', async (how, code) => {
    const bytes = concat(EVENTS.slice(0, 5).map(message));
    const last = bytes.length - 30;
    if (how === 'damaged') bytes[last] = (bytes[last] ?? 0) ^ 1;
    const { client, row } = setup(
      replyWith(how === 'cut' ? bytes.subarray(0, last) : bytes, {
        headers: { 'content-type': 'application/vnd.amazon.eventstream' },
      }),
      { config },
    );
    const { events, failure } = await readAll((await client.send(streamed())).body);
    expect(events).toHaveLength(4);
    expect(failure).toMatchObject({ name: 'ModelStreamErrorException' });
    expect((await row(0)).errorCode).toBe(code);
  });

  test('after a turn of another provider, and for Anthropic’s own clients, the request is built', async () => {
    const { post, upstream, row } = setup(jsonReply(wholeMessage('Hi')), { config });
    await post('/v1/messages', { model: MODEL, ...ASK });
    expect(upstream.requests[0]?.path).toEndWith('/converse');
    const thinking = { type: 'thinking', thinking: 'hm', signature: '' };
    const history = [
      ...ASK.messages,
      { role: 'assistant', content: [thinking, { type: 'text', text: 'a' }] },
      { role: 'user', content: 'on' },
    ];
    const headers = { 'x-amzn-bedrock-trace': 'ENABLED' };
    await post(`/model/${MODEL}/invoke`, { ...BODY, messages: history }, { headers });
    expect(upstream.requests[1]?.headers.get('x-amzn-bedrock-trace')).toBe('ENABLED');
    const [, { path, json } = { path: '', json: () => null }] = upstream.requests;
    expect(path).toEndWith('/invoke');
    expect((await row(1)).lost).not.toContain('x-amzn-bedrock-trace');
    expect(JSON.stringify(json())).not.toContain('"signature":""');
    expect(json()).toMatchObject({ anthropic_version: 'bedrock-2023-05-31' });
  });

  test('where it breaks, another target continues', async () => {
    const { client, upstream, row } = setup(
      ({ path }) =>
        path.includes('/model/')
          ? replyWith(concat([0, 1, 3].map((index) => message(EVENTS[index] ?? ''))), {
              headers: { 'content-type': 'application/vnd.amazon.eventstream' },
            })
          : replyWith(MESSAGE.start + MESSAGE.block + MESSAGE.delta(' there') + MESSAGE.end),
      {
        config: {
          providers: { bedrock: AMAZON, ...CONFIG.providers },
          routing: { continue_streams: true, fallback_chain: ['claude/claude-sonnet-4-5'] },
        },
      },
    );
    const { events, failure } = await readAll((await client.send(streamed())).body);
    expect(failure).toBeUndefined();
    expect(events.map(({ delta }) => delta?.text ?? '').join('')).toBe('Hi there');
    expect(events.map(({ type }) => type)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    expect(upstream.requests.map(({ path }) => path)).toHaveLength(2);
    expect(await row(0)).toMatchObject({ status: 'success' });
  });

  test('a transformer changes the request in Claude’s own form', async () => {
    const transformers = [{ name: 'system_prompt', prepend: 'Be brief.' }];
    const { client, upstream } = setup(jsonReply(wholeMessage('Hi')), {
      config: { providers: { 'bedrock-anthropic': { ...AMAZON, transformers } } },
    });
    await client.send(whole());
    expect(upstream.requests[0]?.path).toEndWith('/invoke');
    expect(JSON.stringify(upstream.requests[0]?.json())).toContain('Be brief.');
  });
});

describe('to any other', () => {
  test('thinking, text and calls, as the simulator makes them', async () => {
    const { client } = setup(replyWith(''), { config: { providers: { simulator: {} } } });
    const tools = [{ name: 'look', description: 'looks', input_schema: { type: 'object', properties: {} } }];
    const thinking = { type: 'enabled', budget_tokens: 1024 };
    const body = { ...BODY, max_tokens: 4_096, tools, thinking, tool_choice: { type: 'auto' } };
    const { events, failure } = await readAll((await client.send(streamed('simulator/fast', body))).body);
    expect(failure).toBeUndefined();
    const kinds = events.flatMap(({ content_block }) => content_block?.type ?? []);
    expect(kinds).toEqual(['thinking', 'text', 'tool_use']);
    expect(events.at(-1)).toMatchObject({ type: 'message_stop' });
  });

  test('a chat', async () => {
    const { client, upstream, row } = setup(({ json }) =>
      (json() as { stream?: boolean }).stream === true
        ? replyWith(CHAT.start + CHAT.delta('Hi') + CHAT.end)
        : jsonReply(wholeChat('Hi')),
    );
    const { events } = await readAll((await client.send(streamed('gpt/fast'))).body);
    expect(events.map(({ type }) => type)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    const answer = JSON.parse((await client.send(whole('gpt/fast'))).body.transformToString());
    expect(answer).toMatchObject({ type: 'message', content: [{ type: 'text', text: 'Hi' }] });
    expect(upstream.requests[0]?.json()).toMatchObject({ model: 'fast', stream: true });
    expect(await row(1)).toMatchObject({ provider: 'gpt', status: 'success', lost: [] });
  });
});

describe('models in the path', () => {
  const ARN = `arn:aws:bedrock:us-east-1:123456789012:inference-profile/${MODEL}`;
  test.each([MODEL, encodeURIComponent(MODEL), ARN, encodeURIComponent(ARN), `anthropic%2F${MODEL}`])(
    '%s',
    async (name) => {
      const { post, upstream, row } = setup(jsonReply({ ...wholeMessage('Hi'), model: 'claude-sonnet-4-5' }));
      expect((await post(`/model/${name}/invoke`, BODY)).status).toBe(200);
      expect(upstream.requests[0]?.json()).toMatchObject({ model: 'claude-sonnet-4-5-20250929' });
      // Priced as Claude.
      expect((await row(0)).costUsd).toBeGreaterThan(0);
    },
  );

  test('one whose encoding is broken is none', async () => {
    expect((await setup(jsonReply({})).post('/model/%E0%A4%A/invoke', BODY)).status).toBe(404);
  });
});

describe('failures', () => {
  test.each([
    [400, 'invalid_request_error', 'ValidationException', 400],
    [401, 'authentication_error', 'AccessDeniedException', 403],
    [403, 'permission_error', 'AccessDeniedException', 403],
    [404, 'not_found_error', 'ResourceNotFoundException', 404],
    [429, 'rate_limit_error', 'ThrottlingException', 429],
    [500, 'api_error', 'InternalServerException', 500],
    [503, 'api_error', 'ServiceUnavailableException', 503],
    [529, 'overloaded_error', 'ServiceUnavailableException', 503],
  ])('an answer of %d', async (status, type, name, message) => {
    const refusal = { type: 'error', error: { type, message: 'because' } };
    const reply = jsonReply(refusal, { status, headers: { 'retry-after': '7' } });
    for (const command of [whole(), streamed()]) {
      const { client, row } = setup(reply);
      expect(await failureOf(client.send(command as InvokeModelCommand))).toMatchObject({
        name,
        message: expect.stringContaining('because'),
        $metadata: { httpStatusCode: message, requestId: expect.any(String) },
      });
      expect(await row(0)).toMatchObject({ status: 'error' });
    }
    const answer = await setup(reply).post(`/model/${MODEL}/invoke`, BODY);
    expect(answer.headers.get('retry-after')).toBe('7');
    expect(Object.keys((await answer.json()) as object)).toEqual(['message']);
  });

  test('a prompt that is too long, in the words by which clients know it', async () => {
    const message = 'maximum context length is 10 tokens, however you requested 12 tokens';
    const { client } = setup(
      jsonReply({ error: { message, code: 'context_length_exceeded' } }, { status: 400 }),
    );
    expect(await failureOf(client.send(whole('gpt/fast')))).toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(/^prompt is too long/),
    });
  });

  test.each([
    ['overloaded_error', 'ServiceUnavailableException'],
    ['rate_limit_error', 'ThrottlingException'],
    ['timeout_error', 'ModelTimeoutException'],
    ['invalid_request_error', 'ValidationException'],
    ['api_error', 'ModelStreamErrorException'],
  ])('%s within a stream ends it', async (type, name) => {
    const { client, row } = setup(
      replyWith(
        MESSAGE.start + MESSAGE.block + MESSAGE.delta('a') + MESSAGE.error(type, 'because') + MESSAGE.end,
      ),
    );
    const { events, failure } = await readAll((await client.send(streamed())).body);
    expect(events.map((event) => event.type)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
    ]);
    expect(failure).toMatchObject({ name, message: 'because' });
    expect(await row(0)).toMatchObject({ status: 'error' });
  });

  test.each(['anthropic/x', 'gpt/x'])('a stream of %s that was cut is no whole answer', async (model) => {
    const part =
      model === 'gpt/x' ? CHAT.start + CHAT.delta('a') : MESSAGE.start + MESSAGE.block + MESSAGE.delta('a');
    const { client, row } = setup(replyWith(part));
    const { failure } = await readAll((await client.send(streamed(model))).body);
    expect(failure).toMatchObject({
      name: 'ModelStreamErrorException',
      message: expect.stringContaining('connection lost'),
    });
    expect(await row(0)).toMatchObject({ status: 'truncated' });
  });

  test('a body that is not in Claude’s form', async () => {
    const { client, upstream } = setup(jsonReply({}));
    expect(await failureOf(client.send(whole('amazon.nova-lite-v1:0', { prompt: 'hi' })))).toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(/^anthropic_version: a string is required/),
    });
    expect(upstream.requests).toEqual([]);
  });

  test('a path that is almost right, and a gateway that ends', async () => {
    const { post, gateway } = setup(jsonReply({}));
    const near = await post(`/v1/model/x/invoke`, BODY);
    expect([near.status, near.headers.get('x-amzn-errortype')]).toEqual([404, 'ResourceNotFoundException']);
    expect(await near.json()).toEqual({
      message: "no such path: /v1/model/x/invoke; did you mean /model/x/invoke? Check the client's base URL",
    });
    const url = 'http://127.0.0.1:8088/model/x/invoke';
    const late = await gateway.turnAway(new Request(url, { method: 'POST', body: '{}' }));
    expect([late.status, late.headers.get('x-amzn-errortype')]).toEqual([503, 'ServiceUnavailableException']);
  });
});

describe('what is not served', () => {
  const notFound = (message: RegExp) => ({
    name: 'ResourceNotFoundException',
    message: expect.stringMatching(message),
    $metadata: expect.objectContaining({ httpStatusCode: 404 }),
  });

  test('is an exception that says what to do instead', async () => {
    const { client } = setup(jsonReply({}));
    const guardrail = new ApplyGuardrailCommand({
      guardrailIdentifier: 'g',
      guardrailVersion: '1',
      source: 'INPUT',
      content: [{ text: { text: 'hi' } }],
    });
    expect(await failureOf(client.send(guardrail))).toMatchObject(
      notFound(
        /^no such path: \/guardrail\/g\/version\/1\/apply; it is forwarded only to an enabled provider that speaks bedrock-invoke or bedrock-converse, and there is none; name guardrails /,
      ),
    );
    const stored = { s3OutputDataConfig: { s3Uri: 's3://bucket' } };
    const later = new StartAsyncInvokeCommand({ modelId: MODEL, modelInput: BODY, outputDataConfig: stored });
    expect(await failureOf(client.send(later))).toMatchObject(notFound(/; post each request to \/model\//));
  });

  test.each<[string, Record<string, string>, RegExp]>([
    [
      '/model/x/invoke-with-bidirectional-stream',
      {},
      /; of a model’s paths these are served: \/invoke, .*, \/count-tokens$/,
    ],
    ['/custom-models', { 'amz-sdk-invocation-id': 'one' }, /; models are listed at \/foundation-models and /],
    ['/elsewhere', { authorization: 'AWS4-HMAC-SHA256 Credential=a' }, /; clients post to /],
  ])('%s, by path or by headers', async (path, headers, message) => {
    const { post } = setup(jsonReply({}));
    const answer = await post(path, BODY, { headers });
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([
      404,
      'ResourceNotFoundException',
    ]);
    expect(await answer.json()).toEqual({ message: expect.stringMatching(message) });
  });

  test('is told to other clients in their own form', async () => {
    const { post } = setup(jsonReply({}));
    const answer = await post('/guardrail/g/version/1/apply', BODY);
    expect(answer.headers.get('x-amzn-errortype')).toBeNull();
    expect(await answer.json()).toHaveProperty('error.message');
  });
});

describe('keys of the gateway', () => {
  const config: ConfigInput = { ...CONFIG, server: { keys: ['key-of-the-server'] } };

  test('a Bearer token is one, or x-sluice-key beside a signature', async () => {
    const { client, upstream } = setup(jsonReply(wholeMessage('Hi')), { config, token: 'key-of-the-server' });
    await client.send(whole());
    expect(upstream.requests[0]?.headers.get('authorization')).toBeNull();
    const signed = setup(jsonReply(wholeMessage('Hi')), { config });
    signed.client.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as { headers: Record<string, string> };
        request.headers['x-sluice-key'] = 'key-of-the-server';
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    await signed.client.send(whole());
    expect(signed.upstream.requests).toHaveLength(1);
  });

  test('a signature is none', async () => {
    const { client, upstream } = setup(jsonReply(wholeMessage('Hi')), { config });
    expect(await failureOf(client.send(whole()))).toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('send one of server.keys as x-sluice-key'),
    });
    expect(upstream.requests).toEqual([]);
  });
});

describe('while it flows', () => {
  test('a client that leaves cancels the provider’s work', async () => {
    const { post, upstream, row } = setup(
      replyWith([utf8(MESSAGE.start + MESSAGE.block + MESSAGE.delta('a'))], {
        fault: { kind: 'hang', after: 100_000 },
      }),
    );
    const leaving = new AbortController();
    const path = `/model/${MODEL}/invoke-with-response-stream`;
    const { body } = await post(path, BODY, { signal: leaving.signal });
    const reader = body?.getReader();
    await reader?.read();
    leaving.abort();
    expect(await upstream.requests[0]?.ended).toBe('left');
    expect(await row(0)).toMatchObject({ status: 'aborted', usage: { inputTokens: 7 } });
  });

  test('keep-alives are messages that the SDK passes over, before the first event and between events', async () => {
    const timers = createManualTimers();
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { post } = setup(
      replyWith([utf8(MESSAGE.start + MESSAGE.block + MESSAGE.delta('a')), utf8(MESSAGE.end)], {
        before: (index) => gates[index]?.promise,
      }),
      { host: timers, config: { ...CONFIG, server: { ping_interval: '10s' } } },
    );
    const asked = post(`/model/${MODEL}/invoke-with-response-stream`, BODY);
    await timers.advance(25_000);
    const answer = await asked;
    const reader = answer.body?.getReader();
    const read: Uint8Array[] = [];
    const next = async () => {
      const part = await reader?.read();
      if (part?.value !== undefined) read.push(part.value);
      return part?.done !== true;
    };
    await next();
    const after = next();
    await timers.advance(10_000);
    await after;
    gates[0]?.resolve();
    await next();
    const between = next();
    await timers.advance(10_000);
    await between;
    gates[1]?.resolve();
    while (await next());
    const stream = concat(read);
    const names = readMessages(stream).messages.map(({ event }) => event);
    expect(names.slice(0, 2)).toEqual(['ping', 'ping']);
    expect(names.filter((name) => name === 'chunk')).toHaveLength(6);
    expect(names.indexOf('ping', 2)).toBe(5);
    const response = { statusCode: 200, headers: {}, body: Readable.from([Buffer.from(stream)]) };
    const client = new BedrockRuntimeClient({
      region: 'us-east-1',
      credentials: { accessKeyId: 'lab', secretAccessKey: 'lab' },
      requestHandler: {
        handle: async () => ({ response }),
        updateHttpClientConfig() {},
        httpHandlerConfigs: () => ({}),
      },
    });
    const { events, failure } = await readAll((await client.send(streamed())).body);
    expect(failure).toBeUndefined();
    expect(events.map(({ type }) => type).slice(0, 3)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
    ]);
  });
});

describe('tokens', () => {
  const count = (body: object) =>
    new CountTokensCommand({
      modelId: MODEL,
      input: { invokeModel: { body: utf8(JSON.stringify(body)) } },
    });

  test('are counted by the provider', async () => {
    const { client, upstream, row } = setup(jsonReply({ input_tokens: 12 }));
    expect((await client.send(count({ ...BODY, anthropic_beta: ['tool-x'] }))).inputTokens).toBe(12);
    const [asked] = upstream.requests;
    expect(asked?.path).toBe('/v1/messages/count_tokens');
    expect(asked?.json()).toEqual({ model: 'claude-sonnet-4-5-20250929', messages: ASK.messages });
    expect(asked?.headers.get('anthropic-beta')).toBe('tool-x');
    expect(await row(0)).toMatchObject({ operation: 'count-tokens', status: 'success' });
  });

  test('or estimated', async () => {
    const { client } = setup(jsonReply({}, { status: 404 }));
    expect((await client.send(count(BODY))).inputTokens).toBeGreaterThan(0);
  });

  test.each([
    [{}, 'input.invokeModel.body: a string is required'],
    [{ input: { converse: { messages: [] } } }, 'messages: must contain at least one message'],
    [{ input: { invokeModel: { body: '%' } } }, 'input.invokeModel.body: is not UTF-8 text in base64'],
  ])('not of %j', async (body, message) => {
    const answer = await setup(jsonReply({})).post('/model/gpt%2Ffast/count-tokens', body);
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([400, 'ValidationException']);
    expect(((await answer.json()) as { message: string }).message).toStartWith(message);
  });
});
