// The order of messages that Mistral's servers require, where OpenAI's accept any.
// https://github.com/mistralai/mistral-common (`_validate_message_order`, `_validate_last_message`)
import { asArray, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { isEmptyValue } from '../shared/losses/unread-fields.ts';
import { PREFILL } from '../shared/turns/prefill.ts';

/** Stands between a tool's result and the user's next text. */
const BRIDGE: JsonObject = { role: 'assistant', content: 'OK.' };

/** Returns the same array if the order is right. Applying it again changes nothing. */
export function orderMessages(messages: JsonValue[], losses: LossReport): JsonValue[] {
  const ordered: JsonValue[] = [];
  for (const [index, message] of messages.entries()) {
    const fields = asObject(message);
    if (fields === undefined) {
      ordered.push(message);
      continue;
    }
    if (isEmptyMessage(fields)) continue;
    const before = roleOf(ordered.at(-1));
    const isLast = index === messages.length - 1;
    let next = fields;
    if (isInstruction(fields) && (isLast || before === 'assistant' || before === 'tool')) {
      next = { ...fields, role: 'user' };
      losses.approximated('messages.system', 'an instruction between turns is sent as user text');
    }
    if (next.role === 'user' && before === 'tool') {
      ordered.push(BRIDGE);
      losses.approximated('messages', 'a short answer is added between the tool result and the user');
    }
    if (isLast && next.role === 'assistant' && !hasCalls(next) && next.prefix !== true) {
      next = { ...next, prefix: true };
      losses.approximated(PREFILL, 'the provider repeats the last turn at the start of its answer');
    }
    ordered.push(next === fields ? message : next);
  }
  const isSame = ordered.length === messages.length && ordered.every((each, at) => each === messages[at]);
  return isSame ? messages : ordered;
}

function roleOf(message: JsonValue | undefined): JsonValue | undefined {
  return asObject(message)?.role;
}

function isInstruction({ role }: JsonObject): boolean {
  return role === 'system' || role === 'developer';
}

function hasCalls(message: JsonObject): boolean {
  return (asArray(message.tool_calls)?.length ?? 0) > 0;
}

/** An assistant turn without text and calls is refused. */
function isEmptyMessage(message: JsonObject): boolean {
  const { role, content } = message;
  if (role !== 'assistant' || hasCalls(message)) return false;
  return isEmptyValue(content);
}
