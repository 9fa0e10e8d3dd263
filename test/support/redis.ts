// A Redis server of a test's own, on a free port, gone with the test or the run.
import { rmSync } from 'node:fs';
import { RedisClient } from 'bun';
import { freePort } from './free-port.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const hasRedis = Bun.which('redis-server') !== null;

if (!hasRedis)
  console.warn('Redis is not installed: its tests are skipped (apt-get install redis-server brings it)');

export interface RedisServer extends AsyncDisposable {
  port: number;
  /** Without credentials. */
  url: string;
  /** Asks it as a client of the test's own. */
  send(command: string, ...args: string[]): Promise<unknown>;
  /** Ends it at once, and what it holds is lost. */
  kill(): Promise<void>;
  /** Begins it anew, on the same port. */
  restart(): Promise<void>;
  /** Holds it still: connections are accepted by the system, and nothing is answered. */
  pause(): void;
  resume(): void;
}

/** @param settings of the server, such as `--requirepass`. @param url of the test's own client, where that needs credentials. */
export async function startRedis(
  settings: readonly string[] = [],
  url?: (port: number) => string,
): Promise<RedisServer> {
  const directory = temporaryFolder('redis');
  const port = await freePort();
  const command = ['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--save', '', ...settings];
  const address = url?.(port) ?? `redis://127.0.0.1:${port}`;
  const start = () => Bun.spawn(command, { cwd: directory, stdout: 'ignore', stderr: 'ignore' });
  let server = start();
  // However this process ends: its end of a pipe closes, and what waits at the other end stops the server.
  const ending = Bun.spawn(
    ['sh', '-c', 'while read -r pid; do last=$pid; done; kill -KILL "$last"; rm -rf "$1"', 'sh', directory],
    {
      stdin: 'pipe',
      stdout: 'ignore',
      stderr: 'ignore',
    },
  );
  ending.unref();
  const watch = async () => {
    ending.stdin.write(`${server.pid}\n`);
    await ending.stdin.flush();
  };
  const send = async (name: string, ...args: string[]): Promise<unknown> => {
    const client = new RedisClient(address, { autoReconnect: false, enableOfflineQueue: false });
    try {
      await client.connect();
      return await client.send(name, args);
    } finally {
      client.close();
    }
  };
  const answers = async () => {
    for (;;) {
      if (server.exitCode !== null) throw new Error(`Redis ended with code ${server.exitCode}`);
      if ((await send('PING').catch(() => null)) === 'PONG') return;
      await Bun.sleep(10);
    }
  };
  const kill = async () => {
    server.kill('SIGKILL');
    await server.exited;
  };
  await watch();
  await answers();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    send,
    kill,
    async restart() {
      server = start();
      await watch();
      await answers();
    },
    pause: () => server.kill('SIGSTOP'),
    resume: () => server.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
