// Tools for dialects that have no groups of tools, or no free-text tools.
import type { FunctionTool, ServerTool, Tool } from '../../../model/request.ts';
import type { LossReport } from '../losses/loss-report.ts';
import { freeTextFunction } from './free-text-tool.ts';

/** Each tool of a group separately, under its full name. The first of a group also states the group's description. */
export function* ungroupedTools(tools: readonly Tool[], losses: LossReport): Generator<Tool> {
  const described = new Set<string>();
  for (const tool of tools) {
    if (tool.type === 'server' || tool.namespace === undefined) {
      yield tool;
      continue;
    }
    losses.approximated(
      'tools.namespace',
      "its tools are declared one by one, with the group's name in front of theirs",
    );
    const { name, description } = tool.namespace;
    const isSaid = !description || description === tool.description || described.has(name);
    const own = tool.description ? `\n\n${tool.description}` : '';
    yield isSaid ? tool : { ...tool, description: `About all tools of "${name}": ${description}${own}` };
    if (!isSaid) described.add(name);
  }
}

/** Like `ungroupedTools`, with free-text tools as functions. */
export function* plainTools(
  tools: readonly Tool[],
  losses: LossReport,
): Generator<FunctionTool | ServerTool> {
  for (const tool of ungroupedTools(tools, losses))
    yield tool.type === 'custom' ? freeTextFunction(tool, losses) : tool;
}
