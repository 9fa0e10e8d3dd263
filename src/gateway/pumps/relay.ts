// Passes an upstream's stream on through a pump, at the client's pace, within the upstream's time limits.
import { GatewayError, toGatewayError } from '../../model/errors.ts';
import type { ThroughputGuard } from '../../upstream/throughput.ts';
import type { AnswerBody, BodyReader } from '../../upstream/transport.ts';
import type { Watchdog } from '../../upstream/watchdog.ts';
import type { Observation, Observer } from '../record/observer.ts';
import { brokeOff, noContent, type Pump } from './pump.ts';
import type { Call } from '../attempts/send.ts';
import type { StreamTiming } from '../record/stream-timing.ts';
import { pumpFor, type TextReader } from './unstreamed-answer.ts';

/**
 * How long an upstream may keep the connection open after its terminal event before the gateway closes it. By then most have ended the
 * body, so that the connection can be used again.
 */
const CLOSING_GRACE_MS = 500;

/**
 * Limits on the blanks that are kept before an answer, in pieces and in bytes per piece: once exceeded, the answer is taken for a stream.
 */
const MOST_BLANKS = 1_000;
const LONGEST_BLANK = 4_096;

/** Receives what `next` gives. */
export interface Taker<Out> {
  /** `out` is undefined when the stream is over, and `failure` then says why if it failed. */
  take(out: Out | undefined, failure?: unknown): void;
}

export interface Relay<Out> {
  /**
   * Reads until the answer's first content has arrived, holding back what came before it. Rejects with the GatewayError of an upstream that
   * failed before: nothing has reached the client, so another target may be asked.
   */
  ready(): Promise<void>;
  /**
   * Gives the taker once what the client gets next, as soon as it arrives, which may be synchronously. Must not be called again before
   * that.
   */
  next(taker: Taker<Out>): void;
  /** Encodes a failure that `next` gave, to follow what the client has; left out where the client has nothing yet. */
  encodeFailure?(failure: GatewayError): Out | undefined;
  cancel(): void;
}

/** `next` as a promise. */
export function nextOf<Out>(relay: Relay<Out>): Promise<Out | undefined> {
  return new Promise((resolve, reject) =>
    relay.next({
      take(out, failure) {
        if (failure === undefined) resolve(out);
        else reject(failure);
      },
    }),
  );
}

export interface RelayOptions<Out> {
  provider: string;
  body: AnswerBody;
  pump: Pump<Out>;
  observer: Observer;
  /** The upstream request; its watchdog runs until the stream is over. */
  call: Call;
  idleMs: number;
  /** The longest pause between two keep-alives, for a provider that sends them. */
  silenceMs: number;
  /** In bytes: how much may arrive before the first content, and is held until then. */
  maxHeld: number;
  /** Reads an answer that is not a stream, whatever its content type. */
  asText?: TextReader<Out>;
  /** Where a minimum throughput is set; it is judged from the first content on. */
  throughput?: ThroughputGuard | undefined;
}

/**
 * A class: its methods exist once, and an event on its way needs no promise. What each event needs is a direct field: between two events of
 * a stream everything drops out of the processor's caches, and each object to go through is one more miss.
 */
export class StreamRelay<Out> implements Relay<Out>, BodyReader {
  private readonly provider: string;
  private readonly body: AnswerBody;
  private pump: Pump<Out>;
  private readonly call: Call;
  private readonly watchdog: Watchdog;
  private readonly seen: Observation;
  private readonly timing: StreamTiming;
  private readonly idleMs: number;
  private readonly silenceMs: number;
  private readonly throughput: ThroughputGuard | undefined;
  private readonly maxHeld: number;
  /** What is held back until the first content arrives. */
  private readonly held: Out[] = [];
  /** Bytes that arrived until the first content. */
  private received = 0;
  private over = false;
  private firstContent = false;
  private freshWait = true;
  private closing = false;
  private isPaused = false;
  /** Who waits for the next output. */
  private waiter: Taker<Out> | null = null;
  /** Null once it is known how the answer begins. */
  private asText: TextReader<Out> | null;
  /** Blanks that arrived before it was known. */
  private blanks: Uint8Array[] | null = null;
  /** What arrived while nobody waited, and the end after it. */
  private unread: Uint8Array[] | null = null;
  private ending: { error: Error | undefined } | null = null;

  constructor(options: RelayOptions<Out>) {
    const { provider, body, pump, call, observer, idleMs, silenceMs, maxHeld, throughput } = options;
    this.provider = provider;
    this.body = body;
    this.pump = pump;
    this.call = call;
    this.watchdog = call.watchdog;
    this.seen = observer.seen;
    this.timing = observer.seen.timing;
    this.idleMs = idleMs;
    this.silenceMs = silenceMs;
    this.throughput = throughput;
    this.maxHeld = maxHeld;
    this.asText = options.asText ?? null;
  }

  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const holder: Taker<Out> = {
        take: (out) => {
          if (out !== undefined) this.held.push(out);
          try {
            if (this.isReady()) resolve();
            else if (this.received > this.maxHeld) this.holdsTooMuch();
            else this.read(holder);
          } catch (thrown) {
            reject(thrown);
          }
        },
      };
      this.read(holder);
      this.body.read(this);
    });
  }

  next(taker: Taker<Out>): void {
    const ready = this.held.shift() ?? this.pump.more?.();
    if (ready !== undefined || this.over || this.pump.broke?.() === true) taker.take(ready);
    else this.read(taker);
  }

  cancel(): void {
    this.over = true;
    this.pump.settle();
    this.waiter = null;
    this.unread = null;
    this.body.cancel();
    this.call.release();
  }

  // Called by the upstream's body.

  chunk(bytes: Uint8Array): void {
    if (this.over) return;
    if (this.waiter !== null && this.unread === null) {
      this.deliver(this.digest(bytes));
      return;
    }
    this.unread ??= [];
    this.unread.push(bytes);
    if (this.isPaused) return;
    // Anything further waits in the body, whose owner limits how much that is.
    this.isPaused = true;
    this.body.pause();
  }

  end(): void {
    this.ends(undefined);
  }

  failed(error: Error): void {
    this.ends(error);
  }

  private ends(error: Error | undefined): void {
    if (this.over) return;
    this.ending = { error };
    if (this.waiter !== null && this.unread === null) this.deliver(this.finish(error));
  }

  // Called for the client.

  /** One wait: until something is there for the client, or the stream is over. */
  private read(taker: Taker<Out>): void {
    this.waiter = taker;
    this.waitForUpstream();
    while (this.waiter === taker && this.unread !== null) {
      const bytes = this.unread.shift();
      if (this.unread.length === 0) this.unread = null;
      if (bytes === undefined) continue;
      this.deliver(this.digest(bytes));
    }
    if (this.waiter !== taker || this.unread !== null) return;
    if (this.ending !== null) {
      this.deliver(this.finish(this.ending.error));
      return;
    }
    if (!this.isPaused) return;
    this.isPaused = false;
    this.body.resume();
  }

  private deliver(out: Out | undefined): void {
    if (out === undefined && !this.over) {
      this.waitForUpstream();
      return;
    }
    const { waiter } = this;
    this.waiter = null;
    waiter?.take(out);
  }

  private waitForUpstream(): void {
    const { watchdog } = this;
    const now = this.timing.waiting();
    if (this.pump.ended()) {
      if (!this.closing) watchdog.wait('closing', CLOSING_GRACE_MS, now);
      this.closing = true;
      return;
    }
    // Until the first content the owner's `first_byte` limit keeps running. Keep-alives do not restart `idle`.
    if (this.firstContent && this.freshWait) watchdog.wait('idle', this.idleMs, now);
    if (this.pump.hasKeepAlives()) watchdog.alive(this.silenceMs, now);
    if (this.firstContent) this.throughput?.waiting(now);
  }

  private digest(bytes: Uint8Array): Out | undefined {
    if (!this.firstContent) {
      this.received += bytes.length;
      this.look(bytes);
    }
    const { pump, timing, watchdog } = this;
    timing.arrived();
    try {
      const out = pump.push(bytes);
      timing.taken();
      this.freshWait = pump.tookEvent();
      if (this.freshWait && !this.closing && this.firstContent) watchdog.rest();
      else if (pump.hasKeepAlives()) watchdog.alive(Number.POSITIVE_INFINITY);
      if (this.throughput?.arrived(bytes.length) === false && !pump.ended())
        watchdog.expire('min_throughput');
      if (pump.gaveUp() || (out === undefined && pump.broke?.() === true)) this.stop();
      return out;
    } catch (thrown) {
      this.stop();
      return pump.fail(toGatewayError(thrown));
    }
  }

  /** Tells by its beginning whether the answer is a stream or a text. */
  private look(bytes: Uint8Array): void {
    const { asText } = this;
    if (asText === null) return;
    this.blanks ??= [];
    const pump = pumpFor(bytes, this.pump, asText, this.blanks);
    if (pump === undefined && this.blanks.length < MOST_BLANKS && bytes.length < LONGEST_BLANK) {
      this.blanks.push(bytes);
      return;
    }
    this.pump = pump ?? this.pump;
    this.asText = null;
    this.blanks = null;
  }

  /** The upstream's stream is over, by itself or by a failure. */
  private finish(error: Error | undefined): Out | undefined {
    const { pump } = this;
    this.timing.arrived();
    this.over = true;
    this.watchdog.stop();
    const broken = error === undefined ? undefined : brokenStream(this.provider, error);
    const failure = this.call.timeout() ?? broken;
    try {
      if (failure !== undefined && !pump.ended()) return pump.fail(failure);
      // The body was announced as JSON and is empty.
      return this.asText?.isJson === true ? this.asText.read('') : pump.end();
    } catch (thrown) {
      this.stop();
      return pump.fail(toGatewayError(thrown));
    }
  }

  /** Whether what is held can be shown. Throws the GatewayError of an upstream that failed before its first content. */
  private isReady(): boolean {
    const { error, firstContentAt } = this.seen;
    if (error === null && firstContentAt !== null) {
      this.firstContent = true;
      this.watchdog.rest();
      return true;
    }
    if (error === null && !this.over) return false;
    if (error !== null && firstContentAt === null) {
      this.stop();
      throw error;
    }
    return true;
  }

  /** Always throws. Called where complete events are held; an event that is still arriving has its own limit. */
  private holdsTooMuch(): never {
    const error = noContent(this.provider, this.maxHeld);
    this.stop();
    this.pump.fail(error);
    throw error;
  }

  private stop(): void {
    const { waiter } = this;
    this.cancel();
    this.waiter = waiter;
  }
}

function brokenStream(provider: string, cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  return brokeOff(provider, cause);
}
