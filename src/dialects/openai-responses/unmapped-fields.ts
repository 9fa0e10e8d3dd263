// The parts of an answer, or of its items, that have no neutral form.
import { asArray, asObject, asString, type JsonObject } from '../../model/json/json.ts';
import type { Extension } from '../../model/content.ts';
import { isUnreadable } from '../openai/logprobs.ts';
import { unreadFields } from '../shared/losses/unread-fields.ts';
import { KNOWN_OUTPUT, KNOWN_RESPONSE } from './known-fields.ts';
import { extensionOf } from './wire.ts';

/** A message's phase. Reported although the message's text has it too (`MessageStart`), for dialects without a place for it. */
export const PHASE = 'phase';

/**
 * Reports each such part of an item by name: a message's phase, unreadable log probabilities, and unknown fields.
 */
export function reportUnmapped(item: JsonObject, report: (name: string, value: JsonObject) => void): void {
  for (const name of unreadFields({ output: item }, KNOWN_OUTPUT)) report(name, {});
  if (item.type !== undefined && item.type !== 'message') return;
  const phase = asString(item.phase);
  if (phase !== undefined) report(PHASE, { phase });
  const content = asArray(item.content) ?? [];
  if (content.some((part) => isUnreadable(asObject(part)?.logprobs))) report('logprobs', {});
}

/** Names of the response's fields that describe the answer and have no neutral form. */
export function unreadOf(response: JsonObject): string[] {
  return unreadFields(response, KNOWN_RESPONSE);
}

export function answerExtension(body: JsonObject, output: readonly JsonObject[]): { extension?: Extension } {
  const fields: JsonObject = {};
  for (const name of unreadOf(body)) fields[name] = body[name];
  for (const item of output) {
    reportUnmapped(item, (name, value) => {
      fields[name] = value;
    });
  }
  return extensionOf(fields);
}
