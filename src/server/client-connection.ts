// The connection that a client's request came on: whose it is, how long it is kept, and how it becomes a WebSocket.
import type { SocketSession } from '../gateway/socket/client-socket.ts';

export type Listener = Bun.Server<SocketSession>;

export type SocketOrAnswer = SocketSession | Promise<SocketSession | Response>;

/** The code reported for the end of a WebSocket that never began. https://www.rfc-editor.org/rfc/rfc6455#section-7.1.5 */
const BROKEN_OFF = 1006;

export class ClientConnection {
  private readonly request: Request;
  private readonly server: Listener;

  constructor(request: Request, server: Listener) {
    this.request = request;
    this.server = server;
  }

  isOf(listener: Listener): boolean {
    return this.server === listener;
  }

  address(): string {
    return this.server.requestIP(this.request)?.address ?? '';
  }

  /** Makes it a WebSocket; resolves to the answer if it does not become one. */
  async upgrade(opened: SocketOrAnswer): Promise<Response | undefined> {
    const session = opened instanceof Promise ? await opened : opened;
    if (session instanceof Response) return session;
    const { handshakeHeaders: headers = {} } = session;
    if (this.server.upgrade(this.request, { data: session, headers })) return undefined;
    session.closed(BROKEN_OFF, '');
    return Response.json(NO_HANDSHAKE, { status: 400 });
  }

  /** @param seconds of silence after which it is closed; 0: never. */
  closeAfter(seconds: number): void {
    this.server.timeout(this.request, seconds);
  }
}

export function wantsSocket({ method, headers }: Request): boolean {
  return method === 'GET' && headers.get('upgrade')?.toLowerCase() === 'websocket';
}

const NO_HANDSHAKE = {
  error: {
    type: 'invalid_request_error',
    code: 'invalid_request',
    message: 'this is no handshake of a WebSocket: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1',
  },
};
