// The socket: Bun's HTTP server around one fetch function, and how it ends.
import {
  type ByteSink,
  type ByteSource,
  type MakeBody,
  standardBody,
} from '../gateway/response/byte-source.ts';
import { chooseEncoding, compress, type Encoding } from './compress.ts';
import { directBody } from './direct-body.ts';
import { startCollector } from './collect-garbage.ts';
import { LoopTurn } from './loop-turn.ts';
import { net } from './node-modules.ts';
import { Sockets } from './sockets.ts';
import { watchVanishedClients } from './vanished-clients.ts';
import { addressOf } from '../gateway/request/request-address.ts';
import type { SocketSession } from '../gateway/socket/client-socket.ts';
import { lackOfDescriptors } from '../upstream/network-failure.ts';
import { messageOf } from '../model/thrown.ts';

/** `auto`: only for clients on other machines; on this one, bytes cost less than compressing them. */
export type Compression = 'auto' | 'always' | 'off';

export interface HostOptions {
  hostname: string;
  /** 0: any free one. */
  port: number;
  /** Where a user can set another port, for messages; left out: `--port or server.port`. */
  portSetting?: string;
  /** Bytes; a longer body gets a bare 413. Left out where `fetch` limits what it reads, with a better message. */
  maxBody?: number;
  /** Bytes; a WebSocket on which a longer message comes is closed. */
  longestMessage?: number;
  /** Other processes of the same gateway listen there too, and the system distributes connections. */
  shared?: boolean;
  /** Left out: plain HTTP. With it, the port has to be free: `reservePort`. */
  tls?: CertifiedKey;
  /** Which clients get compressed answers if they accept them; called for each request. Left out: none. */
  compression?: () => Compression;
  /** @param makeBody makes the body of a streamed answer that goes out unchanged. */
  fetch(request: Request, makeBody?: MakeBody): Promise<Response>;
  /**
   * Answers requests that still come on open connections while the server drains, and before that those for `/`, which load
   * balancers ask for. Left out: a bare 503.
   */
  turnAway?(request: Request): Promise<Response>;
  /** For a request to go on as a WebSocket: what serves it then, or the answer that refuses it. Left out: they are refused. */
  openSocket?(request: Request): SocketOrAnswer;
  /**
   * Whether this process can accept no further connection: each answer then ends its own, so that clients that wait get a turn.
   * Left out: never.
   */
  isFull?(): boolean;
  onError(error: unknown): void;
  /** Called when the time for running answers is over, so that they can end with a last message. */
  onLate?(): void;
}

type SocketOrAnswer = SocketSession | Promise<SocketSession | Response>;

/** A certificate with those that sign it, and its private key, both in PEM. */
interface CertifiedKey {
  cert: string;
  key: string;
}

/** How long cut answers may take to send their last message. */
const LAST_WORD_MS = 1_000;
/**
 * Seconds that a connection without a request is kept: longer than clients keep theirs, so that none sends a request on one
 * that is just closing, and Bun's maximum. While a request runs, silence is the gateway's business.
 */
const UNUSED_SECONDS = 255;
/** What a WebSocket's end is reported as that never began. https://www.rfc-editor.org/rfc/rfc6455#section-7.1.5 */
const BROKEN_OFF = 1006;

export interface HttpHost {
  port: number;
  /** `http://HOST:PORT`, or `https://`. */
  url: string;
  /**
   * Uses another certificate for connections from now on; open ones continue until their running answer is over. Throws
   * ListenError, and then nothing has changed.
   */
  certify(tls: CertifiedKey): void;
  /**
   * Serves on for `ms`, or until `sooner` resolves, while `/` is a 503 and each answer ends its connection: load balancers turn
   * to other servers, and send nothing on a connection that is about to be closed.
   */
  leave(ms: number, sooner?: Promise<void>): Promise<void>;
  /**
   * Takes no new connection, answers 503 on open ones, and lets running answers finish for `timeoutMs`, or until
   * `sooner` resolves; those still running are cut within a second. Resolves to how many were cut.
   */
  drain(timeoutMs: number, sooner?: Promise<void>): Promise<number>;
}

/** The server cannot listen; the message says why and what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** Throws ListenError. */
export function createHttpHost(options: HostOptions): HttpHost {
  let draining = false;
  let leaving = false;
  let served = 0;
  let { tls } = options;
  const { turnAway = drainingResponse, openSocket, isFull = () => false } = options;
  const turn = new LoopTurn<() => void>((begin) => begin());
  const turnOf = async (request: Request, connection: ClientConnection) => {
    await new Promise<void>((resolve) => turn.add(resolve));
    return answer(request, connection);
  };
  /** Bun closes every connection whose answer is over when its listener has stopped. */
  const sayWhetherLast = (response: Response, connection: ClientConnection) =>
    leaving || draining || !connection.isOf(listener) || isFull() ? sayClose(response) : response;
  const answer = (request: Request, connection: ClientConnection): Promise<Response> => {
    connection.closeAfter(0);
    const encoding = encodingFor(options, request, connection);
    const given = () => connection.closeAfter(UNUSED_SECONDS);
    let streams = false;
    const makeBody: MakeBody = (source) => {
      streams = true;
      return encoding === undefined
        ? directBody(source, given)
        : standardBody(new EndReportingSource(source, given));
    };
    const last = isLast(request);
    return options.fetch(request, makeBody).then((response) => {
      if (!streams) given();
      const sent = encoding === undefined ? response : compress(response, encoding);
      return last ? sayClose(sent) : sayWhetherLast(sent, connection);
    });
  };
  const sockets = new Sockets();
  const receive = (request: Request, connection: ClientConnection) => {
    served++;
    if (draining || (leaving && isHealthCheck(request))) return turnAway(request).then(sayClose);
    if (openSocket !== undefined && wantsSocket(request)) return connection.upgrade(openSocket(request));
    // Page requests do not come by the thousand, and Bun joins two answers in one write only where both are immediate.
    return request.method === 'POST' ? turnOf(request, connection) : answer(request, connection);
  };
  let listener = listen(options, sockets, receive);
  /** Listeners that have stopped, with the end of their last answer. */
  const stopped = new Map<Listener, Promise<void>>();
  const listeners = () => [listener, ...stopped.keys()];
  const pending = () =>
    listeners().reduce((sum, { pendingRequests }) => sum + pendingRequests, sockets.pending());
  const stopCollector = startCollector({ begun: () => served + sockets.received, open: pending });
  const port = listener.port ?? options.port;
  const stopWatch = watchVanishedClients({ port, open: pending });
  return {
    port,
    url: `${tls === undefined ? 'http' : 'https'}://${formatHost(options.hostname)}:${port}`,
    certify(changed) {
      if (tls === undefined || draining || (tls.cert === changed.cert && tls.key === changed.key)) return;
      const before = listener;
      // Bun's listeners keep their certificate for life. Both share the port meanwhile, so that none is refused.
      listener = listen({ ...options, port, tls: changed }, sockets, receive);
      tls = changed;
      stopped.set(
        before,
        before.stop().finally(() => stopped.delete(before)),
      );
    },
    async leave(ms, sooner) {
      if (ms === 0) return;
      leaving = true;
      const over = Promise.withResolvers<void>();
      const timer = setTimeout(over.resolve, ms);
      await (sooner === undefined ? over.promise : Promise.race([over.promise, sooner]));
      clearTimeout(timer);
    },
    async drain(timeoutMs, sooner) {
      draining = true;
      stopCollector();
      const finished = Promise.all([listener.stop(), ...stopped.values(), sockets.finish()]).then(
        () => undefined,
      );
      void finished.finally(stopWatch);
      if (await isWithin(finished, timeoutMs, sooner)) return 0;
      const cut = pending();
      if (options.onLate !== undefined) {
        options.onLate();
        await isWithin(finished, LAST_WORD_MS);
      }
      await Promise.all(listeners().map((each) => each.stop(true)));
      return cut;
    },
  };
}

/** @param sooner ends the time. */
function isWithin(over: Promise<void>, ms: number, sooner?: Promise<void>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(false), ms);
    sooner?.then(() => resolve(false), reject);
    over.then(() => resolve(true), reject).finally(() => clearTimeout(timer));
  });
}

function isHealthCheck(request: Request): boolean {
  return addressOf(request).pathname === '/';
}

/** Whether the client sends no further request on its connection. https://www.rfc-editor.org/rfc/rfc9112#section-9.6 */
function isLast({ headers }: Request): boolean {
  const connection = headers.get('connection');
  return connection !== null && /\bclose\b/i.test(connection);
}

/** Bun closes the connection by itself, but announces that only where the answer's header does. */
function sayClose(response: Response): Response {
  response.headers.set('connection', 'close');
  return response;
}

/** The encoding of the client's answer; undefined: not compressed. */
function encodingFor(
  { hostname, compression }: HostOptions,
  request: Request,
  connection: ClientConnection,
): Encoding | undefined {
  const when = compression?.() ?? 'off';
  if (when === 'off' || (when === 'auto' && isLocal(hostname))) return undefined;
  const encoding = chooseEncoding(request.headers.get('accept-encoding'));
  return encoding === undefined || (when === 'auto' && isLocal(connection.address())) ? undefined : encoding;
}

/** Whether it is this machine's own address, in any of its forms. */
function isLocal(address: string): boolean {
  return /^(localhost|\[?::1\]?|(::ffff:)?127\..*)$/i.test(address);
}

type Listener = Bun.Server<SocketSession>;

/** The connection that a request came on. */
class ClientConnection {
  private readonly request: Request;
  private readonly server: Listener;

  constructor(request: Request, server: Listener) {
    this.request = request;
    this.server = server;
  }

  isOf(listener: Listener): boolean {
    return this.server === listener;
  }

  address(): string {
    return this.server.requestIP(this.request)?.address ?? '';
  }

  /** Goes on as a WebSocket; resolves to the answer where it does not. */
  async upgrade(opened: SocketOrAnswer): Promise<Response | undefined> {
    const session = opened instanceof Promise ? await opened : opened;
    if (session instanceof Response) return session;
    const { handshakeHeaders: headers = {} } = session;
    if (this.server.upgrade(this.request, { data: session, headers })) return undefined;
    session.closed(BROKEN_OFF, '');
    return Response.json(NO_HANDSHAKE, { status: 400 });
  }

  /** @param seconds of silence after which it is closed; 0: never. */
  closeAfter(seconds: number): void {
    this.server.timeout(this.request, seconds);
  }
}

/** Reports when its last part has been handed over. */
class EndReportingSource implements ByteSource {
  private readonly source: ByteSource;
  private readonly onEnd: () => void;

  constructor(source: ByteSource, onEnd: () => void) {
    this.source = source;
    this.onEnd = onEnd;
  }

  start(sink: ByteSink): void {
    this.source.start({
      write: (bytes) => sink.write(bytes),
      end: () => {
        this.onEnd();
        sink.end();
      },
      fail: (error) => sink.fail(error),
    });
  }

  resume(): void {
    this.source.resume();
  }

  cancel(): void {
    this.source.cancel();
  }
}

type Answered = Response | Promise<Response | undefined>;

function listen(
  options: HostOptions,
  sockets: Sockets,
  fetch: (request: Request, connection: ClientConnection) => Answered,
): Listener {
  try {
    return Bun.serve<SocketSession>({
      hostname: options.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: options.port,
      // With 0 Bun would wait forever for a request's headers too; otherwise it waits about 10 s.
      idleTimeout: UNUSED_SECONDS,
      // An unread body is not buffered: Bun pauses its sender, and discards what is left after the answer.
      maxRequestBodySize: options.maxBody ?? Number.MAX_SAFE_INTEGER,
      development: false,
      // Outside development Bun shares the port by default: a second gateway would take half of the requests.
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
 * Listens there until it is released, so that the system deals the port out to nobody else. Throws ListenError.
 * @param shared other processes of the gateway may begin to listen meanwhile.
 */
export function holdPort(hostname: string, port: number, shared: boolean): HeldPort {
  const fetch = async () => new Response(null, { status: 503 });
  const server = listen({ hostname, port, shared, fetch, onError() {} }, new Sockets(), fetch);
  server.unref();
  return { port: server.port ?? port, release: () => server.stop(true) };
}

function explain(
  error: unknown,
  { hostname, port, portSetting = '--port or server.port' }: HostOptions,
): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const at = `cannot listen on ${formatHost(hostname)}:${port}`;
  const lack = lackOfDescriptors(error);
  if (lack !== undefined) return `${at}: ${lack.happened}; ${lack.remedy}`;
  switch (code) {
    case 'EADDRINUSE':
      return `${at}: the port is in use; stop what listens there, or choose another with ${portSetting}`;
    case 'EACCES':
      return `${at}: not permitted; ports below 1024 need privileges, choose another with ${portSetting}`;
    default:
      // For a name that cannot be resolved, the runtime reports whichever error the resolver's last system call left.
      if (code === 'EADDRNOTAVAIL' || code === 'EINVAL' || net().isIP(hostname) === 0)
        return `${at}: this machine has no such address; check server.host`;
      return `${at}: ${messageOf(error)}; check ${code.startsWith('ERR_OSSL') ? 'server.tls' : 'server.host and server.port'}`;
  }
}

/** In a URL an IPv6 address is in brackets. */
export function formatHost(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

async function drainingResponse(): Promise<Response> {
  return new Response(null, { status: 503, headers: { 'retry-after': '1' } });
}

function wantsSocket({ method, headers }: Request): boolean {
  return method === 'GET' && headers.get('upgrade')?.toLowerCase() === 'websocket';
}

const NO_HANDSHAKE = {
  error: {
    type: 'invalid_request_error',
    code: 'invalid_request',
    message: 'this is no handshake of a WebSocket: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1',
  },
};

/** The form that the clients of every dialect read a message from. */
const INTERNAL = {
  type: 'error',
  error: { type: 'api_error', code: 'internal', message: 'internal error' },
};
