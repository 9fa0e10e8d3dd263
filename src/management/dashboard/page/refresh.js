// Repeats requests while the page is visible: a hidden page sends none.

import { AskError } from './api.js';

/** The wait after a failure is a second, doubles each time, and is at most this; so is what a slow answer adds. */
const LONGEST_WAIT_MS = 30_000;

/** Milliseconds before try number `failures` + 1, spread so that many pages do not come at once. @param {number} failures */
export function backOff(failures) {
  return Math.min(LONGEST_WAIT_MS, 1_000 * 2 ** Math.min(failures - 1, 10)) * (0.75 + Math.random() / 2);
}

/** Resolves when the page is visible. @returns {Promise<void>} */
export function seen() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener('visibilitychange', function look() {
      if (document.hidden) return;
      document.removeEventListener('visibilitychange', look);
      resolve();
    });
  });
}

/** Between two runs, however much changes. */
const SHORTEST_PAUSE_MS = 1_000;

/**
 * Runs `task` every `intervalMs` and on request; less often where it takes long, so that a busy gateway is not made busier.
 * Never twice at once.
 * @param {() => Promise<void>} task
 * @param {number} intervalMs
 * @param {(error: unknown) => void} onError
 */
export function createRefresh(task, intervalMs, onError) {
  let failures = 0;
  let isStopped = true;
  let isRunning = false;
  /** Asked for while it ran: how long after its end at most. @type {number | null} */
  let again = null;
  let timer = 0;
  /** performance.now() of the next run, and of the end of the last. */
  let due = Number.POSITIVE_INFINITY;
  let ended = 0;
  let took = 0;

  async function run() {
    due = Number.POSITIVE_INFINITY;
    await seen();
    if (isRunning || isStopped) return;
    isRunning = true;
    again = null;
    const began = performance.now();
    try {
      await task();
      failures = 0;
    } catch (error) {
      failures += 1;
      // Nothing changes until there is a key.
      if (error instanceof AskError && error.kind === 'key') isStopped = true;
      onError(error);
    }
    isRunning = false;
    ended = performance.now();
    took = ended - began;
    const usual =
      failures > 0 ? backOff(failures) : Math.max(intervalMs, Math.min(20 * took, LONGEST_WAIT_MS));
    schedule(Math.min(usual, again ?? usual));
  }

  /** @param {number} wait milliseconds; an earlier run stays */
  function schedule(wait) {
    const at = performance.now() + wait;
    if (isStopped || at >= due) return;
    due = at;
    clearTimeout(timer);
    timer = window.setTimeout(() => void run(), wait);
  }

  /** @param {number} wait */
  function ask(wait) {
    if (isRunning) again = Math.min(again ?? wait, wait);
    else schedule(wait);
  }

  return {
    start() {
      isStopped = false;
      failures = 0;
      schedule(0);
    },
    stop() {
      isStopped = true;
      due = Number.POSITIVE_INFINITY;
      clearTimeout(timer);
    },
    /** Runs immediately: the user waits for it. */
    now: () => ask(0),
    /**
     * Runs soon: something has changed, and many more changes may follow. No later than after `intervalMs`: over a slow
     * line an answer takes long too, although the gateway is idle.
     */
    soon() {
      const pause = Math.max(SHORTEST_PAUSE_MS, Math.min(20 * took, intervalMs));
      ask(isRunning ? pause : Math.max(0, ended + pause - performance.now()));
    },
  };
}
