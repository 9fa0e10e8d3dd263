// A forced call of a tool that a vendor runs itself, at providers that do not have the tool or cannot force it: they refuse a choice of a
// tool that is not declared.
import type { NeutralRequest, Tool } from '../../../model/request.ts';
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
