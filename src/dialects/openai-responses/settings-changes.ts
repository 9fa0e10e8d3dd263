// Settings that the conversation itself changes (items of type `configuration_update`), which keeps the prompt cache of earlier turns
// valid. Providers of other dialects get those in force at the end; one of this dialect gets the items unchanged.
// https://openrouter.ai/docs/cookbook/evaluate-and-optimize/model-migrations/gpt-6-astra
import { asObject, type JsonObject } from '../../model/json/json.ts';
import {
  isReasoningEffort,
  type NeutralRequest,
  type OutputFormat,
  type ReasoningEffort,
} from '../../model/request.ts';
import { withoutFields } from '../shared/own-fields.ts';
import { buildOutputFormat, parseOutputFormat } from './output-format.ts';
import { ID, ownFields } from './wire.ts';

export const SETTINGS_CHANGE = 'configuration_update';

/** The field of the request's extension that keeps the settings at the beginning of the conversation. */
export const OPENING_SETTINGS = 'opening_settings';

export interface Settings {
  effort?: ReasoningEffort;
  format?: OutputFormat;
}

/** Undefined if the item changes more than the settings known here. */
export function parseSettingsChange(item: JsonObject): Settings | undefined {
  const { reasoning, text, ...rest } = withoutFields(item, ['type', 'id']);
  const { effort, ...otherReasoning } = asObject(reasoning) ?? {};
  const { format: wanted, ...otherText } = asObject(text) ?? {};
  const form = asObject(wanted);
  const format = form && parseOutputFormat(form);
  const isEffort = reasoning === undefined || isReasoningEffort(effort);
  const isFormat = text === undefined || format !== undefined;
  const others = Object.keys({ ...rest, ...otherReasoning, ...otherText });
  if (!isEffort || !isFormat || others.length > 0) return undefined;
  return { ...(isReasoningEffort(effort) && { effort }), ...(format !== undefined && { format }) };
}

/** Puts the changed settings in force. The request's extension keeps the previous ones, so that nothing is reported as lost elsewhere. */
export function changeSettings(request: NeutralRequest, { effort, format }: Settings): void {
  if (effort === undefined && format === undefined) return;
  const { fields = {}, defaults = [] } = request.extension ?? {};
  const { reasoning, outputFormat } = request;
  const opening: JsonObject = {
    effort: reasoning?.effort ?? null,
    format: outputFormat === undefined ? null : buildOutputFormat(outputFormat),
  };
  request.extension = {
    ...request.extension,
    dialect: ID,
    fields: { ...fields, [OPENING_SETTINGS]: opening },
    defaults: [...defaults, OPENING_SETTINGS],
  };
  if (effort !== undefined) request.reasoning = { ...reasoning, effort };
  if (format !== undefined) request.outputFormat = format;
}

/** Reverses `changeSettings` for a provider of this dialect; the same request if nothing was changed. */
export function withOpeningSettings(request: NeutralRequest): NeutralRequest {
  const opening = asObject(ownFields(request.extension)[OPENING_SETTINGS]);
  if (opening === undefined) return request;
  const { effort: _, ...reasoning } = request.reasoning ?? {};
  const { outputFormat: __, ...rest } = request;
  const form = asObject(opening.format);
  const outputFormat = form && parseOutputFormat(form);
  return {
    ...rest,
    reasoning: { ...reasoning, ...(isReasoningEffort(opening.effort) && { effort: opening.effort }) },
    ...(outputFormat !== undefined && { outputFormat }),
  };
}
