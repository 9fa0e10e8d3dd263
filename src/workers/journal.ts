// The requests that a worker has begun and whose rows are not yet in safe hands, in memory that outlives it: when it
// dies, the primary writes their rows.
import type { BegunRequest } from '../gateway/fleet.ts';

/** How many slots were ever used, so that whoever reads looks at no others: memory that is looked at is taken. */
const HEAD_BYTES = 4_096;
/** Requests at once; what is begun beyond is served, and lost to the ledger if the worker dies. */
const SLOTS = 8_192;
/** A length, then so many bytes of JSON. */
const SLOT_BYTES = 2_048;
const TEXT_BYTES = SLOT_BYTES - 4;
/** Names come from clients, and a letter may take three bytes. */
const LONGEST_NAME = 100;

export const JOURNAL_BYTES = HEAD_BYTES + SLOTS * SLOT_BYTES;

export interface Journal {
  /** Again for the same request where more is known. */
  note(request: BegunRequest): void;
  /** Its row is in safe hands. */
  done(requestId: string): void;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** @param memory `JOURNAL_BYTES` long, all zero. */
export function createJournal(memory: Uint8Array): Journal {
  const lengths = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  const slots = new Map<string, number>();
  /** Used again before a new one is: few pages are touched. */
  const free: number[] = [];
  let used = 0;

  function slotOf(requestId: string): number | undefined {
    const known = slots.get(requestId);
    if (known !== undefined) return known;
    const slot = free.pop() ?? takeNew();
    if (slot !== undefined) slots.set(requestId, slot);
    return slot;
  }

  function takeNew(): number | undefined {
    if (used >= SLOTS) return undefined;
    const slot = used++;
    lengths.setUint32(0, used);
    return slot;
  }

  return {
    note(request) {
      const slot = slotOf(request.requestId);
      if (slot === undefined) return;
      const at = startOf(slot);
      const text = memory.subarray(at + 4, at + 4 + TEXT_BYTES);
      // Its length last: who reads it in between finds no half of a text.
      lengths.setUint32(at, 0);
      const { read, written } = encoder.encodeInto(JSON.stringify(shortened(request)), text);
      lengths.setUint32(at, read > 0 ? written : 0);
    },
    done(requestId) {
      const slot = slots.get(requestId);
      if (slot === undefined) return;
      slots.delete(requestId);
      lengths.setUint32(startOf(slot), 0);
      free.push(slot);
    },
  };
}

function startOf(slot: number): number {
  return HEAD_BYTES + slot * SLOT_BYTES;
}

/** What a worker had begun. A text that its death cut short is left out. */
export function readJournal(memory: Uint8Array): BegunRequest[] {
  const lengths = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  const found: BegunRequest[] = [];
  const used = Math.min(SLOTS, lengths.getUint32(0));
  for (let slot = 0; slot < used; slot++) {
    const at = startOf(slot);
    const length = lengths.getUint32(at);
    if (length === 0 || length > TEXT_BYTES) continue;
    try {
      found.push(JSON.parse(decoder.decode(memory.subarray(at + 4, at + 4 + length))) as BegunRequest);
    } catch {
      // Cut short.
    }
  }
  return found;
}

function shortened(request: BegunRequest): BegunRequest {
  const short = (name: string | null) => (name === null ? null : name.slice(0, LONGEST_NAME));
  return {
    ...request,
    requestedModel: short(request.requestedModel),
    agentType: short(request.agentType),
    projectId: short(request.projectId),
    provider: short(request.provider),
    model: short(request.model),
  };
}
