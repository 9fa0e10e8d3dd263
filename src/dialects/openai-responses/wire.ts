// What the files of this dialect share: its id, and how fields without a neutral word are kept.
import type { Extension } from '../../model/content.ts';
import type { DialectId } from '../../model/dialect-id.ts';
import type { JsonObject } from '../../model/json.ts';

export const ID = 'openai-responses' satisfies DialectId;

/** The fields of `object` that are neither in `known` nor null or undefined. */
export function leftover(object: JsonObject, known: readonly string[]): JsonObject {
  const rest: JsonObject = {};
  for (const [name, value] of Object.entries(object)) {
    if (value !== undefined && value !== null && !known.includes(name)) rest[name] = value;
  }
  return rest;
}

export function isEmpty(object: JsonObject): boolean {
  for (const _ in object) return false;
  return true;
}

/** `{extension}` for fields that only this dialect understands, `{}` where there are none. */
export function extensionOf(fields: JsonObject): { extension?: Extension } {
  return isEmpty(fields) ? {} : { extension: { dialect: ID, fields } };
}

/** The extension's fields where they are this dialect's own. */
export function ownFields(extension: Extension | undefined): JsonObject {
  return extension?.dialect === ID ? extension.fields : {};
}
