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
  /** Of `environment`, what this program was started with: without what stands in `.env` and what the launcher sets for Bun. */
  inherited: Readonly<Record<string, string | undefined>>;
  /** Working directory. */
  directory: string;
  terminal: Terminal;
  /** Calls back with each SIGTERM, SIGINT or SIGHUP from now on, and when the launcher is gone. */
  onSignal(handler: (signal: string) => void): void;
  /** Calls back with everything thrown and uncaught from now on, which then no longer ends the process by itself. */
  onUncaught(handler: (thrown: unknown) => void): void;
  /** Ends the process at once. */
  exit(code: number): void;
}

export interface Flag {
  /** The placeholder for its value in the help; none: the flag takes no value. */
  value?: string;
  summary: string;
  /** The one-letter form behind a single dash. */
  short?: string;
}

export interface Command {
  name: string;
  summary: string;
  flags: Record<string, Flag>;
  /** Names of the operands, which are arguments without a flag; those that may be left out are in brackets. */
  operands?: string[];
  /** The values that the first operand may have, where they are known. */
  choices?: readonly string[];
  /** From the first operand on everything is an operand, flags too: they belong to another program. */
  passesRest?: boolean;
  /** Command lines for its commonest uses, from its name on, and what each does. */
  examples?: readonly (readonly [line: string, does: string])[];
  /** Resolves to the exit code. Throws UsageError, CommandFailure. */
  run(input: ParsedArguments, context: CliContext): Promise<number>;
}

export interface ParsedArguments {
  /** By the flag's name; `true` for one without a value. */
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
