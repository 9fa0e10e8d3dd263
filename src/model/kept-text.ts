// Text that must be kept whole while it comes in small pieces. A string that grows by `+=` is a tree of all its
// pieces until somebody reads it, several times the text; this is little more than the text.

export interface KeptText {
  add(piece: string): void;
  /** In UTF-16 units. */
  readonly length: number;
  /** All of it. */
  text(): string;
}

/** Pieces that are joined at a time. */
const MOST_PIECES = 256;

export function createKeptText(): KeptText {
  let joined: string[] = [];
  let pieces: string[] = [];
  let length = 0;
  return {
    add(piece) {
      if (piece === '') return;
      length += piece.length;
      if (pieces.push(piece) < MOST_PIECES) return;
      joined.push(pieces.join(''));
      pieces = [];
    },
    get length() {
      return length;
    },
    text() {
      if (joined.length + pieces.length > 1) {
        joined = [[...joined, ...pieces].join('')];
        pieces = [];
      }
      return joined[0] ?? pieces[0] ?? '';
    },
  };
}
