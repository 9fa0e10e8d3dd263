// The HTTP server around one fetch function: what it does with each request, and how it ends.
import {
  type ByteSink,
  type ByteSource,
  type MakeBody,
  standardBody,
} from '../gateway/response/byte-source.ts';
import {
  type ClientConnection,
  type Listener,
  type SocketOrAnswer,
  wantsSocket,
} from './client-connection.ts';
import { chooseEncoding, compress, type Encoding } from './compress.ts';
import { directBody } from './direct-body.ts';
import { startCollector } from './collect-garbage.ts';
import { type CertifiedKey, formatHost, listen, type ListenOptions, UNUSED_SECONDS } from './listen.ts';
import { LoopTurn } from './loop-turn.ts';
import { Sockets } from './sockets.ts';
import { watchVanishedClients } from './vanished-clients.ts';
import { addressOf } from '../gateway/request/request-address.ts';

/** `auto`: only for clients on other machines, since on this one bytes cost less than compressing them. */
export type Compression = 'auto' | 'always' | 'off';

export interface HostOptions extends ListenOptions {
  /** Which clients get compressed answers if they accept them; called for each request. Left out: none. */
  compression?: () => Compression;
  /** @param makeBody makes the body of a streamed answer that goes out unchanged. */
  fetch(request: Request, makeBody?: MakeBody): Promise<Response>;
  /**
   * Answers requests that still arrive on open connections while the server drains, and before that requests for `/`, which load balancers
   * send. If left out, a bare 503.
   */
  turnAway?(request: Request): Promise<Response>;
  /** For a request that asks for a WebSocket: the session that serves it, or the answer that refuses it. If left out, they are refused. */
  openSocket?(request: Request): SocketOrAnswer;
  /**
   * Whether this process can accept no further connection: each answer then ends its connection, so that waiting clients get a turn. Left
   * out: never.
   */
  isFull?(): boolean;
  /** Called when the time for running answers is over, so that they can end with a last message. */
  onLate?(): void;
}

/** How long cut answers may take to send their last message. */
const LAST_WORD_MS = 1_000;

/** How long a draining server waits for the watcher of a live view that reads nothing: nobody's answer depends on it. */
const LAST_VIEW_SECONDS = 1;

export interface HttpHost {
  port: number;
  /** `http://HOST:PORT`, or `https://`. */
  url: string;
  /**
   * Uses another certificate for connections from now on; open ones continue until their running answer is over. Throws ListenError, in
   * which case nothing has changed.
   */
  certify(tls: CertifiedKey): void;
  /**
   * Serves on for `ms`, or until `sooner` resolves, while `/` is a 503 and each answer ends its connection: load balancers turn to other
   * servers, and do not send requests on a connection that is about to be closed.
   */
  leave(ms: number, sooner?: Promise<void>): Promise<void>;
  /**
   * Takes no new connection, answers 503 on open ones, and lets running answers finish for `timeoutMs`, or until
   * `sooner` resolves; those still running are cut within a second. Resolves to how many were cut.
   */
  drain(timeoutMs: number, sooner?: Promise<void>): Promise<number>;
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
  /** Bun closes every connection whose answer is over once its listener has stopped. */
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
      if (!streams && isEventStream(response)) noteView(request, connection);
      const sent = encoding === undefined ? response : compress(response, encoding);
      return last ? sayClose(sent) : sayWhetherLast(sent, connection);
    });
  };
  /** Connections of live views: what streams events without being an answer, whose body would be made by `makeBody`. */
  const views = new Set<ClientConnection>();
  const noteView = (request: Request, connection: ClientConnection) => {
    views.add(connection);
    request.signal.addEventListener('abort', () => views.delete(connection), { once: true });
  };
  const sockets = new Sockets();
  const receive = (request: Request, connection: ClientConnection) => {
    served++;
    if (draining || (leaving && isHealthCheck(request))) return turnAway(request).then(sayClose);
    if (openSocket !== undefined && wantsSocket(request)) return connection.upgrade(openSocket(request));
    // Requests for pages do not come by the thousand, and Bun joins two answers in one write only if both are immediate.
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
      // Bun's listeners keep their certificate for life. Meanwhile both share the port, so that no client is refused.
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
      for (const view of views) view.closeAfter(LAST_VIEW_SECONDS);
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

/** @param sooner ends the time early. */
function isWithin(over: Promise<void>, ms: number, sooner?: Promise<void>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(false), ms);
    sooner?.then(() => resolve(false), reject);
    over.then(() => resolve(true), reject).finally(() => clearTimeout(timer));
  });
}

/** Not for the answer to a HEAD, which has the headers alone: nothing would tell that it is over. */
function isEventStream({ headers, body }: Response): boolean {
  return headers.get('content-type') === 'text/event-stream' && body !== null;
}

function isHealthCheck(request: Request): boolean {
  return addressOf(request).pathname === '/';
}

/** Whether the client sends no further request on its connection. https://www.rfc-editor.org/rfc/rfc9112#section-9.6 */
function isLast({ headers }: Request): boolean {
  const connection = headers.get('connection');
  return connection !== null && /\bclose\b/i.test(connection);
}

/** Bun closes the connection by itself, but announces it only if the answer has this header. */
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

/** Reports that its last part has been handed over. */
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

async function drainingResponse(): Promise<Response> {
  return new Response(null, { status: 503, headers: { 'retry-after': '1' } });
}
