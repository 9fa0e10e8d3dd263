// Decides who may open a WebSocket, and on which path.
import type { ResolvedConfig } from '../../config/resolved.ts';
import { findForwardedSocket, findRoute, type FoundSocket } from '../../dialects/find-route.ts';
import { HeaderList } from '../../model/header-list.ts';
import { fitting } from '../../routing/forwarded.ts';
import { authenticate, guardOrigin } from '../request/admission.ts';
import { withQueryKey } from '../request/query-key.ts';
import { addressOf } from '../request/request-address.ts';
import type { SocketSession } from './client-socket.ts';
import { createSocketSession, type SessionOptions } from './session.ts';

export interface SocketHost extends Pick<SessionOptions, 'host' | 'redact' | 'ask' | 'turnAway'> {
  config: ResolvedConfig;
  /** Opens a WebSocket that is forwarded. Left out where the host cannot. */
  forward: ((found: FoundSocket) => Promise<SocketSession | Response>) | undefined;
}

/** Checks what is checked again for every message, so that a client without a key learns it from the handshake. */
export function openSocket(
  request: Request,
  { config, forward, ...options }: SocketHost,
): SocketSession | Promise<SocketSession | Response> {
  const { ask } = options;
  const { pathname, searchParams } = addressOf(request);
  const forwarded = findForwardedSocket(pathname);
  if (forwarded !== undefined && forward !== undefined) {
    const { spokenBy } = forwarded.socket;
    if (fitting({ spokenBy, isSocket: true }, config).length > 0) return forward(forwarded);
  }
  const found = findRoute(pathname, searchParams);
  const socket = found?.dialect.client.socket;
  if (found === undefined || socket === undefined || found.route.operation !== 'generate')
    return ask(request);
  const headers = withQueryKey(HeaderList.of(request.headers), searchParams, found.dialect.client);
  try {
    guardOrigin({ url: request.url, headers }, config.server);
    authenticate(headers, config.server);
  } catch {
    // Answers with a refusal for the same reason, and records it.
    return ask(request);
  }
  return createSocketSession({
    ...options,
    pingIntervalMs: config.server.pingIntervalMs,
    handshake: request,
    dialect: found.dialect,
    conversation: socket.open(),
  });
}
