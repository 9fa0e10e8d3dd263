// A replay upstream on loopback: HTTP/1.1 written straight to the socket, so that a test decides about
// every byte, sees every disconnect at once, and can leave a body without its proper end.
import type { Socket } from 'bun';
import { createSeenRequest, playReply, type Reply, type SeenRequest } from './reply.ts';
import type { ChooseReply } from './replay-fetch.ts';
import { inTime } from './time-limit.ts';

export interface ReplayUpstream extends AsyncDisposable {
  /** `http://127.0.0.1:port`, no trailing slash. */
  readonly url: string;
  /** Requests in the order in which they were read. */
  readonly requests: readonly SeenRequest[];
  /** Sockets open right now. */
  openConnections(): number;
  /** Resolves with request number `index` (from 0) once it has been read. */
  request(index: number): Promise<SeenRequest>;
  /** Ends every open connection. */
  dropConnections(): void;
  /** Changes what later requests are answered with. */
  answer(choose: ChooseReply): void;
  stop(): Promise<void>;
}

/** One socket's state: the bytes of the request being read, and who waits for room to write. */
interface Connection {
  pending: Uint8Array;
  left: AbortController;
  busy: boolean;
  drained: (() => void) | undefined;
}

export async function startReplayUpstream(initial: ChooseReply): Promise<ReplayUpstream> {
  let choose = initial;
  const requests: SeenRequest[] = [];
  const waiting = new Map<number, (seen: SeenRequest) => void>();
  const open = new Set<Socket<Connection>>();

  const server = Bun.listen<Connection>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open(socket) {
        socket.data = {
          pending: new Uint8Array(),
          left: new AbortController(),
          busy: false,
          drained: undefined,
        };
        socket.setNoDelay(true);
        open.add(socket);
      },
      data(socket, chunk) {
        socket.data.pending = concat(socket.data.pending, chunk);
        void serve(socket);
      },
      drain: (socket) => socket.data.drained?.(),
      end: (socket) => closed(socket),
      close: (socket) => closed(socket),
      error: (socket) => closed(socket),
    },
  });

  function closed(socket: Socket<Connection>): void {
    open.delete(socket);
    socket.data.left.abort();
    socket.data.drained?.();
    socket.end();
  }

  async function serve(socket: Socket<Connection>): Promise<void> {
    if (socket.data.busy) return;
    const read = readRequest(socket.data.pending);
    if (read === undefined) return;
    socket.data.pending = read.rest;
    socket.data.busy = true;
    const { seen, end } = createSeenRequest(read.method, read.path, read.headers, read.body);
    const { signal } = socket.data.left;
    const leave = () => end('left');
    signal.addEventListener('abort', leave, { once: true });
    waiting.get(requests.push(seen) - 1)?.(seen);
    const reply = typeof choose === 'function' ? await choose(seen) : choose;
    if (reply.fault?.kind === 'hang-before-headers' || signal.aborted) return;
    const ending = await send(socket, reply, seen);
    signal.removeEventListener('abort', leave);
    end(ending);
    if (ending === 'reset') socket.terminate();
    socket.data.busy = false;
    if (ending === 'complete' || ending === 'cut') void serve(socket);
  }

  function dropConnections(): void {
    for (const socket of open) socket.terminate();
  }

  async function stop(): Promise<void> {
    server.stop(true);
    dropConnections();
  }

  return {
    url: `http://127.0.0.1:${server.port}`,
    requests,
    openConnections: () => open.size,
    request(index) {
      const seen = requests[index];
      if (seen !== undefined) return Promise.resolve(seen);
      const came = new Promise<SeenRequest>((resolve) => waiting.set(index, resolve));
      return inTime(came, () => `request ${index} does not come after ${requests.length}`);
    },
    dropConnections,
    answer(next) {
      choose = next;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

const PIECES_PER_TURN = 64;

/** Sends head and body; a body of known length has `content-length`, a stream is chunked. */
async function send(socket: Socket<Connection>, reply: Reply, seen: SeenRequest) {
  const { signal } = socket.data.left;
  const headers: Record<string, string> = { ...reply.headers };
  const isChunked =
    !Array.isArray(reply.pieces) || reply.headers['content-type']?.startsWith('text/event-stream');
  if (isChunked) headers['transfer-encoding'] = 'chunked';
  else if (Array.isArray(reply.pieces)) headers['content-length'] = String(declaredLength(reply));
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  await write(socket, ascii(`HTTP/1.1 ${reply.status} Replay\r\n${lines.join('')}\r\n`));
  const playing = playReply(reply, signal);
  for (;;) {
    const step = await playing.next();
    if (step.done) {
      if (isChunked && (step.value === 'complete' || step.value === 'cut')) {
        await write(socket, ascii('0\r\n\r\n'));
      }
      return signal.aborted ? 'left' : step.value;
    }
    const piece = step.value;
    await write(socket, isChunked ? chunk(piece) : piece);
    if (signal.aborted) return 'left';
    seen.bytesSent += piece.length;
    seen.piecesSent += 1;
    // A reader as fast as this writer would keep the event loop from ever seeing a disconnect.
    if (seen.piecesSent % PIECES_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

function declaredLength(reply: Reply): number {
  let total = 0;
  for (const piece of reply.pieces) total += piece.length;
  return reply.fault?.kind === 'cut' ? Math.min(total, reply.fault.after) : total;
}

/** Waits until the kernel has taken every byte, or the connection is gone. */
async function write(socket: Socket<Connection>, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (rest.length > 0 && !socket.data.left.signal.aborted) {
    const taken = socket.write(rest);
    if (taken < 0) return;
    rest = rest.subarray(taken);
    if (rest.length === 0) break;
    await new Promise<void>((resolve) => {
      socket.data.drained = resolve;
    });
    socket.data.drained = undefined;
  }
}

interface ReadRequest {
  method: string;
  path: string;
  headers: Headers;
  body: Uint8Array;
  rest: Uint8Array;
}

/** The first request in `bytes`, or undefined while it is not whole. */
function readRequest(bytes: Uint8Array): ReadRequest | undefined {
  const headEnd = indexOf(bytes, '\r\n\r\n', 0);
  if (headEnd < 0) return undefined;
  const [first = '', ...lines] = new TextDecoder().decode(bytes.subarray(0, headEnd)).split('\r\n');
  const [method = '', path = ''] = first.split(' ');
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const start = headEnd + 4;
  const isChunked = headers.get('transfer-encoding')?.includes('chunked') === true;
  const body = isChunked ? readChunks(bytes, start) : readLength(bytes, start, headers);
  if (body === undefined) return undefined;
  return { method, path, headers, body: body.bytes, rest: bytes.slice(body.end) };
}

function readLength(bytes: Uint8Array, start: number, headers: Headers) {
  const end = start + Number(headers.get('content-length') ?? 0);
  return bytes.length < end ? undefined : { bytes: bytes.slice(start, end), end };
}

function readChunks(bytes: Uint8Array, start: number): { bytes: Uint8Array; end: number } | undefined {
  let body = new Uint8Array();
  for (let at = start; ; ) {
    const lineEnd = indexOf(bytes, '\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(new TextDecoder().decode(bytes.subarray(at, lineEnd)), 16);
    const end = lineEnd + 2 + size;
    if (bytes.length < end + 2) return undefined;
    if (size === 0) return { bytes: body, end: end + 2 };
    body = concat(body, bytes.subarray(lineEnd + 2, end));
    at = end + 2;
  }
}

function chunk(piece: Uint8Array): Uint8Array {
  return concat(concat(ascii(`${piece.length.toString(16)}\r\n`), piece), ascii('\r\n'));
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function concat(first: Uint8Array, second: Uint8Array) {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

function indexOf(bytes: Uint8Array, text: string, from: number): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(text, from);
}
