// The field of a message or a tool that ends a cached prompt, which OpenAI has not: Anthropic's, or GitHub Copilot's, which VS
// Code also sends to endpoints of one's own. https://github.com/microsoft/vscode/issues/312940
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

/** As a server that takes `cache_control` takes it for this model. */
export function sentBreakpoint(
  cacheControl: JsonObject,
  { quirks, model }: BuildOptions,
  losses: LossReport,
): JsonObject {
  const breakpoint = plainBreakpoint(cacheControl, losses);
  return quirks.cacheTtl?.test(model) === false ? withoutTtl(breakpoint, losses) : breakpoint;
}

/**
 * Where breakpoints are taken, several texts stay apart, with or without one: joined once the breakpoint has moved on, they
 * would be another prompt, of which nothing is cached.
 */
export function keepsTextsApart(options: BuildOptions): boolean {
  return options.quirks.cacheControl === true || takesBreakpoints(options);
}
