// What makes any row storable: whole and bounded counts, bounded names of whole characters, bounded bodies.
import { LONGEST_MESSAGE, shortMessage } from '../../model/short-message.ts';
import { MAX_COUNT, USAGE_COUNTS, type Usage } from '../../model/usage.ts';
import type { LedgerRow, RowTiming } from './row.ts';

/** Longest body kept, in UTF-16 units (about 1 MB of English). */
export const MAX_BODY_LENGTH = 1_048_576;

/** In UTF-16 units. A provider may call its model anything. */
const LONGEST_NAME = 1024;
/** Names of fields that nobody knows are a client's to choose, and so is how many. */
const MOST_LOST = 100;

/** The row as the ledger keeps it. Counts come from upstreams: none of them may make a row unstorable. */
export function soundRow(row: LedgerRow): LedgerRow {
  if (isSound(row)) return row;
  return {
    ...row,
    model: soundName(row.model),
    requestedModel: soundName(row.requestedModel),
    agentType: soundName(row.agentType),
    projectId: soundName(row.projectId),
    timestamp: Math.round(finite(row.timestamp)),
    httpStatus: count(row.httpStatus),
    latencyMs: finite(row.latencyMs),
    ttftMs: row.ttftMs === null ? null : finite(row.ttftMs),
    overheadMs: row.overheadMs === null ? null : finite(row.overheadMs),
    timing: soundTiming(row.timing),
    usage: soundUsage(row.usage),
    finishReason: soundName(row.finishReason),
    lost: soundLost(row.lost),
    errorMessage: row.errorMessage === null ? null : shortMessage(row.errorMessage),
    costUsd: row.costUsd === null || !Number.isFinite(row.costUsd) ? null : row.costUsd,
    malformedEvents: count(row.malformedEvents),
    requestBody: row.requestBody === null ? null : cutBody(row.requestBody),
    responseBody: row.responseBody === null ? null : cutBody(row.responseBody),
    ...keptBinaries(row),
  };
}

/** Hardly ever is one not, and a copy costs more than all these looks. */
function isSound(row: LedgerRow): boolean {
  return (
    Number.isInteger(row.timestamp) &&
    isCount(row.httpStatus) &&
    Number.isFinite(row.latencyMs) &&
    isStorable(row.ttftMs) &&
    isStorable(row.overheadMs) &&
    isSoundTiming(row.timing) &&
    isSoundUsage(row.usage) &&
    isStorable(row.costUsd) &&
    isCount(row.malformedEvents) &&
    isSoundName(row.model) &&
    isSoundName(row.requestedModel) &&
    isSoundName(row.agentType) &&
    isSoundName(row.projectId) &&
    isSoundName(row.finishReason) &&
    row.lost.length <= MOST_LOST &&
    row.lost.every(isSoundName) &&
    (row.errorMessage?.length ?? 0) <= LONGEST_MESSAGE &&
    (row.requestBody?.length ?? 0) <= MAX_BODY_LENGTH &&
    (row.responseBody?.length ?? 0) <= MAX_BODY_LENGTH
  );
}

/** A store's UTF-8 has no half of a surrogate pair: the same name must not be two, before it is stored and after. */
function isSoundName(name: string | null): boolean {
  return name === null || (name.length <= LONGEST_NAME && name.isWellFormed());
}

function soundName(name: string | null): string | null {
  if (name === null || isSoundName(name)) return name;
  const short = name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 1)}…`;
  return short.toWellFormed();
}

function soundLost(lost: LedgerRow['lost']): LedgerRow['lost'] {
  const more = lost.length - MOST_LOST;
  const names = lost.slice(0, MOST_LOST).map((name) => soundName(name) ?? name);
  return more > 0 ? [...names, `${more} more`] : names;
}

/** Written out, as every row is looked at: by name each count takes four times as long. */
function isSoundUsage(usage: Usage): boolean {
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

/** The same where all counts are whole, none is below zero, and none larger than an honest one. */
export function soundUsage(usage: Usage): Usage {
  if (isSoundUsage(usage)) return usage;
  const sound = { ...usage };
  for (const key of USAGE_COUNTS) sound[key] = count(usage[key]);
  return sound;
}

/** Times are what the clock said: none may be what SQL has no number for. */
function isSoundTiming(timing: RowTiming): boolean {
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

function soundTiming(timing: RowTiming): RowTiming {
  if (isSoundTiming(timing)) return timing;
  const sound = { ...timing };
  for (const [key, value] of Object.entries(timing))
    if (!isStorable(value)) Object.assign(sound, { [key]: 0 });
  return sound;
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

/** The body, or its beginning and a mark that says so. */
export function cutBody(body: string): string {
  if (body.length <= MAX_BODY_LENGTH) return body;
  // A surrogate pair is cut before, not through.
  const last = body.charCodeAt(MAX_BODY_LENGTH - 1);
  const kept = last >= 0xd800 && last <= 0xdbff ? MAX_BODY_LENGTH - 1 : MAX_BODY_LENGTH;
  return markCut(body.slice(0, kept));
}

/** What is left of a body that was longer. */
export function markCut(kept: string): string {
  // Joined, and so written anew: a piece of a string holds all of it.
  return [kept, `\n[cut: only the first ${kept.length} characters are kept]`].join('');
}

/** The parts that stood in what is kept of their bodies. */
function keptBinaries({ binaries = [] }: LedgerRow): Pick<LedgerRow, 'binaries'> {
  const kept = binaries.filter(({ at }) => at < MAX_BODY_LENGTH);
  return kept.length === 0 ? {} : { binaries: kept };
}
