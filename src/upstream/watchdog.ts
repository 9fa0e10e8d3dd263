// Measures how long the gateway has been waiting for an upstream. One timer per stream, armed lazily: noting an arrival is a single store,
// so a busy stream costs no timer work per event.

interface WatchdogClock {
  monotonic(): number;
  setTimer(callback: () => void, ms: number): () => void;
}

/** A timer that is this late means that the process or its machine was suspended. What arrived meanwhile has not been read yet. */
export const LATE_MS = 500;
/** Time for reading it, which the event loop does next. */
const CATCH_UP_MS = 100;

export class Watchdog {
  private readonly clock: WatchdogClock;
  private readonly expired: (what: string) => void;
  private what = '';
  /** The limit of the wait itself. */
  private limit = Number.POSITIVE_INFINITY;
  /** The deadline of the wait or, if sooner, of the next sign of life. */
  private deadline = Number.POSITIVE_INFINITY;
  private armedFor = Number.POSITIVE_INFINITY;
  /** The deadline that was postponed for catching up: once per wait. */
  private putOff = Number.NaN;
  private cancelTimer: (() => void) | undefined = undefined;

  constructor(clock: WatchdogClock, expired: (what: string) => void) {
    this.clock = clock;
    this.expired = expired;
  }

  /** From now on a wait may last this long; after that `expired` is called with `what`. `now`: the current time, if known. */
  wait(what: string, limitMs: number, now = this.clock.monotonic()): void {
    this.what = what;
    this.limit = now + limitMs;
    this.deadline = this.limit;
    // A timer armed for an earlier moment re-arms itself when it fires.
    if (this.armedFor > this.deadline) this.arm(now);
  }

  /**
   * The upstream shows that it is alive: from now on it may be silent for this long within the wait, until the next call or the next
   * `wait`; after that `expired` is called with `silence`.
   */
  alive(limitMs: number, now = this.clock.monotonic()): void {
    this.deadline = Math.min(this.limit, now + limitMs);
    if (this.armedFor > this.deadline) this.arm(now);
  }

  /** Something arrived, or nothing is waited for: no limit runs until the next `wait`. */
  rest(): void {
    this.limit = Number.POSITIVE_INFINITY;
    this.deadline = Number.POSITIVE_INFINITY;
  }

  /** Treats the limit of `what` as exceeded now. */
  expire(what: string): void {
    this.rest();
    this.expired(what);
  }

  stop(): void {
    this.armedFor = Number.POSITIVE_INFINITY;
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }

  private arm(now: number): void {
    this.cancelTimer?.();
    this.armedFor = this.deadline;
    this.cancelTimer = this.clock.setTimer(() => this.check(), Math.max(0, this.deadline - now));
  }

  private check(): void {
    const due = this.armedFor;
    this.cancelTimer = undefined;
    this.armedFor = Number.POSITIVE_INFINITY;
    if (this.deadline === Number.POSITIVE_INFINITY) return;
    const now = this.clock.monotonic();
    if (now > due + LATE_MS && now > this.deadline && this.deadline !== this.putOff) {
      if (this.deadline === this.limit) this.limit = now + CATCH_UP_MS;
      this.deadline = now + CATCH_UP_MS;
      this.putOff = this.deadline;
    }
    // Timers may fire up to a millisecond early.
    if (now < this.deadline - 1) {
      this.arm(now);
      return;
    }
    const isSilence = this.deadline < this.limit;
    this.rest();
    this.expired(isSilence ? 'silence' : this.what);
  }
}
