// Argument schemas for Nova, which refuses all but three keywords at the top, including the definitions that references point to:
// "inputSchema/json: extraneous key [definitions] is not permitted". https://github.com/zed-industries/zed/issues/28521
import type { JsonObject } from '../../model/json/json.ts';
import { inlineReferences } from '../shared/schemas/inline-references.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import type { ReportedGrowth } from '../shared/schemas/schema-growth.ts';

const TOP = ['type', 'properties', 'required'];
/** Keywords whose removal changes nothing. */
const SILENT = new Set(['$schema', '$id', '$comment', 'title']);

/** @param schema of one object, without alternatives at the top. */
export function novaSchema(schema: JsonObject, growth: ReportedGrowth, losses: LossReport): JsonObject {
  const inlined = inlineReferences(schema, growth);
  const kept: JsonObject = {};
  for (const [keyword, value] of Object.entries(inlined)) {
    if (TOP.includes(keyword)) kept[keyword] = value;
    else if (!SILENT.has(keyword)) losses.approximated('tools.parameters', `without \`${keyword}\``);
  }
  return kept;
}
