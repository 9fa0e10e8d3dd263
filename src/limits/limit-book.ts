// Which rate limits (`rate_limits`) a request counts towards, and whether they let it pass. Decisions are made from memory at
// once; where several processes serve, the counters are in memory that they share. Where several gateways count together,
// their server decides (docs/adr/0026), and the counters repeat what it says, to go on from that without it.
import type { RateLimit } from '../config/resolved.ts';
import type { RatePeriod } from '../config/schema.ts';
import { compileNames, type NameReader, type RequestNames } from '../model/request-names.ts';
import { type Counter, type Counters, LocalCounter } from './counters.ts';
import type { RemoteAnswer, RemoteCount, RemoteDebit, RemotePlace } from './remote-count.ts';

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
  /**
   * Takes no two limits for the same requests and period. What is in use of unchanged limits is kept, and what runs.
   * @param remote where other gateways count too; null: this one counts for itself.
   */
  configure(limits: readonly RateLimit[], remote?: RemoteCount | null): void;
  /** Whether there are any. */
  readonly isEmpty: boolean;
  /**
   * The limit that holds back a request with these names: of several, the one that does so longest; null: none does. Of what
   * other gateways count, it tells what was last heard.
   * @param counted towards what the request counts already: that does not hold it back.
   */
  reached(names: RequestNames, counted: readonly Count[]): ReachedLimit | null;
  /**
   * The same; null: the request passes, and what it counts towards has been added to `counted`. A promise only where others
   * are asked; it never rejects.
   */
  enter(names: RequestNames, counted: Count[]): ReachedLimit | null | Promise<ReachedLimit | null>;
  /** The request has ended. */
  leave(counted: readonly Count[]): void;
  /** Counts the tokens of an answer. */
  addTokens(names: RequestNames, tokens: number): void;
  /** In the order of the configuration; where each has the limit to itself, those who use some of it, most first. */
  states(): LimitState[] | Promise<LimitState[]>;
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

/** A line, and whose state of it is shown. */
type ShownPlace = Pick<Place, 'line' | 'name'>;

const PERIOD_MS: Readonly<Record<RatePeriod, number>> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** Milliseconds within which times count as equal: sums of fractions are not exact. */
export const TOLERANCE_MS = 0.001;

/** When to come back where too many requests run. */
const WAIT_FOR_AN_END_MS = 1_000;

/** Least time between two looks for names to forget. */
const LOOK_MS = 1_000;

/** Most names that are listed for a limit. */
const MOST_LISTED = 1_000;

export function createLimitBook(counters: Counters): LimitBook {
  let lines: Line[] = [];
  let remote: RemoteCount | null = null;

  /** Where the request would count that it does not count yet. */
  function placesOf(names: RequestNames, counted: readonly Count[], of = lines): Place[] {
    const places: Omit<Place, 'counter'>[] = [];
    for (const line of of) {
      if (!line.fits(names)) continue;
      const name = line.nameOf(names);
      const key = `${line.key}${name}`;
      if (!counted.some((count) => count.key === key)) places.push({ line, name, key });
    }
    const found = counters.get(places.map(({ key }) => key));
    return places.map((place, at) => ({ ...place, counter: found[at] ?? place.line.others }));
  }

  /** @param inUse of each place. */
  function longestWait(places: readonly Place[], inUse: readonly number[]): ReachedLimit | null {
    let longest: ReachedLimit | null = null;
    for (const [at, place] of places.entries()) {
      const wait = waitOf(place.line, inUse[at] ?? 0);
      if (wait === 0) continue;
      if (longest === null || wait > longest.waitMs) longest = reachedAt(place, wait);
    }
    return longest;
  }

  function longestWaitHere(places: readonly Place[]): ReachedLimit | null {
    const now = counters.now();
    return longestWait(
      places,
      places.map(({ line, counter }) => inUseOf(line, counter, now)),
    );
  }

  function enterHere(places: readonly Place[], counted: Count[]): ReachedLimit | null {
    const reached = longestWaitHere(places);
    if (reached !== null) return reached;
    for (const [at, place] of places.entries()) {
      if (take(place, counters)) continue;
      // Another process took the last of it in between.
      for (const taken of places.slice(0, at)) giveBack(taken);
      return reachedAt(
        place,
        Math.max(1, waitOf(place.line, inUseOf(place.line, place.counter, counters.now()))),
      );
    }
    note(places, counted);
    return null;
  }

  /** The server has decided. */
  function entered(
    places: readonly Place[],
    { passed, inUse }: RemoteAnswer,
    counted: Count[],
  ): ReachedLimit | null {
    const now = counters.now();
    for (const [at, { line, counter }] of places.entries()) {
      if (line.limit.kind === 'concurrent') {
        if (passed) counter.begin();
      } else if (counter !== line.others) {
        // Another process that was faster knows as much.
        counter.setFreeAt(counter.freeAt(), now + (inUse[at] ?? 0));
      }
    }
    if (passed) {
      note(places, counted);
      return null;
    }
    // Also of names that only other gateways have let pass, this one shows what is in use.
    for (const { line, name } of places) if (line.limit.each !== null) list(line, name);
    const [first] = places;
    return longestWait(places, inUse) ?? (first === undefined ? null : reachedAt(first, 1));
  }

  /** Of a request that has passed. */
  function note(places: readonly Place[], counted: Count[]): void {
    for (const { line, name, key, counter } of places) {
      if (line.limit.each !== null) list(line, name);
      counted.push({ key, running: line.limit.kind === 'concurrent' ? counter : null });
    }
  }

  /** The places that are shown: of a limit that each has to itself, those of the names that were seen. */
  function shownPlaces(): ShownPlace[] {
    return lines.flatMap((line) =>
      (line.limit.each === null ? [''] : [...line.names]).map((name) => ({ line, name })),
    );
  }

  function inUseHere({ line, name }: ShownPlace): number {
    const counter = counters.peek(`${line.key}${name}`);
    return counter === null ? 0 : inUseOf(line, counter, counters.now());
  }

  /** @param inUse of each place. Names of which nothing is in use are forgotten. */
  function statesOf(places: readonly ShownPlace[], inUse: readonly number[]): LimitState[] {
    const byLine = Map.groupBy(
      places.map((place, at) => ({ ...place, state: stateOf(place, inUse[at] ?? 0) })),
      ({ line }) => line,
    );
    return [...byLine].flatMap(([line, shown]) => {
      if (line.limit.each === null) return shown.map(({ state }) => state);
      for (const { name, state } of shown) if (state.used === 0) line.names.delete(name);
      return shown
        .map(({ state }) => state)
        .filter(({ used }) => used > 0)
        .sort((one, other) => other.used - one.used);
    });
  }

  return {
    configure(limits, count = null) {
      remote = count;
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
    reached: (names, counted) => longestWaitHere(placesOf(names, counted)),
    enter(names, counted) {
      const places = placesOf(names, counted);
      const asked = places.length === 0 ? undefined : remote?.enter(places.map(remotePlaceOf));
      if (asked == null) return enterHere(places, counted);
      return asked.then((answer) =>
        answer === null ? enterHere(places, counted) : entered(places, answer, counted),
      );
    },
    leave(counted) {
      for (const { running } of counted) running?.end();
      if (remote === null) return;
      const keys = counted.flatMap(({ key, running }) => (running === null ? [] : key));
      if (keys.length > 0) remote.leave(keys);
    },
    addTokens(names, tokens) {
      const ofTokens = lines.filter(({ limit }) => limit.kind === 'tokens');
      const debits = placesOf(names, [], ofTokens).map(({ line, name, key, counter }): RemoteDebit => {
        const ms = tokens * line.share;
        move(counter, ms, counters.now());
        if (line.limit.each !== null) list(line, name);
        return { key, ms };
      });
      if (debits.length > 0 && tokens > 0) remote?.addTokens(debits);
    },
    states() {
      const places = shownPlaces();
      const here = () => statesOf(places, places.map(inUseHere));
      const asked = places.length === 0 ? undefined : remote?.read(places.map(shownRemotely));
      return asked?.then((inUse) => (inUse === null ? here() : statesOf(places, inUse))) ?? here();
    },
  };

  /** Not more often than once a second: any number of names may come. */
  function forgetIdle(line: Line): void {
    const now = counters.now();
    if (now - line.lookedAt < LOOK_MS) return;
    line.lookedAt = now;
    const places = [...line.names].map((name) => ({ line, name }));
    statesOf(places, places.map(inUseHere));
  }

  function list(line: Line, name: string): void {
    if (line.names.has(name)) return;
    if (line.names.size >= MOST_LISTED) forgetIdle(line);
    if (line.names.size < MOST_LISTED) line.names.add(name);
  }
}

/** How many requests run, or milliseconds until nothing is in use any more. */
function inUseOf({ limit }: Line, counter: Counter, now: number): number {
  return limit.kind === 'concurrent' ? counter.running() : Math.max(0, counter.freeAt() - now);
}

/** Whole milliseconds until a request may pass; 0: now. */
function waitOf({ limit, period, share }: Line, inUse: number): number {
  if (limit.kind === 'concurrent') return inUse >= limit.most ? WAIT_FOR_AN_END_MS : 0;
  const wait = inUse + share - period;
  return wait > TOLERANCE_MS ? Math.ceil(wait - TOLERANCE_MS) : 0;
}

function stateOf({ line: { limit, index, share }, name }: ShownPlace, inUse: number): LimitState {
  const whose = limit.each === null ? {} : { [limit.each]: name };
  const used = limit.kind === 'concurrent' ? inUse : Math.ceil(inUse / share - 1e-6);
  return { index, limit: { ...limit, ...whose }, used: Math.max(0, used), isReached: used >= limit.most };
}

function remotePlaceOf({ line, key }: Pick<Place, 'line' | 'key'>): RemotePlace {
  const { limit, share, period } = line;
  return { key, kind: limit.kind, share, period, most: limit.most };
}

function shownRemotely({ line, name }: ShownPlace): RemotePlace {
  return remotePlaceOf({ line, key: `${line.key}${name}` });
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
