// Reads request fields as Google does: names in either spelling, and numbers also as text. Paths are in lowerCamelCase, as in Google's own
// messages.
import { isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { invalid, nameType } from '../shared/read-field.ts';
import { camelFields } from './wire.ts';

/** An object in lowerCamelCase. */
export function requiredObject(value: JsonValue | undefined, path: string): JsonObject {
  if (isObject(value)) return camelFields(value);
  throw invalid(path, value === undefined ? 'is missing' : `must be an object, not ${nameType(value)}`);
}

/** The same; undefined if it is not set. */
export function optionalObject(body: JsonObject, field: string, path = field): JsonObject | undefined {
  const value = body[field];
  return value === undefined || value === null ? undefined : requiredObject(value, path);
}

/** Google reads `"5"` as 5, since 64-bit numbers are sent as text. */
export function optionalNumber(body: JsonObject, field: string, path: string): number | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) {
    throw invalid(path, `must be a number, not ${nameType(value)}`);
  }
  return number;
}
