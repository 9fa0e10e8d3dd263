// The bytes of a stream cut into frames, however they come, and the events in them.
import { describe, expect, test } from 'bun:test';
import { createFrameSplitter, EventTooLarge } from '../../src/sse/frame-splitter.ts';
import { parseFrame } from '../../src/sse/parse-frame.ts';
import type { SseEvent } from '../../src/sse/event.ts';

const encoder = new TextEncoder();

function read(pieces: Uint8Array[], maxEvent = 1 << 20): { events: SseEvent[]; bytes: number[] } {
  const splitter = createFrameSplitter(maxEvent);
  const events: SseEvent[] = [];
  const bytes: number[] = [];
  const take = (frame: Uint8Array) => {
    const event = parseFrame(frame);
    if (event !== undefined) events.push(event);
  };
  for (const piece of pieces) {
    const completed = splitter.push(piece);
    bytes.push(...completed.bytes);
    let length = 0;
    for (const frame of completed.frames) {
      take(frame);
      length += frame.length;
    }
    expect(length).toBe(completed.bytes.length);
  }
  const rest = splitter.flush();
  bytes.push(...rest);
  take(rest);
  return { events, bytes };
}

const CASES: Record<string, { text: string; events: SseEvent[] }> = {
  'LF lines': {
    text: 'event: a\ndata: 1\n\ndata: 2\n\n',
    events: [
      { event: 'a', data: '1' },
      { event: '', data: '2' },
    ],
  },
  'CRLF lines': {
    text: 'event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n',
    events: [
      { event: 'a', data: '1' },
      { event: '', data: '2' },
    ],
  },
  'CR lines': {
    text: 'event: a\rdata: 1\r\rdata: 2\r\r',
    events: [
      { event: 'a', data: '1' },
      { event: '', data: '2' },
    ],
  },
  'mixed line ends': {
    text: 'data: 1\r\n\ndata: 2\n\r\ndata: 3\r\rdata: 4\n\ndata: 5\n\n',
    events: ['1', '2', '3', '4', '5'].map((data) => ({ event: '', data })),
  },
  'no space after the colon': {
    text: 'data:{"a":1}\n\nevent:x\ndata: y\n\n',
    events: [
      { event: '', data: '{"a":1}' },
      { event: 'x', data: 'y' },
    ],
  },
  'only one leading space goes': { text: 'data:  two\n\n', events: [{ event: '', data: ' two' }] },
  'multi-line data': { text: 'data: a\ndata:\ndata: b\n\n', events: [{ event: '', data: 'a\n\nb' }] },
  comments: { text: ': OPENROUTER PROCESSING\n\n:\ndata: 1\n: mid\n\n', events: [{ event: '', data: '1' }] },
  BOM: { text: '\uFEFFdata: 1\n\n', events: [{ event: '', data: '1' }] },
  'no blank line at the end': {
    text: 'data: 1\n\ndata: [DONE]',
    events: [
      { event: '', data: '1' },
      { event: '', data: '[DONE]' },
    ],
  },
  'leading blank lines': { text: '\n\n\r\n\ndata: 1\n\n', events: [{ event: '', data: '1' }] },
  'fields without data dispatch nothing': {
    text: 'event: a\nid: 7\nretry: 10\n\ndata: 1\n\n',
    events: [{ event: '', data: '1' }],
  },
  'empty data dispatches nothing': {
    text: 'event: a\ndata:\n\ndata: 1\n\n',
    events: [{ event: '', data: '1' }],
  },
  'multi-byte characters': {
    text: 'data: zażółć 🌊 漢字\n\n',
    events: [{ event: '', data: 'zażółć 🌊 漢字' }],
  },
  'bare JSON': {
    text: 'data: 1\n\n{"error":\n {"code":1}}\n\n',
    events: [
      { event: '', data: '1' },
      { event: '', data: '{"error":\n {"code":1}}' },
    ],
  },
  'a line of JSON among fields is no field': {
    text: 'data: 1\n{"a":2}\n\nevent: a\n{"a":3}\n\n',
    events: [{ event: '', data: '1' }],
  },
};

describe('frames', () => {
  for (const [name, { text, events }] of Object.entries(CASES)) {
    const bytes = encoder.encode(text);
    test(`${name}: whole`, () => expect(read([bytes]).events).toEqual(events));
    test(`${name}: byte by byte`, () => {
      expect(read([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual({ events, bytes: [...bytes] });
    });
    test(`${name}: cut in two anywhere`, () => {
      for (let cut = 0; cut <= bytes.length; cut++) {
        // A piece may be empty.
        const pieces = [bytes.subarray(0, cut), new Uint8Array(), bytes.subarray(cut)];
        expect(read(pieces)).toEqual({ events, bytes: [...bytes] });
      }
    });
  }

  test('a frame is complete with the byte that completes it', () => {
    const splitter = createFrameSplitter(100);
    expect(splitter.push(encoder.encode('data: 1\n')).frames).toHaveLength(0);
    expect(splitter.push(encoder.encode('\n')).frames).toHaveLength(1);
    expect(splitter.push(encoder.encode('data: 2\r\n\r')).frames).toHaveLength(1);
  });

  test('the LF behind the CR that completed a frame is handed on when it comes', () => {
    const splitter = createFrameSplitter(100);
    splitter.push(encoder.encode('data: 1\r\n\r'));
    expect(splitter.awaitsLf()).toBe(true);
    expect(splitter.push(encoder.encode('\n')).bytes).toEqual(encoder.encode('\n'));
    expect(splitter.awaitsLf()).toBe(false);
    splitter.push(encoder.encode('data: 2\r'));
    expect(splitter.awaitsLf()).toBe(false);
    expect(splitter.push(encoder.encode('\n')).bytes).toHaveLength(0);
  });

  test.each([
    ['', true],
    ['data: 1\n\n', true],
    ['data: 1\r\n\r\n', true],
    ['data: 1', false],
    ['data: 1\n', false],
    ['data: 1\n\n: half', false],
    // What may come of its line's end belongs to the frame.
    ['data: 1\r\n\r', false],
  ])('%j ends where a frame does: %p', (text, expected) => {
    const splitter = createFrameSplitter(100);
    splitter.push(encoder.encode(text));
    expect(splitter.isBetween()).toBe(expected);
  });

  test('a chunk of whole frames is handed on without a copy', () => {
    const chunk = encoder.encode('data: 1\n\ndata: 2\n\n');
    expect(createFrameSplitter(100).push(chunk).bytes).toBe(chunk);
  });

  test.each([
    ['in pieces', [1, 1, 1, 1]],
    ['in two', [5]],
    ['at once', []],
  ])('an event over the limit is refused, one at the limit is not: %s', (_, cuts) => {
    expect(tooLargeIn('data: 1234\n\n', 12, cuts)).toEqual({ frames: 1, tooLarge: false });
    expect(tooLargeIn('data: 1234\n\n', 11, cuts)).toEqual({ frames: 0, tooLarge: true });
    expect(tooLargeIn('data: 12345', 10, cuts)).toEqual({ frames: 0, tooLarge: true });
  });

  test.each([
    ['one that is whole', 'data: 1\n\ndata: 12345\n\ndata: 2\n\n'],
    ['one that is not', 'data: 1\n\ndata: 123456'],
  ])('what stands before one over the limit is read: %s', (_, text) => {
    expect(tooLargeIn(text, 11)).toEqual({ frames: 1, tooLarge: true });
    expect(tooLargeIn(text, 11, [4])).toEqual({ frames: 1, tooLarge: true });
  });

  test('one at the limit is read, though one over it comes in the same piece', () => {
    expect(tooLargeIn('data: 1234\n\ndata: 12345\n\n', 12)).toEqual({ frames: 1, tooLarge: true });
  });
});

/** How many frames came before one that was too large, of a text cut behind so many bytes each. */
function tooLargeIn(text: string, maxEvent: number, cuts: number[] = []) {
  const splitter = createFrameSplitter(maxEvent);
  let rest = encoder.encode(text);
  let frames = 0;
  for (const cut of [...cuts, rest.length]) {
    const completed = splitter.push(rest.subarray(0, cut));
    rest = rest.subarray(cut);
    frames += completed.ends.length;
    if (completed.tooLarge === undefined) continue;
    expect(completed.tooLarge).toBeInstanceOf(EventTooLarge);
    expect(splitter.flush()).toHaveLength(0);
    return { frames, tooLarge: true };
  }
  return { frames, tooLarge: false };
}
