// Rows arrive at the primary as they left the worker.
import { expect, test } from 'bun:test';
import { sharedCopy } from '../../src/ledger/binary-parts.ts';
import type { LedgerRow } from '../../src/ledger/row.ts';
import { packRows, unpackRows } from '../../src/workers/packed-rows.ts';
import { sampleRow } from '../support/ledger-rows.ts';

const bodies: [name: string, request: string | null, response: string | null][] = [
  ['nothing', null, null],
  ['the question alone', '{"text":"He said \\"no\\"\\n"}', null],
  ['the answer alone', null, 'data: 👩‍🔬\n\n'],
  ['an empty text', '', ''],
  ['half of a pair', '\ud83d', 'x'],
];

test.each(bodies)('with %s', (_, requestBody, responseBody) => {
  const row = sampleRow({ requestBody, responseBody });
  expect(arrived([row])).toEqual([row]);
});

test('each with its own, in their order', () => {
  const rows = bodies.map(([name, requestBody, responseBody]) =>
    sampleRow({ requestId: name, requestBody, responseBody }),
  );
  expect(arrived(rows)).toEqual(rows);
  expect(arrived([])).toEqual([]);
});

test('with binary parts, which memory of this process holds', () => {
  const binaries = [{ of: 'response', at: 2, mediaType: 'a/b', content: sharedCopy([0, 255, 7]) }] as const;
  const [bare, row] = arrived([sampleRow(), sampleRow({ responseBody: '[""]', binaries })]);
  expect(bare).toEqual(sampleRow());
  expect(row?.binaries).toEqual(binaries);
  expect(row?.binaries?.[0]?.content.buffer).toBeInstanceOf(SharedArrayBuffer);
});

/** As over the pipe. */
function arrived(rows: LedgerRow[]): LedgerRow[] {
  return unpackRows(structuredClone(packRows(rows)));
}
