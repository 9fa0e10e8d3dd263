// AWS event streams for tests, by the library that the gateway reads them with.
import { EventStreamCodec } from '@smithy/core/event-streams';
import type { JsonObject } from '../../src/model/json/json.ts';

const codec = new EventStreamCodec(
  (input) => (typeof input === 'string' ? input : new TextDecoder().decode(input)),
  (text) => new TextEncoder().encode(text),
);

const text = (value: string) => ({ type: 'string' as const, value });

/** One message that holds an event. */
export function eventMessage(event: string, fields: JsonObject): Uint8Array {
  return codec.encode({
    headers: {
      ':event-type': text(event),
      ':content-type': text('application/json'),
      ':message-type': text('event'),
    },
    body: new TextEncoder().encode(JSON.stringify(fields)),
  });
}

export function exceptionMessage(exception: string, message: string): Uint8Array {
  return codec.encode({
    headers: {
      ':exception-type': text(exception),
      ':content-type': text('application/json'),
      ':message-type': text('exception'),
    },
    body: new TextEncoder().encode(JSON.stringify({ message })),
  });
}

/** An error that the transport tells, with nothing in its body. */
export function errorMessage(code: string, message: string): Uint8Array {
  const headers = {
    ':message-type': text('error'),
    ':error-code': text(code),
    ':error-message': text(message),
  };
  return codec.encode({ headers, body: new Uint8Array(0) });
}

export function concat(messages: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(messages));
}

export interface ReadMessage {
  event: string;
  fields: JsonObject;
}

/** The messages of a stream and where each ends. */
export function readMessages(stream: Uint8Array): { messages: ReadMessage[]; ends: number[] } {
  const messages: ReadMessage[] = [];
  const ends: number[] = [];
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  for (let at = 0; at < stream.length; ) {
    const end = at + view.getUint32(at);
    const { headers, body } = codec.decode(stream.subarray(at, end));
    const named = headers[':event-type'] ?? headers[':exception-type'];
    messages.push({ event: String(named?.value), fields: JSON.parse(new TextDecoder().decode(body)) });
    ends.push(end);
    at = end;
  }
  return { messages, ends };
}
