// What a whole answer and a stream of Converse have in common: stop reasons, counts, citations.
import { toBase64 } from '../../../model/base64.ts';
import { asObject, asString, type JsonObject, type JsonValue } from '../../../model/json/json.ts';
import { table } from '../../../model/table.ts';
import { mergeUsage, type Usage } from '../../../model/usage.ts';
import { buildMatchedStop } from '../../aws/matched-stop.ts';
import { buildThinkingCount } from '../../aws/thinking-count.ts';
import { parseUsage } from '../usage.ts';

/** Called with the name of each feature of the answer that Converse has no place for. */
export type Lost = (feature: string) => void;

const STOP_REASONS: ReadonlySet<string> = new Set([
  'end_turn',
  'tool_use',
  'max_tokens',
  'stop_sequence',
  'model_context_window_exceeded',
]);

/** @param stopped the fields of a message that say why it ended. @param usage what Claude's own field says of it. */
export function stopOf(
  { stop_reason: reason, stop_sequence: sequence }: JsonObject,
  { reasoningTokens }: Usage,
  lost: Lost,
): JsonObject {
  const raw = asString(reason) ?? 'end_turn';
  if (raw !== 'refusal' && !STOP_REASONS.has(raw)) lost('stop_reason');
  const known = STOP_REASONS.has(raw) ? raw : 'end_turn';
  const matched = asString(sequence);
  const fields: JsonObject = {
    ...(matched !== undefined && buildMatchedStop(matched)),
    ...(reasoningTokens > 0 && buildThinkingCount(reasoningTokens)),
  };
  return {
    stopReason: raw === 'refusal' ? 'content_filtered' : known,
    ...(Object.keys(fields).length > 0 && { additionalModelResponseFields: fields }),
  };
}

/** The counts in `known`, updated with those that `usage` of a message or an event states. */
export function countsIn(known: Usage, usage: JsonValue | undefined): Usage {
  const stated = asObject(usage);
  return stated === undefined ? known : mergeUsage(known, parseUsage(stated));
}

/** The field for the tier that served, which a message's counts name. */
export function tierOf(usage: JsonValue | undefined): JsonObject {
  const tier = asObject(usage)?.service_tier;
  return tier === 'priority' ? { serviceTier: { type: tier } } : {};
}

export function usageOf({
  inputTokens,
  outputTokens,
  cacheReadTokens,
  cacheWriteTokens,
  cacheWrite1hTokens,
}: Usage): JsonObject {
  const usage: JsonObject = {
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens + cacheReadTokens + cacheWriteTokens,
    cacheReadInputTokens: cacheReadTokens,
    cacheWriteInputTokens: cacheWriteTokens,
  };
  if (cacheWrite1hTokens > 0)
    usage.cacheDetails = [
      { ttl: '1h', inputTokens: cacheWrite1hTokens },
      { ttl: '5m', inputTokens: cacheWriteTokens - cacheWrite1hTokens },
    ];
  return usage;
}

const LOCATIONS: Record<string, { name: string; start: string; end: string }> = table({
  char_location: { name: 'documentChar', start: 'start_char_index', end: 'end_char_index' },
  page_location: { name: 'documentPage', start: 'start_page_number', end: 'end_page_number' },
  content_block_location: { name: 'documentChunk', start: 'start_block_index', end: 'end_block_index' },
});

export function citationOf(citation: JsonObject): JsonObject {
  const title = citation.title ?? citation.document_title;
  const url = asString(citation.url);
  const text = asString(citation.cited_text);
  const place = LOCATIONS[asString(citation.type) ?? ''];
  const isFound = citation.type === 'search_result_location';
  const location = isFound
    ? placeInResult(citation)
    : url === undefined
      ? placeOf(citation, place)
      : { web: { url } };
  return {
    ...(asString(title) !== undefined && { title: asString(title) ?? '' }),
    ...(isFound && { source: citation.source ?? '' }),
    ...(text !== undefined && { sourceContent: [{ text }] }),
    ...(location !== undefined && { location }),
  };
}

function placeOf(
  citation: JsonObject,
  place: { name: string; start: string; end: string } | undefined,
): JsonObject | undefined {
  if (place === undefined) return undefined;
  const number = (name: string): JsonValue => citation[name] ?? 0;
  return {
    [place.name]: {
      documentIndex: number('document_index'),
      start: number(place.start),
      end: number(place.end),
    },
  };
}

function placeInResult(citation: JsonObject): JsonObject {
  return {
    searchResultLocation: {
      searchResultIndex: citation.search_result_index ?? 0,
      start: citation.start_block_index ?? 0,
      end: citation.end_block_index ?? 0,
    },
  };
}

/** In Amazon's form: the bytes of Anthropic's text, in base64. */
export function redactedOf(data: string): string {
  return toBase64(new TextEncoder().encode(data));
}
