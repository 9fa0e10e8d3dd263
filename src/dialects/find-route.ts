// Finds the dialect to which a path belongs.
import type { JsonObject } from '../model/json/json.ts';
import type { HeaderReader } from '../model/headers.ts';
import type { ClientRoute, Dialect } from './dialect.ts';
import type { ForwardedPath } from './forwarded-path.ts';
import type { Envelope } from './envelope.ts';
import type { ForwardedSocket } from './forwarded-socket.ts';
import type { AskedModels, ClientModels } from './operations.ts';
import { DIALECTS } from './registry.ts';

export interface FoundRoute {
  dialect: Dialect;
  route: ClientRoute;
}

const ALL = Object.values(DIALECTS);
const NO_HEADERS = new Headers();

/** The dialect whose clients post to this path, and what they ask for there. */
export function findRoute(path: string, query: URLSearchParams): FoundRoute | undefined {
  for (const dialect of ALL) {
    const route = dialect.client.route(path, query);
    if (route !== undefined) return { dialect, route };
  }
  return undefined;
}

/** The route for a body that asks for something else than others that are posted to this path. */
export function routeForBody(found: FoundRoute, body: JsonObject): FoundRoute {
  const route = found.route.envelope?.asks?.(body, found.route);
  return route === undefined ? found : { ...found, route };
}

interface FoundEnvelope {
  dialect: Dialect;
  envelope: Envelope;
}

/** The other vendor whose clients ask for this path, which is not served here. */
export function findEnvelope(path: string, headers: HeaderReader): FoundEnvelope | undefined {
  for (const dialect of ALL) {
    const envelope = dialect.client.envelopeOf?.(path, headers);
    if (envelope !== undefined) return { dialect, envelope };
  }
  return undefined;
}

export interface FoundForward {
  dialect: Dialect;
  forward: ForwardedPath;
}

/**
 * Some servers would take such a path for one outside of those that are forwarded: they decode slashes, decode twice, or take what follows
 * a semicolon for a parameter, as Java's do.
 */
const LEADS_OUT = /(\/|\\|%(25)*(2f|5c))(\.|%(25)*2e){1,2}($|\/|\\|;|%(25)*(2f|5c|3b))/i;

/**
 * The dialect whose vendor has this path, if only a provider itself can answer it. Where dialects share a path, the one that a header
 * identifies.
 * @param method if left out, any that the path has.
 */
export function findForward(path: string, headers: HeaderReader, method?: string): FoundForward | undefined {
  if (LEADS_OUT.test(path)) return undefined;
  let byPath: FoundForward | undefined;
  for (const dialect of ALL) {
    const { client } = dialect;
    const forward = client.forwardedTo?.(path, headers);
    if (forward === undefined) continue;
    if (method !== undefined && forward.methods?.includes(method) === false) continue;
    const found = { dialect, forward };
    if (client.forwardedTo?.(path, NO_HEADERS) === undefined) return found;
    byPath ??= found;
  }
  return byPath;
}

export interface FoundSocket {
  dialect: Dialect;
  socket: ForwardedSocket;
}

/** The dialect whose vendor opens WebSockets at this path, if only a provider itself can answer them. */
export function findForwardedSocket(path: string): FoundSocket | undefined {
  for (const dialect of ALL) {
    const socket = dialect.client.forwardedSocket?.(path);
    if (socket !== undefined) return { dialect, socket };
  }
  return undefined;
}

export interface FoundModels {
  dialect: Dialect;
  client: ClientModels;
  asked: AskedModels;
}

/** The dialect in whose form a GET of this path wants the list of models. Where dialects share a path, the one that a header identifies. */
export function findModels(path: string, headers: Headers): FoundModels | undefined {
  let byPath: FoundModels | undefined;
  for (const dialect of ALL) {
    const { models: client } = dialect.client;
    const asked = client?.route(path, headers);
    if (client === undefined || asked === undefined) continue;
    const found = { dialect, client, asked };
    if (client.route(path, NO_HEADERS) === undefined) return found;
    byPath ??= found;
  }
  return byPath;
}

/** What a vendor's server answers to a GET of this path, the same for everyone; undefined for any other path. */
export function findPage(path: string): JsonObject | undefined {
  for (const { client } of ALL)
    if (client.pages !== undefined && Object.hasOwn(client.pages, path)) return client.pages[path];
  return undefined;
}

/** SDKs of some dialects write the version into their base URL, others into the path. */
const VERSION = '/v1';

/** Like `findRoute`, for a path with something before it, or without the version that a base URL may contain. */
export function findRouteBelow(
  path: string,
  query: URLSearchParams,
): (FoundRoute & { path: string }) | undefined {
  return findBelow(path, (candidate) => findRoute(candidate, query));
}

/** The same for lists of models, which many clients request to test a base URL. */
export function findModelListBelow(path: string): (FoundModels & { path: string }) | undefined {
  return findBelow(path, (candidate) => {
    const found = findModels(candidate, NO_HEADERS);
    return found?.asked.id === undefined && found?.asked.isPosted !== true ? found : undefined;
  });
}

function findBelow<Found extends object>(
  path: string,
  find: (candidate: string) => Found | undefined,
): (Found & { path: string }) | undefined {
  for (let at = 0; at !== -1; at = path.indexOf('/', at + 1)) {
    for (const candidate of [path.slice(at), VERSION + path.slice(at)]) {
      const found = find(candidate);
      if (found !== undefined) return { ...found, path: candidate };
    }
  }
  return undefined;
}
