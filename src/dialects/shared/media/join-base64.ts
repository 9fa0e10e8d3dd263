// Joins bytes that a stream sends in pieces, each encoded in base64 separately: if a piece is padded, concatenation is wrong.
import { fromBase64, toBase64 } from '../../../model/base64.ts';

/** @param known the pieces so far, joined; empty at first. */
export function joinBase64(known: string, piece: string): string {
  if (!known.endsWith('=') || piece === '') return known + piece;
  // Only the last group can be incomplete.
  const full = known.length - 4;
  try {
    const rest = fromBase64(known.slice(full));
    const more = fromBase64(piece);
    const bytes = new Uint8Array(rest.length + more.length);
    bytes.set(rest);
    bytes.set(more, rest.length);
    return known.slice(0, full) + toBase64(bytes);
  } catch {
    // Not base64: the reader gets what the provider sent.
    return known + piece;
  }
}
