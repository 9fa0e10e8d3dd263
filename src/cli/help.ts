// `sluice help`, and what `--help` prints.
import { COMMON_FLAGS } from './arguments.ts';
import type { Command } from './command.ts';

/** In characters. For a narrower right column, the terminal's own line breaks are better. */
const NARROWEST = 24;

const FIRST_STEPS: NonNullable<Command['examples']> = [
  ['daemon start', 'Serves in the background. Its address in a browser is the dashboard.'],
  ['run claude', 'Starts Claude Code through it.'],
  ['credentials store openai', 'Asks for a key and keeps it encrypted.'],
];

/** @param program the name it was started by. @param width of the terminal, if there is one. */
export function formatOverview(commands: readonly Command[], program: string, width?: number): string {
  return [
    'sluice: a streaming LLM gateway',
    '',
    'Usage: sluice COMMAND [flags]',
    '',
    ...columns(
      commands.map((command) => [command.name, command.summary]),
      width,
    ),
    '',
    ...columns(
      [
        ['--version', 'Print the version.'],
        ['--help', 'Print this help; after a command, the help of that command.'],
      ],
      width,
    ),
    ...formatExamples(FIRST_STEPS, program, width),
    '',
    wrapped(
      'Exit codes: 0 success, 1 failure, 2 a wrong command line; docs/command-line.md lists all.',
      width,
    ),
  ].join('\n');
}

/** @param program the name it was started by. @param width of the terminal, if there is one. */
export function formatCommandHelp(command: Command, program: string, width?: number): string {
  const flags = Object.entries({ ...command.flags, ...COMMON_FLAGS });
  const operands = (command.operands ?? []).map((name) => ` ${name}`).join('');
  return [
    `Usage: sluice ${command.name}${command.passesRest ? ` [flags]${operands}` : `${operands} [flags]`}`,
    '',
    wrapped(command.summary, width),
    '',
    ...columns(
      flags.map(([name, flag]) => [
        `${flag.short === undefined ? '' : `-${flag.short}, `}--${name}${flag.value === undefined ? '' : ` ${flag.value}`}`,
        flag.summary,
      ]),
      width,
    ),
    ...formatExamples(command.examples ?? [], program, width),
  ].join('\n');
}

function formatExamples(
  examples: NonNullable<Command['examples']>,
  program: string,
  width?: number,
): string[] {
  if (examples.length === 0) return [];
  const lines = examples.flatMap(([line, does]) => [
    `  ${program} ${line}`,
    `      ${wrapped(does, width, 6)}`,
  ]);
  return ['', 'Examples:', ...lines];
}

/** Returns `1 key`, `2 keys`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/**
 * Two columns, the first as wide as its longest cell.
 * @param total characters per line: longer text in the second column continues below itself.
 */
export function columns(rows: readonly (readonly [string, string])[], total?: number): string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  const indent = width + 4;
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${wrapped(right, total, indent)}`.trimEnd());
}

/** Breaks text between words, so that with `indent` before it no line is longer than `total`. */
function wrapped(text: string, total: number | undefined, indent = 0): string {
  if (total === undefined || total - indent < NARROWEST) return text;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > total) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}
