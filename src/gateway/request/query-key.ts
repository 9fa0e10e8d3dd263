// Moves a key from the query, where some dialects' clients may send it, into a header.
import type { ClientSide } from '../../dialects/dialect.ts';
import type { HeaderList } from '../../model/header-list.ts';
import { GATEWAY_KEY_HEADER } from '../../upstream/headers.ts';

/**
 * The client's headers, with the query's key in the dialect's own header. If another key is already there, the query's may still be the
 * gateway's own, and goes nowhere else.
 */
export function withQueryKey(
  headers: HeaderList,
  query: URLSearchParams,
  { keyInQuery }: Pick<ClientSide, 'keyInQuery'>,
): HeaderList {
  const key = keyInQuery === undefined ? null : query.get(keyInQuery.parameter);
  if (keyInQuery === undefined || !key) return headers;
  const taken = headers.has(keyInQuery.header);
  const name = taken ? GATEWAY_KEY_HEADER : keyInQuery.header;
  if (headers.has(name)) return headers;
  // What cannot stand in a header is not a key.
  if (!/^[\x20-\x7e]+$/.test(key)) return headers;
  headers.set(name, key);
  return headers;
}
