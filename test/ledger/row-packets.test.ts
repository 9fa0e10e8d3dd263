// Rows reach the store's thread as they were, whatever is in them.
import { describe, expect, test } from 'bun:test';
import { rowValues } from '../../src/ledger/row-columns.ts';
import { createPacketWriter, readPackets, type RowPacket } from '../../src/ledger/row-packets.ts';
import { sampleRow, variedRows } from '../support/ledger-rows.ts';

const buffersOf = (packets: readonly RowPacket[]) =>
  packets.filter((packet) => packet instanceof ArrayBuffer);

describe('rows in packets', () => {
  test('come back in their order, many in one buffer', () => {
    const rows = variedRows(100).map(rowValues);
    const packets = createPacketWriter().write(rows);
    expect(packets).toHaveLength(4);
    expect(readPackets(packets)).toEqual(rows);
  });

  test('any text: none, empty, other scripts, a byte order mark, NUL, a pair cut between two values', () => {
    const bodies: [string | null, string | null][] = [
      [null, null],
      ['', null],
      [null, 'größer 🦭 日本'],
      ['\ufeffx', 'a\0b'],
      ['x\ud83e', '\uddadx'],
    ];
    const rows = bodies.map(([requestBody, responseBody]) =>
      rowValues(sampleRow({ requestBody, responseBody })),
    );
    expect(readPackets(createPacketWriter().write(rows))).toEqual(rows);
  });

  test('half of a surrogate pair takes one place, and what follows is whole', () => {
    const row = rowValues(sampleRow({ requestBody: 'a\ud83eb', responseBody: 'whole' }));
    const [read] = readPackets(createPacketWriter().write([row]));
    expect(read?.slice(-2)).toEqual(['a\ufffdb', 'whole']);
  });

  test('one with much text goes by itself, between the others', () => {
    const bodies = ['a', 'é'.repeat(100_000), 'b', 'ü'.repeat(15_000), 'c'];
    const rows = bodies.map((requestBody) => rowValues(sampleRow({ requestBody })));
    const packets = createPacketWriter().write(rows);
    expect(buffersOf(packets).length).toBeLessThan(packets.length);
    expect(readPackets(packets)).toEqual(rows);
  });

  test('a buffer that came back is used again, and nothing of before is in it', () => {
    const writer = createPacketWriter();
    const packets = writer.write(variedRows(20).map(rowValues));
    writer.giveBack(packets);
    const rows = [rowValues(sampleRow({ provider: null, requestBody: null }))];
    const again = writer.write(rows);
    expect(again[0]).toBe(packets[0]);
    expect(readPackets(again)).toEqual(rows);
  });
});
