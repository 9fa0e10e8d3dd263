// Fields that only one dialect understands: they are separated from those with a neutral form, carried as the dialect's extension, and
// written again only by that dialect.
import type { Extension } from '../../model/content.ts';
import type { DialectId } from '../../model/dialect-id.ts';
import type { JsonObject, JsonValue } from '../../model/json/json.ts';

interface OwnFields {
  /** `{extension}` for fields that only this dialect understands, `{}` if there are none. */
  extensionOf(fields: JsonObject): { extension?: Extension };
  /** The extension's fields if they are this dialect's own, else none. */
  ownFields(extension: Extension | undefined): JsonObject;
  /**
   * An extension that keeps `value` for this dialect's own providers. Elsewhere nothing is lost, since all dialects get what it says in
   * another form.
   */
  keptAs(name: string, value: JsonValue): Extension;
}

export function createOwnFields(dialect: DialectId): OwnFields {
  return {
    extensionOf: (fields) => (isEmpty(fields) ? {} : { extension: { dialect, fields } }),
    ownFields: (extension) => (extension?.dialect === dialect ? extension.fields : {}),
    keptAs: (name, value) => ({ dialect, fields: { [name]: value }, defaults: [name] }),
  };
}

/** The fields of `object` that are in `known`. */
export function onlyFields(object: JsonObject, known: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => known.includes(name)));
}

/** The fields of `object` that are neither in `known` nor null or undefined. */
export function withoutFields(object: JsonObject, known: readonly string[]): JsonObject {
  const rest: JsonObject = {};
  for (const [name, value] of Object.entries(object)) {
    if (value !== undefined && value !== null && !known.includes(name)) rest[name] = value;
  }
  return rest;
}

/** The object without its null fields; the same object if none is null. Only at the top level. */
export function withoutNulls(object: JsonObject): JsonObject {
  for (const name in object) if (object[name] === null) return withoutFields(object, []);
  return object;
}

export function isEmpty(object: object): boolean {
  for (const _ in object) return false;
  return true;
}

/** Sets a field that has a value. */
export function put(target: JsonObject, name: string, value: JsonValue | undefined): void {
  if (value !== undefined) target[name] = value;
}
