// The results of calls in one content of a request: finds those that were sent twice, and joins those of one call that come in pieces.
import type { Part, ToolResultPart } from '../../model/content.ts';
import { asString, isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { CallMatcher } from '../shared/tools/call-matcher.ts';
import type { CarriedThought } from './parse-parts.ts';

export class ContentResults {
  private readonly calls: CallMatcher;
  private readonly seen = new Set<string>();
  private readonly byCall = new Map<string, ToolResultPart>();
  private readonly byName = new Map<string, ToolResultPart>();

  constructor(calls: CallMatcher) {
    this.calls = calls;
  }

  /** Whether it repeats a result: Gemini CLI sends results twice in a resumed session, and Anthropic refuses a second one. */
  repeats(part: JsonValue): boolean {
    if (!asString(resultOf(part)?.id)) return false;
    const text = JSON.stringify(part);
    const isRepeated = this.seen.has(text);
    this.seen.add(text);
    return isRepeated;
  }

  /**
   * Adds a further result of a call to the one before it; false if there was none. The AI SDK sends each text of a result as a separate
   * `functionResponse` (github.com/vercel/ai, packages/google/src/convert-to-google-messages.ts: `appendLegacyToolResultParts`), in earlier
   * versions without an id, so that there are more results than calls of that name.
   */
  joins(parsed: Part | CarriedThought, part: JsonValue): boolean {
    if (parsed.type !== 'tool-result') return false;
    const { callId } = parsed;
    const { id, name } = resultOf(part) ?? {};
    const word = asString(name) ?? '';
    const isSurplus = !asString(id) && !this.calls.knows(callId);
    const first = this.byCall.get(callId) ?? (isSurplus ? this.byName.get(word) : undefined);
    if (first === undefined) {
      this.byCall.set(callId, parsed);
      this.byName.set(word, parsed);
      return false;
    }
    first.content.push(...parsed.content);
    if (parsed.isError === true) first.isError = true;
    return true;
  }
}

function resultOf(part: JsonValue): JsonObject | undefined {
  return isObject(part) && isObject(part.functionResponse) ? part.functionResponse : undefined;
}
