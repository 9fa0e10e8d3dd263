// Which rate limits (`rate_limits`) a request counts towards, and whether they let it pass. Every decision is made from
// memory at once; where several processes serve, the counters are in memory that they share.
import type { RateLimit } from '../config/resolved.ts';
import type { RatePeriod } from '../config/schema.ts';
import { compileNames, type NameReader, type RequestNames } from '../model/request-names.ts';
import { type Counter, type Counters, LocalCounter } from './counters.ts';

/** That a request was counted towards a limit, which happens once, however many targets it is sent to. */
export interface Count {
  /** Identifies the limit, and whose it is. */
  key: string;
  /** To be told when the request ends; null where only its beginning counts. */
  running: Counter | null;
}

/** The limit that holds a request back. */
export interface ReachedLimit {
  limit: RateLimit;
  /** Who has reached it, where each has it to itself; '': those without a name, or everyone. */
  name: string;
  /** Whole milliseconds until a request may pass, if no other comes first. When one that runs ends nobody knows: a guess. */
  waitMs: number;
}

export interface LimitState {
  /** Position in the configuration. */
  index: number;
  /** Where each has it to itself, with the name of the one whose state it is ('': those without a name). */
  limit: RateLimit;
  /** Requests or tokens in use at this moment; more than allowed where an answer was larger than what was left. */
  used: number;
  isReached: boolean;
}

interface LimitBook {
  /** Takes no two limits for the same requests and period. What is in use of unchanged limits is kept, and what runs. */
  configure(limits: readonly RateLimit[]): void;
  /** Whether there are any. */
  readonly isEmpty: boolean;
  /**
   * The limit that holds back a request with these names: of several, the one that does so longest; null: none does.
   * @param counted towards what the request counts already: that does not hold it back.
   */
  reached(names: RequestNames, counted: readonly Count[]): ReachedLimit | null;
  /** The same; null: the request passes, and what it counts towards has been added to `counted`. */
  enter(names: RequestNames, counted: Count[]): ReachedLimit | null;
  /** The request has ended. */
  leave(counted: readonly Count[]): void;
  /** Counts the tokens of an answer. */
  addTokens(names: RequestNames, tokens: number): void;
  /** In the order of the configuration; where each has the limit to itself, those who use some of it, most first. */
  states(): LimitState[];
}

interface Line extends NameReader {
  index: number;
  key: string;
  limit: RateLimit;
  /** Milliseconds of the period for one request or token; 0 for `concurrent`. */
  share: number;
  /** Milliseconds; 0 for `concurrent`. */
  period: number;
  /** Names seen in this process, where each has the limit to itself. */
  names: Set<string>;
  /** When those of which nothing is in use were last removed from the names, by the counters' clock. */
  lookedAt: number;
  /** Of the names for which there is no counter, all together and in this process alone. */
  others: Counter;
}

/** A line, whose it is, and the counter that says how much is in use. */
interface Place {
  line: Line;
  name: string;
  key: string;
  counter: Counter;
}

const PERIOD_MS: Readonly<Record<RatePeriod, number>> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** Milliseconds within which times count as equal: sums of fractions are not exact. */
const TOLERANCE_MS = 0.001;

/** When to come back where too many requests run. */
const WAIT_FOR_AN_END_MS = 1_000;

/** Least time between two looks for names to forget. */
const LOOK_MS = 1_000;

/** Most names that are listed for a limit. */
const MOST_LISTED = 1_000;

export function createLimitBook(counters: Counters): LimitBook {
  let lines: Line[] = [];

  function placeOf(line: Line, name: string): Place {
    const key = `${line.key}${name}`;
    return { line, name, key, counter: counters.get(key) ?? line.others };
  }

  /** Where the request would count that it does not count yet. */
  function placesOf(names: RequestNames, counted: readonly Count[]): Place[] {
    const places: Place[] = [];
    for (const line of lines) {
      if (!line.fits(names)) continue;
      const place = placeOf(line, line.nameOf(names));
      if (!counted.some(({ key }) => key === place.key)) places.push(place);
    }
    return places;
  }

  function longestWait(places: readonly Place[]): ReachedLimit | null {
    let longest: ReachedLimit | null = null;
    const now = counters.now();
    for (const place of places) {
      const wait = waitFor(place, now);
      if (wait === 0) continue;
      if (longest === null || wait > longest.waitMs) longest = reachedAt(place, wait);
    }
    return longest;
  }

  function stateOf(line: Line, name: string): LimitState {
    const counter = counters.peek(`${line.key}${name}`);
    const { limit, index, share } = line;
    const whose = limit.each === null ? {} : { [limit.each]: name };
    const left = counter === null ? 0 : Math.max(0, counter.freeAt() - counters.now());
    const used =
      limit.kind === 'concurrent' ? (counter?.running() ?? 0) : Math.max(0, Math.ceil(left / share - 1e-6));
    return { index, limit: { ...limit, ...whose }, used, isReached: used >= limit.most };
  }

  function statesOf(line: Line): LimitState[] {
    if (line.limit.each === null) return [stateOf(line, '')];
    const states = [...line.names].map((name) => ({ name, state: stateOf(line, name) }));
    for (const { name, state } of states) if (state.used === 0) line.names.delete(name);
    return states
      .map(({ state }) => state)
      .filter(({ used }) => used > 0)
      .sort((one, other) => other.used - one.used);
  }

  return {
    configure(limits) {
      const before = new Map(lines.map((line) => [line.key, line]));
      lines = limits.map((limit, index) => {
        const key = keyOf(limit);
        const known = before.get(key);
        const period = limit.per === null ? 0 : PERIOD_MS[limit.per];
        return {
          index,
          key,
          limit,
          period,
          share: period / limit.most,
          ...compileNames(limit),
          names: known?.names ?? new Set(),
          lookedAt: known?.lookedAt ?? Number.NEGATIVE_INFINITY,
          others: known?.others ?? new LocalCounter(),
        };
      });
    },
    get isEmpty() {
      return lines.length === 0;
    },
    reached: (names, counted) => longestWait(placesOf(names, counted)),
    enter(names, counted) {
      const places = placesOf(names, counted);
      const reached = longestWait(places);
      if (reached !== null) return reached;
      for (const [at, place] of places.entries()) {
        if (take(place, counters)) continue;
        // Another process took the last of it in between.
        for (const taken of places.slice(0, at)) giveBack(taken);
        return reachedAt(place, Math.max(1, waitFor(place, counters.now())));
      }
      for (const { line, name, key, counter } of places) {
        if (line.limit.each !== null) list(line, name);
        counted.push({ key, running: line.limit.kind === 'concurrent' ? counter : null });
      }
      return null;
    },
    leave(counted) {
      for (const { running } of counted) running?.end();
    },
    addTokens(names, tokens) {
      for (const line of lines) {
        if (line.limit.kind !== 'tokens' || !line.fits(names)) continue;
        const name = line.nameOf(names);
        move(placeOf(line, name).counter, tokens * line.share, counters.now());
        if (line.limit.each !== null) list(line, name);
      }
    },
    states: () => lines.flatMap(statesOf),
  };

  /** Not more often than once a second: any number of names may come. */
  function forgetIdle(line: Line): void {
    const now = counters.now();
    if (now - line.lookedAt < LOOK_MS) return;
    line.lookedAt = now;
    statesOf(line);
  }

  function list(line: Line, name: string): void {
    if (line.names.has(name)) return;
    if (line.names.size >= MOST_LISTED) forgetIdle(line);
    if (line.names.size < MOST_LISTED) line.names.add(name);
  }
}

/** Whole milliseconds until a request may pass; 0: now. */
function waitFor({ line: { limit, period, share }, counter }: Place, now: number): number {
  if (limit.kind === 'concurrent') return counter.running() >= limit.most ? WAIT_FOR_AN_END_MS : 0;
  const wait = Math.max(counter.freeAt(), now) + share - now - period;
  return wait > TOLERANCE_MS ? Math.ceil(wait - TOLERANCE_MS) : 0;
}

/** Counts a request; false where another process has taken what was left. */
function take({ line: { limit, share, period }, counter }: Place, counters: Counters): boolean {
  switch (limit.kind) {
    case 'tokens':
      return true;
    case 'requests':
      return move(counter, share, counters.now(), period);
    case 'concurrent':
      // Begun before the others are read: of two that come for the last place, never do both get it.
      counter.begin();
      if (counter.running() <= limit.most) return true;
      counter.end();
      return false;
  }
}

function giveBack({ line: { limit, share }, counter }: Place): void {
  if (limit.kind === 'concurrent') counter.end();
  if (limit.kind === 'requests') move(counter, -share, 0);
}

/** Puts `ms` more of the period into use, unless more than `most` would be; false where it would. */
function move(counter: Counter, ms: number, now: number, most = Number.POSITIVE_INFINITY): boolean {
  for (;;) {
    const freeAt = counter.freeAt();
    const next = Math.max(freeAt, now) + ms;
    if (next - now - most > TOLERANCE_MS) return false;
    if (counter.setFreeAt(freeAt, next)) return true;
  }
}

function reachedAt({ line: { limit }, name }: Place, waitMs: number): ReachedLimit {
  return { limit, name, waitMs };
}

/**
 * Identifies a limit by what it limits, and how much of it passes in a period: a changed allowance begins anew, but what
 * runs goes on counting. A name may follow.
 */
function keyOf({ kind, most, per, each, agent, project, provider, model }: RateLimit): string {
  const size = kind === 'concurrent' ? null : most;
  return JSON.stringify([kind, size, per, each, agent, project, provider, model]);
}
