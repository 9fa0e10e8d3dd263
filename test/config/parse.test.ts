// Problems of a configuration file are reported with the key's path and a way to solve them.
import { describe, expect, test } from 'bun:test';
import { parseConfig } from '../../src/config/parse.ts';
import { formatKeyPath } from '../../src/config/problem.ts';

function problemsOf(raw: unknown): string[] {
  return parseConfig(raw).problems.map(
    ({ severity, path, message }) => `${severity} ${formatKeyPath(path)}: ${message}`,
  );
}

const PRICE = { input_per_million: 1, output_per_million: 2 };

const NO_ORIGIN =
  'expected an origin as browsers send it: http://localhost:5173, chrome-extension://ID, or * for all';

const MALFORMED_ORIGINS: [unknown, string][] = [
  ['', NO_ORIGIN],
  ['localhost:5173', NO_ORIGIN],
  ['https://', NO_ORIGIN],
  ['http://user:secret@localhost', NO_ORIGIN],
  ['https://*.example.com', NO_ORIGIN],
  ['chrome-extension://*', NO_ORIGIN],
  [' http://localhost:5173', NO_ORIGIN],
  ['http://localhost:5173, http://localhost:3000', NO_ORIGIN],
  ['http://localhost:5173/', 'an origin has no path and no trailing slash: write http://localhost:5173'],
  ['HTTP://LocalHost:80/app?a=b', 'an origin has no path and no trailing slash: write http://localhost'],
  ['http://localhost:99999', 'is not an address: check its host and port'],
  [
    'null',
    'null is sent by every page in a file or a sandbox: serve the page from an address, or allow * with server.keys',
  ],
  [5, 'expected a string, found a number; write it in quotes'],
];

const step = (name: string, options: object) => ({ routing: { transformers: [{ name, ...options }] } });
const AT = 'fatal routing.transformers[0]';

describe('errors', () => {
  test.each([
    [step('max_tokens', {}), `${AT}.max: max_tokens: is missing; expected a number`],
    [step('max_tokens', { max: 'x' }), `${AT}.max: max_tokens: expected a number, found a string`],
    [step('max_tokens', { max: 0 }), `${AT}.max: max_tokens: expected at least 1`],
    [
      step('reasoning', { as: 'txt' }),
      `${AT}.as: reasoning: expected one of thinking, text (did you mean "text"?)`,
    ],
    [step('clean_cache', { x: 1 }), `${AT}.x: clean_cache: has no such option; it has none`],
    [
      step('fields', { set: { model: 'x' } }),
      `${AT}.set.model: fields: "model" is decided by routing and by the client, not by a transformer`,
    ],
    ...[
      'Connection',
      'content-encoding',
      'content-length',
      'Host',
      'keep-alive',
      'te',
      'transfer-encoding',
      'upgrade',
    ].map((name): [object, string] => [
      step('headers', { set: { [name]: 'x' } }),
      `${AT}.set.${name}: headers: "${name}" belongs to the connection and cannot be changed`,
    ]),
    [step('headers', { set: { 'a b': 'x' } }), `${AT}.set["a b"]: headers: "a b" is not a header name`],
    [
      step('redact', { patterns: ['a'], flags: 'q' }),
      `${AT}.flags: redact: expected flags out of i, m, s and u, each once`,
    ],
    [
      step('redact', { patterns: ['[ab]'], flags: 'ii' }),
      `${AT}.flags: redact: expected flags out of i, m, s and u, each once`,
    ],
    [step('redact', { patterns: ['ab'], window: 0 }), `${AT}.window: redact: expected at least 1`],
    [
      { model_list: [] },
      'fatal model_list: unknown key; as LiteLLM has it; here each provider is an entry of providers, and a name for its model one of routing.model_mappings',
    ],
    [
      { Providers: [] },
      'fatal Providers: unknown key; as claude-code-router has it; here providers is a section: NAME: { dialect, base_url, api_key }',
    ],
    [
      { providers: { openai: { keys: [] } } },
      'fatal providers.openai.keys: unknown key; here it is api_keys, a list of the keys alone',
    ],
    [{ server: { prot: 1 } }, 'fatal server.prot: unknown key (did you mean "port"?)'],
    [{ budgets: [] }, 'fatal budgets: unknown key; it belongs under costs'],
    [{ openai: {} }, 'fatal openai: unknown key; it belongs under providers'],
    [{ rate_limit: [] }, 'fatal rate_limit: unknown key (did you mean "rate_limits"?)'],
    [
      { rate_limits: [{ request: 1, per: 'day' }] },
      'fatal rate_limits[0].request: unknown key (did you mean "requests"?)',
    ],
    [{ rate_limits: [{ requests: 0, per: 'day' }] }, 'fatal rate_limits[0].requests: expected at least 1'],
    [{ rate_limits: [{ tokens: -1, per: 'day' }] }, 'fatal rate_limits[0].tokens: expected at least 1'],
    [
      { rate_limits: [{ concurrent: 1.5 }] },
      'fatal rate_limits[0].concurrent: expected a whole number, found a number with a fraction',
    ],
    [
      { rate_limits: [{ requests: 1, per: 'week' }] },
      'fatal rate_limits[0].per: expected one of second, minute, hour, day',
    ],
    [{ sever: {} }, 'fatal sever: unknown key (did you mean "server"?)'],
    [
      { providers: { lab: { timeouts: { conect: '1s' } } } },
      'fatal providers.lab.timeouts.conect: unknown key (did you mean "connect"?)',
    ],
    [
      { routing: { colour: 1 } },
      'fatal routing.colour: unknown key; known here: default_provider, fallback_chain, groups, session_affinity, agent_rules, model_mappings, model_tier_rules, scenarios, patterns, infer_agents, context_fallback, continue_streams, hedge_after, transformers',
    ],
    [
      { providers: { bedrock: { region: 'us-east-1' } } },
      'fatal providers.bedrock.region: unknown key; say options: { region: … }',
    ],
    [
      { providers: { bedrock: { colour: 'red' } } },
      'fatal providers.bedrock.colour: unknown key; known here: kind, dialect, base_url, options, api_key, api_keys, oauth, tls, headers, models, default_model, timeouts, max_retries, probe_every, breaker, concurrency, forward_other_paths, forward_trace, transformers, forward_client_key',
    ],
    [
      { routing: { agent_rules: { reviewer: { to: 'simulator', stategy: 'ordered' } } } },
      'fatal routing.agent_rules.reviewer.stategy: unknown key (did you mean "strategy"?)',
    ],
    [
      { routing: { agent_rules: { reviewer: [{ target: 'simulator', wieght: 1 }] } } },
      'fatal routing.agent_rules.reviewer[0].wieght: unknown key (did you mean "weight"?)',
    ],
    [
      { routing: { patterns: [{ match: [{ phrase: 'a', wieght: 1 }], to: 'simulator' }] } },
      'fatal routing.patterns[0].match[0].wieght: unknown key (did you mean "weight"?)',
    ],
    [
      { routing: { agent_rules: { reviewer: [{ target: 5 }] } } },
      'fatal routing.agent_rules.reviewer[0].target: expected a string, found a number; write it in quotes',
    ],
    [{ routing: { agent_rules: { reviewer: '' } } }, 'fatal routing.agent_rules.reviewer: is empty'],
    [{ routing: { agent_rule: {} } }, 'fatal routing.agent_rule: unknown key (did you mean "agent_rules"?)'],
    [
      { server: { port: '8088' } },
      'fatal server.port: expected a number, found a string; write it without quotes',
    ],
    [{ server: { port: 'http' } }, 'fatal server.port: expected a number, found a string'],
    [
      { server: { workers: '4' } },
      'fatal server.workers: expected a whole number of at least 1, or all, found a string',
    ],
    [{ server: { workers: 0 } }, 'fatal server.workers: expected at least 1'],
    [
      { server: { workers: 1.5 } },
      'fatal server.workers: expected a whole number of at least 1, or all, found a number with a fraction',
    ],
    [{ server: { port: 70000 } }, 'fatal server.port: expected at most 65535'],
    [
      { server: { port: 80.5 } },
      'fatal server.port: expected a whole number, found a number with a fraction',
    ],
    [
      { server: { keys: 'env:K' } },
      'fatal server.keys: expected a list, found a string; write it in brackets, [ … ]',
    ],
    [
      { server: { keys: ['a', 5] } },
      'fatal server.keys[1]: expected a string, found a number; write it in quotes',
    ],
    [{ server: { keys: [null] } }, 'fatal server.keys[0]: expected a string, found nothing (null)'],
    [{ server: { keys: [{ a: 1 }] } }, 'fatal server.keys[0]: expected a string, found a section of keys'],
    [
      { server: { keys: [true] } },
      'fatal server.keys[0]: expected a string, found true or false; write it in quotes',
    ],
    [{ server: { port: [1] } }, 'fatal server.port: expected a number, found a list'],
    [{ routing: { patterns: [{ match: [], to: 'lab' }] } }, 'fatal routing.patterns[0].match: is empty'],
    [
      { routing: { agent_rules: { a: { to: 5 } } } },
      'fatal routing.agent_rules.a.to: expected a target such as provider/model, or a list of targets, found a number',
    ],
    ...['127.0.0.1:8088', 'http://127.0.0.1', 'localhost/'].map((host): [unknown, string] => [
      { server: { host } },
      'fatal server.host: expected a host name or an address, without scheme, port and path',
    ]),
    [
      { routing: { model_tier_rules: { opsu: 'a' } } },
      'fatal routing.model_tier_rules.opsu: unknown key (did you mean "opus"?)',
    ],
    [
      { routing: { model_mappings: [{ from: 'a' }] } },
      'fatal routing.model_mappings[0].to: is missing; expected a target such as provider/model, or a list of targets',
    ],
    [
      { costs: { pricing_overrides: { '': { input_per_million: 1, output_per_million: 1 } } } },
      'fatal costs.pricing_overrides[""]: the name is empty',
    ],
    [
      { server: { ping_interval: 15 } },
      'fatal server.ping_interval: expected a duration such as 500ms, 10s, 2m, 1h30m or 30d, found a number',
    ],
    [
      { server: { ping_interval: 'soon' } },
      'fatal server.ping_interval: expected a duration such as 500ms, 10s, 2m, 1h30m or 30d',
    ],
    [
      { server: { ping_interval: '0s' } },
      'fatal server.ping_interval: expected a duration between 1ms and 24d',
    ],
    [
      { providers: { openai: { timeouts: { idle: '30d' } } } },
      'fatal providers.openai.timeouts.idle: expected a duration between 1ms and 24d',
    ],
    [{ server: { max_body: '64' } }, 'fatal server.max_body: expected a size such as 512KB, 64MB or 1GB'],
    [
      { server: { allowed_origins: 'http://localhost:5173' } },
      'fatal server.allowed_origins: expected a list, found a string; write it in brackets, [ … ]',
    ],
    ...MALFORMED_ORIGINS.map(([text, said]): [unknown, string] => [
      { server: { allowed_origins: ['http://localhost', text] } },
      `fatal server.allowed_origins[1]: ${said}`,
    ]),
    [{ audit: { enabled: 'yes' } }, 'fatal audit.enabled: expected true or false, found a string'],
    [
      { audit: { enabled: 'true' } },
      'fatal audit.enabled: expected true or false, found a string; write it without quotes',
    ],
    [
      { audit: { retention: 30 } },
      'fatal audit.retention: expected a duration such as 500ms, 10s, 2m, 1h30m or 30d, or null, found a number',
    ],
    [
      { providers: { a: { dialect: 'openai-chta' } } },
      'fatal providers.a.dialect: expected one of anthropic-messages, openai-chat, openai-responses, gemini, ollama-chat, bedrock-converse, bedrock-invoke, code-assist (did you mean "openai-chat"?)',
    ],
    [
      { providers: { 'a/b': {} } },
      'fatal providers["a/b"]: "a/b" is not a provider name: use letters, digits, dots, dashes and underscores',
    ],
    [
      { providers: { a: { headers: { 'x y': 'z' } } } },
      'fatal providers.a.headers["x y"]: "x y" is not a header name',
    ],
    [
      { providers: [] },
      'fatal providers: expected a section of keys, found a list; write each entry below its name, NAME: …',
    ],
    [
      { costs: { pricing_overrides: { 'lab/*': { input_per_million: 1 } } } },
      'fatal costs.pricing_overrides["lab/*"].output_per_million: is missing; expected a number',
    ],
    [
      { costs: { pricing_overrides: { 'lab/*': { ...PRICE, input_per_million: -1 } } } },
      'fatal costs.pricing_overrides["lab/*"].input_per_million: expected at least 0',
    ],
    ['server', 'fatal : expected a section of keys, found a string'],
    [[], 'fatal : expected a section of keys, found a list'],
  ])('%j', (raw, problem) => {
    expect(problemsOf(raw)).toEqual([problem]);
    expect(parseConfig(raw).file).toBeNull();
  });

  test.each([
    'api.example.com/v1',
    'ftp://example.com',
    'https://',
    'https://user:pass@example.com/v1',
    'https://example.com/v1?key=x',
    'https://example.com/v1#x',
    'https://example.com/a b',
    'https://example.com/a\r\nx-evil: 1',
  ])('base_url %s', (base_url) => {
    expect(problemsOf({ providers: { a: { base_url } } })).toEqual([
      'fatal providers.a.base_url: expected an http:// or https:// address without user, query, fragment or spaces, such as https://api.example.com/v1',
    ]);
  });

  test('a name that tables of names leave out is reported wherever it stands', () => {
    const named = JSON.parse('{"__proto__": {"kind": "simulator"}}');
    const why = 'nothing can have this name; choose another';
    expect(problemsOf({ providers: named })).toEqual([`fatal providers.__proto__: ${why}`]);
    expect(problemsOf(step('fields', { set: named }))).toEqual([`${AT}.set.__proto__: ${why}`]);
  });

  test('$schema names the schema for editors at the top alone: deeper it is a value like others', () => {
    expect(problemsOf({ $schema: 'https://example.com/sluice.schema.json' })).toEqual([]);
    const { file } = parseConfig(step('./mine.ts', { format: { $schema: 'x' } }));
    expect(file?.routing.transformers).toMatchObject([{ options: { format: { $schema: 'x' } } }]);
  });

  test('options of a module may hold themselves', () => {
    const options: Record<string, unknown> = {};
    options.all = { options };
    expect(problemsOf(step('./mine.ts', options))).toEqual([]);
  });

  test('several at once are all reported', () => {
    expect(problemsOf({ server: { port: 'x', hots: 1 }, audit: { enabled: 1 } })).toHaveLength(3);
  });

  test('a value is never repeated: it may be a secret at the wrong place', () => {
    const raw = {
      server: { keys: { a: 'sk-secret' }, port: 'sk-secret', max_body: 'sk-secret' },
      providers: { a: { base_url: 'sk-secret', api_key: ['sk-secret'], dialect: 'sk-secret' } },
    };
    expect(problemsOf(raw)).toHaveLength(6);
    expect(problemsOf(raw).join()).not.toContain('sk-secret');
  });
});

describe('leniency', () => {
  test.each([
    ['an empty file', null],
    ['an empty section', { server: null }],
    ['an empty list', { rate_limits: null }],
    ['an empty provider entry', { providers: { anthropic: null } }],
    ['the schema that editors read', { $schema: './sluice.schema.json' }],
  ])('%s is fine', (_, raw) => {
    const { file, problems } = parseConfig(raw);
    expect(problems).toEqual([]);
    expect(file?.server.port).toBe(8088);
  });

  test('a path of base_url is written as URLs are, its places for options stay', () => {
    const base_url = 'https://bücher.example/büro/"{region}"/%C3%BC/\ud800';
    const { file } = parseConfig({ providers: { a: { base_url } } });
    expect(file?.providers.a?.base_url).toBe(
      'https://bücher.example/b%C3%BCro/%22{region}%22/%C3%BC/%EF%BF%BD',
    );
  });

  test.each([
    ['HTTPS://API.Example.com', 'https://api.example.com'],
    ['Https://{region}.Example.com/V1', 'https://{region}.example.com/V1'],
  ])('scheme and host of base_url are the same in any case: %s', (base_url, written) => {
    const { file } = parseConfig({ providers: { a: { base_url } } });
    expect(file?.providers.a?.base_url).toBe(written);
  });

  test.each([
    ['HTTPS://{Region}.LAB.example/V1', 'https://{Region}.lab.example/V1'],
    ['https://{myResource}.Lab.example', 'https://{myResource}.lab.example'],
  ])('names of options in a host keep their capitals: %s', (base_url, written) => {
    const { file } = parseConfig({ providers: { a: { base_url } } });
    expect(file?.providers.a?.base_url).toBe(written);
  });

  test('a trailing slash of base_url goes', () => {
    const { file } = parseConfig({ providers: { a: { base_url: 'https://example.com/v1//' } } });
    expect(file?.providers.a?.base_url).toBe('https://example.com/v1');
  });
});
