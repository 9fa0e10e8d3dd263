// A connection to a server: its socket, the request that it serves, and whether it can serve another.
import type { Socket } from 'bun';
import type { HeaderList } from '../../model/header-list.ts';
import type { StreamedBody } from '../../upstream/transport.ts';
import { BodySender, type BodyWay } from './body-sender.ts';
import { type AnswerHandler, ResponseParser } from './response-parser.ts';
import { LoopTurn } from '../loop-turn.ts';
import type { RunningAnswer, Staleness } from './running-answer.ts';
import { sendingState } from '../sending-state.ts';
import { asError, codeOf } from '../../model/thrown.ts';

/** The connection ended before the answer did. */
class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** Keeps the connections. */
export interface ConnectionOwner {
  /** The connection can serve another request, for as many milliseconds as the server announced; null: it announced none. */
  free(connection: Connection, keepAliveMs: number | null): void;
  /** It is no longer open. */
  gone(connection: Connection): void;
  /** The network does not carry what is sent over it any more. Called before another connection takes its request over. */
  lost(): void;
  /** Milliseconds that never jump. */
  monotonic(): number;
}

/** A connection's opening, while it is under way. */
export interface ConnectionOpening {
  /** Called when the connection does not need it any more. */
  end(): void;
  /** Called by the socket: the TLS handshake is over, with this result. */
  shaken(success: boolean, error: Error | null): void;
  /** Called by the socket. */
  closed(error: Error | undefined): void;
}

/**
 * If a server closes a connection that it considers idle, the close arrives within one round trip of the request, and opening the
 * connection took at least one. On a busy machine so much more may pass, but no more than a second in all, however long opening took.
 */
const CROSSING_SLACK_MS = 250;
const LONGEST_CROSSING_MS = 1_000;

/** A 408 within this time after the request concerns the idle connection. */
const IDLE_ANSWER_MS = 5_000;

/** https://www.rfc-editor.org/rfc/rfc9110#section-15.5.9 */
const REQUEST_TIMEOUT = 408;

/** After so much silence the kernel probes the server: a model may think longer than networks remember a connection. */
const PROBE_MS = 60_000;

/** In bytes. A longer piece is processed at once, since waiting gains nothing, and its reader may have to pause the server. */
const LONG_PIECE = 64 * 1024;

/**
 * How long nothing of what was sent need be acknowledged before the network is taken for gone. A connection that was idle may have been
 * dead for long; one that was in use before survives a network that is gone for a moment.
 */
const LOST_IDLE_MS = 5_000;
const LOST_MS = 20_000;
/** By then so many repetitions were lost too, however slow the network is. */
const LOST_REPEATS = 3;

/** A socket's `readyState`. */
const OPEN = 1;

const turn = new LoopTurn<Connection>((connection) => connection.deal());

export class Connection implements AnswerHandler, BodyWay {
  /** The owner's time after which it serves no other request. */
  usableUntil = Number.POSITIVE_INFINITY;
  isOpen = true;
  /** `monotonic()` when it was reused after serving a request, while the server may have been closing it; null: it was not. */
  takenAt: number | null = null;
  /** How long it took to open, in milliseconds. */
  openingMs = 0;
  /** Set until requests may be sent over it. */
  opening: ConnectionOpening | null = null;
  private readonly owner: ConnectionOwner;
  private readonly parser = new ResponseParser(this);
  private socket: Socket<Connection> | null = null;
  private answer: RunningAnswer | null = null;
  private unsent: Uint8Array | null = null;
  /** Sends the rest of a request that is still arriving; null once all of it was sent. */
  private sender: BodySender | null = null;
  /** Read, but not processed yet. */
  private arrived: Buffer | null = null;
  /** Whether part of the request was handed to the network. */
  private hasSent = false;
  /** Whether part of the answer has arrived. */
  private hasReceived = false;
  private isPaused = false;
  /** `monotonic()` since when the kernel is known to repeat what was sent; null: it does not. */
  private repeatedSince: number | null = null;

  constructor(owner: ConnectionOwner) {
    this.owner = owner;
  }

  /** Sets the socket that it uses from now on. Requests are sent once tunnel and TLS are established too. */
  opened(socket: Socket<Connection>): void {
    this.socket = socket;
    socket.setKeepAlive(true, PROBE_MS);
  }

  /** Whether bytes have arrived that are not processed yet; on an idle connection, nobody asked for them. */
  get hasUnread(): boolean {
    return this.arrived !== null;
  }

  /** Sends a request, whose outcome goes to `answer`. @param body what follows `request`; left out: nothing does. */
  ask(method: string, request: string | Buffer, answer: RunningAnswer, body?: StreamedBody): void {
    this.answer = answer;
    this.hasSent = false;
    this.hasReceived = false;
    this.repeatedSince = null;
    this.parser.expect(method);
    this.send(request);
    if (body === undefined) return;
    this.sender = new BodySender(body, this);
    this.sender.start();
  }

  /** Ends the connection; its answer is notified of nothing more. */
  destroy(): void {
    this.answer = null;
    this.close();
  }

  /** Whether its request has yet to arrive. Ends a connection over which it does not arrive. */
  isSending(): boolean {
    const isAllTaken = this.unsent === null && this.sender === null;
    if (this.answer === null || this.socket === null || (this.hasReceived && isAllTaken)) return false;
    const state = sendingState(this.socket);
    if (state === null) return false;
    if (state.repeats === 0) {
      this.repeatedSince = null;
      // The kernel has taken megabytes, which are still on their way over a slow network.
      if (state.unacknowledged > 0) this.answer.progressed();
      return state.unacknowledged > 0 || !isAllTaken;
    }
    const now = this.owner.monotonic();
    this.repeatedSince ??= now;
    const wasIdle = this.takenAt !== null && !this.hasReceived;
    if (state.repeats < LOST_REPEATS || now - this.repeatedSince < (wasIdle ? LOST_IDLE_MS : LOST_MS))
      return true;
    this.owner.lost();
    const message = 'what was sent to the server is not acknowledged';
    this.fail(new ConnectionLost(message, 'UNDELIVERED'), wasIdle ? 'likely' : 'no');
    return false;
  }

  pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.socket?.pause();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.socket?.resume();
  }

  /** Called by the socket. */
  data(bytes: Buffer): void {
    if (this.arrived === null && bytes.length < LONG_PIECE) {
      this.arrived = bytes;
      turn.add(this);
      return;
    }
    this.deal();
    this.take(bytes);
  }

  /** Processes what has arrived; called at the latest when everything that arrived together has been read. */
  deal(): void {
    const { arrived } = this;
    this.arrived = null;
    if (arrived !== null) this.take(arrived);
  }

  private take(bytes: Buffer): void {
    if (!this.isOpen) return;
    this.hasReceived = true;
    try {
      this.parser.push(bytes);
    } catch (thrown) {
      this.fail(asError(thrown));
      return;
    }
    if (this.answer !== null || !this.isOpen) return;
    // The answer's reader may have left it paused, which must not affect the next one.
    this.resume();
    const isAllSent = this.unsent === null && this.sender === null;
    if (this.parser.isReusable && isAllSent) this.owner.free(this, this.parser.keepAliveMs);
    else this.close();
  }

  /** Called by the socket: there is room for what was not sent yet. */
  drain(): void {
    const { unsent } = this;
    this.unsent = null;
    if (unsent !== null) {
      this.send(unsent);
      this.answer?.progressed();
    }
    if (this.hasRoom) this.sender?.drained();
  }

  /** Called by the socket: nothing more will arrive. */
  ended(error?: Error): void {
    this.deal();
    const isOver = this.answer === null || (error === undefined && this.parser.close());
    if (isOver) this.close();
    else if (error !== undefined) this.fail(new ConnectionLost(error.message, codeOf(error) ?? 'ECONNRESET'));
    else {
      const message = 'the server closed the connection before its answer was complete';
      this.fail(new ConnectionLost(message, 'ECONNRESET'));
    }
  }

  // Called by the parser.

  head(status: number, headers: HeaderList): void {
    if (status === REQUEST_TIMEOUT && this.closesIdle()) {
      this.fail(new ConnectionLost('the server closed the connection as idle', 'ECONNRESET'), 'certain');
      return;
    }
    // A server that refuses a request reads no more of it.
    if (status >= 300) this.sender?.stop();
    this.answer?.head(status, headers);
  }

  chunk(bytes: Uint8Array): void {
    this.answer?.chunk(bytes);
  }

  end(): void {
    const { answer } = this;
    this.answer = null;
    answer?.complete();
  }

  // Called by the sender of a body.

  get hasRoom(): boolean {
    return this.unsent === null;
  }

  write(bytes: Uint8Array): void {
    this.send(bytes);
  }

  sent(): void {
    this.sender = null;
  }

  broken(error: Error): void {
    this.fail(error, 'no');
  }

  private send(bytes: string | Uint8Array): void {
    const sent = this.socket?.write(bytes) ?? -1;
    this.hasSent ||= sent > 0;
    if (sent < 0) this.tookNothing();
    else if (sent < Buffer.byteLength(bytes))
      this.unsent = (typeof bytes === 'string' ? Buffer.from(bytes) : bytes).subarray(sent);
  }

  /** The socket takes nothing any more. Not reported within `ask`, whose caller does not expect that. */
  private tookNothing(): void {
    this.sender?.stop();
    // A server that refuses a request halfway answers before it closes: the socket still delivers the answer, and then its end.
    if (this.hasSent && this.socket?.readyState === OPEN) return;
    queueMicrotask(() => this.ended());
  }

  private fail(error: Error, staleness = this.staleness()): void {
    const { answer } = this;
    this.answer = null;
    this.close();
    answer?.failed(error, staleness);
  }

  /** Whether a 408 concerns a request that did not come in time, which is how proxies end long-idle connections. */
  private closesIdle(): boolean {
    const { takenAt, owner } = this;
    return takenAt !== null && !this.parser.staysOpen && owner.monotonic() - takenAt < IDLE_ANSWER_MS;
  }

  /** Whether the server closed it before it saw the request. */
  private staleness(): Staleness {
    const { takenAt, hasSent, hasReceived, openingMs, owner } = this;
    if (takenAt === null || hasReceived) return 'no';
    if (!hasSent) return 'certain';
    const crossingMs = Math.min(openingMs + CROSSING_SLACK_MS, LONGEST_CROSSING_MS);
    return owner.monotonic() - takenAt < crossingMs ? 'likely' : 'no';
  }

  private close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.unsent = null;
    this.sender?.stop();
    // Comes first: ending a socket may call back synchronously.
    this.owner.gone(this);
    this.opening?.end();
    // A connection with an answer under way is cut, so that the server stops at once.
    if (this.answer === null && this.parser.isIdle) this.socket?.end();
    else this.socket?.terminate();
  }
}
