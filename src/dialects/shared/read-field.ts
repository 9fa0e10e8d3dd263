// Reads request fields; rejects those of the wrong type, naming the path and what to send instead.
import { GatewayError } from '../../model/errors.ts';
import {
  asArray,
  asBoolean,
  asNumber,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../../model/json/json.ts';

/** @param path such as `messages[1].role`. @param problem what is wrong and what to send instead. */
export function invalid(path: string, problem: string): GatewayError {
  return new GatewayError('invalid_request', `${path}: ${problem}`, { reason: { param: path } });
}

// Null in an optional field counts as left out: SDKs send it for parameters that were not set.
export const optionalString = reader(asString, 'a string');
export const optionalNumber = reader(asNumber, 'a number');
export const optionalBoolean = reader(asBoolean, 'true or false');
export const optionalObject = reader(asObject, 'an object');
export const optionalArray = reader(asArray, 'an array');

function reader<T>(as: (value: JsonValue) => T | undefined, wanted: string) {
  return (body: JsonObject, field: string, path = field): T | undefined => {
    const value = body[field] ?? undefined;
    if (value === undefined) return undefined;
    const read = as(value);
    if (read === undefined) throw invalid(path, `must be ${wanted}, not ${nameType(value)}`);
    return read;
  };
}

export function requiredString(body: JsonObject, field: string, path: string, remedy: string): string {
  const value = body[field];
  if (typeof value === 'string' && value !== '') return value;
  const found = value === undefined ? 'is missing' : `must be a non-empty string, not ${nameType(value)}`;
  throw invalid(path, `${found}; ${remedy}`);
}

export function requiredObject(value: JsonValue | undefined, path: string): JsonObject {
  if (isObject(value)) return value;
  throw invalid(path, value === undefined ? 'is missing' : `must be an object, not ${nameType(value)}`);
}

/** The `messages` of a request: at least one. */
export function requiredMessages(value: JsonValue | undefined): JsonValue[] {
  if (!Array.isArray(value)) {
    const found = value === undefined ? 'is missing' : `is ${nameType(value)}`;
    throw invalid('messages', `${found}; it must be an array of {role, content}`);
  }
  if (value.length === 0) throw invalid('messages', 'is empty; send at least one message');
  return value;
}

export function nameType(value: JsonValue | undefined): string {
  if (value === undefined) return 'absent';
  if (value === null) return 'null';
  if (value === '') return 'an empty string';
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY)
    return 'a number out of range';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
