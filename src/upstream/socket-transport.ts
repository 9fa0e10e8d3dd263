// How a WebSocket to a provider is opened, and what goes over it.
import type { HeaderReader } from '../model/headers.ts';
import type { CancelSignal } from './cancellation.ts';
import type { TlsIdentity } from './transport.ts';

/** Text or bytes, as the message was sent. */
export type SocketMessageData = string | Uint8Array;

export interface SocketRequest {
  /** `ws:` or `wss:`. */
  url: string;
  headers: HeaderReader;
  /** Subprotocols to choose from. */
  protocols: readonly string[];
  /** Left out: no certificate is shown, and the system's authorities are trusted. */
  tls?: TlsIdentity;
  /** Longest time until it is open. */
  connectMs: number;
  /** Aborted: it is not wanted any more. */
  signal: CancelSignal;
}

export interface SocketReader {
  message(data: SocketMessageData): void;
  /** The provider shows that the connection is in use. It has been answered. */
  pinged(): void;
  /** It has answered a ping of ours. */
  ponged(): void;
  /**
   * Called once. @param code 1006 where the connection broke off; @param reason is then what was wrong with what the provider sent,
   * or empty.
   */
  closed(code: number, reason: string): void;
}

export interface ProviderSocket {
  /** The subprotocol that the provider chose; '' for none. */
  readonly protocol: string;
  /** Called once; nothing is read from the network beyond a small buffer before. */
  read(reader: SocketReader): void;
  pause(): void;
  resume(): void;
  send(data: SocketMessageData): void;
  /** Asks whether it is still there, and shows what is between that the connection is in use. */
  ping(): void;
  /** Bytes that the provider has not taken yet. */
  unsent(): number;
  /** The reader is told when it is closed, which a provider that does not answer cannot delay for long. @param code one that may be sent. */
  close(code: number, reason: string): void;
}

/** The provider answered the handshake with another status than 101. */
export class SocketRefused extends Error {
  override readonly name = 'SocketRefused';
  readonly status: number;

  constructor(status: number) {
    super(`the handshake was answered with ${status}`);
    this.status = status;
  }
}

/**
 * Resolves when the handshake is over. Rejects with SocketRefused, with the signal's reason, with GatewayError
 * `upstream_timeout` when it takes longer than `connectMs`, or with an Error whose `code` is the network's.
 */
export type SocketTransport = (request: SocketRequest) => Promise<ProviderSocket>;
