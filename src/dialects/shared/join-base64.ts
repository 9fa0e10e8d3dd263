// Bytes that a stream tells in pieces, each in base64 of its own, as one: letters of two pieces are not just put together
// where the first is padded.

/** @param known what the pieces so far make; '' at first. */
export function joinBase64(known: string, piece: string): string {
  if (!known.endsWith('=') || piece === '') return known + piece;
  // The group that is not full is the last one.
  const full = known.length - 4;
  try {
    const rest = Uint8Array.fromBase64(known.slice(full));
    const more = Uint8Array.fromBase64(piece);
    const bytes = new Uint8Array(rest.length + more.length);
    bytes.set(rest);
    bytes.set(more, rest.length);
    return known.slice(0, full) + bytes.toBase64();
  } catch {
    // Whoever reads it is to see what came.
    return known + piece;
  }
}
