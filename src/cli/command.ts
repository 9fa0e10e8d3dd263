// What a command is, and what it may access.
import type { Terminal } from './terminal.ts';

export interface CliContext {
  /** Writes a line of the command's output. Throws OutputLost. */
  out(line: string): void;
  /** Writes part of a line of the output. Throws OutputLost. */
  write(text: string): void;
  /** Writes a line to standard error: warnings and errors. */
  err(line: string): void;
  environment: Readonly<Record<string, string | undefined>>;
  /** The part of `environment` that this program was started with, without what comes from `.env` and what the launcher sets for Bun. */
  inherited: Readonly<Record<string, string | undefined>>;
  /** Working directory. */
  directory: string;
  terminal: Terminal;
  /** Calls back for each SIGTERM, SIGINT or SIGHUP from this call on, and when the launcher is gone. */
  onSignal(handler: (signal: string) => void): void;
  /** Calls back for every uncaught error from this call on; such an error then no longer ends the process by itself. */
  onUncaught(handler: (thrown: unknown) => void): void;
  /** Ends the process at once. */
  exit(code: number): void;
}

export interface Flag {
  /** The placeholder for its value in the help; left out for a flag without a value. */
  value?: string;
  summary: string;
  /** Its one-letter form after a single dash. */
  short?: string;
}

export interface Command {
  name: string;
  summary: string;
  flags: Record<string, Flag>;
  /** Names of the operands, which are the arguments without a flag. Optional ones are in brackets. */
  operands?: string[];
  /** The values that the first operand may have, where they are known. */
  choices?: readonly string[];
  /** Everything from the first operand on is an operand, flags included: it belongs to another program. */
  passesRest?: boolean;
  /** Command lines for its most common uses, each from the command's name on, and what they do. */
  examples?: readonly (readonly [line: string, does: string])[];
  /** Resolves to the exit code. Throws UsageError or CommandFailure. */
  run(input: ParsedArguments, context: CliContext): Promise<number>;
}

export interface ParsedArguments {
  /** By the flag's name; `true` for a flag without a value. */
  flags: Partial<Record<string, string | true>>;
  operands: string[];
}

/** The command cannot do what it was asked to; the message says what happened, where, and what to do. */
export class CommandFailure extends Error {
  override readonly name: string = 'CommandFailure';
  readonly exitCode: number;

  constructor(message: string, { exitCode = 1, ...options }: ErrorOptions & { exitCode?: number } = {}) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The command line is wrong: exit code 2. The message says what is wrong and how to correct it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
