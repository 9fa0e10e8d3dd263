// Rows that wait for the store: bounded in number and in memory, taken out in batches.
import {
  adoptPacket,
  createPacketBuffers,
  isBuffer,
  rowsInPacket,
  rowsOfPacket,
} from '../rows/row-packets.ts';
import { type LedgerRow, withoutBodies } from '../rows/row.ts';
import { storableRow } from '../rows/storable-row.ts';

export interface Entry {
  /** One row, or the packet of rows that came from another process. */
  readonly kept: LedgerRow | SharedArrayBuffer;
  readonly rows: number;
  readonly weight: number;
  /** The time of `monotonic()` when it was added. */
  readonly since: number;
  /** In how many passes the store refused this row alone and took others. */
  strikes: number;
  /** Whether it is also in the spill, so that it need not come back from a batch. */
  spilled: boolean;
}

export interface Backlog {
  /** Returns false where the backlog is full. */
  add(row: LedgerRow): boolean;
  /** Returns false where there is no room for all of its rows or for their bodies. @param packet of rows that were checked. */
  addPacket(packet: Uint8Array): boolean;
  /** Takes out the oldest rows; they still count in `size` until `putBack`. */
  takeBatch(maxRows?: number): Entry[];
  /** Ends the batch taken last. Refused entries wait again, in their old place or behind all others. */
  putBack(refused: readonly Entry[], place: 'first' | 'last'): void;
  /** All entries, those of the batch taken last first. */
  entries(): Entry[];
  /** To be called when these are in the spill. */
  markSpilled(entries: readonly Entry[]): void;
  hasFullBatch(): boolean;
  isHalfFull(): boolean;
  /** The time of `monotonic()` when the oldest row outside a batch was added; null where there is none. */
  oldest(): number | null;
  size(): number;
  clear(): void;
}

/** Spreads a batch's fixed cost over its rows: with half as many, a row takes a fifth more of the store's thread. */
export const BATCH_ROWS = 512;
/** In UTF-16 units and bytes, the most of bodies in one batch, which limits one transaction. */
const BATCH_WEIGHT = 4 * 1024 * 1024;
/** In UTF-16 units and bytes, the most of bodies that may wait; beyond it rows wait without their bodies. */
const MAX_WEIGHT = 32 * 1024 * 1024;
const BODY_LEFT_OUT = '[left out: the ledger is behind]';

export function createBacklog(maxRows: number, monotonic: () => number): Backlog {
  let waiting: Entry[] = [];
  let taken: Entry[] = [];
  let waitingRows = 0;
  let takenRows = 0;
  let weight = 0;
  const buffers = createPacketBuffers();

  /** Reuses the buffers of entries that are no longer in any list, or never get into one. */
  const letGo = (entries: readonly Entry[]): void =>
    buffers.giveBack(entries.flatMap(({ kept }) => (isBuffer(kept) ? [kept] : [])));

  const push = (entry: Entry): void => {
    weight += entry.weight;
    waitingRows += entry.rows;
    waiting.push(entry);
  };

  return {
    add(row) {
      if (waitingRows + takenRows >= maxRows) return false;
      push(entryOf(row, MAX_WEIGHT - weight));
      return true;
    },
    addPacket(packet) {
      if (weight + packet.length > MAX_WEIGHT) return false;
      const kept = adoptPacket(packet, buffers);
      const entry = packetEntry(kept, packet.length, monotonic());
      const hasRoom = waitingRows + takenRows + entry.rows <= maxRows;
      if (hasRoom) push(entry);
      else letGo([entry]);
      return hasRoom;
    },
    takeBatch(maxRows = BATCH_ROWS) {
      taken = oldestOf(waiting, maxRows);
      waiting = waiting.slice(taken.length);
      takenRows = rowsIn(taken);
      waitingRows -= takenRows;
      return taken;
    },
    putBack(refused, place) {
      const back = refused.filter((entry) => !entry.spilled);
      weight -= weightOf(taken);
      weight += weightOf(back);
      const stays = new Set(back);
      letGo(taken.filter((entry) => !stays.has(entry)));
      taken = [];
      takenRows = 0;
      waiting = place === 'first' ? [...back, ...waiting] : [...waiting, ...back];
      waitingRows += rowsIn(back);
    },
    entries: () => [...taken, ...waiting].filter((entry) => !entry.spilled),
    markSpilled(entries) {
      for (const entry of entries) entry.spilled = true;
      const gone = waiting.filter((entry) => entry.spilled);
      weight -= weightOf(gone);
      letGo(gone);
      waiting = waiting.filter((entry) => !entry.spilled);
      waitingRows = rowsIn(waiting);
    },
    hasFullBatch: () => waitingRows >= BATCH_ROWS || weight >= BATCH_WEIGHT,
    isHalfFull: () => waitingRows >= maxRows / 2 || weight >= MAX_WEIGHT / 2,
    oldest: () => waiting[0]?.since ?? null,
    size: () => waitingRows + takenRows,
    clear() {
      waiting = [];
      taken = [];
      waitingRows = 0;
      takenRows = 0;
      weight = 0;
    },
  };

  function entryOf(given: LedgerRow, room: number): Entry {
    const row = storableRow(given);
    const entry = toEntry(row, monotonic());
    if (entry.weight <= room) return entry;
    const hasRequest = row.requestBody !== null || row.requestZstd !== undefined;
    const requestBody = hasRequest ? BODY_LEFT_OUT : null;
    const responseBody = row.responseBody === null ? null : BODY_LEFT_OUT;
    return { ...entry, kept: { ...withoutBodies(row), requestBody, responseBody }, weight: 0 };
  }
}

export function toEntry(row: LedgerRow, since: number): Entry {
  const request = row.requestZstd ?? row.requestBody;
  let weight = (request?.length ?? 0) + (row.responseBody?.length ?? 0);
  if (row.binaries !== undefined) for (const { content } of row.binaries) weight += content.length;
  return { kept: row, rows: 1, weight, since, strikes: 0, spilled: false };
}

/** @param weight the size of its content in bytes. */
function packetEntry(kept: SharedArrayBuffer, weight: number, since: number): Entry {
  return { kept, rows: rowsInPacket(kept), weight, since, strikes: 0, spilled: false };
}

/** The rows of an entry. */
export function rowsOf({ kept }: Entry): LedgerRow[] {
  return isBuffer(kept) ? rowsOfPacket(kept) : [kept];
}

/** The first of `entries`, with at most `maxRows` rows and with bodies for one batch, or the first alone if it has more. */
export function oldestOf(entries: readonly Entry[], maxRows: number): Entry[] {
  let count = 0;
  let rows = 0;
  let weight = 0;
  for (const entry of entries) {
    if (rows + entry.rows > maxRows && (rows > 0 || maxRows <= 0)) break;
    if (count > 0 && weight + entry.weight > BATCH_WEIGHT) break;
    count += 1;
    rows += entry.rows;
    weight += entry.weight;
  }
  return entries.slice(0, count);
}

/** Splits an entry into one per row. */
export function singly(entry: Entry): Entry[] {
  return entry.rows === 1 ? [entry] : rowsOf(entry).map((row) => toEntry(row, entry.since));
}

/** How many rows all entries have together. */
export function rowsIn(entries: readonly Entry[]): number {
  return entries.reduce((sum, { rows }) => sum + rows, 0);
}

function weightOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + entry.weight, 0);
}
