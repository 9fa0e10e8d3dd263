// What serves a WebSocket of a client: the gateway (session.ts), or a provider whose messages are forwarded (forwarded-session.ts).
import type { SocketMessageData } from '../../upstream/socket-transport.ts';

/** The client's end. */
export interface ClientSocket {
  /** False: nothing more should be sent until `drained`. */
  send(data: SocketMessageData): boolean;
  /** Shows the client, and what is between, that the connection is in use. */
  ping(): void;
  close(code: number, reason: string): void;
}

export interface SocketSession {
  /** Of the answer to the handshake. */
  readonly handshakeHeaders?: Record<string, string>;
  /** Called once, before anything else. */
  opened(socket: ClientSocket): void;
  received(data: SocketMessageData): void;
  drained(): void;
  /** Cancels what is still running. @param code 1006 where the client broke off without a reason. */
  closed(code: number, reason: string): void;
  /** Closes the connection once the running answers are over; messages that still come are refused. */
  finish(): void;
  /** Messages that are being answered or wait for that, or 1 for a conversation with a provider. */
  pending(): number;
}
