// The upstream's answers as the bytes that go over the wire, head included.
import type { Behaviour } from './behaviour.ts';
import { DELTA_TEXT, eventsLike, FIRST_TEXT, type ProviderId, PROVIDERS } from './fixtures.ts';
import { asChunk, LAST_CHUNK } from './http-messages.ts';

export const STREAM_HEAD =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nrequest-id: req_benchmark\r\ntransfer-encoding: chunked\r\n\r\n';

/** Unpaced streams come in chunks of this many deltas, like a fast provider's packets. */
const DELTAS_A_CHUNK = 10;
const MB = 1024 * 1024;
/** Characters in one event of a long stream, and in one of a long argument. */
const LONG_TEXT = 1_000;
const FRAGMENT = 256;

/** A whole answer. */
export function plainAnswer(dialect: ProviderId): Buffer {
  const { answer } = PROVIDERS[dialect];
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nrequest-id: req_benchmark\r\n';
  return Buffer.from(`${head}content-length: ${Buffer.byteLength(answer)}\r\n\r\n${answer}`);
}

/** A stream that is sent at once. */
export function streamAnswer(dialect: ProviderId, { kind, amount }: Behaviour): Buffer {
  const { head, delta, tail, call } = PROVIDERS[dialect];
  if (kind === 'argument') {
    if (call === null) throw new Error(`${dialect} sends arguments whole`);
    const fragment = call.delta('x'.repeat(FRAGMENT));
    return inChunks(call.head, fragment, Math.ceil((amount * MB) / FRAGMENT), call.tail);
  }
  if (kind === 'long') {
    const event = delta('x'.repeat(LONG_TEXT));
    return inChunks(head + delta(FIRST_TEXT), event, Math.ceil((amount * MB) / event.length), tail);
  }
  return inChunks(head + delta(FIRST_TEXT), delta(DELTA_TEXT), amount - 1, tail);
}

function inChunks(head: string, event: string, count: number, tail: string): Buffer {
  const events = eventsLike(event, count);
  const parts = [Buffer.from(STREAM_HEAD + asChunk(head))];
  let at = 0;
  for (; at + DELTAS_A_CHUNK <= count; at += DELTAS_A_CHUNK)
    parts.push(Buffer.from(asChunk(events.slice(at, at + DELTAS_A_CHUNK).join(''))));
  parts.push(Buffer.from(asChunk(events.slice(at).join('') + tail) + LAST_CHUNK));
  return Buffer.concat(parts);
}
