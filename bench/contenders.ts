// What is compared: the same upstream direct, behind nginx, and behind Sluice. Each run starts fresh processes.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, startChild } from './child.ts';
import { behaviourPrefix, type Behaviour, WIRES, type WireId } from './fixtures.ts';

export interface Contender {
  name: string;
  client: WireId;
  provider: WireId;
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
  path: string;
  stop(): Promise<void>;
}

const ROOT = join(import.meta.dir, '..');
/** The proxy under test has one core, all else shares the others. */
export const PROXY_CORE = Math.max(0, navigator.hardwareConcurrency - 1);
export const OTHER_CORE = 0;

const NGINX =
  [Bun.which('nginx'), '/usr/sbin/nginx'].find((path) => path !== null && existsSync(path)) ?? null;

/** Direct is the ceiling, nginx (where it is installed) and the bare proxy are floors of what a proxy costs. */
export function findContenders(): { contenders: Contender[]; missing: string[] } {
  const sluice = [
    sluiceContender('anthropic-messages', 'anthropic-messages'),
    withoutLedger,
    sluiceContender('openai-chat', 'anthropic-messages'),
    sluiceContender('anthropic-messages', 'openai-chat'),
  ];
  if (NGINX === null) return { contenders: [direct, bare, ...sluice], missing: ['nginx'] };
  return { contenders: [direct, nginxContender(NGINX), bare, ...sluice], missing: [] };
}

export const DIRECT = 'direct';
export const NGINX_NAME = 'nginx';
export const BARE = 'bare Bun';
export const PASSTHROUGH = 'passthrough';
/** Passthrough, with `audit.enabled: false`. */
export const NO_LEDGER = 'no ledger';

const withoutLedger: Contender = {
  ...sluiceContender('anthropic-messages', 'anthropic-messages', ROOT, '', { enabled: false }),
  name: NO_LEDGER,
};

const direct: Contender = {
  name: DIRECT,
  client: 'anthropic-messages',
  provider: 'anthropic-messages',
  start: ({ upstreamPort, behaviour }) =>
    Promise.resolve({
      port: upstreamPort,
      pid: null,
      startedAt: performance.now(),
      path: behaviourPrefix(behaviour) + WIRES['anthropic-messages'].path,
      stop: () => Promise.resolve(),
    }),
};

const bare: Contender = {
  ...direct,
  name: BARE,
  async start({ upstreamPort, behaviour }) {
    const program = join(import.meta.dir, 'bare-proxy.ts');
    const origin = `http://127.0.0.1:${upstreamPort}${behaviourPrefix(behaviour)}`;
    const child = startChild([process.execPath, program, origin], { core: PROXY_CORE });
    return { ...runningOf(child, await readPort(child)), path: WIRES['anthropic-messages'].path };
  },
};

function nginxContender(program: string): Contender {
  return {
    ...direct,
    name: NGINX_NAME,
    async start(run) {
      const { directory } = run;
      const port = await freePort();
      const file = join(directory, 'nginx.conf');
      writeFileSync(file, nginxConfig(port, run.upstreamPort));
      const child = startChild([program, '-p', directory, '-c', file, '-e', 'stderr'], { core: PROXY_CORE });
      await untilListening(port);
      return {
        ...runningOf(child, port),
        path: behaviourPrefix(run.behaviour) + WIRES['anthropic-messages'].path,
      };
    },
  };
}

/** A reverse proxy and nothing more: one process, no log, connections kept open on both sides. */
function nginxConfig(port: number, upstreamPort: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path temp;`,
  );
  return `daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events { worker_connections 16384; }
http {
  access_log off; tcp_nodelay on; keepalive_requests 100000000; ${temporary.join(' ')}
  upstream origin { server 127.0.0.1:${upstreamPort}; keepalive 1024; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; client_max_body_size 64m; client_body_buffer_size 64k; proxy_read_timeout 600s;
    }
  }
}
`;
}

/** @param root of the tree that is run; another one is named in the contender's name. */
export function sluiceContender(
  client: WireId,
  provider: WireId,
  root = ROOT,
  label = '',
  audit: object = {},
): Contender {
  const pair = client === provider ? PASSTHROUGH : `${shortName(client)} → ${shortName(provider)}`;
  return {
    name: pair + label,
    client,
    provider,
    async start(run) {
      const file = join(run.directory, 'sluice.json');
      writeFileSync(file, sluiceConfig(provider, run, audit));
      // Before there were workers there was one process.
      const workers = existsSync(join(root, 'src/workers')) ? ['--workers', '1'] : [];
      const serve = [join(root, 'src/main.ts'), 'serve', ...workers, '--config', file];
      const child = startChild([process.execPath, ...serve], {
        core: PROXY_CORE,
        environment: { SLUICE_HOME: sluiceHome(run.directory) },
      });
      return { ...runningOf(child, await readPort(child)), path: WIRES[client].path };
    },
  };
}

/** `npm start`'s way: the Node launcher, on any core. */
export async function startLauncher(directory: string): Promise<Running> {
  const child = startChild(['node', join(ROOT, 'bin/sluice'), 'serve', '--port', '0', '--workers', '1'], {
    environment: { SLUICE_HOME: sluiceHome(directory) },
  });
  return { ...runningOf(child, await readPort(child)), path: '/gateway/health' };
}

function sluiceHome(directory: string): string {
  const home = join(directory, 'home');
  mkdirSync(home, { recursive: true });
  return home;
}

/** Everything that is on by default stays on: ledger with bodies, prices, tap. */
function sluiceConfig(dialect: WireId, { upstreamPort, behaviour }: RunContext, audit: object): string {
  const { provider, basePath } = WIRES[dialect];
  const baseUrl = `http://127.0.0.1:${upstreamPort}${behaviourPrefix(behaviour)}${basePath}`;
  return JSON.stringify({
    server: { port: 0 },
    providers: { [provider]: { base_url: baseUrl, api_key: 'benchmark-provider' } },
    routing: { default_provider: provider },
    audit,
  });
}

function shortName(dialect: WireId): string {
  return WIRES[dialect].provider;
}

/** From the one line that tells the address. */
async function readPort(child: Child): Promise<number> {
  for (;;) {
    const port = /http:\/\/[^\s/]+:(\d+)/.exec(await child.readLine())?.[1];
    if (port !== undefined) return Number(port);
  }
}

function runningOf(child: Child, port: number): Omit<Running, 'path'> {
  return { port, pid: child.pid, startedAt: child.startedAt, stop: () => child.stop() };
}

/** nginx cannot say which port it took, so it is given one that was free a moment ago. */
async function freePort(): Promise<number> {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

const LISTEN_TIMEOUT_MS = 5_000;

async function untilListening(port: number): Promise<void> {
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
