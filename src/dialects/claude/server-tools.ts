// Tools that run on Anthropic's own machines, which Amazon's and Google's services do not have: they are left out and reported.
// https://platform.claude.com/docs/en/build-with-claude/overview
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { Loss, Tool } from '../../model/request.ts';

/** Types of tools that each service lacks. Google's does search the web. */
export const NOT_AT_GOOGLE = /^(web_fetch|code_execution|mcp_toolset)/;
export const NOT_AT_AMAZON = /^(web_search|web_fetch|code_execution|mcp_toolset)/;

/** Keeps another dialect's search, and fetch of pages, from becoming Anthropic's. */
export function withoutSearch(tool: Tool): Tool {
  if (tool.type !== 'server') return tool;
  const { search: _, ...bare } = tool;
  return withoutFetch(bare);
}

/** Keeps another dialect's fetch of pages, MCP servers and code execution from becoming Anthropic's. */
export function withoutFetch(tool: Tool): Tool {
  if (tool.type !== 'server') return tool;
  const { fetch: _, mcp: __, code: ___, ...bare } = tool;
  return bare;
}

/** @param body of a Messages request; it is modified. @param lacking types of tools. */
export function leaveOutServerTools(body: JsonObject, lacking: RegExp): Loss[] {
  const losses: Loss[] = [];
  const { name: chosen, ...choice } = asObject(body.tool_choice) ?? {};
  const lost = (feature: string) => losses.push({ feature, outcome: 'lost' });
  const kept = (asArray(body.tools) ?? []).filter((tool) => {
    const { type, name, mcp_server_name: server } = asObject(tool) ?? {};
    const kind = asString(type);
    if (kind === undefined || !lacking.test(kind)) return true;
    lost(`tools.${asString(name) ?? asString(server) ?? kind}`);
    if (name !== undefined && name === chosen) {
      // The choice of a tool that is not declared is refused.
      body.tool_choice = { ...choice, type: 'auto' };
      lost('tool_choice');
    }
    return false;
  });
  if (losses.length > 0) setTools(body, kept);
  if (body.mcp_servers !== undefined) {
    delete body.mcp_servers;
    lost('mcp_servers');
  }
  return losses;
}

/** Sets the tools; without any, the choice is removed as well, since it would be refused. */
function setTools(body: JsonObject, tools: JsonValue[]): void {
  delete body.tools;
  if (tools.length > 0) body.tools = tools;
  else delete body.tool_choice;
}
