// Makes recorded rows visible before a page is read, as far as the store accepts them.
import { isDoneWithin } from '../model/done-within.ts';
import type { ManagementDeps } from './management.ts';

/** Without this limit, a store that another program has locked, or that does not respond, would block the page. */
const TIMEOUT_MS = 1_000;

/** A client that asks right after its request finds it listed and counted. */
export async function flushed({
  ledger,
  setTimer,
}: Pick<ManagementDeps, 'ledger' | 'setTimer'>): Promise<void> {
  if (ledger === null) return;
  await isDoneWithin(ledger.flush(), TIMEOUT_MS, setTimer);
}
