// Towards which rate limits (`rate_limits`) a request counts, and whether they let it pass. Decisions are made from memory, at once; where
// several processes serve, they share the memory with the counters. Where several gateways count together, their server decides
// (docs/adr/0026), and the counters copy what it says, so that counting can go on without it.
import type { RateLimit } from '../config/resolved.ts';
import type { RequestNames } from '../model/request-names.ts';
import type { Counter, Counters } from './counters.ts';
import { LimitLine, type LimitState } from './limit-line.ts';
import type { RemoteAnswer, RemoteCount, RemoteDebit } from './remote-count.ts';

/** A request's being counted towards a limit, which happens once, however many targets it is sent to. */
export interface Count {
  /** Identifies the limit, and the name that has it to itself. */
  key: string;
  /** To be told when the request ends; null if only its beginning counts. */
  running: Counter | null;
  /** When time by itself will have freed what the request took of a period, by the clock of the counters. */
  freeAt: number;
  /** The server that has counted it as well; null: this gateway counted it alone. */
  remote: RemoteCount | null;
}

/** The limit that holds a request back. */
export interface ReachedLimit {
  limit: RateLimit;
  /** The name that has reached it, if each name has the limit to itself; empty: requests without one, or everyone. */
  name: string;
  /**
   * Whole milliseconds until a request may pass, if no other comes first; for concurrent requests a guess, since nobody knows when one
   * ends.
   */
  waitMs: number;
}

/** A limit, whose it is, and the counter of what is in use. */
interface Place {
  line: LimitLine;
  name: string;
  key: string;
  counter: Counter;
}

/** A limit, and the name whose state is shown. */
type ShownPlace = Pick<Place, 'line' | 'name'>;

/** Least time between two searches for names to forget. */
const LOOK_MS = 1_000;

/** How many names are listed for a limit. */
const MOST_LISTED = 1_000;

export class LimitBook {
  private readonly counters: Counters;
  private lines: LimitLine[] = [];
  private remote: RemoteCount | null = null;

  constructor(counters: Counters) {
    this.counters = counters;
  }

  /**
   * No two limits may be for the same requests and period. What is in use of unchanged limits is kept, and what runs.
   * @param remote where other gateways count too; null: this one counts alone.
   */
  configure(limits: readonly RateLimit[], remote: RemoteCount | null = null): void {
    const before = new Map(this.lines.map((line) => [line.key, line]));
    this.remote = remote;
    this.lines = limits.map((limit, index) => new LimitLine(limit, index, before));
  }

  /** Whether there are any. */
  get isEmpty(): boolean {
    return this.lines.length === 0;
  }

  /**
   * The limit that holds back a request with these names (of several, the one that does so longest); null: none does. For what other
   * gateways count, it uses what was last heard.
   * @param counted towards what the request counts already, which does not hold it back.
   */
  reached(names: RequestNames, counted: readonly Count[]): ReachedLimit | null {
    return this.longestWaitHere(this.placesOf(names, counted));
  }

  /**
   * The same; null: the request passes, and what it counts towards has been added to `counted`. A promise only if the server is asked; it
   * never rejects.
   */
  enter(names: RequestNames, counted: Count[]): ReachedLimit | null | Promise<ReachedLimit | null> {
    const places = this.placesOf(names, counted);
    const { remote } = this;
    const asked =
      places.length === 0 ? undefined : remote?.enter(places.map(({ line, name }) => line.remotePlace(name)));
    if (asked == null) return this.enterHere(places, counted);
    return asked.then((answer) =>
      answer === null ? this.enterHere(places, counted) : this.entered(places, answer, counted, remote),
    );
  }

  /** Those of `counted` towards which a request with these names counts. */
  countsOf(names: RequestNames, counted: readonly Count[]): Count[] {
    if (counted.length === 0) return [];
    const keys = this.lines.flatMap((line) => (line.fits(names) ? line.keyFor(line.nameOf(names)) : []));
    return counted.filter(({ key }) => keys.includes(key));
  }

  /** The request has ended. */
  leave(counted: readonly Count[]): void {
    for (const { running } of counted) running?.end();
    if (this.remote === null) return;
    const keys = counted.flatMap(({ key, running }) => (running === null ? [] : key));
    if (keys.length > 0) this.remote.leave(keys);
  }

  /** The request is not sent after all, and counts towards none of these. */
  giveBack(counted: readonly Count[]): void {
    this.leave(counted);
    const debits: RemoteDebit[] = [];
    const now = this.counters.now();
    for (const { key, running, freeAt, remote } of counted) {
      // A limit that was removed from the configuration meanwhile counts nothing.
      const line = running === null ? this.lines.find((one) => key.startsWith(one.key)) : undefined;
      if (line?.limit.kind !== 'requests') continue;
      const [counter] = this.counters.get([key]);
      const ms = -line.giveBack(counter ?? line.others, freeAt - now);
      // Another server, or one that did not answer at the time, would subtract it from what others have used.
      if (ms < 0 && remote !== null && remote === this.remote) debits.push({ key, ms });
    }
    if (debits.length > 0) this.remote?.debit(debits);
  }

  /** Counts the tokens of an answer. */
  addTokens(names: RequestNames, tokens: number): void {
    const ofTokens = this.lines.filter(({ limit }) => limit.kind === 'tokens');
    const places = this.placesOf(names, [], ofTokens);
    const now = this.counters.now();
    const debits = places.map(({ line, name, key, counter }): RemoteDebit => {
      const ms = line.use(tokens, counter, now);
      if (line.limit.each !== null) this.list(line, name);
      return { key, ms };
    });
    if (debits.length > 0 && tokens > 0) this.remote?.debit(debits);
  }

  /** In the order of the configuration. If each name has the limit to itself: the names that use some of it, most first. */
  states(): LimitState[] | Promise<LimitState[]> {
    const places = this.shownPlaces();
    const here = () => this.statesHere(places);
    const asked =
      places.length === 0
        ? undefined
        : this.remote?.read(places.map(({ line, name }) => line.remotePlace(name)));
    return asked?.then((inUse) => (inUse === null ? here() : statesOf(places, inUse))) ?? here();
  }

  /** The places where the request would count and does not count yet. */
  private placesOf(names: RequestNames, counted: readonly Count[], lines = this.lines): Place[] {
    const places: Omit<Place, 'counter'>[] = [];
    for (const line of lines) {
      if (!line.fits(names)) continue;
      const name = line.nameOf(names);
      const key = line.keyFor(name);
      if (!counted.some((count) => count.key === key)) places.push({ line, name, key });
    }
    const counters = this.counters.get(places.map(({ key }) => key));
    return places.map((place, at) => ({ ...place, counter: counters[at] ?? place.line.others }));
  }

  private longestWaitHere(places: readonly Place[]): ReachedLimit | null {
    const now = this.counters.now();
    return longestWait(
      places,
      places.map(({ line, counter }) => line.inUse(counter, now)),
    );
  }

  private enterHere(places: readonly Place[], counted: Count[]): ReachedLimit | null {
    const reached = this.longestWaitHere(places);
    if (reached !== null) return reached;
    const { counters } = this;
    for (const [at, place] of places.entries()) {
      const { line, counter } = place;
      if (line.take(counter, counters.now())) continue;
      // Another process took the last of it in between.
      for (const taken of places.slice(0, at)) taken.line.giveBack(taken.counter);
      return reachedAt(place, Math.max(1, line.waitMs(line.inUse(counter, counters.now()))));
    }
    for (const place of places) counted.push(this.countAt(place, place.counter.freeAt(), null));
    return null;
  }

  /** Called when the server has decided. */
  private entered(
    places: readonly Place[],
    { passed, inUse }: RemoteAnswer,
    counted: Count[],
    remote: RemoteCount | null,
  ): ReachedLimit | null {
    const now = this.counters.now();
    for (const [at, { line, counter }] of places.entries()) {
      if (line.limit.kind === 'concurrent') {
        if (passed) counter.begin();
      } else if (counter !== line.others) {
        // If another process was faster, it wrote the same.
        counter.setFreeAt(counter.freeAt(), now + (inUse[at] ?? 0));
      }
    }
    if (passed) {
      for (const [at, place] of places.entries())
        counted.push(this.countAt(place, now + (inUse[at] ?? 0), remote));
      return null;
    }
    // Names that only other gateways have let pass are shown here as well.
    for (const { line, name } of places) if (line.limit.each !== null) this.list(line, name);
    const [first] = places;
    return longestWait(places, inUse) ?? (first === undefined ? null : reachedAt(first, 1));
  }

  /** How a request that has passed counts there. */
  private countAt({ line, name, key, counter }: Place, freeAt: number, remote: RemoteCount | null): Count {
    if (line.limit.each !== null) this.list(line, name);
    return { key, running: line.limit.kind === 'concurrent' ? counter : null, freeAt, remote };
  }

  /** The places that are shown; for a limit that each name has to itself, those of the names that were seen. */
  private shownPlaces(): ShownPlace[] {
    return this.lines.flatMap((line) =>
      (line.limit.each === null ? [''] : [...line.names]).map((name) => ({ line, name })),
    );
  }

  private statesHere(places: readonly ShownPlace[]): LimitState[] {
    const { counters } = this;
    return statesOf(
      places,
      places.map(({ line, name }) => {
        const counter = counters.peek(line.keyFor(name));
        return counter === null ? 0 : line.inUse(counter, counters.now());
      }),
    );
  }

  private list(line: LimitLine, name: string): void {
    if (line.names.has(name)) return;
    if (line.names.size >= MOST_LISTED) this.forgetIdle(line);
    if (line.names.size < MOST_LISTED) line.names.add(name);
  }

  /** At most once a second, since any number of names may come. */
  private forgetIdle(line: LimitLine): void {
    const now = this.counters.now();
    if (now - line.lookedAt < LOOK_MS) return;
    line.lookedAt = now;
    this.statesHere([...line.names].map((name) => ({ line, name })));
  }
}

/** @param inUse of each place. */
function longestWait(places: readonly Place[], inUse: readonly number[]): ReachedLimit | null {
  let longest: ReachedLimit | null = null;
  for (const [at, place] of places.entries()) {
    const wait = place.line.waitMs(inUse[at] ?? 0);
    if (wait === 0) continue;
    if (longest === null || wait > longest.waitMs) longest = reachedAt(place, wait);
  }
  return longest;
}

function reachedAt({ line: { limit }, name }: Place, waitMs: number): ReachedLimit {
  return { limit, name, waitMs };
}

/** @param inUse of each place. Names of which nothing is in use are forgotten. */
function statesOf(places: readonly ShownPlace[], inUse: readonly number[]): LimitState[] {
  const byLine = Map.groupBy(
    places.map(({ line, name }, at) => ({ line, name, state: line.state(name, inUse[at] ?? 0) })),
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
