// The parts of an answer that only this dialect can express: each field by its own name, for the reports of losses.
import { isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';

const NOTHING: string[] = [];

/** Fields read into neutral form, or the candidate's place among others. */
const MAPPED: ReadonlySet<string> = new Set([
  ...['content', 'finishReason', 'index', 'tokenCount', 'citationMetadata'],
]);
const GROUNDING = 'groundingMetadata';
/** The fields of `groundingMetadata` for sources, which become citations. */
const SOURCES: ReadonlySet<string> = new Set(['groundingChunks', 'groundingSupports', 'retrievalMetadata']);

interface UnmappedField {
  name: string;
  /** `{candidate: {…}}`: the field in its original place. */
  value: JsonObject;
}

const NO_FIELDS: UnmappedField[] = [];

/** The candidate's fields with content that has no neutral form. */
export function unmappedFields(candidate: JsonObject): UnmappedField[] {
  // Most events, dozens a second, have none.
  let fields = NO_FIELDS;
  for (const name of Object.keys(candidate)) {
    if (MAPPED.has(name)) continue;
    const field = candidate[name];
    if (isEmptyValue(field)) continue;
    if (fields === NO_FIELDS) fields = [];
    if (name !== GROUNDING || !isObject(field))
      fields.push({ name, value: { candidate: { [name]: field } } });
    else {
      for (const [inner, more] of Object.entries(field)) {
        if (SOURCES.has(inner) || isEmptyValue(more)) continue;
        fields.push({ name: `${name}.${inner}`, value: { candidate: { [name]: { [inner]: more } } } });
      }
    }
  }
  return fields;
}

function isEmptyValue(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** Fields of an answer that are read, and its envelope. */
const READ_OF_ANSWER: ReadonlySet<string> = new Set([
  ...['candidates', 'promptFeedback', 'usageMetadata', 'modelVersion', 'responseId'],
  ...['createTime', 'modelStatus', 'error'],
]);

/** The fields of the answer itself that no client receives, but one of this dialect. */
export function unreadOfAnswer(answer: JsonObject): string[] {
  let unread = NOTHING;
  for (const name in answer) {
    if (READ_OF_ANSWER.has(name) || isEmptyValue(answer[name])) continue;
    if (unread === NOTHING) unread = [];
    unread.push(name);
  }
  return unread;
}

/** Fields of a part that are read, or for which the whole part is kept. */
const READ: ReadonlySet<string> = new Set([
  ...['text', 'thought', 'thoughtSignature', 'functionCall', 'inlineData'],
  ...['executableCode', 'codeExecutionResult', 'toolCall', 'toolResponse'],
]);

/** Whether any of a part's content is read: its other fields are then unread. */
export function unreadOf(part: JsonObject): string[] {
  let unread: string[] | undefined;
  let isRead = false;
  for (const name in part) {
    if (READ.has(name)) isRead = true;
    else if (!isEmptyValue(part[name])) {
      unread ??= [];
      unread.push(name);
    }
  }
  return isRead ? (unread ?? NOTHING) : NOTHING;
}

/** The name reported for a part without a neutral form. */
export function partName(part: JsonObject): string {
  return Object.keys(part).find((name) => name !== 'thought' && name !== 'thoughtSignature') ?? 'part';
}

/** The unmapped fields of an answer, collected while it streams. */
export interface UnmappedAnswer {
  /** Fields of the candidate. */
  candidate: JsonObject;
  /** Fields of the answer itself. */
  response: JsonObject;
}

/** Adds what one extension holds; false where it holds neither kind of field. */
export function addUnmapped(answer: UnmappedAnswer, { candidate, response }: JsonObject): boolean {
  if (isObject(candidate)) {
    const { [GROUNDING]: grounding, ...others } = candidate;
    Object.assign(answer.candidate, others);
    if (isObject(grounding)) answer.candidate[GROUNDING] = merged(answer.candidate[GROUNDING], grounding);
  }
  if (isObject(response)) Object.assign(answer.response, response);
  return isObject(candidate) || isObject(response);
}

/** The candidate's fields beside its content: sources and unmapped fields share `groundingMetadata`. */
export function candidateFields({ candidate }: UnmappedAnswer, sources: JsonObject): JsonObject {
  const both = { ...sources, ...candidate };
  const grounding = merged(sources[GROUNDING], candidate[GROUNDING]);
  return Object.keys(grounding).length === 0 ? both : { ...both, [GROUNDING]: grounding };
}

function merged(first: JsonValue | undefined, second: JsonValue | undefined): JsonObject {
  return { ...(isObject(first) ? first : {}), ...(isObject(second) ? second : {}) };
}
