// What a whole answer and a stream have in common: the stop reason, the counts, the sources.
import type { Citation, DocumentLocation } from '../../model/content.ts';
import { GatewayError } from '../../model/errors.ts';
import type { Finish, UnifiedFinish } from '../../model/finish.ts';
import {
  asArray,
  asNumber,
  asObject,
  asString,
  type JsonObject,
  type JsonValue,
} from '../../model/json/json.ts';
import { CountReader, type StatedUsage, tierIn, type Usage } from '../../model/usage.ts';
import { table } from '../../model/table.ts';
import { readMatchedStop } from '../aws/matched-stop.ts';
import { readThinkingCount } from '../aws/thinking-count.ts';
import { isEmptyValue } from '../shared/losses/unread-fields.ts';
import { CONTEXT_MANAGEMENT } from './wire.ts';

const UNIFIED: Record<string, UnifiedFinish> = table({
  end_turn: 'end_turn',
  tool_use: 'tool_use',
  max_tokens: 'max_tokens',
  stop_sequence: 'stop_sequence',
  guardrail_intervened: 'refusal',
  content_filtered: 'refusal',
  // Not documented for Converse; this is Claude's own word.
  refusal: 'refusal',
  model_context_window_exceeded: 'context_window_exceeded',
});

/** Stop reasons with which the service itself reports a broken answer. */
const BROKEN = /^malformed_/;

/**
 * @param stopped `messageStop` of a stream, or the whole answer.
 * @param called whether the client is to call a function: even then some models say that the turn has ended.
 * https://github.com/strands-agents/sdk-python/blob/main/src/strands/models/bedrock.py
 * @throws GatewayError for a broken answer.
 */
export function readFinish(stopped: JsonObject, called: boolean): Finish {
  const raw = asString(stopped.stopReason) ?? null;
  if (raw !== null && BROKEN.test(raw)) {
    throw new GatewayError(
      'upstream_malformed',
      `the provider reports that the model's output is broken (${raw})`,
    );
  }
  if (called && raw === 'end_turn') return { unified: 'tool_use', raw };
  const unified = raw === null ? 'other' : (UNIFIED[raw] ?? 'other');
  const stopSequence = readMatchedStop(stopped.additionalModelResponseFields);
  return { unified, raw, ...(stopSequence === undefined ? {} : { stopSequence }) };
}

/** @param fields `additionalModelResponseFields`, which may say how much of the output was thinking. */
export function readUsage(usage: JsonObject, fields?: JsonValue): StatedUsage {
  const reader = new CountReader();
  const counts: Partial<Usage> = {};
  const set = (name: keyof Usage, value: number | undefined) => {
    if (value !== undefined) counts[name] = value;
  };
  set('inputTokens', reader.read(usage.inputTokens));
  set('outputTokens', reader.read(usage.outputTokens));
  set('cacheReadTokens', reader.read(usage.cacheReadInputTokens));
  set('cacheWriteTokens', reader.read(usage.cacheWriteInputTokens));
  set('reasoningTokens', reader.read(readThinkingCount(fields)));
  let forAnHour: number | undefined;
  for (const entry of asArray(usage.cacheDetails) ?? []) {
    const { ttl, inputTokens } = asObject(entry) ?? {};
    if (ttl === '1h') forAnHour = (forAnHour ?? 0) + (reader.read(inputTokens) ?? 0);
  }
  set('cacheWrite1hTokens', forAnHour);
  return reader.stated(counts);
}

/** What Claude cleared from the conversation, if the request asked for that. */
export function readEdits({ additionalModelResponseFields: fields }: JsonObject): JsonObject | undefined {
  return asObject(asObject(fields)?.[CONTEXT_MANAGEMENT]);
}

/** The service tier that answered, or the faster hardware (`performanceConfig`), which has a different price as well. */
export function tierOf({ serviceTier, performanceConfig }: JsonObject): Pick<StatedUsage, 'tier'> {
  const { tier } = tierIn(asObject(serviceTier)?.type);
  if (tier !== undefined) return { tier };
  return tierIn(asObject(performanceConfig)?.latency);
}

const UNITS: Record<string, DocumentLocation['unit']> = {
  documentChar: 'character',
  documentPage: 'page',
  documentChunk: 'block',
};

function readLocation(location: JsonObject, source: string | undefined): { location?: DocumentLocation } {
  for (const [name, unit] of Object.entries(UNITS)) {
    const { documentIndex, start, end } = asObject(location[name]) ?? {};
    const document = asNumber(documentIndex);
    const from = asNumber(start);
    const to = asNumber(end);
    if (document !== undefined && from !== undefined && to !== undefined)
      return { location: { document, unit, start: from, end: to } };
  }
  return readPlaceInResult(location, source);
}

/** @param source the search result's source, as the request named it. */
function readPlaceInResult(
  { searchResultLocation }: JsonObject,
  source: string | undefined,
): { location?: DocumentLocation } {
  const { searchResultIndex, start, end } = asObject(searchResultLocation) ?? {};
  const document = asNumber(searchResultIndex);
  const from = asNumber(start);
  const to = asNumber(end);
  if (document === undefined || from === undefined || to === undefined) return {};
  return {
    location: { document, unit: 'result', start: from, end: to, ...(source !== undefined && { source }) },
  };
}

/** The offsets of a location point into the source and not into the answer, so `start` and `end` stay unset. */
export function readCitation(value: JsonValue | undefined): Citation {
  const { title, source, sourceContent, location } = asObject(value) ?? {};
  const web = asObject(asObject(location)?.web);
  const url = asString(web?.url) ?? asString(source);
  const isUrl = url !== undefined && /^https?:/.test(url);
  const texts = (asArray(sourceContent) ?? []).map((part) => asString(asObject(part)?.text) ?? '');
  const citedText = texts.join('');
  return {
    kind: web !== undefined || isUrl ? 'url' : 'document',
    ...(isUrl ? { url } : {}),
    ...(asString(title) === undefined ? {} : { title: asString(title) ?? '' }),
    ...(citedText === '' ? {} : { citedText }),
    ...readLocation(asObject(location) ?? {}, asString(source)),
  };
}

/** Fields of an answer, or of the events after its content, that are read or only measure something; `p` hides the length of an event. */
const READ: ReadonlySet<string> = new Set([
  ...['output', 'stopReason', 'additionalModelResponseFields', 'usage', 'metrics', 'trace'],
  ...['serviceTier', 'performanceConfig', 'p'],
]);

/** The names of all other fields, which no client receives. */
export function unreadOf(fields: JsonObject): string[] {
  return Object.keys(fields).filter((name) => !READ.has(name) && !isEmptyValue(fields[name]));
}
