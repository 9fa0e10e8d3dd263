// Connections of all workers together. What is counted never falls: a worker that is too busy to answer counts as it
// last did, and one that is gone keeps what it had opened.
import { mergePools, type PoolState } from '../upstream/connections.ts';

export interface PoolTally<Worker> {
  /** @param workers those that run. @param ask the pools of one, undefined where it does not answer. */
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
      const told = await Promise.all(
        [...running].map(async (worker) => [worker, await ask(worker)] as const),
      );
      for (const [worker, pools] of told) if (pools !== undefined) known.set(worker, pools);
      for (const [worker, pools] of known) {
        if (running.has(worker)) continue;
        known.delete(worker);
        gone = mergePools([gone, pools.map((pool) => ({ ...pool, active: 0, idle: 0 }))]);
      }
      return mergePools([gone, ...known.values()]);
    },
  };
}
