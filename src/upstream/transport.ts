// How a request reaches a provider's server, and how its answer comes back: pushed, chunk by chunk, as it arrives.
import type { HeaderReader } from '../model/headers.ts';
import type { Leaving } from './departure.ts';

/** What whoever connects must know of it. */
export interface Connecting {
  /** Longest time until the connection stands. */
  connectMs: number;
  /** The connection stands; not told where one was open already, or where nobody can tell. */
  connected?(): void;
}

export interface UpstreamRequest extends Connecting {
  method: string;
  url: string;
  headers: HeaderReader;
  body?: string;
  /** Aborted: the request ends, and so does its answer. */
  signal?: Leaving;
}

export interface UpstreamAnswer {
  status: number;
  headers: HeaderReader;
  body: AnswerBody;
}

/** The body of an answer, unpacked. Nothing is read from the network beyond a small buffer before `read`. */
export interface AnswerBody {
  /** Hands over what comes from now on, from within the arrival of each chunk. Called once. */
  read(reader: BodyReader): void;
  /** Nothing more is handed over until `resume`; beyond a small buffer the sender is held back by the network itself. */
  pause(): void;
  resume(): void;
  /** Nobody wants the rest: the connection is closed, and the reader hears nothing more. */
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
 * Sends one request; resolves when the head of the answer is there. Redirects are not followed. Rejects with the
 * signal's reason, with GatewayError `upstream_timeout` when no connection stands within `connectMs`, or with an
 * Error whose `code` says what the network said.
 */
export type Transport = (request: UpstreamRequest) => Promise<UpstreamAnswer>;
