// Reports when the next request is due, on a thread of its own: the timers of an event loop are up to a millisecond late.
import { sharedNow } from './shared-clock.ts';

/** The thread's settings; it then reports the number of each request as it becomes due. */
export interface LoadClockStart {
  /** Milliseconds from the first request to each. */
  intervalMs: number;
  /** Milliseconds of the shared clock at which request 0 is due. */
  firstAt: number;
}

/** Calls back with the milliseconds of `performance.now()` at which each request was due, as it comes due. */
export function startLoadClock(perSecond: number, isDue: (at: number) => void): () => void {
  const intervalMs = 1000 / perSecond;
  const offset = sharedNow() / 1e3 - performance.now();
  const firstAt = sharedNow() / 1e3 + intervalMs;
  const thread = new Worker(new URL('./load-clock-thread.ts', import.meta.url));
  thread.onmessage = ({ data }: MessageEvent<number>) => isDue(firstAt + data * intervalMs - offset);
  const start: LoadClockStart = { intervalMs, firstAt };
  thread.postMessage(start);
  return () => thread.terminate();
}
