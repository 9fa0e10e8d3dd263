// Reads required fields of unchecked JSON, from a client or a provider; a wrong field is reported by its path.
import { GatewayError } from '../../model/errors.ts';
import {
  asArray,
  asBoolean,
  asObject,
  asString,
  type JsonObject,
  type JsonValue,
} from '../../model/json/json.ts';
import { invalid, nameType } from '../shared/read-field.ts';

/** Throws the error that fits the JSON's origin. */
export type Fail = (path: string, problem: string) => never;

/** For JSON of the client, which can correct it. */
export const failRequest: Fail = (path, problem) => {
  throw invalid(path, problem);
};

/** For JSON of the provider. */
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

export function requireBoolean(value: JsonValue | undefined, path: string, fail: Fail): boolean {
  return asBoolean(value) ?? fail(path, missing(value, 'true or false'));
}

function missing(value: JsonValue | undefined, wanted: string): string {
  return value === undefined
    ? `is required and must be ${wanted}`
    : `must be ${wanted}, not ${nameType(value)}`;
}
