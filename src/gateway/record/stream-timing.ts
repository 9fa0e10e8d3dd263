// Where the time of one try goes: waiting for the provider, waiting for the client, and the gaps between arrivals.
// One clock reading per chunk, and no allocation except the counts of gaps, once per stream.
import { bucketOf, HISTOGRAM_BUCKETS } from '../../model/histogram.ts';

/** A provider that lets a stream wait longer than this between two pieces of content has stalled. */
const STALL_MS = 1_000;

export interface StreamTiming {
  /** Milliseconds until the connection was established; null where one was open already, or it is unknown. */
  readonly connectMs: number | null;
  /** The awaited connection is established. */
  connected(): void;
  /** Waits for the provider until the promise is settled. */
  during<T>(wait: Promise<T>): Promise<T>;
  /** The gateway waits for the provider from now on. Returns now. */
  waiting(): number;
  /** What was waited for has arrived. */
  arrived(): void;
  /** Content was among what arrived. May be called often before `taken`. */
  content(): void;
  /** What arrived has been processed. */
  taken(): void;
  /**
   * The client has taken everything so far at this time, so what follows until `waiting` is its time. What it takes late from a target
   * whose stream broke does not count, since the next target is being waited for already.
   */
  handed(at: number): void;
  /** Counts the time until now; later calls count on from here. */
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

/** A wait that the client causes is not a gap: while the client does not read, nobody waits for the provider. */
export function createStreamTiming(monotonic: () => number): StreamTiming {
  return new TryTiming(monotonic);
}

/** A class: one is made for each try, and closures would be twenty objects. */
class TryTiming implements StreamTiming {
  connectMs: number | null = null;
  providerMs = 0;
  clientMs = 0;
  lastContentAt: number | null = null;
  stalls = 0;
  longestGapMs = 0;
  gapsMs = 0;
  gaps: Uint32Array | null = null;
  private readonly monotonic: () => number;
  private waitingSince: number | null = null;
  private handedAt: number | null = null;
  private arrivedAt = 0;
  private waitedSinceContent = 0;
  private hasContent = false;

  constructor(monotonic: () => number) {
    this.monotonic = monotonic;
  }

  connected(): void {
    if (this.waitingSince !== null) this.connectMs ??= this.monotonic() - this.waitingSince;
  }

  async during<T>(wait: Promise<T>): Promise<T> {
    this.waiting();
    try {
      return await wait;
    } finally {
      this.arrived();
    }
  }

  waiting(): number {
    const now = this.monotonic();
    this.countClient(now);
    this.waitingSince = now;
    return now;
  }

  arrived(): void {
    this.arrivedAt = this.monotonic();
    this.countWait(this.arrivedAt);
    this.waitingSince = null;
  }

  content(): void {
    this.hasContent = true;
  }

  taken(): void {
    if (!this.hasContent) return;
    this.hasContent = false;
    if (this.lastContentAt !== null) this.countGap(this.waitedSinceContent);
    this.lastContentAt = this.arrivedAt;
    this.waitedSinceContent = 0;
  }

  handed(at: number): void {
    if (this.waitingSince === null) this.handedAt = at;
  }

  settle(): void {
    const now = this.monotonic();
    this.countWait(now);
    if (this.waitingSince !== null) this.waitingSince = now;
    this.countClient(now);
  }

  private countWait(now: number): void {
    if (this.waitingSince === null) return;
    const waited = now - this.waitingSince;
    this.providerMs += waited;
    this.waitedSinceContent += waited;
  }

  private countClient(now: number): void {
    if (this.handedAt !== null) this.clientMs += now - this.handedAt;
    this.handedAt = null;
  }

  private countGap(ms: number): void {
    this.gaps ??= new Uint32Array(HISTOGRAM_BUCKETS);
    const bucket = bucketOf(ms);
    this.gaps[bucket] = (this.gaps[bucket] ?? 0) + 1;
    this.gapsMs += ms;
    if (ms > this.longestGapMs) this.longestGapMs = ms;
    if (ms > STALL_MS) this.stalls += 1;
  }
}
