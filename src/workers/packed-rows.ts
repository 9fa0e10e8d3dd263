// Rows on their way from a worker to the primary. As JSON they cost a third of what a structured clone costs; what was
// said in them goes beside it, since escaping a long text and reading it again costs more than all the rest.
import { type BinaryPart, sharedCopy } from '../ledger/binary-parts.ts';
import { type LedgerRow, withoutBodies } from '../ledger/row.ts';

export interface PackedRows {
  /** JSON of the rows without their bodies. */
  rows: string;
  /** Two for each row: what was asked, and what was answered. */
  bodies: (string | null)[];
  /** Of the rows that have any, by their places. */
  binaries: Map<number, PackedPart[]>;
}

/** Other processes do not share this one's memory. */
type PackedPart = Omit<BinaryPart, 'content'> & { content: Uint8Array<ArrayBuffer> };

export function packRows(rows: readonly LedgerRow[]): PackedRows {
  const bodies: PackedRows['bodies'] = [];
  const packed: PackedRows['binaries'] = new Map();
  const bare = rows.map((row, index) => {
    const { requestBody, responseBody, binaries } = row;
    bodies.push(requestBody, responseBody);
    // Copied whole: field by field it takes a third longer.
    if (binaries === undefined) return { ...row, requestBody: null, responseBody: null };
    packed.set(
      index,
      binaries.map((part) => ({ ...part, content: part.content.slice() })),
    );
    return withoutBodies(row);
  });
  return { rows: JSON.stringify(bare), bodies, binaries: packed };
}

export function unpackRows({ rows, bodies, binaries }: PackedRows): LedgerRow[] {
  // Of this very program, and of this version of it.
  const bare = JSON.parse(rows) as LedgerRow[];
  for (const [index, row] of bare.entries()) {
    row.requestBody = bodies[2 * index] ?? null;
    row.responseBody = bodies[2 * index + 1] ?? null;
    const parts = binaries.get(index);
    if (parts !== undefined)
      row.binaries = parts.map((part) => ({ ...part, content: sharedCopy(part.content) }));
  }
  return bare;
}
