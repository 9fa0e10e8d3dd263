// What was spent of each budget in its period (`costs.budgets`), and which of them are used up. Nobody waits for the store
// here: what this process has seen counts at once, what others know of is taken over when they tell it.
import type { Budget } from '../../config/resolved.ts';
import { type CalendarPeriod, periodAt, type PeriodBounds } from '../../model/calendar-period.ts';
import { compileGlob } from '../../model/glob.ts';
import type { LedgerRow } from '../rows/row.ts';

/** What budgets tell requests apart by. */
export type Spender = Pick<LedgerRow, 'agentType' | 'projectId' | 'provider' | 'model'>;

/** Of some requests of one spender. */
export interface Spending extends Spender {
  costUsd: number;
  /** Requests with token counts but no price: no budget knows what they cost. */
  unpriced: number;
}

/** Of one budget in one period. Two that differ in nothing but their limit have the same one. */
export interface Spent {
  /** Of `keyOf`. */
  key: string;
  /** Of the period, in Unix ms. */
  start: number;
  spentUsd: number;
  unpriced: number;
}

export interface BudgetState extends Omit<Spent, 'key'> {
  budget: Budget;
  /** Of the period, in Unix ms. */
  end: number;
}

type CountedRow = Spender & Pick<LedgerRow, 'timestamp' | 'costUsd' | 'usageKnown'>;

export interface BudgetBook {
  /** What was spent of a budget stays, also where its limit is another one now. */
  configure(budgets: readonly Budget[]): void;
  /** Whether there are any. */
  readonly isEmpty: boolean;
  /** A request is over. @param now Unix ms, as everywhere here. */
  add(row: CountedRow, now: number): void;
  /** The budget that stands against a request: of several that are used up the one that is so for longest; null: none. */
  usedUp(spender: Spender, now: number): BudgetState | null;
  /** All of them, in the order of the configuration. */
  states(now: number): BudgetState[];
  /** What was added since it was taken last. */
  takeAdded(): Spent[];
  /** What another process has added: counts beside what is here. */
  receive(added: readonly Spent[], now: number): void;
  spent(now: number): Spent[];
  /**
   * What somebody else has counted of all there is, such as the ledger. Neither side can have counted too much, only
   * missed something so far: the larger one holds.
   */
  adopt(counted: readonly Spent[], now: number): void;
  /** Starts of the periods that are under way, each once. */
  periods(now: number): number[];
  /** What the ledger has of these spenders since that start, by budget. */
  sumUp(spending: readonly Spending[], start: number, now: number): Spent[];
}

interface Line extends PeriodBounds {
  key: string;
  budget: Budget;
  fits(spender: Spender): boolean;
  spentUsd: number;
  unpriced: number;
  /** Of these, what nobody was told yet. */
  added: { usd: number; unpriced: number };
}

export function createBudgetBook(): BudgetBook {
  let lines: Line[] = [];

  /** In the period that is now: whatever was spent in another one, an earlier or (the clock was put back) a later, is over. */
  function current(line: Line, now: number): Line {
    if (now >= line.start && now < line.end) return line;
    return Object.assign(line, periodAt(line.budget.per, now), nothingSpent());
  }

  function each(now: number): Line[] {
    return lines.map((line) => current(line, now));
  }

  /** Those that are told of, as far as it is the same period. */
  function told(spent: readonly Spent[], now: number): [line: Line, spent: Spent][] {
    return each(now).flatMap((line) =>
      spent
        .filter(({ key, start }) => key === line.key && start === line.start)
        .map((one): [Line, Spent] => [line, one]),
    );
  }

  return {
    configure(budgets) {
      const before = new Map(lines.map((line) => [line.key, line]));
      lines = budgets.map((budget) => {
        const key = keyOf(budget);
        const fits = fitting(budget);
        const known = before.get(key);
        if (known !== undefined) return { ...known, budget, fits, added: { ...known.added } };
        return { key, budget, fits, start: 0, end: 0, ...nothingSpent() };
      });
    },
    get isEmpty() {
      return lines.length === 0;
    },
    add(row, now) {
      const usd = row.costUsd ?? 0;
      const unpriced = Number(row.usageKnown && row.costUsd === null);
      if (usd === 0 && unpriced === 0) return;
      for (const line of lines) {
        const { start, end } = current(line, now);
        if (row.timestamp < start || row.timestamp >= end || !line.fits(row)) continue;
        line.spentUsd += usd;
        line.unpriced += unpriced;
        line.added.usd += usd;
        line.added.unpriced += unpriced;
      }
    },
    usedUp(spender, now) {
      let longest: Line | null = null;
      for (const line of lines) {
        const { end, spentUsd, budget } = current(line, now);
        if (spentUsd < budget.limitUsd || (longest !== null && end <= longest.end)) continue;
        if (line.fits(spender)) longest = line;
      }
      return longest === null ? null : stateOf(longest);
    },
    states: (now) => each(now).map(stateOf),
    takeAdded() {
      const taken = lines
        .filter(({ added }) => added.usd > 0 || added.unpriced > 0)
        .map(({ key, start, added }) => ({ key, start, spentUsd: added.usd, unpriced: added.unpriced }));
      for (const line of lines) line.added = { usd: 0, unpriced: 0 };
      // Lines of one key have counted the same.
      return [...new Map(taken.map((spent) => [spent.key, spent])).values()];
    },
    receive(added, now) {
      for (const [line, { spentUsd, unpriced }] of told(added, now)) {
        line.spentUsd += spentUsd;
        line.unpriced += unpriced;
      }
    },
    spent: (now) =>
      each(now).map(({ key, start, spentUsd, unpriced }) => ({ key, start, spentUsd, unpriced })),
    adopt(counted, now) {
      for (const [line, { spentUsd, unpriced }] of told(counted, now)) {
        line.spentUsd = Math.max(line.spentUsd, spentUsd);
        line.unpriced = Math.max(line.unpriced, unpriced);
      }
    },
    periods: (now) => [...new Set(each(now).map(({ start }) => start))],
    sumUp: (spending, start, now) =>
      each(now)
        .filter((line) => line.start === start)
        .map(({ key, fits }) => {
          const sum: Spent = { key, start, spentUsd: 0, unpriced: 0 };
          for (const one of spending) {
            if (!fits(one)) continue;
            sum.spentUsd += one.costUsd;
            sum.unpriced += one.unpriced;
          }
          return sum;
        }),
  };
}

function nothingSpent() {
  return { spentUsd: 0, unpriced: 0, added: { usd: 0, unpriced: 0 } };
}

function stateOf({ budget, start, end, spentUsd, unpriced }: Line): BudgetState {
  return { budget, start, end, spentUsd, unpriced };
}

/** Of whom, and for how long, whatever the limit. */
function keyOf({ per, agent, project, provider, model }: Budget): string {
  return JSON.stringify([per, agent, project, provider, model] satisfies [CalendarPeriod, ...unknown[]]);
}

function fitting({ agent, project, provider, model }: Budget): (spender: Spender) => boolean {
  const tests = [
    testOf(agent, ({ agentType }) => agentType),
    testOf(project, ({ projectId }) => projectId),
    testOf(provider, (spender) => spender.provider),
    testOf(model, (spender) => spender.model),
  ].filter((test) => test !== null);
  return (spender) => tests.every((test) => test(spender));
}

/** No name is the empty one, which `*` fits too. */
function testOf(glob: string | null, name: (spender: Spender) => string | null) {
  if (glob === null) return null;
  const fits = compileGlob(glob);
  return (spender: Spender) => fits(name(spender) ?? '');
}
