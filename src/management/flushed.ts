// What was recorded is there when a page is read, as far as the store takes it.
import type { ManagementDeps } from './management.ts';

/** A store that another program holds, or that says nothing, would keep a page waiting as long as it is so. */
const PATIENCE_MS = 1_000;

/** A client that asks right after its request finds it listed and counted. */
export async function flushed({
  ledger,
  setTimer,
}: Pick<ManagementDeps, 'ledger' | 'setTimer'>): Promise<void> {
  if (ledger === null) return;
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const cancel = setTimer(resolve, PATIENCE_MS);
  await Promise.race([ledger.flush(), late]);
  cancel();
}
