// Reads request fields, and refuses those of the wrong type with the path and the mend. Paths are in the
// wire's lowerCamelCase, as Google's own messages are.
import { GatewayError } from '../../model/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import { camelFields } from './wire.ts';

/** @param path as in `contents[1].parts[0].text`. @param problem what is wrong and what to send instead. */
export function invalid(path: string, problem: string): GatewayError {
  return new GatewayError('invalid_request', `${path}: ${problem}`, { reason: { param: path } });
}

/** An object in lowerCamelCase. */
export function requiredObject(value: JsonValue | undefined, path: string): JsonObject {
  if (isObject(value)) return camelFields(value);
  throw invalid(path, value === undefined ? 'is missing' : `must be an object, not ${nameType(value)}`);
}

/** The same where it is set. */
export function optionalObject(body: JsonObject, field: string, path = field): JsonObject | undefined {
  const value = body[field];
  return value === undefined || value === null ? undefined : requiredObject(value, path);
}

export function requiredString(body: JsonObject, field: string, path: string, mend: string): string {
  const value = body[field];
  if (typeof value === 'string' && value !== '') return value;
  const found = value === undefined ? 'is missing' : `must be a non-empty string, not ${nameType(value)}`;
  throw invalid(`${path}.${field}`, `${found}; ${mend}`);
}

export function optionalString(body: JsonObject, field: string, path: string): string | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(path, `must be a string, not ${nameType(value)}`);
  return value;
}

export function optionalBoolean(body: JsonObject, field: string, path: string): boolean | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw invalid(path, `must be true or false, not ${nameType(value)}`);
  return value;
}

/** Google reads `"5"` as 5: 64-bit numbers travel as text. */
export function optionalNumber(body: JsonObject, field: string, path: string): number | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) {
    throw invalid(path, `must be a number, not ${nameType(value)}`);
  }
  return number;
}

export function nameType(value: JsonValue | undefined): string {
  if (value === null) return 'null';
  if (value === '') return 'an empty string';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
