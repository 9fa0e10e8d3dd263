// The requests that a worker has begun and whose rows are not yet in safe hands, in memory that outlives it: when it
// dies, the primary writes their rows.
import type { BegunRequest } from '../gateway/fleet.ts';
import type { RowOperation } from '../ledger/row.ts';
import type { DialectId } from '../model/dialect-id.ts';

/** How many slots were ever used, so that whoever reads looks at no others: memory that is looked at is taken. */
export const HEAD_BYTES = 4_096;
/** Requests at once; what is begun beyond is served, and lost to the ledger if the worker dies. */
const SLOTS = 8_192;
const SLOT_BYTES = 2_048;
/** Slots that are reserved together: memory is taken as there are more requests at once. */
const STEP_SLOTS = 64;

export const JOURNAL_BYTES = HEAD_BYTES + SLOTS * SLOT_BYTES;

/*
 * A slot: how many bytes of text it holds (0: nothing), the number of the batch that its row left with (0: none yet),
 * when its request came (Unix ms), whether it is streamed, the length of each text in UTF-16 units (all bits set: there
 * is none), and the texts as UTF-8, one behind the other.
 */
const BATCH_AT = 4;
const TIMESTAMP_AT = 8;
const STREAMED_AT = 16;
const LENGTHS_AT = 18;
const LENGTH_BYTES = Uint16Array.BYTES_PER_ELEMENT;
const NONE = 0xffff;
const TEXTS = 8;
const TEXT_AT = LENGTHS_AT + TEXTS * LENGTH_BYTES;
const TEXT_BYTES = SLOT_BYTES - TEXT_AT;
/** Names come from clients. So long, all of them fit: a unit takes three bytes at most. */
const LONGEST_NAME = 100;

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
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

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
      // Its length last: who reads it in between finds nothing rather than half of it.
      numbers.setUint32(at, 0);
      numbers.setUint32(at + BATCH_AT, 0);
      numbers.setFloat64(at + TIMESTAMP_AT, request.timestamp);
      numbers.setUint16(at + STREAMED_AT, Number(request.streamed));
      let text = '';
      let lengthAt = at + LENGTHS_AT;
      for (const part of textsOf(request)) {
        numbers.setUint16(lengthAt, part === null ? NONE : part.length);
        lengthAt += LENGTH_BYTES;
        if (part !== null) text += part;
      }
      const { read, written } = encoder.encodeInto(text, memory.subarray(at + TEXT_AT, at + SLOT_BYTES));
      if (read === text.length) numbers.setUint32(at, written);
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

/** In the order in which `readSlot` takes them. */
function textsOf(request: BegunRequest): (string | null)[] {
  return [
    request.requestId,
    request.clientDialect,
    request.operation,
    shortened(request.requestedModel),
    shortened(request.agentType),
    shortened(request.projectId),
    shortened(request.provider),
    shortened(request.model),
  ];
}

function shortened(name: string | null): string | null {
  return name === null ? null : name.slice(0, LONGEST_NAME);
}

/**
 * What a worker had begun and not handed over; but for one that it was just noting when it died.
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
    found.push(readSlot(memory.subarray(at, at + TEXT_AT + length)));
  }
  return found;
}

function readSlot(bytes: Uint8Array): BegunRequest {
  const numbers = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = decoder.decode(bytes.subarray(TEXT_AT));
  let from = 0;
  const parts = Array.from({ length: TEXTS }, (_, place) => {
    const length = numbers.getUint16(LENGTHS_AT + place * LENGTH_BYTES);
    if (length === NONE) return null;
    from += length;
    return text.slice(from - length, from);
  });
  const [requestId, clientDialect, operation, requestedModel, agentType, projectId, provider, model] = parts;
  return {
    requestId: requestId ?? '',
    timestamp: numbers.getFloat64(TIMESTAMP_AT),
    // Written by `note`, in this very version of the program.
    clientDialect: clientDialect as DialectId,
    operation: operation as RowOperation,
    streamed: numbers.getUint16(STREAMED_AT) === 1,
    requestedModel: requestedModel ?? null,
    agentType: agentType ?? null,
    projectId: projectId ?? null,
    provider: provider ?? null,
    model: model ?? null,
  };
}
