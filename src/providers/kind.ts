// The fields of a row in the table of providers.
import type { Quirks } from '../dialects/quirks.ts';
import type { DialectId, ProviderDialectId } from '../model/dialect-id.ts';
import type { TierPrices } from '../model/usage.ts';

/** Authorization schemes that take more than a key: the host fetches a token. */
export type AuthorizationScheme = 'google-default-credentials' | 'google-user' | 'aws-signature';

/** For models that do less in the kind's own dialect, or are not served in it. */
export interface TranslatesTo {
  dialect: DialectId;
  models: RegExp;
}

export interface TakenWire {
  wire: ProviderDialectId;
  models: RegExp;
}

/** Models of another vendor, which are asked in that vendor's dialect, whatever the client speaks. */
export interface PartnerModels {
  models: RegExp;
  dialect: DialectId;
  /** Like the kind's own `endpoint`; `{path}` is the dialect's path. */
  endpoint: string;
  /** The dialect's list of models does not contain them. */
  unlisted?: true;
}

/** Where a WebSocket is forwarded to. Options of the configuration may also be placeholders. */
export interface SocketAddress {
  /** Appended to the base URL. `{path}` is the dialect's path, `{method}` the part of it after the last period. */
  path: string;
  /** How messages name a model, with `{model}`. Default: as in the dialect. */
  model?: string;
}

/** Needed since the price table does not distinguish days of the week. */
export interface WeekendPrices {
  /** Hours ahead of UTC of the clock that defines Saturday and Sunday. */
  hoursAhead: number;
  /** An hour in UTC whose prices apply all day on weekends. */
  likeHour: number;
}

/** USD for a million tokens, or for a thousand searches, by the field names of `@pydantic/genai-prices`. */
export type TablePrices = Record<
  string,
  number | { base: number; tiers: { start: number; price: number }[] }
>;

/** Where several apply at a time of day, the last one is the price. */
export interface TimedPrices {
  /** In the table's form, such as `01:00:00Z`. Left out: at any time. */
  constraint?: { type: 'time_of_date'; start_time: string; end_time: string };
  prices: TablePrices;
}

export interface ProviderKind {
  kind: string;
  dialect: ProviderDialectId | 'any';
  /** It is a gateway like this one, whatever its address: it can read what other providers wrote into a conversation. */
  isGateway?: true;
  /** Appended to the base URL, before the paths of these dialects. */
  basePaths?: Readonly<Partial<Record<ProviderDialectId, string>>>;
  /** Dialects also spoken at its own address: requests of their clients are passed on unchanged. */
  alsoSpeaks?: readonly DialectId[];
  /** The vendor's clients may use another wire than its dialect: their requests for these models are passed on unchanged. */
  alsoTakes?: TakenWire;
  /** At the kind's own address, requests for these models from clients of any other dialect are translated into this dialect. */
  translatesTo?: TranslatesTo;
  /** Other vendors' models that it serves as well, wherever its own `endpoint` applies. */
  partnerModels?: readonly PartnerModels[];
  /** `{name}` stands for an option of the configuration. */
  baseUrl: string;
  /** Base URLs in place of `baseUrl`, by option and value. */
  baseUrlFor?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Further addresses of the same service, in the order in which they are tried. */
  otherBaseUrls?: readonly string[];
  /** Where its models are listed, if not at `baseUrl`; a configured base URL takes the place of both. */
  modelsBaseUrl?: string;
  /** Environment variable with another base URL; where no key is needed, it enables the provider. */
  baseUrlVariable?: string;
  /**
   * Path and query after the base URL, instead of the dialect's own. Besides options it may contain `{model}`
   * and `{method}`, the part of the dialect's own path after the last colon.
   */
  endpoint?: string;
  /** Conversations over a WebSocket, where `endpoint` applies. Left out where it offers none. */
  socket?: SocketAddress;
  /** Base URLs with which the dialect's own path is used nevertheless. */
  plainBase?: RegExp;
  /** Environment variables that stand in for options left out; the first that is set counts. */
  optionVariables?: Readonly<Record<string, readonly string[]>>;
  /** Options that must be set even though no address contains them. */
  requiredOptions?: readonly string[];
  /** It takes the access tokens of a user, fetched as `oauth` in the configuration says unless one is given. */
  actsForUser?: true;
  /** The environment variable that holds the key and, when set, enables the provider. Null where no key is needed. */
  keyVariable: string | null;
  /** Prefixes of the vendor's keys that no other vendor uses. */
  keyPrefixes?: readonly string[];
  /** Other variables from which the vendor's own programs read the key, used where `keyVariable` is not set. */
  otherKeyVariables?: readonly string[];
  /** Only the configuration enables it, never an environment variable. */
  dormant?: true;
  /** The header for an API key, where it is not the dialect's. Access tokens are sent as Bearer nevertheless. */
  keyHeader?: string;
  /** How a request without a key is authorized; such a provider never gets a client's own key. */
  authorization?: AuthorizationScheme;
  /** Names of models that this provider is known to serve. */
  modelPatterns: RegExp[];
  /** Other vendors' names for models that this provider serves too: the groups of a match, joined by `-`, are its own name. */
  otherNames?: readonly RegExp[];
  /** Provider id in `@pydantic/genai-prices`. */
  priceId: string | null;
  /** Vendors in that table whose models have the same price here. Default: none. */
  resells?: readonly string[];
  /** At addresses that match `at`, tokens of these models cost `times` the table's price; null: more, but how much is unknown. */
  dearer?: { at: RegExp; models: RegExp; times: number | null };
  /** Service tiers at which tokens cost a fraction of those prices. At tiers that are not listed they cost the full price. */
  tiers?: TierPrices;
  /** Its answers state what it bills in USD, which is used instead of these prices. */
  billsItself?: true;
  /** Audio tokens cost as much as text where the table has no separate price for them. */
  audioAtTextPrice?: true;
  /** Shorter audio is billed as if it lasted this many seconds, where audio is billed by its length. */
  leastAudioSeconds?: number;
  /** Web searches are billed differently from what the table says. */
  searchesUnpriced?: true;
  /** On Saturdays and Sundays the price does not depend on the hour. Default: weekends are like other days. */
  weekends?: WeekendPrices;
  /** Prices by model name, for models that the table does not contain yet. */
  newerPrices?: Readonly<Record<string, TablePrices | TimedPrices[]>>;
  /** Models for which the table has the price of another, mostly because the name leads to a newer model: they have only `newerPrices`. */
  wrongPrices?: RegExp;
  /** The vendor's origins (`https://host`) at which these prices hold (behind a proxy: see `priced-at.ts`). Default: that of `baseUrl`. */
  pricedAt?: RegExp;
  /** `gen_ai.provider.name` of OpenTelemetry. Default: the kind. */
  telemetryName?: string;
  quirks: Quirks;
  /** Those of the vendor's own server, which another in its place (`base_url`) may not have. */
  ownQuirks?: Quirks;
}
