// The row of a request whose worker died before it could write one.
import { type Attempt, type LedgerRow, NO_TIMING } from '../ledger/rows/row.ts';
import { NO_USAGE } from '../model/usage.ts';
import type { LostRequest } from './journal.ts';

/** @param how the worker ended, in words. @param now Unix milliseconds. */
export function lostRow({ begun, end }: LostRequest, how: string, now: number): LedgerRow {
  const unknown = `the process that served this request ${how}; what the provider had answered is unknown`;
  const row: LedgerRow = {
    ...begun,
    status: 'error',
    // It is unknown whether the client had received a status.
    httpStatus: 0,
    latencyMs: Math.max(0, now - begun.timestamp),
    ttftMs: null,
    overheadMs: null,
    queuedMs: null,
    timing: NO_TIMING,
    usage: NO_USAGE,
    usageKnown: false,
    costUsd: null,
    finishReason: null,
    attempts: begun.attempts.map((attempt) => settled(attempt, end, unknown)),
    transformers: [],
    lost: [],
    malformedEvents: 0,
    errorCode: 'internal',
    errorMessage: unknown,
    requestHeaders: null,
    requestBody: null,
    responseBody: null,
  };
  if (end === null) return row;
  const errorMessage =
    end.errorCode === null
      ? null
      : `the process that served this request ${how} after its end; only its outcome is known`;
  return { ...row, ...end, errorMessage };
}

/**
 * An attempt beside which another was begun was noted before it was known which of them serves; without an error, the row would say that it
 * served.
 */
function settled(attempt: Attempt, end: LostRequest['end'], unknown: string): Attempt {
  if (attempt.error !== null) return attempt;
  if (end === null) return { ...attempt, error: 'internal', message: unknown };
  if (attempt.provider === end.provider) return { ...attempt, error: end.errorCode };
  return { ...attempt, error: 'cancelled', message: 'cancelled: the request ended without it' };
}
