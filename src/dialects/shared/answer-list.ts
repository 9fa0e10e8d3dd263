// Lists and texts of a provider's answer. An unreadable one is an error, since an empty answer would count as a success.
import type { GatewayError } from '../../model/errors.ts';
import { isObject, type JsonObject, type JsonValue, parseJson } from '../../model/json/json.ts';
import { MalformedEvent } from '../dialect.ts';

/**
 * The entries of the list at `path` (`output[0].content`); none if it is missing or null.
 * @throws MalformedEvent if it is not a list, or an entry is not an object.
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
 * The text at `path`; '' if it is missing or null.
 * @throws MalformedEvent if it is not a string.
 */
export function textIn(value: JsonValue | undefined, path: string): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  throw new MalformedEvent(`${path} is not text`);
}

/**
 * The error in a list that came in place of an answer or an event: Google's servers put their own errors into one, and other servers the
 * errors that they were sent.
 * @param errorInBody the dialect's reader of errors, for the list's entries.
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

/** The error object in `text`, alone or as the first of a list; undefined if there is none. */
export function parseErrorBody(text: string): JsonObject | undefined {
  try {
    const value: unknown = parseJson(text);
    const body: unknown = Array.isArray(value) ? value[0] : value;
    return isObject(body) ? body : undefined;
  } catch {
    return undefined;
  }
}
