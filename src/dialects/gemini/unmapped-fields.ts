// The parts of an answer that only this dialect can express, each field under its own name, for the reports of losses.
import { isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';

const NOTHING: string[] = [];

/** Fields that are read into neutral form, or state the candidate's place among others. */
const MAPPED: ReadonlySet<string> = new Set([
  ...['content', 'finishReason', 'index', 'tokenCount', 'citationMetadata'],
]);
const GROUNDING = 'groundingMetadata';
/** Fields of `groundingMetadata` about sources, which become citations. */
const SOURCES: ReadonlySet<string> = new Set(['groundingChunks', 'groundingSupports', 'retrievalMetadata']);

interface UnmappedField {
  name: string;
  /** `{candidate: {…}}`: the field in its original place. */
  value: JsonObject;
}

const NO_FIELDS: UnmappedField[] = [];

/** The candidate's fields that have content but no neutral form. */
export function unmappedFields(candidate: JsonObject): UnmappedField[] {
  // Most events have none, and there are dozens a second.
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

/** The fields of the answer itself that only clients of this dialect receive. */
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

/** Lists the unread fields of a part whose content is read. */
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

/** Adds the fields of one extension; false if it contains neither kind. */
export function addUnmapped(answer: UnmappedAnswer, { candidate, response }: JsonObject): boolean {
  if (isObject(candidate)) {
    const { [GROUNDING]: grounding, ...others } = candidate;
    Object.assign(answer.candidate, others);
    if (isObject(grounding)) answer.candidate[GROUNDING] = merged(answer.candidate[GROUNDING], grounding);
  }
  if (isObject(response)) Object.assign(answer.response, response);
  return isObject(candidate) || isObject(response);
}

/** The candidate's fields besides its content; sources and unmapped fields share `groundingMetadata`. */
export function candidateFields({ candidate }: UnmappedAnswer, sources: JsonObject): JsonObject {
  const both = { ...sources, ...candidate };
  const grounding = merged(sources[GROUNDING], candidate[GROUNDING]);
  return Object.keys(grounding).length === 0 ? both : { ...both, [GROUNDING]: grounding };
}

function merged(first: JsonValue | undefined, second: JsonValue | undefined): JsonObject {
  return { ...(isObject(first) ? first : {}), ...(isObject(second) ? second : {}) };
}
