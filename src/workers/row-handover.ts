// A worker's end of the ledger: rows go to the primary in batches, and the journal drops each once it has arrived.
import type { RowTaker } from '../ledger/ledger.ts';
import type { LedgerRow } from '../ledger/rows/row.ts';
import { packText } from '../ledger/rows/stored-body.ts';
import { type Channel, ChannelClosed } from './channel.ts';
import { createRowPacker } from './handed-rows.ts';
import type { Journal } from './journal.ts';
import type { PacketBuffer } from './packet-buffer.ts';
import type { PrimaryMethods } from './protocol.ts';

/**
 * Milliseconds; together with the primary's own wait this stays well within the second of GUARANTEES 17. Each batch wakes the primary,
 * whose code and memory have left the processor's caches: that is most of what a row costs it.
 */
const MAX_DELAY_MS = 250;
const FULL_BATCH = 512;

export interface HandoverOptions {
  journal: Journal;
  room: PacketBuffer;
  setTimer(callback: () => void, ms: number): () => void;
  /** Whether the rows themselves are needed; otherwise they are only counted. */
  isKept: boolean;
  /** Called before rows are sent. Their spending must arrive first: if it was read from the ledger before that, it would count twice. */
  beforeSend(): void;
  /** The primary could not take a batch, whose rows are lost. */
  onError(error: unknown): void;
}

export function createRowHandover(
  primary: Pick<Channel<PrimaryMethods>, 'call'>,
  { journal, room, setTimer, isKept, beforeSend, onError }: HandoverOptions,
): RowTaker {
  const pack = createRowPacker(isKept, room);
  let waiting: LedgerRow[] = [];
  let timer: (() => void) | undefined;
  /** The arrival of the newest batch, which implies that of all earlier ones, since the channel keeps the order. */
  let newest: Promise<void> = Promise.resolve();
  let batch = 0;
  /** How many batches the primary has not answered. */
  let underway = 0;

  function send(): void {
    timer?.();
    timer = undefined;
    if (waiting.length === 0) return;
    const rows = waiting;
    waiting = [];
    batch += 1;
    beforeSend();
    // Before they are sent, so that no row is accounted for twice if this worker dies before the primary's answer.
    for (const { requestId } of rows) journal.sent(requestId, batch);
    underway += 1;
    const strike = () => {
      underway -= 1;
      if (underway === 0) room.clear();
      for (const { requestId } of rows) journal.done(requestId);
    };
    newest = primary.call('append', pack(rows), batch).then(strike, (error) => {
      // The primary is gone, and this process with it.
      if (error instanceof ChannelClosed) return;
      // The primary is alive and could not take them; the death of this process must not add them again.
      onError(error);
      strike();
    });
  }

  function flush(): Promise<void> {
    send();
    return newest;
  }

  return {
    record(row) {
      journal.ended(row);
      waiting.push(row);
      if (waiting.length >= FULL_BATCH) send();
      else timer ??= setTimer(send, MAX_DELAY_MS);
    },
    pack: packText,
    flush,
    close: flush,
  };
}
