// The format of a free-text tool, which OpenAI's two dialects write differently.
import type { JsonObject } from '../../model/json/json.ts';

/** The format as Chat Completions and the neutral request have it; Responses has a grammar's fields beside its type. */
export function nestGrammar(format: JsonObject): JsonObject {
  if (format.type !== 'grammar' || format.grammar !== undefined) return format;
  const { type, ...grammar } = format;
  return { type, grammar };
}
