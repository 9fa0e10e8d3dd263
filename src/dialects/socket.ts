// A dialect over a WebSocket, for dialects whose clients may use one instead of posting: each message of the client is answered with the
// events of a streamed answer, one per message.
import type { SseEvent } from '../sse/event.ts';

export interface SocketDialect {
  /** Creates the conversation of one connection. */
  open(): SocketConversation;
}

/** Remembers what later messages of its connection refer to. */
export interface SocketConversation {
  /** Throws GatewayError `invalid_request` for anything but a client's message. */
  read(text: string): SocketMessage;
  /** What the client is sent for a message that is refused, or cannot be read. */
  refusal(refusal: SocketRefusal, message?: SocketMessage): string;
  /** The connection is over. */
  close(): void;
}

export interface SocketMessage {
  /** Messages of one lane are answered one after the other, those of different lanes in parallel. */
  lane: string;
  /** Called when the message is to be answered: returns the body to post, or all events of the answer if nothing is to be posted. */
  begin(context: SocketContext): { body: string } | { events: string[] };
  /** What the client is sent for an event of the answer. */
  event(event: SseEvent): string[];
  /** What the client is sent after the last event, or after `SocketContext.stop`. */
  end(): string[];
}

export interface SocketContext {
  requestId: string;
  /** Unix time in seconds. */
  created: number;
  /** Cancels what was posted; no further event is read. */
  stop(): void;
}

/** An answer to the posted body that is not a stream. */
interface SocketRefusal {
  status: number;
  /** JSON: an error in the dialect's form. */
  body: string;
  headers: Record<string, string>;
}
