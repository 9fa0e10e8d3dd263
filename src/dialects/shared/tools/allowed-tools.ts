// "Only these of the declared tools": to providers that cannot be told so, only these tools are declared.
import type { JsonObject } from '../../../model/json/json.ts';
import type { NeutralRequest, Tool } from '../../../model/request.ts';
import type { LossReport } from '../losses/loss-report.ts';
import { invalid } from '../read-field.ts';

/** For losses. */
export const ALLOWED_DECLARED =
  'only the allowed tools are declared, so a prompt cache of all tools is not hit';
export const NONE_DECLARED = 'no allowed tool is declared';

export type Allowance = Pick<NeutralRequest, 'toolChoice' | 'allowedTools'>;

/**
 * The neutral form of what a client allows. A single tool that must be called is a choice that every dialect knows.
 * @param names of declared tools
 */
export function allow(
  mode: 'auto' | 'required',
  names: readonly string[],
  tools: readonly Tool[],
): Allowance {
  const [name, ...others] = names;
  const isOne = name !== undefined && others.length === 0;
  const isServer = tools.some((tool) => tool.type === 'server' && tool.name === name);
  if (mode === 'required' && isOne && !isServer) return { toolChoice: { type: 'tool', name } };
  return { toolChoice: { type: mode }, allowedTools: [...names] };
}

/** OpenAI's word for whether one of the allowed tools must be called. */
export function parseAllowedMode(form: JsonObject, path: string): 'auto' | 'required' {
  const { mode } = form;
  if (mode === undefined || mode === 'auto' || mode === 'required') return mode ?? 'auto';
  throw invalid(path, 'must be `auto` or `required`');
}

/** The declared tools that may be called. */
export function allowedOf({ tools, allowedTools }: NeutralRequest): Tool[] {
  if (allowedTools === undefined) return tools;
  const allowed = new Set(allowedTools);
  return tools.filter(({ name }) => allowed.has(name));
}

/** The request with only its allowed tools declared; the same object if no tool is ruled out. */
export function declareAllowed(request: NeutralRequest, losses: LossReport): NeutralRequest {
  const { allowedTools, ...rest } = request;
  if (allowedTools === undefined) return request;
  const tools = allowedOf(request);
  if (tools.length === request.tools.length) return rest;
  // A history with calls must not be sent without tools, so all stay declared.
  if (tools.length === 0) return { ...rest, toolChoice: { type: noneAllowed(request, losses) } };
  losses.approximated('tool_choice', ALLOWED_DECLARED);
  return { ...rest, tools };
}

/** The choice where no allowed tool is declared: none may be called. */
export function noneAllowed({ toolChoice }: NeutralRequest, losses: LossReport): 'none' {
  if (toolChoice?.type === 'required') losses.lost('tool_choice', NONE_DECLARED);
  return 'none';
}
