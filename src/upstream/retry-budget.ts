// Bounds how many retries at a provider may fail. Without it, each of many clients would ask a provider that refuses them all several
// times, and again each time that the client itself retries.

/**
 * Enough for some thirty concurrent requests whose three retries all fail, so that a failure of some seconds stays as invisible as for a
 * single request.
 */
export const MOST_FAILED_RETRIES = 100;
/** While more than this are left, any number of retries may be under way, since it is unlikely that they all fail. */
const PLENTY = MOST_FAILED_RETRIES / 2;
/** Even without any success, so that a recovery is noticed. */
const REGAINED_PER_SECOND = 1;

/** Only retries that fail are charged, each to be earned back by one success. Those that help cost nothing. */
export interface RetryBudget {
  /** Whether a request may be sent to the provider again. */
  isLeft(): boolean;
  /** To be called when a retry is sent. */
  began(): void;
  /** To be called when a retry is answered, has failed, or is over without either. */
  ended(how: 'answered' | 'failed' | 'abandoned'): void;
  /** To be called when a first try is answered. */
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
