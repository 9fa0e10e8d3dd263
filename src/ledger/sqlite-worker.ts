// The thread in which the SQLite ledger lives: takes calls by message, answers by message.
import type { StoreAnswer, StoreCall } from './sqlite-messages.ts';
import { createSqliteStore, type SqliteStore } from './sqlite-store.ts';

declare const self: Worker;

let store: SqliteStore | null = null;

self.onmessage = async ({ data }: MessageEvent<StoreCall>) => {
  self.postMessage(await answer(data));
};

async function answer(call: StoreCall): Promise<StoreAnswer> {
  try {
    // A file that never opened needs no closing.
    if (call.method === 'close' && store === null) return { id: call.id, result: undefined };
    // Opened by the first call, and tried again by the next where it could not be.
    store ??= createSqliteStore(call.path);
    return { id: call.id, result: await run(store, call) };
  } catch (thrown) {
    return { id: call.id, error: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

function run(store: SqliteStore, call: StoreCall): Promise<unknown> {
  switch (call.method) {
    case 'appendValues':
      return store.appendValues(...call.args);
    case 'audit':
      return store.audit(...call.args);
    case 'totals':
      return store.totals(...call.args);
    case 'models':
      return store.models(...call.args);
    case 'costBy':
      return store.costBy(...call.args);
    case 'recent':
      return store.recent(...call.args);
    case 'expire':
      return store.expire(...call.args);
    case 'close':
      return store.close(...call.args);
  }
}
