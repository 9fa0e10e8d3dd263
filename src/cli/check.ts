// `sluice check`: what the configuration amounts to, without serving it.
import { EMBEDDED_STORE, secretsOfStore } from '../config/audit-store.ts';
import { redisPlace, secretsOfRedis } from '../config/resolve-redis.ts';
import type { AuthorizationScheme, ProviderConfig, RedisConfig, ResolvedConfig } from '../config/resolved.ts';
import { formatBudget } from '../ledger/budgets/format-budget.ts';
import { formatLimit } from '../limits/format-limit.ts';
import { localTime } from '../model/local-time.ts';
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
  flags: { config: CONFIG_FLAG },
  examples: [['check --config team.yaml', 'Whether a gateway would take it, and what it would do.']],
  async run(input, context) {
    const loaded = await loadWithCode(loadOptions(input, context));
    if (loaded.config !== null) retireModules(loaded.config);
    context.out(`configuration: ${loaded.path ?? 'no file; defaults and environment'}`);
    if (loaded.config !== null)
      for (const line of describeConfig(loaded.config)) context.out(typable(line, context.environment));
    if (loaded.config?.audit.enabled && loaded.config.audit.store !== EMBEDDED_STORE)
      context.out(await describeDatabase(loaded.config.audit.store));
    if (loaded.config?.redis) context.out(await describeRedis(loaded.config.redis));
    const problems = describeProblems(loaded);
    for (const { line } of problems) context.err(line);
    if (problems.some(({ fails }) => fails)) return 1;
    context.out('the configuration is valid');
    return 0;
  },
};

/** Where the ledger is, and whether that can take rows; one that cannot makes no configuration invalid. */
async function describeDatabase(store: string): Promise<string> {
  const { examinePostgres } = await import('../ledger/postgres/examine.ts');
  const { place, failure } = await examinePostgres(store);
  if (failure === null) return `ledger: PostgreSQL at ${place}, takes rows`;
  return `ledger: takes no rows: ${createRedactor(secretsOfStore(store)).ofFailure(failure)}`;
}

/** Where rate limits are counted, and whether that answers; one that does not makes no configuration invalid. */
async function describeRedis(redis: RedisConfig): Promise<string> {
  const { tryRemoteCount } = await import('../server/redis/remote-count.ts');
  const { ok, lastError } = await tryRemoteCount(redis);
  const where = `redis: ${redisPlace(redis)}, keys ${redis.prefix}*`;
  if (ok) return `${where}, answers`;
  return `${where}, does not answer: ${createRedactor(secretsOfRedis(redis)).ofFailure(lastError ?? '')}`;
}

/** For example `, and 3 of projects: web, data`. */
function projectKeys({ projectOfKey }: ResolvedConfig['server']): string {
  if (projectOfKey.size === 0) return '';
  return `, and ${projectOfKey.size} of projects: ${[...new Set(projectOfKey.values())].join(', ')}`;
}

function describeConfig({
  server,
  providers,
  disabled,
  routing,
  costs,
  rateLimits,
}: ResolvedConfig): string[] {
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
        `${dialectsOf(provider)}, ${provider.baseUrl}, ${describeKeys(provider)}`,
      ]),
    ),
    ...(disabled.length === 0
      ? []
      : ['disabled:', ...columns(disabled.map(({ name, reason }) => [name, reason]))]),
    'routes:',
    ...columns([
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
    ]),
    ...(costs.budgets.length === 0
      ? []
      : ['budgets:', ...costs.budgets.map((budget) => `  ${formatBudget(budget)}`)]),
    ...(rateLimits.length === 0
      ? []
      : ['rate limits:', ...rateLimits.map((limit) => `  ${formatLimit(limit)}`)]),
  ];
}

function dialectsOf({ dialect, alsoSpeaks = [], partnerModels = [] }: ProviderConfig): string {
  if (dialect === 'any') return 'every dialect';
  return [dialect, ...alsoSpeaks, ...partnerModels.map((row) => row.dialect)].join(', ');
}

/** Where there is no key, what its requests are authorized with. */
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
