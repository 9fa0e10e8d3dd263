// `sluice run`: a client program with the gateway as its provider.
import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { CLIENT_PROGRAMS, OTHER_PROGRAM } from './client-programs.ts';
import { type Command, UsageError } from './command.ts';
import {
  askGateway,
  findGateway,
  GATEWAY_FLAGS,
  type GatewayAddress,
  GatewayUnreachable,
  requireModels,
} from './gateway-client.ts';
import { homeDirectory } from '../config/load.ts';
import { exemptFromProxies } from './own-machine.ts';
import { certifiedUrl } from './serve/start-message.ts';
import { SettingsUnusable, overlaySettings } from './settings-overlay.ts';
import { trusting } from './trusted-authorities.ts';
import { describeSpawnError } from '../workers/spawn-error.ts';

/** By the shells' convention: the command was found and cannot be started, or was not found. */
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
    try {
      await requireModels(address);
    } catch (error) {
      if (!(error instanceof GatewayUnreachable)) throw error;
      context.err(`error: ${error.message}`);
      return 1;
    }
    const program = CLIENT_PROGRAMS[basename(name)] ?? OTHER_PROGRAM;
    // As if it were started directly: what the gateway finds in .env, such as providers' keys, is the gateway's alone.
    const { inherited: environment } = context;
    const url = urlFor(address);
    const model = program.modelIn?.(args, environment);
    const gateway = {
      url,
      key: address.key,
      contextWindow: model === undefined ? undefined : await contextWindowOf(model, address),
      has: (variable: string) => Boolean(environment[variable]),
      holds: (path: string, text: string) => holds(join(environment.HOME || homeDirectory(), path), text),
    };
    const path = Bun.which(name, environment.PATH === undefined ? {} : { PATH: environment.PATH });
    if (path === null) {
      if (name.includes('/') && existsSync(resolve(context.directory, name))) {
        context.err(`error: ${name} is not an executable file; name a program, or make it one (chmod +x)`);
        return CANNOT_START;
      }
      const remedy = name.includes('/') ? 'does not exist' : 'is not on PATH; install it, or give its path';
      context.err(`error: ${name} ${remedy}`);
      return NOT_FOUND;
    }
    let settings: Record<string, string> = {};
    try {
      if (address.isOwn) settings = trusting(address.server.tls, context);
      if (program.settings !== undefined)
        settings = { ...settings, ...overlaySettings(program.settings, basename(name), context) };
    } catch (error) {
      if (!(error instanceof SettingsUnusable)) throw error;
      context.err(`error: ${error.message}`);
      return 1;
    }
    const set = Object.entries(program.environment(gateway)).filter(([, value]) => value !== undefined);
    let child: Bun.Subprocess;
    try {
      child = Bun.spawn([path, ...(program.arguments?.(gateway) ?? []), ...args], {
        cwd: context.directory,
        env: {
          ...environment,
          ...settings,
          ...exemptFromProxies(url, environment),
          ...Object.fromEntries(set),
        },
        stdio: ['inherit', 'inherit', 'inherit'],
      });
    } catch (error) {
      const reason = describeSpawnError(
        error,
        context.directory,
        'check that it is built for this machine, and that the interpreter named in its first line exists',
      );
      context.err(`error: ${path} cannot be started ${reason}`);
      return CANNOT_START;
    }
    // The terminal sends Ctrl-C to both; the program decides what it means, and this process waits for it.
    context.onSignal((signal) => {
      if (signal !== 'SIGINT') child.kill(signal as NodeJS.Signals);
    });
    return child.exited;
  },
};

/** In milliseconds: without an answer the program starts all the same. */
const WINDOW_WAIT_MS = 3_000;

/** In tokens, as far as the gateway knows it. */
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

/** The program compares it with the certificate, as the commands do not. */
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
