// The two ends of a client's WebSocket: the connection, and the session that serves it, which is the gateway's own (session.ts) or forwards
// messages to a provider (forwarded-session.ts).
import type { SocketMessageData } from '../../upstream/socket-transport.ts';

/** The connection to the client. */
export interface ClientSocket {
  /** Returns false if nothing more should be sent until `drained`. */
  send(data: SocketMessageData): boolean;
  /** Shows the client, and every proxy in between, that the connection is in use. */
  ping(): void;
  close(code: number, reason: string): void;
}

export interface SocketSession {
  /** Headers of the answer to the handshake. */
  readonly handshakeHeaders?: Record<string, string>;
  /** Called once, before anything else. */
  opened(socket: ClientSocket): void;
  received(data: SocketMessageData): void;
  drained(): void;
  /** Cancels what is still running. @param code 1006 if the client broke off without a reason. */
  closed(code: number, reason: string): void;
  /** Closes the connection when the running answers are over; messages that still arrive are refused. */
  finish(): void;
  /** How many messages are being answered or wait for that; 1 for a conversation with a provider. */
  pending(): number;
}
