// A circuit breaker: after a number of consecutive failures a provider is not asked for some time, and then by a single request, whose
// outcome decides. Why it is our own: docs/adr/0006.

export interface BreakerSettings {
  /** How many consecutive failures open it. */
  failures: number;
  openForMs: number;
}

export type BreakerState = 'closed' | 'open' | 'half-open';

/** One request's permission to be sent. Only the first call of `succeeded`, `failed` and `abandoned` counts. */
export interface Permit {
  /** The answer has begun: enough to admit others, but too little to forget earlier failures. */
  spoke(): void;
  succeeded(): void;
  failed(): void;
  /** The request is over, and nothing was learned. */
  abandoned(): void;
}

export interface BreakerMemory {
  failures: number;
  /** Milliseconds until it is half-open, 0 or less if it is; null: closed. */
  retryInMs: number | null;
  /** Whether the single request of the half-open breaker is under way. */
  isTried: boolean;
}

/** What changes a breaker: an outcome, or that the half-open breaker's request starts, or ends without an outcome. */
export type BreakerEvent = 'failed' | 'spoke' | 'succeeded' | 'probing' | 'probed';

/** The wait that is reported while the half-open breaker's request is under way, whose end is unknown. */
export const PROBE_WAIT_MS = 1_000;

export class Breaker {
  /** Counts openings: what began before the last one says nothing about the time since. */
  era = 0;
  readonly notify: (met: BreakerEvent, settings: BreakerSettings) => void;
  private readonly monotonic: () => number;
  private readonly claim: (isOn: boolean) => boolean;
  /** Consecutive failures. */
  private failures = 0;
  private openUntil: number | null = null;
  private probe: Permit | 'elsewhere' | null = null;

  /**
   * @param notify called with what a request of this process has changed.
   * @param claim takes or returns the right to make the trial request; false if another process has it, perhaps without having reported that
   * yet.
   */
  constructor(
    monotonic: () => number,
    notify: (met: BreakerEvent, settings: BreakerSettings) => void = () => {},
    claim: (isOn: boolean) => boolean = () => true,
  ) {
    this.monotonic = monotonic;
    this.notify = notify;
    this.claim = claim;
  }

  state(): BreakerState {
    if (this.openUntil === null) return 'closed';
    return this.monotonic() < this.openUntil ? 'open' : 'half-open';
  }

  /** Milliseconds until a request may be admitted; 0: now. */
  waitMs(): number {
    if (this.openUntil === null) return 0;
    const left = this.openUntil - this.monotonic();
    return left > 0 ? left : this.probe === null ? 0 : PROBE_WAIT_MS;
  }

  /** Undefined while it is open, and while the single request of the half-open breaker is under way. */
  enter(settings: BreakerSettings): Permit | undefined {
    const now = this.state();
    if (now === 'open' || this.probe !== null) return undefined;
    if (now === 'half-open' && !this.claim(true)) return undefined;
    const permit = new BreakerPermit(this, settings);
    if (now === 'half-open') {
      this.probe = permit;
      this.notify('probing', settings);
    }
    return permit;
  }

  /** Takes over the outcome of another process's request. */
  learn(met: BreakerEvent, settings: BreakerSettings): void {
    switch (met) {
      case 'failed':
        // If it is open here, a failure of another process belongs to an earlier request and adds nothing.
        if (this.state() !== 'open') this.fail(settings);
        return;
      case 'spoke':
        this.close(settings.failures - 1);
        return;
      case 'succeeded':
        this.close(0);
        return;
      case 'probing':
        this.probe ??= 'elsewhere';
        return;
      case 'probed':
        this.peerGone();
    }
  }

  /** What another process that is starting must know. */
  recall(): BreakerMemory {
    const { failures, openUntil, probe } = this;
    const retryInMs = openUntil === null ? null : openUntil - this.monotonic();
    return { failures, retryInMs, isTried: probe !== null };
  }

  /** Takes what another process knows, when this one starts. */
  adopt({ failures, retryInMs, isTried }: BreakerMemory): void {
    this.failures = failures;
    this.openUntil = retryInMs === null ? null : this.monotonic() + retryInMs;
    this.probe = isTried ? 'elsewhere' : null;
    this.era += 1;
  }

  /** Another process has ended, so a trial request of its own does not count. */
  peerGone(): void {
    if (this.probe === 'elsewhere') this.probe = null;
  }

  // Called by its permits.

  isTriedBy(permit: Permit): boolean {
    return this.probe === permit;
  }

  /** Returns whether there had been failures, as there are while it is open or half-open. */
  close(failuresLeft: number): boolean {
    const isNews = this.failures > 0;
    this.openUntil = null;
    this.endProbe();
    this.failures = failuresLeft;
    return isNews;
  }

  fail(settings: BreakerSettings): void {
    this.failures += 1;
    // A single failure of the half-open breaker's request is enough.
    if (this.probe === null && this.failures < settings.failures) return;
    this.openUntil = this.monotonic() + settings.openForMs;
    this.endProbe();
    this.era += 1;
  }

  endProbe(): void {
    if (this.probe !== null && this.probe !== 'elsewhere') this.claim(false);
    this.probe = null;
  }
}

class BreakerPermit implements Permit {
  private readonly breaker: Breaker;
  private readonly settings: BreakerSettings;
  private readonly begunIn: number;
  private over = false;

  constructor(breaker: Breaker, settings: BreakerSettings) {
    this.breaker = breaker;
    this.settings = settings;
    this.begunIn = breaker.era;
  }

  spoke(): void {
    const { breaker, settings } = this;
    // On trial: one more failure, even later in this very answer, opens it again.
    if (!breaker.isTriedBy(this)) return;
    breaker.close(settings.failures - 1);
    breaker.notify('spoke', settings);
  }

  succeeded(): void {
    if (this.endsNow() && this.breaker.close(0)) this.breaker.notify('succeeded', this.settings);
  }

  failed(): void {
    const { breaker, settings } = this;
    if (!this.endsNow()) return;
    breaker.fail(settings);
    breaker.notify('failed', settings);
  }

  abandoned(): void {
    const { breaker } = this;
    if (!this.endsNow() || !breaker.isTriedBy(this)) return;
    breaker.endProbe();
    breaker.notify('probed', this.settings);
  }

  /** True at the first call, unless the outcome concerns the time before the last opening. */
  private endsNow(): boolean {
    const counts = !this.over && this.begunIn === this.breaker.era;
    this.over = true;
    return counts;
  }
}
