// The stream a client reads: pulls from the relay at the client's pace, says `ping` when there is silence.

import type { Take } from './relay.ts';

export interface ClientStreamOptions {
  next(take: Take<Uint8Array>): void;
  /** What the client gets when `next` told of a failure. */
  failed(failure: unknown): Uint8Array;
  /** What `next` brought is about to go out, at this `monotonic()` time. */
  sending(bytes: Uint8Array, at: number): void;
  ping(): Uint8Array;
  pingIntervalMs: number;
  monotonic(): number;
  setTimer(callback: () => void, ms: number): () => void;
  /** Called once: `completed` when `next` said so, `cancelled` when the client left first. */
  closed(how: 'completed' | 'cancelled'): void;
}

/**
 * Of one write, in bytes. More than the connection takes at once is copied by the runtime, all of it: a long answer
 * would lie in memory twice. What comes of an upstream's chunk that passes is shorter.
 */
const LARGEST_WRITE = 512 * 1024;

export function createClientStream(options: ClientStreamOptions): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(new ClientSource(options), { highWaterMark: 0 });
}

/** A class: what a stream holds for as long as it flows is one object instead of ten closures. */
class ClientSource implements UnderlyingDefaultSource<Uint8Array> {
  private readonly options: ClientStreamOptions;
  private controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  private waiting = false;
  private lastSent: number;
  private cancelTimer: (() => void) | null = null;
  private over = false;
  /** What is left of a long write. */
  private rest: Uint8Array | null = null;

  constructor(options: ClientStreamOptions) {
    this.options = options;
    this.lastSent = options.monotonic();
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.controller = controller;
    this.arm(this.options.pingIntervalMs);
  }

  pull(): void {
    if (this.rest !== null) {
      this.lastSent = this.options.monotonic();
      this.write(this.rest);
      return;
    }
    // A ping that was read is followed by another pull; the bytes asked for are still to come.
    if (this.waiting) return;
    this.waiting = true;
    this.options.next(this.deliver);
  }

  cancel(): void {
    this.close('cancelled');
  }

  private readonly deliver: Take<Uint8Array> = (told, failure) => {
    const { options, controller } = this;
    this.waiting = false;
    if (this.over || controller === null) return;
    const bytes = failure === undefined ? told : options.failed(failure);
    if (bytes === undefined) {
      this.close('completed');
      controller.close();
      return;
    }
    this.lastSent = options.monotonic();
    options.sending(bytes, this.lastSent);
    this.write(bytes);
  };

  private write(bytes: Uint8Array): void {
    const isLong = bytes.length > LARGEST_WRITE;
    this.rest = isLong ? bytes.subarray(LARGEST_WRITE) : null;
    this.controller?.enqueue(isLong ? bytes.subarray(0, LARGEST_WRITE) : bytes);
  }

  /** One timer, armed for the earliest moment a ping could be due; sending only notes the time. */
  private arm(ms: number): void {
    this.cancelTimer = this.options.setTimer(this.ping, ms);
  }

  private readonly ping = () => {
    const { options, controller } = this;
    const silent = options.monotonic() - this.lastSent;
    if (silent < options.pingIntervalMs - 1) {
      this.arm(options.pingIntervalMs - silent);
      return;
    }
    // Only while the client waits for bytes: one that does not read needs no keep-alive.
    if (this.waiting && controller !== null && (controller.desiredSize ?? 0) >= 0) {
      controller.enqueue(options.ping());
      this.lastSent = options.monotonic();
    }
    this.arm(options.pingIntervalMs);
  };

  private close(how: 'completed' | 'cancelled'): void {
    if (this.over) return;
    this.over = true;
    this.cancelTimer?.();
    this.options.closed(how);
  }
}
