// Replaces matches in a complete text.
import type { Program } from './program.ts';
import { createScanner } from './scanner.ts';

export interface Replacement {
  text: string;
  matches: number;
}

export function replaceMatches(program: Program, window: number, text: string, by: string): Replacement {
  let result = '';
  let matches = 0;
  let at = 0;
  const scanner = createScanner(program, window, (end, decision) => {
    if (decision === 'keep') result += text.slice(at, end);
    else if (decision === 'match') {
      result += by;
      matches++;
    }
    at = end;
  });
  scanner.feed(text);
  scanner.flush();
  return matches === 0 ? { text, matches } : { text: result, matches };
}
