// A client's end of a WebSocket, without an SDK.

/** As Bun has it; browsers have neither headers nor a pause. */
const PausableSocket = WebSocket as unknown as new (
  url: string,
  options: Bun.WebSocketOptions,
) => Bun.WebSocket;

export class SocketClient implements Disposable {
  readonly messages: (string | Uint8Array)[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  /** Rejects with what the handshake was refused with. */
  readonly opened: Promise<void>;
  readonly socket: Bun.WebSocket;
  private heard = () => {};

  /** @param url `http:` or `https:`. */
  constructor(url: string, options: Bun.WebSocketOptions = {}) {
    const socket = new PausableSocket(url.replace(/^http/, 'ws'), options);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    this.opened = new Promise((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = (event) => reject(new Error((event as Event & { message: string }).message));
    });
    this.opened.catch(() => {});
    this.closed = new Promise((resolve) => {
      socket.onclose = ({ code, reason }) => {
        resolve({ code, reason });
        this.heard();
      };
    });
    socket.onmessage = ({ data }: { data: string | ArrayBuffer }) => {
      this.messages.push(typeof data === 'string' ? data : new Uint8Array(data));
      this.heard();
    };
  }

  async say(message: string | Uint8Array<ArrayBuffer>): Promise<void> {
    await this.opened;
    this.socket.send(message);
  }

  /** Resolves to the first `count` messages. */
  async hear(count: number): Promise<(string | Uint8Array)[]> {
    while (this.messages.length < count && this.socket.readyState <= WebSocket.OPEN)
      await new Promise<void>((resolve) => (this.heard = resolve));
    return this.messages.slice(0, count);
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}
