// The pieces of a body as they come in. Short ones are put together: each array takes a hundred bytes besides its content, and a body
// may come in pieces of a single byte.

type Bytes = Uint8Array<ArrayBuffer>;

/** In bytes. */
const SHORT = 4 * 1024;
const GATHERED = 64 * 1024;

export class Pieces {
  /** Of all together, in bytes. */
  size = 0;
  private readonly kept: Bytes[] = [];
  private gathered: Bytes | undefined;
  private filled = 0;

  add(piece: Bytes): void {
    this.size += piece.length;
    if (piece.length >= SHORT || this.size === piece.length) {
      this.keepGathered();
      this.kept.push(piece);
      return;
    }
    if (this.filled + piece.length > GATHERED) this.keepGathered();
    this.gathered ??= new Uint8Array(GATHERED);
    this.gathered.set(piece, this.filled);
    this.filled += piece.length;
  }

  join(): Bytes {
    this.keepGathered();
    const [only] = this.kept;
    if (only !== undefined && this.kept.length === 1) return only;
    const whole = new Uint8Array(this.size);
    let offset = 0;
    for (const piece of this.kept) {
      whole.set(piece, offset);
      offset += piece.length;
    }
    return whole;
  }

  private keepGathered(): void {
    if (this.gathered === undefined || this.filled === 0) return;
    this.kept.push(this.gathered.slice(0, this.filled));
    this.filled = 0;
  }
}
