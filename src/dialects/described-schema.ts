// The schema of a structured answer, for wires in which the format has no description of its own.
import type { JsonObject } from '../model/json.ts';
import type { OutputFormat } from '../model/request.ts';

export function describedSchema({
  schema,
  description,
}: Extract<OutputFormat, { type: 'json-schema' }>): JsonObject {
  if (description === undefined || schema.description !== undefined) return schema;
  return { ...schema, description };
}
