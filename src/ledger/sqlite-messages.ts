// What the SQLite thread and its owner say to each other.
import type { SqliteStore } from './sqlite-store.ts';

/** Rows travel as values. */
export type StoreMethod = Exclude<keyof SqliteStore, 'append'>;

/** One call of a store method; `path` is the file to open where none is open yet. */
export type StoreCall = {
  [M in StoreMethod]: { id: number; path: string; method: M; args: Parameters<SqliteStore[M]> };
}[StoreMethod];

export interface StoreAnswer {
  id: number;
  result?: unknown;
  /** The message of what was thrown. */
  error?: string;
}
