// A client's WebSocket that the gateway serves: each message becomes a request with one answer and one row, and the events of the answer
// become messages.
import type { SocketConversation, SocketMessage } from '../../dialects/socket.ts';
import type { Dialect } from '../../dialects/dialect.ts';
import { GatewayError, toGatewayError } from '../../model/errors.ts';
import { createFrameSplitter } from '../../sse/frame-splitter.ts';
import { parseFrame } from '../../sse/parse-frame.ts';
import type { GatewayHost } from '../host.ts';
import { errorResponse, stackOf } from '../response/error-response.ts';
import type { SocketMessageData } from '../../upstream/socket-transport.ts';
import type { ClientSocket, SocketSession } from './client-socket.ts';
import { IdleTimer } from './idle-timer.ts';

export interface SessionOptions {
  handshake: Request;
  dialect: Dialect;
  conversation: SocketConversation;
  host: Pick<GatewayHost, 'now' | 'randomId' | 'log' | 'monotonic' | 'setTimer'>;
  /** Longest silence before the client gets a ping, in milliseconds. */
  pingIntervalMs: number;
  /** For the log. */
  redact(text: string): string;
  ask(request: Request): Promise<Response>;
  /** Answers a request that arrives while the server accepts no more. */
  turnAway(request: Request): Promise<Response>;
}

/** Most messages of one connection that wait or run; a client usually waits for an answer before it goes on. */
const MOST_PENDING = 128;
/** In UTF-16 units: of those messages together, and of the bodies posted at the same time. A single one may be longer. */
const MOST_HELD = 64 * 1024 * 1024;

/** https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 */
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;

/** Headers that belong to the handshake or its connection, not to the requests made of messages. */
const OF_HANDSHAKE =
  /^(connection|upgrade|sec-websocket-.*|keep-alive|te|trailer|transfer-encoding|content-.*|expect|accept-encoding)$/;

const SOCKET_FEATURE = /^responses_websockets=/;

export function createSocketSession(options: SessionOptions): SocketSession {
  return new Session(options);
}

const decoder = new TextDecoder();

class Session implements SocketSession {
  private readonly options: SessionOptions;
  private readonly headers: Headers;
  /** One for each running request. A signal shared by all would keep their listeners for as long as the connection lasts. */
  private readonly running = new Set<AbortController>();
  /** The promise of the newest message's end in each lane. */
  private readonly lanes = new Map<string, Promise<void>>();
  private socket: ClientSocket | undefined;
  private count = 0;
  /** UTF-16 units of the pending messages, and of the bodies of those that run. */
  private held = 0;
  private posted = 0;
  /** How many refusals the client has not read yet. */
  private refusals = 0;
  private isFinishing = false;
  private isOver = false;
  private room: PromiseWithResolvers<void> | undefined;
  private idle: IdleTimer | undefined;

  constructor(options: SessionOptions) {
    this.options = options;
    this.headers = headersOfRequests(options.handshake);
  }

  opened(socket: ClientSocket): void {
    this.socket = socket;
    this.idle = new IdleTimer(this.options.host, this.options.pingIntervalMs, () => this.ping());
    if (this.isFinishing) this.finish();
  }

  received(data: SocketMessageData): void {
    if (this.isOver) return;
    const text = typeof data === 'string' ? data : decoder.decode(data);
    let message: SocketMessage;
    try {
      message = this.read(text);
    } catch (thrown) {
      this.turnDown(toGatewayError(thrown));
      return;
    }
    this.count++;
    this.held += text.length;
    const { lane } = message;
    const before = this.lanes.get(lane);
    const answered = (before === undefined ? this.answer(message) : before.then(() => this.answer(message)))
      .catch((error) => this.failed(error))
      .finally(() => {
        this.count--;
        this.held -= text.length;
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
    this.isOver = true;
    this.options.conversation.close();
    this.idle?.stop();
    for (const leaving of this.running) leaving.abort();
    this.drained();
  }

  finish(): void {
    this.isFinishing = true;
    if (this.count === 0) this.socket?.close(GOING_AWAY, 'the gateway is shutting down');
  }

  pending(): number {
    return this.count;
  }

  /** Throws GatewayError. */
  private read(text: string): SocketMessage {
    if (this.count >= MOST_PENDING) throw tooMany(`${MOST_PENDING} messages`);
    if (this.count > 0 && this.held + text.length > MOST_HELD) throw tooMany('messages of many megabytes');
    return this.options.conversation.read(text);
  }

  private async answer(message: SocketMessage): Promise<void> {
    const { host } = this.options;
    if (this.isOver) return;
    const leaving = new AbortController();
    const begun = message.begin({
      requestId: host.randomId(),
      created: Math.floor(host.now() / 1000),
      stop: () => leaving.abort(),
    });
    if ('events' in begun) {
      for (const text of begun.events) await this.send(text);
      return;
    }
    const { body } = begun;
    // A short message may continue a long conversation, and that in many lanes at once.
    if (this.running.size > 0 && this.posted + body.length > MOST_HELD)
      return this.refuse(await this.refusalOf(tooMany('conversations of many megabytes')), message);
    this.running.add(leaving);
    this.posted += body.length;
    try {
      await this.post(body, leaving.signal, message);
    } finally {
      this.running.delete(leaving);
      this.posted -= body.length;
    }
  }

  private async post(body: string, signal: AbortSignal, message: SocketMessage): Promise<void> {
    const { ask, turnAway, handshake } = this.options;
    const request = new Request(handshake.url, { method: 'POST', headers: this.headers, body, signal });
    const response = await (this.isFinishing ? turnAway(request) : ask(request));
    if (!isStream(response)) return this.refuse(response, message);
    const splitter = createFrameSplitter(Number.POSITIVE_INFINITY);
    for await (const chunk of response.body ?? []) {
      for (const frame of splitter.push(chunk).frames)
        if (!signal.aborted) await this.sendFrame(frame, message);
    }
    if (!signal.aborted) await this.sendFrame(splitter.flush(), message);
    for (const text of message.end()) await this.send(text);
  }

  private async sendFrame(frame: Uint8Array, message: SocketMessage): Promise<void> {
    const event = parseFrame(frame);
    if (event !== undefined) for (const text of message.event(event)) await this.send(text);
    // A comment is a ping of the stream, which the conversation would not carry.
    else if (frame.length > 0) this.ping();
  }

  /** Sends no ping to a client that does not read, for which they would only accumulate. */
  private ping(): void {
    if (this.room !== undefined || this.isOver) return;
    this.idle?.touch();
    this.socket?.ping();
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
    if (this.isOver || this.socket === undefined) return;
    this.idle?.touch();
    if (!this.socket.send(text)) this.room = Promise.withResolvers();
  }

  /** Refuses a message that is not queued. A client that keeps sending without reading the refusals is disconnected. */
  private turnDown(error: GatewayError): void {
    if (this.refusals >= MOST_PENDING) {
      this.isOver = true;
      this.socket?.close(POLICY_VIOLATION, 'messages are refused, and their errors are not read');
      return;
    }
    this.refusals++;
    void this.refusalOf(error)
      .then((response) => this.refuse(response))
      .catch((thrown) => this.failed(thrown))
      .finally(() => this.refusals--);
  }

  private async refusalOf(error: GatewayError): Promise<Response> {
    const { dialect, host } = this.options;
    return errorResponse(error, { dialect: dialect.id }, host.randomId());
  }

  /** An answer of the gateway never breaks off without an event that says why, so whatever fails here is a fault of the gateway. */
  private async failed(thrown: unknown): Promise<void> {
    if (this.isOver) return;
    const { host, redact } = this.options;
    host.log('error', 'a message of a WebSocket failed inside the gateway', {
      error: redact(stackOf(thrown)),
    });
    await this.refuse(await this.refusalOf(toGatewayError(thrown)));
  }
}

function tooMany(what: string): GatewayError {
  return new GatewayError(
    'rate_limited',
    `${what} of this connection wait already: send this again when some are answered`,
  );
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
