// Writes lines to standard error, whole and immediately.
import { writeSync } from 'node:fs';
import { isTerminal } from './is-terminal.ts';

const STANDARD_ERROR = 2;

/** On a terminal this avoids `console`, which writes everything in red there, good news too. */
export function writeStandardError(line: string): void {
  if (!isTerminal(STANDARD_ERROR)) {
    console.error(line);
    return;
  }
  let rest = new TextEncoder().encode(`${line}\n`);
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(STANDARD_ERROR, rest));
  } catch {
    // The terminal's buffer is full, or it is gone: the runtime's own way is the last resort.
    console.error(new TextDecoder().decode(rest));
  }
}
