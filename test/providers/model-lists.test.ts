// What each provider lists, asked where and how it wants to be asked.
import { expect, test } from 'bun:test';
import type { ConfigInput, GatewayHost } from '../../src/index.ts';
import type { UnauthorizedRequest } from '../../src/gateway/host.ts';
import { jsonReply } from '../support/reply.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import type { SeenRequest } from '../support/reply.ts';
import { createTestGateway } from '../support/test-gateway.ts';

type ProviderInput = NonNullable<ConfigInput['providers']>[string];

function lab(name: string, provider: ProviderInput, answer: (path: string) => unknown) {
  const urls: string[] = [];
  const signed: UnauthorizedRequest[] = [];
  const upstream = createReplayFetch(({ path }: SeenRequest) => {
    const body = answer(path);
    return body === undefined ? jsonReply({ error: 'down' }, { status: 503 }) : jsonReply(body);
  });
  const host: Partial<GatewayHost> = {
    authorize: async (_scheme, request) => {
      signed.push(request);
      return { authorization: 'Bearer fetched' };
    },
  };
  const { gateway } = createTestGateway({
    config: { providers: { [name]: provider } },
    fetch(url, init) {
      urls.push(url);
      return upstream.fetch(url, init);
    },
    host,
  });
  const list = async () => {
    const response = await gateway.fetch(new Request('http://127.0.0.1:8088/v1beta/models'));
    const { models } = (await response.json()) as { models: { name: string; displayName: string }[] };
    return models
      .filter((model) => model.name.startsWith(`models/${name}/`))
      .map((model) => [model.name.slice(`models/${name}/`.length), model.displayName]);
  };
  return { list, urls, signed, requests: upstream.requests };
}

const FOUNDATION = {
  modelSummaries: [
    {
      modelId: 'amazon.nova-pro-v1:0',
      modelName: 'Nova Pro',
      outputModalities: ['TEXT'],
      inferenceTypesSupported: ['ON_DEMAND'],
    },
    {
      modelId: 'anthropic.claude-3-haiku-20240307-v1:0',
      modelName: 'Claude 3 Haiku',
      outputModalities: ['TEXT'],
      inferenceTypesSupported: ['ON_DEMAND'],
    },
    {
      modelId: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
      modelName: 'Claude Sonnet 4.5',
      outputModalities: ['TEXT'],
      inferenceTypesSupported: ['INFERENCE_PROFILE'],
    },
    {
      modelId: 'amazon.titan-embed-text-v2:0',
      modelName: 'Titan Embeddings',
      outputModalities: ['EMBEDDING'],
      inferenceTypesSupported: ['ON_DEMAND'],
    },
    {
      modelId: 'amazon.titan-image-generator-v2:0',
      modelName: 'Titan Image',
      outputModalities: ['IMAGE'],
      inferenceTypesSupported: ['ON_DEMAND'],
    },
  ],
};
const profile = (id: string, name: string) => ({ inferenceProfileId: id, inferenceProfileName: name });

function bedrockAnswer(path: string) {
  if (path === '/foundation-models') return FOUNDATION;
  if (path.includes('nextToken=t%2F2'))
    return { inferenceProfileSummaries: [profile('eu.meta.llama', 'EU Llama')] };
  const first = profile('eu.anthropic.claude-sonnet-4-5-20250929-v1:0', 'EU Claude Sonnet 4.5');
  return { inferenceProfileSummaries: [first], nextToken: 't/2' };
}

test('Bedrock lists in another place than it answers: models asked by name, and inference profiles', async () => {
  const { list, urls, signed, requests } = lab(
    'bedrock',
    { options: { region: 'eu-west-1' } },
    bedrockAnswer,
  );
  expect(await list()).toEqual([
    ['amazon.nova-pro-v1:0', 'Nova Pro'],
    ['anthropic.claude-3-haiku-20240307-v1:0', 'Claude 3 Haiku'],
    ['amazon.titan-embed-text-v2:0', 'Titan Embeddings'],
    ['eu.anthropic.claude-sonnet-4-5-20250929-v1:0', 'EU Claude Sonnet 4.5'],
    ['eu.meta.llama', 'EU Llama'],
  ]);
  expect(urls).toEqual([
    'https://bedrock.eu-west-1.amazonaws.com/foundation-models',
    'https://bedrock.eu-west-1.amazonaws.com/inference-profiles?maxResults=1000',
    'https://bedrock.eu-west-1.amazonaws.com/inference-profiles?maxResults=1000&nextToken=t%2F2',
  ]);
  expect(signed.map(({ method, url, body }) => [method, url, body])).toEqual(
    urls.map((url) => ['GET', url, '']),
  );
  expect(requests.map(({ headers }) => headers.get('authorization'))).toEqual(
    urls.map(() => 'Bearer fetched'),
  );
});

test('of them, InvokeModel answers for Claude alone; an API key is not signed', async () => {
  const provider = { options: { region: 'eu-west-1' }, api_key: 'k' };
  const { list, signed, requests } = lab('bedrock-anthropic', provider, bedrockAnswer);
  expect((await list()).map(([id]) => id)).toEqual([
    'anthropic.claude-3-haiku-20240307-v1:0',
    'eu.anthropic.claude-sonnet-4-5-20250929-v1:0',
  ]);
  expect(signed).toEqual([]);
  expect(requests[0]?.headers.get('authorization')).toBe('Bearer k');
});

test('a configured address of Bedrock is the only one that is asked', async () => {
  const provider = { options: { region: 'eu-west-1' }, base_url: 'http://proxy.test' };
  const { list, urls } = lab('bedrock', provider, bedrockAnswer);
  await list();
  expect(new Set(urls.map((url) => new URL(url).origin))).toEqual(new Set(['http://proxy.test']));
});

const VERTEX = 'https://europe-west4-aiplatform.googleapis.com/v1beta1/publishers';

test('Vertex lists what speaks Gemini’s dialect and Anthropic’s Claude, on the account of the project', async () => {
  const options = { project: 'p1', location: 'europe-west4' };
  const named = (publisher: string, ...names: string[]) => ({
    publisherModels: names.map((name) => ({ name: `publishers/${publisher}/models/${name}` })),
  });
  const { list, urls, requests } = lab('vertex', { options }, (path) => {
    if (path.includes('/anthropic/')) return named('anthropic', 'claude-opus-4-7', 'other');
    if (path.includes('pageToken')) return named('google', 'gemini-3-pro');
    const first = named('google', 'gemini-2.5-pro', 'imagen-4.0', 'text-embedding-005', 'veo-3.0');
    return { ...first, nextPageToken: 'n' };
  });
  expect((await list()).map(([id]) => id)).toEqual([
    'gemini-2.5-pro',
    'text-embedding-005',
    'gemini-3-pro',
    'claude-opus-4-7',
  ]);
  expect(urls).toEqual([
    `${VERTEX}/google/models?pageSize=100`,
    `${VERTEX}/google/models?pageSize=100&pageToken=n`,
    `${VERTEX}/anthropic/models?pageSize=100`,
  ]);
  for (const { headers } of requests) {
    expect(headers.get('x-goog-user-project')).toBe('p1');
    expect(headers.get('authorization')).toBe('Bearer fetched');
    expect(headers.get('anthropic-version')).toBeNull();
  }
});

test('Vertex lists Google’s own models where the list of Anthropic’s is refused', async () => {
  const options = { project: 'p1', location: 'europe-west4' };
  const publisherModels = [{ name: 'publishers/google/models/gemini-3-pro' }];
  const { list } = lab('vertex', { options }, (path) =>
    path.includes('/anthropic/') ? undefined : { publisherModels },
  );
  expect((await list()).map(([id]) => id)).toEqual(['gemini-3-pro']);
});

test('Antigravity lists by a question, at the first of its addresses that answers', async () => {
  const provider = { api_key: 'ya29.t', options: { project: 'p1' } };
  let asked = 0;
  const { list, urls, requests } = lab('antigravity', provider, () =>
    asked++ === 0
      ? undefined
      : { models: { 'gemini-3-pro-high': { displayName: 'Gemini 3 Pro' }, bare: {} } },
  );
  expect(await list()).toEqual([
    ['gemini-3-pro-high', 'Gemini 3 Pro'],
    ['bare', 'antigravity/bare'],
  ]);
  expect(urls).toEqual([
    'https://daily-cloudcode-pa.googleapis.com/v1internal:fetchAvailableModels',
    'https://daily-cloudcode-pa.sandbox.googleapis.com/v1internal:fetchAvailableModels',
  ]);
  expect(requests[1]?.method).toBe('POST');
  expect(requests[1]?.json()).toEqual({ project: 'p1' });
});

test('Ollama lists the models on the machine', async () => {
  const { list, urls } = lab('ollama', {}, () => ({
    models: [{ name: 'qwen3:4b', model: 'qwen3:4b', modified_at: '2025-05-04T17:37:44Z' }],
  }));
  expect((await list()).map(([id]) => id)).toEqual(['qwen3:4b']);
  expect(urls).toEqual(['http://127.0.0.1:11434/api/tags']);
});

test.each(['https://lab.openai.azure.com', 'https://lab.openai.azure.com/openai/v1'])(
  'Azure at %s is not asked: its list is not one of deployments',
  async (base_url) => {
    const provider = { base_url, api_key: 'k', options: { api_version: 'v' }, models: { big: 'my-gpt' } };
    const { list, urls } = lab('azure', provider, () => ({ data: [{ id: 'gpt-5' }] }));
    expect((await list()).map(([id]) => id)).toEqual(['my-gpt']);
    expect(urls).toEqual([]);
  },
);

test('who is not logged in has no list, and the log says why', async () => {
  const logged: unknown[] = [];
  const { gateway } = createTestGateway({
    config: { providers: { bedrock: { options: { region: 'eu-west-1' } } } },
    fetch: () => Promise.reject(new Error('nobody is asked')),
    host: {
      authorize: () => Promise.reject(new Error('no profile')),
      log: (_level, _message, fields) => void logged.push(fields?.reason),
    },
  });
  expect((await gateway.fetch(new Request('http://127.0.0.1:8088/v1/models'))).status).toBe(200);
  expect(logged).toContain('bedrock: no credentials: no profile');
});
