// Messages of AWS event streams in any pieces, and those that are none.
import { describe, expect, test } from 'bun:test';
import { loadEventStream } from '../../../src/dialects/aws/event-stream.ts';
import { EXCEPTION } from '../../../src/dialects/aws/exceptions.ts';
import { MalformedEvent } from '../../../src/dialects/dialect.ts';
import type { SseEvent } from '../../../src/sse/event.ts';
import { EventTooLarge } from '../../../src/sse/frame-splitter.ts';
import { concat, errorMessage, eventMessage, exceptionMessage } from '../../support/event-stream.ts';

const createFraming = await loadEventStream();

function setup(maxEvent = 10_000) {
  const framing = createFraming(maxEvent);
  const events: SseEvent[] = [];
  const taker = {
    take(event: SseEvent) {
      events.push(event);
      return undefined;
    },
    padding: undefined,
    numbers: undefined,
    repeat: () => false,
    count() {},
  };
  return { events, push: (bytes: Uint8Array) => framing.push(bytes, taker) };
}

const MESSAGE = eventMessage('metadata', { usage: { inputTokens: 7 } });

test('messages come whole, whatever pieces they are in', () => {
  const said = [eventMessage('messageStart', { role: 'assistant' }), MESSAGE, eventMessage('x', {})];
  const stream = concat(said);
  for (let size = 1; size <= stream.length; size++) {
    const { events, push } = setup();
    for (let at = 0; at < stream.length; at += size) push(stream.subarray(at, at + size));
    expect(events).toEqual([
      { event: 'messageStart', data: '{"role":"assistant"}' },
      { event: 'metadata', data: '{"usage":{"inputTokens":7}}' },
      { event: 'x', data: '{}' },
    ]);
  }
});

test('what fails is emitted under its name', () => {
  const { events, push } = setup();
  push(concat([exceptionMessage('throttlingException', 'slow'), errorMessage('InternalError', 'broke')]));
  expect(events).toEqual([
    { event: `${EXCEPTION}throttlingException`, data: '{"message":"slow"}' },
    { event: `${EXCEPTION}InternalError`, data: '{"message":"broke"}' },
  ]);
});

test('the longest message that is taken, and one that is longer', () => {
  const { events, push } = setup(MESSAGE.length);
  push(MESSAGE);
  expect(events).toHaveLength(1);
  // Before the rest of it is waited for.
  const short = setup(MESSAGE.length - 1);
  expect(() => short.push(MESSAGE.subarray(0, 12))).toThrow(EventTooLarge);
});

describe('what is no message', () => {
  const changed = (at: number, value: number) => {
    const bytes = MESSAGE.slice();
    new DataView(bytes.buffer).setUint32(at, value);
    return bytes;
  };
  /** With the prelude's checksum made right again. */
  const sealed = (bytes: Uint8Array) => {
    new DataView(bytes.buffer).setUint32(8, Bun.hash.crc32(bytes.subarray(0, 8)));
    return bytes;
  };

  test.each([
    [
      'is found by its head, before the length that it claims is waited for',
      changed(0, 9_000).subarray(0, 12),
      'prelude',
    ],
    ['is shorter than its headers', sealed(changed(4, MESSAGE.length)).subarray(0, 12), 'shorter'],
    ['was spoilt on its way', changed(MESSAGE.length - 8, 0), 'checksum'],
  ])('%s', (_, bytes, words) => {
    const { push } = setup();
    let thrown: unknown;
    try {
      push(bytes);
    } catch (caught) {
      thrown = caught;
    }
    expect(thrown).toBeInstanceOf(MalformedEvent);
    expect(String(thrown)).toContain(words);
  });
});
