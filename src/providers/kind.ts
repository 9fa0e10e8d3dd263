// The shape of a provider row.
import type { Quirks } from '../dialects/dialect.ts';
import type { DialectId } from '../model/dialect-id.ts';

export interface ProviderKind {
  kind: string;
  dialect: DialectId | 'any';
  baseUrl: string;
  /** Environment variable that holds the key and, when set, enables the provider. Null: no key needed. */
  keyVariable: string | null;
  /** Models this provider is known to serve. */
  modelPatterns: RegExp[];
  /** Provider id in `@pydantic/genai-prices`. */
  priceId: string | null;
  /** Origins (`https://host`) at which these prices hold. Default: that of `baseUrl`. */
  pricedAt?: RegExp;
  quirks: Quirks;
}
