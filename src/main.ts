// The program: the only place that reads process.env and the command line, and that ends the process.
import type { CliContext } from './cli/command.ts';
import { keepDollars } from './cli/dot-env.ts';
import { typable } from './cli/hints.ts';
import { runCli } from './cli/run.ts';
import { writeOutput, writeStandardError } from './cli/standard-output.ts';
import { createTerminal, shownOn } from './cli/terminal.ts';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

const launcherDescriptor = Number(process.env.SLUICE_LAUNCHER_FD);
// The pipe belongs to this process: a program started from here must not look for it.
delete process.env.SLUICE_LAUNCHER_FD;

const launcherVariables = process.env.SLUICE_LAUNCHER_VARIABLES;
delete process.env.SLUICE_LAUNCHER_VARIABLES;

const inherited = launcherVariables === undefined ? process.env : inheritedBy(JSON.parse(launcherVariables));
keepDollars(process.env, inherited, process.cwd());

// Set until the outcome is known: whoever listens for uncaught errors takes them from the runtime, and with them its exit code.
process.exitCode = 1;

const code = await runCli(process.argv.slice(2), {
  out: (line) => writeOutput(`${shownOn(1, line)}\n`),
  write: (text) => writeOutput(shownOn(1, text)),
  err: (line) => writeStandardError(shownOn(2, typable(line, process.env))),
  environment: process.env,
  inherited,
  directory: process.cwd(),
  terminal: createTerminal(process),
  onSignal(handler) {
    for (const signal of SIGNALS) process.on(signal, () => handler(signal));
    onLauncherGone(() => handler('SIGTERM'));
  },
  onUncaught(handler) {
    process.on('uncaughtException', handler);
    process.on('unhandledRejection', handler);
  },
  exit: (exitCode) => process.exit(exitCode),
});
process.exit(code);

/** The environment variables with these names. */
function inheritedBy(names: string[]): CliContext['environment'] {
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

/**
 * The launcher holds the other end of a pipe and never writes to it: the pipe's end tells that the launcher is gone,
 * in whichever way it ended, including SIGKILL.
 */
function onLauncherGone(callback: () => void): void {
  if (!Number.isInteger(launcherDescriptor) || launcherDescriptor < 3) return;
  const drain = async () => {
    for await (const _ of Bun.file(launcherDescriptor).stream()) {
      // Nothing is ever sent.
    }
  };
  drain().then(callback, callback);
}
