// One WebSocket of a client: its messages become requests of the gateway, each with one answer and one row, and the events of
// the answers its messages.
import type { SocketConversation, SocketMessage } from '../../dialects/socket.ts';
import type { Dialect } from '../../dialects/dialect.ts';
import { GatewayError, toGatewayError } from '../../model/errors.ts';
import { createFrameSplitter } from '../../sse/frame-splitter.ts';
import { parseFrame } from '../../sse/parse-frame.ts';
import type { GatewayHost } from '../host.ts';
import { errorResponse } from '../response/error-response.ts';

/** The client's end. */
interface ClientSocket {
  /** False: nothing more should be sent until `drained`. */
  send(text: string): boolean;
  close(code: number, reason: string): void;
}

export interface SocketSession {
  /** Called once, before anything else. */
  opened(socket: ClientSocket): void;
  received(text: string): void;
  drained(): void;
  /** Cancels what is still running. */
  closed(): void;
  /** Closes the connection once the running answers are over; messages that still come are refused. */
  finish(): void;
  /** Messages that are being answered or wait for that. */
  pending(): number;
}

export interface SessionOptions {
  handshake: Request;
  dialect: Dialect;
  conversation: SocketConversation;
  host: Pick<GatewayHost, 'now' | 'randomId' | 'log'>;
  ask(request: Request): Promise<Response>;
  /** The answer to a request while the server accepts no more. */
  turnAway(request: Request): Promise<Response>;
}

/** Waiting and running messages of one connection; a client waits for an answer before it goes on. */
const MOST_PENDING = 128;

/** https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 */
const GOING_AWAY = 1001;

/** Belongs to the handshake or to its connection, not to the requests made of messages. */
const OF_HANDSHAKE =
  /^(connection|upgrade|sec-websocket-.*|keep-alive|te|trailer|transfer-encoding|content-.*|expect|accept-encoding)$/;

const SOCKET_FEATURE = /^responses_websockets=/;

export function createSocketSession(options: SessionOptions): SocketSession {
  return new Session(options);
}

class Session implements SocketSession {
  private readonly options: SessionOptions;
  private readonly headers: Headers;
  private readonly leaving = new AbortController();
  /** The end of each lane. */
  private readonly lanes = new Map<string, Promise<void>>();
  private socket: ClientSocket | undefined;
  private count = 0;
  private isFinishing = false;
  private room: PromiseWithResolvers<void> | undefined;

  constructor(options: SessionOptions) {
    this.options = options;
    this.headers = headersOfRequests(options.handshake);
  }

  opened(socket: ClientSocket): void {
    this.socket = socket;
    if (this.isFinishing) this.finish();
  }

  received(text: string): void {
    const { conversation } = this.options;
    let message: SocketMessage;
    try {
      if (this.count >= MOST_PENDING)
        throw new GatewayError('rate_limited', `${MOST_PENDING} messages of this connection wait already`);
      message = conversation.read(text);
    } catch (thrown) {
      const refusal = this.refusalOf(toGatewayError(thrown));
      void refusal.then((response) => this.refuse(response)).catch((error) => this.failed(error));
      return;
    }
    this.count++;
    const { lane } = message;
    const before = this.lanes.get(lane);
    const answered = (before === undefined ? this.answer(message) : before.then(() => this.answer(message)))
      .catch((error) => this.failed(error))
      .finally(() => {
        this.count--;
        if (this.lanes.get(lane) === answered) this.lanes.delete(lane);
        if (this.isFinishing) this.finish();
      });
    this.lanes.set(lane, answered);
  }

  drained(): void {
    this.room?.resolve();
    this.room = undefined;
  }

  closed(): void {
    this.leaving.abort();
    this.drained();
  }

  finish(): void {
    this.isFinishing = true;
    if (this.count === 0) this.socket?.close(GOING_AWAY, 'the gateway is shutting down');
  }

  pending(): number {
    return this.count;
  }

  private async answer(message: SocketMessage): Promise<void> {
    const { host, ask, turnAway, handshake } = this.options;
    if (this.leaving.signal.aborted) return;
    const begun = message.begin({ requestId: host.randomId(), created: Math.floor(host.now() / 1000) });
    if ('events' in begun) {
      for (const text of begun.events) await this.send(text);
      return;
    }
    const request = new Request(handshake.url, {
      method: 'POST',
      headers: this.headers,
      body: begun.body,
      signal: this.leaving.signal,
    });
    const response = await (this.isFinishing ? turnAway(request) : ask(request));
    if (!isStream(response)) return this.refuse(response, message);
    const splitter = createFrameSplitter(Number.POSITIVE_INFINITY);
    for await (const chunk of response.body ?? []) {
      for (const frame of splitter.push(chunk).frames) await this.sendFrame(frame, message);
    }
    await this.sendFrame(splitter.flush(), message);
  }

  private async sendFrame(frame: Uint8Array, message: SocketMessage): Promise<void> {
    const event = parseFrame(frame);
    if (event !== undefined) await this.send(message.event(event));
  }

  private async refuse(response: Response, message?: SocketMessage): Promise<void> {
    const { status } = response;
    const headers = Object.fromEntries(response.headers);
    const body = await response.text();
    await this.send(this.options.conversation.refusal({ status, body, headers }, message));
  }

  /** Waits until the client has read enough of what was sent before. */
  private async send(text: string): Promise<void> {
    while (this.room !== undefined) await this.room.promise;
    if (this.leaving.signal.aborted || this.socket === undefined) return;
    if (!this.socket.send(text)) this.room = Promise.withResolvers();
  }

  private async refusalOf(error: GatewayError): Promise<Response> {
    const { dialect, host } = this.options;
    return errorResponse(error, dialect.id, host.randomId());
  }

  /** An answer of the gateway never breaks off without an event that says why; what gets here is a fault of ours. */
  private async failed(thrown: unknown): Promise<void> {
    if (this.leaving.signal.aborted) return;
    this.options.host.log('error', 'a message of a WebSocket failed inside the gateway', {
      error: String(thrown),
    });
    await this.refuse(await this.refusalOf(toGatewayError(thrown)));
  }
}

function isStream({ ok, headers }: Response): boolean {
  return ok && headers.get('content-type')?.startsWith('text/event-stream') === true;
}

function headersOfRequests({ headers }: Request): Headers {
  const kept = new Headers();
  for (const [name, value] of headers) if (!OF_HANDSHAKE.test(name)) kept.append(name, value);
  const features = (headers.get('openai-beta') ?? '').split(/\s*,\s*/);
  const others = features.filter((feature) => !SOCKET_FEATURE.test(feature));
  if (others.length < features.length) kept.delete('openai-beta');
  if (others.length < features.length && others.length > 0) kept.set('openai-beta', others.join(', '));
  kept.set('content-type', 'application/json');
  return kept;
}
