// The table of commands, and the way from a command line to an exit code.
import { suggestion } from '../config/nearest.ts';
import { parseArguments } from './arguments.ts';
import { checkCommand } from './check.ts';
import { type CliContext, type Command, UsageError } from './command.ts';
import { conformCommand } from './conform.ts';
import { credentialsCommand } from './credentials.ts';
import { daemonCommand } from './daemon.ts';
import { doctorCommand } from './doctor.ts';
import { formatCommandHelp, formatOverview } from './help.ts';
import { replayCommand } from './replay.ts';
import { routeCommand } from './route.ts';
import { runCommand } from './run-client.ts';
import { serveCommand } from './serve.ts';
import { simulateCommand } from './simulate.ts';
import { tailCommand } from './tail.ts';
import { VERSION } from './version.ts';

const helpCommand: Command = {
  name: 'help',
  summary: 'Print what commands there are, or one command’s help.',
  flags: {},
  operands: ['COMMAND'],
  async run({ operands: [name] }, context) {
    context.out(name === undefined ? formatOverview(COMMANDS) : formatCommandHelp(findCommand(name)));
    return 0;
  },
};

const COMMANDS: readonly Command[] = [
  serveCommand,
  checkCommand,
  routeCommand,
  daemonCommand,
  credentialsCommand,
  runCommand,
  tailCommand,
  doctorCommand,
  replayCommand,
  conformCommand,
  simulateCommand,
  helpCommand,
];

/** `args`: without the program's name. Resolves to the exit code: 0 well, 1 not, 2 a wrong command line. */
export async function runCli(args: string[], context: CliContext): Promise<number> {
  try {
    return await dispatch(args, context);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    context.err(`sluice: ${error.message}`);
    context.err('Run "sluice --help" for what there is.');
    return 2;
  }
}

async function dispatch(args: string[], context: CliContext): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) {
    context.err(formatOverview(COMMANDS));
    return 2;
  }
  const command = name.startsWith('-') ? undefined : findCommand(name);
  const input = command === undefined ? parseArguments(args, { flags: {} }) : parseArguments(rest, command);
  if (input.flags.version) context.out(VERSION);
  else if (command === undefined) context.out(formatOverview(COMMANDS));
  else if (input.flags.help) context.out(formatCommandHelp(command));
  else return command.run(input, context);
  return 0;
}

function findCommand(name: string): Command {
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command !== undefined) return command;
  const names = COMMANDS.map((candidate) => candidate.name);
  throw new UsageError(`unknown command "${name}"${suggestion(name, names)}`);
}
