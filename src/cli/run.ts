// The table of commands, and the way from a command line to an exit code.
import { suggestion } from '../model/nearest.ts';
import { parseArguments } from './arguments.ts';
import { type CliContext, type Command, CommandFailure, UsageError } from './command.ts';
import { guess } from './guesses.ts';
import { programName, startedByNpm } from './hints.ts';
import { formatCommandHelp, formatOverview } from './help.ts';
import { OutputLost } from './standard-output.ts';
import { GivenUp } from './terminal.ts';
import { VERSION } from './version.ts';

const helpCommand: Command = {
  name: 'help',
  summary: 'List the commands, or print the help of one.',
  flags: {},
  operands: ['[COMMAND]', '[ACTION]'],
  get choices() {
    return Object.keys(COMMANDS);
  },
  async run({ operands: [name, action] }, context) {
    if (name === undefined) context.out(await overview(context));
    else {
      const command = await findCommand(name);
      const { choices = [] } = command;
      if (action !== undefined && !choices.includes(action))
        throw new UsageError(`${name} has no "${action}"${suggestion(action, choices)}`);
      context.out(helpOf(command, context));
    }
    return 0;
  },
};

/** By name, in the order of the help. Only the requested command is loaded. */
const COMMANDS: Readonly<Record<string, () => Command | Promise<Command>>> = {
  serve: async () => (await import('./serve/serve.ts')).serveCommand,
  check: async () => (await import('./check.ts')).checkCommand,
  route: async () => (await import('./route.ts')).routeCommand,
  daemon: async () => (await import('./daemon/daemon.ts')).daemonCommand,
  credentials: async () => (await import('./credentials.ts')).credentialsCommand,
  run: async () => (await import('./run-client.ts')).runCommand,
  tail: async () => (await import('./tail.ts')).tailCommand,
  costs: async () => (await import('./costs.ts')).costsCommand,
  doctor: async () => (await import('./doctor.ts')).doctorCommand,
  ledger: async () => (await import('./ledger.ts')).ledgerCommand,
  replay: async () => (await import('./replay.ts')).replayCommand,
  conform: async () => (await import('./conform.ts')).conformCommand,
  simulate: async () => (await import('./simulate.ts')).simulateCommand,
  completion: async () => (await import('./completion.ts')).createCompletionCommand(loadAll),
  help: () => helpCommand,
};

function loadAll(): Promise<Command[]> {
  return Promise.all(Object.values(COMMANDS).map((load) => load()));
}

async function overview({ environment, terminal }: CliContext): Promise<string> {
  return formatOverview(await loadAll(), programName(environment), terminal.columns);
}

function helpOf(command: Command, { environment, terminal }: CliContext): string {
  return formatCommandHelp(command, programName(environment), terminal.columns);
}

/** By the convention of shells, the exit code of a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/**
 * @param args without the program's name. Resolves to the exit code: 0 success, 1 failure, 2 a wrong command line, 130
 * cancelled by the person.
 */
export async function runCli(args: string[], context: CliContext): Promise<number> {
  try {
    return await dispatch(args, context);
  } catch (error) {
    if (error instanceof OutputLost && error.isUnwanted) return 0;
    if (error instanceof GivenUp) return INTERRUPTED;
    if (error instanceof CommandFailure) {
      context.err(`error: ${error.message}`);
      return error.exitCode;
    }
    if (!(error instanceof UsageError)) throw error;
    context.err(`sluice: ${error.message}`);
    if (error.message.startsWith('unexpected "') && startedByNpm(context.environment))
      context.err('npm keeps flags for itself; write them after "--", as in "npm start -- --port 8089"');
    const [name = ''] = args;
    const known = Object.hasOwn(COMMANDS, name) && name !== 'help' ? `${name} --help` : '--help';
    context.err(`Run "sluice ${known}" for help.`);
    return 2;
  }
}

async function dispatch(args: string[], context: CliContext): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) {
    context.err(await overview(context));
    return 2;
  }
  const command = name.startsWith('-') ? undefined : await findCommand(name);
  if (command === undefined) refuseEarlyFlags(args);
  const input = command === undefined ? parseArguments(args, { flags: {} }) : parseArguments(rest, command);
  if (input.flags.version) context.out(VERSION);
  else if (command === undefined) context.out(await overview(context));
  else if (input.flags.help) context.out(helpOf(command, context));
  else return command.run(input, context);
  return 0;
}

/** Refuses flags before the command, although many programs accept them there. */
function refuseEarlyFlags(args: readonly string[]): void {
  const at = args.findIndex((each) => Object.hasOwn(COMMANDS, each));
  if (at === -1) return;
  const turned = [args[at], ...args.slice(0, at), ...args.slice(at + 1)].join(' ');
  throw new UsageError(`flags follow the command: sluice ${turned}`);
}

async function findCommand(name: string): Promise<Command> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load !== undefined) return load();
  throw new UsageError(`unknown command "${name}"${guess(name, Object.keys(COMMANDS))}`);
}
