// Where a text stops being JSON.
import { JsonScanner } from './scanner.ts';

/** In characters. Longer texts are not searched: this length already takes up to 60 ms, during which everything else is blocked. */
const LONGEST = 65_536;
const STRIDE = 4_096;

interface JsonFault {
  /** Of the first character that makes the text invalid, counted from 1. */
  line: number;
  /** Counted from 1, in UTF-16 code units. */
  column: number;
  /** The text is a valid beginning of JSON, so the place is after its last character. */
  isEnd: boolean;
}

/** Undefined if nothing is wrong, or the text is too long to be searched. */
export function findJsonFault(text: string): JsonFault | undefined {
  if (text.length > LONGEST) return undefined;
  const ahead = new JsonScanner();
  const behind = new JsonScanner();
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
