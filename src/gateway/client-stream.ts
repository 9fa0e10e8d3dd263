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

export function createClientStream(options: ClientStreamOptions): ReadableStream<Uint8Array> {
  let waiting = false;
  let lastSent = options.monotonic();
  let cancelTimer: (() => void) | undefined;
  let over = false;
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
          controller.enqueue(bytes);
        };
      },
      pull() {
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
