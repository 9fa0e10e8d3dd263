// The schema as a list of keys, for suggestions, docs and the test that every key is read.
import { z } from 'zod';
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
  type?: string;
  enum?: (string | number)[];
  default?: unknown;
  anyOf?: SchemaNode[];
  items?: SchemaNode;
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode | boolean;
  propertyNames?: SchemaNode;
  required?: string[];
  deprecated?: boolean;
}

/** The JSON Schema of the file as people write it. */
export function buildJsonSchema(): SchemaNode {
  // The one cast: zod's type of a JSON Schema is wider than what this schema can give.
  return z.toJSONSchema(configSchema, { io: 'input' }) as SchemaNode;
}

/** Every key, sections before their children, in the schema's order. */
export function listSchemaKeys(): SchemaKey[] {
  return below(buildJsonSchema(), '');
}

function below(node: SchemaNode, prefix: string): SchemaKey[] {
  const keys: SchemaKey[] = [];
  for (const [name, child] of children(node)) {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const inner = below(child, path);
    keys.push({ path, node: child, section: inner.length > 0 }, ...inner);
  }
  return keys;
}

function children(node: SchemaNode): [string, SchemaNode][] {
  if (node.properties !== undefined) return Object.entries(node.properties);
  const rest = node.additionalProperties;
  return typeof rest === 'object' && rest.properties !== undefined ? [['*', rest]] : [];
}

/** Names that the schema knows below `path`. */
export function knownBelow(path: KeyPath): string[] {
  let node: SchemaNode | undefined = buildJsonSchema();
  for (const part of path) {
    const rest: SchemaNode | boolean | undefined = node?.additionalProperties;
    node = node?.properties?.[String(part)] ?? (typeof rest === 'object' ? rest : undefined);
  }
  return Object.keys(node?.properties ?? {});
}
