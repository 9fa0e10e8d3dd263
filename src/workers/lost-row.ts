// The row of a request whose worker died before it could write one.
import type { BegunRequest } from '../gateway/fleet.ts';
import { type LedgerRow, NO_TIMING } from '../ledger/row.ts';
import { NO_USAGE } from '../model/usage.ts';

/** @param how the worker's end, in words. @param now Unix milliseconds. */
export function lostRow(request: BegunRequest, how: string, now: number): LedgerRow {
  return {
    ...request,
    status: 'error',
    // Whether the client had got one is not known.
    httpStatus: 0,
    latencyMs: Math.max(0, now - request.timestamp),
    ttftMs: null,
    overheadMs: null,
    queuedMs: null,
    timing: NO_TIMING,
    usage: NO_USAGE,
    usageKnown: false,
    costUsd: null,
    finishReason: null,
    route: null,
    trace: null,
    attempts: [],
    transformers: [],
    lost: [],
    malformedEvents: 0,
    errorCode: 'internal',
    errorMessage: `the process that served this request ${how}; what the provider had answered is not known`,
    requestBody: null,
    responseBody: null,
  };
}
