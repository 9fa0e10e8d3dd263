// What OpenAI's moderation found in the question and in the answer, if the request asked for it. Responses has one result for each, Chat a
// list; they are carried from one to the other.
// https://developers.openai.com/api/reference/resources/chat/subresources/completions/streaming-events
import type { Extension } from '../../model/content.ts';
import { asArray, asObject, isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { AnswerLosses } from '../shared/losses/answer-losses.ts';

/** The field of an answer in both dialects. */
export const MODERATION = 'moderation';

type OwnDialect = 'openai-chat' | 'openai-responses';

/** The findings in the form of `own`; undefined if the extension has none. Reports what `own` cannot express. */
export function buildModeration(
  own: OwnDialect,
  extension: Extension | undefined,
  losses: AnswerLosses,
): JsonObject | undefined {
  const found = asObject(extension?.fields[MODERATION]);
  if (extension === undefined || found === undefined) return undefined;
  if (extension.dialect === own) return found;
  const build = own === 'openai-chat' ? listOf : oneOf;
  const moderation: JsonObject = {};
  for (const side of ['input', 'output']) {
    const result = build(found[side], losses);
    if (result === undefined) {
      losses.lost(MODERATION);
      return undefined;
    }
    moderation[side] = result;
  }
  return moderation;
}

/** The extension's other fields. */
export function withoutModeration(extension: Extension | undefined): Extension | undefined {
  if (extension === undefined) return undefined;
  const { [MODERATION]: _, ...fields } = extension.fields;
  return { ...extension, fields };
}

function listOf(value: JsonValue | undefined): JsonObject | undefined {
  const result = asObject(value);
  if (result === undefined || result.type === 'error') return result;
  return { type: 'moderation_results', model: result.model ?? null, results: [result] };
}

function oneOf(value: JsonValue | undefined, losses: AnswerLosses): JsonObject | undefined {
  const side = asObject(value);
  if (side === undefined || side.type === 'error') return side;
  const results = (asArray(side.results) ?? []).filter(isObject);
  if (results.length > 1) losses.approximated(MODERATION, 'one result, of those that flag something if any');
  return results.find(({ flagged }) => flagged === true) ?? results[0];
}
