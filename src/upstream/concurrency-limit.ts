// How many requests a provider gets at once: places within an adaptive limit, and a bounded queue before them. Processes that
// share a provider share the limit.
import { type AdaptiveSettings, createAdaptiveLimit } from './adaptive-limit.ts';
import type { CancelSignal } from './cancellation.ts';
import type { SharedRoom } from './peers.ts';

/** Without a `max`, nothing waits. */
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

/** One request's place within the limit. `release` may be called again; the others report how the provider is doing. */
export interface Slot {
  /** The answer has begun. */
  spoke(): void;
  succeeded(): void;
  /** The provider reported overload or a rate limit, or did not answer in time. */
  congested(): void;
  release(): void;
}

export interface Shed {
  /** `full`: as many wait as may. `late`: waited as long as allowed. */
  shed: 'full' | 'late';
  /** In all processes, without this one. */
  inFlight: number;
  waiting: number;
  /** Estimated wait for a free place, from how long places were held lately. */
  retryAfterMs: number;
}

export interface ConcurrencyLimit {
  /** Synchronous unless it must wait. Throws, or rejects with, the signal's reason when the client leaves. */
  acquire(settings: ConcurrencySettings, signal: CancelSignal): Slot | Shed | Promise<Slot | Shed>;
  inFlight(): number;
  queued(): number;
  /** The limit in force, null where there is none. */
  limit(settings: ConcurrencySettings): number | null;
  /** What it has been cut or grown to; null: never cut. */
  adapted(): number | null;
  /** Another process has found this limit; null: the configured one. */
  adopt(limit: number | null): void;
  /** Another process has let go of a place. */
  roomElsewhere(): void;
  /** The settings have changed: waiting requests may proceed. */
  configure(settings: ConcurrencySettings): void;
}

/** How a limit is coordinated with those of other processes. */
export interface LimitPeers {
  room: SharedRoom | undefined;
  /** The limit has changed by a whole request. */
  adapted(limit: number | null): void;
  /** A place is free that a request elsewhere waits for. */
  freed(): void;
}

const SHORTEST_RETRY_MS = 1_000;
/** Longer than two processes need to return a place that both took. */
const LOOK_AGAIN_MS = 1;
const LONGEST_RETRY_MS = 60_000;

const ALONE: LimitPeers = { room: undefined, adapted() {}, freed() {} };

export function createConcurrencyLimit(clock: LimitClock, peers: LimitPeers = ALONE): ConcurrencyLimit {
  const { room } = peers;
  const { monotonic } = clock;
  /** As configured last, or as the newest request that waited had them. */
  let newest: ConcurrencySettings | undefined;
  let inFlight = 0;
  const waiting = new Set<() => void>();
  let isLooking = false;
  let meanHoldMs = 0;
  const everywhere = () => inFlight + (room?.othersInFlight() ?? 0);
  const waitingEverywhere = () => waiting.size + (room?.othersWaiting() ?? 0);
  const limit = createAdaptiveLimit({ inFlight: everywhere, onChange: peers.adapted });

  /** Whether a place was free; then it is taken. */
  function take(settings: ConcurrencySettings): boolean {
    // The others' counts change all the time, so each read waits for another core: they are read only when needed.
    const isLimited = settings.max !== null;
    if (isLimited && everywhere() >= limit.of(settings)) return false;
    inFlight += 1;
    room?.setInFlight(inFlight);
    // Taken first, and returned where another process took it too: of two that come at once, never both keep it.
    if (!isLimited || room === undefined || everywhere() <= limit.of(settings)) return true;
    giveBack();
    lookAgain();
    return false;
  }

  function giveBack(): void {
    inFlight -= 1;
    room?.setInFlight(inFlight);
  }

  /**
   * Two that came at once to the last place may both have returned it, and neither reports it free. One look is enough:
   * where all places are taken, whoever leaves one reports it.
   */
  function lookAgain(): void {
    if (room === undefined || isLooking) return;
    isLooking = true;
    clock.setTimer(() => {
      isLooking = false;
      admit();
    }, LOOK_AGAIN_MS);
  }

  /** A place that was taken. A class: one is made for each request. */
  class TakenSlot implements Slot {
    private readonly settings: ConcurrencySettings;
    private readonly begunAt = monotonic();
    private readonly request = limit.enter();
    private held = true;

    constructor(settings: ConcurrencySettings) {
      this.settings = settings;
    }

    spoke(): void {
      limit.began(this.settings, this.request, monotonic() - this.begunAt);
    }

    succeeded(): void {
      limit.succeeded(this.settings);
    }

    congested(): void {
      limit.congested(this.settings, this.request);
    }

    release(): void {
      if (!this.held) return;
      this.held = false;
      giveBack();
      if (room !== undefined && room.othersWaiting() > 0) peers.freed();
      meanHoldMs += 0.1 * (monotonic() - this.begunAt - meanHoldMs);
      admit();
    }
  }

  /** Lets in the longest-waiting requests, as many as there is room for. */
  function admit(): void {
    for (const enter of waiting) {
      if (newest === undefined || !take(newest)) return;
      enter();
    }
  }

  function shed(why: Shed['shed'], settings: ConcurrencySettings): Shed {
    const expected = (meanHoldMs * (waitingEverywhere() + 1)) / limit.of(settings);
    return {
      shed: why,
      inFlight: everywhere(),
      waiting: waitingEverywhere(),
      retryAfterMs: Math.ceil(Math.min(LONGEST_RETRY_MS, Math.max(SHORTEST_RETRY_MS, expected))),
    };
  }

  function wait(settings: ConcurrencySettings, signal: CancelSignal): Promise<Slot | Shed> {
    newest = settings;
    return new Promise((resolve, reject) => {
      const stop = () => {
        waiting.delete(enter);
        room?.setWaiting(waiting.size);
        cancel();
        signal.removeEventListener('abort', leave);
      };
      const enter = () => {
        stop();
        resolve(new TakenSlot(settings));
      };
      const leave = () => {
        stop();
        reject(signal.reason);
      };
      const cancel = clock.setTimer(() => {
        stop();
        resolve(shed('late', settings));
      }, settings.queueTimeoutMs);
      waiting.add(enter);
      room?.setWaiting(waiting.size);
      // A place freed before this one was noted as waiting was not reported.
      lookAgain();
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  return {
    acquire(settings, signal) {
      if (signal.aborted) throw signal.reason;
      if (waiting.size === 0 && take(settings)) return new TakenSlot(settings);
      if (waitingEverywhere() >= settings.queue) return shed('full', settings);
      return wait(settings, signal);
    },
    inFlight: () => inFlight,
    queued: () => waiting.size,
    limit: (settings) => (settings.max === null ? null : limit.of(settings)),
    adapted: limit.adapted,
    adopt: limit.adopt,
    configure(settings) {
      newest = settings;
      admit();
    },
    roomElsewhere: admit,
  };
}
