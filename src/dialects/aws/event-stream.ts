// AWS event streams: binary messages that consist of headers and a payload, with two checksums.
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html
import type { EventStreamCodec } from '@smithy/core/event-streams';
import { joinBytes } from '../../model/join-bytes.ts';
import { findPackages, loadPackage } from '../../model/lazy-package.ts';
import { EventTooLarge } from '../../sse/frame-splitter.ts';
import { type CreateFraming, type EventTaker, MalformedEvent, type StreamFraming } from '../dialect.ts';
import { EXCEPTION } from './exceptions.ts';

findPackages('@smithy/core/event-streams', '@smithy/core/checksum');

/** Total length, length of the headers, and a checksum of both. */
const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder();

/** Writes messages with a payload in JSON. */
export interface MessageWriter {
  event(name: string, json: string): Uint8Array;
  exception(name: string, json: string): Uint8Array;
}

export async function loadMessageWriter(): Promise<MessageWriter> {
  const codec = await loadCodec();
  const text = (value: string) => ({ type: 'string' as const, value });
  const write = (type: 'event' | 'exception', name: string, json: string) =>
    codec.encode({
      headers: {
        [`:${type}-type`]: text(name),
        ':content-type': text('application/json'),
        ':message-type': text(type),
      },
      body: textEncoder.encode(json),
    });
  return {
    event: (name, json) => write('event', name, json),
    exception: (name, json) => write('exception', name, json),
  };
}

/** Loading takes 50 ms and megabytes, so it waits for the first stream that needs it. */
async function loadCodec(): Promise<EventStreamCodec> {
  const { EventStreamCodec } = await load(() => import('@smithy/core/event-streams'));
  return new EventStreamCodec(
    (input) => (typeof input === 'string' ? input : textDecoder.decode(input)),
    (value) => textEncoder.encode(value),
  );
}

function load<T>(part: () => Promise<T>): Promise<T> {
  return loadPackage("the library for AWS' event streams", part);
}

export async function loadEventStream(): Promise<CreateFraming> {
  const [codec, { Crc32 }] = await Promise.all([loadCodec(), load(() => import('@smithy/core/checksum'))]);
  const checksum = (bytes: Uint8Array) => {
    const crc = new Crc32();
    crc.update(bytes);
    return crc.digestSync();
  };
  return (maxEvent) => createMessageFraming(codec, checksum, maxEvent);
}

/** Takes each message separately, none as a repetition of the one before. */
export function messageTaker(take: EventTaker['take']): EventTaker {
  return { take, padding: undefined, numbers: undefined, repeat: () => false, count() {} };
}

function createMessageFraming(
  codec: EventStreamCodec,
  checksum: (bytes: Uint8Array) => number,
  maxEvent: number,
): StreamFraming {
  // The pieces of an unfinished message are joined once: when it is whole, or to read its length.
  let pieces: Uint8Array[] = [];
  let pending = 0;
  let wanted = PRELUDE_BYTES;

  function keep(rest: Uint8Array, length: number): void {
    pieces = rest.length === 0 ? [] : [rest];
    pending = rest.length;
    wanted = length;
  }

  return {
    push(chunk, taker) {
      pieces.push(chunk);
      pending += chunk.length;
      if (pending < wanted) return;
      let bytes = joinBytes(pieces);
      keep(new Uint8Array(0), PRELUDE_BYTES);
      while (bytes.length >= PRELUDE_BYTES) {
        const length = messageLength(bytes, checksum, maxEvent);
        if (bytes.length < length) {
          keep(bytes, length);
          return;
        }
        taker.take(readMessage(codec, bytes.subarray(0, length)));
        bytes = bytes.subarray(length);
      }
      keep(bytes, PRELUDE_BYTES);
    },
    // An incomplete message yields nothing.
    flush() {},
  };
}

/** The length of the message, checked before anything waits for so many bytes. */
function messageLength(bytes: Uint8Array, checksum: (bytes: Uint8Array) => number, maxEvent: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, PRELUDE_BYTES);
  const length = view.getUint32(0);
  const prelude = PRELUDE_BYTES - CHECKSUM_BYTES;
  if (view.getUint32(prelude) !== checksum(bytes.subarray(0, prelude)))
    throw new MalformedEvent('the checksum of a message’s prelude does not match');
  if (length > maxEvent) throw new EventTooLarge(`an event is longer than ${maxEvent} bytes`);
  if (view.getUint32(4) + PRELUDE_BYTES + CHECKSUM_BYTES > length)
    throw new MalformedEvent('a message of the event stream is shorter than its headers');
  return length;
}

function readMessage(codec: EventStreamCodec, bytes: Uint8Array): { event: string; data: string } {
  let message: ReturnType<EventStreamCodec['decode']>;
  try {
    message = codec.decode(bytes);
  } catch (thrown) {
    throw new MalformedEvent(thrown instanceof Error ? thrown.message : 'unreadable message');
  }
  const header = (name: string) => String(message.headers[name]?.value ?? '');
  const data = textDecoder.decode(message.body);
  switch (header(':message-type')) {
    case 'event':
      return { event: header(':event-type'), data };
    case 'exception':
      return { event: EXCEPTION + header(':exception-type'), data };
    case 'error':
      return {
        event: EXCEPTION + header(':error-code'),
        data: JSON.stringify({ message: header(':error-message') }),
      };
    default:
      throw new MalformedEvent(`a message of the event stream has type "${header(':message-type')}"`);
  }
}
