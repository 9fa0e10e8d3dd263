// The counters of rate limits that several workers share: here in one process, over the same memory.
import { expect, test } from 'bun:test';
import type { RateLimit } from '../../src/config/resolved.ts';
import { MOST_COUNTERS } from '../../src/limits/counters.ts';
import { type Count, LimitBook } from '../../src/limits/limit-book.ts';
import {
  clearCounters,
  countersBytes,
  createSharedCounters,
  seedCounters,
} from '../../src/workers/shared-counters.ts';
import { countsTogether, MINUTE as LIMIT } from '../limits/counting-suite.ts';

const names = (projectId: string) => ({ agentType: null, projectId, provider: 'one', model: 'm' });

function begin(workers: number, limits: RateLimit[]) {
  const memory = new Uint8Array(countersBytes(workers));
  let now = 5_000;
  const books = Array.from({ length: workers }, (_, worker) => {
    const book = new LimitBook(createSharedCounters(memory, workers, worker, () => now));
    book.configure(limits);
    return book;
  });
  return {
    memory,
    books,
    wait: (ms: number) => {
      now += ms;
    },
  };
}

countsTogether('in shared memory', async (count, limits) => {
  const memory = new Uint8Array(countersBytes(count));
  seedCounters(memory);
  const books = Array.from(
    { length: count },
    (_, worker) => new LimitBook(createSharedCounters(memory, count, worker, () => performance.now())),
  );
  const configure = (changed: RateLimit[]) => {
    for (const book of books) book.configure(changed);
  };
  configure(limits);
  return {
    books,
    configure,
    settled: async () => {},
    end: async (index) => clearCounters(memory, count, index),
    async [Symbol.asyncDispose]() {},
  };
});

test('what one worker lets pass, the others count', () => {
  const { books, wait } = begin(3, [LIMIT]);
  let passed = 0;
  for (let n = 0; n < 60; n++) if (books[n % 3]?.enter(names('web'), []) === null) passed += 1;
  expect(passed).toBe(10);
  expect(books[0]?.enter(names('data'), [])).toBeNull();
  wait(6_000);
  expect(books[2]?.enter(names('web'), [])).toBeNull();
  expect(books[1]?.enter(names('web'), [])).toMatchObject({ waitMs: 6_000 });
});

test('tokens that one worker adds, the others count', () => {
  const { books } = begin(2, [{ ...LIMIT, kind: 'tokens', most: 100 }]);
  books[0]?.addTokens(names('web'), 250);
  expect(books[1]?.enter(names('web'), [])).toMatchObject({ waitMs: 90_600 });
});

test('requests of one worker that run, the others count until they end or that worker dies', () => {
  const { memory, books } = begin(2, [{ ...LIMIT, kind: 'concurrent', most: 2, per: null }]);
  const [one, other] = books;
  const counted: Count[] = [];
  expect(one?.enter(names('web'), counted)).toBeNull();
  expect(other?.enter(names('web'), [])).toBeNull();
  expect(one?.enter(names('web'), [])).not.toBeNull();
  expect(other?.enter(names('web'), [])).not.toBeNull();
  one?.leave(counted);
  expect(other?.enter(names('web'), [])).toBeNull();
  expect(one?.enter(names('web'), [])).not.toBeNull();
  clearCounters(memory, 2, 1);
  expect(one?.enter(names('web'), [])).toBeNull();
  expect(one?.states()).toMatchObject([{ used: 1 }]);
});

test('a place that another worker takes in between leaves nothing of the request that is refused', () => {
  const memory = new Uint8Array(countersBytes(2));
  const running: RateLimit = { ...LIMIT, kind: 'concurrent', most: 1, per: null };
  const other = new LimitBook(createSharedCounters(memory, 2, 1, () => 0));
  other.configure([running]);
  const counters = createSharedCounters(memory, 2, 0, () => 0);
  const one = new LimitBook({
    ...counters,
    get: (keys) =>
      counters.get(keys).map((counter) => {
        if (counter === null) return null;
        const setFreeAt = (expected: number, next: number) => {
          // The request has been found to pass, and the first limit is being counted.
          if (next > expected) expect(other.enter(names('web'), [])).toBeNull();
          return counter.setFreeAt(expected, next);
        };
        return { ...counter, setFreeAt };
      }),
  });
  one.configure([LIMIT, running]);
  const counted: Count[] = [];
  expect(one.enter(names('web'), counted)).toMatchObject({ limit: running, waitMs: 1_000 });
  expect(counted).toEqual([]);
  // All ten of the other limit are still there.
  const fresh = new LimitBook(counters);
  fresh.configure([LIMIT, running]);
  clearCounters(memory, 2, 1);
  let passed = 0;
  for (let n = 0; n < 20; n++) {
    const held: Count[] = [];
    if (fresh.enter(names('web'), held) === null) passed += 1;
    fresh.leave(held);
  }
  expect(passed).toBe(10);
});

test('names of which nothing is in use make room; those of others stay', () => {
  const { books, wait } = begin(2, [LIMIT]);
  const [one, other] = books;
  for (let n = 0; n < MOST_COUNTERS / 2; n++) one?.enter(names(`p${n}`), []);
  wait(3_000);
  for (let n = 0; n < 10; n++) other?.enter(names('busy'), []);
  wait(4_000);
  // All of the first are over by now; ten times as many come as there is room for.
  for (let n = 0; n < 10 * MOST_COUNTERS; n++) {
    one?.enter(names(`q${n}`), []);
    if (n % 100 === 0) wait(1_000);
    if (n % 500 === 0) other?.enter(names('busy'), []);
  }
  expect(one?.reached(names('busy'), [])).toEqual(other?.reached(names('busy'), []) ?? null);
});

test('where there is no room, names count together, so that nobody goes without a limit', () => {
  const { books } = begin(1, [LIMIT]);
  const [book] = books;
  let passed = 0;
  for (let n = 0; n < 3 * MOST_COUNTERS; n++) if (book?.enter(names(`p${n}`), []) === null) passed += 1;
  expect(passed).toBeWithin(MOST_COUNTERS / 2, MOST_COUNTERS + 11);
});

test('the names of one request are counted apart, also where their places begin at the same one', () => {
  const counters = createSharedCounters(new Uint8Array(countersBytes(1)), 1, 0, () => 0);
  // Of so many pairs some do.
  for (let n = 0; n < 20 * MOST_COUNTERS; n++) {
    const [one, other] = counters.get([`one ${n}`, `other ${n}`]);
    one?.begin();
    if (other?.running() !== 0) throw new Error(`pair ${n} shares a counter`);
    one?.end();
  }
});

test('which names are in the way of another cannot be foretold: it differs from gateway to gateway', () => {
  /** The first name for which there is no room. */
  const firstLeftOut = (seeded: boolean) => {
    const memory = new Uint8Array(countersBytes(1));
    if (seeded) seedCounters(memory);
    const counters = createSharedCounters(memory, 1, 0, () => 0);
    for (let n = 0; n <= MOST_COUNTERS; n++) {
      const [counter] = counters.get([`p${n}`]);
      if (counter == null) return n;
      counter.setFreeAt(0, 1_000);
    }
    throw new Error('there is room for more names than places');
  };
  expect(firstLeftOut(false)).toBe(firstLeftOut(false));
  const seeds = Array.from({ length: 20 }, () => firstLeftOut(true));
  expect(new Set(seeds).size).toBeGreaterThan(1);
});
