// How a request reaches a provider's server, and how its answer comes back: pushed, chunk by chunk, as it arrives.
import type { HeaderReader } from '../model/headers.ts';
import type { CancelSignal } from './cancellation.ts';

/** What the code that connects and sends must know of a request. */
interface Connecting {
  /** Longest time until the connection is established. */
  connectMs: number;
  /** Called when the connection is established; not where one was open already, or where that is unknown. */
  connected?(): void;
  /**
   * Called from time to time while the network carries more of the request to the server, until its answer begins; never where that
   * is unknown.
   */
  progressed?(): void;
}

/** Who asks over TLS, and whom the asker trusts. */
export interface TlsIdentity {
  /** PEM: the certificate to show, then those that sign it; null: none. */
  cert: string | null;
  /** PEM; null where `cert` is. */
  key: string | null;
  /** PEM: the authorities to trust; null: the system's. */
  ca: string | null;
  /** Requests share connections only where it is the same. */
  id: string;
}

/** The body of a request that is sent while it still comes in, once. */
export interface StreamedBody {
  /** In bytes; null: it is known only when it ends. */
  readonly length: number | null;
  /**
   * The next piece; null: that was all. Asked for when the server has taken those before. Rejects where the rest does not come:
   * what was sent must not look whole then.
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
   * It must not run twice: where the server closed a connection that had served before, and only apparently without having seen
   * the request, that is a failure. Otherwise the transport sends it again then.
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

/** The body of an answer, unpacked. Nothing is read from the network beyond a small buffer before `read`. */
export interface AnswerBody {
  /** Passes the reader each chunk from now on, synchronously as it arrives. Called once. */
  read(reader: BodyReader): void;
  /** Nothing more is passed until `resume`; beyond a small buffer the network itself holds the sender back. */
  pause(): void;
  resume(): void;
  /** The rest is not wanted: the connection is closed, and the reader gets nothing more. */
  cancel(): void;
}

export interface BodyReader {
  /** The bytes are the reader's from then on. */
  chunk(bytes: Uint8Array): void;
  /** The whole body has come. */
  end(): void;
  /** It broke off; an Error that says how. */
  failed(error: Error): void;
}

/**
 * Sends one request; resolves when the head of the answer has arrived, which for a streamed body may be before its end: the rest is
 * then sent only where the server did not refuse it. Redirects are not followed. Rejects with the
 * signal's reason, with GatewayError `upstream_timeout` when no connection is established within `connectMs`, or with
 * an Error whose `code` is the network's.
 */
export type Transport = (request: UpstreamRequest) => Promise<UpstreamAnswer>;
