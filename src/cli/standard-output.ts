// What commands answer, written to standard output at once, so that a write that fails is noticed.
import { writeSync } from 'node:fs';
import type { CliContext } from './command.ts';

export { writeStandardError } from '../server/standard-error.ts';

const STANDARD_OUTPUT = 1;
/** Before a pipe that is full, and does not wait by itself, is tried again. */
const FULL_PIPE_MS = 5;

/** The answer did not arrive; the message says why. */
export class OutputLost extends Error {
  override readonly name = 'OutputLost';
  /** The reader has left, as `head` does when it has enough: nothing is wrong. */
  readonly isUnwanted: boolean;

  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`standard output cannot be written (${reason}); the output is incomplete`, { cause });
    this.isUnwanted = codeOf(cause) === 'EPIPE';
  }
}

/** Returns when the system has all of it. Throws OutputLost. */
export function writeOutput(text: string): void {
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(STANDARD_OUTPUT, rest));
    } catch (cause) {
      if (codeOf(cause) !== 'EAGAIN') throw new OutputLost(cause);
      Bun.sleepSync(FULL_PIPE_MS);
    }
  }
}

/** What a server says of itself: it serves, whether or not anybody reads that. */
export function announce(lines: readonly string[], context: Pick<CliContext, 'out' | 'err'>): void {
  try {
    for (const line of lines) context.out(line);
  } catch (error) {
    if (!(error instanceof OutputLost)) throw error;
    if (!error.isUnwanted) context.err(`warning: ${error.message}`);
  }
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
}
