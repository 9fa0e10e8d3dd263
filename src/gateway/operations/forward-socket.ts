// WebSockets that only a provider itself can answer (realtime conversations), forwarded as they are. docs/endpoints.md
import type { FoundSocket } from '../../dialects/find-route.ts';
import type { ForwardedSocket } from '../../dialects/forwarded-socket.ts';
import { GatewayError, toGatewayError } from '../../model/errors.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { HeaderList } from '../../model/header-list.ts';
import { type ForwardRoute, routeForwarded } from '../../routing/forwarded.ts';
import type { ServerConfig } from '../../config/resolved.ts';
import { isRedirect, noAnswer, redirected } from '../../upstream/call.ts';
import type { CancelSignal } from '../../upstream/cancellation.ts';
import { type AnswerHeaders, GATEWAY_KEY_HEADER } from '../../upstream/headers.ts';
import { aliased, type Target } from '../../routing/targets.ts';
import { type ProviderSocket, SocketRefused, type SocketTransport } from '../../upstream/socket-transport.ts';
import { authorize, isRenewed, unauthorizedRequest } from '../attempts/authorize.ts';
import { firstAnswer } from '../attempts/fallback.ts';
import type { Plan } from '../attempts/plan.ts';
import { askingFor, type ForwardedRequest, planForward } from '../attempts/plan-forward.ts';
import { withoutParameter, withQuery } from '../attempts/pass-query.ts';
import { whoseKey } from '../attempts/send.ts';
import { type Exchange, noteTry, planContextOf, tryContextOf } from '../attempts/try-context.ts';
import { createObserver, type Observer } from '../record/observer.ts';
import type { ExchangeRecord } from '../record/record.ts';
import { authenticate, guardOrigin } from '../request/admission.ts';
import { forcedTargetIn } from '../request/incoming.ts';
import { setExchangeHeaders } from '../response/exchange-headers.ts';
import type { SocketSession } from '../socket/client-socket.ts';
import { ForwardedSession } from '../socket/forwarded-session.ts';
import { type AskedWith, type Forwarding, onlyOnce, requireOwnKey, UNASKED } from './forwarding.ts';

/** A client's request to open a WebSocket. */
export interface OpeningSocket extends FoundSocket {
  connect: SocketTransport;
  /** Receives the session once the provider has accepted. */
  take(session: SocketSession): void;
}

export interface SocketForwarding extends Omit<Forwarding, 'found' | 'isRecorded' | 'makeBody'> {
  found: OpeningSocket;
  /** Adds what the conversation has used so far to budgets and rate limits. */
  countSoFar(record: ExchangeRecord): void;
  /** Called when the session has begun; from then on its `closed` reports that the client has left. */
  begun(): void;
}

/** The client's headers. A key that a browser put into a subprotocol is moved to where other clients put it. */
export function withProtocolKey(headers: HeaderList, socket: ForwardedSocket): HeaderList {
  for (const protocol of protocolsIn(headers)) {
    const key = socket.keyIn?.(protocol);
    if (key === undefined) continue;
    if (!headers.has('authorization')) headers.set('authorization', `Bearer ${key}`);
    else if (!headers.has(GATEWAY_KEY_HEADER)) headers.set(GATEWAY_KEY_HEADER, key);
  }
  return headers;
}

/** Opens the WebSocket at the one provider that can serve it. Throws the GatewayError to report to the client. */
export async function openForwardedSocket(forwarding: SocketForwarding): Promise<SocketSession> {
  const { found, config, record, host, client, address } = forwarding;
  const { socket, dialect } = found;
  const headers = socket.ofClient?.(forwarding.headers) ?? forwarding.headers;
  const route = chooseTarget(forwarding, headers);
  const { spoken, target } = route;
  const asking = askingFor({ spoken, headers });
  guardKey(forwarding, { asking, target, serverKeys: forwarding.serverKeys });
  const asked: ForwardedRequest = {
    method: METHOD,
    path: pathAt(target, socket),
    query: queryAt(target, socket, address.search),
    keyParameter: (socket.keyInQuery ?? dialect.client.keyInQuery)?.parameter,
    headers,
    body: undefined,
    dialect: dialect.id,
    spoken,
  };
  record.recheck = (server) => whyRefused(forwarding, server);
  const audience = record.live.audience();
  const observer = createObserver(host.monotonic, audience);
  const protocols = offeredProtocols(headers, socket);
  const opened = await askProvider({ ...forwarding, question: UNASKED, asking, route }, asked, {
    protocols,
    observer,
  });
  observer.seen.timing.connected();
  record.seen = observer.seen;
  record.serving = true;
  record.streamed = true;
  record.httpStatus = SWITCHING;
  const handshakeHeaders: AnswerHeaders = {};
  setExchangeHeaders(handshakeHeaders, { record, dialect: dialect.id }, null);
  const chosen = opened.protocol || protocols[0];
  if (chosen !== undefined) handshakeHeaders['sec-websocket-protocol'] = chosen;
  return new ForwardedSession({
    host,
    pingIntervalMs: config.server.pingIntervalMs,
    provider: target.provider.name,
    socket: opened,
    forwarded: socket,
    nameOf: (named) => nameAt(target, named),
    form: target.provider.socket?.model ?? socket.naming?.form ?? '',
    observer,
    audience,
    maxMessage: config.server.maxEvent,
    record,
    client,
    handshakeHeaders,
    begun: forwarding.begun,
    mayEnd: () => noteProgress(forwarding, target),
  });
}

/** @param headers in the dialect's own form. */
function chooseTarget(
  { found: { socket }, config, record, address, routed }: SocketForwarding,
  headers: HeaderReader,
): ForwardRoute {
  const { spokenBy } = socket;
  const model = modelInQuery(address.searchParams, socket);
  record.requestedModel = model;
  const forced = forcedTargetIn(headers);
  const route = routeForwarded({ path: address.pathname, spokenBy, forced, model, isSocket: true }, config);
  record.route = route;
  routed();
  return route;
}

/** Throws `forbidden` where the gateway's own key must not be used. */
function guardKey({ found, project, address }: SocketForwarding, asked: AskedWith): void {
  const { joins } = found.socket;
  if (project !== null && joins !== undefined && address.searchParams.has(joins))
    requireOwnKey(asked, `${joins}: a call that another client began`);
}

function askProvider(
  exchange: SocketForwarding & Pick<Exchange, 'question' | 'asking'> & { route: ForwardRoute },
  asked: ForwardedRequest,
  { protocols, observer }: { protocols: readonly string[]; observer: Observer },
): Promise<ProviderSocket> {
  const { record, host } = exchange;
  const { socket, connect } = exchange.found;
  const { target } = exchange.route;
  return firstAnswer<ProviderSocket>({
    context: tryContextOf(exchange),
    plan(_, apiKey) {
      const plan = planForward(asked, target, planContextOf(exchange, apiKey));
      // The path stands for a model that is named only later.
      noteTry(record, host, plan, target.model || socket.path.slice(1));
      return {
        target,
        key: plan.key,
        seen: observer.seen,
        run: (answered, signal) =>
          handshake({ host, connect, plan, protocols, signal, answered }).catch(onlyOnce),
      };
    },
  });
}

/**
 * Notes what was used so far, since a conversation may go on for hours. Returns the error that ends it if a budget was used up meanwhile.
 */
function noteProgress(
  { record, budgets, countSoFar }: SocketForwarding,
  target: Target,
): GatewayError | undefined {
  countSoFar(record);
  const spent = budgets(record, { ...target, model: record.seen?.model ?? target.model });
  return spent === null ? undefined : new GatewayError('budget_exceeded', `${spent.words} (costs.budgets)`);
}

/** Returns the error that ends the conversation if its key, or its page's origin, is not allowed any more. */
function whyRefused(
  { request, headers, project }: SocketForwarding,
  server: ServerConfig,
): GatewayError | undefined {
  try {
    guardOrigin({ url: request.url, headers }, server);
    if (authenticate(headers, server) === project) return undefined;
    return new GatewayError('unauthenticated', 'the key belongs to another project now');
  } catch (thrown) {
    return toGatewayError(thrown);
  }
}

const SWITCHING = 101;
const METHOD = 'GET';

interface Handshake {
  host: Forwarding['host'];
  connect: SocketTransport;
  plan: Plan;
  protocols: readonly string[];
  signal: CancelSignal;
  answered(status: number): void;
}

async function handshake(asked: Handshake): Promise<ProviderSocket> {
  const { host, connect, plan, protocols, signal, answered } = asked;
  const { provider } = plan.target;
  const { name, timeouts, quirks, tls } = provider;
  const url = plan.url.replace(/^http/, 'ws');
  const unauthorized = unauthorizedRequest(provider, { method: METHOD, url: plan.url, body: '' });
  const headers =
    plan.key === 'none' ? await authorize(host, provider, plan.headers, unauthorized, signal) : plan.headers;
  try {
    const socket = await connect({
      url,
      headers,
      protocols,
      ...(tls !== undefined && { tls }),
      connectMs: timeouts.connectMs,
      signal,
    });
    answered(SWITCHING);
    return socket;
  } catch (thrown) {
    if (!(thrown instanceof SocketRefused)) throw noAnswer(name, { url: plan.url, signal }, thrown);
    const { status } = thrown;
    answered(status);
    if (isRedirect(status)) throw redirected(name, status);
    // Of a refusal, the runtime's client reports nothing but the status.
    const answer = new HeaderList();
    const error = plan.side.parseError({ status, headers: answer, body: '' }, quirks);
    throw error.with(
      `${name} answered the handshake for a WebSocket with ${status}${whoseKey(error, plan)}`,
      {
        renewed:
          plan.key === 'none' && error.badCredentials && isRenewed(host, provider, unauthorized, answer),
      },
    );
  }
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2 */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

/**
 * The subprotocols that the provider may choose from, each once. Throws GatewayError `invalid_request` for one that cannot be sent:
 * otherwise opening the provider's socket would fail, as if by the provider's fault.
 */
function offeredProtocols(headers: HeaderReader, socket: ForwardedSocket): string[] {
  const offered = protocolsIn(headers).filter((protocol) => socket.keyIn?.(protocol) === undefined);
  if (offered.every((protocol) => TOKEN.test(protocol))) return [...new Set(offered)];
  throw new GatewayError(
    'invalid_request',
    "sec-websocket-protocol: a subprotocol may consist of letters, digits and !#$%&'*+-.^_`|~ only",
  );
}

function protocolsIn(headers: HeaderReader): string[] {
  const offered = headers.get('sec-websocket-protocol')?.split(',') ?? [];
  return offered.map((protocol) => protocol.trim()).filter((protocol) => protocol !== '');
}

function modelInQuery(query: URLSearchParams, socket: ForwardedSocket): string | null {
  const { modelParameter, clientsModelParameter = modelParameter } = socket;
  return clientsModelParameter === undefined ? null : query.get(clientsModelParameter) || null;
}

function pathAt({ provider }: Target, { path }: ForwardedSocket): string {
  if (provider.socket === undefined) return path;
  const filling: Record<string, string> = { path, method: path.slice(path.lastIndexOf('.') + 1) };
  return provider.socket.path.replace(/\{(path|method)\}/g, (_, name: string) => filling[name] ?? '');
}

/** The client's query, with the provider's own name of the model. */
function queryAt({ model }: Target, socket: ForwardedSocket, query: string): string {
  const { modelParameter, clientsModelParameter, ownParameters = [] } = socket;
  const rest = [...ownParameters, clientsModelParameter].reduce(withoutParameter, query);
  if (modelParameter === undefined || model === '') return rest;
  return withQuery(`?${modelParameter}=${encodeURIComponent(model)}`, withoutParameter(rest, modelParameter));
}

/** The provider's own name for a model that a message names; the provider is already chosen. */
function nameAt({ provider }: Target, named: string): string {
  const prefix = `${provider.name}/`;
  return aliased(provider, named.startsWith(prefix) ? named.slice(prefix.length) : named);
}
