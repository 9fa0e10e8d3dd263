// The shape of a provider row.
import type { Quirks } from '../dialects/quirks.ts';
import type { DialectId, ProviderDialectId } from '../model/dialect-id.ts';
import type { TierPrices } from '../model/usage.ts';

/** Authorization schemes that take more than a key: the host fetches a token. */
export type AuthorizationScheme = 'google-default-credentials' | 'google-user' | 'aws-signature';

/** For models that do less, or nothing, in the kind's own dialect. */
export interface TranslatesTo {
  dialect: DialectId;
  models: RegExp;
}

export interface TakenWire {
  wire: ProviderDialectId;
  models: RegExp;
}

/** Models of another vendor, spoken to in that vendor's dialect whatever the client speaks. */
export interface PartnerModels {
  models: RegExp;
  dialect: DialectId;
  /** As the kind's own; `{path}` is the dialect's own path. */
  endpoint: string;
  /** They are in no list in their dialect. */
  unlisted?: true;
}

/** Where a WebSocket that is forwarded goes. Options may be placeholders, too. */
export interface SocketAddress {
  /** Behind the base URL; `{path}` is the dialect's own, `{method}` what follows the last period of that. */
  path: string;
  /** How its messages name a model, `{model}`. Left out: as the dialect's do. */
  model?: string;
}

/** The table cannot tell days of the week apart. */
export interface WeekendPrices {
  /** Hours ahead of UTC of the clock that defines Saturday and Sunday. */
  hoursAhead: number;
  /** An hour of UTC whose prices hold all day on weekends. */
  likeHour: number;
}

/** USD for a million tokens, or a thousand searches, under the names of `@pydantic/genai-prices`. */
export type TablePrices = Record<
  string,
  number | { base: number; tiers: { start: number; price: number }[] }
>;

/** Where several hold at a time of day, the last one is the price. */
export interface TimedPrices {
  /** In the table's form: `01:00:00Z`. Left out: any time. */
  constraint?: { type: 'time_of_date'; start_time: string; end_time: string };
  prices: TablePrices;
}

export interface ProviderKind {
  kind: string;
  dialect: ProviderDialectId | 'any';
  /** It is a gateway like this one, wherever `base_url` says: what is another provider's in a conversation is its to read. */
  isGateway?: true;
  /** Behind the base URL, before the paths of these dialects. */
  basePaths?: Readonly<Partial<Record<ProviderDialectId, string>>>;
  /** Dialects also spoken at its own address: requests of their clients are passed on unchanged. */
  alsoSpeaks?: readonly DialectId[];
  /** A wire of the vendor's own clients besides its dialect: their requests for these models are passed on unchanged. */
  alsoTakes?: TakenWire;
  /** At its own address, requests of all other dialects' clients for these models are translated into this dialect. */
  translatesTo?: TranslatesTo;
  /** Served besides its own, wherever its own `endpoint` applies. */
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
   * Path and query behind the base URL, in place of the dialect's own. Besides options it may hold `{model}`
   * and `{method}`, which is what follows the last colon of the dialect's own path.
   */
  endpoint?: string;
  /** Conversations over a WebSocket, where `endpoint` applies. Left out: it has none. */
  socket?: SocketAddress;
  /** Base URLs behind which the dialect's own path applies all the same. */
  plainBase?: RegExp;
  /** Environment variables that stand in for options left out; the first that is set counts. */
  optionVariables?: Readonly<Record<string, readonly string[]>>;
  /** Options that must be set although no address contains them. */
  requiredOptions?: readonly string[];
  /** Its tokens are a user's, fetched with `oauth` of the configuration where no ready one is given. */
  actsForUser?: true;
  /** Environment variable that holds the key and, when set, enables the provider. Null: no key needed. */
  keyVariable: string | null;
  /** Prefixes of the vendor's keys that no other vendor uses. */
  keyPrefixes?: readonly string[];
  /** Other variables that the vendor's own programs read the key from, used where `keyVariable` is not set. */
  otherKeyVariables?: readonly string[];
  /** Only the configuration enables it, whatever the environment holds. */
  dormant?: true;
  /** The header that an API key goes in, in place of the dialect's. Access tokens are sent as Bearer all the same. */
  keyHeader?: string;
  /** How a request without a key is authorized; such a provider never gets a client's own key. */
  authorization?: AuthorizationScheme;
  /** Models this provider is known to serve. */
  modelPatterns: RegExp[];
  /** What other vendors call models that this provider serves too: the groups, joined by `-`, are its own name. */
  otherNames?: readonly RegExp[];
  /** Provider id in `@pydantic/genai-prices`. */
  priceId: string | null;
  /** Vendors in that table whose models cost here what they cost there. Default: none. */
  resells?: readonly string[];
  /** At addresses that match `at`, tokens of these models cost `times` the table's price; null: more, nobody knows how much. */
  dearer?: { at: RegExp; models: RegExp; times: number | null };
  /** Service tiers at which tokens cost a fraction of those prices; at tiers not listed they cost the full price. */
  tiers?: TierPrices;
  /** The cost in USD that its answers state is what it bills, and takes precedence over these prices. */
  billsItself?: true;
  /** Audio tokens cost as much as text where the table has no separate price for them. */
  audioAtTextPrice?: true;
  /** Audio that is billed by its length and shorter than this is billed as if it were as long, in seconds. */
  leastAudioSeconds?: number;
  /** Web searches are billed differently from what the table says. */
  searchesUnpriced?: true;
  /** On Saturdays and Sundays the price does not depend on the hour. Default: all days are alike. */
  weekends?: WeekendPrices;
  /** Prices, by model name, of models that the table does not have yet. */
  newerPrices?: Readonly<Record<string, TablePrices | TimedPrices[]>>;
  /** Models whose price in the table is another's, mostly since their name now leads to another model: unpriced but for `newerPrices`. */
  wrongPrices?: RegExp;
  /** The vendor's origins (`https://host`) at which these prices hold (behind a proxy: see `priced-at.ts`). Default: that of `baseUrl`. */
  pricedAt?: RegExp;
  /** `gen_ai.provider.name` of OpenTelemetry. Default: the kind. */
  telemetryName?: string;
  quirks: Quirks;
  /** Those of the vendor's own server, which another in its place (`base_url`) may not have. */
  ownQuirks?: Quirks;
}
