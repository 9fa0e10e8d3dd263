// A valid file and an environment → providers, routes, and what is said about those that cannot be.
import { describe, expect, test } from 'bun:test';
import { parseConfig } from '../../src/config/parse.ts';
import { formatKeyPath } from '../../src/config/problem.ts';
import { type Resolution, resolveConfig } from '../../src/config/resolve.ts';
import { redisPlace, secretsOfRedis } from '../../src/config/resolve-redis.ts';
import type { ResolveSources } from '../../src/config/resolve-server.ts';
import { PROVIDER_DIALECT_IDS } from '../../src/model/dialect-id.ts';
import { findProviderKind, PROVIDER_KINDS } from '../../src/providers/kinds.ts';

function resolve(
  raw: unknown,
  environment: Record<string, string> = {},
  more: Partial<ResolveSources> = {},
): Resolution & { said: string[]; names: string[] } {
  const { file, problems } = parseConfig(raw);
  if (file === null) throw new Error(`not a valid file: ${JSON.stringify(problems)}`);
  const readFile = () => {
    throw new Error('no files here');
  };
  const resolution = resolveConfig(file, { environment, readFile, credential: null, ...more });
  return {
    ...resolution,
    said: resolution.problems.map(
      ({ severity, path, message }) => `${severity} ${formatKeyPath(path)}: ${message}`,
    ),
    names: resolution.config.providers.map((provider) => provider.name),
  };
}

const KIND = `kind (${PROVIDER_KINDS.map((row) => row.kind).join(', ')})`;

describe('without a file', () => {
  test('and without keys there is the simulator, as default', () => {
    const { config, said, names } = resolve(null);
    expect(names).toEqual(['simulator']);
    expect(config.routing).toMatchObject({ defaultProvider: 'simulator', fallbackChain: [] });
    expect(config.providers[0]).toMatchObject({ dialect: 'any', apiKey: null, kind: 'simulator' });
    expect(config.server).toMatchObject({ host: '127.0.0.1', port: 8088, keys: [] });
    expect(config.server).toMatchObject({
      maxEvent: 33_554_432,
      pingIntervalMs: 15_000,
      shutdownDelayMs: 0,
      drainTimeoutMs: 30_000,
    });
    expect(said).toEqual([]);
  });

  test('every known provider whose key is in the environment is there, and none is the default', () => {
    const { config, names } = resolve(null, { OPENAI_API_KEY: 'sk-o', ANTHROPIC_API_KEY: 'sk-a' });
    expect(names).toEqual(['anthropic', 'openai', 'simulator']);
    expect(config.providers.map((provider) => provider.apiKey)).toEqual(['sk-a', 'sk-o', null]);
    expect(config.routing.defaultProvider).toBeNull();
  });

  test('an empty variable is as good as none', () => {
    expect(resolve(null, { OPENAI_API_KEY: '' }).names).toEqual(['simulator']);
  });
});

test('a vendor’s further addresses are tried where the first is its own, and not beside a configured one', () => {
  const addresses = (more: object) => {
    const { config } = resolve({
      providers: { antigravity: { api_key: 'token', options: { project: 'p' }, ...more } },
    });
    const { baseUrl, otherBaseUrls } = config.providers.find(({ name }) => name === 'antigravity') ?? {};
    return [baseUrl, otherBaseUrls];
  };
  const kind = findProviderKind('antigravity');
  expect(kind?.otherBaseUrls?.length).toBeGreaterThan(0);
  expect(addresses({})).toEqual([kind?.baseUrl, kind?.otherBaseUrls]);
  expect(addresses({ base_url: 'https://proxy.test' })).toEqual(['https://proxy.test', undefined]);
});

describe('origins of web pages', () => {
  const origins = (...allowed_origins: string[]) => resolve({ server: { allowed_origins } }).config.server;

  test('are what browsers send, however they are written', () => {
    expect(
      origins(
        'HTTP://LocalHost:80',
        'https://app.example.com:443',
        'https://BÜCHER.example',
        'http://[::1]:3000',
        'chrome-extension://ABCD',
        'tauri://localhost',
      ).allowedOrigins,
    ).toEqual([
      'http://localhost',
      'https://app.example.com',
      'https://xn--bcher-kva.example',
      'http://[::1]:3000',
      'chrome-extension://abcd',
      'tauri://localhost',
    ]);
  });

  test('all of them only where keys are asked for', () => {
    const allowed_origins = ['http://localhost:5173', '*'];
    expect(resolve({ server: { allowed_origins, keys: ['k'] } }).said).toEqual([]);
    expect(resolve({ server: { allowed_origins } }).said).toEqual([
      'fatal server.allowed_origins[1]: * lets every web page that you open use this gateway: set server.keys, or name the origins',
    ]);
  });
});

describe('providers', () => {
  test('come in the file’s order, then from the environment, then the simulator', () => {
    const lab = { dialect: 'openai-chat', base_url: 'http://127.0.0.1:1/v1' };
    const environment = { ANTHROPIC_API_KEY: 'sk-a', OPENAI_API_KEY: 'sk-o' };
    const { names } = resolve({ providers: { lab, openai: {} } }, environment);
    expect(names).toEqual(['lab', 'openai', 'anthropic', 'simulator']);
  });

  test('a second instance of a known kind has the kind’s ways and its own place', () => {
    const eu = { kind: 'openai', base_url: 'https://eu.example.com/v1/', api_key: 'sk-eu' };
    const { config } = resolve({ providers: { eu } });
    expect(config.providers[0]).toMatchObject({
      name: 'eu',
      kind: 'openai',
      dialect: 'openai-chat',
      baseUrl: 'https://eu.example.com/v1',
      apiKey: 'sk-eu',
      quirks: { maxTokensField: 'max_completion_tokens' },
    });
  });

  test.each([
    ['openai', undefined, 'openai'],
    ['openai', 'https://eu.api.openai.com/v1', 'openai'],
    ['openai', 'https://api.openai.com/another/path', 'openai'],
    ['openai', 'https://proxy.example.com/v1', null],
    ['openai', 'http://api.openai.com/v1', null],
    ['deepseek', 'https://api.deepseek.com/v1', 'deepseek'],
    ['glm', undefined, null],
    ['glm', 'https://api.z.ai/api/coding/paas/v4', 'zai'],
    ['moonshot', 'https://api.moonshot.cn/v1', null],
    ['xai', 'https://us-east-1.api.x.ai/v1', 'x-ai'],
    ['together', 'https://api.together.ai/v1', 'together'],
    ['bedrock', 'https://bedrock-runtime.eu-west-1.amazonaws.com', 'aws'],
    ['bedrock', 'https://proxy.example.com', null],
  ])('the prices of %s at %p are those of %p', (kind, baseUrl, priceId) => {
    const entry = { kind, api_key: 'sk-x', ...(baseUrl !== undefined && { base_url: baseUrl }) };
    expect(resolve({ providers: { lab: entry } }).config.providers[0]?.priceId).toBe(priceId);
  });

  test('a dialect and an address are enough, without a key', () => {
    const { config, said } = resolve({
      providers: { lab: { dialect: 'anthropic-messages', base_url: 'http://127.0.0.1:1' } },
    });
    expect(config.providers[0]).toMatchObject({ kind: 'custom', apiKey: null, quirks: {}, priceId: null });
    expect(said).toEqual([]);
  });

  test.each([
    [{}, `set ${KIND}, or both dialect and base_url`],
    [{ dialect: 'openai-chat' }, `set base_url to where it speaks openai-chat, or ${KIND}`],
    [
      { base_url: 'http://127.0.0.1:1' },
      `set dialect to what it speaks at base_url (${PROVIDER_DIALECT_IDS.join(', ')}), or ${KIND}`,
    ],
  ])('%j lacks something', (lab, mend) => {
    const { said, names } = resolve({ providers: { lab } });
    expect(said).toEqual([`fatal providers.lab: not a known provider: ${mend}`]);
    expect(names).toEqual(['simulator']);
  });

  test('a misspelt name is met with the right one', () => {
    expect(resolve({ providers: { antropic: {} } }).said[0]).toStartWith(
      'fatal providers.antropic: not a known provider (did you mean "anthropic"?): set kind',
    );
  });

  test('another dialect of a known kind needs its address', () => {
    const provider = { dialect: 'openai-chat', api_key: 'k' };
    expect(resolve({ providers: { anthropic: provider } }).said).toEqual([
      'fatal providers.anthropic.dialect: kind anthropic speaks anthropic-messages at its own address; set base_url to where it speaks openai-chat',
    ]);
    const moved = resolve({ providers: { anthropic: { ...provider, base_url: 'https://example.com/v1' } } });
    expect(moved.config.providers[0]).toMatchObject({ dialect: 'openai-chat', kind: 'anthropic' });
  });

  test('the simulator’s dialect can be fixed, its address cannot', () => {
    const simulator = { dialect: 'openai-chat', base_url: 'https://example.com' };
    const { config, said } = resolve({ providers: { simulator } });
    expect(config.providers[0]).toMatchObject({ dialect: 'openai-chat', baseUrl: 'simulator://local' });
    expect(said).toEqual(['warning providers.simulator.base_url: kind simulator has no address; ignored']);
  });

  test('one whose key cannot be found is disabled, and the rest work', () => {
    const { config, said, names } = resolve({
      providers: { openai: { api_key: 'env:ABSENT' }, anthropic: { api_key: 'sk-a' } },
    });
    expect(names).toEqual(['anthropic', 'simulator']);
    expect(config.disabled).toEqual([{ name: 'openai', reason: 'environment variable ABSENT is not set' }]);
    expect(said).toEqual([
      'warning providers.openai.api_key: environment variable ABSENT is not set; provider "openai" is disabled',
    ]);
  });

  test('so is one whose header cannot be found', () => {
    const { config } = resolve({
      providers: { openai: { api_key: 'k', headers: { 'x-team': 'env:TEAM' } } },
    });
    expect(config.disabled).toEqual([{ name: 'openai', reason: 'environment variable TEAM is not set' }]);
  });

  test('where there is no credential store', () => {
    const { config } = resolve({ providers: { openai: { api_key: 'credential:openai' } } });
    expect(config.disabled[0]?.reason).toStartWith('this gateway has no credential store');
  });

  test('a key written twice is one', () => {
    const api_keys = ['env:FIRST', 'k2', 'env:SECOND'];
    const { config } = resolve({ providers: { openai: { api_keys } } }, { FIRST: 'k1', SECOND: 'k2' });
    expect(config.providers[0]).toMatchObject({ apiKey: 'k1', apiKeys: ['k1', 'k2'] });
  });

  test('of several keys those that are missing are reported; without any of them it is disabled', () => {
    const raw = { providers: { openai: { api_keys: ['env:FIRST', 'env:SECOND'] } } };
    const { config, said } = resolve(raw, { SECOND: 'k' });
    expect(config.providers[0]).toMatchObject({ apiKeys: ['k'] });
    expect(said).toEqual([
      'warning providers.openai.api_keys[0]: environment variable FIRST is not set; the other keys are used',
    ]);
    expect(resolve(raw).config.disabled).toEqual([
      { name: 'openai', reason: expect.stringContaining('environment variable FIRST is not set') },
    ]);
  });

  test('one key and several at once are not taken', () => {
    expect(resolve({ providers: { openai: { api_key: 'k1', api_keys: ['k2'] } } }).said).toEqual([
      'fatal providers.openai.api_keys: is set together with api_key; keep one of the two',
    ]);
  });

  const oauth = { client_id: 'id', client_secret: 'env:ABSENT', refresh_token: 'r' };

  test('a user’s own client is of no use to a kind that acts for nobody', () => {
    const { config, said } = resolve({ providers: { openai: { api_key: 'k', oauth } } });
    expect(said).toEqual(['warning providers.openai.oauth: only kinds that act for a user have it; ignored']);
    expect(config.providers[0]).not.toHaveProperty('oauth');
  });

  test('one of which a part cannot be found disables the provider', () => {
    const antigravity = { options: { project: 'p' }, oauth };
    expect(resolve({ providers: { antigravity } }).config.disabled).toEqual([
      { name: 'antigravity', reason: 'environment variable ABSENT is not set' },
    ]);
  });

  test('so does a step of its own whose secret cannot be found', () => {
    const transformers = [{ name: 'headers', set: { 'x-token': 'env:ABSENT' } }];
    const { config, said } = resolve({ providers: { openai: { api_key: 'k', transformers } } });
    expect(said[0]).toStartWith('warning providers.openai.transformers[0].set.x-token: ');
    expect(config.disabled).toEqual([{ name: 'openai', reason: 'environment variable ABSENT is not set' }]);
  });

  test('prices of models that the table does not have are those of the kind', () => {
    const { config } = resolve({ providers: { anthropic: { api_key: 'k' }, groq: { api_key: 'k' } } });
    const { newerPrices } = findProviderKind('anthropic') ?? {};
    expect(newerPrices).not.toBeUndefined();
    const [anthropic, groq] = config.providers;
    expect([anthropic?.newerPrices, groq?.newerPrices]).toEqual([newerPrices, {}]);
  });

  test('headers are known by their names, however those are written', () => {
    const { config } = resolve({ providers: { openai: { api_key: 'k', headers: { 'X-Team': 'lab' } } } });
    expect(config.providers[0]?.headers).toEqual({ 'x-team': 'lab' });
  });

  test('the simulator fails when asked to: no breaker keeps requests from it, unless asked for', () => {
    const breakerOf = (raw: unknown) => resolve(raw).config.providers[0]?.breaker;
    expect(breakerOf({})).toBeNull();
    expect(breakerOf({ providers: { simulator: { breaker: { enabled: true } } } })).not.toBeNull();
  });

  test('a known kind takes its key from its variable', () => {
    const { config } = resolve(
      { providers: { anthropic: { max_retries: 5 } } },
      { ANTHROPIC_API_KEY: 'sk-a' },
    );
    expect(config.providers[0]).toMatchObject({ apiKey: 'sk-a', maxRetries: 5 });
  });

  test('without any key it serves clients that bring their own, and says so', () => {
    const { config, said } = resolve({ providers: { anthropic: {} } });
    expect(config.providers[0]).toMatchObject({ name: 'anthropic', apiKey: null, forwardClientKey: true });
    expect(said).toEqual([
      'warning providers.anthropic: no api_key, and environment variable ANTHROPIC_API_KEY is not set: only requests with a key of their own can work',
    ]);
    expect(resolve({ providers: { anthropic: { api_key: null } } }).said).toEqual([]);
  });

  test.each([
    ['clients’ keys are the gateway’s own', { server: { keys: ['k'] }, providers: { anthropic: {} } }],
    ['they are not to be forwarded', { providers: { anthropic: { forward_client_key: false } } }],
  ])('without any key it is disabled where %s', (_, raw) => {
    expect(resolve(raw).config.disabled).toEqual([
      { name: 'anthropic', reason: 'no api_key, and environment variable ANTHROPIC_API_KEY is not set' },
    ]);
  });
});

/** Every known name, the enabled ones first. */
function namesFrom(...enabled: string[]): string {
  return [...new Set([...enabled, ...PROVIDER_KINDS.map((row) => row.kind)])].join(', ');
}

test.each([
  ['anthropic-messages', 'http://h/v1', '/v1'],
  ['anthropic-messages', 'http://h/x/v1/messages', '/v1/messages'],
  ['openai-chat', 'http://h/v1/chat/completions', '/chat/completions'],
  ['openai-responses', 'http://h/v1/responses', '/responses'],
  ['gemini', 'http://h/v1beta', '/v1beta'],
  ['anthropic-messages', 'http://h/anthropic', undefined],
  ['openai-chat', 'http://h/v1', undefined],
  ['gemini', 'http://h', undefined],
] as const)('%s at %s: what is added to the address is not written into it', (dialect, base_url, end) => {
  const { said, config } = resolve({ providers: { lab: { dialect, base_url } } });
  expect(said).toEqual(
    end === undefined
      ? []
      : [`warning providers.lab.base_url: ends in ${end}, which is appended to it; remove that`],
  );
  expect(config.providers[0]?.name).toBe('lab');
});

test.each([
  ['openai-chat', 'https://api.openai.com', 'base_url: openai has the base URL https://api.openai.com/v1'],
  [
    'openai-responses',
    'https://openrouter.ai/',
    'base_url: openrouter has the base URL https://openrouter.ai/api/v1',
  ],
  [
    'anthropic-messages',
    'https://api.openai.com/v1/',
    'dialect: openai speaks openai-chat at https://api.openai.com/v1, not anthropic-messages',
  ],
  [
    'openai-chat',
    'https://api.anthropic.com',
    'dialect: anthropic speaks anthropic-messages at https://api.anthropic.com, not openai-chat',
  ],
  ['openai-chat', 'https://api.anthropic.com/v1', undefined],
  ['openai-chat', 'https://generativelanguage.googleapis.com/v1beta/openai', undefined],
  ['openai-responses', 'https://api.groq.com/openai/v1', undefined],
  ['anthropic-messages', 'https://api.deepseek.com/anthropic', undefined],
  ['openai-chat', 'http://127.0.0.1:11434', undefined],
] as const)('%s at %s: whether a vendor speaks that there', (dialect, base_url, said) => {
  const lab = resolve({ providers: { lab: { dialect, base_url } } });
  expect(lab.said).toEqual(said === undefined ? [] : [`warning providers.lab.${said}`]);
  expect(lab.config.providers[0]?.name).toBe('lab');
});

test.each([
  [
    { openai: { api_key: 'sk-ant-api03-x' } },
    'openai.api_key: a key that begins with sk-ant- is one of anthropic, and openai will refuse it',
  ],
  [
    { anthropic: { api_keys: ['sk-ant-x', 'sk-proj-x'] } },
    'anthropic.api_keys: a key that begins with sk-proj- is one of openai, and anthropic will refuse it',
  ],
  [
    { deepseek: { api_key: 'gsk_x' } },
    'deepseek.api_key: a key that begins with gsk_ is one of groq, and deepseek will refuse it',
  ],
  // What stands behind a proxy is not known.
  [{ openai: { api_key: 'sk-ant-x', base_url: 'https://proxy.example/v1' } }, undefined],
  [{ anthropic: { api_key: 'sk-ant-x' } }, undefined],
])('a key of another vendor: %j', (providers, said) => {
  expect(resolve({ providers }).said).toEqual(said === undefined ? [] : [`warning providers.${said}`]);
});

describe('a token of a person’s own login is never the gateway’s key', () => {
  const PERSONAL =
    "a key that begins with sk-ant-oat is a personal login, which is used only where that person's client sends it; set an API key";
  const token = 'sk-ant-oat01-x';

  test.each([
    ['in the file', { providers: { anthropic: { api_key: token } } }, {}, '.api_key'],
    ['in the environment', null, { ANTHROPIC_API_KEY: token }, ''],
  ])('%s: only clients with a key of their own are served', (_, raw, environment, key) => {
    const { config, said } = resolve(raw, environment);
    expect(config.providers[0]).toMatchObject({ name: 'anthropic', apiKey: null, forwardClientKey: true });
    expect(said).toEqual([
      `warning providers.anthropic${key}: ${PERSONAL}: only requests with a key of their own can work`,
    ]);
  });

  test('beside other keys, those are used', () => {
    const { config, said } = resolve({ providers: { anthropic: { api_keys: [token, 'sk-ant-api03-x'] } } });
    expect(config.providers[0]).toMatchObject({ apiKeys: ['sk-ant-api03-x'] });
    expect(said).toEqual([`warning providers.anthropic.api_keys: ${PERSONAL}; the other keys are used`]);
  });

  test('where clients’ keys do not pass, the provider is disabled', () => {
    const { config } = resolve({ server: { keys: ['k'] }, providers: { anthropic: { api_key: token } } });
    expect(config.disabled).toEqual([{ name: 'anthropic', reason: PERSONAL }]);
  });
});

describe('the word that clients send in place of a key, left in a variable that both read', () => {
  const environment = { ANTHROPIC_API_KEY: 'sluice', GEMINI_API_KEY: 'sluice', GOOGLE_API_KEY: 'AIza-x' };

  test('enables no provider, and another variable of the same provider counts', () => {
    const { names, config, said } = resolve(null, environment);
    expect(names).toEqual(['gemini', 'simulator']);
    expect(config.providers[0]?.apiKey).toBe('AIza-x');
    expect(said).toEqual([]);
  });

  test('disables one that names the variable', () => {
    const { names, said } = resolve(
      { providers: { anthropic: { api_key: 'env:ANTHROPIC_API_KEY' } } },
      { ANTHROPIC_API_KEY: 'sluice' },
    );
    expect(names).toEqual(['simulator']);
    expect(said).toEqual([
      'warning providers.anthropic.api_key: the value is "sluice", which clients of the gateway send in place of a key; a provider needs one of its own; provider "anthropic" is disabled',
    ]);
  });

  test('is sent to another address, which may be a gateway', () => {
    const other = { kind: 'anthropic', base_url: 'http://10.0.0.5:8088', api_key: 'sluice' };
    expect(resolve({ providers: { other } }).config.providers[0]?.apiKey).toBe('sluice');
  });
});

test('a key of another vendor in a variable', () => {
  expect(resolve({}, { GROQ_API_KEY: 'AIzaX' }).said).toEqual([
    'warning providers.groq: a key that begins with AIza is one of gemini, and groq will refuse it',
  ]);
});

test('the name of a variable in place of a key', () => {
  const { said, names } = resolve({ providers: { openai: { api_key: 'OPENAI_API_KEY' } } });
  expect(names).toEqual(['simulator']);
  expect(said).toEqual([
    'warning providers.openai.api_key: this is the name of a variable instead of a value; write env:NAME; provider "openai" is disabled',
  ]);
});

describe('routing', () => {
  test('a default that does not exist is fatal and names what there is', () => {
    expect(resolve({ routing: { default_provider: 'simulater' } }).said).toEqual([
      `fatal routing.default_provider: no provider is named "simulater" (did you mean "simulator"?); there are: ${namesFrom('simulator')}`,
    ]);
  });

  test.each([
    [{ providers: { openai: { api_key: 'env:ABSENT' } } }, 'environment variable ABSENT is not set'],
    [{}, 'environment variable OPENAI_API_KEY is not set, and providers.openai is not configured'],
  ])('a default that is disabled is an error that serving survives: %j', (raw, reason) => {
    const { said, config } = resolve({ ...raw, routing: { default_provider: 'openai' } });
    expect(said.at(-1)).toBe(
      `error routing.default_provider: provider "openai" is disabled: ${reason}; correct that, or name one of: simulator`,
    );
    // Not replaced by another: a request would silently go elsewhere.
    expect(config.routing.defaultProvider).toBe('openai');
    expect(config.disabled).toEqual([{ name: 'openai', reason }]);
  });

  test('names of kinds that are not there are reported by what would bring them in; the built-in one is there', () => {
    const { config } = resolve({ routing: { fallback_chain: ['vertex', 'ollama', 'simulator/x'] } });
    expect(config.disabled).toEqual([
      { name: 'vertex', reason: 'providers.vertex is not configured' },
      {
        name: 'ollama',
        reason: 'environment variable OLLAMA_HOST is not set, and providers.ollama is not configured',
      },
    ]);
    const { config: ruled } = resolve({
      routing: {
        default_provider: 'groq',
        context_fallback: ['gemini/long'],
        groups: { some: ['mistral/x'] },
        agent_rules: { a: { to: 'simulator', context_fallback: ['deepseek/x'] } },
        model_mappings: [{ from: 'm', to: [{ target: 'openai/x', weight: 1 }] }],
        model_tier_rules: { haiku: ['simulator', 'xai/y/z'] },
        scenarios: { think: 'vertex' },
        patterns: [{ match: ['p'], to: 'ollama' }],
      },
    });
    expect(ruled.disabled.map(({ name }) => name).toSorted()).toEqual([
      'deepseek',
      'gemini',
      'groq',
      'mistral',
      'ollama',
      'openai',
      'vertex',
      'xai',
    ]);
  });

  test('a default that is disabled is a warning where the fallback chain serves in its place', () => {
    const routing = { default_provider: 'openai', fallback_chain: ['openai', 'simulator/x'] };
    const { said, config } = resolve({ routing });
    expect(said).toEqual([
      'warning routing.fallback_chain[0]: provider "openai" is disabled; left out',
      'warning routing.default_provider: provider "openai" is disabled: environment variable OPENAI_API_KEY is not set, and providers.openai is not configured; routing.fallback_chain serves in its place',
    ]);
    expect(config.routing.defaultProvider).toBe('openai');
  });

  test('a default that is there needs no word', () => {
    expect(resolve({ routing: { default_provider: 'simulator' } }).said).toEqual([]);
  });

  test('an agent that is inferred needs a rule', () => {
    const routing = { agent_rules: { reviewer: 'simulator' }, infer_agents: { reviewer: ['you review'] } };
    expect(resolve({ routing }).said).toEqual([]);
    expect(resolve({ routing: { ...routing, infer_agents: { reviewr: ['you review'] } } }).said).toEqual([
      'fatal routing.infer_agents.reviewr: no agent rule has this name (did you mean "reviewer"?); add routing.agent_rules.reviewr',
    ]);
  });

  test('a phrase that is none is refused with its place', () => {
    const routing = { patterns: [{ match: ['fine', { phrase: ' ', weight: 2 }], to: 'simulator' }] };
    expect(resolve({ routing }).said).toEqual([
      'fatal routing.patterns[0].match[1]: is empty: write the words to look for',
    ]);
  });

  test.each([
    ['/(x/', 'is not a regular expression (Invalid regular expression: missing ))'],
    ['/(a+)+b(?=c)/', 'may take exponential time on some texts'],
    ['/(?=fix)bug/', undefined],
    ['/(a+)+b/', undefined],
  ])('an expression that cannot be searched is refused: %s', (phrase, why) => {
    const { said } = resolve({ routing: { patterns: [{ match: [phrase], to: 'simulator' }] } });
    const problem = expect.stringContaining(`fatal routing.patterns[0].match[0]: ${why}`);
    expect(said).toEqual(why === undefined ? [] : [problem]);
  });

  test('a rule is reported by its place and where it leads; weights make it a choice', () => {
    const weighed = [{ target: 'simulator/a', weight: 2 }, 'simulator/b'];
    const { config } = resolve({
      routing: {
        groups: { inner: weighed },
        agent_rules: {
          plain: ['simulator/a', 'simulator/b'],
          unweighed: [{ target: 'simulator/a' }, 'simulator/b'],
          weighed: { to: weighed },
          within: ['inner', 'simulator/b'],
          spelt: [{ target: 'inner' }, 'simulator/b'],
        },
      },
    });
    expect(config.routing.agentRules).toMatchObject({
      plain: { text: 'routing.agent_rules.plain: simulator/a, simulator/b', strategy: 'ordered' },
      unweighed: { strategy: 'ordered' },
      weighed: { text: 'routing.agent_rules.weighed: simulator/a, simulator/b', strategy: 'weighted' },
      within: { strategy: 'weighted' },
      spelt: { strategy: 'weighted' },
    });
    const { said } = resolve({
      routing: { agent_rules: { plain: 'openai', long: { to: ['openai', 'simulator'] } } },
    });
    expect(said).toEqual([
      'warning routing.agent_rules.plain: provider "openai" is disabled; left out',
      'warning routing.agent_rules.plain: none of its targets can be used; the rule is skipped',
      'warning routing.agent_rules.long.to[0]: provider "openai" is disabled; left out',
    ]);
  });

  test('a pattern that leads nowhere is skipped, and the others stay', () => {
    const patterns = [
      { match: ['one'], to: 'openai/x' },
      { match: ['two'], to: 'simulator/x' },
    ];
    const { said, config } = resolve({ routing: { patterns } });
    expect(said.at(-1)).toBe(
      'warning routing.patterns[0]: none of its targets can be used; the rule is skipped',
    );
    expect(config.routing.patterns.map(({ rule }) => rule.text)).toEqual([
      'routing.patterns[1]: two → simulator/x',
    ]);
  });

  test('the chain loses disabled targets with a warning, and takes no unknown one', () => {
    const fallback_chain = ['anthropic/claude-x', 'simulator/a/b', 'openai', 'nowhere/x', 'simulator/'];
    const { config, said } = resolve({ routing: { fallback_chain } }, { ANTHROPIC_API_KEY: 'k' });
    expect(config.routing.fallbackChain).toEqual(['anthropic/claude-x', 'simulator/a/b']);
    expect(said).toEqual([
      'warning routing.fallback_chain[2]: provider "openai" is disabled; left out',
      `fatal routing.fallback_chain[3]: no provider is named "nowhere"; there are: ${namesFrom('anthropic', 'simulator')}`,
      'fatal routing.fallback_chain[4]: "simulator/" names no model; write "simulator/MODEL", or "simulator" alone',
    ]);
  });
});

describe('server', () => {
  test.each(['127.0.0.1', '127.8.9.1', '::1', '[::1]', 'localhost', 'LOCALHOST'])(
    '%s needs no keys',
    (host) => {
      expect(resolve({ server: { host } }).said).toEqual([]);
    },
  );

  test.each(['0.0.0.0', '::', '10.0.0.1', 'gateway.example.com', '127.0.0.1.example.com'])(
    '%s does',
    (host) => {
      expect(resolve({ server: { host } }).said).toEqual([
        `fatal server.host: ${host} is reachable by others: set server.keys, or listen on 127.0.0.1`,
      ]);
      expect(resolve({ server: { host, keys: ['k'] } }).said).toEqual([]);
    },
  );

  test('the command line comes before the file, and is checked like it', () => {
    const overrides = { host: '0.0.0.0', port: 1 };
    const { config, said } = resolve({ server: { host: '127.0.0.1', port: 2 } }, {}, { overrides });
    expect(config.server).toMatchObject(overrides);
    expect(said[0]).toStartWith('fatal server.host: 0.0.0.0');
  });

  test('no key left is fatal, one missing of two a warning', () => {
    const keys = ['env:ABSENT', 'env:PRESENT'];
    const { config, said } = resolve({ server: { keys } }, { PRESENT: 'k' });
    expect(config.server.keys).toEqual(['k']);
    expect(said).toEqual(['warning server.keys[0]: environment variable ABSENT is not set; not accepted']);
    // As UTF-8 or as Latin-1, by who sends it; and beyond Latin-1 by nobody.
    const odd = resolve(
      { server: { keys: ['env:PRESENT', 'schl\u00fcssel', '\u043a\u043b\u044e\u0447'] } },
      { PRESENT: 'k' },
    );
    expect(odd.config.server.keys).toEqual(['k']);
    expect(odd.said).toEqual([
      'warning server.keys[1]: the key has characters beyond ASCII, which clients encode in different ways; not accepted',
      'warning server.keys[2]: the value has characters that a header cannot contain; not accepted',
    ]);
    expect(resolve({ server: { keys: ['schl\u00fcssel'] } }).said[0]).toStartWith(
      'fatal server.keys[0]: the key has',
    );
    expect(resolve({ server: { keys } }).said.map((line) => line.split(':')[0])).toEqual([
      'fatal server.keys[0]',
      'fatal server.keys[1]',
    ]);
  });

  test('keys of projects are accepted beside the operator’s, which come first', () => {
    const project_keys = { web: ['env:WEB', 'w2'], data: ['d'] };
    const { config, said } = resolve({ server: { project_keys, keys: ['k'] } }, { WEB: 'w1' });
    expect(said).toEqual([]);
    expect(config.server.keys).toEqual(['k', 'w1', 'w2', 'd']);
    expect([...config.server.projectOfKey]).toEqual([
      ['w1', 'web'],
      ['w2', 'web'],
      ['d', 'data'],
    ]);
  });

  test('a key of a project that cannot be had is a warning, one of two projects fatal', () => {
    const { config, said } = resolve({
      server: { keys: ['k'], project_keys: { web: ['env:WEB', 'same', 'same'], data: ['same', 'k'] } },
    });
    expect(said).toEqual([
      'warning server.project_keys.web[0]: environment variable WEB is not set; not accepted',
      'fatal server.project_keys.data[0]: is also a key of web, so it is unclear whose requests use it',
      'fatal server.project_keys.data[1]: is also a key of server.keys, so it is unclear whose requests use it',
    ]);
    expect(config.server.keys).toEqual(['k', 'same']);
  });

  test('a project whose key begins with its name gets a warning that rows cannot show it', () => {
    const project_keys = { acme2024: ['acme2024-7fk3ls9d'], web: ['web-7fk3ls9d'] };
    expect(resolve({ server: { keys: ['k'], project_keys } }).said).toEqual([
      expect.stringMatching(/^warning server\.project_keys\.acme2024: .*\[redacted\]/),
    ]);
  });

  test.each([['w'], ['env:WEB']])(
    'keys of projects alone are fatal, also where none can be had: %s',
    (key) => {
      // Else a variable that is missing would open the gateway to whoever reaches it.
      expect(resolve({ server: { project_keys: { web: [key] } } }).said).toContain(
        'fatal server.project_keys: needs server.keys as well: project keys give no access to the gateway’s own pages',
      );
    },
  );
});

describe('audit.store', () => {
  const ADDRESS = 'postgres://sluice:s3cr%2Ft@db.example.com:5433/ledger';

  test.each([
    ['sqlite', 'sqlite'],
    [ADDRESS, ADDRESS],
    ['env:LEDGER_URL', ADDRESS],
    ['credential:ledger', ADDRESS],
    ['postgresql://db.example.com/ledger', 'postgresql://db.example.com/ledger'],
  ])('%s', (store, found) => {
    const { config, said } = resolve(
      { audit: { store } },
      { LEDGER_URL: ADDRESS },
      { credential: (name) => (name === 'ledger' ? ADDRESS : undefined) },
    );
    expect(said).toEqual([]);
    expect(config.audit.store).toBe(found);
  });

  test.each([
    'mongo',
    'mysql://root:s3cr3t@db.example.com/ledger',
    'postgres://root:s3cr3t@/ledger',
    'postgres://root:s3cr3t@db:70000/ledger',
    'postgres://root:s3cr3t@db-1,db-2/ledger',
    'postgres://root:s3cr3t@db-1:5432,db-2:5432/ledger?target_session_attrs=read-write',
    'postgres://root:s3cr3t%zz@db/ledger',
    'postgres://r%zzt:s3cr3t@db/ledger',
    'postgres://root:s3cr3t@db/led%zzger',
  ])('%s is refused without being told again', (store) => {
    const { said } = resolve({ audit: { store } });
    expect(said).toEqual([
      expect.stringMatching(/^fatal audit\.store: expected sqlite, or the address of a PostgreSQL database/),
    ]);
    expect(said[0]).not.toContain('s3cr3t');
  });

  test('an address that cannot be found is fatal: rows would go elsewhere', () => {
    expect(resolve({ audit: { store: 'env:ABSENT' } }).said).toEqual([
      'fatal audit.store: environment variable ABSENT is not set',
    ]);
  });
});

describe('redis', () => {
  const ADDRESS = 'rediss://sluice:s3cr%2Ft@redis.example.com:6380/2';

  test('without it, nothing is shared', () => {
    expect(resolve({}).config.redis).toBeNull();
  });

  test.each([
    [ADDRESS, ADDRESS],
    ['env:REDIS_URL', ADDRESS],
    ['credential:redis', ADDRESS],
    ['redis://redis.example.com', 'redis://redis.example.com'],
    ['redis://:only-a-password@[::1]:6379/', 'redis://:only-a-password@[::1]:6379/'],
  ])('%s', (url, found) => {
    const { config, said } = resolve(
      { redis: { url } },
      { REDIS_URL: ADDRESS },
      { credential: (name) => (name === 'redis' ? ADDRESS : undefined) },
    );
    expect(said).toEqual([]);
    expect(config.redis).toEqual({ url: found, prefix: 'sluice:', timeoutMs: 50 });
  });

  test.each([
    'redis.example.com:6379',
    'http://root:s3cr3t@redis.example.com',
    'redis://root:s3cr3t@/0',
    'redis://root:s3cr3t@redis:70000/0',
    'redis://root:s3cr3t@redis-1,redis-2/0',
    'redis://root:s3cr3t@redis/first',
    'redis://root:s3cr3t@redis/0?protocol=3',
    'redis://root:s3cr3t%zz@redis/0',
    'redis://r%zzt:s3cr3t@redis/0',
    'redis://root:s3cr3t@redis/0#first',
  ])('%s is refused without being told again', (url) => {
    const { said } = resolve({ redis: { url } });
    expect(said).toEqual([
      expect.stringMatching(/^fatal redis\.url: expected the address of a Redis server/),
    ]);
    expect(said[0]).not.toContain('s3cr3t');
  });

  test('an address that cannot be found is fatal: the gateway would count apart from the others', () => {
    expect(resolve({ redis: { url: 'env:ABSENT' } }).said).toEqual([
      'fatal redis.url: environment variable ABSENT is not set',
    ]);
  });

  test.each(['{a}:', 'a b:', 'x'.repeat(201)])('a prefix that is refused: %s', (prefix) => {
    expect(parseConfig({ redis: { url: ADDRESS, prefix } }).file).toBeNull();
  });

  test('where it is, in words, is without its credentials', () => {
    expect(redisPlace({ url: ADDRESS })).toBe('redis.example.com:6380/2');
    expect(redisPlace({ url: 'redis://:x@[::1]/0' })).toBe('[::1]:6379');
    const secrets = secretsOfRedis({ url: ADDRESS, prefix: '', timeoutMs: 1 });
    expect(secrets).toEqual([ADDRESS, 's3cr%2Ft', 's3cr/t']);
    expect(secretsOfRedis({ url: 'redis://redis.example.com', prefix: '', timeoutMs: 1 })).toEqual([]);
    expect(secretsOfRedis(null)).toEqual([]);
  });
});

test('a secret of a transformer that cannot be found leaves the step out, and is reported by its place', () => {
  const raw = {
    providers: { simulator: {} },
    routing: {
      transformers: [{ name: 'headers', set: { 'x-token': 'env:NOT_THERE', 'x-other': 'env:THERE' } }],
    },
  };
  const missing = resolve(raw, { THERE: 'yes-there' });
  expect(missing.said).toEqual([
    expect.stringMatching(/^fatal routing\.transformers\[0\]\.set\.x-token: .*NOT_THERE/),
  ]);
  expect(missing.config.routing.policy.transformers).toEqual([]);
  const { said, config } = resolve(raw, { THERE: 'yes-there', NOT_THERE: 'yes-too' });
  expect(said).toEqual([]);
  expect(config.routing.policy.transformers).toHaveLength(1);
  expect(config.transformers.secrets).toEqual(expect.arrayContaining(['yes-there', 'yes-too']));
});

test('groups in a circle are reported, also where a rule leads into it', () => {
  const raw = {
    providers: { simulator: {} },
    routing: { groups: { a: ['b', 'simulator'], b: ['a'] }, agent_rules: { x: ['a', 'b'] } },
  };
  expect(resolve(raw).said.join('\n')).toMatch(/circular/);
});

describe('budgets', () => {
  const budget = { limit_usd: 5, per: 'day' };

  test('those of a provider that is not there are warned of', () => {
    const providers = { lab: { dialect: 'openai-chat', base_url: 'http://127.0.0.1:1/v1' } };
    const budgets = [
      budget,
      { ...budget, provider: 'lab' },
      { ...budget, provider: 'la*' },
      { ...budget, provider: 'labb' },
    ];
    const { said, config } = resolve({ providers, costs: { budgets } });
    expect(said).toEqual([
      'warning costs.budgets[3].provider: no provider is named labb (did you mean "lab"?): nothing counts against this budget',
    ]);
    expect(config.costs.budgets[1]).toEqual({
      limitUsd: 5,
      per: 'day',
      each: null,
      agent: null,
      project: null,
      provider: 'lab',
      model: null,
    });
  });

  test('of those of the same requests only the smallest is ever reached', () => {
    const budgets = [
      { ...budget, limit_usd: 9 },
      budget,
      { ...budget, each: 'agent' },
      { ...budget, per: 'month' },
      budget,
    ];
    const { said, config } = resolve({ costs: { budgets } });
    expect(said).toEqual([
      'warning costs.budgets[0].limit_usd: is never reached: budgets[1] covers the same requests, and is not larger',
      'warning costs.budgets[4].limit_usd: is never reached: budgets[1] covers the same requests, and is not larger',
    ]);
    expect(config.costs.budgets.map(({ limitUsd, per, each }) => [limitUsd, per, each])).toEqual([
      [5, 'day', null],
      [5, 'day', 'agent'],
      [5, 'month', null],
    ]);
  });

  test('without a ledger nothing remembers them', () => {
    expect(resolve({ audit: { enabled: false }, costs: { budgets: [budget] } }).said).toEqual([
      'warning costs.budgets: spending is forgotten at each restart, since audit.enabled is false',
    ]);
    expect(resolve({ audit: { enabled: false } }).said).toEqual([]);
  });
});

describe('rate limits', () => {
  const limit = { requests: 5, per: 'minute' };

  test('each entry is one limit', () => {
    const rate_limits = [
      limit,
      { concurrent: 3, each: 'project', project: 'web-*' },
      { tokens: 9, per: 'day' },
    ];
    const { said, config } = resolve({ rate_limits });
    expect(said).toEqual([]);
    const anyone = { each: null, agent: null, project: null, provider: null, model: null };
    expect(config.rateLimits).toEqual([
      { ...anyone, kind: 'requests', most: 5, per: 'minute' },
      { ...anyone, kind: 'concurrent', most: 3, per: null, each: 'project', project: 'web-*' },
      { ...anyone, kind: 'tokens', most: 9, per: 'day' },
    ]);
  });

  test('an entry that is none, or several, is told by its key', () => {
    const rate_limits = [
      limit,
      { per: 'minute' },
      { requests: 1, tokens: 2, per: 'minute' },
      { tokens: 2 },
      { concurrent: 2, per: 'hour' },
    ];
    expect(resolve({ rate_limits }).said).toEqual([
      'fatal rate_limits[1]: names no limit: add one of requests, tokens, concurrent',
      'fatal rate_limits[2].tokens: stands beside requests: write one entry for each limit',
      'fatal rate_limits[3].per: is missing: tokens need a period, for example per: minute',
      'fatal rate_limits[4].per: does not go with concurrent, which limits requests that run at the same time',
    ]);
  });

  test('those of a provider that is not there are warned of, and those that another covers', () => {
    const providers = { lab: { dialect: 'openai-chat', base_url: 'http://127.0.0.1:1/v1' } };
    const rate_limits = [
      { ...limit, requests: 9 },
      { ...limit, provider: 'labb' },
      limit,
      { ...limit, per: 'hour' },
      { concurrent: 2 },
      { concurrent: 2 },
    ];
    const { said, config } = resolve({ providers, rate_limits });
    expect(said).toEqual([
      'warning rate_limits[1].provider: no provider is named labb (did you mean "lab"?): nothing counts against this limit',
      'warning rate_limits[0].requests: is never reached: rate_limits[2] covers the same requests, and is not larger',
      'warning rate_limits[5].concurrent: is never reached: rate_limits[4] covers the same requests, and is not larger',
    ]);
    expect(config.rateLimits.map(({ most, per }) => [most, per])).toEqual([
      [5, 'minute'],
      [5, 'minute'],
      [5, 'hour'],
      [2, null],
    ]);
  });
});

test('a budget or rate limit of a model is warned of where its name begins like a target', () => {
  const lab = { dialect: 'openai-chat', base_url: 'http://127.0.0.1:1/v1' };
  const providers = { lab, other: lab };
  const names = [
    { model: 'lab/big-*' },
    { model: 'lab/big-*', provider: 'la*' },
    { model: 'lab/big-*', provider: 'other' },
    { model: 'vendor/big-*' },
    { model: 'big-*', provider: 'lab' },
  ];
  const { said } = resolve({
    providers,
    costs: { budgets: names.map((name) => ({ limit_usd: 5, per: 'day', ...name })) },
    rate_limits: names.map((name) => ({ requests: 5, per: 'minute', ...name })),
  });
  const why =
    'is compared with the provider\'s own name for the model, which rarely begins with "lab/": write provider: lab, model: "big-*"';
  expect(said.filter((text) => text.includes('.model'))).toEqual(
    ['costs.budgets[0]', 'costs.budgets[1]', 'rate_limits[0]', 'rate_limits[1]'].map(
      (entry) => `warning ${entry}.model: ${why}`,
    ),
  );
});
