// `sluice completion`: a script that teaches a shell the commands and their flags, generated from the table of commands.
import { chosenAction, COMMON_FLAGS } from './arguments.ts';
import type { Command, Flag } from './command.ts';

type Writer = (commands: readonly Command[]) => string;

const WRITERS: Readonly<Record<string, Writer>> = {
  bash: forBash,
  // zsh can read the script for bash.
  zsh: (commands) => `autoload -Uz compinit bashcompinit\ncompinit\nbashcompinit\n${forBash(commands)}`,
  fish: forFish,
};

const SHELLS = Object.keys(WRITERS);

/** @param load loads every command, in the order of the help */
export function createCompletionCommand(load: () => Promise<readonly Command[]>): Command {
  return {
    name: 'completion',
    summary:
      'Print a shell script that completes commands and flags: eval "$(sluice completion bash)", likewise in zsh; sluice completion fish | source.',
    flags: {},
    operands: ['SHELL'],
    choices: SHELLS,
    async run({ operands: [shell] }, context) {
      const write = chosenAction('completion', shell, WRITERS);
      context.out(write(await load()));
      return 0;
    },
  };
}

const flagsOf = ({ flags }: Command): [name: string, flag: Flag][] =>
  Object.entries({ ...flags, ...COMMON_FLAGS });

/** The forms in which it is typed: `--lines`, `-n`. */
const spellings = ([name, { short }]: [string, Flag]): string[] => [
  `--${name}`,
  ...(short === undefined ? [] : [`-${short}`]),
];

/** Where nothing is proposed, `-o default` lets the shell propose files, which most values are. */
function forBash(commands: readonly Command[]): string {
  const cases = commands.flatMap((command) => {
    const flags = flagsOf(command);
    const valued = flags.filter(([, { value }]) => value !== undefined).flatMap(spellings);
    return [
      `    ${command.name})`,
      ...(command.passesRest ? ['      passes=1'] : []),
      `      choices='${(command.choices ?? []).join(' ')}'`,
      `      flags='${flags.map(([name]) => `--${name}`).join(' ')}'`,
      `      valued=' ${valued.join(' ')} ' ;;`,
    ];
  });
  return [
    '_sluice() {',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's.
    '  local word=${COMP_WORDS[COMP_CWORD]} choices= flags= valued= passes= operands=0 at',
    '  COMPREPLY=()',
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')}' -- "$word"))`,
    '    return',
    '  fi',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's.
    '  case ${COMP_WORDS[1]} in',
    ...cases,
    '    *) return ;;',
    '  esac',
    '  for ((at = 2; at < COMP_CWORD; at++)); do',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's.
    '    case $valued in *" ${COMP_WORDS[at]} "*) ((at++)); continue ;; esac',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's.
    '    case ${COMP_WORDS[at]} in -*) ;; *) operands=1 ;; esac',
    '  done',
    '  # A value of the flag before it.',
    '  [ "$at" -gt "$COMP_CWORD" ] && return',
    '  [ -n "$passes" ] && [ "$operands" -eq 1 ] && return',
    '  case $word in',
    '    -*) COMPREPLY=($(compgen -W "$flags" -- "$word")) ;;',
    '    *) [ "$operands" -eq 1 ] || COMPREPLY=($(compgen -W "$choices" -- "$word")) ;;',
    '  esac',
    '}',
    'complete -o default -F _sluice sluice',
  ].join('\n');
}

function forFish(commands: readonly Command[]): string {
  const lines = commands.flatMap((command) => {
    const isIt = `'__fish_seen_subcommand_from ${command.name}'`;
    const choices = (command.choices ?? []).join(' ');
    return [
      `complete -c sluice -n __fish_use_subcommand -f -a ${command.name} -d ${quoted(command.summary)}`,
      ...(choices === ''
        ? []
        : [
            `complete -c sluice -n '__fish_seen_subcommand_from ${command.name}; and not __fish_seen_subcommand_from ${choices}' -f -a '${choices}'`,
          ]),
      ...flagsOf(command).map(
        ([name, { value, short, summary }]) =>
          `complete -c sluice -n ${isIt} -l ${name}${short === undefined ? '' : ` -s ${short}`}${value === undefined ? '' : ' -r'} -d ${quoted(summary)}`,
      ),
    ];
  });
  return lines.join('\n');
}

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
