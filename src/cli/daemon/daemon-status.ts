// The report of `sluice daemon status`: whether a gateway runs in the background, where, and its state; if none does, the one that runs in
// the foreground.
import { readPidFile, type RunningServer } from '../../server/pid-file.ts';
import type { CliContext, ParsedArguments } from '../command.ts';
import { findGateway, foregroundFilePath, GatewayUnreachable } from '../gateway-client.ts';
import { failingProviders, readHealth, whyDegraded } from '../gateway-health.ts';
import { identifyProgram } from '../../workers/program.ts';
import { columns } from '../help.ts';

export interface Status {
  running: boolean;
  pid: number | null;
  url: string | null;
  port: number | null;
  version: string | null;
  uptime_seconds: number | null;
  active_streams: number | null;
  status: string | null;
  /** The providers that fail, with which the gateway may still be healthy; null where the gateway does not answer. */
  failing_providers: string[] | null;
  /** Whether it runs another program than this command, as after an update without a restart; null where none runs. */
  other_program: boolean | null;
  /** If none runs in the background, the first one of this home in the foreground; null where there is none either. */
  foreground: Pick<RunningServer, 'pid' | 'url'> | null;
  /** Why the gateway does not answer or is degraded; null where nothing is known to be wrong. */
  problem: string | null;
}

/** The lock is held, but the pid file does not say by which process. */
export const NAMELESS =
  'another start is in progress: wait for it. If it persists, the gateway belongs to another user, who alone may read its ' +
  'pid file, or that file was removed: end its process ("sluice serve") yourself';

export const NOT_RUNNING: Status = {
  running: false,
  pid: null,
  url: null,
  port: null,
  version: null,
  uptime_seconds: null,
  active_streams: null,
  status: null,
  failing_providers: null,
  other_program: null,
  foreground: null,
  problem: null,
};

/** The status of a home whose pid file names no gateway. */
export function absentStatus({ environment }: Pick<CliContext, 'environment'>, isStarting: boolean): Status {
  if (isStarting) return { ...NOT_RUNNING, problem: NAMELESS };
  const { server } = readPidFile(foregroundFilePath(environment));
  return server === undefined
    ? NOT_RUNNING
    : { ...NOT_RUNNING, foreground: { pid: server.pid, url: server.url } };
}

const UPDATED = 'not the one of this command, as after an update: "sluice daemon restart" starts that';

export async function readStatus(
  server: RunningServer,
  input: ParsedArguments,
  context: CliContext,
): Promise<Status> {
  const { pid, url, startedAt } = server;
  const gateway = { ...findGateway(input, context), url };
  const other_program = server.program !== identifyProgram(process.argv[1] ?? '');
  const known = { ...NOT_RUNNING, running: true, pid, url, port: portOf(server), other_program };
  try {
    const health = await readHealth(gateway);
    const { version, uptime_seconds, active_streams, status } = health;
    const problem = whyDegraded(health);
    const failing_providers = failingProviders(health);
    return { ...known, version, uptime_seconds, active_streams, status, failing_providers, problem };
  } catch (error) {
    if (!(error instanceof GatewayUnreachable)) throw error;
    const uptime_seconds = Math.max(0, Math.floor((Date.now() - startedAt) / 1_000));
    return { ...known, uptime_seconds, problem: error.message };
  }
}

/** A URL leaves out the default port of its scheme. */
export function portOf({ url }: Pick<RunningServer, 'url'>): number {
  const { protocol, port } = new URL(url);
  return Number(port || (protocol === 'https:' ? 443 : 80));
}

export function describeStatus(status: Status): string[] {
  if (!status.running)
    return [status.problem ?? `Sluice is not running in the background; ${insteadOf(status)}`];
  const { pid, url, port, version, uptime_seconds, active_streams, other_program, problem } = status;
  const health = status.status ?? 'unknown';
  const failing = status.failing_providers ?? [];
  return [
    `Sluice is running in the background at ${url}`,
    ...columns([
      ['pid', String(pid)],
      ['port', String(port)],
      ['version', version ?? 'unknown'],
      ...(other_program === true ? [['program', UPDATED] as const] : []),
      ['uptime', describeSeconds(uptime_seconds ?? 0)],
      ['active streams', active_streams === null ? 'unknown' : String(active_streams)],
      ['status', problem === null ? health : `${health}: ${problem}`],
      ...(failing.length === 0
        ? []
        : [['failing', `${failing.join(', ')}; "sluice doctor" says why`] as const]),
    ]),
  ];
}

function insteadOf({ foreground }: Status): string {
  return foreground === null
    ? '"sluice daemon start" starts it'
    : `process ${foreground.pid} serves in the foreground at ${foreground.url}`;
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
