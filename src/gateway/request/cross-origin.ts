// CORS, by which browsers let pages of other origins read answers: for the origins in `server.allowed_origins`.
// https://fetch.spec.whatwg.org/#http-cors-protocol
import type { ServerConfig } from '../../config/resolved.ts';
import { isAllowedOrigin, isAskedByOwnName } from './admission.ts';

/** The methods of all paths together; each path's own answer rejects those it does not take. */
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';

/** How long browsers may cache a preflight, in seconds; none caches it for longer. */
const MAX_AGE = 7_200;

/** Headers that need not be exposed: scripts may read these of any answer, or of none. */
const NEVER_NAMED =
  /^(cache-control|content-(language|length|type)|expires|last-modified|pragma|vary|set-cookie2?)$/;

/**
 * Answers preflights; any other request gets what `answer` gives, made readable for pages of allowed origins, whatever
 * its status. Rejects only where `answer` does.
 */
export async function answerAcross(
  request: Request,
  server: ServerConfig,
  answer: () => Promise<Response>,
): Promise<Response> {
  const origin = request.headers.get('origin');
  const isAllowed = origin !== null && isAllowedOrigin(origin, server);
  const response = isAllowed && mayAsk(request, server) ? allowing(request) : await answer();
  const { headers } = response;
  // For other origins as well: a cached answer for one page must not be shown to another.
  headers.append('vary', 'origin');
  if (!isAllowed) return response;
  headers.set('access-control-allow-origin', origin);
  // By name: `*` would leave out `authorization`, and older browsers do not know it.
  const exposed = [...headers.keys()].filter(isExposedByName);
  if (exposed.length > 0) headers.set('access-control-expose-headers', exposed.join(', '));
  return response;
}

/** Whether it is a preflight, and the request that it announces would not be refused for its Host. */
function mayAsk({ method, headers }: Request, server: ServerConfig): boolean {
  const isPreflight = method === 'OPTIONS' && headers.has('access-control-request-method');
  return isPreflight && isAskedByOwnName(headers, server);
}

/** Answers a preflight. Any header is allowed, since SDKs add their own. */
function allowing({ headers }: Request): Response {
  const wanted = headers.get('access-control-request-headers');
  const allowed = new Headers({
    'access-control-allow-methods': METHODS,
    'access-control-max-age': String(MAX_AGE),
    vary: 'access-control-request-headers',
  });
  if (wanted !== null) allowed.set('access-control-allow-headers', wanted);
  // Sent for a page from the internet that asks this machine. https://wicg.github.io/private-network-access/
  if (headers.get('access-control-request-private-network') === 'true')
    allowed.set('access-control-allow-private-network', 'true');
  return new Response(null, { status: 204, headers: allowed });
}

function isExposedByName(name: string): boolean {
  return !name.startsWith('access-control-') && !NEVER_NAMED.test(name);
}
