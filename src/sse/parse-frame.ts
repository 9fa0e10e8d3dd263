// Reads one frame as an event.
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
import type { SseEvent } from './event.ts';

// Frames end at line ends, never within a character, so one decoder serves all streams. It drops a BOM.
const decoder = new TextDecoder();

/**
 * The event in the frame; undefined if it holds none (comments, blank lines, fields without data). A frame of bare JSON instead of fields
 * is taken as data, since some servers append their error in that form (recording feature `bare-json-error`).
 */
export function parseFrame(frame: Uint8Array): SseEvent | undefined {
  let text = decoder.decode(frame);
  if (text.includes('\r')) text = text.replace(/\r\n?/g, '\n');
  let event = '';
  let data: string | undefined;
  let start = 0;
  while (start < text.length) {
    let end = text.indexOf('\n', start);
    if (end === -1) end = text.length;
    if (text.startsWith('data:', start)) {
      const value = text.slice(start + (text[start + 5] === ' ' ? 6 : 5), end);
      data = data === undefined ? value : `${data}\n${value}`;
    } else if (text.startsWith('event:', start)) {
      event = text.slice(start + (text[start + 6] === ' ' ? 7 : 6), end);
    } else if (data === undefined && event === '' && text[start] === '{') {
      return { event: '', data: text.slice(start).trim() };
    }
    start = end + 1;
  }
  return data === undefined || data === '' ? undefined : { event, data };
}

const COLON = 58;

/** Whether a frame without an event is a comment. */
export function isComment(frame: Uint8Array): boolean {
  return frame[0] === COLON;
}

/** Like `parseFrame`, for a line of JSON; undefined if it is blank. */
export function parseLine(line: Uint8Array): SseEvent | undefined {
  const data = decoder.decode(line).trim();
  return data === '' ? undefined : { event: '', data };
}
