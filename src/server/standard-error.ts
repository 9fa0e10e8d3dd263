// Lines on standard error, whole and at once.
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';

const STANDARD_ERROR = 2;

/** On a terminal not by `console`, which writes all of it in red there, good news too. */
export function writeStandardError(line: string): void {
  if (!isatty(STANDARD_ERROR)) {
    console.error(line);
    return;
  }
  let rest = new TextEncoder().encode(`${line}\n`);
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(STANDARD_ERROR, rest));
  } catch {
    // A terminal that is full, or gone: the runtime's own way is the last.
    console.error(new TextDecoder().decode(rest));
  }
}
