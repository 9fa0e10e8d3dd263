// The schema as a list of keys, for suggestions, docs and the test that every key is read.
import { z } from 'zod';
import { TRANSFORMER } from '../transformers/entry.ts';
import type { KeyPath } from './problem.ts';
import { configSchema } from './schema.ts';

export interface SchemaKey {
  /** `providers.*.timeouts.connect`; `*` stands for any name. */
  path: string;
  /** As JSON Schema describes it: `title`, `type`, `default`, `enum`, `description`. */
  node: SchemaNode;
  /** Has keys of its own. */
  section: boolean;
}

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

/** The options of a built-in transformer, as people write them. */
export function transformerOptions(options: z.ZodObject): SchemaKey[] {
  const schema = z.toJSONSchema(options, { io: 'input' }) as SchemaNode;
  return Object.entries(schema.properties ?? {}).map(([path, node]) => ({ path, node, section: false }));
}

/** Every key, sections before their children, in the schema's order; then what `$defs` hold, under its name. */
export function listSchemaKeys(): SchemaKey[] {
  const schema = buildJsonSchema();
  // Each transformer has options of its own: see TRANSFORMERS.
  const named = Object.entries(schema.$defs ?? {}).filter(([name]) => name !== TRANSFORMER);
  const shared = named.flatMap(([name, node]): SchemaKey[] => [
    { path: name, node, section: true },
    ...below(node, name),
  ]);
  return [...below(schema, ''), ...shared];
}

function below(node: SchemaNode, prefix: string): SchemaKey[] {
  const keys: SchemaKey[] = [];
  for (const [name, child] of children(node)) {
    const path = prefix === '' || name === '[]' ? `${prefix}${name}` : `${prefix}.${name}`;
    const inner = below(child, path);
    keys.push({ path, node: child, section: inner.length > 0 }, ...inner);
  }
  return keys;
}

function children(node: SchemaNode): [string, SchemaNode][] {
  if (node.properties !== undefined) return Object.entries(node.properties);
  const variant = node.anyOf?.find((candidate) => candidate.properties !== undefined);
  if (variant?.properties !== undefined) return Object.entries(variant.properties);
  if (node.items?.properties !== undefined) return [['[]', node.items]];
  const rest = node.additionalProperties;
  return typeof rest === 'object' && rest.properties !== undefined ? [['*', rest]] : [];
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
