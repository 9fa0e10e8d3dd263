// A valid file and the environment → the configuration that the gateway runs on.
import { PLACEHOLDER_KEY } from '../model/placeholder-key.ts';
import type { ProviderKind } from '../providers/kind.ts';
import { PROVIDER_KINDS } from '../providers/kinds.ts';
import { resolveStore } from './audit-store.ts';
import { parseConfig } from './parse.ts';
import type { ConfigProblem } from './problem.ts';
import { resolveCosts } from './resolve-costs.ts';
import { isBuiltIn, resolveProvider } from './resolve-provider.ts';
import { resolveRateLimits } from './resolve-rate-limits.ts';
import { resolveRedis } from './resolve-redis.ts';
import { namesInRouting, resolveRouting } from './resolve-routing.ts';
import { type ResolveSources, resolveServer } from './resolve-server.ts';
import type { ProviderConfig, ResolvedConfig, TransformersConfig } from './resolved.ts';
import type { ConfigFile, ProviderEntry } from './schema.ts';
import type { SecretSources } from './secrets.ts';

export interface Resolution {
  /** Must not be served if a problem is fatal. */
  config: ResolvedConfig;
  problems: ConfigProblem[];
}

/**
 * Providers are those of the file in its order, then each known kind whose key is in the environment, then the built-in ones. `file`: the
 * result of parseConfig; without a file, its result for null.
 */
export function resolveConfig(file: ConfigFile, sources: ResolveSources): Resolution {
  const problems: ConfigProblem[] = [];
  const server = resolveServer(file, sources, problems);
  const transformers: TransformersConfig = { secrets: [], modules: [] };
  const { providers, disabled } = resolveProviders(file, sources, transformers, problems);
  const routing = resolveRouting(file, { providers, disabled, problems, sources, transformers });
  const { audit } = file;
  const config: ResolvedConfig = {
    server,
    providers,
    disabled,
    connections: {
      keepAliveMs: file.connections.keep_alive,
      maxIdle: file.connections.max_idle,
      maxUnread: file.connections.max_unread,
    },
    routing,
    audit: {
      enabled: audit.enabled,
      logRequestBodies: audit.log_request_bodies,
      logResponseBodies: audit.log_response_bodies,
      retentionMs: audit.retention,
      store: resolveStore(audit.store, sources, problems),
      maxSpill: audit.max_spill,
    },
    log: file.log,
    costs: resolveCosts(file, providers, problems),
    rateLimits: resolveRateLimits(file, providers, problems),
    redis: resolveRedis(file, sources, problems),
    transformers,
    secretFiles: [],
  };
  return { config, problems };
}

function resolveProviders(
  file: ConfigFile,
  sources: ResolveSources,
  transformers: TransformersConfig,
  problems: ConfigProblem[],
): Pick<ResolvedConfig, 'providers' | 'disabled'> {
  const clientKeys = file.server.keys.length === 0;
  const providers: ProviderConfig[] = [];
  const disabled: ResolvedConfig['disabled'] = dormantKinds(file, sources);
  for (const [name, entry] of entriesOf(file, sources)) {
    const resolution = resolveProvider(name, entry, sources, clientKeys, transformers);
    problems.push(...resolution.problems);
    if (resolution.provider !== undefined) providers.push(resolution.provider);
    if (resolution.reason !== undefined) disabled.push({ name, reason: resolution.reason });
  }
  return { providers, disabled };
}

/** Known kinds that routing names, although neither the file nor a key in the environment enables them. */
function dormantKinds(file: ConfigFile, sources: SecretSources): ResolvedConfig['disabled'] {
  const named = namesInRouting(file.routing);
  return PROVIDER_KINDS.filter((row) => {
    const present = Object.hasOwn(file.providers, row.kind) || isBuiltIn(row) || isCalled(row, sources);
    return named.includes(row.kind) && !present;
  }).map((row) => {
    const variable = enablingVariable(row);
    const unset = variable === null ? '' : `environment variable ${variable} is not set, and `;
    return { name: row.kind, reason: `${unset}providers.${row.kind} is not configured` };
  });
}

/** The environment variable that, when set, enables a provider which the file does not configure. */
function enablingVariable({ keyVariable, baseUrlVariable, dormant }: ProviderKind): string | null {
  return dormant ? null : (keyVariable ?? baseUrlVariable ?? null);
}

function isCalled(row: ProviderKind, { environment }: SecretSources): boolean {
  const variable = enablingVariable(row);
  if (variable === null) return false;
  const values = [variable, ...(row.otherKeyVariables ?? [])].map((name) => environment[name]);
  // Clients of the gateway are given the placeholder in the same variables.
  return values.some((value) => value && value !== PLACEHOLDER_KEY);
}

function entriesOf(file: ConfigFile, sources: SecretSources): [string, ProviderEntry][] {
  const kinds = PROVIDER_KINDS.filter((row) => !Object.hasOwn(file.providers, row.kind));
  const keyed = kinds.filter((row) => isCalled(row, sources));
  const joining = Object.fromEntries([...keyed, ...kinds.filter(isBuiltIn)].map((row) => [row.kind, {}]));
  const defaults = parseConfig({ providers: joining }).file?.providers ?? {};
  return [...Object.entries(file.providers), ...Object.entries(defaults)];
}
