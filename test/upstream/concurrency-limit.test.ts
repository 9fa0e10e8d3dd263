// A limit of concurrency by itself: when it grows, who goes first, and what those hear who are not let in.
import { expect, test } from 'bun:test';
import {
  ConcurrencyLimit,
  type ConcurrencySettings,
  type LimitPeers,
  type Shed,
  type Slot,
} from '../../src/upstream/concurrency-limit.ts';
import { Cancellation } from '../../src/upstream/cancellation.ts';
import { createManualTimers } from '../support/manual-timers.ts';

const TEN: ConcurrencySettings = { max: 10, min: 1, queue: 10, queueTimeoutMs: 1_000_000 };
const ONE: ConcurrencySettings = { ...TEN, max: 1 };

function setup(peers?: LimitPeers) {
  const timers = createManualTimers();
  const limit = new ConcurrencyLimit(timers, peers);
  const acquire = (settings = TEN) => limit.acquire(settings, new Cancellation());
  /** So many places, all free. */
  const take = (count: number, settings = TEN): Slot[] =>
    Array.from({ length: count }, () => slotOf(acquire(settings)));
  /** So many at once that are answered after so long. */
  const serve = async (count: number, ms: number) => {
    const slots = take(count);
    await timers.advance(ms);
    for (const slot of slots) {
      slot.spoke();
      slot.succeeded();
    }
    for (const slot of slots) slot.release();
  };
  /** Ten at once, and the provider refuses one: seven are left. */
  const cut = () => {
    const slots = take(10);
    slots[0]?.congested();
    for (const slot of slots) slot.release();
    expect(limit.limit(TEN)).toBe(7);
  };
  return { timers, limit, acquire, take, serve, cut };
}

function slotOf(given: Slot | Shed | Promise<Slot | Shed>): Slot {
  if (given instanceof Promise || 'shed' in given) throw new Error('no place was free');
  return given;
}

function shedOf(given: Slot | Shed | Promise<Slot | Shed>): Shed {
  if (given instanceof Promise || !('shed' in given)) throw new Error('it was let in, or waits');
  return given;
}

test('a limit that was cut grows while half of it and more is asked at once, not while less is', async () => {
  const { limit, cut, serve } = setup();
  cut();
  for (let round = 0; round < 30; round++) await serve(3, 10);
  expect(limit.adapted()).toBe(7);
  for (let round = 0; round < 30; round++) await serve(5, 10);
  expect(limit.limit(TEN)).toBe(10);
});

test('it is cut once for all that were let in before, and again for those after', () => {
  const { limit, take } = setup();
  const slots = take(10);
  slots[0]?.congested();
  expect(limit.limit(TEN)).toBe(7);
  for (const slot of slots) slot.congested();
  expect(limit.limit(TEN)).toBe(7);
  for (const slot of slots) slot.release();
  const later = take(7);
  later[0]?.congested();
  expect(limit.limit(TEN)).toBe(4);
});

test('it is cut from how many there were, where that is far below it', () => {
  const { limit, take } = setup();
  take(4)[0]?.congested();
  expect(limit.limit(TEN)).toBe(2);
});

test('it does not grow while answers begin much later than they used to', async () => {
  const { limit, cut, serve, take, timers } = setup();
  for (let round = 0; round < 10; round++) await serve(10, 10);
  cut();
  // Three of seven are too few to cut the limit for it.
  const slots = take(3);
  await timers.advance(1_000);
  for (const slot of slots) slot.spoke();
  expect(limit.adapted()).toBe(7);
  slots.push(...take(4));
  for (const slot of slots) slot.succeeded();
  expect(limit.adapted()).toBe(7);
});

test('it grows by one for as many answers as it lets in at once, and other processes hear of whole requests alone', async () => {
  const reported: (number | null)[] = [];
  const { limit, cut, serve } = setup({
    room: undefined,
    adapted: (to) => reported.push(to && Math.floor(to)),
    freed() {},
  });
  cut();
  await serve(7, 10);
  expect(limit.adapted()).toBeCloseTo(7.9, 1);
  expect(reported).toEqual([7]);
  await serve(7, 10);
  expect(reported).toEqual([7, 8]);
});

test('nothing is left of a cut once the limit has grown back: a higher one holds at once', async () => {
  const { limit, cut, serve } = setup();
  cut();
  for (let round = 0; round < 30; round++) await serve(5, 10);
  expect(limit.adapted()).toBeNull();
  expect(limit.limit({ ...TEN, max: 20 })).toBe(20);
});

test.each([
  ['begin more than twice as late as they used to: a tenth less', 20, 120, 9],
  ['begin somewhat later', 20, 100, 10],
  ['were too few to say what is usual', 18, 120, 10],
])('the limit where answers %s', async (_, before, ms, expected) => {
  const { limit, take, serve, timers } = setup();
  await serve(before / 2, 10);
  await serve(before / 2, 10);
  const slots = take(10);
  await timers.advance(ms);
  slots[0]?.spoke();
  expect(limit.limit(TEN)).toBe(expected);
});

/** Another process: comes to the last place in the very moment in which this one does, and leaves it again. */
function another() {
  let elsewhere = 0;
  let comes = false;
  const waiting: number[] = [];
  const room = {
    setInFlight(count: number) {
      if (comes && count === 1) elsewhere = 1;
    },
    setWaiting: (count: number) => void waiting.push(count),
    othersInFlight: () => elsewhere,
    othersWaiting: () => 0,
    setProbing: () => false,
  };
  return {
    peers: { room, adapted() {}, freed() {} },
    /** How many this process has told it to wait here. */
    waiting,
    comes() {
      comes = true;
    },
    leaves() {
      comes = false;
      elsewhere = 0;
    },
  };
}

test('of two processes that come to the last place at once neither keeps it, and who looks again finds it free', async () => {
  const other = another();
  const { limit, acquire, timers } = setup(other.peers);
  other.comes();
  const given = acquire(ONE);
  expect([limit.inFlight(), limit.queued()]).toEqual([0, 1]);
  other.leaves();
  await timers.advance(1);
  slotOf(await given);
  expect([limit.inFlight(), limit.queued()]).toEqual([1, 0]);
});

test('so it is where one waits here for a place that has just become free', async () => {
  const other = another();
  const { take, acquire, timers } = setup(other.peers);
  const [first] = take(1, ONE);
  const given = acquire(ONE);
  await timers.advance(10);
  other.comes();
  first?.release();
  other.leaves();
  await timers.advance(1);
  slotOf(await given);
  expect(other.waiting).toEqual([1, 0]);
});

test('who looks again takes no place that the other process has kept', async () => {
  const other = another();
  const { limit, acquire, timers } = setup(other.peers);
  other.comes();
  void acquire(ONE);
  await timers.advance(10);
  expect([limit.inFlight(), limit.queued()]).toEqual([0, 1]);
});

test('who comes does not overtake those who wait, though a place has just become free elsewhere', async () => {
  let elsewhere = 1;
  const { acquire, timers } = setup({
    room: {
      setInFlight() {},
      setWaiting() {},
      othersInFlight: () => elsewhere,
      othersWaiting: () => 0,
      setProbing: () => false,
    },
    adapted() {},
    freed() {},
  });
  const entered: string[] = [];
  const enter = (name: string) =>
    Promise.resolve(acquire(ONE)).then((given) => {
      entered.push(name);
      return slotOf(given);
    });
  const first = enter('first');
  elsewhere = 0;
  const second = enter('second');
  await timers.advance(10);
  expect(entered).toEqual(['first']);
  (await first).release();
  await second;
  expect(entered).toEqual(['first', 'second']);
});

test('a place is given back once', () => {
  const { limit, take } = setup();
  const [slot] = take(2);
  slot?.release();
  slot?.release();
  expect(limit.inFlight()).toBe(1);
});

test.each([
  ['a second at least', 0, 0, 1_000],
  ['as long as places are held lately', 30_000, 0, 3_000],
  ['so long for each who waits already', 30_000, 2, 9_000],
  ['a minute at most', 10_000_000, 0, 60_000],
])('who is not let in may come again after %s', async (_, heldMs, waiting, expected) => {
  const { acquire, take, timers } = setup();
  const full = { ...ONE, queue: waiting };
  const [slot] = take(1, full);
  await timers.advance(heldMs);
  slot?.release();
  take(1, full);
  for (let waits = 0; waits < waiting; waits++) acquire(full);
  expect(shedOf(acquire(full)).retryAfterMs).toBe(expected);
});

test('how long places are held is a mean of many', async () => {
  const { acquire, take, timers } = setup();
  const full = { ...ONE, queue: 0 };
  for (const heldMs of [30_000, 10_000]) {
    const [slot] = take(1, full);
    await timers.advance(heldMs);
    slot?.release();
  }
  take(1, full);
  expect(shedOf(acquire(full)).retryAfterMs).toBe(3_700);
});

test('who has left already takes no place', () => {
  const { limit } = setup();
  const gone = new Cancellation();
  gone.abort(new Error('left'));
  expect(() => limit.acquire(TEN, gone)).toThrow('left');
  expect(limit.inFlight()).toBe(0);
});

test('who leaves while waiting hears why, and takes no place later', async () => {
  const { limit, take } = setup();
  const [first] = take(1, ONE);
  const client = new Cancellation();
  const waiting = Promise.resolve(limit.acquire(ONE, client));
  client.abort(new Error('left'));
  await expect(waiting).rejects.toThrow('left');
  first?.release();
  expect([limit.inFlight(), limit.queued()]).toEqual([0, 0]);
});

test('a higher limit lets in who waits, as soon as it is configured', async () => {
  const { limit, take, acquire } = setup();
  take(1, ONE);
  const waiting = acquire(ONE);
  limit.configure({ ...ONE, max: 2 });
  slotOf(await waiting);
  expect([limit.inFlight(), limit.queued()]).toEqual([2, 0]);
});

test('a limit between two numbers lets in the lower one', () => {
  const { limit, take, acquire } = setup();
  limit.adopt(2.5);
  expect(limit.limit(TEN)).toBe(2);
  take(2);
  expect(acquire()).toBeInstanceOf(Promise);
});

test('what was let in before another process cut the limit says nothing about the one it found', () => {
  const { limit, take } = setup();
  const [slot] = take(10);
  limit.adopt(7);
  slot?.congested();
  expect(limit.adapted()).toBe(7);
});

test('the time to wait does not run out while the process is stopped, as those who have the places are too', async () => {
  const { take, acquire, timers } = setup();
  const [first] = take(1, ONE);
  const waiting = acquire({ ...ONE, queueTimeoutMs: 10_000 });
  await timers.advance(1_000);
  timers.standStill(3_600_000);
  await timers.advance(9_000);
  first?.release();
  slotOf(await waiting).release();
  take(1, ONE);
  const late = acquire({ ...ONE, queueTimeoutMs: 10_000 });
  timers.standStill(3_600_000);
  await timers.advance(10_000);
  expect(shedOf(await late).shed).toBe('late');
});

test('the time to wait runs out where every timer is late, as with too much to do', async () => {
  const { take, acquire, timers } = setup();
  take(1, ONE);
  let given: Slot | Shed | null = null;
  void Promise.resolve(acquire({ ...ONE, queueTimeoutMs: 10_000 })).then((it) => {
    given = it;
  });
  for (const isOver of [false, true]) {
    timers.standStill(11_000);
    await timers.advance(0);
    expect(given !== null).toBe(isOver);
  }
  expect(given).toMatchObject({ shed: 'late' });
});

test('who waited too long takes no place later', async () => {
  const { limit, take, acquire, timers } = setup();
  const [first] = take(1, ONE);
  const waiting = acquire({ ...ONE, queueTimeoutMs: 100 });
  expect(limit.queued()).toBe(1);
  await timers.advance(100);
  expect(shedOf(await waiting).shed).toBe('late');
  expect(limit.queued()).toBe(0);
  first?.release();
  expect(limit.inFlight()).toBe(0);
});

test('without a limit everybody is let in, also while the provider refuses some, and none is reported', () => {
  const { limit, take } = setup();
  const unlimited = { ...TEN, max: null };
  const slots = take(100, unlimited);
  slots[0]?.congested();
  expect(limit.adapted()).toBeNull();
  take(100, unlimited);
  expect([limit.inFlight(), limit.limit(unlimited)]).toEqual([200, null]);
});
