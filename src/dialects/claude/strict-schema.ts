// JSON Schemas for constrained output: closed objects without limits on numbers or lengths. Such limits are moved into the description,
// where the model reads them. https://docs.anthropic.com/en/docs/build-with-claude/structured-outputs#json-schema-limitations
import { asObject, asString, isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { currentDraft } from '../shared/schemas/current-draft.ts';
import { isOfObjects } from '../shared/schemas/object-schema.ts';

/** How many tools of one request may be strict. */
export const MOST_STRICT = 20;

const KEPT = new Set(['type', 'enum', 'const', '$ref', 'title', 'default']);
const FORMATS = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'uri',
  'ipv4',
  'ipv6',
  'uuid',
]);

/** @param feature the name under which it is reported that a constraint moved into a description, or an open object was closed. */
export function strictSchema(
  schema: JsonObject,
  feature: 'response_format' | 'tools.strict',
  losses: LossReport,
): JsonObject {
  function close(node: JsonValue): JsonValue {
    if (!isObject(node)) return node;
    const closed: JsonObject = {};
    const moved: JsonObject = {};
    for (const [keyword, value] of Object.entries(node)) {
      if (value === undefined) continue;
      switch (keyword) {
        case '$schema':
        case 'description':
        case 'additionalProperties':
          break;
        case 'properties':
        case '$defs':
        case 'definitions':
          closed[keyword] = closeEach(asObject(value) ?? {});
          break;
        case 'items':
          if (node.prefixItems === undefined) closed.items = close(value);
          break;
        case 'prefixItems':
          // Each element may match any of them.
          if (Array.isArray(value)) closed.items = { anyOf: value.map(close) };
          moved.prefixItems = value;
          break;
        case 'anyOf':
        case 'allOf':
          closed[keyword] = Array.isArray(value) ? value.map(close) : value;
          break;
        case 'oneOf':
          if (node.anyOf === undefined) closed.anyOf = Array.isArray(value) ? value.map(close) : value;
          else moved.oneOf = value;
          break;
        case 'required':
          closed.required = value;
          break;
        case 'format':
          (FORMATS.has(asString(value) ?? '') ? closed : moved).format = value;
          break;
        case 'minItems':
          (value === 0 || value === 1 ? closed : moved).minItems = value;
          break;
        default:
          (KEPT.has(keyword) ? closed : moved)[keyword] = value;
      }
    }
    if (isOfObjects(node)) {
      const open = node.additionalProperties;
      if (open !== undefined && open !== false) moved.additionalProperties = open;
      closed.additionalProperties = false;
    }
    const hints = Object.entries(moved).map(([keyword, value]) => `${keyword}: ${JSON.stringify(value)}`);
    if (hints.length > 0) losses.approximated(feature, 'some schema constraints are in descriptions only');
    const description = [asString(node.description), hints.join(', ')].filter(Boolean).join('\n');
    if (description !== '') closed.description = description;
    return closed;
  }

  function closeEach(nodes: JsonObject): JsonObject {
    return Object.fromEntries(Object.entries(nodes).map(([name, node]) => [name, close(node ?? {})]));
  }

  return asObject(close(currentDraft(schema))) ?? {};
}
