// The primary's end of the ledger: rows that workers hand over are counted and kept, and so is what a dead one left behind.
import type { Telemetry } from '../gateway/host.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Meter } from '../telemetry/meter.ts';
import { countedIn, type HandedRows, keepable, rowsIn } from './handed-rows.ts';
import { readJournal } from './journal.ts';
import { lostRow } from './lost-row.ts';
import type { WorkerProcess } from './worker-process.ts';

type Sender = Pick<WorkerProcess, 'memory'>;

export interface RowIntake {
  /** @param batch number of the batch; a worker's batches come in order. */
  take(worker: Sender, rows: HandedRows, batch: number): void;
  /** Records the requests that a dead worker had begun. Returns how many of them were still running. */
  takeLeft(worker: Sender, how: string): number;
}

export interface RowIntakeOptions {
  /** Null: nothing is recorded. */
  ledger: Ledger | null;
  meter: Meter;
  telemetry: Telemetry | null;
  now(): number;
}

export function createRowIntake({ ledger, meter, telemetry, now }: RowIntakeOptions): RowIntake {
  /** The newest batch that each worker has handed over. */
  const batches = new WeakMap<Sender, number>();

  function keep(rows: HandedRows, memory: Uint8Array): void {
    meter.add(countedIn(rows));
    for (const kept of keepable(rows, memory)) {
      if (kept instanceof Uint8Array) ledger?.recordPacket(kept);
      else ledger?.record(kept);
      if (telemetry !== null) rowsIn(kept).forEach(telemetry.see);
    }
  }

  return {
    take(worker, rows, batch) {
      try {
        keep(rows, worker.memory);
      } finally {
        // Even for a batch that failed halfway: its worker's death must not add its rows a second time.
        batches.set(worker, batch);
      }
    },
    takeLeft(worker, how) {
      const left = readJournal(worker.memory, batches.get(worker) ?? 0);
      for (const request of left) {
        const row = lostRow(request, how, now());
        ledger?.record(row);
        meter.see(row);
        telemetry?.see(row);
      }
      return left.filter(({ end }) => end === null).length;
    },
  };
}
