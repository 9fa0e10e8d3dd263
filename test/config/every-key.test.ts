// Every key of the schema is read: another value of it gives another resolved configuration (GUARANTEES 20).
import { expect, test } from 'bun:test';
import { parseConfig } from '../../src/config/parse.ts';
import type { ResolveSources } from '../../src/config/resolve-server.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { listSchemaKeys } from '../../scripts/config/keys.ts';
import { isObject } from '../../src/model/json/json.ts';

/** What every file below has, so that a varied key has something to differ from. */
const BASE = {
  server: { keys: ['base'], tls: { cert: 'base.pem', key: 'base.key' } },
  providers: {
    lab: {
      kind: 'openai',
      base_url: 'http://127.0.0.1:1/v1',
      api_key: 'base',
      tls: { cert: 'base.pem', key: 'base.key' },
    },
    user: {
      kind: 'antigravity',
      options: { project: 'base' },
      oauth: { client_id: 'base', client_secret: 'base', refresh_token: 'base' },
    },
  },
  routing: {
    groups: { pool: 'lab/a' },
    fallback_chain: ['pool'],
    agent_rules: { reviewer: { to: 'lab' } },
    model_mappings: [{ from: 'a', to: [{ target: 'lab' }] }],
    patterns: [{ match: [{ phrase: 'a' }], to: 'lab' }],
  },
  rate_limits: [{ requests: 1, per: 'day' }],
  redis: { url: 'redis://127.0.0.1:1' },
  costs: {
    budgets: [{ limit_usd: 1, per: 'day' }],
    pricing_overrides: {
      lab: {
        input_per_million: 1,
        output_per_million: 1,
        long_prompt: { above: 1, input_per_million: 1, output_per_million: 1 },
      },
    },
  },
};

/** No file is read: a certificate is only where it would be. */
const SOURCES: ResolveSources = {
  environment: {},
  readFile: () => '',
  credential: null,
  tls: (files) => ({
    tls: { cert: '', key: '', files, names: [], isPrivate: false, validUntil: 0, stamp: '' },
    problems: [],
  }),
  providerTls: (files) => ({
    tls: { cert: '', key: '', ca: null, files, stamp: '', id: '' },
    problems: [],
  }),
};

/** A value for each key that differs from its default and from BASE. A new key breaks the test until it has one. */
const OTHER: Record<string, unknown> = {
  'server.host': '127.0.0.2',
  'server.port': 9,
  'server.keys': ['other'],
  'server.project_keys': { web: ['of a project'] },
  'server.allowed_origins': ['http://localhost:5173'],
  'server.max_body': '1MB',
  'server.body_timeout': '5s',
  'server.max_event': '1MB',
  'server.ping_interval': '1s',
  'server.shutdown_delay': '1s',
  'server.drain_timeout': '1s',
  'server.workers': 3,
  'server.compression': 'always',
  'server.tls.cert': 'other.pem',
  'server.tls.key': 'other.key',
  'providers.*.kind': 'anthropic',
  'providers.*.dialect': 'anthropic-messages',
  'providers.*.base_url': 'http://127.0.0.1:2/v1',
  'providers.*.api_key': 'other',
  'providers.*.api_keys': ['one', 'other'],
  'providers.*.breaker.enabled': false,
  'providers.*.breaker.failures': 9,
  'providers.*.breaker.open_for': '1s',
  'providers.*.concurrency.max': 9,
  'providers.*.concurrency.min': 2,
  'providers.*.concurrency.queue': 9,
  'providers.*.concurrency.queue_timeout': '1s',
  'providers.*.tls.cert': 'other.pem',
  'providers.*.tls.key': 'other.key',
  'providers.*.tls.ca': 'authorities.pem',
  'providers.*.headers': { 'x-team': 'lab' },
  'providers.*.options': { region: 'somewhere' },
  'providers.*.models': { fast: 'qwen' },
  'providers.*.default_model': 'qwen',
  'providers.*.timeouts.connect': '1s',
  'providers.*.timeouts.first_byte': '1s',
  'providers.*.timeouts.idle': '1s',
  'providers.*.timeouts.silence': '1s',
  'providers.*.timeouts.min_throughput': 9,
  'providers.*.timeouts.throughput_window': '1s',
  'providers.*.transformers': ['clean_cache'],
  'providers.*.max_retries': 1,
  'providers.*.probe_every': '1s',
  'providers.*.forward_other_paths': false,
  'providers.*.forward_trace': true,
  'providers.*.forward_client_key': false,
  'providers.*.oauth.client_id': 'other',
  'providers.*.oauth.client_secret': 'other',
  'providers.*.oauth.refresh_token': 'other',
  'connections.keep_alive': '1s',
  'connections.max_idle': 9,
  'connections.max_unread': '1MB',
  'routing.default_provider': 'lab',
  'routing.fallback_chain': ['lab'],
  'routing.groups': { pool: 'lab/b' },
  'routing.session_affinity': false,
  'routing.agent_rules': { writer: 'lab' },
  'routing.model_tier_rules': { opus: 'lab' },
  'routing.scenarios.image': 'lab',
  'routing.scenarios.web_search': 'lab',
  'routing.scenarios.long_context': 'lab',
  'routing.scenarios.long_context_threshold': 9,
  'routing.scenarios.think': 'lab',
  'routing.scenarios.background': 'lab',
  'routing.model_mappings[].from': 'b',
  'routing.patterns[].match': ['b'],
  'routing.patterns[].threshold': 2,
  'routing.patterns[].priority': 2,
  'routing.patterns[].case_sensitive': true,
  'routing.infer_agents': { reviewer: ['you review'] },
  'routing.context_fallback': ['lab'],
  'routing.continue_streams': true,
  'routing.hedge_after': '2s',
  'routing.transformers': ['clean_cache'],
  'log.level': 'debug',
  'log.format': 'json',
  'audit.enabled': false,
  'audit.log_request_bodies': false,
  'audit.log_response_bodies': false,
  'audit.max_spill': '1MB',
  'audit.store': 'postgres://127.0.0.1/ledger',
  'audit.retention': null,
  'costs.budgets[].limit_usd': 2,
  'costs.budgets[].per': 'hour',
  'costs.budgets[].each': 'agent',
  'costs.budgets[].agent': 'reviewer',
  'costs.budgets[].project': 'web',
  'costs.budgets[].provider': 'lab',
  'costs.budgets[].model': 'a*',
  'redis.url': 'redis://127.0.0.1:2',
  'redis.prefix': 'lab:',
  'redis.timeout': '1s',
  'rate_limits[].requests': 2,
  'rate_limits[].tokens': 2,
  'rate_limits[].concurrent': 2,
  'rate_limits[].per': 'hour',
  'rate_limits[].each': 'agent',
  'rate_limits[].agent': 'reviewer',
  'rate_limits[].project': 'web',
  'rate_limits[].provider': 'lab',
  'rate_limits[].model': 'a*',
  'costs.pricing_overrides.*.input_per_million': 2,
  'costs.pricing_overrides.*.output_per_million': 2,
  'costs.pricing_overrides.*.cache_read_per_million': 2,
  'costs.pricing_overrides.*.cache_write_per_million': 2,
  'costs.pricing_overrides.*.cache_write_1h_per_million': 2,
  'costs.pricing_overrides.*.reasoning_per_million': 2,
  'costs.pricing_overrides.*.web_searches_per_thousand': 2,
  'costs.pricing_overrides.*.long_prompt.above': 2,
  'costs.pricing_overrides.*.long_prompt.input_per_million': 2,
  'costs.pricing_overrides.*.long_prompt.output_per_million': 2,
  'costs.pricing_overrides.*.long_prompt.cache_read_per_million': 2,
  'costs.pricing_overrides.*.long_prompt.cache_write_per_million': 2,
  'costs.pricing_overrides.*.long_prompt.cache_write_1h_per_million': 2,
  'costs.pricing_overrides.*.long_prompt.reasoning_per_million': 2,
};

/** What every rule may say, wherever it stands. */
const OTHER_IN_RULE: Record<string, unknown> = {
  to: 'lab/b',
  strategy: 'least_cost',
  continue_streams: true,
  hedge_after: '3s',
  context_fallback: ['lab/c'],
  transformers: ['clean_cache'],
};
OTHER['TARGET.target'] = 'lab/b';
OTHER['TARGET.weight'] = 2;
OTHER['PHRASE.phrase'] = 'b';
OTHER['PHRASE.weight'] = 2;
for (const place of ['RULE', 'routing.model_mappings[]', 'routing.patterns[]']) {
  for (const [key, value] of Object.entries(OTHER_IN_RULE)) OTHER[`${place}.${key}`] = value;
}

function resolved(raw: unknown): string {
  const { file } = parseConfig(raw);
  if (file === null) throw new Error('not a valid file');
  const { config } = resolveConfig(file, SOURCES);
  return JSON.stringify(config, (_, value) => (value instanceof RegExp ? value.source : value));
}

/** A copy of `raw` with `value` at `path`; `*` is the entry that BASE has. */
function withValue(raw: unknown, path: string[], value: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (Array.isArray(raw)) return [withValue(raw[0], path, value)];
  const section = isObject(raw) ? raw : {};
  return { ...section, [name]: withValue(section[name], rest, value) };
}

const KEYS = listSchemaKeys().filter((key) => !key.section);

test.each(KEYS.map((key) => key.path))('%s is read', (path) => {
  expect(Object.keys(OTHER)).toContain(path);
  const place = path
    .replace('RULE', 'routing.agent_rules.reviewer')
    .replace('TARGET', 'routing.model_mappings.to')
    .replace('PHRASE', 'routing.patterns.match')
    .replace('*', path.includes('.oauth.') ? 'user' : 'lab');
  const names = place.replace('[]', '').split('.');
  expect(resolved(withValue(BASE, names, OTHER[path]))).not.toBe(resolved(BASE));
});
