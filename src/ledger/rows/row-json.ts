// A row as a line of JSON, for files: bytes as base64.
import { NO_USAGE } from '../../model/usage.ts';
import { type BinaryPart, bytesOfBase64 } from './binary-parts.ts';
import { type LedgerRow, NO_TIMING } from './row.ts';

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

/**
 * @param text from `rowToJson`, maybe of an older version, which lacks fields that were added since. Null where it is not a row: the
 * process ended while writing it.
 */
export function rowFromJson(text: string): LedgerRow | null {
  try {
    const { binaries, requestZstd, ...row } = JSON.parse(text) as WrittenRow;
    if (typeof row.requestId !== 'string') return null;
    return {
      ...row,
      usage: { ...NO_USAGE, ...row.usage },
      timing: { ...NO_TIMING, ...row.timing },
      transformers: row.transformers ?? [],
      trace: row.trace ?? null,
      requestHeaders: row.requestHeaders ?? null,
      ...(requestZstd !== undefined && { requestZstd: Uint8Array.fromBase64(requestZstd) }),
      ...(binaries !== undefined && { binaries: binaries.flatMap(partFromJson) }),
    };
  } catch {
    return null;
  }
}

function partFromJson({ content, ...part }: WrittenPart): BinaryPart[] {
  const bytes = bytesOfBase64(content);
  return bytes === null ? [] : [{ ...part, content: bytes }];
}
