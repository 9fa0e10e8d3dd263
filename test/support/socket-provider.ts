// A provider that is asked over WebSockets: accepts them and does what a test tells it to.
import type { ServerWebSocket } from 'bun';

export interface Handshake {
  /** With the query. */
  path: string;
  headers: Record<string, string>;
}

type Message = string | Buffer;

export interface ProviderEnd {
  readonly handshake: Handshake;
  send(data: string | Uint8Array): void;
  ping(): void;
  /** Bytes that the gateway has not taken yet. */
  unsent(): number;
  close(code?: number, reason?: string): void;
  /** Breaks the connection off. */
  vanish(): void;
  /** Resolves once it is closed. */
  readonly closed: Promise<{ code: number; reason: string }>;
}

export interface SocketProvider extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly handshakes: Handshake[];
  readonly ends: ProviderEnd[];
}

export interface SocketProviderOptions {
  opened?(end: ProviderEnd): void;
  received?(end: ProviderEnd, message: Message): void;
  /** The status of a refusal; undefined: it accepts. */
  refuses?(handshake: Handshake): number | undefined;
}

interface Held {
  handshake: Handshake;
  end?: ProviderEnd;
  closed: PromiseWithResolvers<{ code: number; reason: string }>;
}

export function startSocketProvider(options: SocketProviderOptions): SocketProvider {
  const handshakes: Handshake[] = [];
  const ends: ProviderEnd[] = [];
  const server = Bun.serve<Held>({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request, listener) {
      const { pathname, search } = new URL(request.url);
      const handshake = { path: pathname + search, headers: Object.fromEntries(request.headers) };
      handshakes.push(handshake);
      const status = options.refuses?.(handshake);
      if (status !== undefined) return new Response('refused', { status });
      const data = { handshake, closed: Promise.withResolvers<{ code: number; reason: string }>() };
      return listener.upgrade(request, { data }) ? undefined : new Response(null, { status: 400 });
    },
    websocket: {
      open(socket) {
        const end = endOf(socket);
        socket.data.end = end;
        ends.push(end);
        options.opened?.(end);
      },
      message({ data: { end } }, message) {
        if (end !== undefined) options.received?.(end, message);
      },
      close({ data: { closed } }, code, reason) {
        closed.resolve({ code, reason });
      },
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    handshakes,
    ends,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

function endOf(socket: ServerWebSocket<Held>): ProviderEnd {
  const { handshake, closed } = socket.data;
  return {
    handshake,
    send: (data) => void socket.send(data),
    ping: () => void socket.ping(),
    unsent: () => socket.getBufferedAmount(),
    close: (code, reason) => socket.close(code, reason),
    vanish: () => socket.terminate(),
    closed: closed.promise,
  };
}
