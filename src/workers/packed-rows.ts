// Rows on their way from a worker to the primary. As JSON they cost a third of what a structured clone costs; what was
// said in them goes beside it, since escaping a long text and reading it again costs more than all the rest.
import { type BinaryPart, sharedCopy } from '../ledger/binary-parts.ts';
import type { LedgerRow } from '../ledger/row.ts';

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
  const bare = rows.map(({ requestBody, responseBody, binaries, ...rest }, index) => {
    bodies.push(requestBody, responseBody);
    if (binaries !== undefined)
      packed.set(
        index,
        binaries.map((part) => ({ ...part, content: part.content.slice() })),
      );
    return rest;
  });
  return { rows: JSON.stringify(bare), bodies, binaries: packed };
}

export function unpackRows({ rows, bodies, binaries }: PackedRows): LedgerRow[] {
  // Of this very program, and of this version of it.
  const bare = JSON.parse(rows) as Omit<LedgerRow, 'requestBody' | 'responseBody' | 'binaries'>[];
  return bare.map((row, index) =>
    Object.assign(row, {
      requestBody: bodies[2 * index] ?? null,
      responseBody: bodies[2 * index + 1] ?? null,
      ...unpackParts(binaries.get(index)),
    }),
  );
}

function unpackParts(parts: readonly PackedPart[] | undefined): Pick<LedgerRow, 'binaries'> {
  if (parts === undefined) return {};
  return { binaries: parts.map((part) => ({ ...part, content: sharedCopy(part.content) })) };
}
