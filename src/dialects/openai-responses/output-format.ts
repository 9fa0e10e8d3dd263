// `text.format`: the output format, in requests and in the answers that repeat it.
import type { JsonObject } from '../../model/json/json.ts';
import type { OutputFormat } from '../../model/request.ts';

export function buildOutputFormat(format: OutputFormat): JsonObject {
  switch (format.type) {
    // The instructions ask for one.
    case 'choice':
    case 'text':
      return { type: 'text' };
    case 'json':
      return { type: 'json_object' };
    case 'json-schema': {
      // The name is required here and optional in other dialects.
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
