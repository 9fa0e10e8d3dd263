// MCP servers whose tools the provider calls: OpenAI's `mcp` and Anthropic's `mcp_servers`. A client's becomes the provider's own, unless
// the provider could then call tools that the client has excluded, or wants to approve.
import type { McpServer, ServerTool, Tool } from '../../model/request.ts';
import type { LossReport } from './losses/loss-report.ts';

/**
 * The server for the provider, reported if not all of it is carried. Undefined, and reported as lost, where the provider cannot have it.
 */
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

/** The names of the servers for which `mcpInstead` finds a place. */
export function mcpServerNames(tools: readonly Tool[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const tool of tools)
    if (tool.type === 'server' && tool.mcp !== undefined && 'name' in tool.mcp) names.add(tool.mcp.name);
  return names;
}
