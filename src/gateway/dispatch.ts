// Decides which part of the gateway answers a request: one that asks a provider, one that does not, or, after `close`, a refusal.
import {
  findForward,
  findModels,
  type FoundForward,
  findRoute,
  type FoundSocket,
} from '../dialects/find-route.ts';
import type { SocketTransport } from '../upstream/socket-transport.ts';
import { answerOther, type Pages } from './answer-other.ts';
import { answerRequest, type RequestContext } from './answer-request.ts';
import { mayForward } from './operations/forward.ts';
import { answerAcross } from './request/cross-origin.ts';
import { addressOf, type RequestAddress } from './request/request-address.ts';
import { abortableBody, type MakeBody, standardBody } from './response/byte-source.ts';
import { answerShuttingDown } from './response/error-response.ts';
import type { SocketSession } from './socket/client-socket.ts';
import { openSocket } from './socket/open-socket.ts';

/** What each request is answered with, by the configuration in force when it arrives. */
export interface DispatchContext extends RequestContext, Pick<Pages, 'manage'> {
  /** Set by `close`: from then on no provider is asked. */
  closed: boolean;
}

/** The gateway's entry points; `ServedGateway` describes them. */
export interface Dispatch {
  fetch(request: Request): Promise<Response>;
  fetchInto(request: Request, makeBody: MakeBody): Promise<Response>;
  turnAway(request: Request): Promise<Response>;
  openSocket(request: Request): SocketSession | Promise<SocketSession | Response>;
}

export function createDispatch(current: () => DispatchContext): Dispatch {
  /** Has one parameter only: a server calls its handler with further arguments, which differ from server to server. */
  const fetch = (request: Request): Promise<Response> => fetchInto(request, abortableBody(request.signal));

  function fetchInto(request: Request, makeBody: MakeBody): Promise<Response> {
    const context = current();
    return readable(request, context, () => answer(request, makeBody, context));
  }

  function turnAway(request: Request): Promise<Response> {
    const context = current();
    return readable(request, context, () => refuse(request, context));
  }

  return {
    fetch,
    fetchInto,
    turnAway,
    openSocket(request) {
      const context = current();
      const { config, redactor } = context.setup;
      const { connectSocket } = context.host;
      return openSocket(request, {
        config,
        host: context.host,
        redact: redactor.ofFailure,
        ask: (request) => fetchInto(request, standardBody),
        turnAway,
        forward: connectSocket && ((found) => forwardSocket(request, found, connectSocket, context)),
      });
    },
  };
}

/** Makes the answer readable for browser pages too, where some origins are allowed. */
function readable(
  request: Request,
  { setup }: DispatchContext,
  answered: () => Promise<Response>,
): Promise<Response> {
  const { server } = setup.config;
  return server.allowedOrigins.length === 0 ? answered() : answerAcross(request, server, answered);
}

function answer(request: Request, makeBody: MakeBody, context: DispatchContext): Promise<Response> {
  const address = addressOf(request);
  const found = findRoute(address.pathname, address.searchParams);
  // What a dialect answers is posted. The same path read by GET may be a vendor's list of earlier answers, or the opening of a WebSocket.
  const isOwn = found !== undefined && (request.method === 'POST' || isUpgrade(request.headers));
  const asked = (isOwn ? undefined : forwardOf(request, address, context)) ?? found;
  // The gateway's own pages can still be read.
  if (context.closed && (asked ?? findModels(address.pathname, request.headers)) !== undefined)
    return refuse(request, context);
  if (asked === undefined) return answerOther(request, context);
  return answerRequest(request, address, asked, makeBody, context);
}

/** Whether a WebSocket is asked for. A proxy may have removed one of the two headers. */
function isUpgrade(headers: Headers): boolean {
  return headers.has('upgrade') || headers.has('sec-websocket-key');
}

async function refuse(request: Request, { host }: DispatchContext): Promise<Response> {
  return answerShuttingDown(request, host.randomId());
}

/** The request as one that only a provider itself can answer; undefined if it is none, or no enabled provider could. */
function forwardOf(
  request: Request,
  { pathname }: RequestAddress,
  { setup }: DispatchContext,
): FoundForward | undefined {
  const found = findForward(pathname, request.headers, request.method);
  return found !== undefined && mayForward(request.method, found, setup.config) ? found : undefined;
}

async function forwardSocket(
  request: Request,
  found: FoundSocket,
  connect: SocketTransport,
  context: DispatchContext,
): Promise<SocketSession | Response> {
  let session: SocketSession | undefined;
  const take = (opened: SocketSession) => {
    session = opened;
  };
  const opening = { ...found, connect, take };
  const refusal = await answerRequest(request, addressOf(request), opening, standardBody, context);
  return session ?? refusal;
}
