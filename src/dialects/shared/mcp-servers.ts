// MCP servers whose tools the provider calls: `mcp` of OpenAI's and `mcp_servers` of Anthropic's. One that is asked for in the client's
// dialect becomes the provider's own if no tool may be called that the client has excluded, or wants to be asked about.
import type { McpServer, ServerTool, Tool } from '../../model/request.ts';
import type { LossReport } from './losses/loss-report.ts';

/** The server, reported where not all of it is carried. Undefined, and reported as lost, where the provider cannot have it. */
export function mcpInstead({ name, mcp }: ServerTool, losses: LossReport): McpServer | undefined {
  if (mcp === undefined || 'obstacle' in mcp) {
    losses.lost(`tools.${name}`, mcp?.obstacle);
    return undefined;
  }
  if (mcp.asksForOthers === true)
    losses.approximated(`tools.${name}`, 'only those of its tools that need no approval');
  for (const other of mcp.others) losses.lost(`tools.${name}.${other}`);
  return mcp;
}

/** The servers that `mcpInstead` finds a place for. */
export function mcpServerNames(tools: readonly Tool[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const tool of tools)
    if (tool.type === 'server' && tool.mcp !== undefined && 'name' in tool.mcp) names.add(tool.mcp.name);
  return names;
}
