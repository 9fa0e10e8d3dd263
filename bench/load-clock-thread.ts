// The thread of load-clock.ts: sleeps until each request is due, and reports it.
import type { LoadClockStart } from './load-clock.ts';
import { sharedNow } from './shared-clock.ts';

declare const self: Worker;

const cell = new Int32Array(new SharedArrayBuffer(4));

self.onmessage = ({ data: { intervalMs, firstAt } }: MessageEvent<LoadClockStart>) => {
  for (let count = 0; ; count++) {
    const dueAt = firstAt + count * intervalMs;
    for (let left = dueAt - sharedNow() / 1e3; left > 0; left = dueAt - sharedNow() / 1e3) {
      Atomics.wait(cell, 0, 0, left);
    }
    self.postMessage(count);
  }
};
