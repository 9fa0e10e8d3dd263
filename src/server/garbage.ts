// When garbage is collected: by the clock, between requests, before one of them has to.
import { edenGC, heapSize } from 'bun:jsc';

const TICK_MS = 1_000;
/**
 * Answers that go on, from which on the new is collected twice in each tick: what their events leave in half a second is
 * 3 KB of memory for each, and where they are fewer it is not worth that requests meet a collection more often.
 */
const MANY_OPEN = 100;
/** Requests that leave enough in the old part of the heap: what they held while the new was collected stays there. */
const ENOUGH_REQUESTS = 250;
/** A tick with no more than one in so many of the requests since is calm; at a steady pace, one tick in so many is. */
const CALM = 100;
/** Ticks without requests until what fewer have left is collected too. */
const IDLE_TICKS = 3;
/** Bytes; everything in more than that takes longer than a request should wait: then it is for the runtime to judge. */
const LARGEST_WHILE_BUSY = 64 * 1024 * 1024;

export interface CollectorOptions {
  /** Requests so far. */
  begun(): number;
  /** Requests whose answers go on. */
  open(): number;
  tickMs?: number;
  /** Collects what was made since the last time, in some two milliseconds. Default: the runtime's. */
  collectNew?(): void;
  /** Takes ten milliseconds and more. Default: the runtime's. */
  collectAll?(): void;
  /** Whether that is short enough to be done while requests run. */
  isSmall?(): boolean;
}

/**
 * Left alone, the runtime collects each second in threads beside, for up to a hundred milliseconds in which requests share
 * a core with them (the launcher has it do so less often), or while it serves a request, since memory is needed. Here the
 * new is collected at each tick with requests, and everything in the calm after enough of them, or once there are none.
 * Returns how to stop it.
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
  // The start itself leaves something, too.
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
