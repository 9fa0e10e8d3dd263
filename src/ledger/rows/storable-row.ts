// Makes any row storable, with whole and limited counts, names of whole characters, and limits for names and bodies.
import { LONGEST_MESSAGE, shortMessage } from '../../model/short-message.ts';
import { MAX_COUNT, USAGE_COUNTS, type Usage } from '../../model/usage.ts';
import type { LedgerRow, RowTiming } from './row.ts';

/** The longest body kept, in UTF-16 units (about 1 MB of English). */
export const MAX_BODY_LENGTH = 1_048_576;

/** In UTF-16 units; a provider may give its model any name. */
const LONGEST_NAME = 1024;
/** The most names of losses: clients choose the names of unknown fields, and how many there are. */
const MOST_LOST = 100;

/** The row as the ledger keeps it. Counts come from providers, and none of them may make a row unstorable. */
export function storableRow(row: LedgerRow): LedgerRow {
  if (isStorableRow(row)) return row;
  return {
    ...row,
    model: storableName(row.model),
    requestedModel: storableName(row.requestedModel),
    agentType: storableName(row.agentType),
    projectId: storableName(row.projectId),
    timestamp: Math.round(finite(row.timestamp)),
    httpStatus: count(row.httpStatus),
    latencyMs: finite(row.latencyMs),
    ttftMs: row.ttftMs === null ? null : finite(row.ttftMs),
    overheadMs: row.overheadMs === null ? null : finite(row.overheadMs),
    timing: storableTiming(row.timing),
    usage: storableUsage(row.usage),
    finishReason: storableName(row.finishReason),
    lost: storableLost(row.lost),
    errorMessage: row.errorMessage === null ? null : shortMessage(row.errorMessage),
    costUsd: row.costUsd === null || !Number.isFinite(row.costUsd) ? null : row.costUsd,
    malformedEvents: count(row.malformedEvents),
    requestBody: row.requestBody === null ? null : cutBody(row.requestBody),
    responseBody: row.responseBody === null ? null : cutBody(row.responseBody),
    ...keptBinaries(row),
  };
}

/** Nearly every row is storable as it is, and a copy would cost more than all these checks. */
function isStorableRow(row: LedgerRow): boolean {
  return (
    Number.isInteger(row.timestamp) &&
    isCount(row.httpStatus) &&
    Number.isFinite(row.latencyMs) &&
    isStorable(row.ttftMs) &&
    isStorable(row.overheadMs) &&
    isStorableTiming(row.timing) &&
    isStorableUsage(row.usage) &&
    isStorable(row.costUsd) &&
    isCount(row.malformedEvents) &&
    isStorableName(row.model) &&
    isStorableName(row.requestedModel) &&
    isStorableName(row.agentType) &&
    isStorableName(row.projectId) &&
    isStorableName(row.finishReason) &&
    row.lost.length <= MOST_LOST &&
    row.lost.every(isStorableName) &&
    (row.errorMessage?.length ?? 0) <= LONGEST_MESSAGE &&
    (row.requestBody?.length ?? 0) <= MAX_BODY_LENGTH &&
    (row.responseBody?.length ?? 0) <= MAX_BODY_LENGTH
  );
}

/** UTF-8 in a store cannot hold half of a surrogate pair: a name must be the same before and after it is stored. */
function isStorableName(name: string | null): boolean {
  return name === null || (name.length <= LONGEST_NAME && name.isWellFormed());
}

function storableName(name: string | null): string | null {
  if (name === null || isStorableName(name)) return name;
  const short = name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 1)}…`;
  return short.toWellFormed();
}

function storableLost(lost: LedgerRow['lost']): LedgerRow['lost'] {
  const more = lost.length - MOST_LOST;
  const names = lost.slice(0, MOST_LOST).map((name) => storableName(name) ?? name);
  return more > 0 ? [...names, `${more} more`] : names;
}

/** Written out, since this runs for every row: access by name takes four times as long per count. */
function isStorableUsage(usage: Usage): boolean {
  return (
    isCount(usage.inputTokens) &&
    isCount(usage.outputTokens) &&
    isCount(usage.cacheReadTokens) &&
    isCount(usage.cacheWriteTokens) &&
    isCount(usage.cacheWrite1hTokens) &&
    isCount(usage.reasoningTokens) &&
    isCount(usage.webSearches) &&
    isCount(usage.audioInputTokens) &&
    isCount(usage.audioOutputTokens)
  );
}

/** The usage itself where all counts are whole, not negative and plausible; otherwise a corrected copy. */
export function storableUsage(usage: Usage): Usage {
  if (isStorableUsage(usage)) return usage;
  const storable = { ...usage };
  for (const key of USAGE_COUNTS) storable[key] = count(usage[key]);
  return storable;
}

/** Times come from the clock; none may be a number that SQL does not have. */
function isStorableTiming(timing: RowTiming): boolean {
  return (
    isStorable(timing.connectMs) &&
    isStorable(timing.lastTokenMs) &&
    isStorable(timing.providerMs) &&
    isStorable(timing.clientMs) &&
    isStorable(timing.backOffMs) &&
    isStorable(timing.gatewayMs) &&
    isStorable(timing.stalls) &&
    isStorable(timing.longestGapMs) &&
    isStorable(timing.gapP50Ms) &&
    isStorable(timing.gapP99Ms) &&
    isStorable(timing.gapsMs)
  );
}

function storableTiming(timing: RowTiming): RowTiming {
  if (isStorableTiming(timing)) return timing;
  const storable = { ...timing };
  for (const [key, value] of Object.entries(timing))
    if (!isStorable(value)) Object.assign(storable, { [key]: 0 });
  return storable;
}

function isStorable(value: unknown): boolean {
  return typeof value !== 'number' || Number.isFinite(value);
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= MAX_COUNT;
}

function count(value: number): number {
  return Math.round(Math.min(MAX_COUNT, Math.max(0, finite(value))));
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

/** The body or, if it is too long, its beginning with a mark that says so. */
export function cutBody(body: string): string {
  if (body.length <= MAX_BODY_LENGTH) return body;
  // The cut is made before a surrogate pair, not through it.
  const last = body.charCodeAt(MAX_BODY_LENGTH - 1);
  const kept = last >= 0xd800 && last <= 0xdbff ? MAX_BODY_LENGTH - 1 : MAX_BODY_LENGTH;
  return markCut(body.slice(0, kept));
}

/** Appends the mark to what is kept of a longer body. */
export function markCut(kept: string): string {
  // Joined, which makes a new string: a slice would keep the whole body alive.
  return [kept, `\n[cut: only the first ${kept.length} characters are kept]`].join('');
}

/** The parts that are in the kept portion of their bodies. */
function keptBinaries({ binaries = [] }: LedgerRow): Pick<LedgerRow, 'binaries'> {
  const kept = binaries.filter(({ at }) => at < MAX_BODY_LENGTH);
  return kept.length === 0 ? {} : { binaries: kept };
}
