// Where the time of one try goes: waiting for the provider, waiting for the client, and the gaps between what came.
// One clock reading a chunk, and no allocation but the counts of gaps, once a stream.
import { bucketOf, SPREAD_BUCKETS } from '../model/spread.ts';

/** A provider that lets a stream wait longer than this between two pieces of content has stalled. */
export const STALL_MS = 1_000;

export interface StreamTiming {
  /** Milliseconds until the connection stood; null where one was open already, or nobody could tell. */
  readonly connectMs: number | null;
  /** The connection that is waited for stands. */
  connected(): void;
  /** Waits for the provider until the promise is settled. */
  during<T>(wait: Promise<T>): Promise<T>;
  /** The gateway waits for the provider from now on. Returns now. */
  waiting(): number;
  /** What was waited for is there. */
  arrived(): void;
  /** Content was among what arrived. May be called often before `taken`. */
  content(): void;
  /** What arrived is dealt with. */
  taken(): void;
  /** The client has, at this time, everything there is: what follows is its own time until `waiting`. */
  handed(at: number): void;
  /** Counts what lasts until now; later calls count on from here. */
  settle(): void;
  readonly providerMs: number;
  readonly clientMs: number;
  /** `monotonic()` of the newest content; null before the first. */
  readonly lastContentAt: number | null;
  readonly stalls: number;
  readonly longestGapMs: number;
  /** All gaps together. */
  readonly gapsMs: number;
  /** Waits for the provider between two arrivals of content, by `bucketOf`; null before the first. */
  readonly gaps: Uint32Array | null;
}

/** A wait that the client causes is no gap: while it does not read, nobody waits for the provider. */
export function createStreamTiming(monotonic: () => number): StreamTiming {
  let connectMs: number | null = null;
  let waitingSince: number | null = null;
  let handedAt: number | null = null;
  let arrivedAt = 0;
  let waitedSinceContent = 0;
  let hasContent = false;
  let providerMs = 0;
  let clientMs = 0;
  let lastContentAt: number | null = null;
  let stalls = 0;
  let longestGapMs = 0;
  let gapsMs = 0;
  let gaps: Uint32Array | null = null;

  function countWait(now: number): void {
    if (waitingSince === null) return;
    const waited = now - waitingSince;
    providerMs += waited;
    waitedSinceContent += waited;
  }

  function countClient(now: number): void {
    if (handedAt !== null) clientMs += now - handedAt;
    handedAt = null;
  }

  function countGap(ms: number): void {
    gaps ??= new Uint32Array(SPREAD_BUCKETS);
    const bucket = bucketOf(ms);
    gaps[bucket] = (gaps[bucket] ?? 0) + 1;
    gapsMs += ms;
    if (ms > longestGapMs) longestGapMs = ms;
    if (ms > STALL_MS) stalls += 1;
  }

  function waiting(): number {
    const now = monotonic();
    countClient(now);
    waitingSince = now;
    return now;
  }

  function arrived(): void {
    arrivedAt = monotonic();
    countWait(arrivedAt);
    waitingSince = null;
  }

  return {
    connected() {
      if (waitingSince !== null) connectMs ??= monotonic() - waitingSince;
    },
    async during(wait) {
      waiting();
      try {
        return await wait;
      } finally {
        arrived();
      }
    },
    waiting,
    arrived,
    content() {
      hasContent = true;
    },
    taken() {
      if (!hasContent) return;
      hasContent = false;
      if (lastContentAt !== null) countGap(waitedSinceContent);
      lastContentAt = arrivedAt;
      waitedSinceContent = 0;
    },
    handed(at) {
      handedAt = at;
    },
    settle() {
      const now = monotonic();
      countWait(now);
      if (waitingSince !== null) waitingSince = now;
      countClient(now);
    },
    get connectMs() {
      return connectMs;
    },
    get providerMs() {
      return providerMs;
    },
    get clientMs() {
      return clientMs;
    },
    get lastContentAt() {
      return lastContentAt;
    },
    get stalls() {
      return stalls;
    },
    get longestGapMs() {
      return longestGapMs;
    },
    get gapsMs() {
      return gapsMs;
    },
    get gaps() {
      return gaps;
    },
  };
}
