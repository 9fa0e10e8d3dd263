// Reads /gateway/streams/live while the page is visible, and reconnects when it breaks.

/** @import { LiveEvent } from '../../shapes.ts' */

import { AskError, api } from './api.js';
import { createEventReader } from './event-reader.js';
import { backOff, seen } from './refresh.js';

/** The gateway sends something every 15 seconds; after this much silence the connection is dead. */
const SILENCE_MS = 40_000;

/**
 * @typedef {{ name: 'live' | 'paused' | 'stopped' } | { name: 'waiting', until: number }} FeedState
 *   `until`: in performance.now()
 * @typedef {object} FeedListener
 * @property {(event: LiveEvent) => void} onEvent
 * @property {(skipped: number | null) => void} onGap this many events were skipped; null: an unknown number
 * @property {(state: FeedState) => void} onState
 * @property {(error: unknown) => void} onError
 */

/** @param {FeedListener} listener */
export function createLiveFeed({ onEvent, onGap, onState, onError }) {
  let failures = 0;
  let stopped = true;
  let isFirst = true;
  let hurry = () => {};
  /** @type {AbortController | undefined} */
  let line;

  document.addEventListener('visibilitychange', () => {
    if (document.hidden) line?.abort();
    else hurry();
  });
  window.addEventListener('online', () => hurry());

  async function run() {
    while (!stopped) {
      if (document.hidden) onState({ name: 'paused' });
      await seen();
      try {
        await read();
        failures = 0;
      } catch (error) {
        if (document.hidden || stopped) continue;
        failures += 1;
        // A broken connection is not worth a report; failing to get another one is.
        if (error instanceof AskError) onError(error);
        if (error instanceof AskError && error.kind === 'key') stopped = true;
      }
      if (!stopped && !document.hidden) await pause();
    }
    onState({ name: 'stopped' });
  }

  async function read() {
    const controller = new AbortController();
    line = controller;
    const giveUp = () =>
      controller.abort(new AskError('unreachable', `nothing came for ${SILENCE_MS / 1_000} seconds`));
    let watchdog = window.setTimeout(giveUp, SILENCE_MS);
    try {
      const response = await api.watch(controller.signal);
      if (response.body === null) return;
      if (!isFirst) onGap(null);
      isFirst = false;
      failures = 0;
      onState({ name: 'live' });
      const feed = createEventReader(take);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(watchdog);
        watchdog = window.setTimeout(giveUp, SILENCE_MS);
        feed(value);
      }
    } finally {
      clearTimeout(watchdog);
      line = undefined;
    }
  }

  /** @param {string} name @param {string} data */
  function take(name, data) {
    if (name === 'stream_event') onEvent(JSON.parse(data));
    else if (name === 'lag') onGap(JSON.parse(data).skipped);
  }

  function pause() {
    const wait = backOff(Math.max(1, failures));
    onState({ name: 'waiting', until: performance.now() + wait });
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, wait);
      hurry = () => {
        clearTimeout(timer);
        hurry = () => {};
        resolve(undefined);
      };
    });
  }

  return {
    start() {
      if (!stopped) return;
      stopped = false;
      void run();
    },
    stop() {
      stopped = true;
      line?.abort();
      hurry();
    },
    /** Does not wait for the next try. */
    retry: () => hurry(),
  };
}
