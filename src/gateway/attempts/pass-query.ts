// The part of a client's query that goes to the provider.
import type { ProviderSide } from '../../dialects/dialect.ts';
import type { Quirks } from '../../dialects/quirks.ts';
import { matchesAny } from '../request/admission.ts';
import type { Incoming } from '../request/incoming.ts';

/** Appends `query`, except parameters that the URL already has: the version in Azure's URL is the configured one. */
export function withQuery(url: string, query: string): string {
  const rest = query.slice(1);
  if (rest === '') return url;
  const start = url.indexOf('?');
  if (start === -1) return `${url}?${rest}`;
  const own = new URLSearchParams(url.slice(start));
  const more = rest
    .split('&')
    .filter((pair) => ![...new URLSearchParams(pair).keys()].some((name) => own.has(name)));
  return [url, ...more].join('&');
}

export function passQuery(
  { query }: Pick<Incoming, 'query'>,
  { forwardQuery }: ProviderSide,
  quirks: Quirks,
  serverKeys: readonly string[],
): string {
  // Nearly every request has no query, and parsing one is costly.
  if (query === '') return '';
  const kept = withoutKeys(query, serverKeys);
  return forwardQuery?.(new URLSearchParams(kept), quirks) ?? kept;
}

/** The query without the parameters that hold one of `keys`; the rest stays byte for byte. */
export function withoutKeys(query: string, keys: readonly string[]): string {
  return keys.length === 0 ? query : keeping(query, (pair) => !holdsKey(pair, keys));
}

/** The query without a parameter; the rest stays byte for byte. */
export function withoutParameter(query: string, name: string | undefined): string {
  return name === undefined ? query : keeping(query, (pair) => !new URLSearchParams(pair).has(name));
}

/** Only that parameter, byte for byte; empty where the query does not have it. */
export function onlyParameter(query: string, name: string | undefined): string {
  return name === undefined ? '' : keeping(query, (pair) => new URLSearchParams(pair).has(name));
}

function keeping(query: string, isKept: (pair: string) => boolean): string {
  const kept = query.slice(1).split('&').filter(isKept).join('&');
  return kept === '' ? '' : `?${kept}`;
}

/** In form encoding a `+` is a space, but people paste keys as they are. */
function holdsKey(pair: string, keys: readonly string[]): boolean {
  return [pair, pair.replaceAll('+', '%2B')].some((text) =>
    [...new URLSearchParams(text)].flat().some((value) => matchesAny(value, keys)),
  );
}
