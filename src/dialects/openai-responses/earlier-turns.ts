// The turns of one WebSocket that its client may continue from, by the ids of their answers.

/** What was asked and answered, up to and including one answer. */
export interface Turn {
  before: Turn | undefined;
  /** Items as JSON texts, separated by commas: with those of the turns before, what the next message continues. */
  items: string;
}

/** A client that branches goes back a few answers at most; OpenAI keeps the last one. */
const MOST_KEPT = 32;
/** UTF-16 units of the conversations up to the kept answers, each counted whole; also of one answer. */
export const MOST_HELD = 64 * 1024 * 1024;

export class EarlierTurns {
  /** Oldest first, with the length of the conversation up to each. */
  private readonly turns = new Map<string, Turn & { length: number }>();
  private held = 0;

  get(id: string | undefined): Turn | undefined {
    return id === undefined ? undefined : this.turns.get(id);
  }

  /** The latest is kept however long it is. */
  keep(id: string, turn: Turn): void {
    this.forget(id);
    const length = lengthOf(turn);
    this.turns.set(id, { ...turn, length });
    this.held += length;
    for (const oldest of this.turns.keys()) {
      if (oldest === id || (this.turns.size <= MOST_KEPT && this.held <= MOST_HELD)) return;
      this.forget(oldest);
    }
  }

  private forget(id: string): void {
    this.held -= this.turns.get(id)?.length ?? 0;
    this.turns.delete(id);
  }
}

/** The items of the whole conversation, separated by commas. */
export function itemsUpTo(turn: Turn): string {
  const items: string[] = [];
  for (let each: Turn | undefined = turn; each !== undefined; each = each.before) {
    if (each.items !== '') items.unshift(each.items);
  }
  return items.join(',');
}

function lengthOf(turn: Turn): number {
  let length = 0;
  for (let each: Turn | undefined = turn; each !== undefined; each = each.before) length += each.items.length;
  return length;
}
