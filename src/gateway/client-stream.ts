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
  let waiting = false;
  let lastSent = options.monotonic();
  let cancelTimer: (() => void) | undefined;
  let over = false;
  /** What is left of a long write. */
  let rest: Uint8Array | null = null;
  // Made once, not for each chunk.
  let deliver: Take<Uint8Array> = () => {};

  // One timer, armed for the earliest moment a ping could be due; sending only notes the time.
  function arm(controller: ReadableStreamDefaultController<Uint8Array>, ms: number): void {
    cancelTimer = options.setTimer(() => {
      const silent = options.monotonic() - lastSent;
      if (silent < options.pingIntervalMs - 1) return arm(controller, options.pingIntervalMs - silent);
      // Only while the client waits for bytes: one that does not read needs no keep-alive.
      if (waiting && (controller.desiredSize ?? 0) >= 0) {
        controller.enqueue(options.ping());
        lastSent = options.monotonic();
      }
      arm(controller, options.pingIntervalMs);
    }, ms);
  }

  function close(how: 'completed' | 'cancelled'): void {
    if (over) return;
    over = true;
    cancelTimer?.();
    options.closed(how);
  }

  function write(controller: ReadableStreamDefaultController<Uint8Array>, bytes: Uint8Array): void {
    const isLong = bytes.length > LARGEST_WRITE;
    rest = isLong ? bytes.subarray(LARGEST_WRITE) : null;
    controller.enqueue(isLong ? bytes.subarray(0, LARGEST_WRITE) : bytes);
  }

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        arm(controller, options.pingIntervalMs);
        deliver = (told, failure) => {
          waiting = false;
          if (over) return;
          const bytes = failure === undefined ? told : options.failed(failure);
          if (bytes === undefined) {
            close('completed');
            controller.close();
            return;
          }
          lastSent = options.monotonic();
          options.sending(bytes, lastSent);
          write(controller, bytes);
        };
      },
      pull(controller) {
        if (rest !== null) {
          lastSent = options.monotonic();
          write(controller, rest);
          return;
        }
        // A ping that was read is followed by another pull; the bytes asked for are still to come.
        if (waiting) return;
        waiting = true;
        options.next(deliver);
      },
      cancel() {
        close('cancelled');
      },
    },
    { highWaterMark: 0 },
  );
}
