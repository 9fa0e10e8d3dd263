// Structured answers for wire formats that support them in part: the description moves into the schema, or the whole format into words.
import type { JsonObject } from '../../../model/json/json.ts';
import type { OutputFormat } from '../../../model/request.ts';

type SchemaFormat = Extract<OutputFormat, { type: 'json-schema' }>;

export function describedSchema({ schema, description }: SchemaFormat): JsonObject {
  if (description === undefined || schema.description !== undefined) return schema;
  return { ...schema, description };
}

/** The format in words, for models whose wire format has no field for it. */
export function formatInstruction(format: Exclude<OutputFormat, { type: 'text' }>): string {
  if (format.type === 'choice') {
    const values = format.values.map((value) => JSON.stringify(value)).join(', ');
    return `Answer with exactly one of the following, without the quotation marks, and nothing else: ${values}.`;
  }
  // The schema may ask for a list or an enum instead of an object.
  const value = format.type === 'json' || isObjectSchema(format.schema) ? 'JSON object' : 'JSON value';
  const text = `Answer with one ${value} and nothing else: no prose around it and no code fence.`;
  if (format.type === 'json') return text;
  return `${text} It must match this JSON Schema:\n${JSON.stringify(describedSchema(format))}`;
}

function isObjectSchema({ type, properties }: JsonObject): boolean {
  return type === 'object' || (type === undefined && properties !== undefined);
}
