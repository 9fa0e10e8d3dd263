// A server on bare TCP or TLS: a test reads what it was sent to the byte, and says what goes back, and how it ends.
import type { Socket } from 'bun';
import type { Certificate } from './certificates.ts';
import { cutOff, reconnect } from './deaf-kernel.ts';
import { inTime } from './time-limit.ts';

export interface RawServer {
  readonly port: number;
  /** `http://127.0.0.1:1234`, or `https://localhost:1234` where it has a certificate. */
  readonly url: string;
  /** All that were accepted so far. */
  readonly connections: readonly RawConnection[];
  /** Resolves with the next connection that nobody took yet. */
  accept(): Promise<RawConnection>;
  /** Listens no more and resets what is open. */
  close(): void;
}

export interface RawConnection {
  /** Everything received so far, byte by byte (latin1). */
  received(): string;
  /** Resolves when what was received satisfies `test`; rejects when the connection ends before. */
  until(test: (received: string) => boolean): Promise<void>;
  /** Resolves with the next whole request: head, and body by its content-length. */
  request(): Promise<RawRequest>;
  /** Resolves once the kernel has taken all of it; false where the connection is gone. */
  write(data: string | Uint8Array): Promise<boolean>;
  /** Bytes that the kernel has taken. */
  written(): number;
  /** Closes in order, once all is written. */
  end(): void;
  reset(): void;
  pause(): void;
  resume(): void;
  /** What is sent to it vanishes from now on, as in a network that is gone: nobody is told. Linux alone. */
  cutOff(): void;
  /** The network is back. */
  reconnect(): void;
  readonly isClosed: boolean;
  readonly closed: Promise<void>;
}

interface RawRequest {
  /** `POST /v1/x HTTP/1.1`. */
  line: string;
  /** `name: value`, as they came. */
  fields: string[];
  body: string;
}

interface Unsent {
  bytes: Uint8Array;
  done(taken: boolean): void;
}

/** Where `serve` is given, it has each connection; whatever it throws is the connection's end. */
export function createRawServer(
  options: { certificate?: Certificate; serve?: (connection: RawConnection) => Promise<void> | void } = {},
): RawServer {
  const { certificate, serve } = options;
  const connections: OpenConnection[] = [];
  const waiting: ((connection: RawConnection) => void)[] = [];
  let taken = 0;
  const listener = Bun.listen<OpenConnection>({
    hostname: '127.0.0.1',
    port: 0,
    ...(certificate && { tls: { cert: certificate.certificate, key: certificate.key } }),
    socket: {
      open(socket) {
        const connection = new OpenConnection(socket);
        socket.data = connection;
        connections.push(connection);
        // A client that leaves ends what serves it; the test sees that on its own side.
        if (serve) Promise.resolve(serve(connection)).catch(() => connection.reset());
        else if (waiting.length > 0) waiting.shift()?.(connections[taken++] ?? connection);
      },
      data: (socket, bytes) => socket.data.take(bytes),
      drain: (socket) => socket.data.flush(),
      end: (socket) => socket.data.over(),
      close: (socket) => socket.data?.over(),
      error: (socket) => socket.data?.over(),
    },
  });
  return {
    port: listener.port,
    url: certificate ? `https://localhost:${listener.port}` : `http://127.0.0.1:${listener.port}`,
    connections,
    async accept() {
      const next = connections[taken];
      if (next === undefined) return new Promise((resolve) => waiting.push(resolve));
      taken++;
      return next;
    },
    close() {
      listener.stop(true);
    },
  };
}

class OpenConnection implements RawConnection {
  isClosed = false;
  readonly closed: Promise<void>;
  private readonly socket: Socket<OpenConnection>;
  private readonly close: () => void;
  private text = '';
  private readAt = 0;
  private taken = 0;
  private unsent: Unsent[] = [];
  private endsWhenSent = false;
  private waiting: (() => void)[] = [];

  constructor(socket: Socket<OpenConnection>) {
    this.socket = socket;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.close = resolve;
  }

  received(): string {
    return this.text;
  }

  written(): number {
    return this.taken;
  }

  until(test: (received: string) => boolean): Promise<void> {
    const received = async () => {
      while (!test(this.text)) {
        if (this.isClosed) throw new Error(`the connection ended after: ${this.text.slice(-500)}`);
        await new Promise<void>((resolve) => this.waiting.push(resolve));
      }
    };
    return inTime(received(), () => `it does not come to ${test} after: ${this.text.slice(-500)}`);
  }

  async request(): Promise<RawRequest> {
    const from = this.readAt;
    await this.until((text) => text.includes('\r\n\r\n', from));
    const bodyAt = this.text.indexOf('\r\n\r\n', from) + 4;
    const [line = '', ...fields] = this.text.slice(from, bodyAt - 4).split('\r\n');
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(this.text.slice(from, bodyAt))?.[1] ?? 0);
    await this.until((text) => text.length >= bodyAt + length);
    this.readAt = bodyAt + length;
    return { line, fields, body: this.text.slice(bodyAt, this.readAt) };
  }

  write(data: string | Uint8Array): Promise<boolean> {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
    return new Promise((done) => {
      this.unsent.push({ bytes, done });
      this.flush();
    });
  }

  end(): void {
    this.endsWhenSent = true;
    this.flush();
  }

  reset(): void {
    this.socket.terminate();
    this.over();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  cutOff(): void {
    cutOff(this.socket);
  }

  reconnect(): void {
    reconnect(this.socket);
  }

  take(bytes: Buffer): void {
    this.text += bytes.toString('latin1');
    this.wake();
  }

  flush(): void {
    for (let next = this.unsent[0]; next !== undefined; next = this.unsent[0]) {
      const size = this.isClosed ? -1 : this.socket.write(next.bytes);
      if (size > 0) this.taken += size;
      if (size >= 0 && size < next.bytes.length) {
        next.bytes = next.bytes.subarray(size);
        return;
      }
      this.unsent.shift();
      next.done(size >= 0);
    }
    if (this.endsWhenSent && !this.isClosed) this.socket.end();
  }

  over(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.flush();
    this.close();
    this.wake();
  }

  private wake(): void {
    const woken = this.waiting;
    this.waiting = [];
    for (const resolve of woken) resolve();
  }
}
