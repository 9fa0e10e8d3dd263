// A client on a bare TCP socket, or on one with TLS: it decides when to read, and when and how to leave.
import type { Socket } from 'bun';
import { inTime } from './time-limit.ts';

export interface RawClient {
  /** Everything received so far, as text (bytes above 127 one by one). */
  text(): string;
  bytesReceived(): number;
  write(data: string | Uint8Array): void;
  /** Resolves when the text satisfies `test`, rejects when the connection ends before. */
  until(test: (text: string) => boolean): Promise<void>;
  /** Stops reading: what arrives stays in the kernel until its buffers are full. */
  pause(): void;
  resume(): void;
  /** Resets the connection; returns the moment (performance.now()). */
  leave(): number;
  /** Closes in order, as a program that ends does; returns the moment. */
  end(): number;
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;
}

/** @param authority PEM: with it the connection uses TLS, and the server must have a certificate of this authority. */
export async function connectRaw(port: number, authority?: string): Promise<RawClient> {
  let text = '';
  let received = 0;
  let over = false;
  let waiting: (() => void)[] = [];
  let unsent: Uint8Array[] = [];
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const wake = () => {
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve();
  };
  const end = () => {
    over = true;
    close();
    wake();
  };
  const flush = (target: Socket<undefined>) => {
    while (!over) {
      const next = unsent.shift();
      if (next === undefined) return;
      const taken = Math.max(0, target.write(next));
      if (taken < next.length) {
        unsent = [next.subarray(taken), ...unsent];
        return;
      }
    }
  };
  const socket = await Bun.connect<undefined>({
    hostname: '127.0.0.1',
    port,
    ...(authority !== undefined && { tls: { ca: authority } }),
    socket: {
      data(_, chunk) {
        received += chunk.length;
        text += chunk.toString('latin1');
        wake();
      },
      drain: flush,
      end,
      close: end,
      error: end,
    },
  });
  return {
    text: () => text,
    bytesReceived: () => received,
    write(data) {
      unsent.push(typeof data === 'string' ? new TextEncoder().encode(data) : data);
      flush(socket);
    },
    until(test) {
      const received = async () => {
        while (!test(text)) {
          if (over) throw new Error(`the connection ended after: ${text.slice(-500)}`);
          await new Promise<void>((resolve) => waiting.push(resolve));
        }
      };
      return inTime(received(), () => `it does not come to ${test} after: ${text.slice(-500)}`);
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    leave() {
      const now = performance.now();
      socket.terminate();
      return now;
    },
    end() {
      const now = performance.now();
      socket.end();
      return now;
    },
    closed,
  };
}

/** An HTTP/1.1 POST of JSON as text for a socket. */
export function postText(path: string, body: unknown, headers: Record<string, string> = {}): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const lines = Object.entries({
    host: '127.0.0.1',
    'content-type': 'application/json',
    'content-length': String(new TextEncoder().encode(text).length),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`;
}
