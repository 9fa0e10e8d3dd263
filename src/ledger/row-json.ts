// A row as JSON, for files and other processes: binary parts as base64.
import { type BinaryPart, bytesOfBase64 } from './binary-parts.ts';
import type { LedgerRow } from './row.ts';

export function rowToJson(row: LedgerRow): string {
  const { binaries } = row;
  if (binaries === undefined) return JSON.stringify(row);
  const written = binaries.map((part) => ({ ...part, content: part.content.toBase64() }));
  return JSON.stringify({ ...row, binaries: written });
}

type WrittenPart = Omit<BinaryPart, 'content'> & { content: string };
type WrittenRow = Omit<LedgerRow, 'binaries'> & { binaries?: WrittenPart[] };

/** @param json what `rowToJson` wrote, parsed. */
export function rowFromJson(json: unknown): LedgerRow {
  const { binaries, ...row } = json as WrittenRow;
  if (binaries === undefined) return row;
  const read: BinaryPart[] = [];
  for (const { content, ...part } of binaries) {
    const bytes = bytesOfBase64(content);
    if (bytes !== null) read.push({ ...part, content: bytes });
  }
  return { ...row, binaries: read };
}
