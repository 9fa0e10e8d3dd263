// The words of the Anthropic Messages wire that several files here share.
import type { Extension } from '../../model/content.ts';
import type { DialectId } from '../../model/dialect-id.ts';
import type { JsonObject, JsonValue } from '../../model/json.ts';

export const ID = 'anthropic-messages' satisfies DialectId;

/** Blocks by which the model calls a tool that the provider runs. */
export const SERVER_TOOL_BLOCKS: ReadonlySet<string> = new Set(['server_tool_use', 'mcp_tool_use']);

/** Whether the block is the answer of a provider-run tool: `web_search_tool_result`, `mcp_tool_result`, … */
export function isServerToolResult(type: string): boolean {
  return type !== 'tool_result' && type.endsWith('_tool_result');
}

/** The fields of `object` that are neither in `known` nor null or undefined. */
export function leftover(object: JsonObject, known: readonly string[]): JsonObject {
  const rest: JsonObject = {};
  for (const [name, value] of Object.entries(object)) {
    if (value !== undefined && value !== null && !known.includes(name)) rest[name] = value;
  }
  return rest;
}

export function isEmpty(object: JsonObject): boolean {
  for (const _ in object) return false;
  return true;
}

/** `{extension}` for fields that only this dialect understands, `{}` where there are none. */
export function extensionOf(fields: JsonObject): { extension?: Extension } {
  return isEmpty(fields) ? {} : { extension: { dialect: ID, fields } };
}

/** The extension's fields where they are this dialect's own. */
export function ownFields(extension: Extension | undefined): JsonObject {
  return extension?.dialect === ID ? extension.fields : {};
}

/** Sets a field that has a value. */
export function put(target: JsonObject, name: string, value: JsonValue | undefined): void {
  if (value !== undefined) target[name] = value;
}
