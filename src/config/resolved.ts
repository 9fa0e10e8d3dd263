// The configuration as the gateway reads it: validated, secrets resolved, units as numbers, kinds looked up.
import type { Quirks } from '../dialects/dialect.ts';
import type { CalendarPeriod } from '../model/calendar-period.ts';
import type { DialectId, ProviderDialectId } from '../model/dialect-id.ts';
import type {
  AuthorizationScheme,
  TablePrices,
  TimedPrices,
  TranslatesTo,
  WeekendPrices,
} from '../providers/kind.ts';
import type { Transformer } from '../transformers/transformer.ts';
import type { TransformerModule } from '../transformers/user-module.ts';
import type { BudgetEach } from './schema.ts';
import type { STRATEGIES } from './routing-schema.ts';
import type { TierPrices } from '../model/usage.ts';

export type { AuthorizationScheme } from '../providers/kind.ts';

/** Most processes that may serve: more are a slip of the finger. */
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
  transformers: TransformersConfig;
}

/** Of all the transformers together, wherever they stand. */
export interface TransformersConfig {
  /** What of their options must show nowhere. */
  secrets: string[];
  /** Those that are files: whoever loads the configuration brings in their code. */
  modules: TransformerModule[];
}

export interface LogConfig {
  level: 'debug' | 'info' | 'warn' | 'error';
  format: 'text' | 'json';
}

export interface ServerConfig {
  host: string;
  port: number;
  /** Keys that clients must present, the operator's first; empty: no key asked, loopback only. */
  keys: string[];
  /** Of those that are not the operator's, the project whose requests come with them. */
  projectOfKey: ReadonlyMap<string, string>;
  /** Of web pages and extensions, as browsers send them; `*`: all. */
  allowedOrigins: string[];
  /** Bytes. */
  maxBody: number;
  /** Between two pieces of a request's body. */
  bodyTimeoutMs: number;
  /** Longest event of an upstream stream, bytes. */
  maxEvent: number;
  pingIntervalMs: number;
  drainTimeoutMs: number;
  /** Processes that serve; `all`: one per core. */
  workers: number | 'all';
  /** `auto`: for clients on other machines. */
  compression: 'auto' | 'always' | 'off';
}

/** To providers. */
export interface ConnectionsConfig {
  /** How long one is kept that nobody uses; 0: not at all. */
  keepAliveMs: number;
  /** Most that are kept without use, for each server. */
  maxIdle: number;
  /** Bytes of an answer that may wait for its reader before its server is held back. */
  maxUnread: number;
}

export interface ProviderTimeouts {
  connectMs: number;
  firstByteMs: number;
  idleMs: number;
  /** Of a stream that has begun, over the window; null: any. */
  minBytesPerSecond: number | null;
  throughputWindowMs: number;
}

export interface ProviderConfig {
  name: string;
  kind: string;
  /** `any`: speaks whatever the client speaks (the simulator). */
  dialect: ProviderDialectId | 'any';
  /** Spoken besides, with clients that speak it themselves. */
  alsoSpeaks?: readonly DialectId[];
  /** With clients of other dialects than these, for some models. */
  translatesTo?: TranslatesTo;
  /** As the vendor's SDK takes it, no trailing slash. */
  baseUrl: string;
  /** Path and query in place of the dialect's own, with `{model}` and `{method}` still to fill in. */
  endpoint?: string;
  options?: Record<string, string>;
  /** The header of the key, in place of the dialect's. */
  keyHeader?: string;
  /** Where its models are listed, if not at `baseUrl`. */
  modelsBaseUrl?: string;
  /** Further addresses, in the order in which they are tried after `baseUrl`. */
  otherBaseUrls?: readonly string[];
  oauth?: OAuthUser;
  /** How requests without a key are authorized. */
  authorization?: AuthorizationScheme;
  /** The first of `apiKeys`, null where there is none. */
  apiKey: string | null;
  /** In the order in which they were configured. */
  apiKeys: readonly string[];
  /** Has no key for a vendor that asks for one: of use only to clients who bring theirs. */
  lacksKey: boolean;
  /** Whether a client's own key may go to this provider when it speaks the provider's dialect. */
  forwardClientKey: boolean;
  /** Whether it is told which trace a request belongs to. */
  forwardTrace: boolean;
  /** By names in lower case. */
  headers: Record<string, string>;
  /** Client-side model name → the provider's. */
  models: Record<string, string>;
  defaultModel: string | null;
  /** Names of models that this kind is known to serve. */
  modelPatterns: RegExp[];
  /** Provider id in the price table, null where prices are unknown. */
  priceId: string | null;
  /** Vendors in it whose prices hold here for their own models. */
  resells: readonly string[];
  /** Models whose tokens cost so many times what the table says, where there are any. */
  dearer: { models: RegExp; times: number } | null;
  /** What service tiers cost; those that are not here cost what the table says. */
  tiers: TierPrices;
  /** What its answers state as their cost is its bill. */
  billsItself: boolean;
  /** Audio without a price of its own in the table costs what text costs. */
  audioAtTextPrice: boolean;
  /** The table's price of searches is not this provider's. */
  searchesUnpriced: boolean;
  weekends: WeekendPrices | null;
  /** Of models that the table does not have. */
  newerPrices: Readonly<Record<string, TablePrices | TimedPrices[]>>;
  /** Models that are unpriced, whatever the table says. */
  wrongPrices: RegExp | null;
  quirks: Quirks;
  /** In the order in which they apply to requests; to answers the other way round. */
  transformers: readonly Transformer[];
  timeouts: ProviderTimeouts;
  maxRetries: number;
  /** Between two looks whether it is there; null: none. */
  probeEveryMs: number | null;
  /** Null: none. */
  breaker: { failures: number; openForMs: number } | null;
  /** `max` null: no limit. */
  concurrency: { max: number | null; min: number; queue: number; queueTimeoutMs: number };
}

/** An OAuth client of the user's own, and the user's consent to it. */
export interface OAuthUser {
  clientId: string;
  clientSecret: string;
  refreshToken: string;
}

export interface RoutingConfig {
  /** Null: the provider whose patterns know the model, else the first. */
  defaultProvider: string | null;
  /** Targets, in order, tried after the first one failed. */
  fallbackChain: string[];
  policy: PolicyConfig;
  /** A conversation stays where it is served. */
  sessionAffinity: boolean;
  agentRules: Record<string, RuleConfig>;
  modelMappings: { from: string; rule: RuleConfig }[];
  modelTierRules: Record<string, RuleConfig>;
  scenarios: ScenarioConfig;
  patterns: PatternConfig[];
  /** Phrases of an agent's system prompt; `agent` is the name of its rule. */
  inferredAgents: { agent: string; phrases: PhraseConfig[] }[];
}

export type Strategy = (typeof STRATEGIES)[number];

export interface RuleConfig {
  /** Where it stands, what must match, and where it leads, for people. */
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
export interface ScenarioConfig extends Record<Scenario, RuleConfig | null> {
  /** Tokens. */
  longContextThreshold: number;
}

export type Scenario = 'image' | 'web_search' | 'long_context' | 'think' | 'background';

export interface PatternConfig {
  phrases: PhraseConfig[];
  /** Least sum of the weights of the phrases found. */
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

/** What holds for a request besides where it goes; a rule may have its own. */
export interface PolicyConfig {
  /** Go on with the next target after a failure in mid-stream. */
  continueStreams: boolean;
  /** The next target starts when the first has not spoken by then; null: never. */
  hedgeAfterMs: number | null;
  /** Targets tried when the prompt is too long for the model. */
  contextFallback: string[];
  /** Steps that come before those of the provider. */
  transformers: readonly Transformer[];
}

export interface AuditConfig {
  enabled: boolean;
  logRequestBodies: boolean;
  logResponseBodies: boolean;
  /** Rows older than this go; null keeps all. */
  retentionMs: number | null;
  /** `EMBEDDED_STORE`, or the address of a PostgreSQL database with what opens it. */
  store: string;
  /** Bytes of rows that may wait on disk for the store. */
  maxSpill: number;
}

export interface CostsConfig {
  /** `provider/model` glob → USD per million tokens. */
  pricingOverrides: { pattern: string; price: PriceOverride }[];
  budgets: Budget[];
}

/** What requests may cost in a period, those together whose names fit each of these globs; null: whatever the name. */
export interface Budget {
  limitUsd: number;
  per: CalendarPeriod;
  /** Whose names have the whole limit each for itself; null: all share it. */
  each: BudgetEach | null;
  agent: string | null;
  project: string | null;
  provider: string | null;
  model: string | null;
}

/** USD per million tokens. */
export interface TokenPrices {
  inputPerMillion: number;
  /** Of output that is not reasoning. */
  outputPerMillion: number;
  cacheReadPerMillion: number;
  /** Of what is kept for less than an hour. */
  cacheWritePerMillion: number;
  cacheWrite1hPerMillion: number;
  reasoningPerMillion: number;
}

export interface PriceOverride extends TokenPrices {
  /** USD per thousand searches that the provider runs. */
  webSearchesPerThousand: number;
  /** The prices of all tokens where the prompt has more than `above` of them; null: always the same. */
  longPrompt: (TokenPrices & { above: number }) | null;
}
