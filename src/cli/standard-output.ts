// Commands' output, written to standard output at once, so that a failed write is noticed.
import { writeSync } from 'node:fs';
import { type CliContext, CommandFailure } from './command.ts';
import { codeOf, messageOf } from '../model/thrown.ts';

export { writeStandardError } from '../server/standard-error.ts';

const STANDARD_OUTPUT = 1;
/** In milliseconds, how long to wait before writing again to a non-blocking pipe that is full. */
const FULL_PIPE_MS = 5;

/** The output did not arrive. The message says why. */
export class OutputLost extends CommandFailure {
  override readonly name = 'OutputLost';
  /** Whether the reader has left, as `head` does when it has enough, which is not an error. */
  readonly isUnwanted: boolean;

  constructor(cause: unknown) {
    const reason = messageOf(cause);
    super(`standard output cannot be written (${reason}); the output is incomplete`, { cause });
    this.isUnwanted = codeOf(cause) === 'EPIPE';
  }
}

/** Returns when the system has accepted all of it. Throws OutputLost. */
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

/** Prints a server's own messages, and ignores it if nobody reads them. */
export function announce(lines: readonly string[], context: Pick<CliContext, 'out' | 'err'>): void {
  try {
    for (const line of lines) context.out(line);
  } catch (error) {
    if (!(error instanceof OutputLost)) throw error;
    if (!error.isUnwanted) context.err(`warning: ${error.message}`);
  }
}
