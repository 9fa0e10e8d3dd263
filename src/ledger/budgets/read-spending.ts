// Reads spending from the ledger when budgets are new, and again every few seconds, so that budgets continue after a restart and count what
// other gateways on the same ledger spend.
import type { LedgerStore } from '../store.ts';
import type { BudgetBook } from './budget-book.ts';
import { messageOf } from '../../model/thrown.ts';

const EVERY_MS = 10_000;

/** The log's messages when spending cannot be read, and when it can be read again. */
export const BUDGETS_UNREAD =
  'spending could not be read from the ledger: budgets count what was read before (nothing, if this is the start), and the requests of this gateway from now on';
export const BUDGETS_READ_AGAIN = 'spending could be read from the ledger again: budgets count all of it';

export interface SpendingOptions {
  now(): number;
  setTimer(callback: () => void, delayMs: number): () => void;
  log(level: 'info' | 'warn', message: string, fields?: Record<string, unknown>): void;
  /** Called when something was read. */
  onRead?(): void;
}

export interface SpendingReader {
  /** Called when the budgets have changed; there may be none left. */
  configured(): void;
  /** Why the latest reading failed, so that too little may be counted; null where it did not fail, or there is no budget. */
  failure(): string | null;
  stop(): void;
}

export function createSpendingReader(
  book: BudgetBook,
  store: Pick<LedgerStore, 'spending'>,
  { now, setTimer, log, onRead = () => {} }: SpendingOptions,
): SpendingReader {
  let cancel = (): void => {};
  let isStopped = false;
  let failure: string | null = null;

  async function read(): Promise<void> {
    for (const period of book.periods(now())) {
      const spending = await store.spending(period);
      book.adopt(book.sumUp(spending, period, now()), now());
    }
    if (failure !== null && !isStopped) log('info', BUDGETS_READ_AGAIN);
    failure = null;
    onRead();
  }

  function failed(thrown: unknown): void {
    const reason = messageOf(thrown);
    if (failure === null && !isStopped) log('warn', BUDGETS_UNREAD, { error: reason });
    failure = reason;
  }

  function readAgain(): void {
    cancel();
    if (isStopped || book.isEmpty) return;
    read().catch(failed);
    cancel = setTimer(readAgain, EVERY_MS);
  }

  return {
    configured: readAgain,
    failure: () => (book.isEmpty ? null : failure),
    stop() {
      isStopped = true;
      cancel();
    },
  };
}
