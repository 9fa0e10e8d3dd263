// Reads fields of unchecked JSON; a wrong one is reported by its path.
import { GatewayError } from '../../model/errors.ts';
import {
  asArray,
  asBoolean,
  asNumber,
  asObject,
  asString,
  type JsonObject,
  type JsonValue,
} from '../../model/json/json.ts';

/** Throws the error that fits where the JSON came from. */
export type Fail = (path: string, problem: string) => never;

/** The client wrote it: it can mend it. */
export const failRequest: Fail = (path, problem) => {
  throw new GatewayError('invalid_request', `${path}: ${problem}`);
};

/** The provider wrote it. */
export const failResponse: Fail = (path, problem) => {
  throw new GatewayError('upstream_malformed', `the provider's answer is not a message: ${path}: ${problem}`);
};

export function requireObject(value: JsonValue | undefined, path: string, fail: Fail): JsonObject {
  return asObject(value) ?? fail(path, missing(value, 'an object'));
}

export function requireArray(value: JsonValue | undefined, path: string, fail: Fail): JsonValue[] {
  return asArray(value) ?? fail(path, missing(value, 'an array'));
}

export function requireString(value: JsonValue | undefined, path: string, fail: Fail): string {
  return asString(value) ?? fail(path, missing(value, 'a string'));
}

// Null counts as left out: SDKs send it for parameters that were not set.

export function optionalString(
  object: JsonObject,
  name: string,
  fail: Fail,
  path = name,
): string | undefined {
  const value = object[name] ?? undefined;
  return value === undefined ? undefined : (asString(value) ?? fail(path, missing(value, 'a string')));
}

export function optionalBoolean(
  object: JsonObject,
  name: string,
  fail: Fail,
  path = name,
): boolean | undefined {
  const value = object[name] ?? undefined;
  return value === undefined ? undefined : (asBoolean(value) ?? fail(path, missing(value, 'true or false')));
}

export function optionalNumber(
  object: JsonObject,
  name: string,
  fail: Fail,
  path = name,
): number | undefined {
  const value = object[name] ?? undefined;
  return value === undefined ? undefined : (asNumber(value) ?? fail(path, missing(value, 'a number')));
}

export function optionalObject(
  object: JsonObject,
  name: string,
  fail: Fail,
  path = name,
): JsonObject | undefined {
  const value = object[name] ?? undefined;
  return value === undefined ? undefined : (asObject(value) ?? fail(path, missing(value, 'an object')));
}

export function optionalArray(
  object: JsonObject,
  name: string,
  fail: Fail,
  path = name,
): JsonValue[] | undefined {
  const value = object[name] ?? undefined;
  return value === undefined ? undefined : (asArray(value) ?? fail(path, missing(value, 'an array')));
}

function missing(value: JsonValue | undefined, wanted: string): string {
  return value === undefined
    ? `is required and must be ${wanted}`
    : `must be ${wanted}, not ${nameOf(value)}`;
}

function nameOf(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
