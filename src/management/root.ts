// GET / and HEAD /: clients and load balancers probe it. A browser gets the dashboard, which is loaded with the first such request.
import { GatewayError } from '../model/errors.ts';
import { forMethod } from './head.ts';

/** The prefix of what the page loads: its style, its scripts, its icon. */
const ASSETS = '/dashboard/';
const METHODS = 'GET, HEAD';

/**
 * Answers `/` and the dashboard's files, other paths with undefined. None of them contains data or needs a key.
 * Throws GatewayError.
 */
export async function answerRoot(
  request: Request,
  pathname: string,
  version: string,
): Promise<Response | undefined> {
  const isAsset = pathname.startsWith(ASSETS);
  if (pathname !== '/' && !isAsset) return undefined;
  if (request.method === 'OPTIONS') return allowed();
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw new GatewayError(
      'invalid_request',
      `${request.method} ${pathname} is not allowed; use ${METHODS}`,
      {
        status: 405,
      },
    );
  }
  const isBrowser = wantsPage(request);
  const page =
    isAsset || isBrowser ? await loadPage(isAsset ? pathname.slice(ASSETS.length) : 'index.html') : undefined;
  const answer = page ?? (isAsset ? undefined : plainRoot(version, isBrowser));
  return answer && forMethod(request, answer);
}

/**
 * The answer to OPTIONS, by which HAProxy checks a server unless told otherwise (`option httpchk`), with HTTP/1.0 and no Host.
 * https://docs.haproxy.org/2.6/configuration.html#4-option%20httpchk
 */
function allowed(): Response {
  return new Response(null, { status: 204, headers: { allow: METHODS } });
}

function plainRoot(version: string, isBrowser: boolean): Response {
  const more = isBrowser ? '' : '; a browser gets the dashboard';
  return new Response(`Sluice ${version} is running. See /gateway/health${more}.\n`, {
    headers: { 'content-type': 'text/plain; charset=utf-8', vary: 'accept' },
  });
}

function wantsPage(request: Request): boolean {
  return request.headers.get('accept')?.includes('text/html') ?? false;
}

/** Returns undefined where there is no such file, as in a bundled program. */
async function loadPage(name: string): Promise<Response | undefined> {
  try {
    const { servePage } = await import('./dashboard/serve.ts');
    return await servePage(name);
  } catch (thrown) {
    // A bundle for browsers has no file system: the function that reads a file is missing, and the file's address is no URL.
    if (thrown instanceof TypeError) return undefined;
    throw thrown;
  }
}
