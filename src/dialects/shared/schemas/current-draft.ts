// Rewrites JSON Schemas of older drafts in the draft of 2020-12. Generators still write drafts 4 and 7, but OpenAI, xAI and Claude refuse
// what is not valid in the newest. https://json-schema.org/draft/2020-12/release-notes
import type { JsonObject } from '../../../model/json/json.ts';
import { mapSchemas } from './map-schema.ts';

/** The schema in the current draft; the same object if nothing in it is older. */
export function currentDraft(schema: JsonObject): JsonObject {
  return mapSchemas(schema, (each) => withCurrentBounds(withCurrentTuple(each)));
}

/** In older drafts a list of `items` is a tuple, which `additionalItems` closes. */
function withCurrentTuple(schema: JsonObject): JsonObject {
  if (!Array.isArray(schema.items)) return schema;
  const { items, additionalItems, ...rest } = schema;
  // An empty tuple is refused.
  const tuple = items.length === 0 ? {} : { prefixItems: items };
  return { ...rest, ...tuple, ...(additionalItems === undefined ? {} : { items: additionalItems }) };
}

/** In draft 4, `true` makes the bound beside it exclusive. */
function withCurrentBounds(schema: JsonObject): JsonObject {
  let next = schema;
  for (const [keyword, bound] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    const isExclusive = next[keyword];
    if (typeof isExclusive !== 'boolean') continue;
    const { [keyword]: _, [bound]: limit, ...rest } = next;
    next = rest;
    if (limit !== undefined) next[isExclusive ? keyword : bound] = limit;
  }
  return next;
}
