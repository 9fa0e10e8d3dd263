// The shape of a provider row.
import type { Quirks } from '../dialects/dialect.ts';
import type { DialectId, ProviderDialectId } from '../model/dialect-id.ts';
import type { TierPrices } from '../model/usage.ts';

/** Ways to prove who asks that take more than a key: the host fetches a token. */
export type AuthorizationScheme = 'google-default-credentials' | 'google-user' | 'aws-signature';

/** For models that do less, or nothing, in the kind's own dialect. */
export interface TranslatesTo {
  dialect: DialectId;
  models: RegExp;
}

/** The table cannot tell days of the week apart. */
export interface WeekendPrices {
  /** Of the clock that says when it is Saturday and Sunday, before UTC. */
  hoursAhead: number;
  /** Of UTC: what holds at that hour holds all day. */
  likeHour: number;
}

/** USD for a million tokens, or a thousand searches, under the names of `@pydantic/genai-prices`. */
export type TablePrices = Record<
  string,
  number | { base: number; tiers: { start: number; price: number }[] }
>;

/** Of those that hold at a time of the day, the last is the price. */
export interface TimedPrices {
  /** As the table has it: `01:00:00Z`. Left out: any time. */
  constraint?: { type: 'time_of_date'; start_time: string; end_time: string };
  prices: TablePrices;
}

export interface ProviderKind {
  kind: string;
  dialect: ProviderDialectId | 'any';
  /** At its own address it speaks these too: clients of theirs are passed on as they are. */
  alsoSpeaks?: readonly DialectId[];
  /** At its own address, in which dialect clients of others than those are asked for some of its models. */
  translatesTo?: TranslatesTo;
  /** `{name}` stands for an option of the configuration. */
  baseUrl: string;
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
  /** Base URLs behind which the dialect's own path holds nevertheless. */
  plainBase?: RegExp;
  /** Environment variables that stand in for options left out, the first that is set. */
  optionVariables?: Readonly<Record<string, readonly string[]>>;
  /** Options that must be set although no address holds them. */
  requiredOptions?: readonly string[];
  /** Its tokens are a user's, fetched with `oauth` of the configuration where no ready one is given. */
  actsForUser?: true;
  /** Environment variable that holds the key and, when set, enables the provider. Null: no key needed. */
  keyVariable: string | null;
  /** What the vendor's keys begin with, and those of no other vendor. */
  keyPrefixes?: readonly string[];
  /** Others that the vendor's own programs read the key from, for where that one is not set. */
  otherKeyVariables?: readonly string[];
  /** Only the configuration enables it, whatever the environment holds. */
  dormant?: true;
  /** The header that an API key goes in, in place of the dialect's. Access tokens go as Bearer all the same. */
  keyHeader?: string;
  /** How a request without a key is authorized; such a provider never gets a client's own key. */
  authorization?: AuthorizationScheme;
  /** Models this provider is known to serve. */
  modelPatterns: RegExp[];
  /** Provider id in `@pydantic/genai-prices`. */
  priceId: string | null;
  /** Vendors in that table whose models cost here what they cost there. Default: none. */
  resells?: readonly string[];
  /** At some of its addresses tokens of some models cost so many times what the table says. */
  dearer?: { at: RegExp; models: RegExp; times: number };
  /** Service tiers at which tokens cost a part of those prices; those that are not here cost all of it. */
  tiers?: TierPrices;
  /** The USD that its answers state are its bill: they go before these prices. */
  billsItself?: true;
  /** What is heard or said costs as much as text where the table has no price of its own for it. */
  audioAtTextPrice?: true;
  /** Searches in the web are billed otherwise than the table says. */
  searchesUnpriced?: true;
  /** On Saturdays and Sundays the price does not go by the hour. Default: no day differs. */
  weekends?: WeekendPrices;
  /** Prices of models that the table does not have yet, by their names. */
  newerPrices?: Readonly<Record<string, TablePrices | TimedPrices[]>>;
  /** Models whose price in the table is another's, mostly since their name leads to another model now: unpriced but for `newerPrices`. */
  wrongPrices?: RegExp;
  /** Origins (`https://host`) at which these prices hold. Default: that of `baseUrl`. */
  pricedAt?: RegExp;
  /** `gen_ai.provider.name` of OpenTelemetry. Default: the kind. */
  telemetryName?: string;
  quirks: Quirks;
}
