// What was spent from each budget in its period (`costs.budgets`), and which budgets are used up. It never waits for the store: what this
// process has seen counts at once, and what others have counted is added when they report it.
import type { Budget } from '../../config/resolved.ts';
import { type CalendarPeriod, periodAt, type PeriodBounds } from '../../model/calendar-period.ts';
import { compileNames, type NameReader } from '../../model/request-names.ts';
import { isUnpriced, type LedgerRow } from '../rows/row.ts';

/** The names by which budgets distinguish requests. */
type Spender = Pick<LedgerRow, 'agentType' | 'projectId' | 'provider' | 'model'>;

/** What some requests of one spender cost. */
export interface Spending extends Spender {
  costUsd: number;
  /** Requests with token counts but no price, which budgets cannot count. */
  unpriced: number;
}

/** What was spent from one budget in one period. */
export interface Spent {
  /** The key that `keyOf` returns. */
  key: string;
  /** Who has spent it, if each has a limit of their own; '' stands for everyone, or for those without a name. */
  name: string;
  /** The start of the period in Unix ms. */
  start: number;
  spentUsd: number;
  unpriced: number;
}

export interface BudgetState extends Omit<Spent, 'key' | 'name'> {
  /** If each has a limit of their own, with the name of the one whose state this is ('' for those without a name). */
  budget: Budget;
  /** The end of the period in Unix ms. */
  end: number;
}

/** What a budget counts of a request. */
type CountedRow = Spender &
  Pick<LedgerRow, 'requestId' | 'timestamp' | 'operation' | 'status' | 'costUsd' | 'usage' | 'usageKnown'>;

export interface BudgetBook {
  /** Sets the budgets, no two of which may be for the same requests. What was spent is kept, even if the limit changes. */
  configure(budgets: readonly Budget[]): void;
  /** Whether there are no budgets. */
  readonly isEmpty: boolean;
  /** Counts a request that has ended, in the period in which it began. @param now Unix ms, as everywhere here. */
  add(row: CountedRow, now: number): void;
  /**
   * Counts what a running request has cost since the last such call, or since it began, in the period of `now`, where its end will
   * count too. @param row with the cost so far.
   */
  addSoFar(row: CountedRow, now: number): void;
  /** The used-up budget that blocks a request, or null. If several do, the one that stays used up longest. */
  usedUp(spender: Spender, now: number): BudgetState | null;
  /** All budgets in the order of the configuration. If each has a limit of their own, those who have spent, the highest amount first. */
  states(now: number): BudgetState[];
  /** What was added since the last call, in any period: by the time its clock returns to one, the ledger has it. */
  takeAdded(): Spent[];
  /** Adds what another process has added. */
  receive(added: readonly Spent[], now: number): void;
  spent(now: number): Spent[];
  /**
   * Takes over a total counted elsewhere, such as in the ledger. Neither side can have counted too much, but either may have missed
   * something so far: the larger total is used.
   */
  adopt(counted: readonly Spent[], now: number): void;
  /** The current periods, without repeats. */
  periods(now: number): PeriodBounds[];
  /** Adds up by budget what the ledger has of these spenders in that period. */
  sumUp(spending: readonly Spending[], period: PeriodBounds, now: number): Spent[];
}

/** What was spent in one period. */
interface Period extends PeriodBounds {
  /** By name. */
  sums: Map<string, Sum>;
}

interface Line extends Period, NameReader {
  key: string;
  budget: Budget;
  /** Other periods in which something was spent, the latest first: a clock that was set ahead may be set back. */
  others: readonly Period[];
  /** For each running request, by its id, the USD that are counted already. */
  soFar: Map<string, number>;
}

interface Sum {
  spentUsd: number;
  unpriced: number;
  /** The part that has not been reported yet. */
  added: { usd: number; unpriced: number };
}

/** The most names with limits of their own; further ones share one limit, since clients choose names. The ledger distinguishes as many. */
const MOST_NAMES = 1_000;
const OTHERS = 'other';
/** For each budget, besides the current one. A clock that is set wrong may pass through several on its way back. */
const MOST_OTHER_PERIODS = 4;

export function createBudgetBook(): BudgetBook {
  let lines: Line[] = [];

  /** The line in its current period. */
  function current(line: Line, now: number): Line {
    if (contains(line, now)) return line;
    const { start, end, sums } = line;
    const known = line.others.find((other) => contains(other, now));
    const next: Period = known ?? { ...periodAt(line.budget.per, now), sums: new Map() };
    const left = sums.size === 0 ? line.others : [{ start, end, sums }, ...line.others];
    const others = left.filter((other) => other !== known).slice(0, MOST_OTHER_PERIODS);
    return Object.assign(line, next, { others });
  }

  function each(now: number): Line[] {
    return lines.map((line) => current(line, now));
  }

  /** The sums that the reports belong to, for periods that are known here. */
  function sumsOf(spent: readonly Spent[], now: number): [sum: Sum, spent: Spent][] {
    return each(now).flatMap((line) =>
      knownPeriods(line).flatMap((period) =>
        spent
          .filter(({ key, start }) => key === line.key && start === period.start)
          .map((one): [Sum, Spent] => [sumOf(period, one.name), one]),
      ),
    );
  }

  return {
    configure(budgets) {
      const before = new Map(lines.map((line) => [line.key, line]));
      lines = budgets.map((budget) => {
        const key = keyOf(budget);
        const nothing = { start: 0, end: 0, sums: new Map(), others: [], soFar: new Map() };
        return { ...nothing, ...before.get(key), key, budget, ...compileNames(budget) };
      });
    },
    get isEmpty() {
      return lines.length === 0;
    },
    add(row, now) {
      for (const line of lines) {
        const before = line.soFar.get(row.requestId);
        line.soFar.delete(row.requestId);
        const period = current(line, now);
        if (before === undefined && !contains(period, row.timestamp)) continue;
        addTo(line, row, { usd: costAfter(row, before), unpriced: Number(isUnpriced(row)) });
      }
    },
    addSoFar(row, now) {
      for (const line of lines) {
        const before = line.soFar.get(row.requestId);
        line.soFar.set(row.requestId, Math.max(row.costUsd ?? 0, before ?? 0));
        addTo(current(line, now), row, { usd: costAfter(row, before), unpriced: 0 });
      }
    },
    usedUp(spender, now) {
      let longest: BudgetState | null = null;
      for (const line of lines) {
        const { end, budget } = current(line, now);
        if ((longest !== null && end <= longest.end) || !line.fits(spender)) continue;
        const name = knownName(line, line.nameOf(spender));
        const sum = line.sums.get(name) ?? nothingSpent();
        if (sum.spentUsd >= budget.limitUsd) longest = stateOf(line, name, sum);
      }
      return longest;
    },
    states: (now) => each(now).flatMap(statesOf),
    takeAdded() {
      const taken: Spent[] = [];
      for (const line of lines)
        for (const { start, sums } of knownPeriods(line))
          for (const [name, sum] of sums) {
            const { usd, unpriced } = sum.added;
            if (usd > 0 || unpriced > 0) taken.push({ key: line.key, name, start, spentUsd: usd, unpriced });
            sum.added = { usd: 0, unpriced: 0 };
          }
      return taken;
    },
    receive(added, now) {
      for (const [sum, { spentUsd, unpriced }] of sumsOf(added, now)) {
        sum.spentUsd += spentUsd;
        sum.unpriced += unpriced;
      }
    },
    spent: (now) => each(now).flatMap(spentOf),
    adopt(counted, now) {
      for (const [sum, { spentUsd, unpriced }] of sumsOf(counted, now)) {
        sum.spentUsd = Math.max(sum.spentUsd, spentUsd);
        sum.unpriced = Math.max(sum.unpriced, unpriced);
      }
    },
    periods: (now) =>
      each(now)
        .map(({ start, end }) => ({ start, end }))
        .filter((period, at, all) => all.findIndex((other) => isSame(other, period)) === at),
    sumUp: (spending, period, now) =>
      each(now)
        .filter((line) => isSame(line, period))
        .flatMap((line) => {
          const read: Line = { ...line, sums: new Map() };
          for (const one of spending) {
            if (!line.fits(one) || (one.costUsd === 0 && one.unpriced === 0)) continue;
            const sum = sumOf(read, line.nameOf(one));
            sum.spentUsd += one.costUsd;
            sum.unpriced += one.unpriced;
          }
          return spentOf(read);
        }),
  };
}

function contains({ start, end }: PeriodBounds, now: number): boolean {
  return now >= start && now < end;
}

/** Compares both bounds, as a day may begin with a week or a month. */
function isSame(one: PeriodBounds, other: PeriodBounds): boolean {
  return one.start === other.start && one.end === other.end;
}

function nothingSpent(): Sum {
  return { spentUsd: 0, unpriced: 0, added: { usd: 0, unpriced: 0 } };
}

/** The known periods, the current one first. */
function knownPeriods(line: Line): Period[] {
  return [line, ...line.others];
}

function sumOf(period: Period, name: string): Sum {
  const known = knownName(period, name);
  const sum = period.sums.get(known) ?? nothingSpent();
  period.sums.set(known, sum);
  return sum;
}

/** The part of the cost that was not counted before. */
function costAfter({ costUsd }: CountedRow, before = 0): number {
  return Math.max(0, (costUsd ?? 0) - before);
}

function addTo(line: Line, spender: Spender, { usd, unpriced }: Sum['added']): void {
  if ((usd === 0 && unpriced === 0) || !line.fits(spender)) return;
  const sum = sumOf(line, line.nameOf(spender));
  sum.spentUsd += usd;
  sum.unpriced += unpriced;
  sum.added.usd += usd;
  sum.added.unpriced += unpriced;
}

/** The name under which spending is counted. */
function knownName({ sums }: Period, name: string): string {
  return sums.has(name) || sums.size < MOST_NAMES ? name : OTHERS;
}

function spentOf({ key, start, sums }: Line): Spent[] {
  return [...sums].map(([name, { spentUsd, unpriced }]) => ({ key, name, start, spentUsd, unpriced }));
}

function statesOf(line: Line): BudgetState[] {
  if (line.budget.each === null) return [stateOf(line, '', line.sums.get('') ?? nothingSpent())];
  return [...line.sums]
    .map(([name, sum]) => stateOf(line, name, sum))
    .sort((one, other) => other.spentUsd - one.spentUsd);
}

function stateOf({ budget, start, end }: Line, name: string, { spentUsd, unpriced }: Sum): BudgetState {
  const whose = budget.each === null ? {} : { [budget.each]: name };
  return { budget: { ...budget, ...whose }, start, end, spentUsd, unpriced };
}

/** Identifies a budget by whose spending it limits and for how long, whatever the limit. */
function keyOf({ per, each, agent, project, provider, model }: Budget): string {
  return JSON.stringify([per, each, agent, project, provider, model] satisfies [
    CalendarPeriod,
    ...unknown[],
  ]);
}
