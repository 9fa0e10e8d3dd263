// A tool that Claude Code declares only so that each of its requests holds one tool back (`defer_loading`): "keeps deferred tool loading
// active; never call this tool". It is not offered to models of other vendors, which get held-back tools from the start.
import { asObject, type JsonValue } from '../../model/json/json.ts';

/** Its name, also as a field that only Anthropic's dialect knows. */
export const TOOL_PLACEHOLDER = 'DeferredToolPlaceholder';

export function isToolPlaceholder(tool: JsonValue): boolean {
  const { name, defer_loading: isHeldBack } = asObject(tool) ?? {};
  return name === TOOL_PLACEHOLDER && isHeldBack === true;
}
