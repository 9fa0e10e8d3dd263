// What all workers together spend from budgets: the primary adds up what each reports, and each refuses requests by the sum.
import type { Budget } from '../config/resolved.ts';
import { type BudgetState, createBudgetBook, type Spent } from '../ledger/budgets/budget-book.ts';
import { createSpendingReader, type SpendingOptions } from '../ledger/budgets/read-spending.ts';
import type { Ledger } from '../ledger/ledger.ts';

export interface FleetBudgets {
  /** Counts for these budgets from now on. */
  configure(budgets: readonly Budget[]): void;
  /** Reads from the ledger what was spent before; to be called again when all workers have new budgets. */
  readLedger(): void;
  /** A worker has spent this much more. */
  receive(added: readonly Spent[]): void;
  /** The sums, for a worker that has begun to serve; null: there are no budgets. */
  spent(): Spent[] | null;
  states(): BudgetState[];
  /** Why the ledger cannot be read at the moment; null: it can, or nothing has to be read. */
  unread(): string | null;
  stop(): void;
}

interface FleetBudgetsOptions extends Omit<SpendingOptions, 'onRead'> {
  /** Null: nothing is recorded. */
  ledger: Pick<Ledger, 'store'> | null;
  /** Tells all workers what was spent. */
  tell(spent: readonly Spent[]): void;
}

export function createFleetBudgets({ ledger, tell, ...options }: FleetBudgetsOptions): FleetBudgets {
  const { now } = options;
  const book = createBudgetBook();
  const tellAll = () => tell(book.spent(now()));
  const reader = ledger && createSpendingReader(book, ledger.store, { ...options, onRead: tellAll });
  return {
    configure: book.configure,
    readLedger: () => reader?.configured(),
    receive(added) {
      book.receive(added, now());
      tellAll();
    },
    spent: () => (book.isEmpty ? null : book.spent(now())),
    states: () => book.states(now()),
    unread: () => reader?.failure() ?? null,
    stop: () => reader?.stop(),
  };
}
