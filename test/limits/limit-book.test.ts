// What rate limits count, with a clock turned by hand: the arithmetic, any number of names, and many requests at once.
import { describe, expect, test } from 'bun:test';
import type { RateLimit } from '../../src/config/resolved.ts';
import { type Counter, createLocalCounters, MOST_COUNTERS } from '../../src/limits/counters.ts';
import { type Count, LimitBook } from '../../src/limits/limit-book.ts';
import { formatLimit, formatReachedLimit } from '../../src/limits/format-limit.ts';
import type { RemoteCount, RemoteDebit } from '../../src/limits/remote-count.ts';
import { atOnce } from '../support/at-once.ts';

const MINUTE: RateLimit = {
  kind: 'requests',
  most: 60,
  per: 'minute',
  each: null,
  agent: null,
  project: null,
  provider: null,
  model: null,
};
const WHO = { agentType: 'coder', projectId: 'web', provider: 'one', model: 'm' };

function begin(...limits: RateLimit[]) {
  let now = 1_000_000;
  const book = new LimitBook(createLocalCounters(() => now));
  book.configure(limits);
  return {
    book,
    wait: (ms: number) => {
      now += ms;
    },
    enter: (names: Partial<typeof WHO> = {}, counted: Count[] = []) =>
      atOnce(book.enter({ ...WHO, ...names }, counted)),
    used: () => atOnce(book.states()).map(({ used }) => used),
  };
}

describe('requests', () => {
  test('all of the allowance may come at once, and it comes back evenly', () => {
    const { enter, wait, used } = begin(MINUTE);
    for (let n = 0; n < 60; n++) expect(enter()).toBeNull();
    expect(enter()?.waitMs).toBe(1_000);
    wait(10_000);
    expect(used()).toEqual([50]);
    for (let n = 0; n < 10; n++) expect(enter()).toBeNull();
    expect(enter()?.waitMs).toBe(1_000);
    wait(3_600_000);
    expect(used()).toEqual([0]);
  });

  test('of a request that is not sent after all, what time has freed already is not given back once more', () => {
    const { book, enter, wait } = begin({ ...MINUTE, most: 1, per: 'second' });
    const counted: Count[] = [];
    expect(enter({}, counted)).toBeNull();
    // It waits for room at its provider, which comes to nothing.
    wait(5_000);
    expect(enter()).toBeNull();
    book.giveBack(counted);
    expect(enter()?.waitMs).toBe(1_000);
  });

  test('and where time has freed a part of it, only the rest is', () => {
    const { book, enter, wait } = begin({ ...MINUTE, most: 2, per: 'second' });
    const counted: Count[] = [];
    expect(enter({}, counted)).toBeNull();
    wait(400);
    expect(enter()).toBeNull();
    book.giveBack(counted);
    expect(enter()).toBeNull();
    expect(enter()?.waitMs).toBe(500);
  });

  // Fractions of a millisecond must not add up to a request more or less.
  test.each([1, 3, 7, 11, 997, 100_003])('%d at once, not one more or less', (most) => {
    const { enter } = begin({ ...MINUTE, most });
    let passed = 0;
    while (enter() === null) passed += 1;
    expect(passed).toBe(most);
  });

  test.each(['second', 'minute', 'hour', 'day'] as const)('a %s', (per) => {
    const { enter } = begin({ ...MINUTE, most: 1, per });
    expect(enter()).toBeNull();
    const periods = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };
    expect(enter()?.waitMs).toBe(periods[per]);
  });

  test('one that is refused by one limit counts towards no other', () => {
    const { enter, used } = begin(MINUTE, { ...MINUTE, most: 1, project: 'web' });
    enter();
    expect(enter()).not.toBeNull();
    expect(used()).toEqual([1, 1]);
    expect(enter({ projectId: 'other' })).toBeNull();
    expect(used()).toEqual([2, 1]);
  });

  test('a model is the same in any capitals, other names are not', () => {
    const { enter } = begin({ ...MINUTE, most: 1, model: 'Fast-*' }, { ...MINUTE, most: 1, project: 'Web' });
    expect(enter({ model: 'fast-1' })).toBeNull();
    expect(enter({ model: 'FAST-2' })).not.toBeNull();
    expect(enter({ projectId: 'Web', model: 'm' })).toBeNull();
    expect(enter({ projectId: 'web', model: 'm' })).toBeNull();
  });

  test('the same request passes again, though the limit is reached by itself', () => {
    const { book, enter, used } = begin({ ...MINUTE, most: 1 });
    const counted: Count[] = [];
    expect(enter({}, counted)).toBeNull();
    expect(enter({ provider: 'two' }, counted)).toBeNull();
    expect(book.reached(WHO, counted)).toBeNull();
    expect(book.reached(WHO, [])).not.toBeNull();
    expect(used()).toEqual([1]);
  });
});

test('tokens that were more than was left are paid for by waiting', () => {
  const { book, enter, wait, used } = begin({ ...MINUTE, kind: 'tokens', most: 1_000 });
  expect(enter()).toBeNull();
  book.addTokens(WHO, 5_000);
  expect(used()).toEqual([5_000]);
  expect(enter()?.waitMs).toBe(4 * 60_000 + 60);
  wait(4 * 60_000);
  expect(enter()).not.toBeNull();
  wait(60);
  expect(enter()).toBeNull();
});

describe('at the same time', () => {
  const TEN: RateLimit = { ...MINUTE, kind: 'concurrent', most: 10, per: null, each: 'agent' };

  test('thousands that end in any order leave nothing behind', () => {
    const { book, enter } = begin(TEN);
    const running: Count[][] = [];
    let refused = 0;
    for (let n = 0; n < 50_000; n++) {
      const counted: Count[] = [];
      if (enter({ agentType: `agent ${n % 7}` }, counted) !== null) refused += 1;
      else running.push(counted);
      expect(atOnce(book.states()).every(({ used }) => used <= 10)).toBe(true);
      // For a while none ends, then more than begin.
      const ending = n % 200 < 100 ? 0 : 3;
      for (let k = 0; k < ending; k++) {
        const [ended] = running.splice((n * 31) % Math.max(1, running.length), 1);
        if (ended !== undefined) book.leave(ended);
      }
    }
    for (const counted of running) book.leave(counted);
    expect(refused).toBeGreaterThan(0);
    expect(atOnce(book.states())).toEqual([]);
  });
});

describe('names that clients choose', () => {
  test('those of which nothing is in use make room for others', () => {
    const { book, enter, wait } = begin({ ...MINUTE, most: 1, each: 'project' });
    for (let n = 0; n < MOST_COUNTERS; n++) expect(enter({ projectId: `p${n}` })).toBeNull();
    expect(atOnce(book.states()).length).toBeLessThanOrEqual(1_000);
    // Of further ones, all together have one allowance; those known before keep theirs.
    expect(enter({ projectId: 'more' })).toBeNull();
    expect(enter({ projectId: 'still more' })).not.toBeNull();
    expect(enter({ projectId: 'p0' })).not.toBeNull();
    wait(60_000);
    expect(enter({ projectId: 'more' })).toBeNull();
    expect(enter({ projectId: 'still more' })).toBeNull();
    expect(enter({ projectId: 'more' })).not.toBeNull();
    expect(atOnce(book.states()).map(({ limit }) => limit.project)).toEqual(['more', 'still more']);
  });
});

test('a configuration that names the same limits again changes nothing of what is in use, and of who uses it', () => {
  const each: RateLimit = { ...MINUTE, most: 1, each: 'project' };
  const { book, enter } = begin(each);
  for (let n = 0; n < MOST_COUNTERS; n++) enter({ projectId: `p${n}` });
  // Of those for which there is no counter, all together have one allowance.
  expect(enter({ projectId: 'more' })).toBeNull();
  const before = atOnce(book.states());
  expect(before).not.toEqual([]);
  book.configure([each]);
  expect(atOnce(book.states())).toEqual(before);
  expect(enter({ projectId: 'still more' })).not.toBeNull();
});

describe('the server that counts for several gateways', () => {
  /** A server that lets all pass. */
  function serverOf() {
    const debits: RemoteDebit[] = [];
    const remote: RemoteCount = {
      enter: async (places) => ({ passed: true, inUse: places.map(({ share }) => share) }),
      leave() {},
      debit: (given) => void debits.push(...given),
      read: () => null,
      close: async () => {},
    };
    return { remote, debits };
  }

  test('is told of a request that is not sent after all where it has counted it, and no other is', async () => {
    const { book } = begin();
    const [one, other] = [serverOf(), serverOf()];
    book.configure([MINUTE], one.remote);
    const [kept, moved]: Count[][] = [[], []];
    for (const counted of [kept, moved]) expect(await book.enter(WHO, counted ?? [])).toBeNull();
    book.giveBack(kept ?? []);
    expect(one.debits).toMatchObject([{ ms: -1_000 }]);
    book.configure([MINUTE], other.remote);
    book.giveBack(moved ?? []);
    expect([one.debits.length, other.debits.length]).toEqual([1, 0]);
  });

  test('is told of an answer’s tokens, and nothing where it has none', () => {
    const { book } = begin();
    const { remote, debits } = serverOf();
    book.configure([{ ...MINUTE, kind: 'tokens' }], remote);
    book.addTokens(WHO, 0);
    expect(debits).toEqual([]);
    book.addTokens(WHO, 3);
    expect(debits).toMatchObject([{ ms: 3_000 }]);
  });

  test('refuses also where by its numbers the request might pass a moment later', async () => {
    const { book } = begin();
    const { remote } = serverOf();
    const enter: RemoteCount['enter'] = async (places) => ({ passed: false, inUse: places.map(() => 0) });
    book.configure([MINUTE], { ...remote, enter });
    const counted: Count[] = [];
    expect(await book.enter(WHO, counted)).toMatchObject({ limit: MINUTE, waitMs: 1 });
    expect(counted).toEqual([]);
  });

  test('makes known whom it refuses, though this gateway has let none of them pass', async () => {
    const { book } = begin();
    const { remote } = serverOf();
    const inUse = 60_000;
    const enter: RemoteCount['enter'] = async (places) => ({ passed: false, inUse: places.map(() => inUse) });
    const read: RemoteCount['read'] = async (places) => places.map(() => inUse);
    book.configure([{ ...MINUTE, most: 1, each: 'project' }], { ...remote, enter, read });
    expect(await book.enter(WHO, [])).not.toBeNull();
    expect(await book.states()).toMatchObject([{ limit: { project: 'web' }, used: 1, isReached: true }]);
  });

  test('says nothing of the others by a name that has no room here', async () => {
    const each: RateLimit = { ...MINUTE, most: 1, each: 'project' };
    const { book, enter } = begin(each);
    for (let n = 0; n < MOST_COUNTERS; n++) enter({ projectId: `p${n}` });
    let answers = true;
    const remote: RemoteCount = {
      ...serverOf().remote,
      enter: (places) =>
        answers ? Promise.resolve({ passed: true, inUse: places.map(() => 60_000) }) : null,
    };
    book.configure([each], remote);
    expect(await book.enter({ ...WHO, projectId: 'more' }, [])).toBeNull();
    answers = false;
    expect(await book.enter({ ...WHO, projectId: 'still more' }, [])).toBeNull();
    expect(await book.enter({ ...WHO, projectId: 'and more' }, [])).not.toBeNull();
  });
});

test('what runs keeps its place, however many names come', () => {
  let now = 1_000_000;
  const counters = createLocalCounters(() => now);
  const [running] = counters.get(['running']);
  running?.begin();
  for (let n = 0; n < 2 * MOST_COUNTERS; n++) {
    now += 1;
    counters.get([`name ${n}`]);
  }
  expect(counters.peek('running')?.running()).toBe(1);
});

test('of names that have a limit to themselves those that use most are listed first', () => {
  const { book, enter } = begin({ ...MINUTE, each: 'project' });
  for (const projectId of ['one', 'three', 'three', 'two', 'three', 'two']) enter({ projectId });
  expect(atOnce(book.states()).map(({ limit, used }) => [limit.project, used])).toEqual([
    ['three', 3],
    ['two', 2],
    ['one', 1],
  ]);
});

describe('another process takes the last place after this one has looked', () => {
  /**
   * Two processes with a limit on `web` that lets one request in, and a wide one beside it.
   * @param isShort the other's request is over before this one knows how long to wait.
   */
  function race(wide: RateLimit, narrow: RateLimit, isShort = false) {
    const local = createLocalCounters(() => 1_000_000);
    let other: (() => void) | undefined;
    const takeFirst = () => {
      other?.();
      other = undefined;
    };
    /** As in shared memory: a place may be gone when it is to be counted. */
    const contested = (counter: Counter): Counter => ({
      freeAt: () => counter.freeAt(),
      running: () => counter.running(),
      end() {
        counter.end();
        if (isShort) there.leave(counted.splice(0));
      },
      setFreeAt(expected, next) {
        takeFirst();
        return counter.freeAt() === expected && counter.setFreeAt(expected, next);
      },
      begin() {
        takeFirst();
        counter.begin();
      },
    });
    const get = (keys: readonly string[]) =>
      local
        .get(keys)
        .map((counter, at) => counter && (keys[at]?.includes('web') ? contested(counter) : counter));
    const [here, there] = [new LimitBook({ ...local, get }), new LimitBook(local)];
    const counted: Count[] = [];
    here.configure([wide, narrow]);
    there.configure([narrow]);
    other = () => expect(there.enter(WHO, counted)).toBeNull();
    return { here, refused: here.enter(WHO, []), leaveThere: () => there.leave(counted) };
  }

  const WIDE = { requests: MINUTE, concurrent: { ...MINUTE, kind: 'concurrent', per: null } } as const;

  test.each([
    ['requests', 'requests', 60_000],
    ['requests', 'concurrent', 1_000],
    ['concurrent', 'requests', 60_000],
    ['concurrent', 'concurrent', 1_000],
  ] as const)('%s beside %s: it is refused, and counts nowhere', (wide, narrow, waitMs) => {
    const limit: RateLimit = { ...WIDE[narrow], most: 1, project: 'web' };
    const { here, refused, leaveThere } = race(WIDE[wide], limit);
    expect(refused).toEqual({ limit, name: '', waitMs });
    expect(atOnce(here.states()).map(({ used }) => used)).toEqual([0, 1]);
    leaveThere();
    expect(atOnce(here.states()).map(({ used }) => used)).toEqual([0, narrow === 'requests' ? 1 : 0]);
  });

  test('and leaves it at once: it is refused all the same, for a moment', () => {
    const limit: RateLimit = { ...WIDE.concurrent, most: 1, project: 'web' };
    const { here, refused } = race(WIDE.requests, limit, true);
    expect(refused).toEqual({ limit, name: '', waitMs: 1 });
    expect(atOnce(here.states()).map(({ used }) => used)).toEqual([0, 0]);
  });
});

test('a flood of new names does not have all known ones looked at for each of them', () => {
  const counters = createLocalCounters(() => 0);
  let looks = 0;
  const peek = (name: string) => {
    looks += 1;
    return counters.peek(name);
  };
  const book = new LimitBook({ ...counters, peek });
  book.configure([{ ...MINUTE, each: 'project' }]);
  for (let n = 0; n < 4_000; n++) book.enter({ ...WHO, projectId: `p${n}` }, []);
  expect(looks).toBeLessThanOrEqual(1_000);
});

test('names that a request is about to be counted under do not make room for each other', () => {
  const counters = createLocalCounters(() => 0);
  counters.get(Array.from({ length: MOST_COUNTERS - 1 }, (_, n) => `idle ${n}`));
  const [one] = counters.get(['one', 'other']);
  one?.begin();
  expect(['one', 'other'].map((name) => counters.peek(name)?.running())).toEqual([1, 0]);
});

test('a rate limit in words, and one that is reached', () => {
  expect(formatLimit(MINUTE)).toBe('60 requests a minute');
  expect(formatLimit({ ...MINUTE, most: 1, per: 'hour', agent: 'code-*' })).toBe(
    '1 request an hour, agent code-*',
  );
  const each: RateLimit = { ...MINUTE, kind: 'concurrent', per: null, each: 'project', project: 'w*' };
  expect(formatLimit(each)).toBe('60 requests at once, each project w*');
  expect(formatReachedLimit(each, 'web')).toBe('60 requests at once, project web');
  expect(formatReachedLimit({ ...each, kind: 'tokens', per: 'day' }, '')).toBe(
    '60 tokens a day, project without a name',
  );
});
