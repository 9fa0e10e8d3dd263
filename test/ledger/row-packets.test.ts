// Rows reach the store's thread as they were, whatever is in them.
import { describe, expect, test } from 'bun:test';
import { rowValues } from '../../src/ledger/rows/row-columns.ts';
import {
  adoptPacket,
  compactPacket,
  createPacketBuffers,
  createPacketWriter,
  readPackets,
  type RowPacket,
  rowsInPacket,
  rowsOfPacket,
} from '../../src/ledger/rows/row-packets.ts';
import { SAMPLE_TIME, sampleRow, variedRows } from '../support/ledger-rows.ts';

const buffersOf = (packets: readonly RowPacket[]) =>
  packets.filter((packet) => packet instanceof SharedArrayBuffer);

describe('rows in packets', () => {
  test('come back in their order, many in one buffer', () => {
    const rows = variedRows(100);
    const packets = createPacketWriter().write(rows);
    expect(packets).toHaveLength(4);
    expect(readPackets(packets)).toEqual(rows.map(rowValues));
  });

  test('any text: none, empty, other scripts, a byte order mark, NUL', () => {
    const bodies: [string | null, string | null][] = [
      [null, null],
      ['', null],
      [null, 'größer 🦭 日本'],
      ['\ufeffx', 'a\0b'],
    ];
    const rows = bodies.map(([requestBody, responseBody]) => sampleRow({ requestBody, responseBody }));
    expect(readPackets(createPacketWriter().write(rows))).toEqual(rows.map(rowValues));
  });

  test('a pair cut between two names is whole again', () => {
    const row = sampleRow({ agentType: 'x\ud83e', projectId: '\uddadx' });
    expect(readPackets(createPacketWriter().write([row]))).toEqual([rowValues(row)]);
  });

  test('what is the same as before, what changes, and what is none between', () => {
    const names = ['a', 'a', null, 'a', 'a', 'b', '', '', null, 'a'];
    const rows = names.map((agentType, index) =>
      sampleRow({ requestId: `req_${index}`, agentType, model: names[index + 1] ?? 'last', attempts: [] }),
    );
    const packets = createPacketWriter().write(rows);
    expect(packets).toHaveLength(1);
    expect(readPackets(packets)).toEqual(rows.map(rowValues));
  });

  test('rows of different times are in different ones', () => {
    const hour = 3_600_000;
    const rows = [0, hour - 1, hour, 0].map((later) => sampleRow({ timestamp: SAMPLE_TIME + later }));
    const packets = createPacketWriter().write(rows);
    expect(packets).toHaveLength(3);
    expect(readPackets(packets)).toEqual(rows.map(rowValues));
  });

  test('half of a surrogate pair takes one place, and what follows is whole', () => {
    const row = sampleRow({ requestBody: 'a\ud83eb', responseBody: 'whole' });
    const [read] = readPackets(createPacketWriter().write([row]));
    expect(read?.slice(-2)).toEqual(['a\ufffdb', 'whole']);
  });

  test('as many are in one as there is room for, by what their texts take', () => {
    const lengths = [...Array<number>(64).fill(2_500), 90_000, 80_000, 9_000, 900];
    const rows = lengths.map((length, index) =>
      sampleRow({
        requestId: `req_${index}`,
        errorMessage: 'm'.repeat(500),
        requestBody: 'x'.repeat(length),
      }),
    );
    const packets = createPacketWriter().write(rows);
    expect(buffersOf(packets).map(rowsInPacket)).toEqual([32, 32, 1, 3]);
    expect(readPackets(packets)).toEqual(rows.map(rowValues));
  });

  test('one with much text goes by itself, between the others', () => {
    const bodies = ['a', 'é'.repeat(100_000), 'b', 'ü'.repeat(15_000), 'c'];
    const rows = bodies.map((requestBody) => sampleRow({ requestBody }));
    const packets = createPacketWriter().write(rows);
    expect(buffersOf(packets).length).toBeLessThan(packets.length);
    expect(readPackets(packets)).toEqual(rows.map(rowValues));
  });

  test('a buffer that came back is used again, and nothing of before is in it', () => {
    const buffers = createPacketBuffers();
    const writer = createPacketWriter(buffers);
    const packets = writer.write(variedRows(20));
    buffers.giveBack(packets);
    const rows = [sampleRow({ provider: null, requestBody: null })];
    const again = writer.write(rows);
    expect(again[0]).toBe(packets[0]);
    expect(readPackets(again)).toEqual(rows.map(rowValues));
  });

  test('a compact copy holds the same in less room, and becomes a packet again elsewhere', () => {
    const rows = variedRows(20);
    const [packet] = buffersOf(createPacketWriter().write(rows));
    if (packet === undefined) throw new Error('no packet');
    const compact = compactPacket(packet);
    expect(compact.length).toBeLessThan(packet.byteLength / 2);
    const buffers = createPacketBuffers();
    // Something else was in it before.
    buffers.giveBack(createPacketWriter().write(variedRows(32, 50)));
    const adopted = adoptPacket(compact, buffers);
    expect(rowsInPacket(adopted)).toBe(20);
    expect(readPackets([adopted])).toEqual(rows.map(rowValues));
  });

  test('rows come back whole, but for binary parts', () => {
    const rows = [...variedRows(60), sampleRow({ requestBody: 'é'.repeat(100_000), route: null })];
    expect(createPacketWriter().write(rows).flatMap(rowsOfPacket)).toEqual(rows);
  });
});
