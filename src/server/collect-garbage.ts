// Collects garbage on a timer, between requests, before a request has to wait for it.
import { edenGC, heapSize } from 'bun:jsc';

const TICK_MS = 1_000;
/**
 * From so many open answers on, new objects are collected twice per tick, since the events of each leave 3 KB of garbage in half a second.
 * With fewer it is not worth making requests meet collections more often.
 */
const MANY_OPEN = 100;
/** So many requests leave enough garbage in the old generation, where objects end up that are in use during a collection of new ones. */
const ENOUGH_REQUESTS = 250;
/** A tick with at most 1/CALM of the requests since the last full collection is calm; at a steady pace one in CALM is. */
const CALM = 100;
/** After so many idle ticks everything is collected even if fewer requests came. */
const IDLE_TICKS = 3;
/** In bytes: collecting a larger heap takes longer than a request should wait, so that is left to the runtime. */
const LARGEST_WHILE_BUSY = 64 * 1024 * 1024;

export interface CollectorOptions {
  /** How many requests came so far. */
  begun(): number;
  /** How many requests have answers that have not ended. */
  open(): number;
  tickMs?: number;
  /** Collects objects created since the last time, in about two milliseconds. Default: the runtime's. */
  collectNew?(): void;
  /** Collects everything, in ten milliseconds or more. Default: the runtime's. */
  collectAll?(): void;
  /** Whether a full collection is short enough to run while requests do. */
  isSmall?(): boolean;
}

/**
 * By default the runtime collects every second in other threads, for up to a hundred milliseconds in which requests share a core with them
 * (the launcher makes it less frequent), or during a request that needs memory. Instead, new objects are collected here at each tick with
 * requests, and everything in a calm tick after enough requests, or when none come any more. The returned function stops it.
 */
export function startCollector({
  begun,
  open,
  tickMs = TICK_MS,
  collectNew = edenGC,
  collectAll = () => Bun.gc(true),
  isSmall = () => heapSize() <= LARGEST_WHILE_BUSY,
}: CollectorOptions): () => void {
  let atLastTick = 0;
  // -1 instead of 0, since the start itself also leaves garbage.
  let atLastAll = -1;
  let idleTicks = 0;
  let isBetween = false;
  const timer = setInterval(() => {
    isBetween = !isBetween;
    if (isBetween) {
      if (open() >= MANY_OPEN) collectNew();
      return;
    }
    const now = begun();
    const inTick = now - atLastTick;
    const sinceAll = now - atLastAll;
    atLastTick = now;
    const isIdle = inTick === 0 && open() === 0;
    idleTicks = isIdle ? idleTicks + 1 : 0;
    const isCalm = sinceAll >= ENOUGH_REQUESTS && inTick * CALM <= sinceAll && isSmall();
    if (isCalm || (idleTicks >= IDLE_TICKS && sinceAll > 0)) {
      atLastAll = now;
      collectAll();
    } else if (!isIdle) collectNew();
  }, tickMs / 2);
  timer.unref();
  return () => clearInterval(timer);
}
