// The field that marks the end of a cached prompt on a message or a tool, which OpenAI does not have: Anthropic's, or GitHub Copilot's,
// which VS Code also sends to a user's own endpoints. https://github.com/microsoft/vscode/issues/312940
import { asObject, type JsonObject } from '../../model/json/json.ts';
import type { BuildOptions } from '../dialect.ts';
import { takesBreakpoints } from '../openai/breakpoint.ts';
import { plainBreakpoint, withoutTtl } from '../shared/settings/cache-control.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';

export function breakpointOf({
  cache_control: anthropic,
  copilot_cache_control: copilot,
}: JsonObject): JsonObject | undefined {
  return asObject(anthropic) ?? asObject(copilot);
}

/** In the form that a server with `cache_control` accepts for this model. */
export function sentBreakpoint(
  cacheControl: JsonObject,
  { quirks, model }: BuildOptions,
  losses: LossReport,
): JsonObject {
  const breakpoint = plainBreakpoint(cacheControl, losses);
  return quirks.cacheTtl?.test(model) === false ? withoutTtl(breakpoint, losses) : breakpoint;
}

/**
 * Where breakpoints are accepted, several texts stay separate, with or without one: if they were joined once the breakpoint has moved on,
 * the prompt would be a different one, of which nothing is cached.
 */
export function keepsTextsApart(options: BuildOptions): boolean {
  return options.quirks.cacheControl === true || takesBreakpoints(options);
}
