// What the primary records of a worker: each row once, also where the worker dies between its end and its rows.
import { expect, test } from 'bun:test';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { LedgerRow } from '../../src/ledger/rows/row.ts';
import { createMeter } from '../../src/telemetry/meter.ts';
import { createRowPacker, rowsIn } from '../../src/workers/handed-rows.ts';
import { createJournal } from '../../src/workers/journal.ts';
import { createPacketBuffer, WORKER_MEMORY_BYTES } from '../../src/workers/packet-buffer.ts';
import { createRowIntake } from '../../src/workers/row-intake.ts';
import { sampleRow } from '../support/ledger-rows.ts';

function createLab() {
  const memory = new Uint8Array(WORKER_MEMORY_BYTES);
  const reserve = () => {};
  const journal = createJournal(memory, {
    reserve,
    onFull(error) {
      throw error;
    },
  });
  const pack = createRowPacker(true, createPacketBuffer({ bytes: memory, reserve }));
  const recorded: LedgerRow[] = [];
  const traced: LedgerRow[] = [];
  const ledger: Pick<Ledger, 'record' | 'recordPacket'> = {
    record: (row) => recorded.push(row),
    recordPacket: (packet) => recorded.push(...rowsIn(packet)),
  };
  const meter = createMeter();
  const intake = createRowIntake({
    ledger: ledger as Ledger,
    meter,
    telemetry: { see: (row) => traced.push(row) },
    now: () => 5_000,
  });
  /** A request begins in the worker. */
  const begin = (requestId: string) =>
    journal.note({ ...sampleRow({ requestId }), clientDialect: 'openai-chat', provider: 'one', model: 'm' });
  /** It ends there, and its row leaves in this batch. */
  const send = (requestId: string, batch: number) => {
    const row = sampleRow({ requestId });
    journal.ended(row);
    journal.sent(requestId, batch);
    return pack([row]);
  };
  const ids = (rows: readonly LedgerRow[]) => rows.map(({ requestId }) => requestId);
  const countedRequests = () => {
    const requests = meter.metrics.find(({ name }) => name === 'sluice_requests_total');
    return [...(requests?.series ?? [])].reduce((sum, { point }) => sum + Number(point), 0);
  };
  return { worker: { memory }, intake, begin, send, recorded, traced, ids, countedRequests };
}

test('a dead worker leaves the requests whose batches had not come: ended ones as they ended, and those that ran', () => {
  const { worker, intake, begin, send, recorded, traced, ids, countedRequests } = createLab();
  for (const id of ['taken', 'on its way', 'running']) begin(id);
  intake.take(worker, send('taken', 1), 1);
  send('on its way', 2);
  expect(intake.takeLeft(worker, 'ended with code 1')).toBe(1);
  expect(ids(recorded)).toEqual(['taken', 'on its way', 'running']);
  expect(ids(traced)).toEqual(ids(recorded));
  expect(countedRequests()).toBe(3);
  expect(recorded.map(({ status }) => status)).toEqual(['success', 'success', 'error']);
});

test('a batch that could not be read is not recorded a second time when its worker dies', () => {
  const { worker, intake, begin, send, recorded } = createLab();
  begin('unreadable');
  const rows = send('unreadable', 1);
  expect(() => intake.take(worker, { ...rows, counted: '{' }, 1)).toThrow();
  expect(intake.takeLeft(worker, 'ended with code 1')).toBe(0);
  expect(recorded).toEqual([]);
});
