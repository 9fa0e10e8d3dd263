// Hands on an upstream's stream through a pump, at the client's pace, within the upstream's time limits.
import { GatewayError, toGatewayError } from '../../model/errors.ts';
import type { ThroughputGuard } from '../../upstream/throughput.ts';
import type { AnswerBody, BodyReader } from '../../upstream/transport.ts';
import type { Watchdog } from '../../upstream/watchdog.ts';
import type { Observation, Observer } from '../record/observer.ts';
import { brokeOff, type Pump } from './pump.ts';
import type { Call } from '../attempts/send.ts';
import type { StreamTiming } from '../record/stream-timing.ts';
import { pumpFor, type TextReader } from './text.ts';

/** How long an upstream may keep the connection open after its terminal event before it is closed for it. */
const CLOSING_GRACE_MS = 500;

/** What is kept of blanks before an answer, in pieces and in bytes a piece: behind more of them nobody looks for a text. */
const MOST_BLANKS = 1_000;
const LONGEST_BLANK = 4_096;

/** Who is told what is next. */
export interface Taker<Out> {
  /** Undefined: nothing is, because of this failure where there is one. */
  take(out: Out | undefined, failure?: unknown): void;
}

export interface Relay<Out> {
  /**
   * Reads until the answer's first content is at hand, holding what came before it. Rejects with the
   * GatewayError of an upstream that failed before: nothing has reached the client, another may be asked.
   */
  ready(): Promise<void>;
  /**
   * Tells what the client gets next, undefined when the stream is over: once, as soon as it is there, which may be
   * at once. Asked again only after it has told.
   */
  next(taker: Taker<Out>): void;
  /** A failure that `next` told of, as the client reads it behind what it has; left out where it has nothing yet. */
  tellFailure?(failure: GatewayError): Out | undefined;
  cancel(): void;
}

/** `next` for those who wait for other things too. */
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
  /** Of an answer that is no stream, whatever it calls itself. */
  asText?: TextReader<Out>;
  /** Where a stream may be too slow; it is judged from its first content on. */
  throughput?: ThroughputGuard | undefined;
}

export function createRelay<Out>(options: RelayOptions<Out>): Relay<Out> {
  return new StreamRelay(options);
}

/**
 * A class: its methods are made once, and an event of the stream needs no promise on its way. What each event needs is a field
 * of its own: between two events of a stream the processor's caches forget it, and every object on the way to something is
 * one more to wait for.
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
  private readonly throughput: ThroughputGuard | undefined;
  /** Before the first content. */
  private readonly held: Out[] = [];
  private over = false;
  private firstContent = false;
  private freshWait = true;
  private closing = false;
  private isPaused = false;
  /** Who waits for the next. */
  private waiter: Taker<Out> | null = null;
  /** Null once it is known how the answer begins. */
  private asText: TextReader<Out> | null;
  /** Before that. */
  private blanks: Uint8Array[] | null = null;
  /** What came while nobody waited, and the end behind it. */
  private unread: Uint8Array[] | null = null;
  private ending: { error: Error | undefined } | null = null;

  constructor(options: RelayOptions<Out>) {
    const { provider, body, pump, call, observer, idleMs, throughput } = options;
    this.provider = provider;
    this.body = body;
    this.pump = pump;
    this.call = call;
    this.watchdog = call.watchdog;
    this.seen = observer.seen;
    this.timing = observer.seen.timing;
    this.idleMs = idleMs;
    this.throughput = throughput;
    this.asText = options.asText ?? null;
  }

  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const holder: Taker<Out> = {
        take: (out) => {
          if (out !== undefined) this.held.push(out);
          try {
            if (this.isReady()) resolve();
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
      this.tell(this.digest(bytes));
      return;
    }
    this.unread ??= [];
    this.unread.push(bytes);
    if (this.isPaused) return;
    // What may wait beyond this waits in the body, whose owner knows how much.
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
    if (this.waiter !== null && this.unread === null) this.tell(this.finish(error));
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
      this.tell(this.digest(bytes));
    }
    if (this.waiter !== taker || this.unread !== null) return;
    if (this.ending !== null) {
      this.tell(this.finish(this.ending.error));
      return;
    }
    if (!this.isPaused) return;
    this.isPaused = false;
    this.body.resume();
  }

  private tell(out: Out | undefined): void {
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
    if (!this.firstContent) return;
    if (this.freshWait) watchdog.wait('idle', this.idleMs, now);
    this.throughput?.waiting(now);
  }

  private digest(bytes: Uint8Array): Out | undefined {
    if (!this.firstContent) this.look(bytes);
    const { pump, timing, watchdog } = this;
    timing.arrived();
    try {
      const out = pump.push(bytes);
      timing.taken();
      this.freshWait = pump.tookEvent();
      if (this.freshWait && !this.closing && this.firstContent) watchdog.rest();
      if (this.throughput?.arrived(bytes.length) === false && !pump.ended())
        watchdog.expire('min_throughput');
      if (out === undefined && pump.broke?.() === true) this.stop();
      return out;
    } catch (thrown) {
      this.stop();
      return pump.fail(toGatewayError(thrown));
    }
  }

  /** At how the answer begins. */
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
      // Nothing came of what was to be JSON.
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
