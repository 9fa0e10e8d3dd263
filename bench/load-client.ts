// Many cheap clients: raw sockets, each sending one prepared request again and again and counting what comes.
import type { Socket } from 'bun';
import { createDelays, type DelaySummary } from './delays.ts';
import { FIRST_TEXT } from './fixtures.ts';
import { createMessageReader } from './http-messages.ts';
import { startLoadClock } from './load-clock.ts';
import { readStamps } from './stamp.ts';

export interface LoadSpec {
  port: number;
  path: string;
  headers: Record<string, string>;
  body: string;
  connections: number;
  /**
   * Null: each connection sends again as soon as it has its answer. Otherwise the total requests per second, due by the
   * clock regardless of the answers: one that finds no free connection waits, and its wait counts.
   */
  perSecond: number | null;
}

/** Totals since the start. */
export interface LoadCount {
  /** Milliseconds of this process's clock. */
  at: number;
  /** Complete answers. */
  finished: number;
  /** Answers other than 200, and connections that closed or failed. */
  failed: number;
  events: number;
  bytes: number;
  /** Answers whose first text has come. */
  begun: number;
  /** Milliseconds from a request's due time to its first text (for a whole answer, to its end), since the last count. */
  waits: number[];
  /** Delays of stamped events since the last count. */
  delays: DelaySummary;
}

export interface Load {
  count(): LoadCount;
  stop(): void;
}

interface Client {
  read(bytes: Buffer): void;
  dueAt: number;
  /** What the socket has not taken yet. */
  unsent: Buffer | undefined;
}

/** Connections that are being opened at once, so that no listener's queue overflows. */
const OPENING = 100;

export function createLoad(spec: LoadSpec): Load {
  const request = requestBytes(spec);
  let finished = 0;
  let failed = 0;
  let events = 0;
  let received = 0;
  let begun = 0;
  let waits: number[] = [];
  let delays = createDelays();
  let stopped = false;
  const idle: Socket<Client>[] = [];
  const overdue: number[] = [];
  const sockets = new Set<Socket<Client>>();
  const addDelay = (microseconds: number) => delays.add(microseconds);

  function send(socket: Socket<Client>, dueAt: number): void {
    socket.data.dueAt = dueAt;
    write(socket, request);
  }

  /** A connection that has nothing to do. */
  function free(socket: Socket<Client>): void {
    const dueAt = spec.perSecond === null ? performance.now() : overdue.shift();
    if (dueAt === undefined) idle.push(socket);
    else send(socket, dueAt);
  }

  function createClient(socket: Socket<Client>): Client {
    let awaitsText = true;
    let endsInLf = false;
    let ok = true;
    const noteWait = () => {
      awaitsText = false;
      begun++;
      waits.push(performance.now() - socket.data.dueAt);
    };
    const read = createMessageReader({
      head(text) {
        ok = text.startsWith('HTTP/1.1 200');
        awaitsText = true;
        endsInLf = false;
      },
      body(bytes) {
        received += bytes.length;
        // An event ends with a blank line, which two parts of the body may share.
        if (endsInLf && bytes[0] === 10) events++;
        for (let at = bytes.indexOf('\n\n'); at !== -1; at = bytes.indexOf('\n\n', at + 2)) events++;
        endsInLf = bytes[bytes.length - 1] === 10 && bytes[bytes.length - 2] !== 10;
        if (awaitsText && bytes.includes(FIRST_TEXT)) noteWait();
        readStamps(bytes, addDelay);
      },
      end() {
        if (!ok) failed++;
        else {
          finished++;
          if (awaitsText) noteWait();
        }
        if (!stopped) free(socket);
      },
    });
    return { read, dueAt: 0, unsent: undefined };
  }

  let left = spec.connections;
  function open(): void {
    if (left-- <= 0) return;
    Bun.connect<Client>({
      hostname: '127.0.0.1',
      port: spec.port,
      socket: {
        open(socket) {
          sockets.add(socket);
          socket.data = createClient(socket);
          free(socket);
          open();
        },
        data: (socket, bytes) => socket.data.read(bytes),
        drain(socket) {
          const { unsent } = socket.data;
          socket.data.unsent = undefined;
          if (unsent !== undefined) write(socket, unsent);
        },
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
  for (let count = 0; count < OPENING; count++) open();

  const stopClock =
    spec.perSecond === null
      ? () => {}
      : startLoadClock(spec.perSecond, (dueAt) => {
          const socket = idle.pop();
          if (socket === undefined) overdue.push(dueAt);
          else send(socket, dueAt);
        });

  return {
    count() {
      const at = performance.now();
      const since = { waits, delays: delays.summary() };
      waits = [];
      delays = createDelays();
      return { at, finished, failed, events, bytes: received, begun, ...since };
    },
    stop() {
      stopped = true;
      stopClock();
      for (const socket of sockets) socket.terminate();
    },
  };
}

function requestBytes({ path, port, headers, body }: LoadSpec): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function write(socket: Socket<Client>, bytes: Buffer): void {
  const sent = socket.write(bytes);
  if (sent >= 0 && sent < bytes.length) socket.data.unsent = bytes.subarray(sent);
}
