// The address of a request: path and query.

export type RequestAddress = Pick<URL, 'pathname' | 'search' | 'searchParams'>;

/** Shared, and never written to. */
const NO_QUERY = new URLSearchParams();

/** Addresses in normalized form, without a query: those of almost all requests. */
const PLAIN = /^https?:\/\/[^/?#\\]*((?:\/[\w~-][\w.:~-]*)+)$/;

export function addressOf(request: Request): RequestAddress {
  const pathname = PLAIN.exec(request.url)?.[1];
  return pathname === undefined ? urlOf(request) : { pathname, search: '', searchParams: NO_QUERY };
}

export function urlOf(request: Request): URL {
  // Without a Host (HTTP/1.0), or with an invalid one, servers give the path alone.
  return URL.parse(request.url, 'http://localhost') ?? new URL('http://localhost/');
}
