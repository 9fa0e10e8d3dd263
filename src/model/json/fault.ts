// Where a text stops being JSON.
import { createJsonScanner } from './scanner.ts';

/** Of a longer text, in characters, the place is not looked for: of this one it takes up to 60 ms, in which nothing else is done. */
const LONGEST = 65_536;
const STRIDE = 4_096;

export interface JsonFault {
  /** From 1, of the first character with which the text cannot be JSON. */
  line: number;
  /** From 1, in UTF-16 code units. */
  column: number;
  /** All of the text could be the beginning of JSON: the place is behind its last character. */
  isEnd: boolean;
}

/** Undefined where nothing is wrong, or where the text is too long to be looked through. */
export function findJsonFault(text: string): JsonFault | undefined {
  if (text.length > LONGEST) return undefined;
  const ahead = createJsonScanner();
  const behind = createJsonScanner();
  let at = 0;
  for (; at < text.length; at += STRIDE) {
    const stride = text.slice(at, at + STRIDE);
    ahead.push(stride);
    if (ahead.broken()) break;
    behind.push(stride);
  }
  if (at >= text.length) return ahead.complete() ? undefined : placeIn(text, text.length, true);
  while (at < text.length) {
    behind.push(text.charAt(at));
    if (behind.broken()) break;
    at++;
  }
  return placeIn(text, at, false);
}

function placeIn(text: string, at: number, isEnd: boolean): JsonFault {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  return { line, column: at - before.lastIndexOf('\n'), isEnd };
}
