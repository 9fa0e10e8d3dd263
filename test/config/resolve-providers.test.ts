// How configured providers and the environment’s keys are resolved, and what is reported about those that cannot be used.
import { describe, expect, test } from 'bun:test';
import { PROVIDER_DIALECT_IDS } from '../../src/model/dialect-id.ts';
import { findProviderKind, PROVIDER_KINDS } from '../../src/providers/kinds.ts';
import { resolve } from './resolve-lab.ts';

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

describe('providers', () => {
  test('come in the file’s order, then from the environment, then the simulator', () => {
    const lab = { dialect: 'openai-chat', base_url: 'http://127.0.0.1:1/v1' };
    const environment = { ANTHROPIC_API_KEY: 'sk-a', OPENAI_API_KEY: 'sk-o' };
    const { names } = resolve({ providers: { lab, openai: {} } }, environment);
    expect(names).toEqual(['lab', 'openai', 'anthropic', 'simulator']);
  });

  test('a vendor’s key is missed at its own address, also where that is written out, and not at a server of one’s own', () => {
    const lacksKey = (entry: object) =>
      resolve({ providers: { openai: entry } }).config.providers[0]?.lacksKey;
    expect(lacksKey({})).toBe(true);
    expect(lacksKey({ base_url: 'https://api.openai.com/v1' })).toBe(true);
    expect(lacksKey({ base_url: 'https://api.openai.com/v1', api_key: 'sk-o' })).toBe(false);
    expect(lacksKey({ headers: { 'x-key': 'sk-o' } })).toBe(false);
    expect(lacksKey({ base_url: 'http://127.0.0.1:1/v1' })).toBe(false);
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
    ['openai', 'https://proxy.example.com/v1', 'openai'],
    ['anthropic', 'http://127.0.0.1:4000', 'anthropic'],
    ['anthropic', 'http://proxy:4000', 'anthropic'],
    ['anthropic', 'https://api.z.ai/api/anthropic', null],
    ['anthropic', 'https://api.moonshot.cn/anthropic', null],
    ['openai', 'https://openrouter.ai/api/v1', null],
    ['openai', 'http://api.openai.com/v1', null],
    ['deepseek', 'https://api.deepseek.com/v1', 'deepseek'],
    ['glm', undefined, null],
    ['glm', 'https://proxy.example.com/v4', null],
    ['glm', 'https://api.z.ai/api/coding/paas/v4', 'zai'],
    ['moonshot', 'https://api.moonshot.cn/v1', null],
    ['xai', 'https://us-east-1.api.x.ai/v1', 'x-ai'],
    ['together', 'https://api.together.ai/v1', 'together'],
    ['bedrock', 'https://bedrock-runtime.eu-west-1.amazonaws.com', 'aws'],
    ['bedrock', 'https://proxy.example.com', 'aws'],
    ['bedrock', 'https://bedrock-runtime.cn-north-1.amazonaws.com.cn', null],
    ['openai', 'https://proxy.example.com.au/v1', 'openai'],
    ['openai', 'https://proxy.example.co.uk/v1', 'openai'],
    ['azure', 'https://team.azure-api.net/openai/v1', 'azure'],
    ['xai', 'http://10.0.0.5:8080/v1', 'x-ai'],
    ['anthropic', 'https://gateway.ai.cloudflare.com/v1/account/gateway/anthropic', 'anthropic'],
    ['anthropic', 'http://anthropic.internal:4000', 'anthropic'],
    ['openai', 'http://proxy.openai.svc:4000/v1', 'openai'],
    ['deepseek', 'http://deepseek.lan:8080', 'deepseek'],
    // What a company has at a cloud is its proxy.
    ['anthropic', 'http://proxy-1.us-east-1.elb.amazonaws.com', 'anthropic'],
    ['anthropic', 'https://proxy.elb.us-east-1.amazonaws.com', 'anthropic'],
    ['openai', 'https://a1b2.execute-api.eu-west-1.amazonaws.com/v1', 'openai'],
    ['openai', 'http://ec2-1-2-3-4.compute-1.amazonaws.com:4000/v1', 'openai'],
    ['openai', 'https://proxy.westeurope.cloudapp.azure.com/v1', 'openai'],
    ['openai', 'https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1', null],
    ['openai', 'https://team.openai.azure.com/openai/v1', null],
    // The vendor's own, in another place or by another way.
    ['mistral', 'https://api.eu.mistral.ai/v1', 'mistral'],
    ['openrouter', 'https://eu.openrouter.ai/api/v1', 'openrouter'],
    ['bedrock', 'https://bedrock-runtime-fips.us-east-1.amazonaws.com', 'aws'],
    ['bedrock', 'https://vpce-1-2.bedrock-runtime.us-east-1.vpce.amazonaws.com', 'aws'],
    ['vertex', 'https://us-east5-aiplatform-team.p.googleapis.com', 'google'],
    // Others that sell the same names.
    ['anthropic', 'https://bedrock-mantle.us-east-1.api.aws/anthropic', null],
    ['openai', 'https://api.githubcopilot.com', null],
    ['openai', 'https://api.business.githubcopilot.com', null],
    ['openai', 'https://chatgpt.com/backend-api/codex', null],
    ['anthropic', 'https://api.poe.com', null],
    ['anthropic', 'https://opencode.ai/zen', null],
    ['openai', 'https://team.snowflakecomputing.com/api/v2/cortex/v1', null],
    ['anthropic', 'https://api.kimi.com/coding', null],
    ['anthropic', 'https://api.minimaxi.com/anthropic', null],
    ['anthropic', 'https://ark.cn-beijing.volces.com/api/coding', null],
    ['deepseek', 'https://api.siliconflow.cn/v1', null],
    ['anthropic', 'https://api.novita.ai/anthropic', null],
    ['anthropic', 'https://router.requesty.ai', null],
    ['openai', 'https://api.deepinfra.com/v1/openai', null],
    ['openai', 'https://router.huggingface.co/v1', null],
    ['anthropic', 'https://dbc-1.cloud.databricks.com/serving-endpoints/anthropic', null],
    ['openai', 'https://adb-1.2.azuredatabricks.net/serving-endpoints', null],
    ['anthropic', 'https://notpoe.com', 'anthropic'],
  ])('the prices of %s at %p are those of %p', (kind, baseUrl, priceId) => {
    const options = kind === 'vertex' ? { project: 'p', location: 'us-east5' } : {};
    const entry = { kind, api_key: 'sk-x', options, ...(baseUrl !== undefined && { base_url: baseUrl }) };
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

  test('one whose header cannot be found is disabled', () => {
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

  test('a step of its own whose secret cannot be found disables the provider', () => {
    const transformers = [{ name: 'headers', set: { 'x-token': 'env:ABSENT' } }];
    const { config, said } = resolve({ providers: { openai: { api_key: 'k', transformers } } });
    expect(said[0]).toStartWith('warning providers.openai.transformers[0].set.x-token: ');
    expect(config.disabled).toEqual([{ name: 'openai', reason: 'environment variable ABSENT is not set' }]);
  });

  test.each([
    ['global', undefined, null],
    ['global', 'https://proxy.example.com', null],
    ['europe-west1', undefined, 1.1],
    ['europe-west1', 'https://proxy.example.com', 1.1],
  ])(
    'Claude on Google Cloud at %s, by way of %p, costs a tenth more only in a region',
    (location, baseUrl, times) => {
      const entry = {
        options: { project: 'p', location },
        ...(baseUrl !== undefined && { base_url: baseUrl }),
      };
      expect(resolve({ providers: { vertex: entry } }).config.providers[0]?.dearer?.times ?? null).toBe(
        times,
      );
    },
  );

  test.each([
    ['us-gov-west-1', undefined, [false, true, true]],
    ['us-gov-west-1', 'https://proxy.example.com', [false, true, true]],
    ['us-gov-west-1', 'https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com', [false, true, true]],
    ['us-east-1', undefined, [false, false, false]],
  ])('Bedrock in %s, at %p, costs more than anybody knows only in GovCloud', (region, base_url, unknown) => {
    const entry = { api_key: 'k', options: { region }, ...(base_url && { base_url }) };
    const { dearer } = resolve({ providers: { bedrock: entry } }).config.providers[0] ?? {};
    const models = [
      'us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0',
      'us-gov.amazon.nova-pro-v1:0',
      'amazon.nova-pro-v1:0',
    ];
    expect(models.map((model) => dearer?.times === null && dearer.models.test(model))).toEqual(unknown);
  });

  test('OpenRouter states its charge in each of its regions, and Mistral charges a tenth more in its own', () => {
    const at = (kind: string, base_url?: string) =>
      resolve({ providers: { lab: { kind, api_key: 'k', ...(base_url && { base_url }) } } }).config
        .providers[0];
    expect(at('openrouter', 'https://us.openrouter.ai/api/v1')?.billsItself).toBe(true);
    expect(at('mistral')?.dearer).toBeNull();
    const { models, times } = at('mistral', 'https://api.eu.mistral.ai/v1')?.dearer ?? {};
    expect(times).toBe(1.1);
    expect(['mistral-medium-latest', 'mistral-ocr-latest'].map((model) => models?.test(model))).toEqual([
      true,
      false,
    ]);
  });

  test('prices of models that the table does not have are those of the kind', () => {
    const { config } = resolve({ providers: { anthropic: { api_key: 'k' }, vllm: {} } });
    const { newerPrices } = findProviderKind('anthropic') ?? {};
    expect(newerPrices).not.toBeUndefined();
    const [anthropic, vllm] = config.providers;
    expect([anthropic?.newerPrices, vllm?.newerPrices]).toEqual([newerPrices, {}]);
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
  [
    'openai-chat',
    'https://openrouter.ai/api/v1/',
    "kind: https://openrouter.ai/api/v1 is openrouter's: set kind: openrouter; without it its prices, and what is peculiar to it, are not known",
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

test('an entry of one’s own at a vendor’s address that names its kind is not warned of', () => {
  const lab = { kind: 'openrouter', dialect: 'openai-chat', base_url: 'https://openrouter.ai/api/v1' };
  const { said, config } = resolve({ providers: { lab: { ...lab, api_key: 'sk-or-x' } } });
  expect([said, config.providers[0]?.kind]).toEqual([[], 'openrouter']);
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
