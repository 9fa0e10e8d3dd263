// A process that records rows into the SQLite file of its argument and waits to be killed.
// Prints `old` when its first 300 rows are more than a second old; by then it has recorded one more.
import { createLedger } from '../../src/ledger/queue/recorder.ts';
import { createThreadedStore } from '../../src/ledger/threaded-store.ts';
import { sampleRow, variedRows } from '../support/ledger-rows.ts';

const ledger = createLedger(createThreadedStore({ type: 'sqlite', path: process.argv[2] ?? '' }), {
  now: Date.now,
  monotonic: () => performance.now(),
  setTimer: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
});

for (const row of variedRows(300)) ledger.record(row);
setTimeout(() => {
  ledger.record(sampleRow({ requestId: 'req_last' }));
  console.log('old');
}, 1001);
setInterval(() => undefined, 60_000);
