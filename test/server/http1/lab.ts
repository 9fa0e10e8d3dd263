// A transport before servers of the test's own, on a clock turned by hand; all of it is closed when the test file ends.
import { afterAll } from 'bun:test';
import { type Environment, readProxies } from '../../../src/server/http1/proxies.ts';
import { createHttpTransport, type HttpTransport } from '../../../src/server/http1/transport.ts';
import type { Certificate } from '../../support/certificates.ts';
import { createManualTimers, type ManualTimers } from '../../support/manual-timers.ts';
import { createRawServer, type RawConnection, type RawServer } from '../../support/raw-server.ts';
import { ask as askTransport } from './reading.ts';
import type { UpstreamRequest } from '../../../src/upstream/transport.ts';

export interface Lab extends HttpTransport {
  timers: ManualTimers;
  /** The machine sleeps: no timer moves on, and no clock but that of the world. */
  sleep(ms: number): void;
  serve(serve?: (connection: RawConnection) => Promise<void> | void, certificate?: Certificate): RawServer;
  /** Asks, and reads the answer to its end. */
  ask(url: string, rest?: Partial<UpstreamRequest>): ReturnType<typeof askTransport>;
}

export const KEPT_MS = 60_000;

export function createLab({
  keepAliveMs = KEPT_MS,
  maxIdle = 100,
  maxUnread = 64 * 1024,
  verifiesServers = true,
  environment = {} as Environment,
} = {}): Lab {
  const timers = createManualTimers();
  let asleepMs = 0;
  const transport = createHttpTransport({
    monotonic: timers.now,
    elapsed: () => timers.now() + asleepMs,
    setTimer: timers.setTimer,
    limits: () => ({ keepAliveMs, maxIdle, maxUnread }),
    verifiesServers,
    proxies: readProxies(environment),
  });
  const servers: RawServer[] = [];
  afterAll(() => {
    transport.close();
    for (const server of servers) server.close();
  });
  return {
    ...transport,
    timers,
    sleep(ms) {
      asleepMs += ms;
    },
    serve(serve, certificate) {
      const server = createRawServer({ ...(serve && { serve }), ...(certificate && { certificate }) });
      servers.push(server);
      return server;
    },
    ask: (url, rest) => askTransport(transport.send, url, rest),
  };
}

/** A whole answer that keeps the connection open. */
export const plain = (body: string, ...fields: string[]) =>
  ['HTTP/1.1 200 OK', ...fields, `content-length: ${Buffer.byteLength(body, 'latin1')}`, '', body].join(
    '\r\n',
  );

/** Answers each request of a connection with what `answer` says. */
export const always = (answer: (request: number) => string) => async (connection: RawConnection) => {
  for (let count = 1; ; count++) {
    await connection.request();
    if (!(await connection.write(answer(count)))) return;
  }
};

/** Lets the event loop turn, so that what has been sent on this machine arrives. */
export async function turns(count = 50): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
