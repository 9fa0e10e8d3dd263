// Text that must be kept whole while it comes in small pieces. A string that grows by `+=` is a tree of all its
// pieces until somebody reads it, several times the text; this is little more than the text.

export interface KeptText {
  add(piece: string): void;
  /** In UTF-16 units. */
  readonly length: number;
  /** All of it. */
  text(): string;
}

/** Pieces that are joined at a time: each is a string of its own until then, several times its letters. */
const MOST_PIECES = 32;

export function createKeptText(): KeptText {
  return new PiecedText();
}

/** To be extended by what keeps a text: each piece looks at both, and so they are one object. */
export class PiecedText implements KeptText {
  length = 0;
  private joined: string[] = [];
  private pieces: string[] = [];

  add(piece: string): void {
    if (piece === '') return;
    this.length += piece.length;
    if (this.pieces.push(piece) < MOST_PIECES) return;
    this.joined.push(this.pieces.join(''));
    this.pieces = [];
  }

  text(): string {
    if (this.joined.length + this.pieces.length > 1) {
      this.joined = [[...this.joined, ...this.pieces].join('')];
      this.pieces = [];
    }
    return this.joined[0] ?? this.pieces[0] ?? '';
  }
}
