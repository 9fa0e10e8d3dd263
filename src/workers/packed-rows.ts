// Rows on their way from a worker to the primary. As JSON they cost a third of what a structured clone costs; what was
// said in them goes beside it, since escaping a long text and reading it again costs more than all the rest.
import type { LedgerRow } from '../ledger/row.ts';

export interface PackedRows {
  /** JSON of the rows without their bodies. */
  rows: string;
  /** Two for each row: what was asked, and what was answered. */
  bodies: (string | null)[];
}

export function packRows(rows: readonly LedgerRow[]): PackedRows {
  const bodies: PackedRows['bodies'] = [];
  const bare = rows.map(({ requestBody, responseBody, ...rest }) => {
    bodies.push(requestBody, responseBody);
    return rest;
  });
  return { rows: JSON.stringify(bare), bodies };
}

export function unpackRows({ rows, bodies }: PackedRows): LedgerRow[] {
  // Of this very program, and of this version of it.
  const bare = JSON.parse(rows) as Omit<LedgerRow, 'requestBody' | 'responseBody'>[];
  return bare.map((row, index) =>
    Object.assign(row, {
      requestBody: bodies[2 * index] ?? null,
      responseBody: bodies[2 * index + 1] ?? null,
    }),
  );
}
