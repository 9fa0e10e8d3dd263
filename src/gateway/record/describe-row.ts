// Makes the row of an ended request from its record; nothing in it holds a secret.
import type { BinaryPart } from '../../ledger/rows/binary-parts.ts';
import type { Attempt, LedgerRow, RowStatus } from '../../ledger/rows/row.ts';
import { markCut } from '../../ledger/rows/storable-row.ts';
import type { GatewayError } from '../../model/errors.ts';
import { mayHoldThought } from '../../model/redact/carried-thoughts.ts';
import type { Loss } from '../../model/request.ts';
import type { Redactor } from '../../model/redact/redact.ts';
import { NO_USAGE } from '../../model/usage.ts';
import type { Target } from '../../routing/targets.ts';
import { cleanBody, withoutLastWord } from './clean-body.ts';
import { cleanNames, type RowNames } from './clean-names.ts';
import { joinParts, type WholeObservation } from './joined.ts';
import type { ExchangeRecord } from './record.ts';
import { describeTiming } from './row-timing.ts';
import { readPieces, withoutSplitSecrets } from './split-secrets.ts';

export interface RowEnding {
  status: RowStatus;
  error: GatewayError | undefined;
  latencyMs: number;
}

export function describeRow(
  record: ExchangeRecord,
  { status, error, latencyMs }: RowEnding,
  redact: Redactor,
): LedgerRow {
  const { startedAt } = record;
  const seen = joinParts(record.parts, record.seen);
  // Before the attempts are copied, since it notes the provider's time in the one that serves.
  const timing = describeTiming(record, seen, latencyMs);
  const names = namesOf(record, seen, latencyMs, redact);
  if (error !== undefined) noteBreak(names.attempts, record, error, redact);
  const row: LedgerRow = {
    requestId: record.requestId,
    timestamp: record.timestamp,
    agentType: names.agentType,
    projectId: names.projectId,
    model: names.model,
    requestedModel: names.requestedModel,
    route: names.route,
    attempts: names.attempts,
    operation: record.operation,
    clientDialect: record.dialect,
    provider: targetOf(record)?.provider.name ?? null,
    status,
    httpStatus: record.httpStatus,
    streamed: record.streamed,
    latencyMs,
    ttftMs: seen?.firstContentAt == null ? null : seen.firstContentAt - startedAt,
    overheadMs: record.overheadMs,
    queuedMs: record.queuedMs,
    timing,
    usage: seen?.usage ?? NO_USAGE,
    usageKnown: seen?.usageKnown ?? false,
    costUsd: totalCost(record),
    finishReason: names.finishReason,
    trace: record.trace,
    transformers: [...record.transformers],
    lost: names.lost,
    malformedEvents: seen?.malformedEvents ?? 0,
    errorCode: error?.code ?? null,
    errorMessage: error === undefined ? null : redact(error.message),
    requestHeaders: null,
    requestBody: null,
    responseBody: null,
  };
  addBodies(row, record, redact);
  return row;
}

const NOT_CLEANED = '[left out: there was no memory for removing its secrets]';

/** Cleaning a long body may run out of memory. The row is then written without the body, which may hold secrets. */
function addBodies(row: LedgerRow, record: ExchangeRecord, redact: Redactor): void {
  const ofRequest: BinaryPart[] = [];
  try {
    record.request?.describe(row, ofRequest);
  } catch {
    row.requestBody = NOT_CLEANED;
  }
  const ofAnswer: BinaryPart[] = [];
  try {
    row.responseBody = cleanAnswer(record, redact, ofAnswer);
  } catch {
    row.responseBody = NOT_CLEANED;
    ofAnswer.length = 0;
  }
  const binaries = [...ofRequest, ...ofAnswer];
  if (binaries.length > 0) row.binaries = binaries;
}

/** Where no target was asked, the one that would have been asked, whose breaker was open or which had no room yet. */
function targetOf({ target, meant, attempts }: ExchangeRecord): Target | null {
  return attempts.length > 0 && attempts.every(isOverLimit) ? null : (target ?? meant);
}

/** A limit of the gateway's forbade it: in the row it must not look like a failure of the target. */
function isOverLimit({ skipped }: Attempt): boolean {
  return skipped === 'budget_spent' || skipped === 'rate_limited';
}

/** Without secrets. */
function namesOf(
  record: ExchangeRecord,
  seen: WholeObservation | null,
  latencyMs: number,
  redact: Redactor,
): RowNames {
  const { agentType, projectId, requestedModel } = record;
  const names: RowNames = {
    agentType,
    projectId,
    // A forwarded request may name no model.
    model: (record.seen?.model ?? targetOf(record)?.model ?? requestedModel) || null,
    requestedModel,
    route: record.route?.decision ?? null,
    // Copied, since a try that lost against another may end after the request.
    attempts: record.attempts.map((attempt) => copyOf(attempt, latencyMs)),
    finishReason: seen?.finish?.raw ?? seen?.finish?.unified ?? null,
    lost: describeLosses(record.losses, seen),
  };
  return cleanNames(names, redact);
}

/** The attempt that serves lasts until the end of the answer; until here its duration was the time until that began. */
function copyOf(attempt: Attempt, latencyMs: number): Attempt {
  const { error, startedMs = 0, durationMs } = attempt;
  return { ...attempt, durationMs: error === null ? latencyMs - startedMs : durationMs };
}

/** Marks a try that served until its provider failed as failed, as it is where another target continues its answer. */
function noteBreak(
  attempts: readonly Attempt[],
  record: ExchangeRecord,
  error: GatewayError,
  redact: Redactor,
): void {
  const broken = attempts.find((attempt) => attempt.error === null);
  if (!record.serving || broken === undefined || error.rule.blame === 'gateway') return;
  broken.error = error.code;
  broken.message = redact(error.message);
  const { target, seen } = record;
  if (target === null || seen?.usageKnown !== true) return;
  broken.usage = seen.usage;
  broken.costUsd = record.cost(target, seen);
}

/** The cost of all tries that reported usage; null where there is none, or one of them is unpriced. */
function totalCost(record: ExchangeRecord): number | null {
  const { attempts, target, seen } = record;
  let sum: number | null | undefined;
  let isOpen = false;
  for (const { costUsd, error } of attempts) {
    if (costUsd !== undefined) sum = addCost(sum, costUsd);
    if (error === null) isOpen = true;
  }
  // What a failed try has reported is in its attempt already.
  if (isOpen && target !== null && seen?.usageKnown === true) sum = addCost(sum, record.cost(target, seen));
  return sum ?? null;
}

/** @param sum undefined: nothing yet; null: a part of it is unknown. */
function addCost(sum: number | null | undefined, cost: number | null): number | null {
  return sum === null || cost === null ? null : (sum ?? 0) + cost;
}

function cleanAnswer(
  { responseBody, capture }: ExchangeRecord,
  redact: Redactor,
  binaries: BinaryPart[],
): string | null {
  if (capture === null) return cleanBody(responseBody, 'response', redact, binaries);
  const stream = capture.text();
  const isCut = capture.isFull();
  // A string that was cut off is closed, by the second quotation mark if a backslash stands before the first.
  const pieces = readPieces(isCut ? `${stream}""` : stream);
  const isClean = !redact.suspects(stream, pieces.excerpt) && !mayHoldThought(stream);
  const kept = isClean && !isCut ? stream : withoutSplitSecrets(stream, pieces, redact, isCut);
  const body = isCut ? markCut(withoutLastWord(kept)) : kept;
  return cleanBody(body, 'response', isClean ? null : redact, binaries);
}

/** An approximated feature, as the audit row words it. */
export function describeLoss({ feature, how }: Pick<Loss, 'feature' | 'how'>): string {
  return `${feature} (approximated${how === undefined ? '' : `: ${how}`})`;
}

/** Losses as the audit row words them; those that are only approximated say how. */
function describeLosses(losses: readonly Loss[], seen: WholeObservation | null): string[] {
  const answerLosses = seen?.answerLosses ?? null;
  if (losses.length === 0 && answerLosses === null) return [];
  const described = losses.map((loss) => (loss.outcome === 'lost' ? loss.feature : describeLoss(loss)));
  return [...new Set([...described, ...(answerLosses ?? [])])];
}
