// Names on the Gemini wire that several files here share, and the two spellings of every field.
import type { Extension } from '../../model/content.ts';
import type { DialectId } from '../../model/dialect-id.ts';
import { isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { createOwnFields, put } from '../shared/own-fields.ts';

export const ID = 'gemini' satisfies DialectId;

/** The media type of an answer that is one of the values of a schema's `enum`. */
export const ENUM_TYPE = 'text/x.enum';

const { extensionOf: withFields, keptAs, ownFields } = createOwnFields(ID);
export { keptAs, ownFields };

/**
 * `{extension}` for fields that only this dialect understands, `{}` if there are none. Google treats a field with its default value as left
 * out (https://protobuf.dev/programming-guides/proto3/#default), so not sending it loses nothing.
 */
export function extensionOf(fields: JsonObject): { extension?: Extension } {
  const { extension } = withFields(fields);
  if (extension === undefined) return {};
  const defaults = Object.keys(fields).filter((name) => isDefault(fields[name]));
  return { extension: defaults.length === 0 ? extension : { ...extension, defaults } };
}

/** Whether a value is its field's default. 0 is not, since Google distinguishes it for some numbers from one that is left out. */
export function isDefault(value: JsonValue | undefined): boolean {
  if (typeof value === 'string') return value === '' || UNSPECIFIED.test(value);
  return isObject(value) || Array.isArray(value) ? Object.values(value).every(isDefault) : value === false;
}

const UNSPECIFIED = /^([A-Z_]+_)?UNSPECIFIED$/i;

/**
 * The object with its fields in lowerCamelCase: Google accepts `inline_data` for `inlineData` everywhere
 * (https://protobuf.dev/programming-guides/json/). Only at the top level, since what users name themselves (arguments, properties of a
 * schema) keeps its spelling. Null counts as left out.
 */
export function camelFields(object: JsonObject): JsonObject {
  const fields: JsonObject = {};
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined || value === null) continue;
    fields[camelField(name)] = value;
  }
  return fields;
}

/** The name of a field in lowerCamelCase. Google has names that begin with `_`. */
export function camelField(name: string): string {
  if (!name.includes('_', 1)) return name;
  return name.replace(/(?<!^)_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The values of a repeated field; Google reads a single value as a list of one. */
export function listOf(value: JsonValue | undefined): JsonValue[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** Puts `value` at a dotted path, making the objects on the way. */
export function putPath(target: JsonObject, path: string, value: JsonValue | undefined): void {
  const names = path.split('.');
  const last = names.pop() ?? path;
  let place = target;
  for (const name of names) {
    const inner = place[name];
    const next: JsonObject = isObject(inner) ? inner : {};
    place[name] = next;
    place = next;
  }
  put(place, last, value);
}

/** The dotted paths of a nested group's fields, for reports that name what is lost. */
export function dotted(prefix: string, fields: JsonObject): JsonObject {
  const named: JsonObject = {};
  for (const [name, value] of Object.entries(fields)) named[`${prefix}.${name}`] = value;
  return named;
}
