// The connections of all workers together. Counters never fall: a worker that is too busy to answer counts with its last answer, and
// connections that a former worker opened still count.
import { mergePools, type PoolState } from '../upstream/connections.ts';

export interface PoolTally<Worker> {
  /** @param workers the running ones. @param ask returns the pools of one; undefined if it does not answer. */
  read(
    workers: Iterable<Worker>,
    ask: (worker: Worker) => Promise<readonly PoolState[] | undefined>,
  ): Promise<PoolState[]>;
}

export function createPoolTally<Worker>(): PoolTally<Worker> {
  const known = new Map<Worker, readonly PoolState[]>();
  let gone: PoolState[] = [];
  return {
    async read(workers, ask) {
      const running = new Set(workers);
      const answers = await Promise.all(
        [...running].map(async (worker) => [worker, await ask(worker)] as const),
      );
      for (const [worker, pools] of answers) if (pools !== undefined) known.set(worker, pools);
      for (const [worker, pools] of known) {
        if (running.has(worker)) continue;
        known.delete(worker);
        gone = mergePools([gone, pools.map((pool) => ({ ...pool, active: 0, idle: 0 }))]);
      }
      return mergePools([gone, ...known.values()]);
    },
  };
}
