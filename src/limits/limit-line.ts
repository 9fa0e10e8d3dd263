// One rate limit: how much of it is in use, when the next request may pass, and what a request takes of it.
import type { RateLimit } from '../config/resolved.ts';
import type { RatePeriod } from '../config/schema.ts';
import { compileNames, type NameReader } from '../model/request-names.ts';
import { type Counter, LocalCounter } from './counters.ts';
import type { RemotePlace } from './remote-count.ts';

export interface LimitState {
  /** Position in the configuration. */
  index: number;
  /** If each name has it to itself, with the name whose state this is; empty: requests without one. */
  limit: RateLimit;
  /** Requests or tokens in use at this moment; more than allowed if an answer was larger than what was left. */
  used: number;
  isReached: boolean;
}

const PERIOD_MS: Readonly<Record<RatePeriod, number>> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** Milliseconds within which times count as equal, since sums of fractions are not exact. */
export const TOLERANCE_MS = 0.001;

/** How long to wait if too many requests run. */
const WAIT_FOR_AN_END_MS = 1_000;

export class LimitLine implements NameReader {
  readonly limit: RateLimit;
  /** Identifies the limit. */
  readonly key: string;
  readonly fits: NameReader['fits'];
  readonly nameOf: NameReader['nameOf'];
  /** Names seen in this process, if each name has the limit to itself. */
  readonly names: Set<string>;
  /** When unused names were last removed, by the counters' clock. */
  lookedAt: number;
  /** For names for which there is no counter: all of them together, and in this process only. */
  readonly others: Counter;
  private readonly index: number;
  /** Milliseconds; 0 for `concurrent`. */
  private readonly period: number;
  /** Milliseconds of the period that one request or token takes; 0 for `concurrent`. */
  private readonly share: number;

  /** @param before the previous limits by key; what is known of an unchanged limit is kept. */
  constructor(limit: RateLimit, index: number, before: ReadonlyMap<string, LimitLine>) {
    const { fits, nameOf } = compileNames(limit);
    this.limit = limit;
    this.index = index;
    this.key = keyOf(limit);
    this.fits = fits;
    this.nameOf = nameOf;
    this.period = limit.per === null ? 0 : PERIOD_MS[limit.per];
    this.share = this.period / limit.most;
    const known = before.get(this.key);
    this.names = known?.names ?? new Set();
    this.lookedAt = known?.lookedAt ?? Number.NEGATIVE_INFINITY;
    this.others = known?.others ?? new LocalCounter();
  }

  /** Identifies the counter of this name. */
  keyFor(name: string): string {
    return `${this.key}${name}`;
  }

  /** As another gateway counts it too. */
  remotePlace(name: string): RemotePlace {
    const { limit, share, period } = this;
    return { key: this.keyFor(name), kind: limit.kind, share, period, most: limit.most };
  }

  /** How many requests run, or milliseconds until nothing is in use any more. @param now by the counters' clock. */
  inUse(counter: Counter, now: number): number {
    return this.limit.kind === 'concurrent' ? counter.running() : Math.max(0, counter.freeAt() - now);
  }

  /** Whole milliseconds until a request may pass; 0: now. */
  waitMs(inUse: number): number {
    const { limit, share, period } = this;
    if (limit.kind === 'concurrent') return inUse >= limit.most ? WAIT_FOR_AN_END_MS : 0;
    const wait = inUse + share - period;
    return wait > TOLERANCE_MS ? Math.ceil(wait - TOLERANCE_MS) : 0;
  }

  state(name: string, inUse: number): LimitState {
    const { limit, index, share } = this;
    const whose = limit.each === null ? {} : { [limit.each]: name };
    const used = limit.kind === 'concurrent' ? inUse : Math.ceil(inUse / share - 1e-6);
    return { index, limit: { ...limit, ...whose }, used: Math.max(0, used), isReached: used >= limit.most };
  }

  /** Counts a request; false if another process has taken what was left. */
  take(counter: Counter, now: number): boolean {
    const { limit, share, period } = this;
    switch (limit.kind) {
      case 'tokens':
        return true;
      case 'requests':
        return move(counter, share, now, period);
      case 'concurrent':
        // Begun before the others are read: of two that come for the last place, at most one gets it.
        counter.begin();
        if (counter.running() <= limit.most) return true;
        counter.end();
        return false;
    }
  }

  /**
   * Undoes `take`. Returns how much of the period that frees, in milliseconds.
   * @param leftMs until time by itself would have freed what was taken: what it has freed already must not be given back again.
   */
  giveBack(counter: Counter, leftMs = Number.POSITIVE_INFINITY): number {
    const { limit, share } = this;
    if (limit.kind === 'concurrent') counter.end();
    if (limit.kind !== 'requests') return 0;
    const freed = Math.max(0, Math.min(share, leftMs));
    move(counter, -freed, 0);
    return freed;
  }

  /** Counts the tokens of an answer. Returns how much of the period they take, in milliseconds. */
  use(tokens: number, counter: Counter, now: number): number {
    const ms = tokens * this.share;
    move(counter, ms, now);
    return ms;
  }
}

/** Puts `ms` more of the period into use; false, without a change, if more than `most` would be in use. */
function move(counter: Counter, ms: number, now: number, most = Number.POSITIVE_INFINITY): boolean {
  for (;;) {
    const freeAt = counter.freeAt();
    const next = Math.max(freeAt, now) + ms;
    if (next - now - most > TOLERANCE_MS) return false;
    if (counter.setFreeAt(freeAt, next)) return true;
  }
}

/**
 * Identifies a limit by what it limits and how much passes in a period: with a changed allowance counting begins anew, but running requests
 * still count. A name may follow.
 */
function keyOf({ kind, most, per, each, agent, project, provider, model }: RateLimit): string {
  const size = kind === 'concurrent' ? null : most;
  return JSON.stringify([kind, size, per, each, agent, project, provider, model]);
}
