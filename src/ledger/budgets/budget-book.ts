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

/** Of one budget in one period. */
export interface Spent {
  /** Of `keyOf`. */
  key: string;
  /** Who has spent it, where each has the limit for itself; '': whoever, or one without a name. */
  name: string;
  /** Of the period, in Unix ms. */
  start: number;
  spentUsd: number;
  unpriced: number;
}

export interface BudgetState extends Omit<Spent, 'key' | 'name'> {
  /** Where each has the limit for itself, with the name of the one whose state it is ('': who has none). */
  budget: Budget;
  /** Of the period, in Unix ms. */
  end: number;
}

type CountedRow = Spender & Pick<LedgerRow, 'timestamp' | 'costUsd' | 'usageKnown'>;

export interface BudgetBook {
  /** No two of the same requests. What was spent of a budget stays, also where its limit is another one now. */
  configure(budgets: readonly Budget[]): void;
  /** Whether there are any. */
  readonly isEmpty: boolean;
  /** A request is over. @param now Unix ms, as everywhere here. */
  add(row: CountedRow, now: number): void;
  /** The budget that stands against a request: of several that are used up the one that is so for longest; null: none. */
  usedUp(spender: Spender, now: number): BudgetState | null;
  /** All of them, in the order of the configuration; of one that each has for itself those who have spent, the most first. */
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
  /** Those that are under way, each once. */
  periods(now: number): PeriodBounds[];
  /** What the ledger has of these spenders in that period, by budget. */
  sumUp(spending: readonly Spending[], period: PeriodBounds, now: number): Spent[];
}

interface Line extends PeriodBounds {
  key: string;
  budget: Budget;
  fits(spender: Spender): boolean;
  /** Where each has the limit for itself. */
  nameOf(spender: Spender): string;
  /** By name. */
  sums: Map<string, Sum>;
}

interface Sum {
  spentUsd: number;
  unpriced: number;
  /** Of these, what nobody was told yet. */
  added: { usd: number; unpriced: number };
}

/** Clients choose names: those beyond share one limit. The ledger tells as many apart. */
const MOST_NAMES = 1_000;
const OTHERS = 'other';

export function createBudgetBook(): BudgetBook {
  let lines: Line[] = [];

  /** In the period that is now: whatever was spent in another one, an earlier or (the clock was put back) a later, is over. */
  function current(line: Line, now: number): Line {
    if (now >= line.start && now < line.end) return line;
    line.sums.clear();
    return Object.assign(line, periodAt(line.budget.per, now));
  }

  function each(now: number): Line[] {
    return lines.map((line) => current(line, now));
  }

  /** The sums that are told of, as far as it is the same period. */
  function told(spent: readonly Spent[], now: number): [sum: Sum, spent: Spent][] {
    return each(now).flatMap((line) =>
      spent
        .filter(({ key, start }) => key === line.key && start === line.start)
        .map((one): [Sum, Spent] => [sumOf(line, one.name), one]),
    );
  }

  return {
    configure(budgets) {
      const before = new Map(lines.map((line) => [line.key, line]));
      lines = budgets.map((budget) => {
        const key = keyOf(budget);
        const { start = 0, end = 0, sums = new Map<string, Sum>() } = before.get(key) ?? {};
        return { key, budget, start, end, ...readersOf(budget), sums };
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
        const sum = sumOf(line, line.nameOf(row));
        sum.spentUsd += usd;
        sum.unpriced += unpriced;
        sum.added.usd += usd;
        sum.added.unpriced += unpriced;
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
      const taken = lines.flatMap(({ key, start, sums }) =>
        [...sums]
          .filter(([, { added }]) => added.usd > 0 || added.unpriced > 0)
          .map(([name, { added }]) => ({ key, name, start, spentUsd: added.usd, unpriced: added.unpriced })),
      );
      for (const { sums } of lines) for (const sum of sums.values()) sum.added = { usd: 0, unpriced: 0 };
      return taken;
    },
    receive(added, now) {
      for (const [sum, { spentUsd, unpriced }] of told(added, now)) {
        sum.spentUsd += spentUsd;
        sum.unpriced += unpriced;
      }
    },
    spent: (now) => each(now).flatMap(spentOf),
    adopt(counted, now) {
      for (const [sum, { spentUsd, unpriced }] of told(counted, now)) {
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

/** A day may begin with a week or a month. */
function isSame(one: PeriodBounds, other: PeriodBounds): boolean {
  return one.start === other.start && one.end === other.end;
}

function nothingSpent(): Sum {
  return { spentUsd: 0, unpriced: 0, added: { usd: 0, unpriced: 0 } };
}

function sumOf(line: Line, name: string): Sum {
  const known = knownName(line, name);
  const sum = line.sums.get(known) ?? nothingSpent();
  line.sums.set(known, sum);
  return sum;
}

/** Under which it is counted. */
function knownName({ sums }: Line, name: string): string {
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

/** Of whom, and for how long, whatever the limit. */
function keyOf({ per, each, agent, project, provider, model }: Budget): string {
  return JSON.stringify([per, each, agent, project, provider, model] satisfies [
    CalendarPeriod,
    ...unknown[],
  ]);
}

const NAMES = {
  agent: (spender: Spender) => spender.agentType,
  project: (spender: Spender) => spender.projectId,
  provider: (spender: Spender) => spender.provider,
  model: (spender: Spender) => spender.model,
};

function readersOf(budget: Budget): Pick<Line, 'fits' | 'nameOf'> {
  const { each, agent, project, provider, model } = budget;
  const globs = { agent, project, provider, model };
  const tests = (Object.keys(NAMES) as (keyof typeof NAMES)[]).flatMap((what) => {
    const glob = globs[what];
    if (glob === null) return [];
    const fits = compileGlob(glob);
    // No name is the empty one, which `*` fits too.
    return [(spender: Spender) => fits(NAMES[what](spender) ?? '')];
  });
  return {
    fits: (spender) => tests.every((test) => test(spender)),
    nameOf: (spender) => (each === null ? '' : (NAMES[each](spender) ?? '')),
  };
}
