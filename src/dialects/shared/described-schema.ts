// A structured answer for wires that lack a part of it: its description inside the schema, or all of it in words.
import type { JsonObject } from '../../model/json/json.ts';
import type { OutputFormat } from '../../model/request.ts';

type SchemaFormat = Extract<OutputFormat, { type: 'json-schema' }>;

export function describedSchema({ schema, description }: SchemaFormat): JsonObject {
  if (description === undefined || schema.description !== undefined) return schema;
  return { ...schema, description };
}

/** For models whose wire has no field that asks for JSON. */
export function jsonInstruction(format: SchemaFormat | Extract<OutputFormat, { type: 'json' }>): string {
  // A list, or one of several words, where a schema says so.
  const value = format.type === 'json' || isObjectSchema(format.schema) ? 'JSON object' : 'JSON value';
  const text = `Answer with one ${value} and nothing else: no prose around it and no code fence.`;
  if (format.type === 'json') return text;
  return `${text} It must match this JSON Schema:\n${JSON.stringify(describedSchema(format))}`;
}

function isObjectSchema({ type, properties }: JsonObject): boolean {
  return type === 'object' || (type === undefined && properties !== undefined);
}
