// Rules, asked by clients of every dialect and through the library; the audit row says which one decided.
import { describe, expect, test } from 'bun:test';
import { type ConfigInput, GatewayError } from '../../../src/index.ts';
import type { DialectId } from '../../../src/model/dialect-id.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { type ClientAsk, clientRequest, SPOKEN_DIALECTS } from '../../support/client-requests.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

type Routing = NonNullable<ConfigInput['routing']>;

const PROVIDERS = {
  plain: { kind: 'simulator' },
  special: { kind: 'simulator' },
  third: { kind: 'simulator' },
} as const;

function setup(routing: Routing, host: Parameters<typeof createTestGateway>[0]['host'] = {}) {
  const fetch = () => Promise.reject(new Error('nothing leaves the process'));
  const config = { providers: PROVIDERS, routing: { default_provider: 'plain', ...routing } };
  return createTestGateway({ config, fetch, host });
}

/** One that the simulator answers without its usual pauses. */
function quickRequest(dialect: DialectId, ask: ClientAsk) {
  return clientRequest(dialect, { ...ask, more: { ...ask.more, simulator: 'fast' } });
}

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** One conversation, as each dialect writes it. */
interface Said {
  system?: string;
  /** Turns of user and assistant, the user first. */
  turns: string[];
}

const WRITTEN: Record<DialectId, (said: Said) => JsonObject> = {
  'anthropic-messages': ({ system, turns }) => ({
    ...(system === undefined ? {} : { system }),
    messages: turns.map((content, at) => ({ role: at % 2 === 0 ? 'user' : 'assistant', content })),
  }),
  'openai-chat': ({ system, turns }) => ({
    messages: [
      ...(system === undefined ? [] : [{ role: 'system', content: system }]),
      ...turns.map((content, at) => ({ role: at % 2 === 0 ? 'user' : 'assistant', content })),
    ],
  }),
  'openai-responses': ({ system, turns }) => ({
    ...(system === undefined ? {} : { instructions: system }),
    input: turns.map((content, at) => ({ role: at % 2 === 0 ? 'user' : 'assistant', content })),
  }),
  gemini: ({ system, turns }) => ({
    ...(system === undefined ? {} : { systemInstruction: { parts: [{ text: system }] } }),
    contents: turns.map((text, at) => ({ role: at % 2 === 0 ? 'user' : 'model', parts: [{ text }] })),
  }),
  'ollama-chat': ({ system, turns }) => ({
    messages: [
      ...(system === undefined ? [] : [{ role: 'system', content: system }]),
      ...turns.map((content, at) => ({ role: at % 2 === 0 ? 'user' : 'assistant', content })),
    ],
  }),
};

const IMAGE: Record<DialectId, JsonObject> = {
  'anthropic-messages': {
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
        ],
      },
      { role: 'assistant', content: 'A pixel.' },
      { role: 'user', content: 'Of which colour?' },
    ],
  },
  'openai-chat': {
    messages: [
      {
        role: 'user',
        content: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } }],
      },
    ],
  },
  'openai-responses': {
    input: [
      {
        role: 'user',
        content: [{ type: 'input_image', image_url: `data:image/png;base64,${PIXEL}`, detail: 'auto' }],
      },
    ],
  },
  gemini: { contents: [{ role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data: PIXEL } }] }] },
  'ollama-chat': { messages: [{ role: 'user', content: 'What is this?', images: [PIXEL] }] },
};

/** Ollama's dialect has no word for it. */
const WEB_SEARCH: Partial<Record<DialectId, JsonObject>> = {
  'anthropic-messages': { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
  'openai-chat': { web_search_options: {} },
  'openai-responses': { tools: [{ type: 'web_search' }] },
  gemini: { tools: [{ google_search: {} }] },
};

const THINKING: Record<DialectId, JsonObject> = {
  'anthropic-messages': { thinking: { type: 'enabled', budget_tokens: 1024 }, max_tokens: 4096 },
  'openai-chat': { reasoning_effort: 'high' },
  'openai-responses': { reasoning: { effort: 'high' } },
  gemini: { generationConfig: { thinkingConfig: { thinkingBudget: 2048 } } },
  'ollama-chat': { think: true },
};

const NOT_THINKING: Record<DialectId, JsonObject> = {
  'anthropic-messages': { thinking: { type: 'disabled' } },
  'openai-chat': { reasoning_effort: 'minimal' },
  'openai-responses': { reasoning: { effort: 'none' } },
  gemini: { generationConfig: { thinkingConfig: { thinkingBudget: 0 } } },
  'ollama-chat': { think: false },
};

/** Rules that read the request: what matches, what comes near and does not. */
const BY_CONTENT: {
  name: string;
  routing: Routing;
  kind: string;
  rule: string;
  /** Null where the dialect cannot say it. */
  matches: (dialect: DialectId) => JsonObject | null;
  misses: (dialect: DialectId) => JsonObject;
}[] = [
  {
    name: 'an image anywhere in the conversation',
    routing: { scenarios: { image: 'special' } },
    kind: 'scenario',
    rule: 'routing.scenarios.image: special',
    matches: (dialect) => IMAGE[dialect],
    misses: (dialect) => WRITTEN[dialect]({ turns: ['Show me an image.'] }),
  },
  {
    name: 'web search',
    routing: { scenarios: { web_search: 'special' } },
    kind: 'scenario',
    rule: 'routing.scenarios.web_search: special',
    matches: (dialect) => WEB_SEARCH[dialect] ?? null,
    misses: (dialect) => WRITTEN[dialect]({ turns: ['Use web_search.'] }),
  },
  {
    name: 'a long context, system prompt and earlier turns included',
    routing: { scenarios: { long_context: 'special', long_context_threshold: 3_000 } },
    kind: 'scenario',
    rule: 'routing.scenarios.long_context: special',
    matches: (dialect) =>
      WRITTEN[dialect]({
        system: 'Here is some text to read. '.repeat(300),
        turns: ['And some more of it. '.repeat(300), 'Read.', 'Well?'],
      }),
    misses: (dialect) =>
      WRITTEN[dialect]({ system: 'Here is some text to read. '.repeat(300), turns: ['Well?'] }),
  },
  {
    name: 'thinking',
    routing: { scenarios: { think: 'special' } },
    kind: 'scenario',
    rule: 'routing.scenarios.think: special',
    matches: (dialect) => THINKING[dialect],
    misses: (dialect) => NOT_THINKING[dialect],
  },
  {
    name: 'a pattern over what the user said last',
    routing: { patterns: [{ match: ['security review'], to: 'special' }] },
    kind: 'pattern',
    rule: 'routing.patterns[0]: security review → special',
    matches: (dialect) => WRITTEN[dialect]({ turns: ['Hello', 'Hi', 'A Security\nReview, please!'] }),
    misses: (dialect) =>
      WRITTEN[dialect]({
        system: 'Do a security review.',
        turns: ['A security review?', 'Done.', 'Thanks.'],
      }),
  },
  {
    name: 'an agent inferred from the system prompt',
    routing: {
      agent_rules: { reviewer: 'special' },
      infer_agents: { reviewer: ['you are a code reviewer'] },
    },
    kind: 'inferred-agent',
    rule: 'routing.agent_rules.reviewer: special',
    matches: (dialect) => WRITTEN[dialect]({ system: 'You are a code reviewer. Be kind.', turns: ['Hello'] }),
    misses: (dialect) => WRITTEN[dialect]({ system: 'Be kind.', turns: ['You are a code reviewer'] }),
  },
];

describe.each(SPOKEN_DIALECTS)('%s', (dialect) => {
  describe.each(BY_CONTENT)('$name', ({ routing, kind, rule, matches, misses }) => {
    test.each([true, false])('matches (streamed: %j)', async (stream) => {
      const more = matches(dialect);
      if (more === null) return;
      const lab = setup(routing);
      const { path, body } = quickRequest(dialect, { stream, more });
      const response = await lab.post(path, body);
      expect(response.status).toBe(200);
      expect(response.headers.get('x-sluice-provider')).toBe('special');
      await response.text();
      const { route, provider } = await lab.row(0);
      expect(provider).toBe('special');
      expect(route).toMatchObject({ kind, rule, why: expect.stringMatching(/\S/), order: null });
    });

    test('what only comes near goes on to the default', async () => {
      const lab = setup(routing);
      const { path, body } = quickRequest(dialect, { stream: false, more: misses(dialect) });
      const response = await lab.post(path, body);
      expect(response.status).toBe(200);
      expect(response.headers.get('x-sluice-provider')).toBe('plain');
      expect((await lab.row(0)).route).toMatchObject({
        kind: 'default',
        rule: 'routing.default_provider: plain',
      });
    });
  });

  test('rules that do not read the request', async () => {
    const lab = setup({
      agent_rules: { reviewer: 'special/reviewing' },
      model_mappings: [{ from: 'old-*', to: 'special/new' }],
      model_tier_rules: { opus: 'special' },
      scenarios: { background: 'third' },
    });
    let asked = 0;
    const ask = async (model: string, headers: Record<string, string> = {}) => {
      const { path, body } = quickRequest(dialect, { model, stream: false });
      const response = await lab.post(path, body, { headers });
      await response.text();
      const { route } = await lab.row(asked++);
      const served = `${response.headers.get('x-sluice-provider')}/${response.headers.get('x-sluice-model')}`;
      return [served, route?.kind];
    };
    expect(await ask('old-model', { 'x-sluice-agent': 'reviewer' })).toEqual(['special/reviewing', 'agent']);
    expect(await ask('old-model')).toEqual(['special/new', 'model-mapping']);
    expect(await ask('claude-opus-4-1')).toEqual(['special/claude-opus-4-1', 'model-tier']);
    expect(await ask('claude-haiku-4-5')).toEqual(['third/claude-haiku-4-5', 'scenario']);
    expect(await ask('claude-sonnet-4-5')).toEqual(['plain/claude-sonnet-4-5', 'default']);
    expect(await ask('old-model', { 'x-sluice-target': 'third/x' })).toEqual(['third/x', 'explicit']);
  });

  test('a conversation stays where it is, and conversations spread', async () => {
    const lab = setup({
      model_mappings: [{ from: '*', to: ['plain', 'special', 'third'], strategy: 'weighted' }],
    });
    const served = async (turns: string[]) => {
      const { path, body } = quickRequest(dialect, { stream: true, more: WRITTEN[dialect]({ turns }) });
      const response = await lab.post(path, body);
      await response.text();
      return response.headers.get('x-sluice-provider');
    };
    const places = new Set<string | null>();
    for (let index = 0; index < 12; index++) {
      const first = await served([`Question ${index}`]);
      expect(await served([`Question ${index}`, 'Answer', 'And then?'])).toBe(first);
      places.add(first);
    }
    expect(places.size).toBe(3);
  });
});

test.each([
  ['the model', 'special/', {}, 'model is "special/"'],
  ['the header', 'any', { 'x-sluice-target': 'special/' }, 'x-sluice-target is "special/"'],
])('nothing behind the slash of %s: a 404 that says what to write', async (_, model, headers, said) => {
  const { post } = setup({});
  const { path, body } = quickRequest('openai-chat', { model, stream: false });
  const response = await post(path, body, { headers });
  expect(response.status).toBe(404);
  expect(((await response.json()) as { error: { message: string } }).error.message).toBe(
    `${said}, which names no model; write "special/MODEL"`,
  );
});

test('agent_type in the body is the agent', async () => {
  const lab = setup({ agent_rules: { reviewer: 'special' } });
  const { path, body } = quickRequest('openai-chat', { stream: false });
  const response = await lab.post(path, { ...body, agent_type: 'reviewer' });
  expect(response.headers.get('x-sluice-provider')).toBe('special');
  const { agentType, route } = await lab.row(0);
  expect(agentType).toBe('reviewer');
  expect(route?.why).toBe('agent_type is "reviewer"');
});

test('asked through the library', async () => {
  const lab = setup({
    scenarios: { think: 'special' },
    patterns: [{ match: ['CVE'], to: 'third' }],
  });
  const ask = async (text: string, more = {}) => {
    const messages = [{ role: 'user' as const, parts: [{ type: 'text' as const, text }] }];
    await Array.fromAsync(lab.gateway.stream({ model: 'fast', messages, ...more }));
    return (await lab.row(lab.rows.length)).provider;
  };
  expect(await ask('hello')).toBe('plain');
  expect(await ask('Look at CVE 1')).toBe('third');
  expect(await ask('hello', { reasoning: { mode: 'on' } })).toBe('special');
  expect(lab.rows.map(({ route }) => route?.kind)).toEqual(['default', 'pattern', 'scenario']);
});

test('a request that rules cannot read matches none, and passes as it is where it may', async () => {
  const lab = setup({ patterns: [{ match: ['hello'], to: 'special' }] });
  // The simulator reads every dialect's requests as loosely as their providers do.
  const response = await lab.post('/v1/chat/completions', { model: 'm', messages: 'hello' });
  expect((await lab.row(0)).route?.kind).toBe('default');
  expect(response.headers.get('x-sluice-provider')).toBe('plain');
});

test('a rule’s own targets come first, then the fallback chain, none twice', async () => {
  const lab = createTestGateway({
    config: {
      providers: {
        dead: { dialect: 'openai-chat', base_url: 'http://dead.test/v1', api_key: 'k', max_retries: 0 },
        ...PROVIDERS,
      },
      routing: {
        default_provider: 'plain',
        fallback_chain: ['dead/a', 'special'],
        model_mappings: [{ from: '*', to: ['dead/a', 'dead/b'] }],
      },
    },
    fetch: () => Promise.reject(new GatewayError('upstream_unreachable', 'no way')),
  });
  const { path, body } = quickRequest('anthropic-messages', { stream: false });
  const response = await lab.post(path, body);
  expect(response.status).toBe(200);
  const { attempts } = await lab.row(0);
  expect(attempts.map(({ provider, model }) => `${provider}/${model}`)).toEqual([
    'dead/a',
    'dead/b',
    'special/any-model',
  ]);
});

describe('a provider that is disabled', () => {
  const off = {
    dialect: 'openai-chat',
    base_url: 'http://off.test/v1',
    api_key: 'env:SLUICE_TEST_ABSENT',
  } as const;

  test('as the default: the fallback chain serves in its place, and the row says why', async () => {
    const lab = createTestGateway({
      config: {
        providers: { off, ...PROVIDERS },
        routing: { default_provider: 'off', fallback_chain: ['off/a', 'special', 'third/x'] },
      },
      fetch: () => Promise.reject(new Error('nothing leaves the process')),
    });
    const { path, body } = quickRequest('anthropic-messages', { model: 'm', stream: false });
    const response = await lab.post(path, body);
    expect([response.status, response.headers.get('x-sluice-provider')]).toEqual([200, 'special']);
    expect((await lab.row(0)).route).toMatchObject({
      kind: 'default',
      rule: 'routing.fallback_chain',
      why: 'no rule matches, and "off" is disabled',
    });
  });

  test('what names it goes to nobody else, even where another takes any name with a slash', async () => {
    const asked: string[] = [];
    const lab = createTestGateway({
      config: { providers: { off, openrouter: { api_key: 'k' } } },
      fetch: (url) => {
        asked.push(String(url));
        return Promise.reject(new GatewayError('upstream_unreachable', 'no way'));
      },
    });
    const { path, body } = quickRequest('openai-chat', { model: 'off/m', stream: false });
    const response = await lab.post(path, body);
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('environment variable SLUICE_TEST_ABSENT is not set');
    expect(asked).toEqual([]);
  });
});

test('a secret in a model’s name is in no row', async () => {
  const lab = createTestGateway({
    config: {
      server: { keys: ['gate-secret-12345'] },
      providers: PROVIDERS,
      routing: { default_provider: 'plain', model_mappings: [{ from: '*', to: 'special' }] },
    },
    fetch: () => Promise.reject(new Error('nothing leaves the process')),
  });
  const { path, body } = quickRequest('openai-chat', { model: 'gate-secret-12345', stream: false });
  await lab.post(path, body, { headers: { 'x-sluice-key': 'gate-secret-12345' } });
  const row = await lab.row(0);
  expect(row.route?.kind).toBe('model-mapping');
  expect(JSON.stringify(row)).not.toContain('gate-secret-12345');
});

test('embeddings have no prompt: rules that read one pass them by', async () => {
  const lab = setup({
    patterns: [{ match: ['hello'], to: 'special' }],
    model_mappings: [{ from: 'embed-*', to: 'third' }],
  });
  const ask = (model: string) => lab.post('/v1/embeddings', { model, input: 'hello' });
  expect((await ask('other')).headers.get('x-sluice-provider')).toBe('plain');
  expect((await ask('embed-1')).headers.get('x-sluice-provider')).toBe('third');
});

test('tokens are counted where the answer would come from', async () => {
  const lab = setup({ patterns: [{ match: ['hello'], to: 'special' }] });
  const messages = [{ role: 'user', content: 'hello' }];
  const response = await lab.post('/v1/messages/count_tokens', { model: 'm', messages });
  expect(response.headers.get('x-sluice-provider')).toBe('special');
});

test('a valid change of the rules applies to the next request', async () => {
  const lab = setup({ model_mappings: [{ from: '*', to: 'special' }] });
  const { path, body } = quickRequest('openai-chat', { stream: false });
  expect((await lab.post(path, body)).headers.get('x-sluice-provider')).toBe('special');
});
