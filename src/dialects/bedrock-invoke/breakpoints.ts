// Cache breakpoints that Amazon refuses for older models are left out, or their time to live.
import { asArray, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { Loss } from '../../model/request.ts';
import { cachesPrompts, takesCacheTtl } from '../aws/prompt-cache.ts';
import { FIVE_MINUTES, NOT_CACHED } from '../shared/cache-control.ts';

/** @param body of the inner dialect; it is modified. */
export function fitBreakpoints(body: JsonObject, model: string): Loss[] {
  if (takesCacheTtl(model)) return [];
  const isCached = cachesPrompts(model);
  const losses = new Map<string, Loss>();
  const fit = (block: JsonValue): JsonValue => {
    const { cache_control: mark, ...rest } = asObject(block) ?? {};
    const breakpoint = asObject(mark);
    const content = asArray(rest.content);
    const inner = content === undefined ? rest : { ...rest, content: content.map(fit) };
    if (breakpoint === undefined) return content === undefined ? block : inner;
    const { ttl, ...kept } = breakpoint;
    if (!isCached) losses.set('lost', { feature: 'cache_control', outcome: 'lost', how: NOT_CACHED });
    else if (ttl === '1h')
      losses.set('ttl', { feature: 'cache_control', outcome: 'approximated', how: FIVE_MINUTES });
    return isCached ? { ...inner, cache_control: kept } : inner;
  };
  for (const field of ['tools', 'system', 'messages']) {
    const blocks = asArray(body[field]);
    if (blocks !== undefined) body[field] = blocks.map(fit);
  }
  return [...losses.values()];
}
