// Tools of the client's own that the models of its dialect know by a type alone, for models that have to be told what they take.
import type { NeutralRequest } from '../../../model/request.ts';
import type { LossReport } from '../losses/loss-report.ts';

/** The request with these tools as functions, whose calls and results are those of the tools. */
export function declareKnownTools(request: NeutralRequest, losses: LossReport): NeutralRequest {
  if (!request.tools.some((tool) => tool.type === 'server' && tool.asFunction !== undefined)) return request;
  const tools = request.tools.map((tool) => {
    if (tool.type !== 'server' || tool.asFunction === undefined) return tool;
    losses.approximated(`tools.${tool.name}`, 'a function of the same parameters, which are described');
    return tool.asFunction;
  });
  return { ...request, tools };
}
