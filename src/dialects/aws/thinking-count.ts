// How many tokens Claude thought with. Converse's own counts do not say; a field of Claude's does, which a request has to name. In a
// stream, `messageStop` has it. A path that leads nowhere is ignored, as in ./matched-stop.ts.
// https://github.com/BerriAI/litellm/blob/main/litellm/llms/bedrock/chat/converse_transformation.py ("Converse omits thinking tokens from
// its usage block")
import { asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';

/** As a request names it (`additionalModelResponseFieldPaths`). */
export const THINKING_PATH = '/usage/output_tokens_details';

/** @param fields `additionalModelResponseFields` of an answer or of its last event. */
export function readThinkingCount(fields: JsonValue | undefined): JsonValue | undefined {
  const usage = asObject(asObject(fields)?.usage);
  return asObject(usage?.output_tokens_details)?.thinking_tokens;
}

export function buildThinkingCount(tokens: number): JsonObject {
  return { usage: { output_tokens_details: { thinking_tokens: tokens } } };
}
