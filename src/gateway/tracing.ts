// The trace that a request belongs to: continued in the gateway, and passed on to providers with `forwardTrace`.
import { formatTraceparent, parseTraceparent, readTracestate } from '../model/trace-context.ts';
import type { HeaderReader } from '../model/headers.ts';
import type { RowTrace } from '../ledger/rows/row.ts';
import type { GatewayHost } from './host.ts';
import type { Plan } from './attempts/plan.ts';
import type { ExchangeRecord } from './record/record.ts';

/** Continues the client's trace, else begins one where traces are collected; null where neither is the case. */
export function beginTrace(headers: HeaderReader, host: GatewayHost): RowTrace | null {
  const parent = parseTraceparent(headers.get('traceparent'));
  const isCollected = host.telemetry !== undefined || host.fleet?.traced === true;
  if (parent === null && !isCollected) return null;
  const spanId = newSpanId(host);
  const traceId = parent?.traceId ?? hexOf(host);
  if (spanId === null || traceId === null) return null;
  const state = parent === null ? undefined : readTracestate(headers.get('tracestate'));
  return {
    traceId,
    spanId,
    parentSpanId: parent?.spanId ?? null,
    sampled: parent?.sampled ?? true,
    ...(state !== undefined && { state }),
  };
}

/** Gives each try its own span, the parent of the provider's spans where the trace is forwarded. */
export function traceTry(record: ExchangeRecord, host: GatewayHost, { target, headers }: Plan): void {
  const { trace } = record;
  if (trace === null) return;
  const spanId = newSpanId(host);
  record.trySpanId = spanId;
  if (spanId === null || !target.provider.forwardTrace) return;
  headers.set('traceparent', formatTraceparent({ ...trace, spanId }));
  if (trace.state !== undefined) headers.set('tracestate', trace.state);
}

function newSpanId(host: GatewayHost): string | null {
  return hexOf(host)?.slice(16) ?? null;
}

/** 32 hex digits; null where the host's ids are not UUIDs. */
function hexOf(host: GatewayHost): string | null {
  const hex = host.randomId().replaceAll('-', '');
  return /^[0-9a-f]{32}$/.test(hex) ? hex : null;
}
