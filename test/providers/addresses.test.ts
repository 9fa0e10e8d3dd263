// Where requests of the kinds go whose address has options, and with which key in which header.
import { describe, expect, test } from 'bun:test';
import { resolveInput } from '../support/resolve-input.ts';
import type { ConfigInput, GatewayHost } from '../../src/index.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { replyWith } from '../support/reply.ts';
import { createTestGateway } from '../support/test-gateway.ts';

type ProviderInput = NonNullable<ConfigInput['providers']>[string];

function resolve(providers: ConfigInput['providers'], environment: Record<string, string> = {}) {
  return resolveInput({ providers }, environment);
}

/** The one request that reaches the provider. */
async function asked(
  name: string,
  provider: ProviderInput,
  body: Record<string, unknown> = {},
  path = '/v1/chat/completions',
  sent: Record<string, string> = {},
) {
  const urls: string[] = [];
  const upstream = createReplayFetch(replyWith('{"error":{"message":"no"}}', { status: 400 }));
  const { post } = createTestGateway({
    config: { providers: { [name]: { max_retries: 0, ...provider } }, routing: { default_provider: name } },
    fetch(url, init) {
      urls.push(url);
      return upstream.fetch(url, init);
    },
  });
  const asking = { model: 'my/dep', messages: [{ role: 'user', content: 'hi' }], ...body };
  await post(path, asking, { headers: sent });
  const [request] = upstream.requests;
  const text: unknown =
    request === undefined ? undefined : JSON.parse(new TextDecoder().decode(request.body));
  return { url: urls[0], headers: request?.headers, body: text };
}

describe('openai', () => {
  const RESPONSES = '/v1/responses';
  const own = { input: 'hi', messages: undefined, previous_response_id: 'resp_1', not_known_here: [1] };

  test('is asked in Responses by clients that speak it: what only OpenAI can take passes', async () => {
    const { url, body } = await asked('openai', { api_key: 'k' }, own, RESPONSES);
    expect(url).toBe('https://api.openai.com/v1/responses');
    expect(body).toEqual({ model: 'my/dep', ...own });
    const eu = { api_key: 'k', base_url: 'https://eu.api.openai.com/v1' };
    expect((await asked('openai', eu, own, RESPONSES)).url).toBe('https://eu.api.openai.com/v1/responses');
  });

  const chat = 'https://api.openai.com/v1/chat/completions';

  test('is asked in Chat Completions by all others', async () => {
    expect((await asked('openai', { api_key: 'k' })).url).toBe(chat);
    const messages = await asked('openai', { api_key: 'k' }, { max_tokens: 9 }, '/v1/messages');
    expect(messages.url).toBe(chat);
  });

  test.each(['gpt-5', 'gpt-5.6-sol', 'gpt-6-astra', 'o3', 'gpt-5.3-codex', 'codex-mini-latest'])(
    'for %s, which reasons, it is asked in Responses by all but clients of Chat Completions',
    async (model) => {
      const tools = [{ name: 'f', input_schema: { type: 'object' } }];
      const body = { model, max_tokens: 99, tools, thinking: { type: 'adaptive' } };
      const messages = await asked('openai', { api_key: 'k' }, body, '/v1/messages');
      expect(messages.url).toBe('https://api.openai.com/v1/responses');
      expect(messages.body).toMatchObject({ model, input: [{ role: 'user' }], tools: [{ name: 'f' }] });
      expect((await asked('openai', { api_key: 'k' }, { model })).url).toBe(chat);
      const elsewhere = { api_key: 'k', base_url: 'https://proxy.test/v1' };
      const proxied = await asked('openai', elsewhere, body, '/v1/messages');
      expect(proxied.url).toBe('https://proxy.test/v1/chat/completions');
    },
  );

  test.each(['gpt-4.1', 'gpt-5-chat-latest', 'gpt-5-search-api', 'gpt-4o-audio-preview'])(
    'for %s it is asked in Chat Completions',
    async (model) => {
      const body = { model, max_tokens: 99 };
      expect((await asked('openai', { api_key: 'k' }, body, '/v1/messages')).url).toBe(chat);
    },
  );

  test.each([
    ['another address', { base_url: 'https://proxy.test/v1' }, 'https://proxy.test/v1/chat/completions'],
    ['a dialect of its own', { dialect: 'openai-chat' }, 'https://api.openai.com/v1/chat/completions'],
  ] as const)('with %s it is asked in the one dialect', async (_, provider, expected) => {
    const { url } = await asked('openai', { api_key: 'k', ...provider }, { input: 'hi' }, RESPONSES);
    expect(url).toBe(expected);
  });

  test('a client’s own key goes with its own dialect', async () => {
    const key = { authorization: 'Bearer sk-mine' };
    const { headers } = await asked('openai', { api_key: 'k' }, own, RESPONSES, key);
    expect(headers?.get('authorization')).toBe('Bearer sk-mine');
    const foreign = await asked('openai', { api_key: 'k' }, { max_tokens: 9 }, '/v1/messages', key);
    expect(foreign.headers?.get('authorization')).toBe('Bearer k');
  });
});

describe('azure', () => {
  const options = { resource: 'lab', api_version: '2024-10-21' };

  test('asks the deployment, with the key in its own header', async () => {
    const { url, headers } = await asked('azure', { options, api_key: 'k1' });
    expect(url).toBe(
      'https://lab.openai.azure.com/openai/deployments/my%2Fdep/chat/completions?api-version=2024-10-21',
    );
    expect(headers?.get('api-key')).toBe('k1');
    expect(headers?.get('authorization')).toBeNull();
  });

  test('is asked by the version of the configuration, whichever its client asks for', async () => {
    const path = '/v1/chat/completions?api-version=preview&more=1';
    const { url } = await asked('azure', { options, api_key: 'k1' }, {}, path);
    expect(url).toBe(
      'https://lab.openai.azure.com/openai/deployments/my%2Fdep/chat/completions?api-version=2024-10-21&more=1',
    );
    const plain = { base_url: 'https://lab.test/openai/v1', api_key: 'k1' };
    expect((await asked('azure', plain, {}, path)).url).toBe(
      'https://lab.test/openai/v1/chat/completions?api-version=preview&more=1',
    );
  });

  test('embeds at the deployment as well', async () => {
    const { url } = await asked('azure', { options, api_key: 'k1' }, { input: 'a' }, '/v1/embeddings');
    expect(url).toBe(
      'https://lab.openai.azure.com/openai/deployments/my%2Fdep/embeddings?api-version=2024-10-21',
    );
  });

  test('a base_url takes the place of the resource', async () => {
    const { url } = await asked('azure', {
      base_url: 'https://gateway.test/x',
      options: { api_version: 'preview' },
      api_key: 'k1',
    });
    expect(url).toBe(
      'https://gateway.test/x/openai/deployments/my%2Fdep/chat/completions?api-version=preview',
    );
  });

  test('a base_url that ends in /openai/v1 needs no version', async () => {
    const { url, headers } = await asked('azure', { base_url: 'https://lab.test/openai/v1', api_key: 'k1' });
    expect(url).toBe('https://lab.test/openai/v1/chat/completions');
    expect(headers?.get('api-key')).toBe('k1');
  });

  test('an Entra token goes as Bearer', async () => {
    const token = 'eyJhbGciOiJub25lIn0.eyJhIjoxfQ.c2ln';
    const { headers } = await asked('azure', { options, api_key: token });
    expect(headers?.get('authorization')).toBe(`Bearer ${token}`);
    expect(headers?.get('api-key')).toBeNull();
  });

  test('a missing option disables it, and says which', () => {
    const { config, problems } = resolve({ azure: { options: { resource: 'lab' }, api_key: 'k1' } });
    expect(config.disabled).toEqual([
      {
        name: 'azure',
        reason: 'options.api_version is not set, nor OPENAI_API_VERSION in the environment',
      },
    ]);
    expect(problems).toEqual([
      expect.objectContaining({
        severity: 'warning',
        path: ['providers', 'azure', 'options', 'api_version'],
      }),
    ]);
  });

  test('the environment alone is enough', () => {
    const { config } = resolve(
      {},
      {
        AZURE_OPENAI_API_KEY: 'k1',
        AZURE_OPENAI_ENDPOINT: 'https://lab.openai.azure.com/',
        OPENAI_API_VERSION: '2024-10-21',
      },
    );
    expect(config.providers[0]).toMatchObject({ name: 'azure', baseUrl: 'https://lab.openai.azure.com' });
  });

  test('what the file says comes before the environment', () => {
    const environment = { AZURE_RESOURCE_NAME: 'other', OPENAI_API_VERSION: '1999-01-01' };
    const { config } = resolve({ azure: { options, api_key: 'k1' } }, environment);
    expect(config.providers[0]).toMatchObject({ baseUrl: 'https://lab.openai.azure.com', options });
  });

  test('an option that the kind does not have is reported', () => {
    const { problems } = resolve({ azure: { options: { ...options, region: 'x' }, api_key: 'k1' } });
    expect(problems.map((problem) => problem.message)).toEqual([
      'kind azure has no such option; it has resource, api_version',
    ]);
  });
});

describe('gemini', () => {
  test('is found by its models once its key is there', () => {
    const { config } = resolve({}, { GEMINI_API_KEY: 'k1' });
    expect(config.providers[0]).toMatchObject({
      name: 'gemini',
      dialect: 'gemini',
      baseUrl: 'https://generativelanguage.googleapis.com',
      apiKey: 'k1',
    });
    const { modelPatterns = [] } = config.providers[0] ?? {};
    const known = (model: string) => modelPatterns.some((pattern) => pattern.test(model));
    expect(['gemini-2.5-pro', 'gemma-3-27b-it', 'gpt-4o'].map(known)).toEqual([true, true, false]);
  });

  // Google's SDKs read the second first; Gemini CLI takes that for a key of Vertex.
  test('takes the variable of Google’s SDKs where its own is not set', () => {
    const keyFrom = (environment: Record<string, string>) => resolve({}, environment).config.providers[0];
    expect(keyFrom({ GOOGLE_API_KEY: 'k2' })).toMatchObject({ name: 'gemini', apiKey: 'k2' });
    expect(keyFrom({ GOOGLE_API_KEY: 'k2', GEMINI_API_KEY: '' })).toMatchObject({ apiKey: 'k2' });
    expect(keyFrom({ GOOGLE_API_KEY: 'k2', GEMINI_API_KEY: 'k1' })).toMatchObject({ apiKey: 'k1' });
    expect(resolve({ gemini: {} }, { GOOGLE_API_KEY: 'k2' }).config.providers[0]).toMatchObject({
      apiKey: 'k2',
    });
  });
});

describe('vertex', () => {
  const vertex = { options: { project: 'p1', location: 'europe-west4' }, max_retries: 0 };
  const PREFIX =
    'https://europe-west4-aiplatform.googleapis.com/v1/projects/p1/locations/europe-west4/publishers/google/models';
  const BODY = { model: 'gemini-2.5-pro', messages: [{ role: 'user', content: 'hi' }] };

  function setup(host: Partial<GatewayHost>) {
    const urls: string[] = [];
    const upstream = createReplayFetch(replyWith('{"error":{"message":"no"}}', { status: 400 }));
    const gateway = createTestGateway({
      config: { providers: { vertex } },
      host,
      fetch(url, init) {
        urls.push(url);
        return upstream.fetch(url, init);
      },
    });
    return { ...gateway, urls, upstream };
  }

  test("asks the project's model with the host's token, streamed and whole", async () => {
    const { post, urls, upstream } = setup({
      authorize: async (scheme) => ({ authorization: `Bearer token-of-${scheme}` }),
    });
    await post('/v1/chat/completions', { ...BODY, stream: true });
    await post('/v1/chat/completions', BODY);
    expect(urls).toEqual([
      `${PREFIX}/gemini-2.5-pro:streamGenerateContent?alt=sse`,
      `${PREFIX}/gemini-2.5-pro:generateContent`,
    ]);
    expect(upstream.requests[0]?.headers.get('authorization')).toBe(
      'Bearer token-of-google-default-credentials',
    );
  });

  test("never gets a client's own key", async () => {
    const { post, upstream } = setup({ authorize: async () => ({ authorization: 'Bearer t' }) });
    const body = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };
    await post('/v1beta/models/gemini-2.5-pro:generateContent', body, {
      headers: { 'x-goog-api-key': 'mine' },
    });
    expect(upstream.requests[0]?.headers.get('x-goog-api-key')).toBeNull();
    expect(upstream.requests[0]?.headers.get('authorization')).toBe('Bearer t');
  });

  test('without credentials the error says so, and nothing is asked', async () => {
    const { post, urls } = setup({ authorize: () => Promise.reject(new Error('run gcloud auth')) });
    const response = await post('/v1/chat/completions', BODY);
    expect(response.status).toBe(401);
    expect(await response.text()).toContain('run gcloud auth');
    expect(urls).toEqual([]);
  });

  test.each(['gemini-2.5-pro', 'claude-opus-4-7'])(
    'an access token as api_key goes as Bearer for %s',
    async (model) => {
      const { headers } = await asked('vertex', { ...vertex, api_key: 'ya29.abc' }, { ...BODY, model });
      expect(headers?.get('authorization')).toBe('Bearer ya29.abc');
      expect(headers?.get('x-api-key')).toBeNull();
    },
  );

  test('takes the variables of Anthropic’s programs where Google’s are not set', () => {
    const theirs = { ANTHROPIC_VERTEX_PROJECT_ID: 'p2', CLOUD_ML_REGION: 'us-east5' };
    const optionsIn = (environment: Record<string, string>) =>
      resolve({ vertex: {} }, environment).config.providers[0]?.options;
    expect(optionsIn(theirs)).toEqual({ project: 'p2', location: 'us-east5' });
    expect(optionsIn({ ...theirs, GOOGLE_CLOUD_PROJECT: 'p1' })).toMatchObject({ project: 'p1' });
  });

  test('is off without its options, and unless configured', () => {
    expect(resolve({ vertex: {} }).config.disabled.map(({ reason }) => reason)).toEqual([
      'options.location is not set, nor GOOGLE_CLOUD_LOCATION or CLOUD_ML_REGION in the environment; options.project is not set, nor GOOGLE_CLOUD_PROJECT or ANTHROPIC_VERTEX_PROJECT_ID in the environment',
    ]);
    const { config } = resolve({}, { GOOGLE_CLOUD_PROJECT: 'p', GOOGLE_CLOUD_LOCATION: 'l' });
    expect(config.providers.map(({ name }) => name)).not.toContain('vertex');
  });
});

describe('ollama', () => {
  test.each([
    ['127.0.0.1:11434', 'http://127.0.0.1:11434'],
    ['0.0.0.0', 'http://127.0.0.1:11434'],
    ['box.lan:9999', 'http://box.lan:9999'],
    [':9999', 'http://127.0.0.1:9999'],
    [' :9999 ', 'http://127.0.0.1:9999'],
    ['https://box.lan/ollama/', 'https://box.lan/ollama'],
    ['HTTP://box.lan', 'http://box.lan'],
  ])('OLLAMA_HOST=%s enables it at %s', (host, baseUrl) => {
    const { config, problems } = resolve({}, { OLLAMA_HOST: host });
    expect(config.providers[0]).toMatchObject({ name: 'ollama', baseUrl, apiKey: null });
    expect(problems).toEqual([]);
  });

  test('an OLLAMA_HOST that is no address is reported, and the usual one asked', () => {
    const { config, problems } = resolve({}, { OLLAMA_HOST: 'http://[box' });
    expect(config.providers[0]).toMatchObject({ name: 'ollama', baseUrl: 'http://127.0.0.1:11434' });
    expect(problems).toEqual([
      {
        severity: 'warning',
        path: ['providers', 'ollama', 'base_url'],
        message: 'OLLAMA_HOST is not an address; ignored',
      },
    ]);
  });

  test('without it there is none, unless configured', () => {
    expect(resolve({}).config.providers.map((provider) => provider.name)).not.toContain('ollama');
    expect(resolve({ ollama: {} }).config.providers[0]).toMatchObject({ baseUrl: 'http://127.0.0.1:11434' });
  });
});

describe('bedrock', () => {
  const BODY = { model: 'amazon.nova-pro-v1:0', messages: [{ role: 'user', content: 'hi' }] };

  test('without a key is authorized by the host, which sees the very request', async () => {
    const seen: unknown[] = [];
    const upstream = createReplayFetch(replyWith('{"message":"no"}', { status: 400 }));
    const urls: string[] = [];
    const { post } = createTestGateway({
      config: {
        providers: { bedrock: { options: { region: 'eu-west-1', profile: 'lab' }, max_retries: 0 } },
      },
      host: {
        authorize: async (scheme, request) => {
          seen.push([scheme, request]);
          return { authorization: 'AWS4-HMAC-SHA256 x', 'x-amz-date': 'd' };
        },
      },
      fetch(url, init) {
        urls.push(url);
        return upstream.fetch(url, init);
      },
    });
    await post('/v1/chat/completions', { ...BODY, stream: true });
    const url =
      'https://bedrock-runtime.eu-west-1.amazonaws.com/model/amazon.nova-pro-v1%3A0/converse-stream';
    expect(urls).toEqual([url]);
    const [request] = upstream.requests;
    const body = new TextDecoder().decode(request?.body);
    const options = { region: 'eu-west-1', profile: 'lab' };
    expect(seen).toEqual([['aws-signature', { method: 'POST', url, body, options }]]);
    expect(request?.headers.get('authorization')).toBe('AWS4-HMAC-SHA256 x');
    expect(request?.headers.get('x-amz-date')).toBe('d');
  });

  test('an API key goes as Bearer, and its variable enables the provider', () => {
    const environment = { AWS_BEARER_TOKEN_BEDROCK: 'k', AWS_REGION: 'us-west-2' };
    const { config } = resolve({}, environment);
    expect(config.providers.find(({ name }) => name === 'bedrock')).toMatchObject({
      apiKey: 'k',
      baseUrl: 'https://bedrock-runtime.us-west-2.amazonaws.com',
      forwardClientKey: false,
      forwardOtherPaths: true,
      forwardTrace: false,
    });
    // One row serves the models; the other is for those who ask for it.
    expect(config.providers.map(({ name }) => name)).not.toContain('bedrock-anthropic');
    expect(resolve({ 'bedrock-anthropic': {} }, environment).config.providers[0]).toMatchObject({
      name: 'bedrock-anthropic',
      dialect: 'bedrock-invoke',
      apiKey: 'k',
    });
  });

  test('is off without a region, and unless configured', () => {
    expect(resolve({ bedrock: {} }).config.disabled.map(({ reason }) => reason)).toEqual([
      'options.region is not set, nor AWS_REGION or AWS_DEFAULT_REGION in the environment',
    ]);
    expect(resolve({}, { AWS_REGION: 'r' }).config.providers.map(({ name }) => name)).not.toContain(
      'bedrock',
    );
  });

  test('knows its models in every spelling', () => {
    const { modelPatterns } = resolve({ bedrock: {} }, { AWS_REGION: 'r' }).config.providers[0] ?? {
      modelPatterns: [],
    };
    const known = (model: string) => modelPatterns.some((pattern) => pattern.test(model));
    const theirs = [
      'us.anthropic.claude-x',
      'amazon.nova-pro-v1:0',
      'us-gov.meta.llama',
      'arn:aws-cn:bedrock:x:1:y',
      ...['google.gemma-3-27b-it', 'minimax.minimax-m2', 'moonshotai.kimi-k2.5', 'zai.glm-4.7'],
      'nvidia.nemotron-nano-9b-v2:0',
    ];
    expect(theirs.filter((model) => !known(model))).toEqual([]);
    expect(['claude-sonnet-4-5', 'gpt-5', 'anthropic/claude-3.5'].map(known)).toEqual([false, false, false]);
  });
});

describe('a model whose name might lead elsewhere', () => {
  const base_url = 'http://127.0.0.1:1/tenant';
  const providers: Record<string, ProviderInput> = {
    azure: { base_url, options: { api_version: 'v1' }, api_key: 'k1' },
    bedrock: { base_url, api_key: 'k1' },
    gemini: { base_url, api_key: 'k1' },
    vertex: { base_url, options: { project: 'p', location: 'l' }, api_key: 'k1' },
  };
  for (const [name, provider] of Object.entries(providers)) {
    test.each([
      '..',
      '.',
      '../..',
      'x/../../y',
      '..\\\\..',
      'x/.',
      '%2e%2e%2fx',
      'x/..;y/z',
      '\ud800',
      'x\udc00y',
    ])(`${name}: %j is refused before anything is asked`, async (model) => {
      const urls: string[] = [];
      const { post, row } = createTestGateway({
        config: {
          providers: { [name]: { max_retries: 0, ...provider } },
          routing: { default_provider: name },
        },
        fetch(url) {
          urls.push(url);
          return Promise.resolve(new Response('{}'));
        },
      });
      const body = {
        model: `${name}/${model}`,
        messages: [{ role: 'user', content: 'hi' }],
        max_tokens: 5,
      };
      const response = await post('/v1/messages', body);
      expect(response.status).toBe(400);
      expect(await response.text()).toContain('cannot be part of a URL');
      expect(urls).toEqual([]);
      expect(await row(0)).toMatchObject({ status: 'error', errorCode: 'invalid_request' });
    });
  }

  test('dots within a name are a part of it', async () => {
    const { url } = await asked('azure', { ...providers.azure }, { model: 'gpt-4.1/..x...y' });
    expect(url).toBe(`${base_url}/openai/deployments/gpt-4.1%2F..x...y/chat/completions?api-version=v1`);
  });
});
