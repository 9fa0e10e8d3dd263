// The count of rate limits that several gateways keep together on a server, as this process sees it.
import type { RateLimitKind } from '../config/resolved.ts';

/** What one limit, or one name that has a limit to itself, counts. */
export interface RemotePlace {
  /** The same in all gateways. */
  key: string;
  kind: RateLimitKind;
  /** Milliseconds of the period that one request or token takes; 0 for `concurrent`. */
  share: number;
  /** Milliseconds; 0 for `concurrent`. */
  period: number;
  /** Requests or tokens in a period, or requests at the same time. */
  most: number;
}

export interface RemoteAnswer {
  /** Whether the request counts towards all of the places; otherwise it counts towards none. */
  passed: boolean;
  /** For each place: how many requests run, or milliseconds until nothing is in use any more; includes the request if it passed. */
  inUse: number[];
}

/** Tokens of an answer, or (negative) requests that were not sent, as milliseconds of the period. */
export interface RemoteDebit {
  key: string;
  ms: number;
}

export interface RemoteState {
  /** Whether the server answers, as far as is known. */
  ok: boolean;
  /** What is wrong and what to do; null if nothing is. */
  lastError: string | null;
}

/** Nothing here rejects or throws. Null in place of an answer: the server gives none, and this gateway has to count alone. */
export interface RemoteCount {
  /** Counts a request towards all of these places, or none. Takes no longer than the configured timeout. */
  enter(places: readonly RemotePlace[]): Promise<RemoteAnswer | null> | null;
  /** Gives back places of `concurrent`. */
  leave(keys: readonly string[]): void;
  debit(debits: readonly RemoteDebit[]): void;
  /** What is in use of each place, as in an answer. */
  read(places: readonly RemotePlace[]): Promise<number[] | null> | null;
  /** Gives back all places of this process; resolves when the server has been told, or cannot be reached. */
  close(): Promise<void>;
}

export interface RemoteCountOptions {
  /** How many requests of this process run, by the keys of `concurrent` places; reported again to a server that has forgotten them. */
  running(): ReadonlyMap<string, number>;
  /** Called when the server begins or ceases to answer. `lastError` may hold a secret. */
  changed(state: RemoteState): void;
}

/** The state of several processes: the count is common if it is for all of them. */
export function mergeRemoteStates(states: readonly RemoteState[]): RemoteState {
  return states.find(({ ok }) => !ok) ?? { ok: true, lastError: null };
}
