// Plays a script as a response body: paced, pulled no faster than it is read, ended at once when cancelled.
import type { Step } from './script.ts';

export interface SimulatorDeps {
  /** Unix time in milliseconds, for timestamps in answers. */
  now(): number;
  /** Milliseconds of a monotonic clock, which changes of the system clock do not affect; for pacing. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds or when `signal` fires, whichever comes first; in the latter case it may reject. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const textEncoder = new TextEncoder();

/** After this many milliseconds, a stream without pauses lets other work run. */
const LONGEST_TURN_MS = 10;

/** `signal` is the request's: when it fires, the body fails with its reason. */
export function playScript(
  script: Generator<Step, void, void>,
  deps: Pick<SimulatorDeps, 'monotonic' | 'sleep'>,
  signal: AbortSignal,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const left = new AbortController();
  const startedAt = deps.monotonic();
  let turnBeganAt = startedAt;
  const leave = () => {
    left.abort();
    script.return();
    signal.removeEventListener('abort', leave);
  };
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();

  async function pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    // One token per pull; steps without bytes (the dialect has nothing to send for an event) are skipped.
    for (;;) {
      const { value: step, done } = script.next();
      if (done) {
        signal.removeEventListener('abort', leave);
        return signal.aborted ? controller.error(signal.reason) : controller.close();
      }
      if (step.type === 'hang') {
        await aborted(left.signal);
        if (signal.aborted) controller.error(signal.reason);
        return;
      }
      if (step.type === 'reset') {
        signal.removeEventListener('abort', leave);
        return controller.error(new TypeError('simulated failure: the connection was reset'));
      }
      const now = deps.monotonic();
      const wait = Math.max(0, startedAt + step.due - now);
      if (wait > 0 || now - turnBeganAt > LONGEST_TURN_MS) {
        await deps.sleep(wait, left.signal).catch(() => undefined);
        turnBeganAt = deps.monotonic();
      }
      if (left.signal.aborted) {
        if (signal.aborted) controller.error(signal.reason);
        return;
      }
      const bytes = step.type === 'send' ? textEncoder.encode(step.text) : step.bytes;
      if (bytes.length > 0) return controller.enqueue(bytes);
    }
  }
  return new ReadableStream({ pull, cancel: leave }, { highWaterMark: 0 });
}

/** Resolves when `signal` fires. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
