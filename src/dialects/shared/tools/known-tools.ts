// Tools of the client's own that the models of its dialect know by a type alone, for models that have to be told what they take.
import type { NeutralRequest, ServerTool } from '../../../model/request.ts';
import type { LossReport } from '../losses/loss-report.ts';

/**
 * The request with these tools as functions, whose calls and results are those of the tools.
 * @param knows whether the model knows the tool.
 */
export function declareKnownTools(
  request: NeutralRequest,
  losses: LossReport,
  knows: (tool: ServerTool) => boolean = () => false,
): NeutralRequest {
  if (!request.tools.some((tool) => tool.type === 'server' && tool.asFunction !== undefined)) return request;
  const tools = request.tools.map((tool) => {
    if (tool.type !== 'server' || tool.asFunction === undefined || knows(tool)) return tool;
    losses.approximated(`tools.${tool.name}`, 'a function of the same parameters, which are described');
    return tool.asFunction;
  });
  return { ...request, tools };
}
