// OpenAI's mark at the end of a prompt prefix to cache. It is the same in both of its dialects, between which it is carried. Anthropic's
// marks become such marks if the model accepts them. https://developers.openai.com/api/docs/guides/prompt-caching#prompt-cache-breakpoints
import type { Extension } from '../../model/content.ts';
import type { DialectId } from '../../model/dialect-id.ts';
import { asString, isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { BuildOptions } from '../dialect.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';

export const BREAKPOINT = 'prompt_cache_breakpoint';

/** Whether the model, at this server, accepts them in place of Anthropic's. */
export function takesBreakpoints({ quirks, model, baseUrl = '' }: BuildOptions): boolean {
  const { breakpoints } = quirks;
  return breakpoints?.models.test(model) === true && breakpoints.at.test(`${baseUrl}/`);
}

interface ParsedBreakpoint {
  /** Ends a reusable prefix, like Anthropic's. */
  cacheControl: JsonObject;
  extension: Extension;
}

/** @param known the part's other fields that only its own dialect has. */
export function parseBreakpoint(
  part: JsonObject,
  dialect: DialectId,
  known: Extension | undefined,
): ParsedBreakpoint | undefined {
  const { [BREAKPOINT]: breakpoint } = part;
  if (!isObject(breakpoint)) return undefined;
  const ttl = asString(breakpoint.ttl);
  return {
    cacheControl: { type: 'ephemeral', ...(ttl !== undefined && { ttl }) },
    extension: { dialect, fields: { ...known?.fields, [BREAKPOINT]: breakpoint }, defaults: [BREAKPOINT] },
  };
}

/** The client's own mark, whichever of the two dialects it speaks. */
export function breakpointIn(extension: Extension | undefined): JsonValue | undefined {
  return extension?.fields[BREAKPOINT];
}

/** Replaces Anthropic's mark. What is cached is kept for half an hour unless the mark says otherwise. */
export function explicitBreakpoint({ ttl }: JsonObject, losses: LossReport): JsonObject {
  if (ttl === '1h') losses.approximated('cache_control', 'kept for half an hour');
  return { mode: 'explicit' };
}
