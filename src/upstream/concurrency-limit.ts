// Limits how many requests a provider gets at once: places within an adaptive limit, and a bounded queue for them. Processes that share a
// provider share the limit.
import { type AdaptiveLimit, type AdaptiveSettings, createAdaptiveLimit } from './adaptive-limit.ts';
import type { CancelSignal } from './cancellation.ts';
import type { SharedRoom } from './peers.ts';
import { setTimeLimit } from './time-limit.ts';

/** Without `max`, nothing waits. */
export interface ConcurrencySettings extends AdaptiveSettings {
  /** Most requests that wait for a place. */
  queue: number;
  /** Longest wait for a place. */
  queueTimeoutMs: number;
}

export interface LimitClock {
  monotonic(): number;
  setTimer(callback: () => void, ms: number): () => void;
}

/** One request's place within the limit. `release` may be called repeatedly; the other methods report how the provider is doing. */
export interface Slot {
  /** The answer has begun. */
  spoke(): void;
  succeeded(): void;
  /** The provider reported overload or a rate limit, or did not answer in time. */
  congested(): void;
  release(): void;
}

export interface Shed {
  /** `full`: the queue is full. `late`: waited as long as allowed. */
  shed: 'full' | 'late';
  /** In all processes, not counting this request. */
  inFlight: number;
  waiting: number;
  /** Estimated wait for a place, from how long places were held recently. */
  retryAfterMs: number;
}

type LimitRoom = Omit<SharedRoom, 'claimNews'>;

/** How a limit is coordinated with those of other processes. */
export interface LimitPeers {
  room: LimitRoom | undefined;
  /** The limit has changed by a whole request. */
  adapted(limit: number | null): void;
  /** A place is free for which a request elsewhere waits. */
  freed(): void;
}

const SHORTEST_RETRY_MS = 1_000;
/** Longer than two processes need to return a place that both have taken. */
const LOOK_AGAIN_MS = 1;
const LONGEST_RETRY_MS = 60_000;

const ALONE: LimitPeers = { room: undefined, adapted() {}, freed() {} };

export class ConcurrencyLimit {
  readonly adaptive: AdaptiveLimit;
  readonly clock: LimitClock;
  private readonly peers: LimitPeers;
  private readonly room: LimitRoom | undefined;
  /** The settings that were configured last, or that the newest waiting request had. */
  private newest: ConcurrencySettings | undefined;
  private running = 0;
  /** The longest-waiting first; each call admits one. */
  private readonly waiting = new Set<() => void>();
  private isLooking = false;
  private meanHoldMs = 0;

  constructor(clock: LimitClock, peers: LimitPeers = ALONE) {
    this.clock = clock;
    this.peers = peers;
    this.room = peers.room;
    this.adaptive = createAdaptiveLimit({ inFlight: () => this.everywhere(), onChange: peers.adapted });
  }

  /** Synchronous unless it must wait. Throws, or rejects with, the signal's reason when the client leaves. */
  acquire(settings: ConcurrencySettings, signal: CancelSignal): Slot | Shed | Promise<Slot | Shed> {
    if (signal.aborted) throw signal.reason;
    if (this.waiting.size === 0 && this.take(settings)) return new TakenSlot(this, settings);
    if (this.waitingEverywhere() >= settings.queue) return this.shed('full', settings);
    return this.wait(settings, signal);
  }

  inFlight(): number {
    return this.running;
  }

  queued(): number {
    return this.waiting.size;
  }

  /** The limit in force, null where there is none. */
  limit(settings: ConcurrencySettings): number | null {
    return settings.max === null ? null : this.adaptive.of(settings);
  }

  /** The limit to which it was cut or grown; null: never cut. */
  adapted(): number | null {
    return this.adaptive.adapted();
  }

  /** Another process has found this limit; null: the configured one. */
  adopt(limit: number | null): void {
    this.adaptive.adopt(limit);
  }

  /** The settings have changed: waiting requests may proceed. */
  configure(settings: ConcurrencySettings): void {
    this.newest = settings;
    this.admit();
  }

  /** Another process has freed a place. */
  roomElsewhere(): void {
    this.admit();
  }

  /** Called by a slot whose request is over. @param heldMs how long it took. */
  released(heldMs: number): void {
    const { room, peers } = this;
    this.giveBack();
    if (room !== undefined && room.othersWaiting() > 0) peers.freed();
    this.meanHoldMs += 0.1 * (heldMs - this.meanHoldMs);
    this.admit();
  }

  private everywhere(): number {
    return this.running + (this.room?.othersInFlight() ?? 0);
  }

  private waitingEverywhere(): number {
    return this.waiting.size + (this.room?.othersWaiting() ?? 0);
  }

  /** Takes a place; false if none was free. */
  private take(settings: ConcurrencySettings): boolean {
    // Other processes' counts change all the time, so each read waits for another core; they are read only when needed.
    const isLimited = settings.max !== null;
    if (isLimited && this.everywhere() >= this.adaptive.of(settings)) return false;
    this.running += 1;
    this.room?.setInFlight(this.running);
    // Taken first, and returned if another process took it as well: of two that come at once, at most one keeps it.
    if (!isLimited || this.room === undefined || this.everywhere() <= this.adaptive.of(settings)) return true;
    this.giveBack();
    this.lookAgain();
    return false;
  }

  private giveBack(): void {
    this.running -= 1;
    this.room?.setInFlight(this.running);
  }

  /**
   * Two that came for the last place at once may both have returned it, without either reporting it free. One look is enough: if all places
   * are taken, whoever leaves one reports it.
   */
  private lookAgain(): void {
    if (this.room === undefined || this.isLooking) return;
    this.isLooking = true;
    this.clock.setTimer(() => {
      this.isLooking = false;
      this.admit();
    }, LOOK_AGAIN_MS);
  }

  /** Admits the longest-waiting requests, as many as there is room for. */
  private admit(): void {
    for (const enter of this.waiting) {
      if (this.newest === undefined || !this.take(this.newest)) return;
      enter();
    }
  }

  private shed(why: Shed['shed'], settings: ConcurrencySettings): Shed {
    const expected = (this.meanHoldMs * (this.waitingEverywhere() + 1)) / this.adaptive.of(settings);
    return {
      shed: why,
      inFlight: this.everywhere(),
      waiting: this.waitingEverywhere(),
      retryAfterMs: Math.ceil(Math.min(LONGEST_RETRY_MS, Math.max(SHORTEST_RETRY_MS, expected))),
    };
  }

  private wait(settings: ConcurrencySettings, signal: CancelSignal): Promise<Slot | Shed> {
    const { waiting, room } = this;
    this.newest = settings;
    return new Promise((resolve, reject) => {
      const stop = () => {
        waiting.delete(enter);
        room?.setWaiting(waiting.size);
        cancel();
        signal.removeEventListener('abort', leave);
      };
      const enter = () => {
        stop();
        resolve(new TakenSlot(this, settings));
      };
      const leave = () => {
        stop();
        reject(signal.reason);
      };
      const late = () => {
        stop();
        resolve(this.shed('late', settings));
      };
      const cancel = setTimeLimit(this.clock, late, settings.queueTimeoutMs);
      waiting.add(enter);
      room?.setWaiting(waiting.size);
      // A place that was freed before this request was noted as waiting was not reported.
      this.lookAgain();
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}

/** A place that was taken. */
class TakenSlot implements Slot {
  private readonly owner: ConcurrencyLimit;
  private readonly settings: ConcurrencySettings;
  private readonly begunAt: number;
  private readonly request: ReturnType<AdaptiveLimit['enter']>;
  private held = true;

  constructor(owner: ConcurrencyLimit, settings: ConcurrencySettings) {
    this.owner = owner;
    this.settings = settings;
    this.begunAt = owner.clock.monotonic();
    this.request = owner.adaptive.enter();
  }

  spoke(): void {
    this.owner.adaptive.began(this.settings, this.request, this.heldMs());
  }

  succeeded(): void {
    this.owner.adaptive.succeeded(this.settings);
  }

  congested(): void {
    this.owner.adaptive.congested(this.settings, this.request);
  }

  release(): void {
    if (!this.held) return;
    this.held = false;
    this.owner.released(this.heldMs());
  }

  private heldMs(): number {
    return this.owner.clock.monotonic() - this.begunAt;
  }
}
