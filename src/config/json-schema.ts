// The JSON Schema of the configuration file, and the names that it knows, for suggestions.
import { z } from 'zod';
import type { KeyPath } from './problem.ts';
import { configSchema } from './schema.ts';

export interface SchemaNode {
  title?: string;
  description?: string;
  type?: string | string[];
  enum?: (string | number)[];
  default?: unknown;
  anyOf?: SchemaNode[];
  items?: SchemaNode;
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode | boolean;
  propertyNames?: SchemaNode;
  required?: string[];
  /** `#/$defs/NAME`: what is said once and stands in many places. */
  $ref?: string;
  $defs?: Record<string, SchemaNode>;
}

/** The JSON Schema of the file as people write it. */
export function buildJsonSchema(): SchemaNode {
  // The one cast: zod's type of a JSON Schema is wider than what this schema can give.
  return z.toJSONSchema(configSchema, { io: 'input' }) as SchemaNode;
}

/** Names that the schema knows below `path`. */
export function knownBelow(path: KeyPath): string[] {
  const schema = buildJsonSchema();
  const open = (node: SchemaNode | undefined): SchemaNode | undefined => {
    const name = node?.$ref?.split('/').at(-1);
    const whole = name === undefined ? node : schema.$defs?.[name];
    return whole?.anyOf?.find((variant) => variant.properties ?? variant.items) ?? whole;
  };
  let node: SchemaNode | undefined = schema;
  for (const part of path) {
    const rest: SchemaNode | boolean | undefined = node?.additionalProperties;
    const other: SchemaNode | undefined = typeof rest === 'object' ? rest : node?.items;
    node = open(node?.properties?.[String(part)] ?? other);
  }
  return Object.keys(node?.properties ?? {}).concat((node?.propertyNames?.enum ?? []).map(String));
}
