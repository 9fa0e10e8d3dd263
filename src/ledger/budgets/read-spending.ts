// Budgets count on where they were after a restart, and count what other gateways spend of the same ledger: what is there is
// read when they are new, and again every few seconds.
import type { LedgerStore } from '../store.ts';
import type { BudgetBook } from './budget-book.ts';

const EVERY_MS = 10_000;

export interface SpendingOptions {
  now(): number;
  setTimer(callback: () => void, delayMs: number): () => void;
  /** Something was read. */
  onRead?(): void;
  /** It could not be, after it could: what this process has seen still counts. */
  onFailed(reason: string): void;
}

export interface SpendingReader {
  /** There are other budgets now, or none any more. */
  configured(): void;
  stop(): void;
}

export function createSpendingReader(
  book: BudgetBook,
  store: Pick<LedgerStore, 'spending'>,
  { now, setTimer, onRead = () => {}, onFailed }: SpendingOptions,
): SpendingReader {
  let cancel = (): void => {};
  let isStopped = false;
  let hasFailed = false;

  async function read(): Promise<void> {
    for (const period of book.periods(now())) {
      const spending = await store.spending(period);
      book.adopt(book.sumUp(spending, period, now()), now());
    }
    hasFailed = false;
    onRead();
  }

  function failed(thrown: unknown): void {
    if (!hasFailed && !isStopped) onFailed(thrown instanceof Error ? thrown.message : String(thrown));
    hasFailed = true;
  }

  function readAgain(): void {
    cancel();
    if (isStopped || book.isEmpty) return;
    read().catch(failed);
    cancel = setTimer(readAgain, EVERY_MS);
  }

  return {
    configured: readAgain,
    stop() {
      isStopped = true;
      cancel();
    },
  };
}
