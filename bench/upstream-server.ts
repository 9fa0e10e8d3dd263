// The upstream's sockets: which bytes answer which path, and the one clock that paces all streams.
import type { Socket } from 'bun';
import {
  type Behaviour,
  DELTA_TEXT,
  FIRST_TEXT,
  parsePath,
  streamText,
  WIRES,
  type WireId,
} from './fixtures.ts';
import { asChunk, createMessageReader, LAST_CHUNK } from './http-messages.ts';

/** Streams of one pace are spread over so many moments of their interval, as independent ones would be. */
const PHASES = 10;
const MAX_STREAMS = 10_000;
/** Unpaced streams come in chunks of so many deltas: a fast provider's packets. */
const DELTAS_A_CHUNK = 10;

interface Connection {
  read(bytes: Buffer): void;
  /** What the socket has not taken yet. */
  unsent: Buffer | undefined;
  /** Ends the paced stream that is being sent. */
  leave: (() => void) | undefined;
}

export interface BenchUpstream {
  port: number;
  stop(): void;
}

export function createServer(): BenchUpstream {
  const answers = new Map<string, (socket: Socket<Connection>) => void>();
  const paces = new Map<string, Pace>();

  function answer(socket: Socket<Connection>, path: string): void {
    let send = answers.get(path);
    if (send === undefined) {
      send = compile(path);
      answers.set(path, send);
    }
    send(socket);
  }

  function compile(path: string): (socket: Socket<Connection>) => void {
    const known = parsePath(path.split('?')[0] ?? path);
    if (known === undefined) {
      const missing = Buffer.from('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
      return (socket) => write(socket, missing);
    }
    const { behaviour, dialect } = known;
    if (behaviour.kind !== 'paced') {
      const bytes = Buffer.from(
        behaviour.kind === 'plain' ? plainAnswer(dialect) : streamAnswer(dialect, behaviour),
      );
      return (socket) => write(socket, bytes);
    }
    const pace = createPace(dialect, behaviour.perSecond);
    paces.set(path, pace);
    return (socket) => pace.join(socket);
  }

  const server = Bun.listen<Connection>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open(socket) {
        let path = '';
        const read = createMessageReader({
          head(text) {
            path = text.split(' ', 2)[1] ?? '';
          },
          body() {},
          end: () => answer(socket, path),
        });
        socket.data = { read, unsent: undefined, leave: undefined };
      },
      data: (socket, bytes) => socket.data.read(bytes),
      drain(socket) {
        const { unsent } = socket.data;
        socket.data.unsent = undefined;
        if (unsent !== undefined) write(socket, unsent);
      },
      close: (socket) => socket.data?.leave?.(),
      error() {},
    },
  });
  return {
    port: server.port,
    stop() {
      for (const pace of paces.values()) pace.stop();
      server.stop(true);
    },
  };
}

function write(socket: Socket<Connection>, bytes: Buffer): void {
  const { unsent } = socket.data;
  if (unsent !== undefined) {
    socket.data.unsent = Buffer.concat([unsent, bytes]);
    return;
  }
  const sent = socket.write(bytes);
  if (sent >= 0 && sent < bytes.length) socket.data.unsent = Buffer.from(bytes.subarray(sent));
}

function plainAnswer(dialect: WireId): string {
  const body = WIRES[dialect].answer;
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nrequest-id: req_benchmark\r\n`;
  return `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

const STREAM_HEAD =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nrequest-id: req_benchmark\r\ntransfer-encoding: chunked\r\n\r\n';

function streamAnswer(dialect: WireId, { deltas }: Behaviour & { kind: 'stream' }): string {
  const events = streamText(dialect, deltas).split(/(?<=\n\n)/);
  let text = STREAM_HEAD;
  for (let at = 0; at < events.length; at += DELTAS_A_CHUNK) {
    text += asChunk(events.slice(at, at + DELTAS_A_CHUNK).join(''));
  }
  return text + LAST_CHUNK;
}

interface Pace {
  join(socket: Socket<Connection>): void;
  stop(): void;
}

/** All streams of one pace: each clock tick serves one phase of them. */
function createPace(dialect: WireId, perSecond: number): Pace {
  const { head, delta } = WIRES[dialect];
  const opening = Buffer.from(STREAM_HEAD + asChunk(head) + asChunk(delta(FIRST_TEXT)));
  const event = Buffer.from(asChunk(delta(DELTA_TEXT)));
  const phases = Array.from({ length: PHASES }, () => new Set<Socket<Connection>>());
  const period = 1000 / perSecond / PHASES;
  let joined = 0;
  let open = 0;
  let phase = 0;
  let due = performance.now();

  const timer = setInterval(
    () => {
      const now = performance.now();
      // A clock that was held up goes on from now: a burst would be nobody's pace.
      if (now - due > 1000 / perSecond) due = now;
      for (; due <= now; due += period) {
        for (const socket of phases[phase] ?? []) if (socket.data.unsent === undefined) write(socket, event);
        phase = (phase + 1) % PHASES;
      }
    },
    Math.max(1, Math.floor(period)),
  );

  return {
    join(socket) {
      if (open >= MAX_STREAMS) {
        socket.end();
        return;
      }
      const members = phases[joined++ % PHASES];
      members?.add(socket);
      open++;
      socket.data.leave = () => {
        if (members?.delete(socket)) open--;
      };
      write(socket, opening);
    },
    stop: () => clearInterval(timer),
  };
}
