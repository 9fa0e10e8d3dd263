// `sluice daemon`: the gateway in the background.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import { parseConfig } from '../../config/parse.ts';
import { ListenError, reservePort } from '../../server/listen.ts';
import { retireModules } from '../../server/load-modules.ts';
import type { PidFileState, RunningServer } from '../../server/pid-file.ts';
import { chosenAction, placeFlags, stringFlag, workersFlag } from '../arguments.ts';
import { printAuditLines } from '../audit-lines.ts';
import {
  type CliContext,
  type Command,
  CommandFailure,
  type ParsedArguments,
  UsageError,
} from '../command.ts';
import { CONFIG_FLAG } from '../config-flag.ts';
import { describeProblems, loadOptions } from '../config-flags.ts';
import { withoutDotEnv } from '../dot-env.ts';
import { typable } from '../hints.ts';
import { findDaemon, logPath, spawnSelf, startDaemon, stopDaemon } from './daemon-process.ts';
import { absentStatus, describeStatus, NAMELESS, portOf, readStatus } from './daemon-status.ts';
import { requireRoomToStart } from '../home.ts';
import { loadWithCode } from '../serve/load-with-code.ts';
import { reachableUrl } from '../serve/start-message.ts';
import { printServerLog } from './server-log.ts';

type Action = (input: ParsedArguments, context: CliContext) => Promise<number>;

const ACTIONS: Record<string, Action> = {
  async start(input, context) {
    const state = findDaemon(context.environment);
    if (state.is === 'stale') context.err('removed the pid file of a gateway that no longer runs');
    if (state.is === 'running') {
      context.err(`already running: process ${state.server.pid} at ${state.server.url}`);
      if (isAsked(input, state.server, context)) return 0;
      context.err(
        'it keeps the settings it was started with; "sluice daemon restart" with these flags changes them',
      );
      return 1;
    }
    if (state.is === 'starting') throw new CommandFailure(NAMELESS);
    const { config, ...loaded } = loadConfig(loadOptions(input, context));
    for (const { line } of describeProblems({ config, ...loaded })) context.err(line);
    if (config === null) return 1;
    const { pid, url } = await startDaemon(serveArguments(input), context);
    context.out(`Sluice is running in the background: process ${pid} at ${url}`);
    context.out(`its log is ${logPath(context.environment)}`);
    return 0;
  },
  async stop(input, context) {
    const state = findDaemon(context.environment);
    if (state.is === 'stale') context.err('removed the pid file of a gateway that no longer runs');
    if (state.is === 'starting') throw new CommandFailure(NAMELESS);
    if (state.is !== 'running') {
      context.err('no gateway is running in the background');
      return 0;
    }
    return stop(state.server, input, context);
  },
  async restart(input, context) {
    const state = findDaemon(context.environment);
    const origin = state.server?.directory;
    if (origin !== undefined && origin !== context.directory && existsSync(origin))
      return restartFrom(origin, input, context);
    // With the flags of its start, unless they are overridden.
    const again = { ...input, flags: { ...startedWith(state), ...input.flags } };
    if (state.is === 'running') {
      // What would keep the next one from starting is reported while this one still serves.
      if (!(await isSound(again, state.server, context))) {
        context.err(`process ${state.server.pid} keeps its current configuration`);
        return 1;
      }
      await stop(state.server, input, context);
    }
    return start(again, context);
  },
  async status(input, context) {
    const { is, server } = findDaemon(context.environment);
    const status =
      server === undefined
        ? absentStatus(context, is === 'starting')
        : await readStatus(server, input, context);
    if (input.flags.json) context.out(JSON.stringify(status));
    else for (const line of describeStatus(status)) context.out(typable(line, context.environment));
    return status.running ? 0 : 1;
  },
  logs: (input, context) =>
    input.flags.server ? printServerLog(input, context) : printAuditLines(input, context),
};

const start = (input: ParsedArguments, context: CliContext): Promise<number> =>
  ACTIONS.start?.(input, context) ?? Promise.resolve(1);

export const daemonCommand: Command = {
  name: 'daemon',
  summary:
    'Serve in the background: start (returns when it answers), stop, restart, status, ' +
    'logs (the newest requests; with --server, the log of the process).',
  flags: {
    config: CONFIG_FLAG,
    host: { value: 'HOST', summary: 'start, restart: address to listen on; overrides server.host.' },
    port: { value: 'PORT', summary: 'start, restart: port to listen on; overrides server.port.' },
    workers: {
      value: 'N',
      summary: 'start, restart: worker processes; overrides server.workers; "all": one per core.',
    },
    key: { value: 'KEY', summary: 'status, logs: key to send; default: the first of server.keys.' },
    json: { summary: 'status, logs of requests: print JSON.' },
    lines: {
      value: 'N',
      short: 'n',
      summary: 'logs: how many of the newest lines to print (default: 20); 0 with --follow: only new ones.',
    },
    follow: { short: 'f', summary: 'logs: follow new lines until Ctrl-C.' },
    server: { summary: 'logs: the log of the process instead of the requests.' },
  },
  operands: ['ACTION'],
  choices: Object.keys(ACTIONS),
  examples: [
    ['daemon start --port 8089', 'Where another program has port 8088.'],
    ['daemon logs -f', 'Every request as it ends.'],
    ['daemon logs --server -n 50', 'What the gateway itself said last.'],
  ],
  async run(input, context) {
    const [action] = input.operands;
    const act = chosenAction('daemon', action, ACTIONS);
    refuseForeignFlags(action ?? '', input);
    // Wrong flags are refused before anything is stopped.
    serveFlags(input);
    return act(input, context);
  },
};

/** The flags of each action. `--config` also says where to look for a running gateway. */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  start: ['config', 'host', 'port', 'workers'],
  restart: ['config', 'host', 'port', 'workers'],
  stop: ['config'],
  status: ['config', 'key', 'json'],
  logs: ['config', 'key', 'json', 'lines', 'follow', 'server'],
};

function refuseForeignFlags(action: string, { flags }: ParsedArguments): void {
  const own = TAKES[action] ?? [];
  const foreign = Object.keys(flags).find((name) => !own.includes(name));
  if (foreign === undefined) {
    if (flags.server && flags.json)
      throw new UsageError('--json applies to requests; with SLUICE_LOG=json the process itself writes JSON');
    return;
  }
  const takers = Object.keys(TAKES).filter((each) => TAKES[each]?.includes(foreign));
  throw new UsageError(`--${foreign} does not apply to daemon ${action}, but to ${takers.join(' and ')}`);
}

/** The runtime reads the `.env` of the folder in which a program begins, so this program is started again in the daemon's folder. */
function restartFrom(origin: string, input: ParsedArguments, context: CliContext): Promise<number> {
  const config = stringFlag(input, 'config');
  const flags =
    config === undefined ? input.flags : { ...input.flags, config: resolve(context.directory, config) };
  const args = ['daemon', 'restart', ...serveArguments({ ...input, flags })];
  const { environment, inherited, directory } = context;
  const env = {
    ...withoutDotEnv(environment, inherited, directory),
    // As in bin/launch.js: Bun adds the content of the `.env` there.
    SLUICE_LAUNCHER_VARIABLES: JSON.stringify(Object.keys(inherited)),
  };
  return spawnSelf(args, origin, { env, stdio: ['inherit', 'inherit', 'inherit'] }).exited;
}

/** The flags that `serve` takes. Throws UsageError. */
function serveFlags(input: ParsedArguments) {
  return {
    config: stringFlag(input, 'config'),
    ...placeFlags(input),
    workers: workersFlag(input),
  };
}

function serveArguments(input: ParsedArguments): string[] {
  return Object.entries(serveFlags(input)).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, `${value}`],
  );
}

/** The flags of its start. With `--port 0` it took a free port, which clients know by then. */
function startedWith({ is, server }: PidFileState): ParsedArguments['flags'] {
  const { config = null, host, workers } = server ?? {};
  const port = server?.port === 0 && is === 'running' ? new URL(server.url).port : server?.port;
  return {
    ...(config !== null && { config }),
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port: String(port) }),
    ...(workers !== undefined && { workers: String(workers) }),
  };
}

/** Whether the running gateway has the address and the file that these flags ask for. */
function isAsked(input: ParsedArguments, server: RunningServer, { directory }: CliContext): boolean {
  const { hostname } = new URL(server.url);
  const asked = serveFlags(input);
  return (
    (asked.port === undefined || asked.port === 0 || asked.port === portOf(server)) &&
    (asked.host === undefined ||
      new URL(reachableUrl({ host: asked.host, tls: null }, 1)).hostname === hostname) &&
    (asked.config === undefined || resolve(directory, asked.config) === server.config) &&
    (asked.workers === undefined || asked.workers === server.workers)
  );
}

/** Whether a gateway with these flags could be started in place of the running one; if not, prints why. */
async function isSound(
  input: ParsedArguments,
  running: RunningServer,
  context: CliContext,
): Promise<boolean> {
  const loaded = await loadWithCode(loadOptions(input, context));
  const { config } = loaded;
  if (config === null) {
    for (const { line } of describeProblems(loaded)) context.err(line);
    return false;
  }
  retireModules(config);
  const { host, port } = config.server;
  try {
    // The running one keeps its own port until it ends.
    await reservePort(host, port === portOf(running) ? 0 : port);
    requireRoomToStart(context.environment);
    return true;
  } catch (error) {
    if (!(error instanceof ListenError || error instanceof CommandFailure)) throw error;
    context.err(`error: ${error.message}`);
    return false;
  }
}

async function stop(server: RunningServer, input: ParsedArguments, context: CliContext): Promise<number> {
  const how = await stopDaemon(server, endingMs(server, input, context), context.environment);
  context.out(
    how === 'ended'
      ? `stopped process ${server.pid}`
      : `killed process ${server.pid}, which did not end by itself; anything it had not written is lost`,
  );
  return 0;
}

/** How long the running gateway may take to end, by the file and address of its own start and not by those of the next one. */
export function endingMs(
  server: RunningServer,
  input: ParsedArguments,
  context: Pick<CliContext, 'environment' | 'directory'>,
): number {
  const options = loadOptions(input, context, server.host === undefined ? {} : { host: server.host });
  const { config } = loadConfig(server.config === null ? options : { ...options, path: server.config });
  // If the file is no longer valid, it does not show what the process uses.
  const { shutdownDelayMs = 0, drainTimeoutMs = parseConfig(null).file?.server.drain_timeout ?? 0 } =
    config?.server ?? {};
  return shutdownDelayMs + drainTimeoutMs;
}
