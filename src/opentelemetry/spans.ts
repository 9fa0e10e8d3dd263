// The spans of one request: a server span for the request, and a client span for each try at a provider.
import type { Attempt, LedgerRow } from '../ledger/rows/row.ts';
import {
  OPERATION_NAMES,
  requestAttributes,
  type SystemOf,
  tryAttributes,
  type AddressOf,
} from './attributes.ts';
import { hrTime, type Resource, type SpanData, type TraceState } from './serializers.ts';

const SERVER = 1;
const CLIENT = 2;
const UNSET = 0;
const ERROR = 2;
const SAMPLED = 1;

interface SpanContext {
  resource: Resource;
  version: string;
  systemOf: SystemOf;
  addressOf: AddressOf;
}

/** Returns none where the request is not traced, or its trace is not sampled. */
export function spansOf(row: LedgerRow, context: SpanContext): SpanData[] {
  const { trace } = row;
  if (trace === null || !trace.sampled) return [];
  const tries = row.attempts.flatMap((attempt) => {
    const { spanId } = attempt;
    return spanId === undefined || attempt.skipped !== undefined ? [] : [{ attempt, spanId }];
  });
  const operation = OPERATION_NAMES[row.operation];
  const { traceId, state } = trace;
  const request = span(context, {
    traceId,
    state,
    spanId: trace.spanId,
    parent: trace.parentSpanId === null ? null : { spanId: trace.parentSpanId, isRemote: true },
    name: named(operation, row.requestedModel),
    kind: SERVER,
    fromMs: row.timestamp,
    untilMs: row.timestamp + row.latencyMs,
    failure: row.status === 'error' || row.status === 'truncated' ? (row.errorMessage ?? row.status) : null,
    attributes: requestAttributes(row, context.systemOf),
  });
  return [
    request,
    ...tries.map(({ attempt, spanId }) => {
      const startedMs = attempt.startedMs ?? 0;
      return span(context, {
        traceId,
        state,
        spanId,
        parent: { spanId: trace.spanId, isRemote: false },
        name: named(operation, attempt.model),
        kind: CLIENT,
        fromMs: row.timestamp + startedMs,
        untilMs: row.timestamp + endOf(attempt, row, startedMs),
        failure: attempt.error === null ? null : (attempt.message ?? attempt.error),
        attributes: tryAttributes(row, attempt, context),
      });
    }),
  ];
}

/** A failed try ends when it failed, the one that served when the answer ended. */
function endOf({ error, durationMs }: Attempt, { latencyMs }: LedgerRow, startedMs: number): number {
  return error === null ? latencyMs : startedMs + durationMs;
}

function named(operation: string, model: string | null): string {
  return model === null ? operation : `${operation} ${model}`;
}

interface Described {
  traceId: string;
  state: string | undefined;
  spanId: string;
  parent: { spanId: string; isRemote: boolean } | null;
  name: string;
  kind: typeof SERVER | typeof CLIENT;
  /** Unix milliseconds. */
  fromMs: number;
  untilMs: number;
  failure: string | null;
  attributes: SpanData['attributes'];
}

function span({ resource, version }: SpanContext, described: Described): SpanData {
  const { traceId, state, spanId, parent, name, kind, fromMs, untilMs, failure, attributes } = described;
  const own = {
    traceId,
    spanId,
    traceFlags: SAMPLED,
    ...(state !== undefined && { traceState: serialized(state) }),
  };
  return {
    name,
    kind,
    spanContext: () => own,
    ...(parent === null ? {} : { parentSpanContext: { traceId, traceFlags: SAMPLED, ...parent } }),
    startTime: hrTime(fromMs),
    endTime: hrTime(untilMs),
    duration: hrTime(untilMs - fromMs),
    status: failure === null ? { code: UNSET } : { code: ERROR, message: failure },
    attributes,
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: { name: 'sluice', version },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** The library's form of `tracestate`, from which it reads only the text. */
function serialized(state: string): TraceState {
  const same = () => serialized(state);
  return { serialize: () => state, get: () => undefined, set: same, unset: same };
}
