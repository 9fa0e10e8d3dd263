// Who may use the gateway: configured keys, and the guard against web pages that are not allowed (GUARANTEES 22).
import { ANY_ORIGIN } from '../../config/origin.ts';
import type { ServerConfig } from '../../config/resolved.ts';
import { GatewayError } from '../../model/errors.ts';
import { OTHER } from '../../ledger/kinds.ts';
import { PROJECT_PAGE } from '../../management/management.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { isLoopback } from '../../model/loopback.ts';
import { presentedKeys } from '../../upstream/headers.ts';

const HOW_TO_ALLOW = 'add it to server.allowed_origins, or let a server of the page send the request';

/** Whether the configuration names the page or extension that asks. */
export function isAllowedOrigin(origin: string, { allowedOrigins }: ServerConfig): boolean {
  return allowedOrigins.includes(ANY_ORIGIN) || allowedOrigins.includes(origin.toLowerCase());
}

/** False where another name was made to resolve to this machine (DNS rebinding). */
export function isAskedByOwnName(headers: HeaderReader, server: ServerConfig): boolean {
  const host = headers.get('host');
  return host === null || isLoopback(hostName(host)) || !isLoopback(server.host);
}

/**
 * Throws `forbidden` for a request that a page of a disallowed origin could have sent. On loopback, that is one whose Host is not loopback
 * (DNS rebinding), or whose Origin is not the gateway's own. A gateway that others can reach requires keys, which such a page does not
 * have; it refuses only preflights.
 */
export function guardOrigin(
  { url, headers }: { url: string; headers: HeaderReader },
  server: ServerConfig,
): void {
  const host = headers.get('host');
  if (!isAskedByOwnName(headers, server)) {
    throw new GatewayError(
      'forbidden',
      `this gateway serves loopback only; Host ${JSON.stringify(host)} is refused: address it as 127.0.0.1 or localhost (a reverse proxy has to send one of these as Host), or set server.host and server.keys`,
    );
  }
  const origin = headers.get('origin');
  if (origin !== null && isAllowedOrigin(origin, server)) return;
  if (!isLoopback(server.host) && !headers.has('access-control-request-method')) return;
  if (origin === 'null') {
    throw new GatewayError(
      'forbidden',
      'requests from web pages without an origin (null: a file, a sandbox) are refused; serve the page from an address and add that to server.allowed_origins',
    );
  }
  const scheme = url.startsWith('https:') ? 'https' : 'http';
  if (origin !== null && (host === null || origin.toLowerCase() !== `${scheme}://${host.toLowerCase()}`)) {
    throw new GatewayError(
      'forbidden',
      `requests from web pages of another origin (${origin}) are refused; ${HOW_TO_ALLOW}`,
    );
  }
  if (isOfOtherPage(headers)) {
    throw new GatewayError(
      'forbidden',
      'requests from web pages of another origin are refused, and this one does not send its origin; have the page fetch it with CORS, and add its origin to server.allowed_origins',
    );
  }
}

/**
 * Images, scripts and frames of another page are fetched by GET without an Origin, but browsers name the page's site. Another port of this
 * machine counts as the same site. A link that a user follows is not a request of the page that contains it; what a browser fetches in
 * advance is, since the page suggested it.
 * https://www.w3.org/TR/fetch-metadata/ https://html.spec.whatwg.org/multipage/speculative-loading.html#sec-purpose-header
 */
function isOfOtherPage(headers: HeaderReader): boolean {
  const site = headers.get('sec-fetch-site');
  if (site !== 'cross-site' && site !== 'same-site') return false;
  const isAhead = headers.get('sec-purpose')?.includes('prefetch') === true;
  const isLink = headers.get('sec-fetch-mode') === 'navigate' && !isAhead;
  return !isLink || (headers.get('sec-fetch-dest') ?? 'document') !== 'document';
}

function hostName(host: string): string {
  return host.replace(/:\d+$/, '');
}

/**
 * The project whose key the request presents; null where it is one of the operator's own, or no key is required. Throws
 * `unauthenticated` where keys are configured and the request presents none of them.
 */
export function authenticate(
  headers: HeaderReader,
  { keys, projectOfKey }: Pick<ServerConfig, 'keys' | 'projectOfKey'>,
): string | null {
  if (keys.length === 0) return null;
  const presented = presentedKeys(headers);
  if (presented.length === 0) {
    throw new GatewayError(
      'unauthenticated',
      'no key: send one of server.keys as x-sluice-key, x-api-key, api-key, x-goog-api-key or a Bearer token',
    );
  }
  // Beside the gateway's key, a client may send its own for the provider: either of them may be the gateway's.
  const accepted = presented.filter((key) => matchesAny(key, keys));
  if (accepted.length === 0)
    throw new GatewayError(
      'unauthenticated',
      'the key is not one of server.keys; send one of these, as x-sluice-key beside a key for the provider',
    );
  const projects = accepted.map((key) => projectOfKey.get(key) ?? null);
  return projects.includes(null) ? null : (projects[0] ?? null);
}

/** Throws `forbidden` if the key is a project's, unless the page is the one that shows what the project itself has used. */
export function guardPages(project: string | null, pathname: string): void {
  if (project === null || (pathname === PROJECT_PAGE && project !== OTHER)) return;
  const may =
    project === OTHER
      ? `can only use models (its figures cannot be shown to it, since names beyond those that sums distinguish are counted as "${OTHER}" too)`
      : `can only use models and read its own figures in ${PROJECT_PAGE}`;
  throw new GatewayError(
    'forbidden',
    `the key is one of server.project_keys (${project}), which ${may}: the gateway's other pages need one of server.keys`,
  );
}

/** Compares with every key, in a time that depends only on lengths. */
export function matchesAny(presented: string, keys: readonly string[]): boolean {
  let matched = 0;
  for (const key of keys) matched |= equalConstantTime(presented, key) ? 1 : 0;
  return matched === 1;
}

function equalConstantTime(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let index = 0; index < one.length; index++) {
    difference |= one.charCodeAt(index) ^ other.charCodeAt(index % Math.max(1, other.length));
  }
  return difference === 0;
}
