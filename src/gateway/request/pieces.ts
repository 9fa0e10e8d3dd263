// The pieces of a body as they arrive. Short ones are joined: each array takes a hundred bytes besides its content, and a body may arrive
// in pieces of a single byte.

type Bytes = Uint8Array<ArrayBuffer>;

/** In bytes. */
const SHORT = 4 * 1024;
const GATHERED = 64 * 1024;
/**
 * In bytes: once so many have arrived and the whole length is declared, all is copied into one array of that length, and so held only once.
 */
const LONG = 1024 * 1024;

export class Pieces {
  /** Bytes of all pieces so far. */
  size = 0;
  private readonly declared: number;
  /** As long as declared, its first `size` bytes filled; undefined while they are in `kept` and `gathered`. */
  private whole: Bytes | undefined;
  private kept: Bytes[] = [];
  private gathered: Bytes | undefined;
  private filled = 0;

  /** @param declared the length of all pieces together in bytes; NaN or left out if it is not declared. */
  constructor(declared = Number.NaN) {
    this.declared = declared;
  }

  add(piece: Bytes): void {
    const before = this.size;
    this.size += piece.length;
    // Not before: merely declaring a length must not take memory.
    if (before > LONG && this.size <= this.declared) {
      this.whole ??= this.copied(new Uint8Array(this.declared));
      this.whole.set(piece, before);
      return;
    }
    if (this.whole !== undefined) {
      // More arrives than was declared.
      this.kept = [this.whole.subarray(0, before)];
      this.whole = undefined;
    }
    if (piece.length >= SHORT || before === 0) {
      this.keepGathered();
      this.kept.push(piece);
      return;
    }
    if (this.filled + piece.length > GATHERED) this.keepGathered();
    this.gathered ??= new Uint8Array(GATHERED);
    this.gathered.set(piece, this.filled);
    this.filled += piece.length;
  }

  /** Everything that has arrived; to be called once. */
  join(): Bytes {
    if (this.whole !== undefined) return this.whole.subarray(0, this.size);
    this.keepGathered();
    const [only] = this.kept;
    if (only !== undefined && this.kept.length === 1) return only;
    return this.copied(new Uint8Array(this.size));
  }

  /** Moves all that was kept into `whole`. */
  private copied(whole: Bytes): Bytes {
    this.keepGathered();
    let offset = 0;
    for (const piece of this.kept) {
      whole.set(piece, offset);
      offset += piece.length;
    }
    this.kept = [];
    return whole;
  }

  private keepGathered(): void {
    if (this.gathered === undefined || this.filled === 0) return;
    this.kept.push(this.gathered.slice(0, this.filled));
    this.filled = 0;
  }
}
