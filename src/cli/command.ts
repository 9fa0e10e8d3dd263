// What a command is, and what it may touch.
import type { Terminal } from './terminal.ts';

export interface CliContext {
  /** A line of the command's answer. Throws OutputLost. */
  out(line: string): void;
  /** A part of a line of the answer. Throws OutputLost. */
  write(text: string): void;
  /** A line beside it: warnings and errors. */
  err(line: string): void;
  environment: Readonly<Record<string, string | undefined>>;
  /** Working directory. */
  directory: string;
  terminal: Terminal;
  /** Calls back with each SIGTERM, SIGINT or SIGHUP from now on, and when the launcher is gone. */
  onSignal(handler: (signal: string) => void): void;
  /** Calls back with what is thrown from now on and caught by nothing, which then ends nothing by itself. */
  onUncaught(handler: (thrown: unknown) => void): void;
  /** Ends the process at once. */
  exit(code: number): void;
}

export interface Flag {
  /** What stands for the value in the help; none: the flag takes no value. */
  value?: string;
  summary: string;
  /** One letter that stands for it behind a single dash. */
  short?: string;
}

export interface Command {
  name: string;
  summary: string;
  flags: Record<string, Flag>;
  /** Names of what may stand without a flag. */
  operands?: string[];
  /** What the first operand may be, where that is known. */
  choices?: readonly string[];
  /** From the first operand on everything is an operand, flags too: they are another program's. */
  passesRest?: boolean;
  /** Resolves to the exit code. Throws UsageError. */
  run(input: ParsedArguments, context: CliContext): Promise<number>;
}

export interface ParsedArguments {
  /** By the flag's name; `true` for one without a value. */
  flags: Partial<Record<string, string | true>>;
  operands: string[];
}

/** The command line is wrong: exit code 2. The message says what and how it would be right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
