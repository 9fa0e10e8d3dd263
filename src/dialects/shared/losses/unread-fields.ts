// Finds fields deep inside a client's request that its dialect's parser does not read, and that would be lost unreported (GUARANTEES 8).
// Each client side lists the fields that its parser knows, since new ones cannot be listed.
import { isObject, type JsonObject, type JsonValue } from '../../../model/json/json.ts';

/**
 * What is known of a value: all of it, the fields of the object (or of each object in the list), or what a function of the object returns.
 */
export type Known = true | KnownFields | ((value: JsonObject) => true | KnownFields);

/** Fields that are not listed are unread, unless `*` says that the parser keeps and names them itself. */
export interface KnownFields {
  readonly [field: string]: Known;
}

export interface KnownRequest {
  body: KnownFields;
  /** The canonical spelling of a field that clients may spell in several ways. */
  spelled?(name: string): string;
}

/** Chooses what is known of an object by its `type`; all is, if the type is not listed. */
export function byType(
  types: Readonly<Record<string, KnownFields>>,
  common: KnownFields = {},
  untyped = '',
): (value: JsonObject) => true | KnownFields {
  const known = new Map(
    Object.entries(types).map(([type, fields]) => [type, { ...common, ...fields, type: true as const }]),
  );
  return ({ type }) => known.get(typeof type === 'string' ? type : untyped) ?? true;
}

/** Most names reported for a request: only a sender that wants to fill the ledger causes more. */
const MOST_NAMES = 50;
const LONGEST_NAME = 100;

/** The names of unread fields with their paths, such as `messages.content.…`, each once however many objects have it. */
export function unreadFields(body: JsonObject, { body: known, spelled }: KnownRequest): string[] {
  const found = new Set<string>();
  look(body, known, '', spelled, found);
  return [...found];
}

function look(
  value: JsonValue | undefined,
  known: Known,
  path: string,
  spelled: KnownRequest['spelled'],
  found: Set<string>,
): void {
  if (known === true) return;
  if (Array.isArray(value)) {
    for (const item of value) look(item, known, path, spelled, found);
    return;
  }
  if (!isObject(value)) return;
  const fields = typeof known === 'function' ? known(value) : known;
  if (fields === true) return;
  for (const written in value) {
    const name = spelled === undefined ? written : spelled(written);
    const inner = Object.hasOwn(fields, name) ? fields[name] : fields['*'];
    if (inner === true) continue;
    if (inner !== undefined) look(value[written], inner, `${path}${name}.`, spelled, found);
    else if (!isEmptyValue(value[written]) && found.size < MOST_NAMES)
      found.add(`${path}${name.slice(0, LONGEST_NAME)}`);
  }
}

/** Whether the value means the same as leaving the field out. */
export function isEmptyValue(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === false || value === '') return true;
  return Array.isArray(value) && value.length === 0;
}
