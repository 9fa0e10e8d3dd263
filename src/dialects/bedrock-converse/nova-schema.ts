// Argument schemas as Nova takes them: it refuses all but three keywords at the top, also the definitions that references point to:
// "inputSchema/json: extraneous key [definitions] is not permitted". https://github.com/zed-industries/zed/issues/28521
import { asString, type JsonObject } from '../../model/json/json.ts';
import { followReference } from '../../model/json/pointer.ts';
import type { LossReport } from '../shared/loss-report.ts';
import { mapSchemas } from '../shared/map-schema.ts';

const TOP = ['type', 'properties', 'required'];
/** Keywords that leaving out changes nothing; definitions are written where they are referred to. */
const SILENT = new Set(['$schema', '$id', '$comment', 'title', '$defs', 'definitions']);

/** How many references may be replaced: definitions that refer to each other many times would grow without end. */
const MOST_REPLACED = 10_000;

/** @param schema one object, without a choice at the top. */
export function novaSchema(schema: JsonObject, losses: LossReport): JsonObject {
  const kept: JsonObject = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (TOP.includes(keyword)) kept[keyword] = value;
    else if (!SILENT.has(keyword)) losses.approximated('tools.parameters', `without \`${keyword}\``);
  }
  let left = MOST_REPLACED;
  const replaced = (each: JsonObject, open: ReadonlySet<string>): JsonObject => {
    const reference = asString(each.$ref);
    if (reference === undefined) return each;
    const { $ref: _, ...beside } = each;
    const named = followReference(reference, schema);
    // A recursive one ends in anything at all.
    if (named === undefined || open.has(reference) || --left < 0) {
      losses.approximated('tools.parameters', 'without references that lead back to themselves or nowhere');
      return beside;
    }
    return { ...written(named, new Set([...open, reference])), ...beside };
  };
  const written = (each: JsonObject, open: ReadonlySet<string>): JsonObject =>
    mapSchemas(each, (inner) => replaced(inner, open));
  return written(kept, new Set());
}
