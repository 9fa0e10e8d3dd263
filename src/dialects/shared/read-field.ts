// Reads request fields, and refuses those of the wrong type with the path and the mend.
import { GatewayError } from '../../model/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';

/** @param path as in `messages[1].role`. @param problem what is wrong and what to send instead. */
export function invalid(path: string, problem: string): GatewayError {
  return new GatewayError('invalid_request', `${path}: ${problem}`, { reason: { param: path } });
}

/** The field where it is set: null counts as absent. */
export function optionalString(body: JsonObject, field: string, path = field): string | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(path, `must be a string, not ${nameType(value)}`);
  return value;
}

export function optionalNumber(body: JsonObject, field: string): number | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number') throw invalid(field, `must be a number, not ${nameType(value)}`);
  return value;
}

export function optionalBoolean(body: JsonObject, field: string, path = field): boolean | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw invalid(path, `must be true or false, not ${nameType(value)}`);
  return value;
}

export function optionalObject(body: JsonObject, field: string, path = field): JsonObject | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw invalid(path, `must be an object, not ${nameType(value)}`);
  return value;
}

export function optionalArray(body: JsonObject, field: string, path = field): JsonValue[] | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw invalid(path, `must be an array, not ${nameType(value)}`);
  return value;
}

export function requiredString(body: JsonObject, field: string, path: string, mend: string): string {
  const value = body[field];
  if (typeof value === 'string' && value !== '') return value;
  const found = value === undefined ? 'is missing' : `must be a non-empty string, not ${nameType(value)}`;
  throw invalid(path, `${found}; ${mend}`);
}

export function requiredObject(value: JsonValue | undefined, path: string): JsonObject {
  if (isObject(value)) return value;
  throw invalid(path, value === undefined ? 'is missing' : `must be an object, not ${nameType(value)}`);
}

export function nameType(value: JsonValue | undefined): string {
  if (value === undefined) return 'absent';
  if (value === null) return 'null';
  if (value === '') return 'an empty string';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
