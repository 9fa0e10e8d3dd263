// What arrives in one turn of the event loop, on any number of sockets, is processed together once all of it has been read. If reading and
// processing alternated for each socket, each would push the other's code out of the processor's caches:
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
    // Whatever arrives from now on belongs to the next turn.
    this.arrived = [];
    for (const arrival of arrived) this.deal(arrival);
  };
}

/**
 * Calls back once after `ms`, and after everything that has arrived by then is processed. The runtime's own timers run first, so that in a
 * busy process, or after a sleep, a time limit would expire although the answer has arrived. The returned function cancels.
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
