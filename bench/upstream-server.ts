// The upstream's sockets: which bytes answer which path.
import type { Socket } from 'bun';
import { plainAnswer, streamAnswer } from './answers.ts';
import { parsePath } from './behaviour.ts';
import { createMessageReader } from './http-messages.ts';
import { createPace, type Listener, type Pace } from './pace.ts';

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

/** @param asksForStream what the request's body says. */
type Answer = (socket: Socket<Connection>, asksForStream: boolean) => void;

const ASKS_FOR_STREAM = ['"stream":true', '"stream": true'];

export function createServer(): BenchUpstream {
  const answers = new Map<string, Answer>();
  const paces: Pace[] = [];

  function answerTo(path: string): Answer {
    const known = answers.get(path);
    if (known !== undefined) return known;
    const answer = compile(path);
    answers.set(path, answer);
    return answer;
  }

  function compile(path: string): Answer {
    const known = parsePath(path.split('?')[0] ?? path);
    if (known === undefined) return always('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
    const { behaviour, dialect } = known;
    switch (behaviour.kind) {
      case 'plain':
        return always(plainAnswer(dialect));
      case 'asked': {
        const plain = plainAnswer(dialect);
        const stream = streamAnswer(dialect, behaviour);
        // In some wires the path requests a stream.
        const isAsked = path.includes(':stream');
        return (socket, asks) => write(socket, asks || isAsked ? stream : plain);
      }
      case 'paced': {
        const pace = createPace(dialect, behaviour.amount);
        paces.push(pace);
        return (socket) => {
          socket.data.leave = pace.join(listenerOn(socket));
        };
      }
      case 'stream':
      case 'long':
      case 'argument':
        return always(streamAnswer(dialect, behaviour));
    }
  }

  const server = Bun.listen<Connection>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open(socket) {
        let path = '';
        let asksForStream = false;
        const read = createMessageReader({
          head(text) {
            path = text.split(' ', 2)[1] ?? '';
            asksForStream = false;
          },
          body(bytes) {
            asksForStream ||= ASKS_FOR_STREAM.some((asks) => bytes.includes(asks));
          },
          end: () => answerTo(path)(socket, asksForStream),
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
      for (const pace of paces) pace.stop();
      server.stop(true);
    },
  };
}

function always(answer: string | Buffer): Answer {
  const bytes = Buffer.from(answer);
  return (socket) => write(socket, bytes);
}

function listenerOn(socket: Socket<Connection>): Listener {
  return {
    isReady: () => socket.data.unsent === undefined,
    write(bytes) {
      write(socket, bytes);
      // The clock writes its next event over these bytes.
      if (socket.data.unsent !== undefined) socket.data.unsent = Buffer.from(socket.data.unsent);
    },
  };
}

/** Bytes that the socket does not take at once must stay as they are until it does. */
function write(socket: Socket<Connection>, bytes: Buffer): void {
  const { unsent } = socket.data;
  if (unsent !== undefined) {
    socket.data.unsent = Buffer.concat([unsent, bytes]);
    return;
  }
  const sent = socket.write(bytes);
  if (sent >= 0 && sent < bytes.length) socket.data.unsent = bytes.subarray(sent);
}
