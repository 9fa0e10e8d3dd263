// Rows on their way from a worker to the primary: already counted, and in the packets that the ledger's store reads. The primary reads them
// only if traces need them, and most of them do not go through the pipe.
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
import { storableRow } from '../ledger/rows/storable-row.ts';
import { type Counted, countedBy, createTally } from '../telemetry/meter.ts';
import { packetAt, type PacketPlace, type PacketBuffer } from './packet-buffer.ts';

export interface HandedRows {
  /** The counts of their tally, as JSON, since a structured clone costs three times as much. */
  counted: string;
  packets: (PacketPlace | Uint8Array<ArrayBuffer> | RowValues)[];
  /** By request id, for rows that have any. */
  binaries: Map<string, PackedPart[]>;
}

/** Other processes cannot share this one's memory. */
type PackedPart = Omit<BinaryPart, 'content'> & { content: Uint8Array<ArrayBuffer> };

/** @param isKept whether the rows themselves are needed, not only their counts. @param room memory that the primary can read. */
export function createRowPacker(
  isKept: boolean,
  room: Pick<PacketBuffer, 'put'>,
): (rows: readonly LedgerRow[]) => HandedRows {
  const buffers = createPacketBuffers();
  const writer = createPacketWriter(buffers);
  return (rows) => {
    const tally = createTally();
    const sound = rows.map(storableRow);
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
  // Written by the same version of this program.
  return JSON.parse(counted) as Counted;
}

/**
 * The rows as they can be stored: packets of many rows, and single rows that are too long for one or have binary parts.
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

/** All its rows, in order. */
export function rowsIn(kept: Uint8Array | LedgerRow): LedgerRow[] {
  return kept instanceof Uint8Array ? rowsOfPacket(adoptPacket(kept, createPacketBuffers())) : [kept];
}
