// What a server's quirks change in `messages`.
import { asArray, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { Quirks } from '../dialect.ts';
import type { LossReport } from '../shared/loss-report.ts';
import { orderMessages } from './message-order.ts';
import { fitCallId } from './tool-call-id.ts';

/** Sent where a server wants a user message and the conversation has none. */
const STAND_IN = 'Go on.';

export function changesMessages(quirks: Quirks): boolean {
  const { developerRole, participantNames, needsUserMessage, messageOrder, callIds } = quirks;
  return (
    developerRole === false ||
    participantNames === false ||
    needsUserMessage === true ||
    messageOrder === true ||
    callIds === 'exactly-9'
  );
}

/** The same array where nothing changes. */
export function adaptMessages(messages: JsonValue[], quirks: Quirks, losses: LossReport): JsonValue[] {
  let changed = false;
  const adapted = messages.map((message) => {
    const fields = asObject(message);
    const next = fields && adaptMessage(fields, quirks, losses);
    if (next === undefined || next === fields) return message;
    changed = true;
    return next;
  });
  if (quirks.needsUserMessage === true && !adapted.some((message) => asObject(message)?.role === 'user')) {
    changed = true;
    // Behind the instructions, before what the model said.
    const at = adapted.findIndex((message) => asObject(message)?.role !== 'system');
    adapted.splice(at === -1 ? adapted.length : at, 0, { role: 'user', content: STAND_IN });
    losses.approximated(
      'messages',
      'a user message is added, the provider refuses a conversation without one',
    );
  }
  const result = changed ? adapted : messages;
  return quirks.messageOrder === true ? orderMessages(result, losses) : result;
}

/** The same object where nothing changes. */
function adaptMessage(message: JsonObject, quirks: Quirks, losses: LossReport): JsonObject {
  let next = message;
  if (quirks.developerRole === false && next.role === 'developer') next = { ...next, role: 'system' };
  if (quirks.participantNames === false && next.name !== undefined) {
    const { name: _, ...rest } = next;
    next = rest;
    losses.lost('messages.name');
  }
  return quirks.callIds === 'exactly-9' ? fitCallIds(next, quirks) : next;
}

/** Ids that another server gave to calls of earlier turns, in the form that this one takes. */
function fitCallIds(message: JsonObject, quirks: Quirks): JsonObject {
  const { tool_call_id: answered, tool_calls: listed } = message;
  let next = message;
  if (typeof answered === 'string' && fitCallId(answered, quirks) !== answered) {
    next = { ...next, tool_call_id: fitCallId(answered, quirks) };
  }
  const calls = asArray(listed);
  const fitted = calls?.map((call) => fitCall(call, quirks));
  if (fitted?.some((call, at) => call !== calls?.[at])) next = { ...next, tool_calls: fitted };
  return next;
}

function fitCall(call: JsonValue, quirks: Quirks): JsonValue {
  const fields = asObject(call);
  if (fields === undefined || typeof fields.id !== 'string') return call;
  const id = fitCallId(fields.id, quirks);
  return id === fields.id ? call : { ...fields, id };
}
