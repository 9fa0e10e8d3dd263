// The requests that a worker has begun and whose rows are not safe yet, in memory that outlives the worker: if it dies, the primary writes
// their rows.
import type { BegunRequest } from '../gateway/fleet.ts';
import type { Attempt, LedgerRow, RowOperation, RowStatus, RowTrace } from '../ledger/rows/row.ts';
import type { DialectId } from '../model/dialect-id.ts';
import type { ErrorCode } from '../model/errors.ts';
import type { RouteDecision, RouteRuleKind } from '../model/route-decision.ts';
import { USAGE_COUNTS } from '../model/usage.ts';
import { createTextPacker, readTexts } from './packed-texts.ts';

/** What is kept of a request's end. */
type RequestEnd = Pick<
  LedgerRow,
  | 'provider'
  | 'model'
  | 'status'
  | 'httpStatus'
  | 'latencyMs'
  | 'ttftMs'
  | 'usage'
  | 'usageKnown'
  | 'costUsd'
  | 'finishReason'
  | 'errorCode'
>;

/** A request whose row its worker took with it. */
export interface LostRequest {
  begun: BegunRequest;
  /** Null: it was still running. */
  end: RequestEnd | null;
}

/** The head contains the number of slots that were ever used, so that no others are read: reading memory allocates it. */
export const HEAD_BYTES = 4_096;
/** How many requests are noted at once; any more are served too, but lost to the ledger if the worker dies. */
const SLOTS = 8_192;
const SLOT_BYTES = 2_048;
/** How many slots are reserved together; memory grows with the number of simultaneous requests. */
const STEP_SLOTS = 64;

export const JOURNAL_BYTES = HEAD_BYTES + SLOTS * SLOT_BYTES;

/**
 * The layout of a slot, in bytes from its start. It has three parts: what is known when the request begins, what its end adds, and its
 * trace, which is separate because no two requests share its ids.
 */

/** The size of its texts (see packed-texts.ts); 0: the slot is empty. Written last. */
const BEGUN_SIZE_AT = 0;
/** The number of the batch in which its row was sent; 0: none yet. */
const BATCH_AT = 4;
/** When the request came, in Unix milliseconds. */
const TIMESTAMP_AT = 8;
const STREAMED_AT = 16;
const ID_LENGTH_AT = 18;
const ID_AT = 20;
const BEGUN_TEXTS_AT = 64;
const ID_BYTES = BEGUN_TEXTS_AT - ID_AT;

const END_AT = 1_344;
// Offsets from `END_AT`:
/** The size of the end's texts plus one, since all of them may be null; 0: the request still runs. Written last. */
const END_SIZE_AT = 0;
/** Its place in `STATUSES`. */
const STATUS_AT = 4;
const USAGE_KNOWN_AT = 6;
/** The numbers that `numbersOf` returns. */
const NUMBERS_AT = 8;
const NUMBER_BYTES = Float64Array.BYTES_PER_ELEMENT;
const END_NUMBERS = 4 + USAGE_COUNTS.length;
const END_TEXTS_AT = NUMBERS_AT + END_NUMBERS * NUMBER_BYTES;

/** The sum of the parts that it has; 0: none. After it come its ids, in hexadecimal digits. */
const TRACE_AT = 1_976;
const IS_TRACED = 1;
const IS_SAMPLED = 2;
const HAS_PARENT = 4;
const TRACE_ID_AT = TRACE_AT + 1;
const SPAN_ID_AT = TRACE_ID_AT + 32;
const PARENT_ID_AT = SPAN_ID_AT + 16;
const TRACE_END = PARENT_ID_AT + 16;

/** Names come from clients. With this limit they fit without the route and the attempts, since a UTF-16 unit takes at most three bytes. */
const LONGEST_NAME = 80;
/** With this limit the texts of its end always fit, whatever their source. */
const LONGEST_END_NAME = 40;
const STATUSES: readonly RowStatus[] = ['success', 'error', 'aborted', 'truncated'];

export interface Journal {
  /** Notes a request; called again when more is known of it. */
  note(request: BegunRequest): void;
  /** The request has ended, and its row waits to be sent. */
  ended(row: LedgerRow): void;
  /** Its row is about to be sent. @param batch number of its batch, from 1: once the primary has the batch, the row is safe. */
  sent(requestId: string, batch: number): void;
  /** Its row is safe. */
  done(requestId: string): void;
}

export interface JournalOptions {
  /** Makes `length` bytes from `from` safe to touch. Throws if there is no room for them. */
  reserve(from: number, length: number): void;
  /** There is no room; called once until there is room again. */
  onFull(error: unknown): void;
}

const decoder = new TextDecoder();

/** @param memory `JOURNAL_BYTES` long, all zero; apart from its head only reserved parts are touched. */
export function createJournal(memory: Uint8Array, { reserve, onFull }: JournalOptions): Journal {
  const numbers = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  const doubles = new Float64Array(memory.buffer, memory.byteOffset, memory.byteLength / NUMBER_BYTES);
  const buffer = Buffer.from(memory.buffer, memory.byteOffset, memory.byteLength);
  /** Each request is noted twice: when it arrives, and when its provider is known. */
  const unplaced = createTextPacker(END_AT - BEGUN_TEXTS_AT);
  const placed = createTextPacker(END_AT - BEGUN_TEXTS_AT);
  const ends = createTextPacker(TRACE_AT - END_AT - END_TEXTS_AT);
  const slots = new Map<string, number>();
  /** These slots are reused before new ones, so that few pages are touched. */
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

  function writeTrace(trace: RowTrace | null, at: number): void {
    if (trace === null) {
      numbers.setUint8(at + TRACE_AT, 0);
      return;
    }
    const { traceId, spanId, parentSpanId, sampled } = trace;
    const parent = parentSpanId === null ? 0 : HAS_PARENT;
    numbers.setUint8(at + TRACE_AT, IS_TRACED + (sampled ? IS_SAMPLED : 0) + parent);
    buffer.write(traceId + spanId + (parentSpanId ?? ''), at + TRACE_ID_AT, 'latin1');
  }

  return {
    note(request) {
      const slot = slotOf(request.requestId);
      if (slot === undefined) return;
      const at = startOf(slot);
      // The size is written last, so that a concurrent reader finds nothing rather than half a request.
      numbers.setUint32(at + BEGUN_SIZE_AT, 0);
      numbers.setUint32(at + BATCH_AT, 0);
      numbers.setUint32(at + END_AT + END_SIZE_AT, 0);
      numbers.setFloat64(at + TIMESTAMP_AT, request.timestamp);
      numbers.setUint16(at + STREAMED_AT, Number(request.streamed));
      numbers.setUint16(at + ID_LENGTH_AT, buffer.write(request.requestId, at + ID_AT, ID_BYTES));
      writeTrace(request.trace, at);
      const texts = request.provider === null ? unplaced : placed;
      const from = at + BEGUN_TEXTS_AT;
      const isWritten = SHORTER.some((shorten) => texts.write(textsOf(shorten(request)), memory, from));
      numbers.setUint32(at + BEGUN_SIZE_AT, isWritten ? texts.bytes() : 0);
    },
    ended(row) {
      const slot = slots.get(row.requestId);
      if (slot === undefined) return;
      const at = startOf(slot) + END_AT;
      numbers.setUint16(at + STATUS_AT, STATUSES.indexOf(row.status));
      numbers.setUint16(at + USAGE_KNOWN_AT, Number(row.usageKnown));
      doubles.set(numbersOf(row), (at + NUMBERS_AT) / NUMBER_BYTES);
      const texts = [row.provider, row.model, row.finishReason, row.errorCode];
      const from = at + END_TEXTS_AT;
      const isWritten = ends.write(texts, memory, from) || ends.write(texts.map(shortenedEnd), memory, from);
      numbers.setUint32(at + END_SIZE_AT, isWritten ? ends.bytes() + 1 : 0);
    },
    sent(requestId, batch) {
      const slot = slots.get(requestId);
      if (slot !== undefined) numbers.setUint32(startOf(slot) + BATCH_AT, batch);
    },
    done(requestId) {
      const slot = slots.get(requestId);
      if (slot === undefined) return;
      slots.delete(requestId);
      numbers.setUint32(startOf(slot) + BEGUN_SIZE_AT, 0);
      free.push(slot);
    },
  };
}

function startOf(slot: number): number {
  return HEAD_BYTES + slot * SLOT_BYTES;
}

const BEGUN_TEXTS = 12;
const END_TEXTS = 4;

/** In the order in which `readBegun` expects them. */
function textsOf(request: BegunRequest): (string | null)[] {
  const { route, attempts } = request;
  return [
    request.clientDialect,
    request.operation,
    shortened(request.requestedModel),
    shortened(request.agentType),
    shortened(request.projectId),
    shortened(request.provider),
    shortened(request.model),
    route?.kind ?? null,
    route?.rule ?? null,
    route?.why ?? null,
    route?.order ?? null,
    attempts.length === 0 ? null : JSON.stringify(attempts),
  ];
}

/** What is noted of a request: first everything, at last what always fits. */
const SHORTER: readonly ((request: BegunRequest) => BegunRequest)[] = [
  (request) => request,
  // Providers' words may be long.
  (request) => ({ ...request, attempts: request.attempts.map(withoutMessage) }),
  (request) => ({ ...request, attempts: [] }),
  (request) => ({ ...request, attempts: [], route: null }),
];

function withoutMessage({ message: _, ...short }: Attempt): Attempt {
  return short;
}

/** In the order in which `readEnd` expects them; NaN: unknown. Written out, since access by name takes twice as long. */
function numbersOf({ httpStatus, latencyMs, ttftMs, costUsd, usage }: LedgerRow): number[] {
  return [
    httpStatus,
    latencyMs,
    ttftMs ?? Number.NaN,
    costUsd ?? Number.NaN,
    usage.inputTokens,
    usage.outputTokens,
    usage.cacheReadTokens,
    usage.cacheWriteTokens,
    usage.cacheWrite1hTokens,
    usage.reasoningTokens,
    usage.webSearches,
    usage.audioInputTokens,
    usage.audioOutputTokens,
  ];
}

function shortened(name: string | null): string | null {
  return name === null ? null : name.slice(0, LONGEST_NAME);
}

function shortenedEnd(name: string | null): string | null {
  return name === null ? null : name.slice(0, LONGEST_END_NAME);
}

/**
 * The requests that a worker had not handed over, except one that it was just noting when it died.
 * @param batches how many of its batches the primary has taken.
 */
export function readJournal(memory: Uint8Array, batches: number): LostRequest[] {
  const numbers = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  const found: LostRequest[] = [];
  const used = numbers.getUint32(0);
  for (let slot = 0; slot < used; slot++) {
    const at = startOf(slot);
    const batch = numbers.getUint32(at + BATCH_AT);
    if (numbers.getUint32(at + BEGUN_SIZE_AT) === 0 || (batch > 0 && batch <= batches)) continue;
    const bytes = memory.subarray(at, at + SLOT_BYTES);
    found.push({ begun: readBegun(bytes), end: readEnd(bytes.subarray(END_AT)) });
  }
  return found;
}

// The casts are safe, since the same version of the program has written this, above.

function readBegun(bytes: Uint8Array): BegunRequest {
  const numbers = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts = readTexts(bytes.subarray(BEGUN_TEXTS_AT), BEGUN_TEXTS, numbers.getUint32(BEGUN_SIZE_AT));
  const [clientDialect, operation, requestedModel, agentType, projectId, provider, model, ...more] = texts;
  const [kind, rule, why, order, attempts] = more;
  return {
    requestId: decoder.decode(bytes.subarray(ID_AT, ID_AT + numbers.getUint16(ID_LENGTH_AT))),
    timestamp: numbers.getFloat64(TIMESTAMP_AT),
    clientDialect: clientDialect as DialectId,
    operation: operation as RowOperation,
    streamed: numbers.getUint16(STREAMED_AT) === 1,
    requestedModel: requestedModel ?? null,
    agentType: agentType ?? null,
    projectId: projectId ?? null,
    provider: provider ?? null,
    model: model ?? null,
    route: readRoute(kind, rule, why, order),
    trace: readTrace(bytes),
    attempts: attempts == null ? [] : (JSON.parse(attempts) as Attempt[]),
  };
}

type ReadText = string | null | undefined;

function readRoute(kind: ReadText, rule: ReadText, why: ReadText, order: ReadText): RouteDecision | null {
  if (kind == null) return null;
  return { kind: kind as RouteRuleKind, rule: rule ?? '', why: why ?? '', order: order ?? null };
}

function readTrace(bytes: Uint8Array): RowTrace | null {
  const parts = bytes[TRACE_AT] ?? 0;
  if (parts === 0) return null;
  const id = (from: number, to: number) => decoder.decode(bytes.subarray(from, to));
  return {
    traceId: id(TRACE_ID_AT, SPAN_ID_AT),
    spanId: id(SPAN_ID_AT, PARENT_ID_AT),
    parentSpanId: (parts & HAS_PARENT) === 0 ? null : id(PARENT_ID_AT, TRACE_END),
    sampled: (parts & IS_SAMPLED) !== 0,
  };
}

function readEnd(bytes: Uint8Array): RequestEnd | null {
  const numbers = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = numbers.getUint32(END_SIZE_AT) - 1;
  if (size < 0) return null;
  const doubles = new Float64Array(bytes.buffer, bytes.byteOffset + NUMBERS_AT, END_NUMBERS);
  const number = (index: number) => doubles[index] ?? 0;
  const known = (index: number) => (Number.isNaN(number(index)) ? null : number(index));
  const [provider, model, finishReason, errorCode] = readTexts(bytes.subarray(END_TEXTS_AT), END_TEXTS, size);
  return {
    provider: provider ?? null,
    model: model ?? null,
    status: STATUSES[numbers.getUint16(STATUS_AT)] ?? 'error',
    httpStatus: number(0),
    latencyMs: number(1),
    ttftMs: known(2),
    costUsd: known(3),
    usage: {
      inputTokens: number(4),
      outputTokens: number(5),
      cacheReadTokens: number(6),
      cacheWriteTokens: number(7),
      cacheWrite1hTokens: number(8),
      reasoningTokens: number(9),
      webSearches: number(10),
      audioInputTokens: number(11),
      audioOutputTokens: number(12),
    },
    usageKnown: numbers.getUint16(USAGE_KNOWN_AT) === 1,
    finishReason: finishReason ?? null,
    errorCode: errorCode as ErrorCode | null,
  };
}
