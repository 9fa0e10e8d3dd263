// Rows arrive at the primary as they left the worker, and counted.
import { afterEach, expect, test } from 'bun:test';
import { sharedCopy } from '../../src/ledger/rows/binary-parts.ts';
import type { LedgerRow } from '../../src/ledger/rows/row.ts';
import { packText } from '../../src/ledger/rows/stored-body.ts';
import { createMeter } from '../../src/telemetry/meter.ts';
import { prometheusText } from '../../src/telemetry/prometheus-text.ts';
import {
  countedIn,
  createRowPacker,
  type HandedRows,
  keepable,
  rowsIn,
} from '../../src/workers/handed-rows.ts';
import { JOURNAL_BYTES } from '../../src/workers/journal.ts';
import { createPacketBuffer, WORKER_MEMORY_BYTES } from '../../src/workers/packet-buffer.ts';
import { sampleRow, sampleUsage, variedRows } from '../support/ledger-rows.ts';

const memory = new Uint8Array(WORKER_MEMORY_BYTES);
const room = createPacketBuffer({ bytes: memory, reserve() {} });

afterEach(room.clear);

const bodies: [name: string, request: string | null, response: string | null][] = [
  ['nothing', null, null],
  ['the question alone', '{"text":"He said \\"no\\"\\n"}', null],
  ['the answer alone', null, 'data: 👩‍🔬\n\n'],
  ['an empty text', '', ''],
  ['a text too long for a packet', 'é'.repeat(100_000), 'x'],
];

test.each(bodies)('with %s', async (_, requestBody, responseBody) => {
  const row = sampleRow({ requestBody, responseBody });
  expect(rowsOf(await arrived([row]))).toEqual([row]);
});

test('each with its own, in their order', async () => {
  const rows = bodies.map(([name, requestBody, responseBody]) =>
    sampleRow({ requestId: name, requestBody, responseBody }),
  );
  expect(rowsOf(await arrived(rows))).toEqual(rows);
  const many = variedRows(500);
  const handed = await arrived(many);
  expect(rowsOf(handed)).toEqual(many);
  expect(keepable(handed, memory).every((kept) => kept instanceof Uint8Array)).toBe(true);
});

test('over the pipe what has no room in the memory that both have, until that is clear again', async () => {
  const places = async (rows: LedgerRow[]) =>
    (await arrived(rows)).packets.map((packet) => ('start' in packet ? packet.start : 'piped'));
  const large = Array.from({ length: 64 }, (_, index) =>
    sampleRow({ requestId: `req_${index}`, requestBody: 'x'.repeat(28_000) }),
  );
  const handed = await arrived([...large, ...large]);
  expect(rowsOf(handed)).toEqual([...large, ...large]);
  // What is left of the room is shorter than one of those, and this one fits in it a few times.
  const short = [sampleRow()];
  let place = await places(short);
  for (let more = 0; more < 9 && place[0] !== 'piped'; more++) place = await places(short);
  expect(place).toEqual(['piped']);
  room.clear();
  expect(await places([sampleRow()])).toEqual([JOURNAL_BYTES]);
});

test('memory for them is taken from the system as it is needed, each part of it once', () => {
  const taken: [start: number, length: number][] = [];
  const buffer = createPacketBuffer({ bytes: memory, reserve: (...part) => taken.push(part) });
  const pack = createRowPacker(true, buffer);
  for (let count = 0; count < 3; count++) expect(pack([sampleRow()]).packets).toHaveLength(1);
  expect(taken).toHaveLength(1);
  const long = Array.from({ length: 64 }, () => sampleRow({ requestBody: 'x'.repeat(28_000) }));
  for (let turn = 0; turn < 2; turn++) {
    pack(long);
    buffer.clear();
  }
  expect(taken.length).toBeGreaterThan(1);
  let end = JOURNAL_BYTES;
  for (const [start, length] of taken) {
    expect(start).toBe(end);
    end += length;
  }
  expect(end).toBeLessThanOrEqual(WORKER_MEMORY_BYTES);
});

test('all of it over the pipe where the system has no memory for it', async () => {
  const full = createPacketBuffer({
    bytes: memory,
    reserve() {
      throw new Error('no space left');
    },
  });
  const rows = variedRows(40);
  const handed = await arrived(rows, { through: full });
  expect(handed.packets.every((packet) => packet instanceof Uint8Array)).toBe(true);
  expect(rowsOf(handed)).toEqual(rows);
});

test('with binary parts, which memory of this process holds', async () => {
  const binaries = [{ of: 'response', at: 2, mediaType: 'a/b', content: sharedCopy([0, 255, 7]) }] as const;
  const rows = [sampleRow(), sampleRow({ responseBody: '[""]', binaries })];
  // Between processes nothing that threads share can be sent.
  const sent = [...createRowPacker(true, room)(rows).binaries.values()].flat();
  expect(sent.map(({ content }) => content.buffer)).toEqual([expect.any(ArrayBuffer)]);
  const [bare, row] = rowsOf(await arrived(rows));
  expect(bare).toEqual(sampleRow());
  expect(row?.binaries).toEqual(binaries);
  expect(row?.binaries?.[0]?.content.buffer).toBeInstanceOf(SharedArrayBuffer);
});

test('with a request that was packed before', async () => {
  const row = sampleRow({ requestBody: null, requestZstd: await packText('long '.repeat(20_000)) });
  const rows = [sampleRow({ requestId: 'before' }), row, sampleRow({ requestId: 'behind' })];
  expect(rowsOf(await arrived(rows))).toEqual(rows);
});

test('made sound, so that whoever takes them need not look', async () => {
  const [row] = rowsOf(
    await arrived([sampleRow({ usage: sampleUsage({ outputTokens: Number.NaN }), model: 'x\ud83e' })]),
  );
  expect([row?.usage.outputTokens, row?.model]).toEqual([0, 'x\ufffd']);
});

test('counted, though nobody wants the rows themselves', async () => {
  const rows = variedRows(300).filter(({ provider, status }) => provider !== null && status === 'success');
  const handed = await arrived(rows, { isKept: false });
  expect(handed.packets).toEqual([]);
  const [seen, added] = [createMeter(), createMeter()];
  for (const row of rows) seen.see(row);
  added.add(countedIn(handed));
  expect(prometheusText(added.metrics)).toBe(prometheusText(seen.metrics));
});

function rowsOf(handed: HandedRows): LedgerRow[] {
  return keepable(handed, memory).flatMap(rowsIn);
}

/** Through a pipe as there is between two processes. */
async function arrived(rows: LedgerRow[], { isKept = true, through = room } = {}): Promise<HandedRows> {
  const { promise, resolve } = Promise.withResolvers<HandedRows>();
  await using echo = Bun.spawn([process.execPath, '-e', 'process.on("message", (m) => process.send(m))'], {
    stdio: ['ignore', 'inherit', 'inherit'],
    serialization: 'advanced',
    ipc: (message: HandedRows) => resolve(message),
  });
  echo.send(createRowPacker(isKept, through)(rows));
  const handed = await promise;
  echo.kill();
  return handed;
}
