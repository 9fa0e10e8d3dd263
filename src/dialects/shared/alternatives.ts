// Whether all alternatives of a streamed answer (`n`, `candidateCount`) have ended.

/** More than any provider offers, for all prompts of a list together: a provider that goes beyond makes up numbers without end. */
const MOST = 100_000;

export class Alternatives {
  private readonly wanted: number;
  /** Numbers of the alternatives that have begun and not ended. */
  private readonly open = new Set<number>();
  private readonly over = new Set<number>();

  /** @param wanted how many must end at least, besides all that begin. */
  constructor(wanted: number) {
    this.wanted = wanted;
  }

  note(index: number, ends: boolean): void {
    if (this.open.size + this.over.size >= MOST && !this.open.has(index)) return;
    if (ends) {
      this.open.delete(index);
      this.over.add(index);
    } else if (!this.over.has(index)) this.open.add(index);
  }

  hasOpen(): boolean {
    return this.open.size > 0;
  }

  complete(): boolean {
    return this.open.size === 0 && this.over.size >= this.wanted;
  }
}
