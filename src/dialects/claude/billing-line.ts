// The line in which Claude Code tells Anthropic what to bill for: the first block of its system prompt. It says nothing to a model, and
// goes to Anthropic alone. Amazon refuses it, and since it changes with the conversation (in some versions with each request), prompts that
// begin with it are never found in a cache. https://github.com/anthropics/claude-code/issues/24168,
// https://github.com/anthropics/claude-code/issues/68900
import type { Extension } from '../../model/content.ts';
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';

/** Its name, as a field that only Anthropic's dialect knows and as a loss. */
export const BILLING_LINE = 'x-anthropic-billing-header';

/** The first block of the system prompt, if it consists of this line. */
export function billingLine(system: JsonValue | undefined): JsonObject | undefined {
  const first = asObject(asArray(system)?.[0]);
  const text = asString(first?.text);
  if (text?.startsWith(`${BILLING_LINE}:`) !== true) return undefined;
  return text.trimEnd().includes('\n') ? undefined : first;
}

/** The extension without the line; undefined if it does not have one. */
export function takeOutBillingLine(extension: Extension | undefined): { extension: Extension } | undefined {
  if (extension?.fields[BILLING_LINE] === undefined) return undefined;
  const { [BILLING_LINE]: _, ...fields } = extension.fields;
  return { extension: { ...extension, fields } };
}
