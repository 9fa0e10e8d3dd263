// Budgets of several processes: each is told at once what any of them has spent.
import { expect, test } from 'bun:test';
import type { Budget } from '../../src/config/resolved.ts';
import { type BudgetBook, createBudgetBook, type Spent } from '../../src/ledger/budgets/budget-book.ts';
import type { LedgerStore } from '../../src/ledger/store.ts';
import { createFleetBudgets } from '../../src/workers/fleet-budgets.ts';
import { sampleRow } from '../support/ledger-rows.ts';
import { createManualTimers } from '../support/manual-timers.ts';

const ANY = { agent: null, project: null, provider: null, model: null };
const BUDGET: Budget = { ...ANY, limitUsd: 2, per: 'month', each: null };
const SPENDER = { agentType: null, projectId: null, provider: 'one', model: 'm' };
const NOW = Date.UTC(2026, 10, 15);

/** A primary, and the books of two workers. @param before what the ledger has. */
function startLab(before: { costUsd: number }[] = []) {
  const timers = createManualTimers(NOW);
  const { now, setTimer } = timers;
  const workers = [createBudgetBook(), createBudgetBook()] as const;
  for (const book of workers) book.configure([BUDGET]);
  const store: Pick<LedgerStore, 'spending'> = {
    spending: async () => before.map(({ costUsd }) => ({ ...SPENDER, costUsd, unpriced: 0 })),
  };
  const budgets = createFleetBudgets({
    ledger: { store: store as LedgerStore },
    now,
    setTimer,
    log() {},
    tell(spent: readonly Spent[]) {
      for (const book of workers) book.adopt(spent, now());
    },
  });
  budgets.configure([BUDGET]);
  const spend = (book: BudgetBook, costUsd: number) => {
    book.add(sampleRow({ ...SPENDER, timestamp: NOW, costUsd }), now());
    budgets.receive(book.takeAdded());
  };
  const refuses = (book: BudgetBook) => book.usedUp(SPENDER, now()) !== null;
  return { timers, workers, budgets, spend, refuses };
}

test('what several have used up together is refused by each, before the ledger is read again', () => {
  const { workers, budgets, spend, refuses } = startLab();
  const [one, other] = workers;
  spend(one, 1.5);
  expect(workers.map(refuses)).toEqual([false, false]);
  spend(other, 1);
  expect(workers.map(refuses)).toEqual([true, true]);
  expect(budgets.spent()).toMatchObject([{ spentUsd: 2.5 }]);
});

test('what was spent before is told once it is read', async () => {
  const { timers, workers, budgets, refuses } = startLab([{ costUsd: 3 }]);
  budgets.readLedger();
  await timers.advance(0);
  expect(workers.map(refuses)).toEqual([true, true]);
  // And read no more once the gateway ends.
  expect(timers.pending()).toBe(1);
  budgets.stop();
  expect(timers.pending()).toBe(0);
});
