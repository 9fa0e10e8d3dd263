// What becomes of one request, gathered while it runs and handed to the ledger once, when it ends.
import type { Ledger } from '../ledger/ledger.ts';
import type { Attempt, LedgerRow, RowStatus } from '../ledger/row.ts';
import { MAX_BODY_LENGTH } from '../ledger/sound-row.ts';
import type { GatewayError } from '../model/errors.ts';
import type { Loss } from '../model/request.ts';
import { NO_USAGE } from '../model/usage.ts';
import type { RouteDecision } from '../model/route-decision.ts';
import type { Target } from '../routing/targets.ts';
import type { BodyCapture } from './body-capture.ts';
import type { Observation } from './observer.ts';

export interface ExchangeRecord {
  readonly requestId: string;
  /** `monotonic()` at arrival. */
  readonly startedAt: number;
  requestedModel: string | null;
  agentType: string | null;
  projectId: string | null;
  streamed: boolean;
  requestBody: string | null;
  /** Null until the request was routed. */
  route: RouteDecision | null;
  attempts: Attempt[];
  /** Of the attempt that serves, or the last one. */
  target: Target | null;
  losses: Loss[];
  seen: Observation | null;
  overheadMs: number | null;
  /** An attempt has answered; its provider is at work until the record ends. */
  serving: boolean;
  httpStatus: number;
  /** Keeps a streamed answer; null where bodies are not kept. */
  capture: BodyCapture | null;
  /** A whole answer, kept as it is. */
  responseBody: string | null;
  /** Ends the record; later calls do nothing. */
  end(outcome: { status: RowStatus; error?: GatewayError }): void;
}

export interface RecordContext {
  ledger: Ledger | null;
  now(): number;
  monotonic(): number;
  price(target: Target, model: string, seen: Observation): number | null;
  redact(text: string): string;
  onEnd(record: ExchangeRecord, error: GatewayError | undefined): void;
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
    startedAt,
    requestedModel: null,
    agentType: null,
    projectId: null,
    streamed: false,
    requestBody: null,
    route: null,
    attempts: [],
    target: null,
    losses: [],
    seen: null,
    overheadMs: null,
    serving: false,
    httpStatus: 0,
    capture: null,
    responseBody: null,
    end({ status, error }) {
      if (ended) return;
      ended = true;
      context.ledger?.record(toRow(status, error));
      context.onEnd(record, error);
    },
  };

  function toRow(status: RowStatus, error: GatewayError | undefined): LedgerRow {
    const { seen, target } = record;
    const model = seen?.model ?? target?.model ?? record.requestedModel;
    const usageKnown = seen?.usageKnown ?? false;
    const body = record.responseBody ?? record.capture?.text() ?? null;
    const { redact } = context;
    const clean = (text: string | null) => (text === null ? null : redact(text));
    const { agentType, projectId, requestedModel, attempts, route } = record;
    // Names come from outside too. One look at all of them: hardly ever is there anything to take out.
    const names = [
      ...[agentType, projectId, requestedModel, model, route?.rule, route?.why],
      ...attempts.map((attempt) => attempt.model),
    ];
    const name = redact(names.join('\n')) === names.join('\n') ? (text: string | null) => text : clean;
    return {
      requestId,
      timestamp,
      agentType: name(agentType),
      projectId: name(projectId),
      clientDialect,
      provider: target?.provider.name ?? null,
      model: name(model),
      requestedModel: name(requestedModel),
      status,
      httpStatus: record.httpStatus,
      streamed: record.streamed,
      latencyMs: context.monotonic() - startedAt,
      ttftMs: seen?.firstContentAt == null ? null : seen.firstContentAt - startedAt,
      overheadMs: record.overheadMs,
      usage: seen?.usage ?? NO_USAGE,
      usageKnown,
      costUsd:
        target !== null && model !== null && seen !== null && usageKnown
          ? context.price(target, model, seen)
          : null,
      finishReason: seen?.finish?.raw ?? seen?.finish?.unified ?? null,
      route: route && { ...route, rule: name(route.rule) ?? '', why: name(route.why) ?? '' },
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

/**
 * As much of a body as the ledger may keep, and as much again: a secret is taken out whole before the ledger
 * cuts, and a body of many megabytes is not searched for what nobody will read.
 */
function start(body: string | null): string | null {
  return body === null ? null : body.slice(0, 2 * MAX_BODY_LENGTH);
}

/** Losses as the audit row tells them: what is only approximated says by what. */
function describeLosses(losses: readonly Loss[], seen: Observation | null): string[] {
  const told = losses.map((loss) =>
    loss.outcome === 'lost'
      ? loss.feature
      : `${loss.feature} (approximated${loss.how === undefined ? '' : `: ${loss.how}`})`,
  );
  return [...new Set([...told, ...(seen?.unsaid ?? [])])];
}
