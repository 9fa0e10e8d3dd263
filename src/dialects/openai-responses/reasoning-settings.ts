// How much the model is to think: `reasoning: {effort, summary}` → ReasoningSettings, and a client's own settings back.
import { asString, type JsonObject } from '../../model/json/json.ts';
import { isReasoningEffort, type ReasoningSettings } from '../../model/request.ts';
import { withoutFields } from '../shared/own-fields.ts';

interface ParsedReasoningSettings {
  settings?: ReasoningSettings;
  /** Fields that only this dialect knows. */
  rest: JsonObject;
}

export function parseReasoningSettings(reasoning: JsonObject): ParsedReasoningSettings {
  const settings: ReasoningSettings = {};
  const known = ['summary', 'generate_summary'];
  const effort = asString(reasoning.effort);
  if (isReasoningEffort(effort)) {
    settings.effort = effort;
    known.push('effort');
  }
  const summary = asString(reasoning.summary) ?? asString(reasoning.generate_summary);
  if (summary !== undefined) settings.summary = summary;
  const rest = withoutFields(reasoning, known);
  return Object.keys(settings).length === 0 ? { rest } : { settings, rest };
}

/** Restores exactly the settings that a client of this dialect sent. */
export function repeatReasoning({ effort, summary }: ReasoningSettings): JsonObject {
  return { ...(effort !== undefined && { effort }), ...(summary !== undefined && { summary }) };
}
