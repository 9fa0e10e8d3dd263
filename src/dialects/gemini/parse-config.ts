// `generationConfig` of a request. https://ai.google.dev/api/generate-content#generationconfig
import { asArray, asBoolean, asString, isObject, type JsonObject } from '../../model/json/json.ts';
import type {
  NeutralRequest,
  OutputFormat,
  ReasoningEffort,
  ReasoningSettings,
} from '../../model/request.ts';
import { table } from '../../model/table.ts';
import { parseJsonSchema, parseSchema } from './parse-schema.ts';
import { invalid, optionalString } from '../shared/read-field.ts';
import { optionalNumber, optionalObject, requiredObject } from './read-field.ts';
import { parseStop } from '../shared/settings/stop-sequences.ts';
import { readNumbers } from '../shared/settings/numbers.ts';
import { isEmpty, withoutFields } from '../shared/own-fields.ts';
import { dotted, ENUM_TYPE, listOf } from './wire.ts';

const NAME = 'generationConfig';
/** Kept in addition to their neutral form, since providers of this dialect get these fields. */
export const LOGPROBS_FIELDS = [`${NAME}.responseLogprobs`, `${NAME}.logprobs`];

const NUMBERS = [
  ...(['maxOutputTokens', 'temperature', 'topP', 'topK', 'seed'] as const),
  ...(['presencePenalty', 'frequencyPenalty'] as const),
];

/** Reads fields that have a neutral form into `request`; returns the others, by dotted path. */
export function parseConfig(body: JsonObject, request: NeutralRequest): JsonObject {
  const config = optionalObject(body, NAME);
  if (config === undefined) return {};
  const kept = new Set<string>([...NUMBERS, 'stopSequences']);
  const fields = NUMBERS.map((name) => [name, name] as const);
  readNumbers(request, fields, (field) => optionalNumber(config, field, `${NAME}.${field}`));
  const stops = parseStop(config.stopSequences, `${NAME}.stopSequences`);
  if (stops.length > 0) request.stopSequences = stops;
  const format = outputFormat(config, kept);
  if (format !== undefined) request.outputFormat = format;
  kept.add('thinkingConfig');
  const thinking = optionalObject(config, 'thinkingConfig', `${NAME}.thinkingConfig`);
  if (asBoolean(thinking?.includeThoughts) === true) delete request.hidesReasoning;
  const reasoning = thinking === undefined ? undefined : parseThinking(thinking);
  if (reasoning !== undefined) request.reasoning = reasoning;
  if (asBoolean(config.responseLogprobs) === true) {
    const top = optionalNumber(config, 'logprobs', `${NAME}.logprobs`) ?? 0;
    request.logprobs = top > 0 ? { top } : {};
  }
  // These only spell out a default.
  if (config.candidateCount === 1) kept.add('candidateCount');
  if (config.responseLogprobs === false) kept.add('responseLogprobs');
  if (listOf(config.responseModalities).every((modality) => modality === 'TEXT'))
    kept.add('responseModalities');
  const { thinkingLevel } = thinking ?? {};
  // A number, as Google's RPC libraries write names: only Google knows its meaning.
  const numbered = typeof thinkingLevel === 'number' ? { 'thinkingConfig.thinkingLevel': thinkingLevel } : {};
  return dotted(NAME, { ...withoutFields(config, [...kept]), ...numbered });
}

const PLAIN = new Set(['TEXT_PLAIN', 'text/plain']);
const JSON_TYPES = new Set(['APPLICATION_JSON', 'application/json']);

/**
 * The format of text in `responseFormat`, which replaces the older fields: `{text: {mimeType, schema}}`, on Google Cloud a list of such
 * objects. Formats of other media, and types that only this dialect knows, stay where they are.
 * https://ai.google.dev/gemini-api/docs/generate-content/structured-output
 */
function outputFormat(config: JsonObject, kept: Set<string>): OutputFormat | undefined {
  const path = `${NAME}.responseFormat`;
  const formats = listOf(config.responseFormat).map((format) => requiredObject(format, path));
  const text = formats.find((format) => format.text !== undefined)?.text;
  if (text === undefined) return olderFormat(config, kept);
  const { mimeType, schema } = requiredObject(text, `${path}.text`);
  const type = asString(mimeType) ?? '';
  if (!JSON_TYPES.has(type) && !PLAIN.has(type)) return undefined;
  const media = formats.map((format) => withoutFields(format, ['text'])).filter((format) => !isEmpty(format));
  if (media.length === 0) kept.add('responseFormat');
  else config.responseFormat = Array.isArray(config.responseFormat) ? media : media[0];
  if (PLAIN.has(type)) return undefined;
  return isObject(schema)
    ? { type: 'json-schema', schema: parseJsonSchema(schema), isKept: true }
    : { type: 'json' };
}

/** Formats that only this dialect knows stay where they are. */
function olderFormat(config: JsonObject, kept: Set<string>): OutputFormat | undefined {
  const mimeType = optionalString(config, 'responseMimeType', `${NAME}.responseMimeType`);
  if (mimeType === 'text/plain') kept.add('responseMimeType');
  if (mimeType === ENUM_TYPE) return choiceIn(config, kept);
  if (mimeType !== 'application/json') return undefined;
  kept.add('responseMimeType');
  const { responseSchema } = config;
  for (const name of ['responseJsonSchema', '_responseJsonSchema']) {
    const schema = config[name];
    if (!isObject(schema)) continue;
    kept.add(name);
    return { type: 'json-schema', schema: parseJsonSchema(schema), isKept: true };
  }
  if (isObject(responseSchema)) {
    kept.add('responseSchema');
    return { type: 'json-schema', schema: parseSchema(responseSchema), isKept: true };
  }
  return { type: 'json' };
}

/** Undefined if the schema says more than the values. */
function choiceIn({ responseSchema }: JsonObject, kept: Set<string>): OutputFormat | undefined {
  if (!isObject(responseSchema)) return undefined;
  const { type: _, format: __, enum: listed, ...more } = responseSchema;
  const values = (asArray(listed) ?? []).flatMap((value) => asString(value) ?? []);
  if (values.length === 0 || values.length !== asArray(listed)?.length || !isEmpty(more)) return undefined;
  kept.add('responseMimeType');
  kept.add('responseSchema');
  return { type: 'choice', values };
}

const EFFORTS: Record<string, ReasoningEffort> = table({
  MINIMAL: 'minimal',
  LOW: 'low',
  MEDIUM: 'medium',
  HIGH: 'high',
  XHIGH: 'xhigh',
});

function parseThinking(thinking: JsonObject): ReasoningSettings | undefined {
  const path = `${NAME}.thinkingConfig`;
  const settings: ReasoningSettings = {};
  const budget = optionalNumber(thinking, 'thinkingBudget', `${path}.thinkingBudget`);
  if (budget === 0) settings.mode = 'off';
  else if (budget !== undefined && budget < 0) settings.mode = 'adaptive';
  else if (budget !== undefined) {
    settings.mode = 'on';
    settings.budgetTokens = budget;
  }
  const level = asString(thinking.thinkingLevel)?.toUpperCase();
  const effort = level === undefined ? undefined : EFFORTS[level];
  if (effort !== undefined) settings.effort = effort;
  else if (level !== undefined && level !== 'THINKING_LEVEL_UNSPECIFIED') {
    throw invalid(`${path}.thinkingLevel`, 'must be MINIMAL, LOW, MEDIUM, HIGH or XHIGH');
  }
  const shown = asBoolean(thinking.includeThoughts);
  // Hiding thoughts is the default.
  if (shown === true) settings.summary = 'auto';
  return Object.keys(settings).length === 0 ? undefined : settings;
}
