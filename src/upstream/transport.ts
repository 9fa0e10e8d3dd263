// How a request reaches a provider's server, and how its answer comes back: pushed, chunk by chunk, as it arrives.
import type { HeaderReader } from '../model/headers.ts';
import type { CancelSignal } from './cancellation.ts';

/** What the code that connects and sends must know of a request. */
interface Connecting {
  /** Longest time until the connection is established, in milliseconds. */
  connectMs: number;
  /** Called when the connection is established; not called if one was open already, or if that is unknown. */
  connected?(): void;
  /**
   * Called from time to time while the network carries more of the request to the server, until its answer begins; never called if that is
   * unknown.
   */
  progressed?(): void;
}

/** The identity to show over TLS, and the authorities to trust. */
export interface TlsIdentity {
  /** PEM: the certificate to show, then those that sign it; null: none. */
  cert: string | null;
  /** PEM; null if `cert` is. */
  key: string | null;
  /** PEM: the authorities to trust; null: the system's. */
  ca: string | null;
  /** Requests share connections only if it is the same. */
  id: string;
}

/** The body of a request that is sent while it arrives, and only once. */
export interface StreamedBody {
  /** In bytes; null: known only when it ends. */
  readonly length: number | null;
  /**
   * The next piece; null: that was all. Requested when the server has taken the earlier ones. Rejects if the rest does not come, so that
   * what was sent does not look complete.
   */
  next(): Promise<Uint8Array<ArrayBuffer> | null>;
  /** The rest is not wanted. */
  cancel(): void;
}

export interface UpstreamRequest extends Connecting {
  method: string;
  url: string;
  headers: HeaderReader;
  body?: string | Uint8Array<ArrayBuffer> | StreamedBody;
  /** Left out: no certificate is shown, and the system's authorities are trusted. */
  tls?: TlsIdentity;
  /** Aborted: the request ends, and so does its answer. */
  signal?: CancelSignal;
  /**
   * The request must not run twice: if the server closes a connection that has served before, apparently without having seen the request,
   * that is a failure. Without this the transport sends it again.
   */
  once?: boolean;
}

export function isStreamed(body: UpstreamRequest['body']): body is StreamedBody {
  return typeof body === 'object' && !(body instanceof Uint8Array);
}

export interface UpstreamAnswer {
  status: number;
  headers: HeaderReader;
  body: AnswerBody;
}

/** The body of an answer, decompressed. Nothing is read from the network beyond a small buffer before `read`. */
export interface AnswerBody {
  /** Passes the reader each chunk from now on, synchronously as it arrives. Called once. */
  read(reader: BodyReader): void;
  /** Nothing more is passed until `resume`; beyond a small buffer, the network itself holds the sender back. */
  pause(): void;
  resume(): void;
  /** The rest is not wanted: the connection is closed, and the reader gets nothing more. */
  cancel(): void;
}

export interface BodyReader {
  /** The bytes belong to the reader from then on. */
  chunk(bytes: Uint8Array): void;
  /** The whole body has arrived. */
  end(): void;
  /** It broke off; the Error says how. */
  failed(error: Error): void;
}

/**
 * Sends one request; resolves when the head of the answer has arrived. For a streamed body that may be before the body's end: the rest is
 * then sent only if the server did not refuse it. Redirects are not followed. Rejects with the signal's reason, with GatewayError
 * `upstream_timeout` if no connection is established within `connectMs`, or with an Error whose `code` is the network's.
 */
export type Transport = (request: UpstreamRequest) => Promise<UpstreamAnswer>;
