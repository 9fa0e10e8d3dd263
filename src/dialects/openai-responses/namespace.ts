// Tools in namespaces (`{type:'namespace', name, tools}`). Other dialects have a flat list, so a tool gets one name made of both, which the
// client's own list maps back when the tool is called.
import type { Tool, ToolNamespace } from '../../model/request.ts';
import { shorten } from '../shared/shorten.ts';
import { searchOf } from './tool-search.ts';

/** The longest tool name that every dialect accepts. */
const MAX_TOOL_NAME = 64;

/** `crm` and `find` become `crm__find`. A tool that a search found has its own name as its namespace. */
export function flatName(namespace: string, tool: string): string {
  if (namespace === tool) return tool;
  const separator = namespace.endsWith('__') ? '' : '__';
  return shorten(`${namespace}${separator}${tool}`, MAX_TOOL_NAME);
}

export interface ClientTool {
  kind: 'function' | 'custom' | 'search';
  namespace?: ToolNamespace;
}

/** The client's own tools by the names sent to the provider. */
export function indexTools(tools: readonly Tool[] | undefined): ReadonlyMap<string, ClientTool> {
  const index = new Map<string, ClientTool>();
  for (const tool of tools ?? []) {
    if (tool.type === 'server') continue;
    const { namespace } = tool;
    const isSearch = tool.type === 'function' && searchOf(tool) !== undefined;
    const kind = isSearch ? 'search' : tool.type;
    index.set(tool.name, namespace === undefined ? { kind } : { kind, namespace });
  }
  return index;
}

/** `name` and `namespace` of a call, as the client or the provider knows its tool. */
export function wireName(name: string, tool: ClientTool | undefined): { name: string; namespace?: string } {
  if (tool?.namespace === undefined) return { name };
  return { name: tool.namespace.tool, namespace: tool.namespace.name };
}
