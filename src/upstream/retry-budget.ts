// How many retries at a provider may still fail: without a bound, each of many clients asks a provider that refuses all of them
// several times, and again each time that the client itself retries.

/** Enough for some thirty requests at once that fail each of three retries: a failure of seconds is as invisible as for one. */
export const MOST_FAILED_RETRIES = 100;
/** While more than this are left, any number of retries may be under way: that they fail too is not likely. */
const PLENTY = MOST_FAILED_RETRIES / 2;
/** Without any success as well: that a provider has recovered is noticed. */
const REGAINED_PER_SECOND = 1;

/** Only retries that fail are paid for, each with one success. Those that help cost nothing. */
export interface RetryBudget {
  /** Whether a request may be sent to the provider again. */
  isLeft(): boolean;
  /** A retry is sent. */
  began(): void;
  /** It is answered, has failed, or is over without either. */
  ended(how: 'answered' | 'failed' | 'abandoned'): void;
  /** A first try is answered. */
  answered(): void;
}

export function createRetryBudget(monotonic: () => number): RetryBudget {
  let left = MOST_FAILED_RETRIES;
  let underWay = 0;
  let countedAt = monotonic();

  function add(retries: number): void {
    left = Math.max(0, Math.min(MOST_FAILED_RETRIES, left + retries));
  }

  return {
    isLeft() {
      const now = monotonic();
      add(((now - countedAt) / 1_000) * REGAINED_PER_SECOND);
      countedAt = now;
      return left > PLENTY || left - underWay >= 1;
    },
    began() {
      underWay += 1;
    },
    ended(how) {
      underWay -= 1;
      if (how !== 'abandoned') add(how === 'answered' ? 1 : -1);
    },
    answered: () => add(1),
  };
}
