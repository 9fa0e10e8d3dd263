// A WebSocket between a client and one provider: each message is forwarded as it came, until one of them closes.
import type { ForwardedSocket, SocketReport } from '../../dialects/forwarded-socket.ts';
import { GatewayError, toGatewayError } from '../../model/errors.ts';
import { addStated, type StatedUsage } from '../../model/usage.ts';
import type { Cancellation } from '../../upstream/cancellation.ts';
import type { ProviderSocket, SocketMessageData } from '../../upstream/socket-transport.ts';
import { clientLeft, isClientLeft } from '../cancellation-errors.ts';
import type { Audience } from '../live/view.ts';
import type { Observer } from '../record/observer.ts';
import type { GatewayHost } from '../host.ts';
import { type Ending, type ExchangeRecord, failedWith } from '../record/record.ts';
import type { ClientSocket, SocketSession } from './client-socket.ts';
import { IdleTimer } from './idle-timer.ts';

/** https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 */
const NORMAL = 1000;
const GOING_AWAY = 1001;
const NO_CODE = 1005;
const BROKEN_OFF = 1006;
const POLICY = 1008;
const TOO_BIG = 1009;
const FAILED = 1011;
const ENDINGS: readonly number[] = [NORMAL, GOING_AWAY, NO_CODE];

/** Bytes of a client's messages that the provider has not taken yet; more ends the session, since Bun cannot hold a client back. */
const MOST_UNSENT = 16 * 1024 * 1024;
/** Longest reason for closing, in bytes. */
const LONGEST_REASON = 123;

/** Milliseconds after which a provider that does not even answer pings is taken for gone. Clients have the same time. */
const GONE_MS = 120_000;

export interface ForwardedSessionOptions {
  host: Pick<GatewayHost, 'monotonic' | 'setTimer'>;
  /** Longest silence towards either side before a ping, in milliseconds. */
  pingIntervalMs: number;
  /** For messages. */
  provider: string;
  /** Open, with nothing read from it yet. */
  socket: ProviderSocket;
  forwarded: ForwardedSocket;
  /** The provider's own name for a model that the client names in a message. */
  nameOf(model: string): string;
  /** How the provider wants that name written, for instance `models/{model}`. */
  form: string;
  observer: Observer;
  /** Watches the text of the conversation. */
  audience: Audience;
  /** Longest message of the provider, in bytes. The runtime refuses those of more than 128 MB before they arrive here. */
  maxMessage: number;
  /** Ends when the session does. */
  record: ExchangeRecord;
  /** Aborted when the client leaves before the session begins, or when it is ended from outside. */
  client: Cancellation;
  /** Headers of the answer to the handshake. */
  handshakeHeaders: Record<string, string>;
  /** Called when the session has begun; from then on `closed` reports that the client has left. */
  begun(): void;
  /** Called between two answers, where the conversation may be ended: returns the error that ends it, if any. */
  mayEnd(): GatewayError | undefined;
}

export class ForwardedSession implements SocketSession {
  readonly handshakeHeaders: Record<string, string>;
  private readonly options: ForwardedSessionOptions;
  private client: ClientSocket | null = null;
  private usage: StatedUsage | null = null;
  private total: StatedUsage | null = null;
  private isModelKnown = false;
  /** Whether anything was said since the last answer ended. */
  private hasSpoken = false;
  private isOver = false;
  private hasRoom = true;
  private clientIdle: IdleTimer | null = null;
  private providerIdle: IdleTimer | null = null;
  /** Whether the provider has been sent a ping since it was last heard of. */
  private isPinged = false;
  private readonly leave = () => this.endedFromOutside();

  constructor(options: ForwardedSessionOptions) {
    this.options = options;
    this.handshakeHeaders = options.handshakeHeaders;
    options.observer.seen.timing.waiting();
    if (options.client.aborted) this.endedFromOutside();
    else options.client.addEventListener('abort', this.leave);
  }

  // Called for the client.

  opened(client: ClientSocket): void {
    this.client = client;
    const { begun, host, pingIntervalMs, socket } = this.options;
    begun();
    if (this.isOver) {
      client.close(GOING_AWAY, '');
      return;
    }
    this.clientIdle = new IdleTimer(host, pingIntervalMs, () => this.pinged());
    this.providerIdle = new IdleTimer(host, pingIntervalMs, () => this.askProvider());
    socket.read({
      message: (data) => this.answered(data),
      pinged: () => {
        this.heard();
        this.pinged();
      },
      ponged: () => this.heard(),
      closed: (code, reason) => this.providerClosed(code, reason),
    });
  }

  received(data: SocketMessageData): void {
    if (this.isOver) return;
    const { socket, provider } = this.options;
    socket.send(this.named(data));
    if (socket.unsent() <= MOST_UNSENT) return;
    const error = new GatewayError(
      'upstream_failed',
      `${provider} does not read what the client sends: ${MOST_UNSENT} bytes wait for it`,
    );
    this.end(failedWith(error), [FAILED, error.message], [FAILED, '']);
  }

  drained(): void {
    this.hasRoom = true;
    if (!this.isOver) this.options.socket.resume();
  }

  closed(code: number, reason: string): void {
    const ending: Ending = { status: ENDINGS.includes(code) ? 'success' : 'aborted' };
    this.end(ending, null, [code, reason]);
  }

  /** A conversation has no end of its own: it goes on until the server's time for running answers is over. */
  finish(): void {}

  pending(): number {
    return this.isOver ? 0 : 1;
  }

  // Called for the provider.

  private answered(data: SocketMessageData): void {
    if (this.isOver) return;
    this.heard();
    if (data.length > this.options.maxMessage) {
      this.refuseMessage(data.length);
      return;
    }
    const report = this.options.forwarded.read(textOf(data));
    if (report !== undefined) this.take(report);
    this.clientIdle?.touch();
    if (this.client?.send(data) === false) {
      this.hasRoom = false;
      this.options.socket.pause();
    }
    if (report?.mayEnd !== true) return;
    const why = this.options.mayEnd();
    if (why !== undefined) this.endedBy(why);
  }

  private refuseMessage(length: number): void {
    const { provider, maxMessage } = this.options;
    const error = new GatewayError(
      'upstream_malformed',
      `${provider} sent a message of ${length} bytes, more than server.max_event (${maxMessage})`,
    );
    this.end(failedWith(error), [FAILED, error.message], [TOO_BIG, '']);
  }

  /** Sends no ping to a client that does not read, for which they would only accumulate. */
  private pinged(): void {
    if (!this.hasRoom || this.isOver) return;
    this.clientIdle?.touch();
    this.client?.ping();
  }

  private heard(): void {
    this.providerIdle?.touch();
    this.isPinged = false;
  }

  /** Without pings nobody would learn that the provider's server is gone while neither side says anything. */
  private askProvider(): void {
    const { socket, provider } = this.options;
    // While the client does not read, the provider's messages are not read either, so its silence means nothing.
    if (!this.hasRoom) this.heard();
    if (!this.isPinged || (this.providerIdle?.silence() ?? 0) < GONE_MS) {
      this.isPinged = true;
      socket.ping();
      return;
    }
    const error = new GatewayError(
      'upstream_timeout',
      `${provider} has answered no ping for ${GONE_MS / 1_000} s`,
    );
    this.end(failedWith(error), [FAILED, error.message], [GOING_AWAY, '']);
  }

  /** Also called when the provider answers the gateway's own closing. */
  private providerClosed(code: number, reason: string): void {
    const { provider } = this.options;
    if (ENDINGS.includes(code)) {
      this.end({ status: 'success' }, [code, reason], null);
      return;
    }
    const why = reason === '' ? '' : `: ${reason}`;
    if (code === BROKEN_OFF) {
      const error = new GatewayError(
        reason === '' ? 'upstream_truncated' : 'upstream_malformed',
        `${provider} ${reason === '' ? 'broke the connection off' : 'sent what is no WebSocket message'}${why}`,
      );
      this.end(failedWith(error), [FAILED, error.message], null);
      return;
    }
    const error = new GatewayError(
      isProvidersFault(code) ? 'upstream_failed' : 'upstream_rejected',
      `${provider} closed the WebSocket with ${code}${why}`,
    );
    this.end(failedWith(error), [code, reason], null);
  }

  private endedFromOutside(): void {
    this.endedBy(toGatewayError(this.options.client.reason ?? clientLeft()));
  }

  private endedBy(error: GatewayError): void {
    const code = error.code === 'shutting_down' ? GOING_AWAY : POLICY;
    const ending: Ending = isClientLeft(error) ? { status: 'aborted' } : failedWith(error);
    this.end(ending, [code, error.message], [GOING_AWAY, '']);
  }

  /** Only the first call counts. @param toClient, toProvider how each side is closed; null: it closed by itself. */
  private end(ending: Ending, toClient: Closing | null, toProvider: Closing | null): void {
    if (this.isOver) return;
    this.isOver = true;
    const { client, socket, observer, record } = this.options;
    this.clientIdle?.stop();
    this.providerIdle?.stop();
    client.removeEventListener('abort', this.leave);
    observer.seen.timing.arrived();
    record.end(ending);
    if (toClient !== null) {
      const [code, reason] = toClient;
      this.client?.close(...sendable([code, record.redact(reason)]));
    }
    if (toProvider !== null) socket.close(...sendable(toProvider));
  }

  /** The message as it is forwarded: the one that names the model gets the provider's own name for it. */
  private named(data: SocketMessageData): SocketMessageData {
    const { forwarded, nameOf, form, record, observer } = this.options;
    const { naming } = forwarded;
    if (this.isModelKnown || naming === undefined) return data;
    const text = textOf(data);
    const asked = naming.modelIn(text);
    if (asked === undefined) return data;
    this.isModelKnown = true;
    record.requestedModel ??= asked;
    const model = nameOf(asked);
    observer.note({ type: 'start', id: null, model });
    const sent = naming.withName(
      text,
      form.replace('{model}', () => model),
    );
    if (sent === text) return data;
    return typeof data === 'string' ? sent : encoder.encode(sent);
  }

  private take({ model, usage, total, text, mayEnd }: SocketReport): void {
    const { observer } = this.options;
    if (model !== undefined) observer.note({ type: 'start', id: null, model });
    if (text !== undefined) this.show(text);
    // A line end separates this answer from the next, and shows its last word, which is held until then. A running total arrives while the
    // model is still speaking.
    if (mayEnd === true && total === undefined && this.hasSpoken) this.show('\n');
    if (usage !== undefined) this.usage = sumOf(this.usage, usage);
    if (total !== undefined) this.total = total;
    const billed = this.total === null ? this.usage : sumOf(this.usage, this.total);
    if (billed !== null && (usage ?? total) !== undefined) observer.note({ type: 'usage', usage: billed });
  }

  private show(text: string): void {
    const { audience } = this.options;
    this.hasSpoken = text !== '\n';
    if (audience.isWatched()) audience.text(text);
  }
}

function sumOf(known: StatedUsage | null, more: StatedUsage): StatedUsage {
  return known === null ? more : addStated(known, more);
}

/**
 * Whether the code means a failure of the provider. With codes of their own, and those for messages they do not accept, vendors say what
 * was wrong with a request.
 */
function isProvidersFault(code: number): boolean {
  return code >= FAILED && code < 3000;
}

type Closing = readonly [code: number, reason: string];

const decoder = new TextDecoder();
const encoder = new TextEncoder();

function textOf(data: SocketMessageData): string {
  return typeof data === 'string' ? data : decoder.decode(data);
}

/**
 * The code and reason as they may be sent: some codes are reserved for describing how a connection ended, and a reason has to fit into one
 * frame.
 */
function sendable([code, reason]: Closing): [code: number, reason: string] {
  const isSendable =
    (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) || (code >= 3000 && code <= 4999);
  const { read } = encoder.encodeInto(reason, new Uint8Array(LONGEST_REASON));
  return [isSendable ? code : NORMAL, reason.slice(0, read)];
}
