// Choices among tools that a vendor runs itself: a forced call, at providers that do not have the tool or cannot force it, since they refuse
// a choice of a tool that is not declared; and that none may be called, at providers that know this of functions alone.
import type { NeutralRequest, ServerTool, Tool } from '../../../model/request.ts';
import type { LossReport } from '../losses/loss-report.ts';

/**
 * The request without such a choice; the same object if it has none.
 * @param isSent whether the provider has an equivalent of another vendor's tool.
 */
export function withoutUnsentChoice(
  request: NeutralRequest,
  losses: LossReport,
  isSent: (tool: Tool) => boolean = () => false,
): NeutralRequest {
  const { toolChoice, ...rest } = request;
  if (toolChoice?.type !== 'tool') return request;
  const named = request.tools.filter(({ name }) => name === toolChoice.name);
  if (named.length === 0 || named.some((tool) => tool.type !== 'server' || isSent(tool))) return request;
  losses.lost('tool_choice');
  return rest;
}

/**
 * The request without the tools that the provider would run although none may be called; the same object if it has none.
 * @param runs whether the provider has an equivalent of another vendor's tool.
 */
export function withoutUncalledTools(
  request: NeutralRequest,
  losses: LossReport,
  runs: (tool: ServerTool) => boolean,
): NeutralRequest {
  if (request.toolChoice?.type !== 'none') return request;
  const tools = request.tools.filter((tool) => tool.type !== 'server' || !runs(tool));
  if (tools.length === request.tools.length) return request;
  losses.approximated('tool_choice', 'what the provider would run is not sent');
  return { ...request, tools };
}
