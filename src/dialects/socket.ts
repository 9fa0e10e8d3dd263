// What a dialect is over a WebSocket, for those whose clients may use one instead of posting: each message of the client is
// answered with the events of a streamed answer, one per message.
import type { SseEvent } from '../sse/event.ts';

export interface SocketDialect {
  /** For one connection. */
  open(): SocketConversation;
}

/** Remembers what later messages of its connection refer to. */
export interface SocketConversation {
  /** Throws GatewayError `invalid_request` for what is no message of a client. */
  read(text: string): SocketMessage;
  /** What the client is sent for a refused message, or for one that could not be read. */
  refusal(refusal: SocketRefusal, message?: SocketMessage): string;
  /** Its connection is over. */
  close(): void;
}

export interface SocketMessage {
  /** Messages of one lane are answered one after the other, those of several lanes at the same time. */
  lane: string;
  /** Called when it is to be answered: the body to post, or all events of the answer where nothing is to be posted. */
  begin(context: SocketContext): { body: string } | { events: string[] };
  /** What the client is sent for an event of the answer. */
  event(event: SseEvent): string[];
  /** What it is sent when no event follows, or after `SocketContext.stop`. */
  end(): string[];
}

export interface SocketContext {
  requestId: string;
  /** Unix time in seconds. */
  created: number;
  /** Cancels what was posted: no further event is read. */
  stop(): void;
}

/** An answer to the posted body that is no stream. */
interface SocketRefusal {
  status: number;
  /** JSON, in the dialect's form of an error. */
  body: string;
  headers: Record<string, string>;
}
