// A limit on concurrent requests that follows the provider's 429s and its latency: cut by a factor, and grown by one request per round
// (AIMD, as in TCP).

export interface AdaptiveSettings {
  /** Most at once; null: no limit. */
  max: number | null;
  /** The limit never falls below this. */
  min: number;
}

interface AdaptiveLimitOptions {
  /** Requests at the provider now, from all processes. */
  inFlight(): number;
  /** The limit has changed by a whole request; null: it is the configured one again. */
  onChange(limit: number | null): void;
}

/** `enter` numbers each request, since what a request reports concerns the limit under which it was admitted. */
export interface AdaptiveLimit {
  /** The limit in force; infinite where there is none. */
  of(settings: AdaptiveSettings): number;
  /** The limit to which it was cut or grown; null: never cut. */
  adapted(): number | null;
  /** Another process has found this limit; null: the configured one. */
  adopt(limit: number | null): void;
  /** Numbers a request that is admitted. */
  enter(): number;
  /** An answer has begun, so many milliseconds after its request was admitted. */
  began(settings: AdaptiveSettings, request: number, afterMs: number): void;
  succeeded(settings: AdaptiveSettings): void;
  /** The provider reported overload or a rate limit, or did not answer in time. */
  congested(settings: AdaptiveSettings, request: number): void;
}

const CUT_ON_REFUSAL = 0.7;
const CUT_ON_SLOWNESS = 0.9;
/** Answers that take this much longer to begin than usual are a sign of too many requests at once. */
const SLOW_FACTOR = 2;
/** How many answers must have been seen before latency says anything. */
const WARM_UP = 20;

export function createAdaptiveLimit({ inFlight, onChange }: AdaptiveLimitOptions): AdaptiveLimit {
  /** Null until something had to be cut; until then `max` of the settings applies. */
  let adapted: number | null = null;
  /** How many requests were admitted so far, and how many had been at the last cut. */
  let entered = 0;
  let enteredAtCut = 0;
  const latency = createLatency();

  function limitOf({ max, min }: AdaptiveSettings): number {
    // What was learned under a limit is void once there is none.
    if (max === null) return Number.POSITIVE_INFINITY;
    return Math.max(Math.min(min, max), Math.min(max, Math.floor(adapted ?? max)));
  }

  /** At low load, neither slow nor fast answers show anything about the limit. */
  const isHalfUsed = (settings: AdaptiveSettings) => inFlight() * 2 >= limitOf(settings);

  function cut(settings: AdaptiveSettings, factor: number, request: number): void {
    // Once per round: requests that were admitted before the last cut say nothing about the limit since.
    if (settings.max === null || request <= enteredAtCut) return;
    enteredAtCut = entered;
    // Cut from the actual number in flight, since the limit may be far above it.
    adapt(Math.max(settings.min, Math.min(limitOf(settings), inFlight()) * factor));
  }

  function grow(settings: AdaptiveSettings): void {
    if (adapted === null || settings.max === null || !isHalfUsed(settings)) return;
    const grown = adapted + 1 / Math.max(1, adapted);
    // Nothing is left of the cut, so that a higher `max` applies at once.
    adapt(grown >= settings.max ? null : grown);
  }

  function adapt(limit: number | null): void {
    const before = wholeOf(adapted);
    adapted = limit;
    if (wholeOf(limit) !== before) onChange(limit);
  }

  return {
    of: limitOf,
    adapted: () => adapted,
    adopt(limit) {
      adapted = limit;
      enteredAtCut = entered;
    },
    enter: () => ++entered,
    began(settings, request, afterMs) {
      latency.see(afterMs);
      if (latency.isSlow() && isHalfUsed(settings)) cut(settings, CUT_ON_SLOWNESS, request);
    },
    succeeded(settings) {
      if (!latency.isSlow()) grow(settings);
    },
    congested(settings, request) {
      cut(settings, CUT_ON_REFUSAL, request);
    },
  };
}

function wholeOf(limit: number | null): number | null {
  return limit === null ? null : Math.floor(limit);
}

/** The time until answers begin: recent, and usual. */
function createLatency() {
  let seen = 0;
  let lately = 0;
  let usually = 0;
  return {
    see(ms: number) {
      seen += 1;
      lately += Math.max(0.2, 1 / seen) * (ms - lately);
      usually += Math.max(0.02, 1 / seen) * (ms - usually);
    },
    isSlow: () => seen >= WARM_UP && lately > SLOW_FACTOR * usually,
  };
}
