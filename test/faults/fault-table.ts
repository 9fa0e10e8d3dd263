// Every fault of the simulator, and what a client of the gateway must see of it: the contract's error table and
// GUARANTEES 1, 2, 3, 4, 10 and 14, written out.
import type { RowStatus } from '../../src/ledger/rows/row.ts';
import type { ErrorCode } from '../../src/model/errors.ts';

/** The answer that the fault spoils: eight tokens. */
export const TEXT = 'one two three four five six seven eight';
export const MAX_RETRIES = 1;

export interface Expectation {
  /** What the client's status would be where its dialect has no other word for it. */
  status: number;
  /** Null: the answer is whole in spite of the fault. */
  code: ErrorCode | null;
  row: RowStatus;
  /** How often the faulty target is asked: once more than once where that may help. */
  calls: number;
  /** Whether the next target is asked, where there is one. */
  falls: boolean;
  /** What arrives of the answer itself, where nobody else gives one. */
  text: string;
  /** How long the gateway waits before it asks the same target again, where the fault hints at it. In ms. */
  waits?: number;
  /** In the client's `retry-after`: seconds, or the date as the provider wrote it. */
  retryAfter?: string;
  malformedEvents?: number;
}

export interface FaultRow {
  fault: string;
  /** Where only a socket shows it. */
  socket?: true;
  streamed: Expectation;
  whole: Expectation;
}

/** An error before the first content: a status, and perhaps another try. */
function refused(code: ErrorCode, status: number, more: Partial<Expectation> = {}): Expectation {
  return { status, code, row: 'error', calls: 1 + MAX_RETRIES, falls: true, text: '', ...more };
}

/** An error after the first content: told inside the stream, and nobody else is asked. */
function broken(code: ErrorCode, row: RowStatus, text: string): Expectation {
  return { status: 200, code, row, calls: 1, falls: false, text };
}

const WELL: Expectation = { status: 200, code: null, row: 'success', calls: 1, falls: false, text: TEXT };
const both = (expectation: Expectation) => ({ streamed: expectation, whole: expectation });
const THREE = 'one two three';
/** Who was silent once is not asked again. */
const SILENT = refused('upstream_timeout', 504, { calls: 1 });

export const FAULTS: FaultRow[] = [
  { fault: 'refuse', socket: true, ...both(refused('upstream_unreachable', 502)) },
  { fault: 'hang-headers', ...both(SILENT) },
  { fault: 'hang-first-event', ...both(SILENT) },
  { fault: '429', ...both(refused('upstream_rate_limited', 429, { waits: 1_000, retryAfter: '1' })) },
  { fault: '429:1500ms', ...both(refused('upstream_rate_limited', 429, { waits: 1_500, retryAfter: '2' })) },
  // On the provider's clock, which is a year behind.
  {
    fault: '429:3date',
    ...both(
      refused('upstream_rate_limited', 429, {
        waits: 3_000,
        retryAfter: 'Wed, 01 Jan 2025 00:00:03 GMT',
      }),
    ),
  },
  { fault: '429:4info', ...both(refused('upstream_rate_limited', 429, { waits: 4_000, retryAfter: '4' })) },
  // Longer than a request may wait: the next target at once.
  { fault: '429:60', ...both(refused('upstream_rate_limited', 429, { calls: 1, retryAfter: '60' })) },
  { fault: '500', ...both(refused('upstream_failed', 502)) },
  { fault: '529', ...both(refused('upstream_overloaded', 529, { waits: 1_000, retryAfter: '1' })) },
  { fault: '401', ...both(refused('upstream_unauthorized', 401, { calls: 1 })) },
  { fault: '400', ...both(refused('upstream_rejected', 400, { calls: 1, falls: false })) },
  { fault: 'error-first', ...both(refused('upstream_overloaded', 529)) },
  { fault: 'html', ...both(refused('upstream_malformed', 502)) },
  { fault: 'html:502', ...both(refused('upstream_failed', 502)) },
  { fault: 'garbage', ...both(refused('upstream_malformed', 502)) },
  {
    fault: 'cut:0',
    streamed: refused('upstream_truncated', 502, { row: 'truncated' }),
    whole: refused('upstream_malformed', 502),
  },
  {
    fault: 'cut:3',
    streamed: broken('upstream_truncated', 'truncated', THREE),
    whole: refused('upstream_malformed', 502),
  },
  // Every token came, only the ending did not.
  {
    fault: 'cut:8',
    streamed: broken('upstream_truncated', 'truncated', TEXT),
    whole: refused('upstream_malformed', 502),
  },
  {
    fault: 'reset:0',
    socket: true,
    streamed: refused('upstream_truncated', 502, { row: 'truncated' }),
    whole: refused('upstream_truncated', 502, { row: 'truncated' }),
  },
  {
    fault: 'reset:3',
    socket: true,
    streamed: broken('upstream_truncated', 'truncated', THREE),
    whole: refused('upstream_truncated', 502, { row: 'truncated' }),
  },
  { fault: 'stall:0', ...both(SILENT) },
  { fault: 'stall:3', streamed: broken('upstream_timeout', 'error', THREE), whole: SILENT },
  { fault: 'error:0', ...both(refused('upstream_overloaded', 529)) },
  {
    fault: 'error:3',
    streamed: broken('upstream_overloaded', 'error', THREE),
    whole: refused('upstream_overloaded', 529),
  },
  {
    fault: 'malformed:3',
    streamed: { ...WELL, text: TEXT.replace(' four', ''), malformedEvents: 1 },
    whole: refused('upstream_malformed', 502),
  },
  { fault: 'duplicate-terminal', ...both(WELL) },
  { fault: 'drip:5', ...both(WELL) },
];
