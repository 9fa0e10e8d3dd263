// A circuit breaker: after so many failures in a row a provider is not asked for a while, then by one request
// alone, whose outcome decides. Why our own: docs/adr/0006.

export interface BreakerSettings {
  /** Failures in a row that open it. */
  failures: number;
  openForMs: number;
}

export type BreakerState = 'closed' | 'open' | 'half-open';

/** One request's leave to go. Only the first call of `succeeded`, `failed` and `abandoned` counts. */
export interface Permit {
  /** The answer has begun: enough to let others in, too little to forget what failed before. */
  spoke(): void;
  succeeded(): void;
  failed(): void;
  /** Over, and nothing was learned. */
  abandoned(): void;
}

export interface Breaker {
  state(): BreakerState;
  /** Milliseconds until a request may be let in; 0 where one may now. */
  waitMs(): number;
  /** Undefined while it is open, and while the one request of the half-open breaker is on its way. */
  enter(settings: BreakerSettings): Permit | undefined;
  /** A request of another process has met this. */
  learn(met: BreakerEvent, settings: BreakerSettings): void;
  /** What another process must know that only begins. */
  recall(): BreakerMemory;
  /** This process has only begun, and another has met this. */
  adopt(memory: BreakerMemory): void;
  /** Another process has ended: a request of its own tries nothing any more. */
  peerGone(): void;
}

export interface BreakerMemory {
  failures: number;
  /** Milliseconds until it is half-open, not above 0 where it is; null: closed. */
  retryInMs: number | null;
  /** The one request of a half-open one is on its way. */
  isTried: boolean;
}

/** What has changed a breaker: an outcome, or that the half-open one's request goes or is over without a verdict. */
export type BreakerEvent = 'failed' | 'spoke' | 'succeeded' | 'probing' | 'probed';

/** While the one request that tries a half-open breaker is on its way, nobody knows how long it takes. */
export const PROBE_WAIT_MS = 1_000;

/**
 * @param tell told of what a request of this process has changed.
 * @param claim takes or gives back the right to try it; false where another process, which may not have told yet, has it.
 */
export function createBreaker(
  monotonic: () => number,
  tell: (met: BreakerEvent, settings: BreakerSettings) => void = () => {},
  claim: (isOn: boolean) => boolean = () => true,
): Breaker {
  let failures = 0;
  let openUntil: number | null = null;
  let probe: Permit | 'elsewhere' | null = null;
  /** Counts openings: what began before the last one says nothing about what came after. */
  let era = 0;

  function open(settings: BreakerSettings): void {
    openUntil = monotonic() + settings.openForMs;
    endProbe();
    era += 1;
  }

  function close(failuresLeft: number): void {
    openUntil = null;
    endProbe();
    failures = failuresLeft;
  }

  function fail(settings: BreakerSettings, wasProbe: boolean): void {
    failures += 1;
    if (wasProbe || failures >= settings.failures) open(settings);
  }

  function endProbe(): void {
    if (probe !== null && probe !== 'elsewhere') claim(false);
    probe = null;
  }

  function forgetProbeElsewhere(): void {
    if (probe === 'elsewhere') probe = null;
  }

  function state(): BreakerState {
    if (openUntil === null) return 'closed';
    return monotonic() < openUntil ? 'open' : 'half-open';
  }

  /** A class: one is made for each request. */
  class BreakerPermit implements Permit {
    private readonly settings: BreakerSettings;
    private readonly begunIn = era;
    private over = false;

    constructor(settings: BreakerSettings) {
      this.settings = settings;
    }

    spoke(): void {
      // On trial: one more failure, in the middle of this very answer too, opens it again.
      if (probe !== this) return;
      close(this.settings.failures - 1);
      tell('spoke', this.settings);
    }

    succeeded(): void {
      if (!this.endsNow()) return;
      const isNews = failures > 0 || openUntil !== null;
      close(0);
      if (isNews) tell('succeeded', this.settings);
    }

    failed(): void {
      if (!this.endsNow()) return;
      fail(this.settings, probe === this);
      tell('failed', this.settings);
    }

    abandoned(): void {
      if (!this.endsNow() || probe !== this) return;
      endProbe();
      tell('probed', this.settings);
    }

    /** Once, and not where its verdict is about what was before the last opening. */
    private endsNow(): boolean {
      const counts = !this.over && this.begunIn === era;
      this.over = true;
      return counts;
    }
  }

  return {
    state,
    waitMs() {
      if (openUntil === null) return 0;
      const left = openUntil - monotonic();
      return left > 0 ? left : probe === null ? 0 : PROBE_WAIT_MS;
    },
    enter(settings) {
      const now = state();
      if (now === 'open' || probe !== null) return undefined;
      if (now === 'half-open' && !claim(true)) return undefined;
      const permit = new BreakerPermit(settings);
      if (now === 'half-open') {
        probe = permit;
        tell('probing', settings);
      }
      return permit;
    },
    learn(met, settings) {
      switch (met) {
        case 'failed':
          // What failed elsewhere after it opened here began before: it is no news.
          if (state() !== 'open') fail(settings, probe === 'elsewhere');
          return;
        case 'spoke':
          close(settings.failures - 1);
          return;
        case 'succeeded':
          close(0);
          return;
        case 'probing':
          probe ??= 'elsewhere';
          return;
        case 'probed':
          forgetProbeElsewhere();
      }
    },
    recall: () => ({
      failures,
      retryInMs: openUntil === null ? null : openUntil - monotonic(),
      isTried: probe !== null,
    }),
    adopt({ failures: known, retryInMs, isTried }) {
      failures = known;
      openUntil = retryInMs === null ? null : monotonic() + retryInMs;
      probe = isTried ? 'elsewhere' : null;
      era += 1;
    },
    peerGone: forgetProbeElsewhere,
  };
}
