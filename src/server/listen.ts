// Opens the sockets that the server listens on, and explains why one cannot be opened.
import { codeOf, messageOf } from '../model/thrown.ts';
import { lackOfDescriptors } from '../upstream/network-failure.ts';
import type { SocketSession } from '../gateway/socket/client-socket.ts';
import { ClientConnection, type Listener } from './client-connection.ts';
import { net } from './node-modules.ts';
import { Sockets } from './sockets.ts';

/** A certificate with those that sign it, and its private key, all in PEM. */
export interface CertifiedKey {
  cert: string;
  key: string;
}

export interface ListenOptions {
  hostname: string;
  /** 0: any free port. */
  port: number;
  /** Where a user can set another port, for messages. Default: `--port or server.port`. */
  portSetting?: string;
  /** In bytes; a longer body gets a bare 413. Left out if `fetch` limits what it reads, with a better message. */
  maxBody?: number;
  /** In bytes; a longer message closes its WebSocket. */
  longestMessage?: number;
  /** Whether other processes of the same gateway listen there too, so that the system distributes connections. */
  shared?: boolean;
  /** Left out: plain HTTP. With it, the port has to be free: `reservePort`. */
  tls?: CertifiedKey;
  onError(error: unknown): void;
}

/**
 * How many seconds a connection without a request is kept: longer than clients keep theirs, so that none sends a request on one that is
 * just being closed. It is also Bun's maximum. While a request runs, silence is the gateway's business.
 */
export const UNUSED_SECONDS = 255;

/** The server cannot listen; the message says why and what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

type Answered = Response | Promise<Response | undefined>;

/** Throws ListenError. */
export function listen(
  options: ListenOptions,
  sockets: Sockets,
  fetch: (request: Request, connection: ClientConnection) => Answered,
): Listener {
  try {
    return Bun.serve<SocketSession>({
      hostname: unbracketed(options.hostname),
      port: options.port,
      // With 0 Bun would also wait for ever for a request's headers, for which it otherwise waits about 10 s.
      idleTimeout: UNUSED_SECONDS,
      // A body that is not read is not buffered: Bun pauses its sender, and discards what is left after the answer.
      maxRequestBodySize: options.maxBody ?? Number.MAX_SAFE_INTEGER,
      development: false,
      // Outside of development Bun shares the port by default, so a second gateway would take half of the requests.
      reusePort: options.shared ?? options.tls !== undefined,
      ...(options.tls !== undefined && { tls: options.tls }),
      fetch: (request, server) => fetch(request, new ClientConnection(request, server)),
      websocket: sockets.handler(options.longestMessage),
      error(error) {
        options.onError(error);
        return Response.json(INTERNAL, { status: 500 });
      },
    });
  } catch (error) {
    throw new ListenError(explain(error, options), { cause: error });
  }
}

/** A port without another listener: the given one, or a free one for 0. Throws ListenError. */
export async function reservePort(hostname: string, port: number): Promise<number> {
  const held = holdPort(hostname, port, false);
  await held.release();
  return held.port;
}

export interface HeldPort {
  port: number;
  release(): Promise<void>;
}

/**
 * Listens there until released, so that the system gives the port to nobody else. Throws ListenError.
 * @param shared whether other processes of the gateway may begin to listen meanwhile.
 */
export function holdPort(hostname: string, port: number, shared: boolean): HeldPort {
  const fetch = async () => new Response(null, { status: 503 });
  const server = listen({ hostname, port, shared, onError() {} }, new Sockets(), fetch);
  server.unref();
  return { port: server.port ?? port, release: () => server.stop(true) };
}

function explain(
  error: unknown,
  { hostname, port, portSetting = '--port or server.port' }: ListenOptions,
): string {
  const code = codeOf(error) ?? '';
  const at = `cannot listen on ${formatHost(hostname)}:${port}`;
  const lack = lackOfDescriptors(error);
  if (lack !== undefined) return `${at}: ${lack.happened}; ${lack.remedy}`;
  const noAddress = `${at}: this machine has no such address; check server.host`;
  if (net().isIP(unbracketed(hostname)) === 0 && !canListenAt(hostname)) return noAddress;
  switch (code) {
    case 'EADDRINUSE':
      return `${at}: the port is in use; stop what listens there, or choose another with ${portSetting}`;
    case 'EACCES':
      return `${at}: not permitted; ports below 1024 need privileges, choose another with ${portSetting}`;
    case 'EADDRNOTAVAIL':
    case 'EINVAL':
      return noAddress;
    default:
      return `${at}: ${messageOf(error)}; check ${code.startsWith('ERR_OSSL') ? 'server.tls' : 'server.host and server.port'}`;
  }
}

/**
 * Whether a name belongs to this machine, at whatever port. For a name that cannot be resolved, the runtime reports the error of this
 * process's last failed system call, which may be that of a port in use.
 */
function canListenAt(hostname: string): boolean {
  try {
    void Bun.serve({ hostname, port: 0, fetch: () => new Response() }).stop(true);
    return true;
  } catch {
    return false;
  }
}

const unbracketed = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');

/** In a URL an IPv6 address is in brackets. */
export function formatHost(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** The form in which clients of every dialect can read a message. */
const INTERNAL = {
  type: 'error',
  error: { type: 'api_error', code: 'internal', message: 'internal error' },
};
