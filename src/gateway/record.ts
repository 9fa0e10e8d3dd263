// What becomes of one request, gathered while it runs and handed to the ledger once, when it ends.
import type { RowTaker } from '../ledger/ledger.ts';
import type { Attempt, LedgerRow, RowOperation, RowStatus, RowTrace } from '../ledger/row.ts';
import { MAX_BODY_LENGTH } from '../ledger/sound-row.ts';
import type { GatewayError } from '../model/errors.ts';
import type { Loss } from '../model/request.ts';
import { NO_USAGE } from '../model/usage.ts';
import type { Route } from '../routing/route.ts';
import type { Target } from '../routing/targets.ts';
import type { Lease } from '../upstream/provider-state.ts';
import type { BodyCapture } from './body-capture.ts';
import type { LiveEnding, LiveStream } from './live-view.ts';
import type { Observation } from './observer.ts';
import { describeTiming } from './row-timing.ts';

export interface ExchangeRecord {
  readonly requestId: string;
  readonly dialect: LedgerRow['clientDialect'];
  /** Unix milliseconds at arrival. */
  readonly timestamp: number;
  /** `monotonic()` at arrival. */
  readonly startedAt: number;
  operation: RowOperation;
  requestedModel: string | null;
  agentType: string | null;
  projectId: string | null;
  streamed: boolean;
  requestBody: string | null;
  /** Null until the request was routed. */
  route: Route | null;
  /** Null where nobody traces the request. */
  trace: RowTrace | null;
  /** Of the newest try. */
  trySpanId: string | null;
  attempts: Attempt[];
  /** Of the attempt that serves, or the last one. */
  target: Target | null;
  losses: Loss[];
  seen: Observation | null;
  overheadMs: number | null;
  /** Time spent waiting for room at providers; null where nothing waited. */
  queuedMs: number | null;
  /** Pauses between tries. */
  backOffMs: number;
  /** Of the time with providers, what passed beside another try's and is counted there. */
  besideMs: number;
  /** Of the newest try: ended with the record, unless the try failed and ended it. */
  lease: Lease | null;
  /** An attempt has answered; its provider is at work until the record ends. */
  serving: boolean;
  httpStatus: number;
  /** Keeps a streamed answer; null where bodies are not kept. */
  capture: BodyCapture | null;
  /** A whole answer, kept as it is. */
  responseBody: string | null;
  /** USD for what a try has seen, null where it is unpriced. */
  cost(target: Target, seen: Observation): number | null;
  readonly live: LiveStream;
  /** Ends the request from outside; the client is told. Does nothing once it is over. */
  cancel(): void;
  /** Ends the record; later calls do nothing. */
  end(outcome: Ending): void;
}

export interface Ending {
  status: RowStatus;
  error?: GatewayError;
}

/** How a request ended that ended with this error. */
export function failedWith(error: GatewayError): Ending {
  if (error.code === 'upstream_truncated') return { status: 'truncated', error };
  return { status: error.code === 'cancelled' ? 'aborted' : 'error', error };
}

export interface RecordContext {
  ledger: RowTaker | null;
  now(): number;
  monotonic(): number;
  price(target: Target, model: string, seen: Observation): number | null;
  redact(text: string): string;
  /** Told the row of each request. */
  noted(row: LedgerRow): void;
  live: LiveStream;
  onEnd(record: ExchangeRecord): void;
}

export function createRecord(
  requestId: string,
  clientDialect: LedgerRow['clientDialect'],
  context: RecordContext,
): ExchangeRecord {
  const timestamp = context.now();
  const startedAt = context.monotonic();
  let ended = false;
  const record: ExchangeRecord = {
    requestId,
    dialect: clientDialect,
    timestamp,
    startedAt,
    operation: 'generate',
    requestedModel: null,
    agentType: null,
    projectId: null,
    streamed: false,
    requestBody: null,
    route: null,
    trace: null,
    trySpanId: null,
    attempts: [],
    target: null,
    losses: [],
    seen: null,
    overheadMs: null,
    queuedMs: null,
    backOffMs: 0,
    besideMs: 0,
    lease: null,
    serving: false,
    httpStatus: 0,
    capture: null,
    responseBody: null,
    cost: (target, seen) => context.price(target, seen.model ?? target.model, seen),
    live: context.live,
    cancel: () => {},
    end({ status, error }) {
      if (ended) return;
      ended = true;
      const row = toRow(status, error);
      context.ledger?.record(row);
      context.noted(row);
      context.live.ended(describeEnding(row));
      // What was told in the stream counts for the provider as what was told before it.
      record.lease?.end(status === 'success' ? 'completed' : (error ?? 'abandoned'));
      context.onEnd(record);
    },
  };

  function toRow(status: RowStatus, error: GatewayError | undefined): LedgerRow {
    const { seen, target } = record;
    const latencyMs = context.monotonic() - startedAt;
    const timing = describeTiming(record, latencyMs);
    const model = seen?.model ?? target?.model ?? record.requestedModel;
    const usageKnown = seen?.usageKnown ?? false;
    const body = record.responseBody ?? record.capture?.text() ?? null;
    const { redact } = context;
    const clean = (text: string | null) => (text === null ? null : redact(text));
    const { agentType, projectId, requestedModel, attempts } = record;
    const route = record.route?.decision ?? null;
    // Names come from outside too. One look at all of them: hardly ever is there anything to take out.
    const names = [agentType, projectId, requestedModel, model, route?.rule, route?.why];
    for (const attempt of attempts) names.push(attempt.model);
    const together = names.join('\n');
    const name = redact(together) === together ? (text: string | null) => text : clean;
    return {
      requestId,
      timestamp,
      agentType: name(agentType),
      projectId: name(projectId),
      operation: record.operation,
      clientDialect,
      provider: target?.provider.name ?? null,
      model: name(model),
      requestedModel: name(requestedModel),
      status,
      httpStatus: record.httpStatus,
      streamed: record.streamed,
      latencyMs,
      ttftMs: seen?.firstContentAt == null ? null : seen.firstContentAt - startedAt,
      overheadMs: record.overheadMs,
      queuedMs: record.queuedMs,
      timing,
      usage: seen?.usage ?? NO_USAGE,
      usageKnown,
      costUsd: totalCost(record),
      finishReason: seen?.finish?.raw ?? seen?.finish?.unified ?? null,
      route: route && { ...route, rule: name(route.rule) ?? '', why: name(route.why) ?? '' },
      trace: record.trace,
      attempts: attempts.map((attempt) => ({ ...attempt, model: name(attempt.model) ?? '' })),
      lost: describeLosses(record.losses, seen),
      malformedEvents: seen?.malformedEvents ?? 0,
      errorCode: error?.code ?? null,
      errorMessage: clean(error?.message ?? null),
      requestBody: clean(start(record.requestBody)),
      responseBody: clean(start(body)),
    };
  }
  return record;
}

/** Of all tries that reported usage; null where there is none, or one of them is unpriced. */
function totalCost({ attempts, target, seen, cost }: ExchangeRecord): number | null {
  const costs = attempts.flatMap(({ costUsd }) => (costUsd === undefined ? [] : [costUsd]));
  // What a failed try has seen is in its attempt already.
  const isOpen = attempts.some(({ error }) => error === null);
  if (isOpen && target !== null && seen?.usageKnown === true) costs.push(cost(target, seen));
  if (costs.length === 0) return null;
  return costs.reduce((sum, each) => (sum === null || each === null ? null : sum + each), 0);
}

const LEFT = 'the client closed the connection';

function describeEnding({ status, model, provider, usage, costUsd, errorMessage }: LedgerRow): LiveEnding {
  if (status !== 'success') return { type: 'error', status, message: errorMessage ?? LEFT };
  const { inputTokens: input_tokens, outputTokens: output_tokens } = usage;
  return { type: 'completed', model, provider, input_tokens, output_tokens, cost_usd: costUsd };
}

/**
 * As much of a body as the ledger may keep, and as much again: a secret is taken out whole before the ledger
 * cuts, and a body of many megabytes is not searched for what nobody will read.
 */
function start(body: string | null): string | null {
  return body === null ? null : body.slice(0, 2 * MAX_BODY_LENGTH);
}

/** A feature that something stands in for, as the audit row tells it. */
export function describeLoss({ feature, how }: Pick<Loss, 'feature' | 'how'>): string {
  return `${feature} (approximated${how === undefined ? '' : `: ${how}`})`;
}

/** Losses as the audit row tells them: what is only approximated says by what. */
function describeLosses(losses: readonly Loss[], seen: Observation | null): string[] {
  const told = losses.map((loss) => (loss.outcome === 'lost' ? loss.feature : describeLoss(loss)));
  return [...new Set([...told, ...(seen?.unsaid ?? [])])];
}
