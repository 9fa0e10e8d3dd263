// The stream a client reads: pulls from the relay at the client's pace, and sends pings during silence.

import type { ByteSink, ByteSource } from './byte-source.ts';
import type { Taker } from '../pumps/relay.ts';
import type { Reframer } from './reframe.ts';

export interface ClientStreamOptions {
  next(taker: Taker<Uint8Array>): void;
  /** Makes what the client gets when `next` has failed. */
  failed(failure: unknown): Uint8Array;
  /** Writes what `next` and `failed` give in the form that the client reads; null: it reads them as they are. */
  readonly reframer: Reframer | null;
  /** Called when what `next` gave is about to be sent, with the time by `monotonic()`. */
  sending(bytes: Uint8Array, at: number): void;
  ping(): Uint8Array;
  /** Whether the provider has sent its ending, which no ping may follow. */
  hasEnding(): boolean;
  /** The error that has ended the answer, if the client would overlook the event that reports it. Left out where it overlooks none. */
  breaksOffBy?(): Error | undefined;
  /**
   * Where in these bytes an error begins that the client reads only in a write of its own; their length if they hold none. Left out where
   * the client reads errors anywhere.
   */
  readonly errorFrom?: ((bytes: Uint8Array) => number) | undefined;
  pingIntervalMs: number;
  /** The client has waited for the whole interval already, so it gets a ping at once, together with the response's head. */
  pingsFirst: boolean;
  monotonic(): number;
  setTimer(callback: () => void, ms: number): () => void;
  /** Called once: `completed` when `next` has ended, `cancelled` when the client left first. */
  closed(how: 'completed' | 'cancelled'): void;
}

/**
 * Largest write, in bytes. The runtime copies a whole write that the connection does not take at once, so a long answer would be in memory
 * twice. What one upstream chunk brings is shorter.
 */
const LARGEST_WRITE = 512 * 1024;

/** How long a client may read what reports an error before the connection breaks: a reset discards what has not been read. */
const UNTIL_BREAK_MS = 500;

/** What is written sooner may arrive together with what was written before, also through proxies. */
const APART_MS = 500;

/** A class, so that a stream holds one object instead of ten closures. */
export class ClientStream implements ByteSource, Taker<Uint8Array> {
  private readonly options: ClientStreamOptions;
  private sink: ByteSink | null = null;
  /** `next` has been called and has given nothing yet. */
  private waiting = false;
  private isAsking = false;
  private hasRoom = false;
  private lastSent: number;
  private cancelTimer: (() => void) | null = null;
  private over = false;
  /** What is left of a long write. */
  private rest: Uint8Array | null = null;

  constructor(options: ClientStreamOptions) {
    this.options = options;
    this.lastSent = options.monotonic();
  }

  start(sink: ByteSink): void {
    this.sink = sink;
    const { options } = this;
    this.arm(options.pingIntervalMs);
    if (options.pingsFirst) sink.write(options.ping());
    this.resume();
  }

  resume(): void {
    this.hasRoom = true;
    this.ask();
  }

  cancel(): void {
    if (this.over) this.cancelTimer?.();
    else this.close('cancelled');
  }

  /** Called with what `next` gives. */
  take(chunk: Uint8Array | undefined, failure?: unknown): void {
    const { options, sink } = this;
    this.waiting = false;
    if (this.over || sink === null) return;
    const bytes = failure === undefined ? chunk : options.failed(failure);
    if (bytes === undefined) {
      const last = options.reframer?.flush();
      if (last !== undefined && last.length > 0) sink.write(last);
      const error = options.breaksOffBy?.();
      this.close('completed');
      if (error === undefined) sink.end();
      else this.cancelTimer = options.setTimer(() => sink.fail(error), UNTIL_BREAK_MS);
      return;
    }
    const at = options.monotonic();
    options.sending(bytes, at);
    const written = options.reframer === null ? bytes : options.reframer.push(bytes);
    if (options.errorFrom !== undefined) {
      const from = options.errorFrom(written);
      if (from < written.length && from <= LARGEST_WRITE) {
        this.writeApart(written.subarray(0, from), written.subarray(from), at);
        return;
      }
    }
    if (written.length > 0) {
      this.lastSent = at;
      this.write(written);
    }
    this.ask();
  }

  /** No ping follows: the error is the last thing that the client gets. */
  private writeApart(before: Uint8Array, error: Uint8Array, at: number): void {
    if (before.length > 0) {
      this.lastSent = at;
      this.write(before);
    }
    this.waiting = true;
    this.cancelTimer?.();
    this.cancelTimer = this.options.setTimer(
      () => {
        this.waiting = false;
        this.write(error);
        this.ask();
      },
      Math.max(0, this.lastSent + APART_MS - at),
    );
  }

  /** Calls `next` while there is room. A loop, since synchronous answers of `next` would otherwise deepen the stack each time. */
  private ask(): void {
    if (this.isAsking) return;
    this.isAsking = true;
    while (this.hasRoom && !this.waiting && !this.over) {
      if (this.rest !== null) {
        this.lastSent = this.options.monotonic();
        this.write(this.rest);
        continue;
      }
      this.waiting = true;
      this.options.next(this);
    }
    this.isAsking = false;
  }

  private write(bytes: Uint8Array): void {
    const isLong = bytes.length > LARGEST_WRITE;
    this.rest = isLong ? bytes.subarray(LARGEST_WRITE) : null;
    this.hasRoom = this.sink?.write(isLong ? bytes.subarray(0, LARGEST_WRITE) : bytes) === true;
  }

  /** One timer, armed for the earliest moment at which a ping could be due; sending only notes the time. */
  private arm(ms: number): void {
    this.cancelTimer = this.options.setTimer(this.ping, ms);
  }

  private readonly ping = () => {
    const { options, sink } = this;
    const silent = options.monotonic() - this.lastSent;
    if (silent < options.pingIntervalMs - 1) {
      this.arm(options.pingIntervalMs - silent);
      return;
    }
    // Only while the client waits for bytes: a client that does not read needs no ping.
    if (this.hasRoom && sink !== null && !options.hasEnding()) this.hasRoom = sink.write(options.ping());
    this.arm(options.pingIntervalMs);
  };

  private close(how: 'completed' | 'cancelled'): void {
    if (this.over) return;
    this.over = true;
    this.cancelTimer?.();
    this.options.closed(how);
  }
}
