// A row as JSON, for files: bytes as base64.
import { type BinaryPart, bytesOfBase64 } from './binary-parts.ts';
import type { LedgerRow } from './row.ts';

export function rowToJson(row: LedgerRow): string {
  const { binaries, requestZstd } = row;
  if (binaries === undefined && requestZstd === undefined) return JSON.stringify(row);
  return JSON.stringify({
    ...row,
    requestZstd: requestZstd?.toBase64(),
    binaries: binaries?.map((part) => ({ ...part, content: part.content.toBase64() })),
  });
}

type WrittenPart = Omit<BinaryPart, 'content'> & { content: string };
type WrittenRow = Omit<LedgerRow, 'requestZstd' | 'binaries'> & {
  requestZstd?: string;
  binaries?: WrittenPart[];
};

/** @param json the parsed output of `rowToJson`. */
export function rowFromJson(json: unknown): LedgerRow {
  const { binaries, requestZstd, ...written } = json as WrittenRow;
  const row: LedgerRow = written;
  if (requestZstd !== undefined) row.requestZstd = Uint8Array.fromBase64(requestZstd);
  if (binaries === undefined) return row;
  const read: BinaryPart[] = [];
  for (const { content, ...part } of binaries) {
    const bytes = bytesOfBase64(content);
    if (bytes !== null) read.push({ ...part, content: bytes });
  }
  return { ...row, binaries: read };
}
