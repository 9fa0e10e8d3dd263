// `text.format`: the output format, in requests and in the answers that repeat it.
import { asObject, type JsonObject } from '../../model/json/json.ts';
import type { OutputFormat } from '../../model/request.ts';
import { schemaFormat } from '../openai/fields.ts';
import { invalid } from '../shared/read-field.ts';

export function buildOutputFormat(format: OutputFormat): JsonObject {
  switch (format.type) {
    // The instructions ask for a choice.
    case 'choice':
    case 'text':
      return { type: 'text' };
    case 'json':
      return { type: 'json_object' };
    case 'json-schema': {
      // The name is required here, but optional in other dialects.
      const { name = 'response', description, schema, strict } = format;
      return {
        type: 'json_schema',
        name,
        schema,
        ...(description !== undefined && { description }),
        ...(strict !== undefined && { strict }),
      };
    }
  }
}

/** Undefined for a format that only servers of this dialect know (grammars). */
export function parseOutputFormat(format: JsonObject): OutputFormat | undefined {
  switch (format.type) {
    case 'text':
      return { type: 'text' };
    case 'json_object':
      return { type: 'json' };
    case 'json_schema': {
      const schema = asObject(format.schema);
      if (schema === undefined) throw invalid('text.format.schema', 'is missing; give the JSON Schema');
      return schemaFormat(schema, format);
    }
    default:
      return undefined;
  }
}
