// A command in this process: what it printed, and its exit code.
import type { CliContext } from '../../src/cli/command.ts';
import { runCli } from '../../src/cli/run.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

/** Standard input that has this text in it, or the person who types it where nothing is shown. */
export function terminalOf(text: string, isInteractive = false): Terminal {
  return {
    isInteractive,
    isAttached: isInteractive,
    columns: undefined,
    readAll: () => Promise.resolve(text),
    readHidden: () => Promise.resolve(text),
  };
}

export async function runCommand(
  args: string[],
  context: Partial<CliContext> = {},
): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  /** What came without a line's end. */
  const parts: string[] = [];
  const code = await runCli(args, {
    out: (line) => out.push(line),
    write: (text) => parts.push(text),
    err: (line) => err.push(line),
    environment: {},
    inherited: context.environment ?? {},
    directory: '.',
    terminal: terminalOf(''),
    onSignal: () => {},
    onUncaught: () => {},
    exit: () => {},
    ...context,
  });
  return { code, out: parts.join('') + out.join('\n'), err: err.join('\n') };
}
