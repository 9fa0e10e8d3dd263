// `sluice run`: a client program with the gateway as its provider.
import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { CLIENT_PROGRAMS, type ClientProgram, type Gateway, OTHER_PROGRAM } from './client-programs.ts';
import { type CliContext, type Command, CommandFailure, UsageError } from './command.ts';
import {
  askGateway,
  findGateway,
  GATEWAY_FLAGS,
  type GatewayAddress,
  requireModels,
} from './gateway-client.ts';
import { homeDirectory } from '../config/load.ts';
import { exemptFromProxies } from './own-machine.ts';
import { certifiedUrl } from './serve/start-message.ts';
import { overlaySettings } from './settings-overlay.ts';
import { trusting } from './trusted-authorities.ts';
import { describeSpawnError } from '../workers/spawn-error.ts';

/** By the convention of shells: the command was found but cannot be started, or was not found. */
const CANNOT_START = 126;
const NOT_FOUND = 127;

export const runCommand: Command = {
  name: 'run',
  summary: `Start ${Object.keys(CLIENT_PROGRAMS).join(', ')} or any other program with this gateway as its provider.`,
  flags: GATEWAY_FLAGS,
  operands: ['CLIENT', '[ARGUMENTS…]'],
  choices: Object.keys(CLIENT_PROGRAMS),
  passesRest: true,
  examples: [
    ['run claude --model openai/gpt-5', 'Claude Code on another vendor’s model.'],
    ['run codex', 'Codex, and likewise gemini and copilot.'],
    ['run python app.py', 'Any program that reads the variables of the official SDKs.'],
  ],
  async run(input, context) {
    const [name, ...args] = input.operands;
    if (name === undefined) throw new UsageError('run needs a program: sluice run claude');
    const address = findGateway(input, context);
    await requireModels(address);
    const program = CLIENT_PROGRAMS[basename(name)] ?? OTHER_PROGRAM;
    const gateway = await gatewayFor(program, args, address, context);
    const path = findProgram(name, context);
    const settings = {
      ...(address.isOwn && trusting(address.server.tls, context)),
      ...(program.settings && overlaySettings(program.settings, basename(name), context)),
    };
    const set = Object.entries(program.environment(gateway)).filter(([, value]) => value !== undefined);
    const child = spawn([path, ...(program.arguments?.(gateway) ?? []), ...args], context, {
      ...settings,
      ...exemptFromProxies(gateway.url, context.inherited),
      ...Object.fromEntries(set),
    });
    // The terminal sends Ctrl-C to both processes; the program decides what it means, and this one waits for the program.
    context.onSignal((signal) => {
      if (signal !== 'SIGINT') child.kill(signal as NodeJS.Signals);
    });
    return child.exited;
  },
};

/** What the program's variables, arguments and settings are derived from. */
async function gatewayFor(
  program: ClientProgram,
  args: readonly string[],
  address: GatewayAddress,
  { inherited }: CliContext,
): Promise<Gateway> {
  const model = program.modelIn?.(args, inherited);
  return {
    url: urlFor(address),
    key: address.key,
    contextWindow: model === undefined ? undefined : await contextWindowOf(model, address),
    has: (variable) => Boolean(inherited[variable]),
    holds: (path, text) => holds(join(inherited.HOME || homeDirectory(), path), text),
  };
}

function findProgram(name: string, { inherited: { PATH }, directory }: CliContext): string {
  const path = Bun.which(name, PATH === undefined ? {} : { PATH });
  if (path !== null) return path;
  if (!name.includes('/'))
    throw new CommandFailure(`${name} is not on PATH; install it, or give its path`, { exitCode: NOT_FOUND });
  if (!existsSync(resolve(directory, name)))
    throw new CommandFailure(`${name} does not exist`, { exitCode: NOT_FOUND });
  throw new CommandFailure(`${name} is not an executable file; name a program, or make it one (chmod +x)`, {
    exitCode: CANNOT_START,
  });
}

/**
 * Starts the program as if directly: what the gateway finds in .env, such as providers' keys, is for the gateway alone.
 * @param variables are added to those that it inherits.
 */
function spawn(
  command: readonly string[],
  { inherited, directory }: CliContext,
  variables: Record<string, string | undefined>,
): Bun.Subprocess {
  try {
    return Bun.spawn([...command], {
      cwd: directory,
      env: { ...inherited, ...variables },
      stdio: ['inherit', 'inherit', 'inherit'],
    });
  } catch (cause) {
    const reason = describeSpawnError(
      cause,
      directory,
      'check that it is built for this machine, and that the interpreter named in its first line exists',
    );
    throw new CommandFailure(`${command[0]} cannot be started ${reason}`, { exitCode: CANNOT_START, cause });
  }
}

/** In milliseconds: if no answer comes, the program starts nevertheless. */
const WINDOW_WAIT_MS = 3_000;

/** The context window in tokens, if the gateway knows it. */
async function contextWindowOf(model: string, address: GatewayAddress): Promise<number | undefined> {
  try {
    const response = await askGateway(address, `/v1/models/${encodeURIComponent(model)}`, {
      headers: { 'anthropic-version': '2023-06-01' },
      signal: AbortSignal.timeout(WINDOW_WAIT_MS),
    });
    const { max_input_tokens: tokens } = (await response.json()) as { max_input_tokens?: unknown };
    return typeof tokens === 'number' && tokens > 0 ? tokens : undefined;
  } catch {
    return undefined;
  }
}

/** Unlike the commands, the program compares the address with the certificate. */
function urlFor({ url, isOwn, server }: GatewayAddress): string {
  const { port, protocol } = new URL(url);
  if (!isOwn || server.tls === null || protocol !== 'https:') return url;
  return certifiedUrl(server, Number(port || 443));
}

function holds(path: string, text: string): boolean {
  try {
    return readFileSync(path, 'utf8').includes(text);
  } catch {
    return false;
  }
}
