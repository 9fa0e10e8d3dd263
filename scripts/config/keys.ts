// The schema as a list of keys, for the docs and for the test that every key is read.
import { z } from 'zod';
import { buildJsonSchema, type SchemaNode } from '../../src/config/json-schema.ts';
import { TRANSFORMER } from '../../src/transformers/entry.ts';

export interface SchemaKey {
  /** `providers.*.timeouts.connect`; `*` stands for any name. */
  path: string;
  /** As JSON Schema describes it: `title`, `type`, `default`, `enum`, `description`. */
  node: SchemaNode;
  /** Has keys of its own. */
  section: boolean;
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
