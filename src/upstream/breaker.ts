// A circuit breaker: after a number of failures in a row a provider is not asked for a while, then by a single
// request, whose outcome decides. Why our own: docs/adr/0006.

export interface BreakerSettings {
  /** Failures in a row that open it. */
  failures: number;
  openForMs: number;
}

export type BreakerState = 'closed' | 'open' | 'half-open';

/** One request's permission to be sent. Only the first call of `succeeded`, `failed` and `abandoned` counts. */
export interface Permit {
  /** The answer has begun: enough to let others in, too little to forget earlier failures. */
  spoke(): void;
  succeeded(): void;
  failed(): void;
  /** The request is over, and nothing was learned. */
  abandoned(): void;
}

export interface Breaker {
  state(): BreakerState;
  /** Milliseconds until a request may be let in; 0 where one may now. */
  waitMs(): number;
  /** Undefined while it is open, and while the half-open breaker's one request is under way. */
  enter(settings: BreakerSettings): Permit | undefined;
  /** Takes what a request of another process has met. */
  learn(met: BreakerEvent, settings: BreakerSettings): void;
  /** What another process that is starting must know. */
  recall(): BreakerMemory;
  /** Takes what another process knows, when this one starts. */
  adopt(memory: BreakerMemory): void;
  /** Another process has ended: a trial request of its own is void. */
  peerGone(): void;
}

export interface BreakerMemory {
  failures: number;
  /** Milliseconds until it is half-open, not above 0 where it is; null: closed. */
  retryInMs: number | null;
  /** The one request of a half-open breaker is under way. */
  isTried: boolean;
}

/** What has changed a breaker: an outcome, or that the half-open one's request starts, or ends without a verdict. */
export type BreakerEvent = 'failed' | 'spoke' | 'succeeded' | 'probing' | 'probed';

/** The wait reported while a half-open breaker's one request is under way, since its end is unknown. */
export const PROBE_WAIT_MS = 1_000;

/**
 * @param notify called with what a request of this process has changed.
 * @param claim takes or returns the right to try it; false where another process has it, which may not have reported yet.
 */
export function createBreaker(
  monotonic: () => number,
  notify: (met: BreakerEvent, settings: BreakerSettings) => void = () => {},
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
      notify('spoke', this.settings);
    }

    succeeded(): void {
      if (!this.endsNow()) return;
      // Open or half-open it has failures too.
      const isNews = failures > 0;
      close(0);
      if (isNews) notify('succeeded', this.settings);
    }

    failed(): void {
      if (!this.endsNow()) return;
      fail(this.settings, probe === this);
      notify('failed', this.settings);
    }

    abandoned(): void {
      if (!this.endsNow() || probe !== this) return;
      endProbe();
      notify('probed', this.settings);
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
        notify('probing', settings);
      }
      return permit;
    },
    learn(met, settings) {
      switch (met) {
        case 'failed':
          // A failure elsewhere after it opened here belongs to an earlier request and adds nothing.
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
