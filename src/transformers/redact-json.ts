// Redacts the string values inside JSON.
import { isObject, type JsonValue } from '../model/json/json.ts';

/** @param kept a value that stays, such as the id of a call, by which its result is found. */
export function redactValue(
  value: JsonValue,
  clean: (text: string) => string,
  kept?: string,
): { changed: boolean; result: JsonValue } {
  let changed = false;
  const walk = (inner: JsonValue): JsonValue => {
    if (inner === kept) return inner;
    if (typeof inner === 'string') {
      const text = clean(inner);
      changed ||= text !== inner;
      return text;
    }
    if (Array.isArray(inner)) return inner.map(walk);
    if (!isObject(inner)) return inner;
    return Object.fromEntries(
      Object.entries(inner).map(([key, field]) => [key, field === undefined ? field : walk(field)]),
    );
  };
  return { result: walk(value), changed };
}
