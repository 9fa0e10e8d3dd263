// Applies a change of a parsed tree to the original text, which may spell the same tree differently.
import { isObject, type JsonObject, type JsonValue } from './json.ts';

/**
 * The edits of `client`'s top-level fields that make the change from `before` to `after` there; undefined removes a field. `client` and
 * `before` say the same, but `client` has fields and spellings of its own, which stay. Undefined if a change has no place in `client`.
 */
export function changedFields(
  client: JsonObject,
  before: JsonObject,
  after: JsonObject,
): Record<string, JsonValue | undefined> | undefined {
  const edits: Record<string, JsonValue | undefined> = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (same(before[key], after[key])) continue;
    const place = placeOf(key, client, before);
    if (place === undefined) return undefined;
    edits[place] = merge(client[place], before[key], after[key]);
  }
  return edits;
}

/** The client's key for what the gateway calls `key`: a field may have two names, of which the client chose the other. */
function placeOf(key: string, client: JsonObject, before: JsonObject): string | undefined {
  if (client[key] !== undefined || before[key] === undefined) return key;
  const others = Object.keys(client).filter(
    (other) => before[other] === undefined && same(client[other], before[key]),
  );
  return others.length === 1 ? others[0] : undefined;
}

function merge(
  client: JsonValue | undefined,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
): JsonValue | undefined {
  if (same(before, after)) return client;
  if (isObject(client) && isObject(before) && isObject(after)) {
    const edits = changedFields(client, before, after);
    return edits === undefined ? after : withEdits(client, edits);
  }
  if (
    Array.isArray(client) &&
    Array.isArray(before) &&
    Array.isArray(after) &&
    client.length === before.length
  )
    return mergeLists(client, before, after);
  return after;
}

function withEdits(object: JsonObject, edits: Record<string, JsonValue | undefined>): JsonObject {
  const result = { ...object, ...edits };
  for (const [key, value] of Object.entries(edits)) if (value === undefined) delete result[key];
  return result;
}

/** Equal items at both ends remain the client's; what lies between them is changed. */
function mergeLists(client: JsonValue[], before: JsonValue[], after: JsonValue[]): JsonValue[] {
  if (before.length === after.length)
    return after.map((item, index) => merge(client[index], before[index], item) ?? item);
  let front = 0;
  while (front < before.length && front < after.length && same(before[front], after[front])) front++;
  let back = 0;
  const rest = Math.min(before.length, after.length) - front;
  while (back < rest && same(before.at(-1 - back), after.at(-1 - back))) back++;
  return [
    ...client.slice(0, front),
    ...after.slice(front, after.length - back),
    ...client.slice(client.length - back),
  ];
}

function same(one: JsonValue | undefined, other: JsonValue | undefined): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
