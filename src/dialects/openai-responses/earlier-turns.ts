// The turns of one WebSocket that its client may continue, by the ids of their answers.

/** A question and its answer. */
export interface Turn {
  before: Turn | undefined;
  /** Items as JSON texts, separated by commas; together with those of the turns before, they are what the next message continues. */
  items: string;
  /** UTF-16 units of the conversation up to here, if known. */
  length?: number;
}

/** A client that branches goes back a few answers at most; OpenAI keeps only the last one. */
const MOST_KEPT = 32;
/** UTF-16 units of the conversations up to the kept answers, each counted as a whole; also the limit of one answer. */
export const MOST_HELD = 64 * 1024 * 1024;

/**
 * UTF-16 units for all connections together: a client may open any number of them, and requests that only prepare an answer cost it
 * nothing.
 */
const MOST_TOGETHER = 4 * MOST_HELD;

/** The connections of a process that hold turns. */
export class HeldTogether {
  private readonly most: number;
  private readonly holders = new Set<EarlierTurns>();

  constructor(most = MOST_TOGETHER) {
    this.most = most;
  }

  join(holder: EarlierTurns): void {
    this.holders.add(holder);
  }

  leave(holder: EarlierTurns): void {
    this.holders.delete(holder);
  }

  /** The connection that holds the most forgets first. */
  makeRoom(): void {
    let held = 0;
    for (const holder of this.holders) held += holder.held;
    while (held > this.most) {
      let largest: EarlierTurns | undefined;
      for (const holder of this.holders)
        if (largest === undefined || holder.held > largest.held) largest = holder;
      const freed = largest?.forgetOldest() ?? 0;
      if (freed === 0) return;
      held -= freed;
    }
  }
}

const ALL = new HeldTogether();

export class EarlierTurns {
  /** Oldest first, with the length of the conversation up to each. */
  private readonly turns = new Map<string, Turn & { length: number }>();
  private readonly together: HeldTogether;
  private isClosed = false;
  /** UTF-16 units. */
  held = 0;

  constructor(together = ALL) {
    this.together = together;
  }

  get(id: string | undefined): Turn | undefined {
    return id === undefined ? undefined : this.turns.get(id);
  }

  /** The newest turn is kept however long it is, as long as all connections together stay within their limit. */
  keep(id: string, turn: Turn): void {
    if (this.isClosed) return;
    this.add(id, turn);
    this.together.join(this);
    this.together.makeRoom();
  }

  /** The connection is over. */
  close(): void {
    this.isClosed = true;
    this.turns.clear();
    this.held = 0;
    this.together.leave(this);
  }

  /** Returns how many units fewer it holds afterwards. */
  forgetOldest(): number {
    const before = this.held;
    const [oldest] = this.turns.keys();
    if (oldest !== undefined) this.forget(oldest);
    return before - this.held;
  }

  private add(id: string, turn: Turn): void {
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
    if (each.items !== '') items.push(each.items);
  }
  return items.reverse().join(',');
}

function lengthOf(turn: Turn): number {
  let length = 0;
  for (let each: Turn | undefined = turn; each !== undefined; each = each.before) {
    if (each.length !== undefined) return length + each.length;
    length += each.items.length;
  }
  return length;
}
