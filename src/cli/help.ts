// `sluice help`, and what `--help` prints.
import { COMMON_FLAGS } from './arguments.ts';
import type { Command } from './command.ts';

export function formatOverview(commands: readonly Command[]): string {
  return [
    'sluice: a streaming LLM gateway',
    '',
    'Usage: sluice COMMAND [flags]',
    '',
    ...columns(commands.map((command) => [command.name, command.summary])),
    '',
    ...columns([
      ['--version', 'Print the version.'],
      ['--help', 'Print this help; after a command, that command’s.'],
    ]),
  ].join('\n');
}

export function formatCommandHelp(command: Command): string {
  const flags = Object.entries({ ...command.flags, ...COMMON_FLAGS });
  const operands = (command.operands ?? []).map((name) => ` [${name}]`).join('');
  return [
    `Usage: sluice ${command.name}${command.passesRest ? ` [flags]${operands}` : `${operands} [flags]`}`,
    '',
    command.summary,
    '',
    ...columns(
      flags.map(([name, flag]) => [
        `${flag.short === undefined ? '' : `-${flag.short}, `}--${name}${flag.value === undefined ? '' : ` ${flag.value}`}`,
        flag.summary,
      ]),
    ),
  ].join('\n');
}

/** `1 key`, `2 keys`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Two columns, the first as wide as its longest cell. */
export function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd());
}
