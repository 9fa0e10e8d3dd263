// The WebSockets of clients, in the form that Bun's server gives them.
import type { ServerWebSocket, WebSocketHandler } from 'bun';
import type { SocketSession } from '../gateway/socket/client-socket.ts';

type Socket = ServerWebSocket<SocketSession>;

/** Seconds of silence after which a client that does not answer pings is taken for gone. Bun sends the pings. */
const SILENT_SECONDS = 120;
/** How many bytes may wait for a slow client before its answer is held back. */
const MOST_WAITING = 64 * 1024;
/** In bytes; beyond that Bun would drop messages, which never happens, since each waits for those before it. */
const NEVER_DROPPED = 2 ** 31 - 1;

export class Sockets {
  /** How many messages came so far. */
  received = 0;
  private readonly open = new Set<Socket>();
  private allClosed: PromiseWithResolvers<void> | undefined;

  /** @param longest the longest message that is read, in bytes. Default: Bun's own, 16 MB. */
  handler(longest = 16 * 1024 * 1024): WebSocketHandler<SocketSession> {
    return {
      maxPayloadLength: Math.min(longest, NEVER_DROPPED),
      idleTimeout: SILENT_SECONDS,
      sendPings: true,
      backpressureLimit: NEVER_DROPPED,
      open: (socket) => {
        this.open.add(socket);
        socket.data.opened({
          send(data) {
            socket.send(data);
            return socket.getBufferedAmount() < MOST_WAITING;
          },
          ping: () => void socket.ping(),
          close: (code, reason) => socket.close(code, reason),
        });
        if (this.allClosed !== undefined) socket.data.finish();
      },
      message: (socket, message) => {
        this.received++;
        socket.data.received(message);
      },
      drain: (socket) => socket.data.drained(),
      close: (socket, code, reason) => {
        this.open.delete(socket);
        socket.data.closed(code, reason);
        if (this.open.size === 0) this.allClosed?.resolve();
      },
    };
  }

  /** How many messages are being answered, or wait for that. */
  pending(): number {
    let count = 0;
    for (const socket of this.open) count += socket.data.pending();
    return count;
  }

  /** Closes each once its running answers are over; resolves when all are closed. */
  finish(): Promise<void> {
    this.allClosed ??= Promise.withResolvers();
    if (this.open.size === 0) this.allClosed.resolve();
    for (const socket of this.open) socket.data.finish();
    return this.allClosed.promise;
  }
}
