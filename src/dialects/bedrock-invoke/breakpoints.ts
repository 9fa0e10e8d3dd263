// Cache breakpoints as Amazon accepts them: without what only Anthropic's own servers know (`scope`, which Claude Code sends), and for
// older models without a time to live or not at all. https://github.com/anthropics/claude-code/issues/41966
import type { JsonObject } from '../../model/json/json.ts';
import type { Loss } from '../../model/request.ts';
import { cachesPrompts, takesCacheTtl } from '../aws/prompt-cache.ts';
import { fittedBreakpoints } from '../claude/breakpoint-fields.ts';
import { NOT_CACHED, plainBreakpoint, withoutTtl } from '../shared/settings/cache-control.ts';
import { LossReport } from '../shared/losses/loss-report.ts';

/** @param body of the inner dialect, which is modified. */
export function fitBreakpoints(body: JsonObject, model: string): Loss[] {
  const losses = new LossReport('bedrock-invoke');
  const fields = fittedBreakpoints(body, (breakpoint) => {
    if (!cachesPrompts(model)) {
      losses.lost('cache_control', NOT_CACHED);
      return undefined;
    }
    const plain = plainBreakpoint(breakpoint, losses);
    return takesCacheTtl(model) ? plain : withoutTtl(plain, losses);
  });
  Object.assign(body, fields);
  return losses.list();
}
