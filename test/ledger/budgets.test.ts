// How budgets are counted: by calendar period, by agent and project, over reloads, by several processes, and from the ledger.
import { describe, expect, test } from 'bun:test';
import type { Budget } from '../../src/config/resolved.ts';
import { createBudgetBook, type Spending } from '../../src/ledger/budgets/budget-book.ts';
import { formatBudget, formatSpentBudget, formatUsd } from '../../src/ledger/budgets/format-budget.ts';
import { BUDGETS_READ_AGAIN, createSpendingReader } from '../../src/ledger/budgets/read-spending.ts';
import { type CalendarPeriod, periodAt, type PeriodBounds } from '../../src/model/calendar-period.ts';
import { NO_USAGE } from '../../src/model/usage.ts';
import { sampleRow } from '../support/ledger-rows.ts';
import { createManualTimers } from '../support/manual-timers.ts';

const ANYBODY = { each: null, agent: null, project: null, provider: null, model: null };
const daily = (limitUsd: number, whose: Partial<Budget> = {}): Budget => ({
  limitUsd,
  per: 'day',
  ...ANYBODY,
  ...whose,
});
/** A Friday. */
const NOW = Date.UTC(2026, 10, 27, 13, 30);
const DAY_MS = 86_400_000;
const WHO = { agentType: 'coder', projectId: 'web', provider: 'lab', model: 'small-1' };
const costing = (costUsd: number | null, changes = {}) =>
  sampleRow({ timestamp: NOW, ...WHO, costUsd, ...changes });

function bookOf(...budgets: Budget[]) {
  const book = createBudgetBook();
  book.configure(budgets);
  return book;
}

describe('periods of the calendar, in UTC', () => {
  const utc = (text: string) => Date.parse(`${text}Z`);
  const cases: [period: CalendarPeriod, time: string, start: string, end: string][] = [
    ['hour', '2026-11-27T13:59:59.999', '2026-11-27T13:00', '2026-11-27T14:00'],
    ['day', '2026-11-27T00:00', '2026-11-27T00:00', '2026-11-28T00:00'],
    ['week', '2026-11-27T13:30', '2026-11-23T00:00', '2026-11-30T00:00'],
    ['week', '2026-11-30T00:00', '2026-11-30T00:00', '2026-12-07T00:00'],
    ['week', '2026-11-29T23:59', '2026-11-23T00:00', '2026-11-30T00:00'],
    ['month', '2026-12-31T23:59', '2026-12-01T00:00', '2027-01-01T00:00'],
    ['month', '2028-02-29T12:00', '2028-02-01T00:00', '2028-03-01T00:00'],
  ];
  for (const [period, time, start, end] of cases)
    test(`${period} of ${time}`, () => {
      expect(periodAt(period, utc(time))).toEqual({ start: utc(start), end: utc(end) });
    });
});

describe('what was spent', () => {
  test('of a request that goes on, counts when it is spent, and its end only the rest', () => {
    const book = bookOf(daily(9));
    const spent = (now: number) => book.states(now).map(({ spentUsd }) => spentUsd);
    book.addSoFar(costing(2), NOW);
    book.addSoFar(costing(3), NOW);
    expect(spent(NOW)).toEqual([3]);
    const tomorrow = NOW + DAY_MS;
    book.addSoFar(costing(5), tomorrow);
    expect(spent(tomorrow)).toEqual([2]);
    book.add(costing(6), tomorrow);
    expect(spent(tomorrow)).toEqual([3]);
    // Another of before midnight, which counts as of then.
    book.add(costing(1), tomorrow);
    expect(spent(tomorrow)).toEqual([3]);
    expect(spent(NOW)).toEqual([3]);
  });
  test('of one request takes nothing from another of the same id', () => {
    const book = bookOf(daily(9));
    book.addSoFar(costing(2), NOW);
    book.add(costing(2), NOW);
    book.add(costing(3), NOW);
    expect(book.states(NOW).map(({ spentUsd }) => spentUsd)).toEqual([5]);
  });

  test('of a request that goes on, counts from its next part on in a budget that is new, with all of it', () => {
    const book = bookOf(daily(9));
    book.addSoFar(costing(3), NOW);
    book.configure([daily(9), daily(9, { agent: 'coder' }), daily(9, { agent: 'other' })]);
    book.addSoFar(costing(4), NOW);
    book.add(costing(6), NOW);
    expect(book.states(NOW).map(({ spentUsd }) => spentUsd)).toEqual([6, 6, 0]);
  });

  test('of a request that goes on, is no less where it becomes cheaper or has no price any more', () => {
    const book = bookOf(daily(9));
    for (const costUsd of [3, 2, 4]) book.addSoFar(costing(costUsd), NOW);
    book.add(costing(null), NOW);
    expect(book.states(NOW)).toMatchObject([{ spentUsd: 4, unpriced: 1 }]);
  });

  test('counts until the limit is reached, and anew with the next period', () => {
    const book = bookOf(daily(1));
    book.add(costing(0.6), NOW);
    expect(book.usedUp(WHO, NOW)).toBeNull();
    book.add(costing(0.4), NOW);
    expect(book.usedUp(WHO, NOW)).toMatchObject({ spentUsd: 1, end: Date.UTC(2026, 10, 28) });
    expect(book.usedUp(WHO, Date.UTC(2026, 10, 28) - 1)).not.toBeNull();
    expect(book.usedUp(WHO, Date.UTC(2026, 10, 28))).toBeNull();
    expect(book.states(NOW + DAY_MS)).toMatchObject([{ spentUsd: 0, start: Date.UTC(2026, 10, 28) }]);
  });

  test('a request counts in the period in which it came in', () => {
    const book = bookOf(daily(1));
    book.add(costing(5), NOW + DAY_MS);
    expect(book.usedUp(WHO, NOW + DAY_MS)).toBeNull();
  });

  test('the first moment of a period is in it, its end is not', () => {
    const { start, end } = periodAt('day', NOW);
    const book = bookOf(daily(9));
    for (const timestamp of [start - 1, start, end]) book.add(costing(1, { timestamp }), start);
    expect(book.states(start)).toMatchObject([{ spentUsd: 1 }]);
  });

  test('a clock that was put back begins that period anew', () => {
    const book = bookOf(daily(1));
    book.add(costing(5, { timestamp: NOW + DAY_MS }), NOW + DAY_MS);
    expect(book.usedUp(WHO, NOW + DAY_MS)).not.toBeNull();
    expect(book.usedUp(WHO, NOW)).toBeNull();
  });

  test('a clock that was set ahead and back finds what was spent before, reported or not', () => {
    const book = bookOf(daily(6));
    book.add(costing(5), NOW);
    expect(book.takeAdded()).toMatchObject([{ spentUsd: 5 }]);
    book.add(costing(1), NOW);
    expect(book.states(NOW + DAY_MS)).toMatchObject([{ spentUsd: 0 }]);
    book.add(costing(9, { timestamp: NOW + DAY_MS }), NOW + DAY_MS);
    book.configure([daily(6)]);
    expect(book.usedUp(WHO, NOW)).toMatchObject({ spentUsd: 6 });
    expect(book.takeAdded()).toMatchObject([{ spentUsd: 1 }, { spentUsd: 9 }]);
    // In two days it is another day.
    expect(book.states(NOW + 2 * DAY_MS)).toMatchObject([{ spentUsd: 0 }]);
  });

  test('a clock that comes back by several periods finds what was spent in each of them', () => {
    const book = bookOf(daily(6));
    for (const days of [0, 2, 1]) {
      const now = NOW + days * DAY_MS;
      book.add(costing(6 + days, { timestamp: now }), now);
    }
    // Periods in which nothing was spent push out none of them.
    for (let days = 3; days < 30; days++) expect(book.usedUp(WHO, NOW + days * DAY_MS)).toBeNull();
    for (const days of [2, 1, 0])
      expect(book.usedUp(WHO, NOW + days * DAY_MS)).toMatchObject({ spentUsd: 6 + days });
  });

  test('only those count whose names fit, and only they are kept from asking', () => {
    const fits: [whose: Partial<Budget>, fits: boolean][] = [
      [{}, true],
      [{ agent: 'coder' }, true],
      [{ agent: 'cod*', project: 'web', provider: 'lab', model: 'small*' }, true],
      [{ agent: 'cod*', project: 'other' }, false],
      [{ agent: 'Coder' }, false],
      [{ provider: 'la' }, false],
      [{ model: '*' }, true],
    ];
    for (const [whose, expected] of fits) {
      const book = bookOf(daily(1, whose));
      book.add(costing(2), NOW);
      expect([whose, book.usedUp(WHO, NOW) !== null]).toEqual([whose, expected]);
      expect(book.states(NOW)).toMatchObject([{ spentUsd: expected ? 2 : 0 }]);
    }
  });

  test('requests without a name fit `*` and nothing else', () => {
    const nobody = { ...WHO, agentType: null };
    for (const [agent, expected] of [
      ['*', true],
      ['coder', false],
    ] as const) {
      const book = bookOf(daily(0, { agent }));
      expect(book.usedUp(nobody, NOW) !== null).toBe(expected);
    }
  });

  test('what has no price is counted apart; what no provider counted is not', () => {
    const book = bookOf(daily(1));
    book.add(costing(null), NOW);
    book.add(costing(null, { usageKnown: false, usage: NO_USAGE }), NOW);
    book.add(costing(2), NOW);
    expect(book.states(NOW)).toMatchObject([{ budget: daily(1), spentUsd: 2, unpriced: 1 }]);
    // Of one part of an answer the counts are known.
    book.add(costing(null, { usageKnown: false }), NOW);
    expect(book.states(NOW)).toMatchObject([{ spentUsd: 2, unpriced: 2 }]);
    // Unless it is billed without being counted: an image, speech.
    const infer = { usageKnown: false, usage: NO_USAGE, operation: 'infer' } as const;
    book.add(costing(null, infer), NOW);
    book.add(costing(null, { ...infer, status: 'error' }), NOW);
    expect(book.states(NOW)).toMatchObject([{ spentUsd: 2, unpriced: 3 }]);
    // Either count is enough, and so is that there are none.
    for (const part of [{ inputTokens: 1 }, { outputTokens: 1 }])
      book.add(costing(null, { usageKnown: false, usage: { ...NO_USAGE, ...part } }), NOW);
    book.add(costing(null, { usage: NO_USAGE }), NOW);
    expect(book.states(NOW)).toMatchObject([{ spentUsd: 2, unpriced: 6 }]);
  });

  test('of several that are used up, the one that lasts longest is reported', () => {
    const book = bookOf(daily(1), { ...daily(1), per: 'month' }, { ...daily(1), per: 'hour' });
    book.add(costing(1), NOW);
    expect(book.usedUp(WHO, NOW)?.budget.per).toBe('month');
    const alike = bookOf(daily(1), daily(1, { agent: 'coder' }));
    alike.add(costing(1), NOW);
    expect(alike.usedUp(WHO, NOW)?.budget.agent).toBeNull();
  });

  test('of one that each has for itself, each counts alone, up to a thousand names', () => {
    const book = bookOf({ ...daily(1, { project: 'w*' }), each: 'project' });
    const of = (projectId: string | null) => ({ ...WHO, projectId });
    const spend = (projectId: string, usd = 1) => book.add(costing(usd, { projectId }), NOW);
    spend('w1');
    spend('w2', 0.5);
    spend('w3', 0);
    spend('other-one');
    expect(['w1', 'w2', 'w3', 'other-one', null].map((name) => book.usedUp(of(name), NOW) !== null)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
    expect(book.states(NOW).map(({ budget, spentUsd }) => [budget.project, spentUsd])).toEqual([
      ['w1', 1],
      ['w2', 0.5],
    ]);
    for (let more = 3; more <= 1_002; more++) spend(`w${more}`, 0.5);
    // Two that share what is left of the names.
    expect(book.usedUp(of('w1001'), NOW)).toMatchObject({ budget: { project: 'other' }, spentUsd: 1 });
    expect(book.usedUp(of('w1000'), NOW)).toBeNull();
    expect(book.states(NOW)).toHaveLength(1_001);
    expect(book.usedUp(of('w1'), NOW + DAY_MS)).toBeNull();
    expect(book.states(NOW + DAY_MS)).toEqual([]);
  });

  test('of each by itself a limit of 0 holds for those too who have spent nothing', () => {
    expect(bookOf({ ...daily(0), each: 'agent' }).usedUp(WHO, NOW)).toMatchObject({ spentUsd: 0 });
  });

  test('stays through another configuration, with the limit of the new one', () => {
    const book = bookOf(daily(1), daily(9, { agent: 'coder' }));
    book.add(costing(2), NOW);
    book.configure([daily(3, { agent: 'coder' }), daily(2, { project: 'web' }), daily(3)]);
    expect(book.states(NOW).map(({ spentUsd }) => spentUsd)).toEqual([2, 0, 2]);
    expect(book.usedUp(WHO, NOW)).toBeNull();
    book.add(costing(1), NOW);
    expect(book.states(NOW).map(({ spentUsd }) => spentUsd)).toEqual([3, 1, 3]);
    book.configure([]);
    expect(book.isEmpty).toBe(true);
    expect(book.usedUp(WHO, NOW)).toBeNull();
  });
});

describe('two budgets that differ in one word alone', () => {
  const mine: Budget = { ...daily(9), agent: 'a*', project: 'p*', provider: 'v*', model: 'm*' };
  const own = costing(1, { agentType: 'a', projectId: 'p', provider: 'v', model: 'm' });
  const others: [Partial<Budget>, typeof own | null][] = [
    [{ per: 'hour' }, null],
    [{ each: 'agent' }, null],
    [{ agent: 'b*' }, { ...own, agentType: 'b' }],
    [{ project: 'q*' }, { ...own, projectId: 'q' }],
    [{ provider: 'w*' }, { ...own, provider: 'w' }],
    [{ model: 'n*' }, { ...own, model: 'n' }],
  ];
  for (const [differing, row] of others)
    test(`are counted apart, and stay so: ${JSON.stringify(differing)}`, () => {
      const other = { ...mine, ...differing };
      const [book, peer] = [bookOf(mine, other), bookOf(mine, other)];
      book.add(own, NOW);
      const spent = row === null ? [1, 1] : [1, 0];
      peer.receive(book.takeAdded(), NOW);
      book.configure([other, mine]);
      expect(book.states(NOW).map(({ spentUsd }) => spentUsd)).toEqual(spent.toReversed());
      expect(book.states(NOW)).toMatchObject([other, mine].map(({ per }) => periodAt(per, NOW)));
      expect(peer.spent(NOW).map(({ spentUsd }) => spentUsd)).toEqual(spent.filter((usd) => usd > 0));
      if (row === null) return;
      peer.add(row, NOW);
      expect(peer.states(NOW).map(({ spentUsd }) => spentUsd)).toEqual([1, 1]);
    });
});

describe('counted by several', () => {
  test('each reports what it has added, once, and all have the sum', () => {
    const budgets = [daily(9), daily(9, { agent: 'coder' })];
    const [one, other, all] = [bookOf(...budgets), bookOf(...budgets), bookOf(...budgets)];
    one.add(costing(1), NOW);
    other.add(costing(2, { agentType: null }), NOW);
    for (const book of [one, other]) {
      all.receive(book.takeAdded(), NOW);
      expect(book.takeAdded()).toEqual([]);
    }
    expect(all.states(NOW).map(({ spentUsd }) => spentUsd)).toEqual([3, 1]);
    // Also of what has no price.
    for (const book of [one, other]) {
      book.add(costing(null, { agentType: null }), NOW);
      all.receive(book.takeAdded(), NOW);
      expect(book.takeAdded()).toEqual([]);
    }
    for (const book of [one, other]) book.adopt(all.spent(NOW), NOW);
    for (const book of [one, other, all])
      expect(book.states(NOW)).toMatchObject([
        { spentUsd: 3, unpriced: 2 },
        { spentUsd: 1, unpriced: 0 },
      ]);
  });

  test('who has spent is reported, where each has the limit for itself', () => {
    const budget: Budget = { ...daily(9), each: 'agent' };
    const [one, all, later] = [bookOf(budget), bookOf(budget), bookOf(budget)];
    one.add(costing(1), NOW);
    one.add(costing(2, { agentType: null }), NOW);
    all.receive(one.takeAdded(), NOW);
    later.adopt(all.spent(NOW), NOW);
    for (const book of [one, all, later])
      expect(book.states(NOW).map(({ budget: { agent }, spentUsd }) => [agent, spentUsd])).toEqual([
        ['', 2],
        ['coder', 1],
      ]);
    const read = [
      { ...WHO, costUsd: 4, unpriced: 0 },
      { ...WHO, costUsd: 0, unpriced: 3 },
      { ...WHO, agentType: 'free', costUsd: 0, unpriced: 0 },
    ];
    one.adopt(one.sumUp(read, periodAt('day', NOW), NOW), NOW);
    expect(one.states(NOW)).toMatchObject([
      { budget: { agent: 'coder' }, spentUsd: 4, unpriced: 3 },
      { budget: { agent: '' }, spentUsd: 2, unpriced: 0 },
    ]);
  });

  test('what is reported late takes nothing back, and what is of another period does not count', () => {
    const book = bookOf(daily(9));
    const early = book.spent(NOW);
    book.add(costing(2), NOW);
    book.adopt(early, NOW);
    expect(book.states(NOW)).toMatchObject([{ spentUsd: 2 }]);
    const late = book.spent(NOW);
    book.adopt(late, NOW + DAY_MS);
    book.receive(late, NOW + DAY_MS);
    expect(book.states(NOW + DAY_MS)).toMatchObject([{ spentUsd: 0 }]);
  });

  test('what was spent just before the clock was set ahead is reported at once, not once it is set back and the ledger has it', () => {
    const [one, all] = [bookOf(daily(9)), bookOf(daily(9))];
    one.add(costing(1), NOW);
    all.receive(one.takeAdded(), NOW);
    one.add(costing(2), NOW);
    for (const book of [one, all]) expect(book.usedUp(WHO, NOW + DAY_MS)).toBeNull();
    all.receive(one.takeAdded(), NOW + DAY_MS);
    expect(all.states(NOW)).toMatchObject([{ spentUsd: 3 }]);
    const read = [{ ...WHO, costUsd: 3, unpriced: 0 }];
    all.adopt(all.sumUp(read, periodAt('day', NOW), NOW), NOW);
    all.receive(one.takeAdded(), NOW);
    expect(all.states(NOW)).toMatchObject([{ spentUsd: 3 }]);
  });
});

describe('read from the ledger', () => {
  const spending = (costUsd: number, changes: Partial<Spending> = {}): Spending => ({
    ...WHO,
    costUsd,
    unpriced: 0,
    ...changes,
  });

  function setup(read: (since: number) => Promise<Spending[]>) {
    const timers = createManualTimers(NOW);
    const book = bookOf(daily(9), { ...daily(9, { agent: 'coder' }), per: 'month' });
    const asked: number[] = [];
    const logged: string[] = [];
    const store = {
      spending({ start }: PeriodBounds) {
        asked.push(start);
        return read(start);
      },
    };
    const reader = createSpendingReader(book, store, {
      ...timers,
      log: (_, message, fields) => logged.push(String(fields?.error ?? message)),
    });
    const spent = () => book.states(timers.now()).map(({ spentUsd }) => spentUsd);
    return { timers, book, asked, logged, reader, spent };
  }

  test('each period from its beginning, at once and again later', async () => {
    const month = Date.UTC(2026, 10, 1);
    let others = 0;
    const { timers, asked, reader, spent, book, logged } = setup(async (since) =>
      since === month ? [spending(7), spending(1, { agentType: null })] : [spending(2 + others)],
    );
    reader.configured();
    await timers.advance(0);
    expect(asked).toEqual([Date.UTC(2026, 10, 27), month]);
    expect(spent()).toEqual([2, 7]);
    // What this process has seen is in the ledger a moment later: not twice.
    book.add(costing(0.5), NOW);
    others = 0.5;
    await timers.advance(10_000);
    expect(spent()).toEqual([2.5, 7.5]);
    others = 4;
    await timers.advance(10_000);
    expect(spent()).toEqual([6, 7.5]);
    reader.stop();
    expect(timers.pending()).toBe(0);
    expect(logged).toEqual([]);
  });

  test('the day with which a month begins is read apart from the month', () => {
    const first = Date.UTC(2026, 10, 1, 9);
    const book = bookOf(daily(9), { ...daily(9), per: 'month' }, daily(8, { agent: 'coder' }));
    const [day, month] = [periodAt('day', first), periodAt('month', first)];
    expect(book.periods(first)).toEqual([day, month]);
    book.adopt(book.sumUp([spending(2)], day, first), first);
    book.adopt(book.sumUp([spending(7)], month, first), first);
    expect(book.states(first).map(({ spentUsd }) => spentUsd)).toEqual([2, 7, 2]);
  });

  test('the day with which a week ends is read apart from the week', () => {
    const sunday = Date.UTC(2026, 10, 8, 9);
    const book = bookOf(daily(9), { ...daily(9), per: 'week' });
    const [day, week] = [periodAt('day', sunday), periodAt('week', sunday)];
    expect(day.end).toBe(week.end);
    expect(book.periods(sunday)).toEqual([day, week]);
    book.adopt(book.sumUp([spending(2)], day, sunday), sunday);
    book.adopt(book.sumUp([spending(7)], week, sunday), sunday);
    expect(book.states(sunday).map(({ spentUsd }) => spentUsd)).toEqual([2, 7]);
  });

  test('a ledger that cannot be read is reported once, and asked again', async () => {
    let isBroken = true;
    const { timers, logged, reader, spent } = setup(async () => {
      if (isBroken) throw new Error('no such disk');
      return [spending(3)];
    });
    reader.configured();
    await timers.advance(30_000);
    expect(logged).toEqual(['no such disk']);
    isBroken = false;
    await timers.advance(10_000);
    expect(spent()).toEqual([3, 3]);
    isBroken = true;
    await timers.advance(10_000);
    expect(logged).toEqual(['no such disk', BUDGETS_READ_AGAIN, 'no such disk']);
    expect(spent()).toEqual([3, 3]);
    reader.stop();
  });

  test('what fails when it has stopped is nobody’s affair', async () => {
    const { promise, reject } = Promise.withResolvers<Spending[]>();
    const { timers, logged, reader, asked } = setup(() => promise);
    reader.configured();
    reader.stop();
    reject(new Error('closed'));
    reader.configured();
    await timers.advance(60_000);
    expect({ logged, asked: asked.length }).toEqual({ logged: [], asked: 1 });
  });

  test('a configuration that changes is read for at once, and not twice as often from then on', async () => {
    const { timers, asked, reader } = setup(async () => []);
    reader.configured();
    reader.configured();
    await timers.advance(0);
    const before = asked.length;
    await timers.advance(10_000);
    expect(asked.length - before).toBe(2);
    reader.stop();
  });

  test('without budgets nobody asks it', async () => {
    const { timers, asked, reader, book } = setup(async () => []);
    book.configure([]);
    reader.configured();
    await timers.advance(60_000);
    expect(asked).toEqual([]);
    expect(timers.pending()).toBe(0);
  });
});

test('a budget in words, and what of it is spent', () => {
  expect(formatBudget(daily(5))).toBe('5 USD a day');
  expect(formatBudget({ ...daily(0.5, { agent: 'code-*', provider: 'lab' }), per: 'hour' })).toBe(
    '0.5 USD an hour, agent code-*, provider lab',
  );
  expect(formatBudget(daily(5, { model: 'small-*' }))).toBe('5 USD a day, model small-*');
  expect(formatBudget({ ...daily(5, { provider: 'lab' }), each: 'project' })).toBe(
    '5 USD a day, each project, provider lab',
  );
  expect(formatBudget({ ...daily(5, { agent: 'code-*' }), each: 'agent' })).toBe(
    '5 USD a day, each agent code-*',
  );
  const state = (budget: Budget) => formatSpentBudget({ budget, start: 0, end: 1, spentUsd: 5, unpriced: 0 });
  expect(state(daily(5, { agent: 'code-*' }))).toBe('5 USD a day, agent code-*');
  expect(state({ ...daily(5, { project: 'web' }), each: 'project' })).toBe('5 USD a day, project web');
  expect(state({ ...daily(5, { project: '' }), each: 'project' })).toBe(
    '5 USD a day, project without a name',
  );
  expect([0, 0.000123, 0.5, 1, 1234.567].map(formatUsd)).toEqual([
    '0 USD',
    '0.00012 USD',
    '0.5 USD',
    '1.00 USD',
    '1234.57 USD',
  ]);
});
