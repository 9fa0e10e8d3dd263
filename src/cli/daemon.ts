// `sluice daemon`: the gateway in the background.
import { loadConfig } from '../config/load.ts';
import { retireModules } from '../server/load-modules.ts';
import type { RunningServer } from '../server/pid-file.ts';
import { portFlag, stringFlag } from './arguments.ts';
import { printAuditLines } from './audit-lines.ts';
import { type CliContext, type Command, type ParsedArguments, UsageError } from './command.ts';
import { CONFIG_FLAG } from './config-flag.ts';
import { describeProblems, loadOptions } from './config-flags.ts';
import { DaemonError, findDaemon, logPath, startDaemon, stopDaemon } from './daemon-process.ts';
import { findGateway, GatewayUnreachable, readGateway } from './gateway-client.ts';
import { columns } from './help.ts';
import { loadWithCode } from './load-with-code.ts';
import { printServerLog } from './server-log.ts';

type Action = (input: ParsedArguments, context: CliContext) => Promise<number>;

const ACTIONS: Record<string, Action> = {
  async start(input, context) {
    const state = findDaemon(context.environment);
    if (state.is === 'stale') context.err('removed the pid file of a gateway that is gone');
    if (state.is === 'running') {
      context.err(`already running: process ${state.server.pid} at ${state.server.url}`);
      return 0;
    }
    if (state.is === 'starting') throw new DaemonError('another start is under way; wait for it');
    const { config, ...loaded } = loadConfig(loadOptions(input, context, {}));
    for (const { line } of describeProblems({ config, ...loaded })) context.err(line);
    if (config === null) return 1;
    const { pid, url } = await startDaemon(serveArguments(input), context);
    context.out(`Sluice runs in the background: process ${pid} at ${url}`);
    context.out(`its log is ${logPath(context.environment)}`);
    return 0;
  },
  async stop(input, context) {
    const state = findDaemon(context.environment);
    if (state.is === 'stale') context.err('removed the pid file of a gateway that is gone');
    if (state.is !== 'running') {
      context.err('no gateway runs in the background');
      return 0;
    }
    return stop(state.server, input, context);
  },
  async restart(input, context) {
    const state = findDaemon(context.environment);
    // With what it was started with, unless told otherwise.
    const config = stringFlag(input, 'config') ?? state.server?.config ?? undefined;
    const again = { ...input, flags: { ...input.flags, ...(config !== undefined && { config }) } };
    if (state.is === 'running') {
      // Whatever would keep the next from starting is told while this one still serves.
      if (!(await isSound(again, context))) {
        context.err(`process ${state.server.pid} goes on with what it has`);
        return 1;
      }
      await stop(state.server, input, context);
    }
    return start(again, context);
  },
  async status(input, context) {
    const { server } = findDaemon(context.environment);
    const status = server === undefined ? NOT_RUNNING : await readStatus(server, input, context);
    if (input.flags.json) context.out(JSON.stringify(status));
    else for (const line of describeStatus(status)) context.out(line);
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
    'Serve in the background: start (waits until it answers), stop, restart, status, ' +
    'logs (the newest requests, or with --server what the process wrote).',
  flags: {
    config: CONFIG_FLAG,
    host: { value: 'HOST', summary: 'start, restart: address to listen on, before server.host.' },
    port: { value: 'PORT', summary: 'start, restart: port to listen on, before server.port.' },
    json: { summary: 'status, logs: print JSON.' },
    lines: { value: 'N', short: 'n', summary: 'logs: so many of the newest lines, 20 if not given.' },
    follow: { short: 'f', summary: 'logs: go on with what comes, until Ctrl-C.' },
    server: { summary: 'logs: the lines of the process itself in place of the requests.' },
  },
  operands: ['ACTION'],
  async run(input, context) {
    const [action] = input.operands;
    const act = action !== undefined && Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    if (act === undefined) throw new UsageError(`daemon needs one of: ${Object.keys(ACTIONS).join(', ')}`);
    try {
      return await act(input, context);
    } catch (error) {
      if (!(error instanceof DaemonError)) throw error;
      context.err(`error: ${error.message}`);
      return 1;
    }
  },
};

function serveArguments(input: ParsedArguments): string[] {
  const port = portFlag(input, 'port');
  const given = { config: stringFlag(input, 'config'), host: stringFlag(input, 'host'), port };
  return Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, `${value}`],
  );
}

/** Whether a gateway could be started so; says why not. */
async function isSound(input: ParsedArguments, context: CliContext): Promise<boolean> {
  const loaded = await loadWithCode(loadOptions(input, context, {}));
  if (loaded.config === null) for (const { line } of describeProblems(loaded)) context.err(line);
  else retireModules(loaded.config);
  return loaded.config !== null;
}

async function stop(server: RunningServer, input: ParsedArguments, context: CliContext): Promise<number> {
  const options = loadOptions(input, context, {});
  const { config } = loadConfig(server.config === null ? options : { ...options, path: server.config });
  const how = await stopDaemon(server, config?.server.drainTimeoutMs ?? 0, context.environment);
  context.out(
    how === 'ended'
      ? `stopped process ${server.pid}`
      : `killed process ${server.pid}, which did not end by itself; what it had not written is lost`,
  );
  return 0;
}

interface Status {
  running: boolean;
  pid: number | null;
  url: string | null;
  port: number | null;
  version: string | null;
  uptime_seconds: number | null;
  active_streams: number | null;
  status: string | null;
  /** Why the gateway itself says nothing, null where it does. */
  problem: string | null;
}

const NOT_RUNNING: Status = {
  running: false,
  pid: null,
  url: null,
  port: null,
  version: null,
  uptime_seconds: null,
  active_streams: null,
  status: null,
  problem: null,
};

type Health = Pick<Status, 'version' | 'uptime_seconds' | 'active_streams' | 'status'>;

async function readStatus(
  server: RunningServer,
  input: ParsedArguments,
  context: CliContext,
): Promise<Status> {
  const { pid, url, startedAt } = server;
  const known = { ...NOT_RUNNING, running: true, pid, url, port: Number(new URL(url).port || 80) };
  try {
    const health = await readGateway<Health>({ ...findGateway(input, context), url }, '/gateway/health');
    const { version, uptime_seconds, active_streams, status } = health;
    return { ...known, version, uptime_seconds, active_streams, status };
  } catch (error) {
    if (!(error instanceof GatewayUnreachable)) throw error;
    const uptime_seconds = Math.floor((Date.now() - startedAt) / 1_000);
    return { ...known, uptime_seconds, problem: error.message };
  }
}

function describeStatus(status: Status): string[] {
  if (!status.running) return ['Sluice does not run in the background; "sluice daemon start" starts it'];
  const { pid, url, port, version, uptime_seconds, active_streams } = status;
  return [
    `Sluice runs in the background at ${url}`,
    ...columns([
      ['pid', String(pid)],
      ['port', String(port)],
      ['version', version ?? 'unknown'],
      ['uptime', describeSeconds(uptime_seconds ?? 0)],
      ['active streams', active_streams === null ? 'unknown' : String(active_streams)],
      ['status', status.status ?? `unknown: ${status.problem}`],
    ]),
  ];
}

function describeSeconds(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  const shown = first === -1 ? parts.slice(-1) : parts.slice(first, first + 2);
  return shown.map(([count, unit]) => `${count}${unit}`).join(' ');
}
