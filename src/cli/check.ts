// `sluice check`: what the configuration means, without serving it.
import { EMBEDDED_STORE, secretsOfStore } from '../config/audit-store.ts';
import type { LoadedConfig } from '../config/load.ts';
import { formatKeyPath } from '../config/problem.ts';
import { redisPlace, secretsOfRedis } from '../config/resolve-redis.ts';
import type { AuthorizationScheme, ProviderConfig, RedisConfig, ResolvedConfig } from '../config/resolved.ts';
import { formatBudget } from '../ledger/budgets/format-budget.ts';
import { formatLimit } from '../limits/format-limit.ts';
import { secretsOfConfig } from '../gateway/setup.ts';
import { localTime } from '../model/local-time.ts';
import { PLACEHOLDER_KEY } from '../model/placeholder-key.ts';
import { createRedactor } from '../model/redact/redact.ts';
import { describeRules, noKeyFor } from '../routing/describe.ts';
import { formatHost } from '../server/listen.ts';
import { retireModules } from '../server/load-modules.ts';
import type { Command } from './command.ts';
import { CONFIG_FLAG } from './config-flag.ts';
import { describeProblems, loadOptions } from './config-flags.ts';
import { columns, counted } from './help.ts';
import { typable } from './hints.ts';
import { loadWithCode } from './serve/load-with-code.ts';

export const checkCommand: Command = {
  name: 'check',
  summary:
    'Check the configuration and print the providers and routes it resolves to; exit code 1 if it is invalid.',
  flags: { config: CONFIG_FLAG, json: { summary: 'Print JSON.' } },
  examples: [
    ['check --config team.yaml', 'Whether a gateway would take it, and what it would do.'],
    ['check --json', 'The same for a script: each problem with its key and line.'],
  ],
  async run(input, context) {
    const loaded = await loadWithCode(loadOptions(input, context));
    if (loaded.config !== null) retireModules(loaded.config);
    const problems = describeProblems(loaded);
    // A key may have been written where a model belongs.
    const redact = createRedactor(loaded.config === null ? [] : secretKeys(loaded.config));
    const code = problems.some(({ fails }) => fails) ? 1 : 0;
    if (input.flags.json) {
      context.out(redact(JSON.stringify(await asJson(loaded, code === 0), null, 2)));
      return code;
    }
    context.out(`configuration: ${loaded.path ?? 'no file; defaults and environment'}`);
    if (loaded.config !== null) {
      for (const line of describeConfig(loaded.config))
        context.out(redact(typable(line, context.environment)));
      for (const line of describeShared(await examineShared(loaded.config))) context.out(line);
    }
    for (const { line } of problems) context.err(line);
    if (code === 0) context.out('the configuration is valid');
    return code;
  },
};

/** The content of the lines for programs; only the problems where the configuration is not valid. */
async function asJson({ path, config, problems }: LoadedConfig, isValid: boolean): Promise<object> {
  return {
    configuration: path,
    is_valid: isValid,
    problems: problems.map(({ severity, path: key, line, message }) => ({
      severity: severity === 'warning' ? 'warning' : 'error',
      key: key.length === 0 ? null : formatKeyPath(key),
      line: line ?? null,
      message,
    })),
    ...(config !== null && {
      host: config.server.host,
      port: config.server.port,
      keys: config.server.keys.length - config.server.projectOfKey.size,
      projects: [...new Set(config.server.projectOfKey.values())],
      providers: config.providers.map((provider) => ({
        name: provider.name,
        dialects: dialectsOf(provider),
        base_url: provider.baseUrl,
        keys: provider.apiKeys.length,
      })),
      disabled: config.disabled.map(({ name, reason }) => ({ name, reason })),
      routes: routesOf(config).map(([asks, leads]) => ({ asks, leads })),
      budgets: config.costs.budgets.map(formatBudget),
      rate_limits: config.rateLimits.map(formatLimit),
    }),
    ...(config !== null && (await examineShared(config))),
  };
}

/** The servers that gateways share, null where there is none, and why one cannot be used, which does not make a configuration invalid. */
interface Shared {
  postgres: { place: string | null; failure: string | null } | null;
  redis: { place: string; prefix: string; failure: string | null } | null;
}

async function examineShared({ audit, redis }: ResolvedConfig): Promise<Shared> {
  return {
    postgres: audit.enabled && audit.store !== EMBEDDED_STORE ? await examineDatabase(audit.store) : null,
    redis: redis && (await examineRedis(redis)),
  };
}

async function examineDatabase(store: string): Promise<Shared['postgres']> {
  const { examinePostgres } = await import('../ledger/postgres/examine.ts');
  const { place, failure } = await examinePostgres(store);
  const redact = createRedactor(secretsOfStore(store));
  return { place, failure: failure === null ? null : redact.ofFailure(failure) };
}

async function examineRedis(redis: RedisConfig): Promise<Shared['redis']> {
  const { tryRemoteCount } = await import('../server/redis/remote-count.ts');
  const { ok, lastError } = await tryRemoteCount(redis);
  const failure = ok ? null : createRedactor(secretsOfRedis(redis)).ofFailure(lastError ?? '');
  return { place: redisPlace(redis), prefix: redis.prefix, failure };
}

function describeShared({ postgres, redis }: Shared): string[] {
  const lines: string[] = [];
  if (postgres?.failure === null) lines.push(`ledger: PostgreSQL at ${postgres.place}, takes rows`);
  else if (postgres !== null) lines.push(`ledger: takes no rows: ${postgres.failure}`);
  if (redis === null) return lines;
  const { place, prefix, failure } = redis;
  const answers = failure === null ? 'answers' : `does not answer: ${failure}`;
  return [...lines, `redis: ${place}, keys ${prefix}*, ${answers}`];
}

/** Returns for example `, and 3 of projects: web, data`. */
function projectKeys({ projectOfKey }: ResolvedConfig['server']): string {
  if (projectOfKey.size === 0) return '';
  return `, and ${projectOfKey.size} of projects: ${[...new Set(projectOfKey.values())].join(', ')}`;
}

/** Excludes words that stand in for a key where any key will do, such as `ollama` for Ollama: they also occur in names. */
function secretKeys(config: ResolvedConfig): string[] {
  const words = config.providers.flatMap((provider) => [
    provider.name,
    provider.kind,
    ...(dialectsOf(provider) ?? []),
  ]);
  return secretsOfConfig(config).filter(
    (secret) => ![PLACEHOLDER_KEY, ...words].some((word) => word.includes(secret)),
  );
}

function describeConfig(config: ResolvedConfig): string[] {
  const { server, providers, disabled, costs, rateLimits } = config;
  const keys =
    server.keys.length === 0
      ? 'no key required, loopback only'
      : `${counted(server.keys.length - server.projectOfKey.size, 'key')} accepted${projectKeys(server)}`;
  return [
    `address: ${formatHost(server.host)}:${server.port} (${keys})`,
    ...describeTls(server),
    'providers:',
    ...columns(
      providers.map((provider) => [
        provider.name,
        `${dialectsOf(provider)?.join(', ') ?? 'every dialect'}, ${provider.baseUrl}, ${describeKeys(provider)}`,
      ]),
    ),
    ...(disabled.length === 0
      ? []
      : ['disabled:', ...columns(disabled.map(({ name, reason }) => [name, reason]))]),
    'routes:',
    ...columns(routesOf(config)),
    ...(costs.budgets.length === 0
      ? []
      : ['budgets:', ...costs.budgets.map((budget) => `  ${formatBudget(budget)}`)]),
    ...(rateLimits.length === 0
      ? []
      : ['rate limits:', ...rateLimits.map((limit) => `  ${formatLimit(limit)}`)]),
  ];
}

/** What a request asks for, and where that leads. */
function routesOf({ providers, routing }: ResolvedConfig): (readonly [asks: string, leads: string])[] {
  return [
    ...providers.flatMap(({ name, models }) =>
      Object.entries(models).map(([alias, model]) => [`${name}/${alias}`, `${name}/${model}`] as const),
    ),
    ...providers.map(({ name }) => [`${name}/MODEL`, `${name}, MODEL as asked`] as const),
    ...providers.flatMap(({ name, defaultModel }) =>
      defaultModel === null
        ? []
        : [[`a rule to ${name} alone`, `${name}/${defaultModel} where MODEL is not its own`] as const],
    ),
    ...describeRules(routing).map(({ asks, leads }) => [asks, leads] as const),
    ['MODEL', describeDefault(providers, routing)],
    ...(routing.fallbackChain.length === 0
      ? []
      : [['after a failure', routing.fallbackChain.join(', then ')] as const]),
    ...(routing.policy.contextFallback.length === 0
      ? []
      : [['a prompt too long', routing.policy.contextFallback.join(', then ')] as const]),
    ...providers.flatMap(({ name, lacksKey }) =>
      lacksKey ? [[`${name} behind another`, `skipped: ${noKeyFor(name)}`] as const] : [],
    ),
  ];
}

/** Null means every dialect. */
function dialectsOf({ dialect, alsoSpeaks = [], partnerModels = [] }: ProviderConfig): string[] | null {
  if (dialect === 'any') return null;
  return [dialect, ...alsoSpeaks, ...partnerModels.map((row) => row.dialect)];
}

/** How requests are authorized where there is no key. */
const AUTHORIZED_WITH: Record<AuthorizationScheme, string> = {
  'aws-signature': 'signed with AWS credentials',
  'google-default-credentials': 'with Google’s application default credentials',
  'google-user': 'with the user’s OAuth client',
};

function describeKeys({ apiKeys, authorization }: ProviderConfig): string {
  if (apiKeys.length > 1) return `${apiKeys.length} keys set`;
  if (apiKeys.length === 1) return 'key set';
  return authorization === undefined ? 'no key' : AUTHORIZED_WITH[authorization];
}

function describeTls({ tls }: ResolvedConfig['server']): string[] {
  if (tls === null) return [];
  const names = tls.names.length === 0 ? 'no name' : tls.names.join(', ');
  return [`TLS: ${tls.files.cert}, for ${names}, until ${localTime(tls.validUntil)}`];
}

function describeDefault(
  providers: ResolvedConfig['providers'],
  { defaultProvider: wanted, fallbackChain: [next] }: ResolvedConfig['routing'],
): string {
  if (wanted === null) return `the provider that knows MODEL, else ${providers[0]?.name ?? 'none'}`;
  if (providers.some(({ name }) => name === wanted)) return wanted;
  return next === undefined ? `nowhere: ${wanted} is disabled` : `${next}, as ${wanted} is disabled`;
}
