// The thread of a ledger store: receives calls and answers as messages.
import { StoreBusy } from './store-busy.ts';
import type {
  StoreAnswer,
  StoreCall,
  StoreNotice,
  StoreOpening,
  StoreRows,
  ValueStore,
} from './store-messages.ts';
import { messageOf } from '../model/thrown.ts';

declare const self: Worker;

let opened: StoreOpening | null = null;
let store: Promise<ValueStore> | null = null;

self.onmessage = async ({ data }: MessageEvent<StoreCall | StoreRows | StoreOpening>) => {
  if ('open' in data) {
    opened = data;
    return;
  }
  self.postMessage(await answer(data.id, () => ('method' in data ? call(data) : append(data))));
};

async function answer(id: number, work: () => Promise<unknown>): Promise<StoreAnswer> {
  try {
    return { id, result: await work() };
  } catch (thrown) {
    const error = messageOf(thrown);
    return thrown instanceof StoreBusy ? { id, error, isBusy: true } : { id, error };
  }
}

async function append({ packets, binaries }: StoreRows): Promise<void> {
  const opened = await opening();
  await opened.appendPackets(packets, binaries);
}

async function call(asked: StoreCall): Promise<unknown> {
  // A store that was never opened need not be closed.
  if (asked.method === 'close' && store === null) return undefined;
  return run(await opening(), asked);
}

function opening(): Promise<ValueStore> {
  store ??= openOnce();
  return store;
}

/** Opened by the first call; after a failure the next call tries again. */
async function openOnce(): Promise<ValueStore> {
  try {
    return await open(opened);
  } catch (thrown) {
    store = null;
    throw thrown;
  }
}

/** Loads only the store that is used. */
async function open(opening: StoreOpening | null): Promise<ValueStore> {
  if (opening === null) throw new Error('the thread was not given the location of the ledger');
  const { open: at, projects } = opening;
  if (at.type === 'postgres')
    return (await import('./postgres/store.ts')).createPostgresStore(at.url, projects);
  const { createRecoveringSqliteStore } = await import('./sqlite/recovering-store.ts');
  return createRecoveringSqliteStore(
    at.path,
    (notice) => self.postMessage({ notice } satisfies StoreNotice),
    projects,
  );
}

function run(store: ValueStore, call: StoreCall): Promise<unknown> {
  switch (call.method) {
    case 'audit':
      return store.audit(...call.args);
    case 'totals':
      return store.totals(...call.args);
    case 'summary':
      return store.summary(...call.args);
    case 'series':
      return store.series(...call.args);
    case 'spending':
      return store.spending(...call.args);
    case 'recent':
      return store.recent(...call.args);
    case 'expire':
      return store.expire(...call.args);
    case 'close':
      return store.close(...call.args);
  }
}
