// Who may open a WebSocket, and on which path.
import type { ResolvedConfig } from '../../config/resolved.ts';
import { findRoute } from '../../dialects/find-route.ts';
import { HeaderList } from '../../model/header-list.ts';
import { authenticate, guardOrigin } from '../request/admission.ts';
import { withQueryKey } from '../request/query-key.ts';
import { addressOf } from '../request/request-address.ts';
import { createSocketSession, type SessionOptions, type SocketSession } from './session.ts';

export interface SocketHost extends Pick<SessionOptions, 'host' | 'ask' | 'turnAway'> {
  config: ResolvedConfig;
}

/** Checks what every message is checked for again, so that a client without a key learns it from the handshake. */
export function openSocket(
  request: Request,
  { config, ...options }: SocketHost,
): SocketSession | Promise<Response> {
  const { ask } = options;
  const { pathname, searchParams } = addressOf(request);
  const found = findRoute(pathname, searchParams);
  const socket = found?.dialect.client.socket;
  if (found === undefined || socket === undefined || found.route.operation !== 'generate')
    return ask(request);
  const headers = withQueryKey(HeaderList.of(request.headers), searchParams, found.dialect.client);
  try {
    guardOrigin({ url: request.url, headers }, config.server);
    authenticate(headers, config.server);
  } catch {
    // Refuses it for the same reason, and records that.
    return ask(request);
  }
  return createSocketSession({
    ...options,
    handshake: request,
    dialect: found.dialect,
    conversation: socket.open(),
  });
}
