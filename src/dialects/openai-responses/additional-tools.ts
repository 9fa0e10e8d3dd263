// Tools that the conversation itself contains (items of type `additional_tools`; Codex sends its newest models all
// tools this way). Providers of other dialects get them as ordinary tools; one of this dialect gets the items unchanged.
import { asArray, asNumber, asObject, isObject, type JsonObject } from '../../model/json/json.ts';
import type { Extension } from '../../model/content.ts';
import type { NeutralRequest, Tool } from '../../model/request.ts';
import { parseToolList } from './parse-tools.ts';
import { searchOutputs } from './tool-search.ts';
import { ID, ownFields } from './wire.ts';

export const ADDITIONAL_TOOLS = 'additional_tools';

/** The tools of one item. Throws `invalid_request` with `path` if they are not tools. */
export function parseAdditionalTools(item: JsonObject, path: string): Tool[] {
  return parseToolList(item, `${path}.tools`);
}

/** `tools` and those that the conversation brings; of two with the same name the later one counts. */
export function withAdditional(tools: readonly Tool[], brought: readonly Tool[]): Tool[] {
  if (brought.length === 0) return [...tools];
  const named = new Map([...tools, ...brought].map((tool) => [uniqueName(tool), tool]));
  const always = new Set([...tools, ...brought].filter((tool) => !isFound(tool)).map(uniqueName));
  return [...named.values()].map((tool) => (always.has(uniqueName(tool)) ? offered(tool) : tool));
}

/** A name that no other tool has. MCP servers are all named by their type, so theirs includes the server's label. */
export function uniqueName(tool: Tool): string {
  if (tool.type !== 'server' || tool.mcp === undefined) return tool.name;
  return `${tool.name} ${String(tool.definition.fields.server_label)}`;
}

function isFound(tool: Tool): boolean {
  return tool.type === 'function' && tool.isFound === true;
}

/** The tool as one that is offered whether or not a search finds it. */
function offered(tool: Tool): Tool {
  if (tool.type !== 'function' || tool.isFound === undefined) return tool;
  const { isFound: _, ...rest } = tool;
  return rest;
}

/** An item, and the number of neutral messages before it. */
export interface ToolItem {
  behind: number;
  item: JsonObject;
}

/** The extension that keeps the items beside `fields`. Nothing is lost elsewhere, since their tools are offered there too. */
export function keepItems(fields: JsonObject, kept: readonly ToolItem[]): Extension {
  if (kept.length === 0) return { dialect: ID, fields };
  const items = kept.map(({ behind, item }) => ({ behind, item }));
  return { dialect: ID, fields: { ...fields, [ADDITIONAL_TOOLS]: items }, defaults: [ADDITIONAL_TOOLS] };
}

/** The items that a client of this dialect sent. */
export function keptItems({ extension }: NeutralRequest): ToolItem[] {
  return (asArray(ownFields(extension)[ADDITIONAL_TOOLS]) ?? []).flatMap((kept) => {
    const item = isObject(kept) ? asObject(kept.item) : undefined;
    return isObject(kept) && item !== undefined ? [{ behind: asNumber(kept.behind) ?? 0, item }] : [];
  });
}

/** Unique names of the tools in these items, and of those that the client's searches found. */
export function broughtNames(request: NeutralRequest): ReadonlySet<string> {
  const items = [...keptItems(request).map(({ item }) => item), ...searchOutputs(request.messages)];
  const tools = items.flatMap((item) => parseAdditionalTools(item, ADDITIONAL_TOOLS));
  return new Set(tools.map(uniqueName));
}
