// A count of rate limits that several gateways keep together on a server, as this process sees it.
import type { RateLimitKind } from '../config/resolved.ts';

/** What one limit, or one name that has a limit to itself, counts. */
export interface RemotePlace {
  /** The same at all gateways. */
  key: string;
  kind: RateLimitKind;
  /** Milliseconds of the period for one request or token; 0 for `concurrent`. */
  share: number;
  /** Milliseconds; 0 for `concurrent`. */
  period: number;
  /** Requests or tokens in a period, or requests at the same time. */
  most: number;
}

export interface RemoteAnswer {
  /** Counted towards all of the places; else towards none. */
  passed: boolean;
  /** Of each place: how many requests run, or milliseconds until nothing is in use any more. With the request, if it passed. */
  inUse: number[];
}

/** Tokens of an answer, or requests that are not sent (negative), as milliseconds of the period. */
export interface RemoteDebit {
  key: string;
  ms: number;
}

export interface RemoteState {
  /** The server answers, as far as is known. */
  ok: boolean;
  /** What is wrong and what to do; null where nothing is. */
  lastError: string | null;
}

/** Nothing of it rejects or throws. Null in place of an answer: the server gives none, and this gateway has to count for itself. */
export interface RemoteCount {
  /** Counts a request towards all of these places, or none. Takes no longer than the configured timeout. */
  enter(places: readonly RemotePlace[]): Promise<RemoteAnswer | null> | null;
  /** Gives back places of `concurrent`. */
  leave(keys: readonly string[]): void;
  debit(debits: readonly RemoteDebit[]): void;
  /** What is in use of each place, as in an answer. */
  read(places: readonly RemotePlace[]): Promise<number[] | null> | null;
  /** Gives back all places of this process; resolves when that has been said, or cannot be. */
  close(): Promise<void>;
}

export interface RemoteCountOptions {
  /** How many requests of this process run, by the keys of `concurrent` places: reported again to a server that knows of none. */
  running(): ReadonlyMap<string, number>;
  /** Called when the server begins or ceases to answer. `lastError` may hold a secret. */
  changed(state: RemoteState): void;
}

/** Of several processes: the count is common where it is to all. */
export function mergeRemoteStates(states: readonly RemoteState[]): RemoteState {
  return states.find(({ ok }) => !ok) ?? { ok: true, lastError: null };
}
