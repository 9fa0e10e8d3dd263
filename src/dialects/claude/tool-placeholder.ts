// A tool that Claude Code declares only so that one is held back (`defer_loading`) in each of its requests: "keeps deferred tool
// loading active; never call this tool". Models of other vendors, which are offered such tools from the start, are not offered it.
import { asObject, type JsonValue } from '../../model/json/json.ts';

/** Its name, also among the fields that only Anthropic's dialect knows. */
export const TOOL_PLACEHOLDER = 'DeferredToolPlaceholder';

export function isToolPlaceholder(tool: JsonValue): boolean {
  const { name, defer_loading: isHeldBack } = asObject(tool) ?? {};
  return name === TOOL_PLACEHOLDER && isHeldBack === true;
}
