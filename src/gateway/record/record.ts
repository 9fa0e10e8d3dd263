// What happens to one request, collected while it runs and passed to the ledger once, when it ends.
import type { ServerConfig } from '../../config/resolved.ts';
import type { RowTaker } from '../../ledger/ledger.ts';
import type { Attempt, LedgerRow, RowOperation, RowStatus, RowTrace } from '../../ledger/rows/row.ts';
import type { Count } from '../../limits/limit-book.ts';
import type { GatewayError } from '../../model/errors.ts';
import type { Redactor } from '../../model/redact/redact.ts';
import type { Loss } from '../../model/request.ts';
import type { Route } from '../../routing/route.ts';
import type { Target } from '../../routing/targets.ts';
import type { Lease } from '../../upstream/lease.ts';
import type { BodyCapture } from './body-capture.ts';
import { describeRow, type RowEnding } from './describe-row.ts';
import { keepRequest, type KeptRequest } from './kept-request.ts';
import type { LiveStream } from '../live/view.ts';
import type { Observation } from './observer.ts';

export interface Ending {
  status: RowStatus;
  error?: GatewayError;
}

/** The ending of a request that failed with this error. */
export function failedWith(error: GatewayError): Ending {
  if (error.code === 'upstream_truncated') return { status: 'truncated', error };
  return { status: error.code === 'cancelled' ? 'aborted' : 'error', error };
}

/** What all records of one configuration have in common. */
export interface RecordContext {
  ledger: RowTaker | null;
  setTimer(callback: () => void, ms: number): () => void;
  now(): number;
  monotonic(): number;
  /** `at`: Unix ms; prices change from day to day, and with some vendors by the hour. */
  price(target: Target, model: string, seen: Observation, at: number): number | null;
  /** Called with the row of each request. */
  noted(row: LedgerRow): void;
  onEnd(record: ExchangeRecord): void;
}

const NO_LOSSES: readonly Loss[] = [];

export class ExchangeRecord {
  readonly requestId: string;
  readonly dialect: LedgerRow['clientDialect'];
  /** Unix milliseconds at arrival. */
  readonly timestamp: number;
  /** `monotonic()` at arrival. */
  readonly startedAt: number;
  readonly live: LiveStream;
  operation: RowOperation = 'generate';
  requestedModel: string | null = null;
  agentType: string | null = null;
  projectId: string | null = null;
  streamed = false;
  /** Null where the row is to have no request body. */
  request: KeptRequest | null = null;
  /** Null until the request was routed. */
  route: Route | null = null;
  /** Null where the request is not traced. */
  trace: RowTrace | null = null;
  /** The span of the newest try. */
  trySpanId: string | null = null;
  attempts: Attempt[] = [];
  /** The target of the attempt that serves, or of the last one. */
  target: Target | null = null;
  /** The target that was waited for or that refused, while none has been asked; null as soon as one is. */
  meant: Target | null = null;
  losses: readonly Loss[] = NO_LOSSES;
  /** The rate limits that the request counts towards; null where none was in force when its targets were tried. */
  counted: Count[] | null = null;
  /** How many of the answer's tokens have been counted towards rate limits already. */
  countedTokens = 0;
  /** Names, in the order in which they apply to requests. */
  transformers: readonly string[] = [];
  seen: Observation | null = null;
  /** The parts of the same answer by earlier targets, which broke off and which another target continues. */
  parts: readonly Observation[] = [];
  overheadMs: number | null = null;
  /** Time spent waiting for room at providers; null where nothing waited. */
  queuedMs: number | null = null;
  /** Milliseconds of pauses between tries. */
  backOffMs = 0;
  /** Milliseconds with providers that passed in parallel to another try, which counts them. */
  besideMs = 0;
  /** The lease of the newest try. It ends with the record, unless the try has failed and ended it. */
  lease: Lease | null = null;
  /** An attempt has answered. Its provider is working until the record ends, or until it breaks off and another target is to continue. */
  serving = false;
  httpStatus = 0;
  /** Whether the answer's body goes into the row. */
  keepsAnswer = false;
  /**
   * Says why a new configuration forbids what began under an earlier one; undefined: it does not. Null for requests that are soon over and
   * keep the configuration they began with.
   */
  recheck: ((server: ServerConfig) => GatewayError | undefined) | null = null;
  /** Keeps the body of a streamed answer. */
  capture: BodyCapture | null = null;
  /** The body of a whole answer, as it is. */
  responseBody: string | null = null;
  /** Applied to whatever is shown or kept of the request. */
  readonly redact: Redactor;
  private readonly context: RecordContext;
  private leave: ((why: GatewayError) => void) | null = null;
  private over = false;

  constructor(
    requestId: string,
    dialect: LedgerRow['clientDialect'],
    { redact, live }: { redact: Redactor; live: LiveStream },
    context: RecordContext,
  ) {
    this.requestId = requestId;
    this.dialect = dialect;
    this.timestamp = context.now();
    this.startedAt = context.monotonic();
    this.live = live;
    this.redact = redact;
    this.context = context;
  }

  /** Keeps this body and these headers for its row. */
  keepRequest(text: string, headers: LedgerRow['requestHeaders']): void {
    const { ledger, setTimer } = this.context;
    this.request?.release();
    this.request = keepRequest(text, headers, { redact: this.redact, setTimer, pack: ledger?.pack });
  }

  /** USD for what a try has seen, null where it is unpriced. */
  cost(target: Target, seen: Observation): number | null {
    return this.context.price(target, seen.model ?? target.model, seen, this.timestamp);
  }

  /** Sets how the request is ended from outside. */
  onCancel(leave: (why: GatewayError) => void): void {
    this.leave = leave;
  }

  /** Ends the request from outside; the client is told why. Does nothing once it is over. */
  cancel(why: GatewayError): void {
    this.leave?.(why);
  }

  /** Ends the record; later calls do nothing. */
  end({ status, error }: Ending): void {
    if (this.over) return;
    this.over = true;
    const { context, lease } = this;
    this.request?.release();
    try {
      this.write({ status, error, latencyMs: context.monotonic() - this.startedAt });
    } finally {
      // An error in the stream counts against the provider like one before it.
      lease?.end(status === 'success' ? 'completed' : (error ?? 'abandoned'));
      context.onEnd(this);
    }
  }

  private write(ending: RowEnding): void {
    const { context, live, redact } = this;
    const row = describeRow(this, ending, redact);
    context.ledger?.record(row);
    context.noted(row);
    live.ended(row);
  }
}
