// Text that arrives in small pieces and is kept whole. A string that grows by `+=` is a tree of all its pieces until it is read, several
// times the size of the text; this takes little more than the text.

export interface KeptText {
  add(piece: string): void;
  /** In UTF-16 units. */
  readonly length: number;
  /** The whole text. */
  text(): string;
}

/** How many pieces are joined at a time; until then each is a separate string, several times the size of its characters. */
const MOST_PIECES = 32;

export function createKeptText(): KeptText {
  return new PiecedText();
}

/** Extended by classes that keep a text, so that each piece finds what it needs in one object. */
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
