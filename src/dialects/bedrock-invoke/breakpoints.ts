// Cache breakpoints as Amazon takes them: without what only Anthropic's own servers know (`scope`, which Claude Code sends), for
// older models without a time to live, or none at all. https://github.com/anthropics/claude-code/issues/41966
import { asArray, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { Loss } from '../../model/request.ts';
import { cachesPrompts, takesCacheTtl } from '../aws/prompt-cache.ts';
import { NOT_CACHED, plainBreakpoint, withoutTtl } from '../shared/cache-control.ts';
import { createLossReport } from '../shared/loss-report.ts';

/** @param body of the inner dialect; it is modified. */
export function fitBreakpoints(body: JsonObject, model: string): Loss[] {
  const losses = createLossReport('bedrock-invoke');
  const fitted = (breakpoint: JsonObject): JsonObject | undefined => {
    if (!cachesPrompts(model)) {
      losses.lost('cache_control', NOT_CACHED);
      return undefined;
    }
    const plain = plainBreakpoint(breakpoint, losses);
    return takesCacheTtl(model) ? plain : withoutTtl(plain, losses);
  };
  const fit = (block: JsonValue): JsonValue => {
    const fields = asObject(block);
    if (fields === undefined) return block;
    const { cache_control: mark, ...rest } = fields;
    const content = asArray(rest.content);
    const inner = content === undefined ? rest : { ...rest, content: content.map(fit) };
    const breakpoint = asObject(mark);
    const kept = breakpoint === undefined ? undefined : fitted(breakpoint);
    return kept === undefined ? inner : { ...inner, cache_control: kept };
  };
  for (const field of ['tools', 'system', 'messages']) {
    const blocks = asArray(body[field]);
    if (blocks !== undefined) body[field] = blocks.map(fit);
  }
  return losses.list();
}
