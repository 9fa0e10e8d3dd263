// The JSON Schema of the configuration file, and the names that it defines, for suggestions.
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
  /** `#/$defs/NAME`: a definition used in several places. */
  $ref?: string;
  $defs?: Record<string, SchemaNode>;
}

/** The JSON Schema of the file as people write it. */
export function buildJsonSchema(): SchemaNode {
  // The one cast: zod's type of a JSON Schema is wider than what this schema can produce.
  return z.toJSONSchema(configSchema, { io: 'input' }) as SchemaNode;
}

/** Built for the first unknown key, since it takes some milliseconds; there may be many such keys. */
let known: SchemaNode | undefined;

/** Names that the schema defines below `path`; if several variants may stand there, the names of all. */
export function knownBelow(path: KeyPath): string[] {
  known ??= buildJsonSchema();
  const schema = known;
  const variantsOf = (node: SchemaNode | undefined): SchemaNode[] => {
    const name = node?.$ref?.split('/').at(-1);
    const whole = name === undefined ? node : schema.$defs?.[name];
    return whole?.anyOf?.flatMap(variantsOf) ?? (whole === undefined ? [] : [whole]);
  };
  let nodes = variantsOf(schema);
  for (const part of path) nodes = nodes.flatMap((node) => variantsOf(childOf(node, part)));
  return nodes.flatMap(({ properties = {}, propertyNames }) => [
    ...Object.keys(properties),
    ...(propertyNames?.enum ?? []).map(String),
  ]);
}

function childOf({ properties, items, additionalProperties: rest }: SchemaNode, part: KeyPath[number]) {
  if (typeof part === 'number') return items;
  return properties?.[part] ?? (typeof rest === 'object' ? rest : undefined);
}
