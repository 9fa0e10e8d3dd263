// Lists of models, in the shape of each client, as the official SDKs read them.
import { describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { resolveInput } from '../../support/resolve-input.ts';
import type { ConfigInput } from '../../../src/index.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import type { SeenRequest } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';
import { jsonReply } from '../../support/reply.ts';

const BASE = 'http://127.0.0.1:8088';
const config: ConfigInput = {
  providers: {
    claude: { ...LAB_PROVIDERS.claude, models: { quick: 'claude-small' }, default_model: 'claude-big' },
    gpt: { ...LAB_PROVIDERS.gpt, models: { cheap: 'gpt-small', quick: 'gpt-small' } },
    gemini: LAB_PROVIDERS.gemini,
  },
  routing: { default_provider: 'claude' },
};

/** Each provider's list; Anthropic's on two pages, Gemini's with the details its SDK reads. */
function lists({ path, headers }: SeenRequest) {
  if (path.startsWith('/v1beta/models'))
    return jsonReply({ models: [{ name: 'models/gem', inputTokenLimit: 9, thinking: true }] });
  if (!headers.has('anthropic-version')) {
    return jsonReply({ object: 'list', data: [{ id: 'gpt-small', object: 'model', created: 7 }] });
  }
  const id = path.includes('after_id=claude-small') ? 'claude-new' : 'claude-small';
  const entry = { type: 'model', id, display_name: `The ${id}`, created_at: '2025-02-19T00:00:00Z', x: 1 };
  return jsonReply({ data: [entry], has_more: id === 'claude-small', last_id: id });
}

const IDS = [
  ...['quick', 'claude/claude-big', 'claude/claude-small', 'claude/claude-new'],
  ...['gpt/cheap', 'gpt/quick', 'gpt/gpt-small', 'gemini/gem'],
  ...['demo', 'fast', 'slow', 'echo', 'text'].map((name) => `simulator/${name}`),
];

function setup(reply: Parameters<typeof createReplayFetch>[0] = lists, host = {}, more: ConfigInput = {}) {
  const upstream = createReplayFetch(reply);
  const lab = createTestGateway({ config: { ...config, ...more }, fetch: upstream.fetch, host });
  const fetch = (url: string | URL | Request, init?: RequestInit) =>
    lab.gateway.fetch(new Request(url, init));
  return { ...lab, upstream, fetch };
}

type Lab = ReturnType<typeof setup>;
const idsOf = async ({ fetch }: Lab) => {
  const { data } = (await (await fetch(`${BASE}/v1/models`)).json()) as { data: { id: string }[] };
  return data.map((model) => model.id);
};

describe('every model reachable', () => {
  test('is listed once, from the configuration and from the providers, under names that lead to it', async () => {
    const lab = setup();
    expect(await idsOf(lab)).toEqual(IDS);
    expect(lab.upstream.requests.every((request) => request.method === 'GET')).toBe(true);
    const keys = lab.upstream.requests.map(({ headers }) => headers.get('x-api-key'));
    expect(keys).toContain('lab-key-anthropic');
    expect(lab.upstream.requests.map(({ path }) => path)).toContain(
      '/v1/models?limit=1000&after_id=claude-small',
    );
    await lab.gateway.flush();
    expect(lab.rows).toEqual([]);
  });

  test('a name that leads to the cheapest is that provider’s', async () => {
    const lab = setup(
      lists,
      {},
      {
        routing: { model_mappings: [{ from: 'quick', to: ['claude', 'gpt'], strategy: 'least_cost' }] },
        costs: {
          pricing_overrides: {
            'claude/*': { input_per_million: 9, output_per_million: 9 },
            'gpt/*': { input_per_million: 1, output_per_million: 1 },
          },
        },
      },
    );
    expect((await idsOf(lab)).filter((id) => id.includes('quick'))).toEqual(['claude/quick', 'quick']);
  });

  test('a name of a mapping leads to its first target; one with an asterisk is none', async () => {
    const to = ['gpt/gpt-small', 'claude'];
    const routing = { model_mappings: ['mine', 'my-*'].map((from) => ({ from, to })) };
    const { fetch } = setup(lists, {}, { routing });
    const { data } = (await (await fetch(`${BASE}/v1/models`)).json()) as { data: { id: string }[] };
    expect(data.filter(({ id }) => /^my|^mine/.test(id))).toMatchObject([{ id: 'mine', owned_by: 'gpt' }]);
  });

  test('is asked of the providers once for ten minutes, also by many at a time', async () => {
    let now = 0;
    const lab = setup(lists, { monotonic: () => now });
    await Promise.all([idsOf(lab), idsOf(lab), idsOf(lab)]);
    expect(lab.upstream.requests).toHaveLength(4);
    now = 599_000;
    await idsOf(lab);
    expect(lab.upstream.requests).toHaveLength(4);
    now = 601_000;
    await idsOf(lab);
    expect(lab.upstream.requests).toHaveLength(8);
  });

  test('is listed without a provider that fails, which the log names', async () => {
    const warnings: unknown[] = [];
    const log = (_level: string, message: string, fields?: Record<string, unknown>) =>
      void warnings.push([message, fields?.provider, fields?.reason]);
    const broken = (seen: SeenRequest) =>
      seen.path.startsWith('/v1beta')
        ? jsonReply({ error: { message: 'down' } }, { status: 500 })
        : lists(seen);
    const lab = setup(broken, { log });
    expect(await idsOf(lab)).toEqual(IDS.filter((id) => id !== 'gemini/gem'));
    expect(warnings).toEqual([
      ['the list of models of a provider is left out', 'gemini', 'it answered HTTP 500'],
    ]);
  });

  test('is listed where the provider sends the list alone, as Together does, without what has no name', async () => {
    const alone = (seen: SeenRequest) =>
      seen.path.startsWith('/v1beta') || seen.headers.has('anthropic-version')
        ? lists(seen)
        : jsonReply([{ id: 'gpt-large', object: 'model', created: 7 }, { id: '' }]);
    const lab = setup(alone);
    expect((await idsOf(lab)).filter((id) => !IDS.includes(id))).toEqual(['gpt/gpt-large']);
  });

  test('is listed without a provider that has more than anybody could choose from, and without names that no request may have', async () => {
    const reasons: unknown[] = [];
    const log = (_level: string, _message: string, fields?: Record<string, unknown>) =>
      void reasons.push([fields?.provider, fields?.reason]);
    const models = Array.from({ length: 10_001 }, (_, index) => ({ name: `models/gem-${index}` }));
    const many = (seen: SeenRequest) => {
      if (seen.path.startsWith('/v1beta')) return jsonReply({ models });
      if (seen.headers.has('anthropic-version')) return lists(seen);
      return jsonReply({ data: ['l'.repeat(1024), 'l'.repeat(1025)].map((id) => ({ id, object: 'model' })) });
    };
    const listed = (await idsOf(setup(many, { log }))).filter((id) => !IDS.includes(id));
    expect(listed).toEqual([`gpt/${'l'.repeat(1024)}`]);
    expect(reasons).toEqual([['gemini', 'it has more than 10000 models']]);
  });

  test('is known after a reload: only a provider that would be asked in another way is asked again', async () => {
    const warnings: unknown[] = [];
    const log = (_level: string, message: string, fields?: Record<string, unknown>) =>
      void warnings.push([message, fields?.provider]);
    const broken = (seen: SeenRequest) =>
      seen.path.startsWith('/v1beta')
        ? jsonReply({ error: { message: 'down' } }, { status: 500 })
        : lists(seen);
    const lab = setup(broken, { log });
    const before = await idsOf(lab);
    const asked = lab.upstream.requests.length;
    const reload = (changed: ConfigInput) => lab.gateway.reload(resolveInput(changed).config);
    reload(config);
    expect(await idsOf(lab)).toEqual(before);
    expect(lab.upstream.requests).toHaveLength(asked);
    expect(warnings).toHaveLength(1);
    const gpt = { ...config.providers?.gpt, api_key: 'another-key' };
    reload({ ...config, providers: { ...config.providers, gpt } });
    await idsOf(lab);
    expect(lab.upstream.requests).toHaveLength(asked + 1);
    expect(lab.upstream.requests.at(-1)?.headers.get('authorization')).toBe('Bearer another-key');
    // One that was gone meanwhile is asked, too.
    const { gemini: _, ...others } = config.providers ?? {};
    reload({ ...config, providers: { ...others, gpt } });
    reload({ ...config, providers: { ...config.providers, gpt } });
    await idsOf(lab);
    expect(warnings).toHaveLength(2);
  });

  test('does not wait for a provider that does not answer', async () => {
    const fired: (() => void)[] = [];
    const setTimer = (callback: () => void, ms: number) => {
      if (ms === 1_500) fired.push(callback);
      return () => {};
    };
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const slow = async (seen: SeenRequest) => {
      if (seen.path.startsWith('/v1beta')) await gate;
      return lists(seen);
    };
    const lab = setup(slow, { setTimer });
    const first = idsOf(lab);
    while (fired.length < 4) await Promise.resolve();
    const asked = Promise.all(fired.splice(0).map(async (fire) => fire()));
    await asked;
    // Each wait was cut short: what is known by then is what the client gets.
    expect(await first).not.toContain('gemini/gem');
    open();
    while (!(await idsOf(lab)).includes('gemini/gem')) for (const fire of fired.splice(0)) fire();
  });
});

describe('the official SDKs', () => {
  test('Anthropic’s pages through the list and finds one model', async () => {
    const { fetch } = setup();
    const client = new Anthropic({ apiKey: 'none', baseURL: BASE, fetch });
    const seen: string[] = [];
    for await (const model of client.models.list({ limit: 5 })) seen.push(model.id);
    // Claude Code sends no thinking back to a model that answers under another name than was asked for. `claude-new` is
    // none that the configuration knows: its name alone leads to the default model.
    expect(seen).toEqual(IDS.map((id) => id.replace(/^claude\/(?!claude-new)/, '')));
    expect(await client.models.retrieve('claude/claude-small')).toMatchObject({
      type: 'model',
      id: 'claude/claude-small',
      display_name: 'The claude-small',
      created_at: '2025-02-19T00:00:00Z',
      x: 1,
    });
    // Every field that the SDK's type has, for a provider whose list states none of them.
    const all: Anthropic.ModelInfo = {
      type: 'model',
      id: 'gpt/gpt-small',
      display_name: 'gpt/gpt-small',
      created_at: '1970-01-01T00:00:07.000Z',
      capabilities: null,
      lifecycle: 'active',
      deprecated_at: null,
      retires_at: null,
      line: null,
      max_input_tokens: null,
      max_tokens: null,
    };
    expect(await client.models.retrieve('gpt/gpt-small')).toEqual(all);
    const short: unknown = await client.models.retrieve('quick');
    expect(short).toMatchObject({ id: 'quick', display_name: 'The claude-small' });
    // Unlisted, but routing leads it to the same model.
    expect(await client.models.retrieve('claude-big')).toMatchObject({ id: 'claude-big' });
    const raw = (await (
      await fetch(`${BASE}/v1/models`, { headers: { 'anthropic-version': '1' } })
    ).json()) as {
      first_id: string;
      last_id: string;
      has_more: boolean;
    };
    expect(raw).toMatchObject({ first_id: 'quick', last_id: IDS.at(-1), has_more: false });
    await expect((async () => client.models.retrieve('mistral/such'))()).rejects.toBeInstanceOf(
      Anthropic.NotFoundError,
    );
  });

  test('OpenAI’s lists and finds', async () => {
    const { fetch } = setup();
    const client = new OpenAI({ apiKey: 'none', baseURL: `${BASE}/v1`, fetch });
    const seen: OpenAI.Model[] = [];
    for await (const model of client.models.list()) seen.push(model);
    expect(seen.map((model) => model.id)).toEqual(IDS);
    expect(await client.models.retrieve('gpt/gpt-small')).toEqual({
      id: 'gpt/gpt-small',
      object: 'model',
      created: 7,
      owned_by: 'gpt',
    });
    await expect((async () => client.models.retrieve('mistral/such'))()).rejects.toBeInstanceOf(
      OpenAI.NotFoundError,
    );
  });

  // The SDK of Python asks for v1.
  test.each(['v1beta', 'v1alpha', 'v1'])(
    'Google’s of version %s pages through the list and finds one model',
    async (apiVersion) => {
      const { fetch } = setup();
      const httpOptions = { baseUrl: BASE, apiVersion, fetch: fetch as typeof globalThis.fetch };
      const { models } = new GoogleGenAI({ apiKey: 'none', httpOptions });
      const seen: (string | undefined)[] = [];
      for await (const model of await models.list({ config: { pageSize: 5 } })) seen.push(model.name);
      expect(seen).toEqual(IDS.map((id) => `models/${id}`));
      const found = await models.get({ model: 'models/gemini/gem' });
      expect(found).toMatchObject({ name: 'models/gemini/gem', inputTokenLimit: 9 });
      await expect(models.get({ model: 'models/mistral/such' })).rejects.toThrow('MISTRAL_API_KEY');
    },
  );
});

test('a time of creation that is none, or in other units than seconds, spoils no list', async () => {
  for (const created of [1_740_000_000_000_000, 300_000_000_000, -1e300]) {
    const { fetch } = setup((request) =>
      request.headers.has('anthropic-version') || request.path.startsWith('/v1beta')
        ? lists(request)
        : jsonReply({ object: 'list', data: [{ id: 'gpt-small', object: 'model', created }] }),
    );
    const dates = async (path: string, list: string, field: string, headers = {}) => {
      const answer = (await (await fetch(BASE + path, { headers })).json()) as Record<string, unknown[]>;
      const model = answer[list]?.find((entry) => Object.values(entry as object).includes('gpt/gpt-small'));
      return (model as Record<string, unknown> | undefined)?.[field];
    };
    expect(await dates('/api/tags', 'models', 'modified_at')).toBe('0001-01-01T00:00:00Z');
    const anthropics = await dates('/v1/models?limit=99', 'data', 'created_at', { 'anthropic-version': '1' });
    expect(anthropics).toBe('1970-01-01T00:00:00Z');
  }
});

describe('a model that no provider lists', () => {
  const one = async (id: string, headers: Record<string, string> = {}, path = '/v1/models') => {
    const { fetch } = setup();
    const answer = await fetch(`${BASE}${path}/${id}`, { headers });
    return [answer.status, await answer.json()];
  };

  test('is one, where routing leads its name to a provider', async () => {
    expect(await one('claude/claude-newest')).toEqual([
      200,
      { id: 'claude/claude-newest', object: 'model', created: 0, owned_by: 'claude' },
    ]);
    expect(await one('gpt/org/model', { 'anthropic-version': '1' })).toMatchObject([
      200,
      { type: 'model', id: 'gpt/org/model', display_name: 'gpt/org/model' },
    ]);
    expect(await one('gemini/gem-next', {}, '/v1beta/models')).toMatchObject([
      200,
      {
        name: 'models/gemini/gem-next',
        supportedGenerationMethods: ['generateContent', 'streamGenerateContent', 'countTokens'],
      },
    ]);
  });

  test('has the details of the model that serves', async () => {
    expect(await one('claude/quick', { 'anthropic-version': '1' })).toMatchObject([
      200,
      { id: 'claude/quick', display_name: 'The claude-small' },
    ]);
    // The default provider serves its default model for a name that nobody knows.
    expect(await one('of-nobody')).toMatchObject([200, { id: 'of-nobody', owned_by: 'claude' }]);
  });

  test('has those of the provider that serves it, where another has that name for a model of its own', async () => {
    const { gpt } = LAB_PROVIDERS;
    const providers = {
      gpt: { ...gpt, models: { 'gpt-small': 'gpt-large' } },
      other: { ...gpt, base_url: 'https://lab.test/other/v1' },
    };
    const routing = { default_provider: 'gpt', model_mappings: [{ from: 'my-*', to: 'other/gpt-small' }] };
    const { fetch } = setup(
      ({ path }) => jsonReply({ data: [{ id: 'gpt-small', created: path.startsWith('/other/') ? 8 : 7 }] }),
      {},
      { providers, routing },
    );
    const answer = await fetch(`${BASE}/v1/models/my-model`);
    expect(await answer.json()).toMatchObject({ id: 'my-model', owned_by: 'other', created: 8 });
  });

  test('is none, where the path is of what Google stores for a model', async () => {
    const { claude } = LAB_PROVIDERS;
    const { fetch } = setup(lists, {}, { providers: { claude }, routing: {} });
    const answer = await fetch(`${BASE}/v1beta/models/veo/operations/1`);
    expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining('speaks gemini')]);
  });

  test('is none, where routing refuses the name, with the reason', async () => {
    for (const id of ['mistral/such', 'claude/']) {
      const [status, body] = await one(id);
      expect([id, status]).toEqual([id, 404]);
      expect(JSON.stringify(body)).toMatch(/MISTRAL_API_KEY|names no model/);
    }
  });
});

describe('for clients of Amazon Bedrock', () => {
  const read = async (path: string, lab = setup()) => {
    const response = await lab.fetch(BASE + path);
    return { status: response.status, body: await response.json(), headers: response.headers };
  };

  test('each is a profile, and a foundation model, under the name that is requested', async () => {
    const { body } = await read('/inference-profiles?typeEquals=SYSTEM_DEFINED&maxResults=100');
    const { inferenceProfileSummaries: profiles } = body;
    expect(profiles.map((profile: { inferenceProfileId: string }) => profile.inferenceProfileId)).toEqual(
      IDS,
    );
    expect(profiles).toContainEqual({
      inferenceProfileName: 'The claude-new',
      inferenceProfileId: 'claude/claude-new',
      inferenceProfileArn: 'arn:aws:bedrock:us-east-1::inference-profile/claude/claude-new',
      models: [{ modelArn: 'arn:aws:bedrock:us-east-1::foundation-model/claude/claude-new' }],
      status: 'ACTIVE',
      type: 'SYSTEM_DEFINED',
    });
    expect((await read('/inference-profiles?typeEquals=APPLICATION')).body).toEqual({
      inferenceProfileSummaries: [],
    });
    const { modelSummaries } = (await read('/foundation-models?byProvider=Claude&byOutputModality=TEXT'))
      .body;
    const ids = modelSummaries.map(({ modelId }: { modelId: string }) => modelId);
    expect(ids).toEqual(IDS.filter((id) => id === 'quick' || id.startsWith('claude/')));
    expect((await read('/foundation-models?byOutputModality=IMAGE')).body).toEqual({ modelSummaries: [] });
  });

  test.each([
    ['gpt/gpt-small'],
    ['arn:aws:bedrock:us-east-1::foundation-model/gpt/gpt-small'],
    ['arn:aws:bedrock:us-east-1:123456789012:inference-profile/gpt/gpt-small'],
  ])('one is found: %s', async (name) => {
    const id = encodeURIComponent(name);
    expect((await read(`/inference-profiles/${id}`)).body).toMatchObject({
      inferenceProfileId: 'gpt/gpt-small',
    });
    expect((await read(`/foundation-models/${id}`)).body).toMatchObject({
      modelDetails: { modelId: 'gpt/gpt-small', providerName: 'gpt', outputModalities: ['TEXT'] },
    });
  });

  test('what is not there is an exception', async () => {
    const { status, headers, body } = await read('/inference-profiles/mistral%2Fsuch');
    expect([status, headers.get('x-amzn-errortype')]).toEqual([404, 'ResourceNotFoundException']);
    expect(body).toEqual({ message: expect.stringContaining('MISTRAL_API_KEY') });
  });
});

test('only a GET with a valid key lists, and errors have the shape of the client', async () => {
  const { gateway } = createTestGateway({
    config: { ...config, server: { keys: ['gateway-key'] } },
    fetch: () => Promise.reject(new Error('no provider is asked')),
  });
  const ask = (path: string, init: RequestInit = {}) => gateway.fetch(new Request(`${BASE}${path}`, init));
  const refused = await ask('/v1beta/models');
  expect(refused.status).toBe(401);
  expect(await refused.json()).toMatchObject({ error: { code: 401, status: 'UNAUTHENTICATED' } });
  const posted = await ask('/v1/models', { method: 'POST', headers: { 'x-sluice-key': 'gateway-key' } });
  expect(posted.status).toBe(405);
});
