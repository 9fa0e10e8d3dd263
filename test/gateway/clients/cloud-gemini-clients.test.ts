// Clients of Gemini on Google Cloud, as Google's SDK asks with `vertexai: true`: by project and location with an access token, or in
// express mode with an API key.
import { describe, expect, test } from 'bun:test';
import { GoogleGenAI, type GoogleGenAIOptions } from '@google/genai';
import { OAuth2Client } from 'google-auth-library';
import type { ConfigInput } from '../../../src/index.ts';
import { MESSAGE, wholeMessage } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const { claude: CLAUDE, gemini: GEMINI, gpt: GPT } = LAB_PROVIDERS;
const VERTEX = { options: { project: 'own', location: 'global' }, max_retries: 0 };
const OWN = '/v1/projects/own/locations/global/publishers/google/models';
const GATEWAY = 'http://127.0.0.1:8088';

const ANSWER = {
  candidates: [{ content: { role: 'model', parts: [{ text: 'hello' }] }, finishReason: 'STOP', index: 0 }],
  usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 3, totalTokenCount: 10 },
  modelVersion: 'served',
};

const token = new OAuth2Client();
token.setCredentials({ access_token: 'ya29.of-the-client' });

/** How a client presents itself. */
const MODES: Record<'project' | 'express', GoogleGenAIOptions> = {
  project: { project: 'p1', location: 'us-east5', googleAuthOptions: { authClient: token } },
  express: { apiKey: 'AQ.of-the-client' },
};

interface LabOptions {
  mode?: GoogleGenAIOptions;
  more?: Partial<ConfigInput>;
}

function setup(
  providers: ConfigInput['providers'],
  reply: Reply,
  { mode = MODES.project, more }: LabOptions = {},
) {
  const upstream = createReplayFetch(reply);
  const lab = createTestGateway({
    config: { ...more, providers },
    host: { authorize: async () => ({ authorization: 'Bearer of-the-gateway' }) },
    fetch: upstream.fetch,
  });
  const asked: string[] = [];
  const fetch = (url: string | URL | Request, init?: RequestInit) => {
    const request = new Request(url, init);
    asked.push(new URL(request.url).pathname);
    return lab.gateway.fetch(request);
  };
  const httpOptions = {
    baseUrl: GATEWAY,
    fetch: fetch as typeof globalThis.fetch,
    retryOptions: { attempts: 1 },
  };
  const { models } = new GoogleGenAI({ ...mode, vertexai: true, httpOptions });
  const last = () => upstream.requests.at(-1);
  return {
    ...lab,
    models,
    asked: () => asked.at(-1),
    path: () => last()?.path,
    sent: () => last()?.json() as Record<string, unknown>,
    text: () => new TextDecoder().decode(last()?.body),
    header: (name: string) => last()?.headers.get(name) ?? null,
  };
}

const streamed = replyWith(`data: ${JSON.stringify(ANSWER)}\n\n`);

describe.each(Object.entries(MODES))('in the mode %s', (name, mode) => {
  const below = `/v1beta1/${name === 'project' ? 'projects/p1/locations/us-east5/' : ''}publishers`;

  test('whole answers and streams come from the developer API, with the gateway’s key', async () => {
    const whole = setup({ gemini: GEMINI }, jsonReply(ANSWER), { mode });
    const { text } = await whole.models.generateContent({ model: 'gemini-2.5-flash', contents: 'hi' });
    expect(text).toBe('hello');
    expect(whole.asked()).toBe(`${below}/google/models/gemini-2.5-flash:generateContent`);
    expect(whole.path()).toBe('/v1beta/models/gemini-2.5-flash:generateContent');
    expect(whole.header('x-goog-api-key')).toBe('lab-key-gemini');
    expect(whole.header('authorization')).toBeNull();

    const stream = setup({ gemini: GEMINI }, streamed, { mode });
    const parts = await stream.models.generateContentStream({ model: 'gemini-2.5-flash', contents: 'hi' });
    let said = '';
    for await (const part of parts) said += part.text ?? '';
    expect(said).toBe('hello');
    expect(stream.path()).toBe('/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse');
    expect(await stream.row(0)).toMatchObject({ status: 'success', usage: { inputTokens: 7 } });
  });

  test('at Google Cloud it is the gateway’s project', async () => {
    const { models, path, header } = setup({ vertex: VERTEX }, jsonReply(ANSWER), { mode });
    await models.generateContent({ model: 'gemini-2.5-flash', contents: 'hi' });
    expect(path()).toBe(`${OWN}/gemini-2.5-flash:generateContent`);
    expect(header('authorization')).toBe('Bearer of-the-gateway');
    expect(header('x-goog-api-key')).toBeNull();
  });

  test('a model of another provider is named as that of a publisher', async () => {
    const { models, asked, sent } = setup({ claude: CLAUDE }, jsonReply(wholeMessage('hello')), {
      mode,
    });
    const { text } = await models.generateContent({ model: 'claude/deep', contents: 'hi' });
    expect(text).toBe('hello');
    expect(asked()).toBe(`${below}/claude/models/deep:generateContent`);
    expect(sent().model).toBe('deep');
  });
});

describe('fields that only Google Cloud knows', () => {
  const API = { api_key: 'k', max_retries: 0 };
  const ask = {
    contents: [{ role: 'user', parts: [{ text: 'hi' }] }],
    labels: { team: 'a' },
    generationConfig: { temperature: 0.5, audio_timestamp: true, routingConfig: {} },
    safetySettings: [
      { category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE', method: 'SEVERITY' },
      { category: 'HARM_CATEGORY_HATE_SPEECH', threshold: 'BLOCK_NONE' },
    ],
    toolConfig: { functionCallingConfig: { mode: 'AUTO', streamFunctionCallArguments: true } },
  };
  const path = '/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-flash:generateContent';
  const LOST = [
    'generationConfig.audioTimestamp',
    'generationConfig.routingConfig',
    'labels',
    'safetySettings.method',
    'toolConfig.functionCallingConfig.streamFunctionCallArguments',
  ];

  test('are left out for the developer API, which refuses them, and named', async () => {
    const { post, sent, row } = setup({ gemini: API }, jsonReply(ANSWER));
    expect((await post(path, ask)).headers.get('x-sluice-lost')?.split(', ').toSorted()).toEqual(LOST);
    expect(sent()).toEqual({
      contents: ask.contents,
      generationConfig: { temperature: 0.5 },
      safetySettings: ask.safetySettings.map(({ category, threshold }) => ({ category, threshold })),
      toolConfig: { functionCallingConfig: { mode: 'AUTO' } },
    });
    expect((await row(0)).lost.toSorted()).toEqual(LOST);
  });

  test('so they are where the request is built anew: for a call that another model left unsigned', async () => {
    const { post, sent, row } = setup({ gemini: API }, jsonReply(ANSWER));
    const turn = { role: 'model', parts: [{ functionCall: { name: 'look', args: {} } }] };
    const result = { role: 'user', parts: [{ functionResponse: { name: 'look', response: {} } }] };
    const contents = [...ask.contents, turn, result];
    await post(path.replace('gemini-2.5-flash', 'gemini-3-pro-preview'), { ...ask, contents });
    const text = JSON.stringify(sent());
    expect(text).toContain('thoughtSignature');
    expect(text).not.toMatch(/labels|audio_?timestamp|routingConfig|SEVERITY|streamFunction/i);
    expect((await row(0)).lost).toEqual(expect.arrayContaining(LOST));
  });

  test('pass to Google Cloud, and to servers of which nothing is known', async () => {
    for (const providers of [{ vertex: VERTEX }, { lab: GEMINI }]) {
      const { post, sent, row } = setup(providers, jsonReply(ANSWER));
      await post(path, ask);
      expect(sent()).toEqual(ask);
      expect((await row(0)).lost).toEqual([]);
    }
  });

  test('a request without them passes byte for byte', async () => {
    const { post, text } = setup({ gemini: API }, jsonReply(ANSWER));
    const { contents, generationConfig } = ask;
    const plain = { generationConfig: { temperature: generationConfig.temperature }, contents };
    await post('/v1beta/models/gemini-2.5-flash:generateContent', plain);
    expect(text()).toBe(JSON.stringify(plain));
  });
});

test('calls of tools in a translated stream', async () => {
  const call = replyWith(
    MESSAGE.start +
      'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"look","input":{}}}\n\n' +
      'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\\"at\\":1}"}}\n\n' +
      MESSAGE.end.replace('end_turn', 'tool_use'),
  );
  const { models, sent } = setup({ claude: CLAUDE }, call);
  const tools = [{ functionDeclarations: [{ name: 'look', parametersJsonSchema: { type: 'object' } }] }];
  const parts = await models.generateContentStream({
    model: 'claude/deep',
    contents: 'hi',
    config: { tools },
  });
  const calls = [];
  for await (const part of parts) calls.push(...(part.functionCalls ?? []));
  expect(calls).toMatchObject([{ name: 'look', args: { at: 1 } }]);
  expect(sent().tools).toMatchObject([{ name: 'look' }]);
});

test('errors are Google’s', async () => {
  const { models } = setup(
    { claude: CLAUDE },
    jsonReply({ type: 'error', error: { type: 'x' } }, { status: 404 }),
  );
  const asked = models.generateContent({ model: 'claude/deep', contents: 'hi' });
  const error = (await asked.catch((thrown: unknown) => thrown)) as Error & { status: number };
  expect(error).toMatchObject({ name: 'ApiError', status: 404 });
  expect(JSON.parse(error.message)).toMatchObject({ error: { code: 404, status: 'NOT_FOUND' } });
});

test('a client that leaves ends the provider’s stream', async () => {
  const leaving = new AbortController();
  const begun = MESSAGE.start + MESSAGE.block + MESSAGE.delta('hello');
  const { post, row } = setup(
    { claude: CLAUDE },
    replyWith(begun + MESSAGE.end, { fault: { kind: 'hang', after: begun.length } }),
  );
  const path = '/v1beta1/publishers/claude/models/deep:streamGenerateContent?alt=sse';
  const question = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };
  const { body } = await post(path, question, { signal: leaving.signal });
  await expect(Array.fromAsync(body ?? [], () => leaving.abort())).rejects.toThrow('aborted');
  expect(await row(0)).toMatchObject({ status: 'aborted', streamed: true });
});

describe('counts', () => {
  const config = {
    systemInstruction: 'be brief',
    tools: [{ functionDeclarations: [{ name: 'look' }] }],
    generationConfig: { temperature: 0 },
  };
  const prompt = {
    contents: [{ role: 'user', parts: [{ text: 'hi' }] }],
    systemInstruction: { role: 'user', parts: [{ text: 'be brief' }] },
    tools: config.tools,
    generationConfig: { temperature: 0 },
  };

  test('at the developer API the whole prompt is one level down', async () => {
    const { models, sent, path } = setup({ gemini: GEMINI }, jsonReply({ totalTokens: 9 }));
    const counted = await models.countTokens({ model: 'gemini-2.5-flash', contents: 'hi', config });
    expect(counted.totalTokens).toBe(9);
    expect(path()).toBe('/v1beta/models/gemini-2.5-flash:countTokens');
    expect(sent()).toEqual({ generateContentRequest: { ...prompt, model: 'models/gemini-2.5-flash' } });
  });

  test('at Google Cloud it passes', async () => {
    const { models, sent } = setup({ vertex: VERTEX }, jsonReply({ totalTokens: 9 }));
    await models.countTokens({ model: 'gemini-2.5-flash', contents: 'hi', config });
    expect(sent()).toEqual(prompt);
  });
});

describe('embeddings', () => {
  const config = { taskType: 'CLUSTERING', title: 'T', outputDimensionality: 2 };

  test('by :predict, from the developer API', async () => {
    const { models, asked, sent, path } = setup(
      { gemini: GEMINI },
      jsonReply({ embeddings: [{ values: [1, 2] }, { values: [3, 4] }] }),
    );
    const { embeddings } = await models.embedContent({
      model: 'text-embedding-005',
      contents: ['a', 'b'],
      config,
    });
    expect(asked()).toEndWith('/google/models/text-embedding-005:predict');
    expect(embeddings?.map(({ values }) => values)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(path()).toBe('/v1beta/models/text-embedding-005:batchEmbedContents');
    const request = (text: string) => ({
      model: 'models/text-embedding-005',
      content: { parts: [{ text }] },
      ...config,
    });
    expect(sent()).toEqual({ requests: [request('a'), request('b')] });
  });

  test('by :predict, from Google Cloud: the bytes pass', async () => {
    const predictions = [
      { embeddings: { values: [1, 2], statistics: { token_count: 3, truncated: false } } },
    ];
    const { models, sent, path, row } = setup({ vertex: VERTEX }, jsonReply({ predictions }));
    const { embeddings } = await models.embedContent({
      model: 'text-embedding-005',
      contents: 'a',
      config: { outputDimensionality: 2 },
    });
    expect(embeddings).toEqual([{ values: [1, 2], statistics: { tokenCount: 3, truncated: false } }]);
    expect(path()).toBe(`${OWN}/text-embedding-005:predict`);
    expect(sent()).toMatchObject({ instances: [{}], parameters: { outputDimensionality: 2 } });
    expect(await row(0)).toMatchObject({ operation: 'embed', usage: { inputTokens: 3 } });
  });

  test('by :embedContent, from Google Cloud: the bytes pass', async () => {
    const answer = { embedding: { values: [1, 2] }, usageMetadata: { promptTokenCount: 3 } };
    const { models, sent, path, row } = setup({ vertex: VERTEX }, jsonReply(answer));
    const { embeddings } = await models.embedContent({ model: 'gemini-embedding-2', contents: 'a', config });
    expect(embeddings).toEqual([{ values: [1, 2], statistics: { tokenCount: 3 } }]);
    expect(path()).toBe(`${OWN}/gemini-embedding-2:embedContent`);
    expect(sent()).toEqual({ content: { role: 'user', parts: [{ text: 'a' }] }, embedContentConfig: config });
    expect(await row(0)).toMatchObject({ operation: 'embed', usage: { inputTokens: 3 } });
  });

  test('by :embedContent, from a provider of another dialect', async () => {
    const data = [{ object: 'embedding', index: 0, embedding: [1, 2] }];
    const { models, asked, sent, row } = setup(
      { gpt: GPT },
      jsonReply({ data, model: 'm', usage: { prompt_tokens: 4, total_tokens: 4 } }),
    );
    const { embeddings } = await models.embedContent({
      model: 'gpt/gemini-embedding-2',
      contents: 'a',
      config,
    });
    expect(asked()).toEndWith('/gpt/models/gemini-embedding-2:embedContent');
    expect(embeddings).toEqual([{ values: [1, 2], statistics: { tokenCount: 4 } }]);
    expect(sent()).toMatchObject({ input: ['a'], dimensions: 2 });
    expect((await row(0)).lost).toEqual(['taskType', 'title']);
  });

  test('texts are plain strings in older clients', async () => {
    const data = [1, 2].map((value, index) => ({ object: 'embedding', index, embedding: [value] }));
    const usage = { prompt_tokens: 4, total_tokens: 4 };
    const { post, sent } = setup({ gpt: GPT }, jsonReply({ data, model: 'm', usage }));
    const path = '/v1/projects/p/locations/l/publishers/gpt/models/m:predict';
    const answer = await post(path, { instances: [{ content: 'a' }, { content: 'b' }] });
    expect(sent().input).toEqual(['a', 'b']);
    // Clients add the counts up.
    expect(await answer.json()).toEqual({
      predictions: [
        { embeddings: { values: [1], statistics: { token_count: 4, truncated: false } } },
        { embeddings: { values: [2], statistics: { token_count: 0, truncated: false } } },
      ],
    });
    const refused = await post(path, { instances: [{ image: {} }] });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      error: { message: 'instances[0].content: only text is embedded' },
    });
  });
});

test('a name with a slash may stand without `models/`, as the AI SDK writes it', async () => {
  const { post, sent } = setup({ claude: CLAUDE }, jsonReply(wholeMessage('hello')));
  const path = '/v1/projects/p/locations/l/publishers/google/claude/deep:generateContent';
  const answer = await post(path, { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] });
  expect(answer.status).toBe(200);
  expect(sent().model).toBe('deep');
});

test('images are made by the developer API', async () => {
  const predictions = [{ mimeType: 'image/png', bytesBase64Encoded: 'AA==' }];
  const { models, path, header } = setup({ gemini: GEMINI }, jsonReply({ predictions }));
  const { generatedImages } = await models.generateImages({ model: 'imagen-4.0-generate-001', prompt: 'a' });
  expect(generatedImages).toHaveLength(1);
  expect(path()).toBe('/v1beta/models/imagen-4.0-generate-001:predict');
  expect(header('x-goog-api-key')).toBe('lab-key-gemini');
  expect(header('authorization')).toBeNull();
});

describe('models', () => {
  const config: ConfigInput['providers'] = { claude: { ...CLAUDE, models: { deep: 'deepest' } } };

  test('are listed by names that lead to them', async () => {
    const { models, sent } = setup(config, jsonReply(wholeMessage('hello')));
    const names: string[] = [];
    for await (const { name } of await models.list()) names.push(name ?? '');
    expect(names).toContain('publishers/claude/models/deepest');
    await models.generateContent({ model: 'publishers/claude/models/deepest', contents: 'hi' });
    expect(sent().model).toBe('deepest');
  });

  test('are found one by one', async () => {
    const { models } = setup(config, jsonReply({}));
    expect(await models.get({ model: 'claude/deep' })).toMatchObject({
      name: 'publishers/claude/models/deep',
    });
    expect(await models.get({ model: 'deep' })).toMatchObject({ name: 'publishers/google/models/deep' });
  });
});

describe('keys of the gateway', () => {
  const more = { server: { keys: ['key-of-the-gateway'] } };
  const question = { model: 'gemini-2.5-flash', contents: 'hi' };

  test.each(Object.entries(MODES))('are not replaced by a client’s own in the mode %s', async (_, mode) => {
    const { models } = setup({ gemini: GEMINI }, jsonReply(ANSWER), { mode, more });
    const error: unknown = await models.generateContent(question).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 401 });
  });

  test('may be the API key of the express mode, or in a header', async () => {
    const mode = { apiKey: 'key-of-the-gateway' };
    const express = setup({ gemini: GEMINI }, jsonReply(ANSWER), { mode, more });
    expect((await express.models.generateContent(question)).text).toBe('hello');
    expect(express.header('x-goog-api-key')).toBe('lab-key-gemini');
    const project = setup({ gemini: GEMINI }, jsonReply(ANSWER), { more });
    const headers = { 'x-sluice-key': 'key-of-the-gateway' };
    const config = { httpOptions: { headers } };
    expect((await project.models.generateContent({ ...question, config })).text).toBe('hello');
  });
});

test('what is stored there is not served, and the 404 says what to do', async () => {
  const { gateway } = setup({ gemini: GEMINI }, jsonReply({}));
  const ask = async (path: string) => {
    const answer = await gateway.fetch(new Request(GATEWAY + path, { method: 'POST', body: '{}' }));
    expect(answer.status).toBe(404);
    return ((await answer.json()) as { error: { message: string } }).error.message;
  };
  const below = '/v1beta1/projects/p/locations/l';
  expect(await ask(`${below}/cachedContents`)).toContain('conversations are not cached here');
  expect(await ask(`${below}/publishers/google/models/m:computeTokens`)).toContain(
    'the methods of a model are',
  );
});
