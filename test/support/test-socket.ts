// A client of Responses over a WebSocket that a test directs message by message.
import { type JsonObject, parseObject } from '../../src/model/json/json.ts';
import { utf8 } from './message-stream.ts';
import type { SluiceProcess } from './sluice-process.ts';
import { inTime } from './time-limit.ts';

/** The type of an answer's last event. */
export const LAST = /^(response\.(completed|failed|incomplete)|error)$/;

/** As Bun has it; browsers cannot send headers. */
const SocketWithHeaders = WebSocket as unknown as new (
  url: string,
  options: { headers: Record<string, string> },
) => WebSocket;

/** A client of Responses over a WebSocket, without an SDK. */
export class TestSocket implements AsyncDisposable {
  readonly texts: string[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  private readonly socket: WebSocket;
  private readonly opened: Promise<void>;
  private heard = () => {};

  constructor(sluice: SluiceProcess, headers: Record<string, string> = {}, path = '/v1/responses') {
    this.socket = new SocketWithHeaders(`ws://127.0.0.1:${sluice.port}${path}`, { headers });
    this.opened = new Promise((resolve, reject) => {
      this.socket.addEventListener('open', () => resolve());
      this.socket.addEventListener('error', (event) => reject(new Error(String(event.type))));
    });
    // Whoever says something is told.
    this.opened.catch(() => {});
    this.closed = new Promise((resolve) => {
      this.socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }));
    });
    this.socket.addEventListener('message', ({ data }) => {
      this.texts.push(String(data));
      this.heard();
    });
  }

  async say(message: JsonObject | string): Promise<void> {
    await this.opened;
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Resolves once something that was heard has passed. */
  until(passes: (event: JsonObject) => boolean): Promise<JsonObject> {
    const heard = async () => {
      for (let index = 0; ; index++) {
        while (this.texts.length <= index) await new Promise<void>((resolve) => (this.heard = resolve));
        const event = parseObject(this.texts[index] ?? '') ?? {};
        if (passes(event)) return event;
      }
    };
    return inTime(heard(), () => `it does not come to ${passes} after: ${this.texts.at(-1)}`);
  }

  /** Says it, and resolves to the last event of the answer. */
  async ask(message: JsonObject): Promise<JsonObject> {
    this.texts.length = 0;
    await this.say({ type: 'response.create', model: 'm', ...message });
    return this.until(({ type }) => LAST.test(String(type)));
  }

  leave(): void {
    this.socket.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.leave();
    await this.closed;
  }
}

/** One text frame of a client. https://www.rfc-editor.org/rfc/rfc6455#section-5.2 */
export function maskedText(text: string): Uint8Array {
  const payload = utf8(text);
  if (payload.length > 125) throw new Error('too long for such a frame');
  return Uint8Array.of(0x81, 0x80 | payload.length, 0, 0, 0, 0, ...payload);
}
