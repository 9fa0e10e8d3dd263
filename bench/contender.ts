// What is compared: a server in front of the upstream, or the upstream itself. Each run starts fresh processes.
import type { Behaviour } from './behaviour.ts';
import type { Child } from './child.ts';
import type { ClientId, ProviderId } from './fixtures.ts';

/** A contender's role, by which measures choose. */
export type Role =
  | 'direct'
  | 'nginx'
  | 'bare'
  | 'gateway'
  | 'no ledger'
  | 'large pages'
  | 'fragments'
  | 'peer'
  | 'translating peer';

export interface Contender {
  name: string;
  role: Role;
  /** Rounds of each measure at most; default: as many as the measure has. */
  rounds?: number;
  client: ClientId;
  provider: ProviderId;
  start(run: RunContext): Promise<Running>;
}

export interface RunContext {
  /** An empty folder of this run alone. */
  directory: string;
  upstreamPort: number;
  behaviour: Behaviour;
}

/** What clients ask, and the process that is measured. */
export interface Running {
  port: number;
  /** Null: the upstream itself answers. */
  pid: number | null;
  /** `performance.now()` just before the process was started. */
  startedAt: number;
  /** What stands before the path of the client's own dialect. */
  prefix: string;
  /** Beside those that the client sends anyway. */
  headers: Record<string, string>;
  stop(): Promise<void>;
}

export function takes(...roles: Role[]): (contender: Contender) => boolean {
  return ({ role }) => roles.includes(role);
}

/** Whether its code is ready from the first request on. */
export const isCompiled = takes('direct', 'nginx');

/** The proxy under test has one core, everything else shares the others. */
export const PROXY_CORE = Math.max(0, navigator.hardwareConcurrency - 1);
export const OTHER_CORE = 0;

export function runningOf(child: Child, port: number, prefix = ''): Running {
  const { pid, startedAt, stop } = child;
  return { port, pid, startedAt, prefix, headers: {}, stop };
}

/** From the line that states the address. */
export async function readPort(child: Child): Promise<number> {
  for (;;) {
    const port = /http:\/\/[^\s/]+:(\d+)/.exec(await child.readLine())?.[1];
    if (port !== undefined) return Number(port);
  }
}

/** For programs that cannot report their port: one that was free a moment ago. */
export async function freePort(): Promise<number> {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

const LISTEN_TIMEOUT_MS = 60_000;

export async function untilListening(port: number): Promise<void> {
  const giveUp = performance.now() + LISTEN_TIMEOUT_MS;
  for (;;) {
    try {
      const socket = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } });
      socket.end();
      return;
    } catch (thrown) {
      if (performance.now() > giveUp) throw thrown;
      await Bun.sleep(10);
    }
  }
}
