// The model name in an answer, for a client that compares it with the one it requested. Claude Code takes thinking under another name for
// another model's, which could not read its signature, and never sends it back. A model requested as `openai/gpt-5.4` would then think anew
// after each tool call.
import type { AnswerContext } from '../dialect.ts';

/** @param reported the name reported by the provider. */
export function modelName(reported: string | null | undefined, { askedAs, model }: AnswerContext): string {
  const served = reported ?? model;
  return askedAs !== undefined && isVersionOf(served, model) ? askedAs : served;
}

/** OpenAI answers a request for `gpt-5.4` as `gpt-5.4-2026-03-05`. */
function isVersionOf(served: string, model: string): boolean {
  return served.startsWith(model) && /^(?:-\d[\d-]*)?$/.test(served.slice(model.length));
}
