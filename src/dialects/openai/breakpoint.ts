// OpenAI's mark at the end of a prompt prefix to cache: the same in both its dialects, between which it is carried over.
import type { Extension } from '../../model/content.ts';
import type { DialectId } from '../../model/dialect-id.ts';
import { asString, isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';

export const BREAKPOINT = 'prompt_cache_breakpoint';

export interface ParsedBreakpoint {
  /** Ends a reusable prefix, like Anthropic's. */
  cacheControl: JsonObject;
  extension: Extension;
}

/** @param known the part's other fields that only its dialect has. */
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

/** The client's own, whichever of the two dialects it speaks. */
export function breakpointIn(extension: Extension | undefined): JsonValue | undefined {
  return extension?.fields[BREAKPOINT];
}
