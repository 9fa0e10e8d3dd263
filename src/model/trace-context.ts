// The headers `traceparent` and `tracestate`: to which trace a request belongs, and what its systems tell each other about it.
// https://www.w3.org/TR/trace-context/

interface TraceContext {
  /** 32 hex digits. */
  traceId: string;
  /** 16 hex digits: the sender's span. */
  spanId: string;
  /** Whether the trace is kept; participants follow the decision of the system that began it. */
  sampled: boolean;
}

const SHAPE = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Null if invalid; then a new trace begins. */
export function parseTraceparent(header: string | null): TraceContext | null {
  const [, version, traceId, spanId, flags, more] = SHAPE.exec(header ?? '') ?? [];
  if (traceId === undefined || spanId === undefined) return null;
  // Only later versions may add fields.
  if (version === '00' && more !== undefined) return null;
  return { traceId, spanId, sampled: (Number.parseInt(flags ?? '0', 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** Participants must pass on at least so much of it. https://www.w3.org/TR/trace-context/#tracestate-limits */
const LONGEST_STATE = 512;

/** What is passed on of `tracestate` beside a valid `traceparent`; undefined: nothing. */
export function readTracestate(header: string | null): string | undefined {
  return header === null || !/^[\x20-\x7e]+$/.test(header) || header.length > LONGEST_STATE
    ? undefined
    : header;
}
