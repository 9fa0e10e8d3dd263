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
 * How long an upstream may keep the connection open after its terminal event before the gateway closes it: by then most have
 * ended the body, and the connection can be used again.
 */
const CLOSING_GRACE_MS = 500;

/** Limits on blanks kept before an answer, in pieces and in bytes per piece: after more, no text is looked for. */
const MOST_BLANKS = 1_000;
const LONGEST_BLANK = 4_096;

/** Receives what is next. */
export interface Taker<Out> {
  /** `out` undefined: the stream is over, because of `failure` where there is one. */
  take(out: Out | undefined, failure?: unknown): void;
}

export interface Relay<Out> {
  /**
   * Reads until the answer's first content has arrived, holding what came before it. Rejects with the
   * GatewayError of an upstream that failed before: nothing has reached the client, so another may be asked.
   */
  ready(): Promise<void>;
  /**
   * Gives the taker what the client gets next, undefined when the stream is over: once, as soon as it arrives, which
   * may be synchronously. Called again only after that.
   */
  next(taker: Taker<Out>): void;
  /** A failure that `next` gave, encoded to follow what the client has; left out where it has nothing yet. */
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
  /** The upstream request: watched, until the stream is over. */
  call: Call;
  idleMs: number;
  /** The longest pause between two keep-alives, of a provider that sends some. */
  silenceMs: number;
  /** In bytes: how much may come before the first content, which is held until then. */
  maxHeld: number;
  /** Reads an answer that is not a stream, whatever its content type. */
  asText?: TextReader<Out>;
  /** Where a minimum throughput is set; it is judged from the first content on. */
  throughput?: ThroughputGuard | undefined;
}

export function createRelay<Out>(options: RelayOptions<Out>): Relay<Out> {
  return new StreamRelay(options);
}

/**
 * A class: its methods are made once, and an event of the stream needs no promise on its way. What each event needs is a direct
 * field: between two events of a stream it drops out of the processor's caches, and every object to go through is one more miss.
 */
class StreamRelay<Out> implements Relay<Out>, BodyReader {
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
  /** What came before the first content. */
  private readonly held: Out[] = [];
  /** In bytes: what came until the first content. */
  private received = 0;
  private over = false;
  private firstContent = false;
  private freshWait = true;
  private closing = false;
  private isPaused = false;
  /** Waits for the next. */
  private waiter: Taker<Out> | null = null;
  /** Null once it is known how the answer begins. */
  private asText: TextReader<Out> | null;
  /** Blanks that came before that. */
  private blanks: Uint8Array[] | null = null;
  /** What came while nothing was waiting for it, and the end after it. */
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

  // From the upstream.

  chunk(bytes: Uint8Array): void {
    if (this.over) return;
    if (this.waiter !== null && this.unread === null) {
      this.deliver(this.digest(bytes));
      return;
    }
    this.unread ??= [];
    this.unread.push(bytes);
    if (this.isPaused) return;
    // Anything further waits in the body, whose owner limits how much.
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

  // For the client.

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
    // Until the first content the owner's `first_byte` limit runs on. Keep-alives do not restart `idle`.
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

  /** Looks at how the answer begins. */
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
      // What was announced as JSON never came.
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

  /** Throws. Called where complete events are held: one that is still coming has the limit of events. */
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
