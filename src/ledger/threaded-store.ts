// Runs a store on its own thread. A batch with bodies takes SQLite 20 to 50 ms, and a checkpoint as long as the disk
// needs; PostgreSQL needs its batches written as text: on the gateway's thread every open stream would wait for it.
import { binariesOf } from './rows/row-columns.ts';
import { createPacketBuffers, createPacketWriter } from './rows/row-packets.ts';
import type { LedgerStore } from './store.ts';
import { StoreBusy } from './store-busy.ts';
import { packText } from './rows/stored-body.ts';
import type {
  StoreAnswer,
  StoreCall,
  StoreLocation,
  StoreMethod,
  StoreNotice,
  StoreOpening,
  StoreRows,
  ValueStore,
} from './store-messages.ts';

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** How many of the latest notices are kept: where a program removes the ledger's file again and again, there is one each time. */
const MOST_NOTICES = 20;

/**
 * Never throws: where the store cannot be opened, every call rejects with the reason and the next one tries again.
 * When the thread dies, its pending calls fail, and the next call starts a new one.
 * @param projects as of `createKinds`.
 */
export function createThreadedStore(
  location: StoreLocation,
  onNotice: (notice: string) => void = () => {},
  projects: readonly string[] = [],
): LedgerStore {
  let worker: Worker | null = null;
  let nextId = 1;
  const pending = new Map<number, Pending>();
  let notices: readonly string[] = [];
  const buffers = createPacketBuffers();
  const writer = createPacketWriter(buffers);

  const start = (): Worker => {
    const started = new Worker(new URL('./store-thread', import.meta.url).href);
    started.onmessage = ({ data }: MessageEvent<StoreAnswer | StoreNotice>) => {
      if ('notice' in data) {
        // Each notice is logged; health shows a repeated one only once.
        notices = [...notices.filter((earlier) => earlier !== data.notice), data.notice].slice(-MOST_NOTICES);
        onNotice(data.notice);
        return;
      }
      const call = pending.get(data.id);
      pending.delete(data.id);
      if (data.error === undefined) call?.resolve(data.result);
      else call?.reject(data.isBusy === true ? new StoreBusy(data.error) : new Error(data.error));
    };
    let isDead = false;
    const died = (reason: string): void => {
      // A thread that fails also ends, and reports both; at the second report, the pending calls are its successor's.
      if (isDead) return;
      isDead = true;
      if (worker === started) worker = null;
      for (const call of pending.values()) call.reject(new Error(reason));
      pending.clear();
    };
    started.onerror = (event) => died(`the ledger's thread failed: ${event.message}`);
    started.addEventListener('close', () => died("the ledger's thread ended"));
    started.postMessage({ open: location, projects } satisfies StoreOpening);
    return started;
  };

  const call = <M extends StoreMethod>(
    method: M,
    ...args: Parameters<ValueStore[M]>
  ): ReturnType<ValueStore[M]> => {
    const id = nextId++;
    // The answer has the type of the method called: both ends share one table of methods.
    return send({ id, method, args } as StoreCall) as ReturnType<ValueStore[M]>;
  };

  const append: LedgerStore['append'] = async (rows, packets = []) => {
    const own = writer.write(rows);
    try {
      await send({ id: nextId++, packets: [...own, ...packets], binaries: binariesOf(rows) });
    } finally {
      buffers.giveBack(own);
    }
  };

  const send = (message: StoreCall | StoreRows): Promise<unknown> => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    pending.set(message.id, { resolve, reject });
    worker ??= start();
    worker.postMessage(message);
    return promise;
  };

  return {
    append,
    pack: packText,
    audit: (filter) => call('audit', filter),
    totals: (window) => call('totals', window),
    summary: (request) => call('summary', request),
    series: (request) => call('series', request),
    spending: (period) => call('spending', period),
    recent: (limit, after) => call('recent', limit, after),
    expire: (before) => call('expire', before),
    notices: () => notices,
    async close() {
      if (worker === null) return;
      try {
        await call('close');
      } finally {
        worker?.terminate();
        worker = null;
      }
    },
  };
}
