// How a WebSocket to a provider is opened, and what goes over it.
import type { HeaderReader } from '../model/headers.ts';
import type { CancelSignal } from './cancellation.ts';
import type { TlsIdentity } from './transport.ts';

/** Text or bytes, in the form in which the message was sent. */
export type SocketMessageData = string | Uint8Array;

export interface SocketRequest {
  /** `ws:` or `wss:`. */
  url: string;
  headers: HeaderReader;
  /** The subprotocols from which the provider may choose. */
  protocols: readonly string[];
  /** Left out: no certificate is shown, and the system's authorities are trusted. */
  tls?: TlsIdentity;
  /** Longest time until it is open, in milliseconds. */
  connectMs: number;
  /** Aborted if it is not wanted any more. */
  signal: CancelSignal;
}

export interface SocketReader {
  message(data: SocketMessageData): void;
  /** The provider has sent a ping, which has been answered. */
  pinged(): void;
  /** The provider has answered a ping. */
  ponged(): void;
  /**
   * Called once. @param code 1006 if the connection broke off; @param reason then says what was wrong with what the provider sent, or is
   * empty.
   */
  closed(code: number, reason: string): void;
}

export interface ProviderSocket {
  /** The subprotocol that the provider chose; empty for none. */
  readonly protocol: string;
  /** To be called once; before that, nothing is read from the network beyond a small buffer. */
  read(reader: SocketReader): void;
  pause(): void;
  resume(): void;
  send(data: SocketMessageData): void;
  /** Asks whether the provider is still there, and shows every proxy in between that the connection is in use. */
  ping(): void;
  /** Bytes that the provider has not taken yet. */
  unsent(): number;
  /**
   * The reader is told when it is closed, which a provider that does not answer cannot delay for long. @param code one that may be sent.
   */
  close(code: number, reason: string): void;
}

/** The provider answered the handshake with a status other than 101. */
export class SocketRefused extends Error {
  override readonly name = 'SocketRefused';
  readonly status: number;

  constructor(status: number) {
    super(`the handshake was answered with ${status}`);
    this.status = status;
  }
}

/**
 * Resolves when the handshake is over. Rejects with SocketRefused, with the signal's reason, with GatewayError `upstream_timeout` if it
 * takes longer than `connectMs`, or with an Error whose `code` is the network's.
 */
export type SocketTransport = (request: SocketRequest) => Promise<ProviderSocket>;
