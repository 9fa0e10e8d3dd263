// An embedded gateway whose process may open no more files when its first request comes, and may again for the last.
// Prints what it answered and what it recorded, as JSON.
import { createGateway } from '../../src/index.ts';
import type { LedgerRow } from '../../src/ledger/rows/row.ts';
import { spendDescriptors } from './spend-descriptors.ts';

// As in the build, whose file of prices need not be searched for: Bun keeps a search that failed for good.
import.meta.resolve('@pydantic/genai-prices');

const rows: LedgerRow[] = [];
const unused = () => Promise.reject(new Error('not part of this test'));
const gateway = createGateway(
  {},
  {
    host: {
      ledgerStore: {
        append: async (batch) => void rows.push(...batch),
        audit: unused,
        totals: unused,
        summary: unused,
        series: unused,
        spending: unused,
        recent: unused,
        expire: async () => ({ rows: 0, isDone: true }),
        close: async () => {},
      },
    },
  },
);

const ask = async () => {
  const body = JSON.stringify({
    model: 'simulator/fast',
    max_tokens: 99,
    messages: [{ role: 'user', content: 'hi' }],
  });
  const response = await gateway.fetch(new Request('http://sluice/v1/messages', { method: 'POST', body }));
  return { status: response.status, body: await response.text() };
};
const stream = async () => {
  const events = gateway.stream({
    model: 'simulator/fast',
    messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
  });
  return Array.fromAsync(events).then(
    () => 'nothing was thrown',
    (error: unknown) => String(error),
  );
};

const giveBack = spendDescriptors();
const streamed = await stream();
const first = await ask();
giveBack();
const next = await ask();
await gateway.flush();
console.log(JSON.stringify({ streamed, first, next, rows: rows.map(({ errorCode }) => errorCode) }));
process.exit();
