// Lists and texts of a provider's answer: one that cannot be read is told, else an answer of nothing would count as one.
import type { GatewayError } from '../../model/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { MalformedEvent } from '../dialect.ts';

/**
 * The entries of the list at `path` (`output[0].content`); none where it is left out or null.
 * @throws MalformedEvent where it is something else, or an entry is no object.
 */
export function objectsIn(list: JsonValue | undefined, path: string): JsonObject[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw new MalformedEvent(`${path} is not a list`);
  return list.map((entry, index) => {
    if (isObject(entry)) return entry;
    throw new MalformedEvent(`${path}[${index}] is not an object`);
  });
}

/**
 * The text at `path`; '' where it is left out or null.
 * @throws MalformedEvent where it is something else.
 */
export function textIn(value: JsonValue | undefined, path: string): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  throw new MalformedEvent(`${path} is not text`);
}

/**
 * The error in a list that stands where an answer or an event should: Google's servers put their errors into one, and
 * others what they were told.
 * @param errorInBody the dialect's look at what it holds.
 */
export function errorInList(
  value: unknown,
  errorInBody: (body: JsonObject) => GatewayError | undefined,
): GatewayError | undefined {
  if (!Array.isArray(value)) return undefined;
  for (const entry of value as unknown[]) {
    const error = isObject(entry) ? errorInBody(entry) : undefined;
    if (error !== undefined) return error;
  }
  return undefined;
}

/** The object that the text of an error is, alone or as the first of a list; undefined where there is none. */
export function parseErrorBody(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const body: unknown = Array.isArray(value) ? value[0] : value;
    return isObject(body) ? body : undefined;
  } catch {
    return undefined;
  }
}
