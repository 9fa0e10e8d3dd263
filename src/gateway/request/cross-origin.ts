// What browsers ask and read before they let a page of another origin have an answer: CORS, for the origins that
// `server.allowed_origins` names. https://fetch.spec.whatwg.org/#http-cors-protocol
import type { ServerConfig } from '../../config/resolved.ts';
import { isAllowedOrigin, isAskedByOwnName } from './admission.ts';

/** Of all paths; which one takes what is told by the answer itself. */
const METHODS = 'GET, HEAD, POST, DELETE';

/** How long a browser need not ask again, in seconds: more than this none keeps. */
const MAX_AGE = 7_200;

/** Scripts may read these of any answer, or of none. */
const NEVER_NAMED =
  /^(cache-control|content-(language|length|type)|expires|last-modified|pragma|vary|set-cookie2?)$/;

/**
 * Answers the browser's own question whether a page may ask; any other request with what `answer` gives, which a page of
 * an allowed origin may then read, whatever it says. Rejects only where `answer` does.
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
  // Also where nothing is allowed: what is kept for one page must not be shown to another.
  headers.append('vary', 'origin');
  if (!isAllowed) return response;
  headers.set('access-control-allow-origin', origin);
  // By their names: `*` would leave out `authorization`, and older browsers do not know it.
  const exposed = [...headers.keys()].filter(isToldByName);
  if (exposed.length > 0) headers.set('access-control-expose-headers', exposed.join(', '));
  return response;
}

/** It is a preflight, and what comes after it would not be turned away for the name by which it asks. */
function mayAsk({ method, headers }: Request, server: ServerConfig): boolean {
  const isPreflight = method === 'OPTIONS' && headers.has('access-control-request-method');
  return isPreflight && isAskedByOwnName(headers, server);
}

/** To a preflight: any header, since SDKs add their own. */
function allowing({ headers }: Request): Response {
  const wanted = headers.get('access-control-request-headers');
  const allowed = new Headers({
    'access-control-allow-methods': METHODS,
    'access-control-max-age': String(MAX_AGE),
    vary: 'access-control-request-headers',
  });
  if (wanted !== null) allowed.set('access-control-allow-headers', wanted);
  // Of a page from the internet that asks this machine. https://wicg.github.io/private-network-access/
  if (headers.get('access-control-request-private-network') === 'true')
    allowed.set('access-control-allow-private-network', 'true');
  return new Response(null, { status: 204, headers: allowed });
}

function isToldByName(name: string): boolean {
  return !name.startsWith('access-control-') && !NEVER_NAMED.test(name);
}
