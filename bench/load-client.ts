// Many cheap clients: raw sockets, each sending one prepared request again and again and counting what comes.
import type { Socket } from 'bun';
import { FIRST_TEXT } from './fixtures.ts';
import { createMessageReader } from './http-messages.ts';

export interface LoadSpec {
  port: number;
  path: string;
  headers: Record<string, string>;
  body: string;
  /** Connections, all opened at once. */
  connections: number;
  /** Null: each connection asks again as soon as it has its answer. Else so many requests in all a second. */
  perSecond: number | null;
}

/** Totals since the start. */
export interface LoadCount {
  /** Milliseconds of this process's clock. */
  at: number;
  /** Answers that are whole. */
  finished: number;
  /** Answers other than 200, and connections that closed or failed. */
  failed: number;
  events: number;
  /** Answers whose first text has come. */
  begun: number;
  /** Milliseconds from request to first text (of a whole answer: to its end), since the last count. */
  waits: number[];
}

export interface Load {
  count(): LoadCount;
  stop(): void;
}

interface Client {
  read(bytes: Buffer): void;
  sentAt: number;
}

/** How often the clock looks whether a request is due. */
const RATE_TICK_MS = 1;

export function createLoad(spec: LoadSpec): Load {
  const head = [
    `POST ${spec.path} HTTP/1.1`,
    `host: 127.0.0.1:${spec.port}`,
    ...Object.entries(spec.headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(spec.body)}`,
  ];
  const request = Buffer.from(`${head.join('\r\n')}\r\n\r\n${spec.body}`);
  let finished = 0;
  let failed = 0;
  let events = 0;
  let begun = 0;
  let waits: number[] = [];
  let stopped = false;
  const idle: Socket<Client>[] = [];
  const sockets = new Set<Socket<Client>>();

  function send(socket: Socket<Client>): void {
    socket.data.sentAt = performance.now();
    socket.write(request);
  }

  function createClient(socket: Socket<Client>): Client {
    let awaitsText = true;
    let endsInLf = false;
    let ok = true;
    const noteWait = () => {
      awaitsText = false;
      begun++;
      waits.push(performance.now() - socket.data.sentAt);
    };
    const read = createMessageReader({
      head(text) {
        ok = text.startsWith('HTTP/1.1 200');
        awaitsText = true;
        endsInLf = false;
      },
      body(bytes) {
        // An event ends with a blank line, which two parts of the body may share.
        if (endsInLf && bytes[0] === 10) events++;
        for (let at = bytes.indexOf('\n\n'); at !== -1; at = bytes.indexOf('\n\n', at + 2)) events++;
        endsInLf = bytes[bytes.length - 1] === 10 && bytes[bytes.length - 2] !== 10;
        if (awaitsText && bytes.includes(FIRST_TEXT)) noteWait();
      },
      end() {
        if (!ok) failed++;
        else {
          finished++;
          if (awaitsText) noteWait();
        }
        if (stopped) return;
        if (spec.perSecond === null) send(socket);
        else idle.push(socket);
      },
    });
    return { read, sentAt: 0 };
  }

  for (let index = 0; index < spec.connections; index++) {
    Bun.connect<Client>({
      hostname: '127.0.0.1',
      port: spec.port,
      socket: {
        open(socket) {
          sockets.add(socket);
          socket.data = createClient(socket);
          if (spec.perSecond === null) send(socket);
          else idle.push(socket);
        },
        data: (socket, bytes) => socket.data.read(bytes),
        close(socket) {
          sockets.delete(socket);
          const at = idle.indexOf(socket);
          if (at !== -1) idle.splice(at, 1);
          if (!stopped) failed++;
        },
        error() {},
      },
    }).catch(() => {
      failed++;
    });
  }

  const rate = spec.perSecond;
  const timer = rate === null ? undefined : startClock(rate);

  function startClock(perSecond: number): ReturnType<typeof setInterval> {
    let due = performance.now();
    return setInterval(() => {
      const now = performance.now();
      if (now - due > 1000) due = now;
      for (; due <= now; due += 1000 / perSecond) {
        const socket = idle.pop();
        if (socket !== undefined) send(socket);
      }
    }, RATE_TICK_MS);
  }

  return {
    count() {
      const counted = { at: performance.now(), finished, failed, events, begun, waits };
      waits = [];
      return counted;
    },
    stop() {
      stopped = true;
      clearInterval(timer);
      for (const socket of sockets) socket.terminate();
    },
  };
}
