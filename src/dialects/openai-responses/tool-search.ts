// A search for further tools that the client runs itself (`tool_search` with `execution: client`; Codex finds the tools of its MCP servers
// and agents through it). Providers of other dialects get it as a function, and what it found as ordinary tools; one of this dialect gets
// tool, call and output unchanged. https://developers.openai.com/api/docs/guides/tools-tool-search
import type { Extension, TextPart, ToolCallPart, ToolResultPart } from '../../model/content.ts';
import { asObject, asString, isObject, type JsonObject, parseObject } from '../../model/json/json.ts';
import { callIdFromWire } from '../../model/opaque-token.ts';
import type { FunctionTool, Message, Tool } from '../../model/request.ts';
import { withoutFields } from '../shared/own-fields.ts';
import { keptAs, ownFields } from './wire.ts';

export const TOOL_SEARCH = 'tool_search';
export const TOOL_SEARCH_CALL = 'tool_search_call';
export const TOOL_SEARCH_OUTPUT = 'tool_search_output';

/** The field that holds a tool back until it is found. */
const HELD_BACK = 'defer_loading';

/** Undefined if the provider itself searches, which no other dialect's provider does. */
export function parseSearchTool(tool: JsonObject): FunctionTool | undefined {
  const parameters = asObject(tool.parameters);
  if (tool.execution !== 'client' || parameters === undefined) return undefined;
  const description = asString(tool.description);
  return {
    type: 'function',
    name: TOOL_SEARCH,
    ...(description !== undefined && { description }),
    parameters,
    extension: keptAs(TOOL_SEARCH, tool),
  };
}

/** Whether the client answers this call, or has answered it with this output. */
export function isClientSearch(item: JsonObject): boolean {
  return item.execution === 'client' && asString(item.call_id) !== undefined;
}

export function parseSearchCall(item: JsonObject): ToolCallPart {
  const { id, token } = callIdFromWire(asString(item.call_id) ?? '');
  const part: ToolCallPart = {
    type: 'tool-call',
    id,
    name: TOOL_SEARCH,
    arguments: asString(item.arguments) ?? JSON.stringify(item.arguments ?? {}),
    kind: 'function',
    extension: keptAs(TOOL_SEARCH, item),
  };
  if (token !== undefined) part.signature = token;
  return part;
}

/** @param tools in the item. */
export function parseSearchOutput(item: JsonObject, tools: readonly Tool[]): ToolResultPart {
  const found = tools.map(({ name }) => `The tool ${name} can be called now.`);
  const texts = found.length === 0 ? ['No tool was found.'] : found;
  const content = texts.map((text): TextPart => ({ type: 'text', text }));
  const { id: callId } = callIdFromWire(asString(item.call_id) ?? '');
  const extension = keptAs(TOOL_SEARCH, item);
  const part: ToolResultPart = { type: 'tool-result', callId, content, extension };
  if (tools.length > 0) part.foundTools = tools.map(({ name }) => name);
  return part;
}

/** Marks the tool as not held back any more, now that it was found. */
export function loaded(tool: Tool): Tool {
  if (tool.type !== 'function') return tool;
  const { extension } = tool;
  if (extension === undefined) return { ...tool, isFound: true };
  return {
    ...tool,
    isFound: true,
    extension: { ...extension, defaults: [...(extension.defaults ?? []), HELD_BACK] },
  };
}

/** The item from which a tool, a call or a result was parsed, if it is such a search. */
export function searchOf({ extension }: { extension?: Extension }): JsonObject | undefined {
  return asObject(ownFields(extension)[TOOL_SEARCH]);
}

/** The item for a provider, which knows the call by `callId`; transformers may have changed what it searches for. */
export function searchItem(part: ToolCallPart | ToolResultPart, callId: string): JsonObject | undefined {
  const item = searchOf(part);
  if (item === undefined) return undefined;
  const args =
    part.type === 'tool-call' && isObject(item.arguments) ? parseObject(part.arguments) : undefined;
  return { ...withoutFields(item, ['id']), call_id: callId, ...(args !== undefined && { arguments: args }) };
}

/** The items that brought the found tools. */
export function searchOutputs(messages: readonly Message[]): JsonObject[] {
  return messages.flatMap(({ parts }) =>
    parts.flatMap((part) => {
      const item = part.type === 'tool-result' ? searchOf(part) : undefined;
      return item === undefined ? [] : [item];
    }),
  );
}

/** The call in the form that the client reads. */
export function searchCall(id: string, callId: string, args: string, status: string): JsonObject {
  const fields = parseObject(args) ?? {};
  return { id, type: TOOL_SEARCH_CALL, status, execution: 'client', call_id: callId, arguments: fields };
}
