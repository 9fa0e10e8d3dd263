// What arrives in one turn of the event loop, on however many sockets, is dealt with together once all of it has been
// read. Reading and dealing by turns, socket by socket, would find the code of each out of the processor's caches again:
// docs/adr/0013-what-arrives-together-is-dealt-with-together.md

export class LoopTurn<Arrival> {
  private readonly deal: (arrival: Arrival) => void;
  private arrived: Arrival[] = [];

  /** @param deal must not throw. */
  constructor(deal: (arrival: Arrival) => void) {
    this.deal = deal;
  }

  add(arrival: Arrival): void {
    if (this.arrived.length === 0) setImmediate(this.end);
    this.arrived.push(arrival);
  }

  private readonly end = () => {
    const { arrived } = this;
    // Whatever arrives from now on is of another turn.
    this.arrived = [];
    for (const arrival of arrived) this.deal(arrival);
  };
}

/**
 * Calls back once after `ms`, and after what has arrived by then has been dealt with: the runtime's own timers come before,
 * so that of a busy process, or one that was asleep with its machine, a limit would pass with the answer at hand.
 * Returns how to call it off.
 */
export function setTimer(callback: () => void, ms: number): () => void {
  let due: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    due = setImmediate(callback);
  }, ms);
  return () => {
    clearTimeout(timer);
    clearImmediate(due);
  };
}
