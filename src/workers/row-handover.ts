// A worker's end of the ledger: rows go to the primary in batches, and the journal lets go of each when it is there.
import type { RowTaker } from '../ledger/ledger.ts';
import { type LedgerRow, withoutBodies } from '../ledger/row.ts';
import type { Channel } from './channel.ts';
import type { Journal } from './journal.ts';
import { packRows } from './packed-rows.ts';
import type { PrimaryMethods } from './protocol.ts';

/** Together with the primary's own wait, well within the second of GUARANTEES 17. */
const MAX_DELAY_MS = 50;
const FULL_BATCH = 200;

export interface HandoverOptions {
  setTimer(callback: () => void, ms: number): () => void;
  /** Whether anybody keeps what was said. */
  bodies: boolean;
}

export function createRowHandover(
  primary: Pick<Channel<PrimaryMethods>, 'call'>,
  journal: Journal,
  { setTimer, bodies }: HandoverOptions,
): RowTaker {
  let waiting: LedgerRow[] = [];
  let timer: (() => void) | undefined;
  /** The newest batch, which is there when all before it are: the channel keeps the order. */
  let newest: Promise<void> = Promise.resolve();
  /** Counted by the primary as well. */
  let batch = 0;

  function send(): void {
    timer?.();
    timer = undefined;
    if (waiting.length === 0) return;
    const rows = waiting;
    waiting = [];
    batch += 1;
    // Before they leave: one whose worker dies before it hears that they are there is not accounted twice.
    for (const { requestId } of rows) journal.sent(requestId, batch);
    newest = primary.call('append', packRows(rows)).then(
      () => {
        for (const { requestId } of rows) journal.done(requestId);
      },
      // The primary is gone, and this process with it.
      () => {},
    );
  }

  function flush(): Promise<void> {
    send();
    return newest;
  }

  return {
    record(row) {
      waiting.push(bodies ? row : withoutBodies(row));
      if (waiting.length >= FULL_BATCH) send();
      else timer ??= setTimer(send, MAX_DELAY_MS);
    },
    flush,
    close: flush,
  };
}
