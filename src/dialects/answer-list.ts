// Lists of a provider's answer: an entry that cannot be read is told, else an answer of nothing would count as one.
import { isObject, type JsonObject, type JsonValue } from '../model/json.ts';
import { MalformedEvent } from './dialect.ts';

/**
 * The entries of the list at `path` (`output[0].content`); none where there is no list.
 * @throws MalformedEvent where an entry is no object.
 */
export function objectsIn(list: JsonValue | undefined, path: string): JsonObject[] {
  if (!Array.isArray(list)) return [];
  return list.map((entry, index) => {
    if (isObject(entry)) return entry;
    throw new MalformedEvent(`${path}[${index}] is not an object`);
  });
}
