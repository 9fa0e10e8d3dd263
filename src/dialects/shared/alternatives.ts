// Whether all alternatives of a streamed answer (`n`, `candidateCount`) have ended.

export class Alternatives {
  private readonly wanted: number;
  /** Numbers of those that have begun and not ended. */
  private readonly open = new Set<number>();
  private readonly over = new Set<number>();

  /** @param wanted the fewest that must end, besides all that begin. */
  constructor(wanted: number) {
    this.wanted = wanted;
  }

  note(index: number, ends: boolean): void {
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
