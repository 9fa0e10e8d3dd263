// The requests that a worker has begun and whose rows are not yet in safe hands, in memory that outlives it: when it
// dies, the primary writes their rows.
import type { BegunRequest } from '../gateway/fleet.ts';

/** How many slots were ever used, so that whoever reads looks at no others: memory that is looked at is taken. */
export const HEAD_BYTES = 4_096;
/** Requests at once; what is begun beyond is served, and lost to the ledger if the worker dies. */
const SLOTS = 8_192;
/** A length, the number of the batch that its row left with (0: none yet), then so many bytes of JSON. */
const SLOT_BYTES = 2_048;
const BATCH_AT = 4;
const TEXT_AT = 8;
const TEXT_BYTES = SLOT_BYTES - TEXT_AT;
/** Slots that are reserved together: memory is taken as there are more requests at once. */
const STEP_SLOTS = 64;
/** Names come from clients, and a letter may take three bytes, or six where JSON has to escape it. */
const LONGEST_NAMES = [100, 30];

export const JOURNAL_BYTES = HEAD_BYTES + SLOTS * SLOT_BYTES;

export interface Journal {
  /** Again for the same request where more is known. */
  note(request: BegunRequest): void;
  /** Its row leaves now. @param batch which of those that the primary takes, from 1: one that it has taken is in safe hands. */
  sent(requestId: string, batch: number): void;
  /** Its row is in safe hands. */
  done(requestId: string): void;
}

export interface JournalOptions {
  /** Makes so many bytes from there safe to touch. Throws where there is no room for them. */
  reserve(from: number, length: number): void;
  /** There is none; told once, until there is again. */
  onFull(error: unknown): void;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** @param memory `JOURNAL_BYTES` long, all zero; only its head is touched that is not reserved. */
export function createJournal(memory: Uint8Array, { reserve, onFull }: JournalOptions): Journal {
  const numbers = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  const slots = new Map<string, number>();
  /** Used again before a new one is: few pages are touched. */
  const free: number[] = [];
  let used = 0;
  let reserved = 0;
  let isFull = false;

  function slotOf(requestId: string): number | undefined {
    const known = slots.get(requestId);
    if (known !== undefined) return known;
    const slot = free.pop() ?? takeNew();
    if (slot !== undefined) slots.set(requestId, slot);
    return slot;
  }

  function takeNew(): number | undefined {
    if (used >= SLOTS || (used >= reserved && !reserveMore())) return undefined;
    const slot = used++;
    numbers.setUint32(0, used);
    return slot;
  }

  function reserveMore(): boolean {
    try {
      reserve(startOf(reserved), STEP_SLOTS * SLOT_BYTES);
      reserved += STEP_SLOTS;
      isFull = false;
    } catch (error) {
      if (!isFull) onFull(error);
      isFull = true;
    }
    return !isFull;
  }

  return {
    note(request) {
      const slot = slotOf(request.requestId);
      if (slot === undefined) return;
      const at = startOf(slot);
      // Its length last: who reads it in between finds no half of a text.
      numbers.setUint32(at, 0);
      numbers.setUint32(at + BATCH_AT, 0);
      numbers.setUint32(at, write(request, memory.subarray(at + TEXT_AT, at + TEXT_AT + TEXT_BYTES)));
    },
    sent(requestId, batch) {
      const slot = slots.get(requestId);
      if (slot !== undefined) numbers.setUint32(startOf(slot) + BATCH_AT, batch);
    },
    done(requestId) {
      const slot = slots.get(requestId);
      if (slot === undefined) return;
      slots.delete(requestId);
      numbers.setUint32(startOf(slot), 0);
      free.push(slot);
    },
  };
}

function startOf(slot: number): number {
  return HEAD_BYTES + slot * SLOT_BYTES;
}

/** Returns how many bytes it took. */
function write(request: BegunRequest, place: Uint8Array): number {
  for (const longest of LONGEST_NAMES) {
    const text = JSON.stringify(shortened(request, longest));
    const { read, written } = encoder.encodeInto(text, place);
    if (read === text.length) return written;
  }
  return 0;
}

/**
 * What a worker had begun and not handed over. A text that its death cut short is left out.
 * @param batches how many of its batches have been taken.
 */
export function readJournal(memory: Uint8Array, batches: number): BegunRequest[] {
  const numbers = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  const found: BegunRequest[] = [];
  const used = Math.min(SLOTS, numbers.getUint32(0));
  for (let slot = 0; slot < used; slot++) {
    const at = startOf(slot);
    const length = numbers.getUint32(at);
    if (length === 0 || length > TEXT_BYTES) continue;
    const batch = numbers.getUint32(at + BATCH_AT);
    if (batch > 0 && batch <= batches) continue;
    try {
      const text = memory.subarray(at + TEXT_AT, at + TEXT_AT + length);
      found.push(JSON.parse(decoder.decode(text)) as BegunRequest);
    } catch {
      // Cut short.
    }
  }
  return found;
}

function shortened(request: BegunRequest, longest: number): BegunRequest {
  const short = (name: string | null) => (name === null ? null : name.slice(0, longest));
  return {
    ...request,
    requestedModel: short(request.requestedModel),
    agentType: short(request.agentType),
    projectId: short(request.projectId),
    provider: short(request.provider),
    model: short(request.model),
  };
}
