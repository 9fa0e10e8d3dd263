// The field of a message or a tool that ends a cached prompt, which OpenAI has not: Anthropic's, or GitHub Copilot's, which VS
// Code also sends to endpoints of one's own. https://github.com/microsoft/vscode/issues/312940
import { asObject, type JsonObject } from '../../model/json/json.ts';

export function breakpointOf({
  cache_control: anthropic,
  copilot_cache_control: copilot,
}: JsonObject): JsonObject | undefined {
  return asObject(anthropic) ?? asObject(copilot);
}
