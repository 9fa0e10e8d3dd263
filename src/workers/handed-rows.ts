// Rows on their way from a worker to the primary: in the packets that the ledger's store reads, and counted already. The
// primary passes on what it need not read, and most of it does not come over the pipe.
import { type BinaryPart, sharedCopy } from '../ledger/rows/binary-parts.ts';
import { REQUEST_ID, rowOfValues, type RowValues } from '../ledger/rows/row-columns.ts';
import {
  adoptPacket,
  compactPacket,
  createPacketBuffers,
  createPacketWriter,
  rowsOfPacket,
} from '../ledger/rows/row-packets.ts';
import type { LedgerRow } from '../ledger/rows/row.ts';
import { soundRow } from '../ledger/rows/sound-row.ts';
import { type Counted, countedBy, createTally } from '../telemetry/meter.ts';
import { packetAt, type PacketPlace, type PacketRoom } from './packet-room.ts';

export interface HandedRows {
  /** JSON of what a tally of them counted: a structured clone costs three times as much. */
  counted: string;
  packets: (PacketPlace | Uint8Array<ArrayBuffer> | RowValues)[];
  /** By request id, of the rows that have any. */
  binaries: Map<string, PackedPart[]>;
}

/** Other processes do not share this one's memory. */
type PackedPart = Omit<BinaryPart, 'content'> & { content: Uint8Array<ArrayBuffer> };

/** @param isKept whether somebody wants the rows themselves. @param room that the primary sees. */
export function createRowPacker(
  isKept: boolean,
  room: Pick<PacketRoom, 'put'>,
): (rows: readonly LedgerRow[]) => HandedRows {
  const buffers = createPacketBuffers();
  const writer = createPacketWriter(buffers);
  return (rows) => {
    const tally = createTally();
    const sound = rows.map(soundRow);
    for (const row of sound) tally.see(row);
    const written = isKept ? writer.write(sound) : [];
    const packets = written.map((packet) =>
      packet instanceof SharedArrayBuffer ? (room.put(packet) ?? compactPacket(packet)) : packet,
    );
    buffers.giveBack(written);
    return { counted: JSON.stringify(countedBy(tally)), packets, binaries: binariesOf(sound) };
  };
}

function binariesOf(rows: readonly LedgerRow[]): HandedRows['binaries'] {
  const found: HandedRows['binaries'] = new Map();
  for (const { requestId, binaries } of rows)
    if (binaries !== undefined)
      found.set(
        requestId,
        binaries.map((part) => ({ ...part, content: part.content.slice() })),
      );
  return found;
}

export function countedIn({ counted }: HandedRows): Counted {
  // Of this very program, and of this version of it.
  return JSON.parse(counted) as Counted;
}

/**
 * Each as it can be kept: a packet of many, or a row that is too long for one or has binary parts.
 * @param memory of the worker that packed them.
 */
export function keepable({ packets, binaries }: HandedRows, memory: Uint8Array): (Uint8Array | LedgerRow)[] {
  return packets.map((packet) => {
    if (packet instanceof Uint8Array) return packet;
    if ('start' in packet) return packetAt(memory, packet);
    const parts = binaries.get(String(packet[REQUEST_ID]));
    const row = rowOfValues(packet);
    if (parts === undefined) return row;
    return { ...row, binaries: parts.map((part) => ({ ...part, content: sharedCopy(part.content) })) };
  });
}

/** All of them, in their order. */
export function rowsIn(kept: Uint8Array | LedgerRow): LedgerRow[] {
  return kept instanceof Uint8Array ? rowsOfPacket(adoptPacket(kept, createPacketBuffers())) : [kept];
}
