// Lists and texts of a provider's answer: one that cannot be read is told, else an answer of nothing would count as one.
import { isObject, type JsonObject, type JsonValue } from '../model/json.ts';
import { MalformedEvent } from './dialect.ts';

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
