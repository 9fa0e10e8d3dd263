// The configuration as the gateway reads it: validated, secrets resolved, units as numbers, kinds looked up.
import type { Quirks } from '../dialects/quirks.ts';
import type { CalendarPeriod } from '../model/calendar-period.ts';
import type {
  ProviderKind,
  TablePrices,
  TimedPrices,
  SocketAddress,
  WeekendPrices,
} from '../providers/kind.ts';
import type { Transformer } from '../transformers/transformer.ts';
import type { TransformerModule } from '../transformers/user-module.ts';
import type { EachName, RatePeriod } from './schema.ts';
import type { STRATEGIES } from './routing-schema.ts';
import type { NamePatterns } from '../model/request-names.ts';
import type { TierPrices } from '../model/usage.ts';

export type { AuthorizationScheme } from '../providers/kind.ts';

/** How many processes may serve at most; more would be a typing error. */
export const MAX_WORKERS = 256;

export interface ResolvedConfig {
  server: ServerConfig;
  /** Enabled providers, in configuration order. */
  providers: ProviderConfig[];
  /** Providers that cannot start, and why. */
  disabled: { name: string; reason: string }[];
  connections: ConnectionsConfig;
  routing: RoutingConfig;
  audit: AuditConfig;
  log: LogConfig;
  costs: CostsConfig;
  rateLimits: RateLimit[];
  /** Null: this gateway counts `rateLimits` alone. */
  redis: RedisConfig | null;
  transformers: TransformersConfig;
  /** Those that `file:PATH` names, filled in by the loader of the configuration; what they hold is in the other sections. */
  secretFiles: SecretFile[];
}

export interface SecretFile {
  /** Absolute. */
  path: string;
  /** Identifies its state when it was read; undefined if there was none. */
  stamp: string | undefined;
}

/** What all transformers need, wherever they are configured. */
export interface TransformersConfig {
  /** Secrets in their options, to be redacted everywhere. */
  secrets: string[];
  /** Transformers in files, whose code is loaded by the loader of the configuration. */
  modules: TransformerModule[];
}

interface LogConfig {
  level: 'debug' | 'info' | 'warn' | 'error';
  format: 'text' | 'json';
}

export interface ServerConfig {
  host: string;
  port: number;
  /** Keys that clients must present, the operator's first; empty: no key needed, loopback only. */
  keys: string[];
  /** For each key that is not the operator's, the project whose requests carry it. */
  projectOfKey: ReadonlyMap<string, string>;
  /** Origins of web pages and extensions, as browsers send them; `*`: all. */
  allowedOrigins: string[];
  /** Bytes. */
  maxBody: number;
  /** Longest pause between two pieces of a request's body. */
  bodyTimeoutMs: number;
  /** Longest event of an upstream stream, bytes. */
  maxEvent: number;
  pingIntervalMs: number;
  shutdownDelayMs: number;
  drainTimeoutMs: number;
  /** Processes that serve; `all`: one per core. */
  workers: number | 'all';
  /** `auto`: only for clients on other machines. */
  compression: 'auto' | 'always' | 'off';
  /** Null: plain HTTP. */
  tls: TlsConfig | null;
}

/** How the server proves to its clients who it is. */
export interface TlsConfig {
  /** PEM: its certificate, then those that sign it. */
  cert: string;
  /** PEM. */
  key: string;
  /** Absolute paths of what they were read from. */
  files: { cert: string; key: string };
  /** The host names, and addresses as URLs write them, for which the certificate is valid. */
  names: string[];
  /** Whether the last certificate signs itself, so that no system trusts it unless told to. */
  isPrivate: boolean;
  /** Unix milliseconds. */
  validUntil: number;
  /** Identifies the state of the files when they were read. */
  stamp: string;
}

/** How this gateway proves to a provider's server who asks, and which authorities it trusts. */
export interface ProviderTls {
  /** PEM: the certificate to show, then those that sign it; null: none is shown. */
  cert: string | null;
  /** PEM; null where `cert` is. */
  key: string | null;
  /** PEM: the authorities that are trusted; null: the system's. */
  ca: string | null;
  /** Absolute paths of what they were read from. */
  files: Partial<Record<'cert' | 'key' | 'ca', string>>;
  /** Identifies the state of the files when they were read. */
  stamp: string;
  /** Equal only for the same files in the same state. */
  id: string;
}

/** Connections to providers. */
interface ConnectionsConfig {
  /** How long an idle connection is kept; 0: not at all. */
  keepAliveMs: number;
  /** How many idle connections are kept for each server. */
  maxIdle: number;
  /** Bytes of an answer that may wait for its reader before its server is held back. */
  maxUnread: number;
}

export interface ProviderTimeouts {
  connectMs: number;
  firstByteMs: number;
  idleMs: number;
  /** Longest silence, without even a keep-alive, of a provider that sends keep-alives. */
  silenceMs: number;
  /** Least rate of a stream that has begun, measured over the window; null: any. */
  minBytesPerSecond: number | null;
  throughputWindowMs: number;
}

/** What is known of a provider's prices. */
export interface ProviderPricing {
  /** Provider id in the price table; null if prices are unknown. */
  priceId: string | null;
  /** Vendors in the price table whose prices also apply here, to their own models. */
  resells: readonly string[];
  /** Models whose tokens cost `times` the table's price, or an unknown one; null: there are none. */
  dearer: { models: RegExp; times: number | null } | null;
  /** What service tiers cost; a tier that is missing here costs what the table says. */
  tiers: TierPrices;
  /** The cost that its answers state is what it bills. */
  billsItself: boolean;
  /** Audio that the table does not price separately costs what text costs. */
  audioAtTextPrice: boolean;
  /** In seconds: shorter audio that is billed by length costs as much as this. */
  leastAudioSeconds: number;
  /** The table's price of searches does not apply to this provider. */
  searchesUnpriced: boolean;
  weekends: WeekendPrices | null;
  /** Prices of models that are missing from the table. */
  newerPrices: Readonly<Record<string, TablePrices | TimedPrices[]>>;
  /** Models that are unpriced, whatever the table says. */
  wrongPrices: RegExp | null;
}

/** What a provider may inherit from its kind. */
type FromKind = Pick<
  ProviderKind,
  | 'kind'
  | 'dialect'
  | 'isGateway'
  | 'basePaths'
  | 'alsoSpeaks'
  | 'alsoTakes'
  | 'translatesTo'
  | 'partnerModels'
  | 'authorization'
  | 'modelPatterns'
  | 'otherNames'
>;

export interface ProviderConfig extends ProviderPricing, FromKind {
  name: string;
  /** As given to the vendor's SDK, without a trailing slash. */
  baseUrl: string;
  /** Path and query in place of the dialect's own, with `{model}` and `{method}` still to fill in. */
  endpoint?: string;
  /** Where its conversations over a WebSocket go, if it has an `endpoint`. */
  socket?: SocketAddress;
  options?: Record<string, string>;
  /** The header that carries the key, instead of the dialect's. */
  keyHeader?: string;
  /** Base URL for listing its models, if not `baseUrl`. */
  modelsBaseUrl?: string;
  /** Further addresses, in the order in which they are tried after `baseUrl`. */
  otherBaseUrls?: readonly string[];
  oauth?: OAuthUser;
  tls?: ProviderTls;
  /** The first of `apiKeys`; null if there is none. */
  apiKey: string | null;
  /** In the order in which they were configured. */
  apiKeys: readonly string[];
  /** The vendor requires a key and none is configured, so it is useful only to clients that send their own. */
  lacksKey: boolean;
  /** Whether a client's own key may go to this provider when it speaks the provider's dialect. */
  forwardClientKey: boolean;
  /** Whether it gets requests that only a provider itself can answer. */
  forwardOtherPaths: boolean;
  /** Whether the trace of a request is passed on to it. */
  forwardTrace: boolean;
  /** Keyed by names in lower case. */
  headers: Record<string, string>;
  /** Client-side model name → the provider's. */
  models: Record<string, string>;
  defaultModel: string | null;
  quirks: Quirks;
  /** In the order in which they apply to requests; answers in reverse. */
  transformers: readonly Transformer[];
  timeouts: ProviderTimeouts;
  maxRetries: number;
  /** Interval between probes; null: none. */
  probeEveryMs: number | null;
  /** Null: none. */
  breaker: { failures: number; openForMs: number } | null;
  /** `max` null: no limit. */
  concurrency: { max: number | null; min: number; queue: number; queueTimeoutMs: number };
}

/** An OAuth client of the user's own, with the user's consent. */
export interface OAuthUser {
  clientId: string;
  clientSecret: string;
  refreshToken: string;
}

export interface RoutingConfig {
  /** Null: the provider whose patterns know the model, else the first. */
  defaultProvider: string | null;
  /** Targets tried, in order, after the first has failed. */
  fallbackChain: string[];
  policy: PolicyConfig;
  /** Whether a conversation stays with the target that serves it. */
  sessionAffinity: boolean;
  agentRules: Record<string, RuleConfig>;
  modelMappings: { from: string; rule: RuleConfig }[];
  modelTierRules: Record<string, RuleConfig>;
  scenarios: ScenarioConfig;
  patterns: PatternConfig[];
  /** Phrases in an agent's system prompt; `agent` is the name of its rule. */
  inferredAgents: { agent: string; phrases: PhraseConfig[] }[];
}

export type Strategy = (typeof STRATEGIES)[number];

export interface RuleConfig {
  /** Describes for people where it is configured, what must match, and where it leads. */
  text: string;
  /** At least one, each of an enabled provider, none twice. */
  targets: WeightedTarget[];
  strategy: Strategy;
  policy: PolicyConfig;
}

export interface WeightedTarget {
  /** `provider` or `provider/model`. */
  target: string;
  weight: number;
}

/** Null: no rule. */
interface ScenarioConfig extends Record<Scenario, RuleConfig | null> {
  /** In tokens. */
  longContextThreshold: number;
}

export type Scenario = 'image' | 'web_search' | 'long_context' | 'think' | 'background';

export interface PatternConfig {
  phrases: PhraseConfig[];
  /** Least total weight of the phrases found. */
  threshold: number;
  priority: number;
  caseSensitive: boolean;
  rule: RuleConfig;
}

export interface PhraseConfig {
  /** Words, or `/regular expression/flags`. */
  phrase: string;
  weight: number;
}

/** How a request is handled, apart from its targets; a rule may have its own policy. */
export interface PolicyConfig {
  /** Continue with the next target after a failure in mid-stream. */
  continueStreams: boolean;
  /** The next target is started if the first has sent nothing by then; null: never. */
  hedgeAfterMs: number | null;
  /** Targets tried when the prompt is too long for the model. */
  contextFallback: string[];
  /** Steps that precede those of the provider. */
  transformers: readonly Transformer[];
}

interface AuditConfig {
  enabled: boolean;
  logRequestBodies: boolean;
  logResponseBodies: boolean;
  /** Rows older than this are deleted; null keeps all. */
  retentionMs: number | null;
  /** `EMBEDDED_STORE`, or the address of a PostgreSQL database with its credentials. */
  store: string;
  /** How many bytes of rows may wait on disk for the store. */
  maxSpill: number;
}

export interface CostsConfig {
  /** `provider/model` glob → USD per million tokens. */
  pricingOverrides: { pattern: string; price: PriceOverride }[];
  budgets: Budget[];
}

/** What requests whose names match all of these globs may cost together in a period; null: any name. */
export interface Budget extends NamePatterns {
  limitUsd: number;
  per: CalendarPeriod;
  /** The kind of name that has the whole limit for each value; null: all share it. */
  each: EachName | null;
}

export const RATE_LIMIT_KINDS = ['requests', 'tokens', 'concurrent'] as const;
export type RateLimitKind = (typeof RATE_LIMIT_KINDS)[number];

/** How many requests or tokens may pass in a period, or how many requests may run at once. */
export interface RateLimit extends NamePatterns {
  kind: RateLimitKind;
  most: number;
  /** Null for `concurrent` alone. */
  per: RatePeriod | null;
  /** As for a budget. */
  each: EachName | null;
}

/** The server over which several gateways count `rateLimits` together. */
export interface RedisConfig {
  /** `redis://` or `rediss://`, with its credentials. */
  url: string;
  /** The beginning of its keys. */
  prefix: string;
  /** Longest wait of a request. */
  timeoutMs: number;
}

/** USD per million tokens. */
export interface TokenPrices {
  inputPerMillion: number;
  /** For output that is not reasoning. */
  outputPerMillion: number;
  cacheReadPerMillion: number;
  /** For cache entries kept for less than an hour. */
  cacheWritePerMillion: number;
  cacheWrite1hPerMillion: number;
  reasoningPerMillion: number;
}

export interface PriceOverride extends TokenPrices {
  /** USD per thousand searches that the provider runs. */
  webSearchesPerThousand: number;
  /** The prices of all tokens if the prompt has more than `above`; null: always the same. */
  longPrompt: (TokenPrices & { above: number }) | null;
}
