// What a server's quirks change in `messages`.
import { asArray, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { Quirks } from '../quirks.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { ELLIPSIS, GIVEN_AS_TEXT, THOUGHT_UNKNOWN } from '../shared/losses/substitutes.ts';
import { isEmptyValue } from '../shared/losses/unread-fields.ts';
import { orderMessages } from './message-order.ts';
import { thinkingOf } from './model-thinking.ts';
import { fitCallId } from './tool-call-id.ts';

/** Sent if a server requires a user message and the conversation has none. */
const STAND_IN = 'Go on.';

/** Sent where thinking is required and unknown: DeepSeek and Moonshot require some text. */
const UNKNOWN_THOUGHT = '.';

export function changesMessages(quirks: Quirks): boolean {
  const { developerRole, participantNames, needsUserMessage, messageOrder, messageFields } = quirks;
  return (
    messageFields !== undefined ||
    quirks.needsContent !== undefined ||
    developerRole === false ||
    participantNames === false ||
    needsUserMessage === true ||
    messageOrder === true
  );
}

/** Returns the same array if nothing changes. */
export function adaptMessages(
  messages: JsonValue[],
  model: string,
  quirks: Quirks,
  losses: LossReport,
): JsonValue[] {
  const { messageFields } = quirks;
  const known = messageFields && new Set(['role', 'content', ...messageFields]);
  if (known?.has('reasoning') === true && thinkingOf(model, quirks).thinks === undefined)
    known.delete('reasoning');
  let changed = false;
  const adapted = messages.map((message) => {
    const fields = asObject(message);
    const next = fields && adaptMessage(fields, known, quirks, losses);
    if (next === undefined || next === fields) return message;
    changed = true;
    return next;
  });
  if (quirks.needsUserMessage === true && !adapted.some((message) => asObject(message)?.role === 'user')) {
    changed = true;
    // After the instructions, before the model's first turn.
    const at = adapted.findIndex((message) => asObject(message)?.role !== 'system');
    adapted.splice(at === -1 ? adapted.length : at, 0, { role: 'user', content: STAND_IN });
    losses.approximated(
      'messages',
      'a user message is added, since the provider refuses a conversation without one',
    );
  }
  const result = changed ? adapted : messages;
  return quirks.messageOrder === true ? orderMessages(result, losses) : result;
}

/** Returns the same object if nothing changes. */
function adaptMessage(
  message: JsonObject,
  known: ReadonlySet<string> | undefined,
  quirks: Quirks,
  losses: LossReport,
): JsonObject {
  const withRefusal = refusalAsText(message, losses);
  let next = known === undefined ? withRefusal : withKnownFields(withRefusal, known, losses);
  if (quirks.developerRole === false && next.role === 'developer') next = { ...next, role: 'system' };
  if (quirks.participantNames === false && next.name !== undefined) {
    if (!saidByCall(next, 'name')) losses.lost('messages.name');
    const { name: _, ...rest } = next;
    next = rest;
  }
  if (quirks.needsContent !== undefined && next.role === 'assistant' && isEmptyValue(next.content))
    return withContent(next, quirks.needsContent, losses);
  return next;
}

/**
 * The field is OpenAI's. To servers that do not know it, a turn that is a refusal is empty, and DeepSeek and others refuse the conversation
 * ("content or tool_calls must be set").
 */
function refusalAsText(message: JsonObject, losses: LossReport): JsonObject {
  if (typeof message.refusal !== 'string' || message.refusal === '' || !isEmptyValue(message.content))
    return message;
  const { refusal, ...rest } = message;
  losses.approximated('refusal', GIVEN_AS_TEXT);
  return { ...rest, content: refusal };
}

/** @param message of the assistant, without content. */
function withContent(message: JsonObject, needed: 'text' | 'words', losses: LossReport): JsonObject {
  if (needed === 'text') return message.content === '' ? message : { ...message, content: '' };
  // Answers without content and calls reached their limit while the model thought, or lost their calls to the client.
  if (!isEmptyValue(message.tool_calls) || message.partial === true) return message;
  losses.approximated('messages', 'an empty answer is sent as an ellipsis, since the provider refuses it');
  return { ...message, content: ELLIPSIS };
}

/** Removes fields of an answer, from this or another provider, that the client sends back unchanged. */
function withKnownFields(message: JsonObject, known: ReadonlySet<string>, losses: LossReport): JsonObject {
  const isKnown = (name: string) => known.has(name) || known.has(`${message.role}.${name}`);
  if (Object.keys(message).every(isKnown)) return message;
  const kept: JsonObject = {};
  for (const [name, value] of Object.entries(message)) {
    if (isKnown(name)) kept[name] = value;
    else if (!isEmptyValue(value) && !saidByCall(message, name)) losses.lost(`messages.${name}`);
  }
  return kept;
}

/** A result names the function of its call. */
function saidByCall({ role }: JsonObject, field: string): boolean {
  return role === 'tool' && field === 'name';
}

/**
 * Adds a stand-in to calls without thinking, which come from a client that does not send thinking back, or from another model; the same
 * array if none is needed. https://api-docs.deepseek.com/guides/thinking_mode,
 * https://platform.moonshot.ai/docs/guide/use-kimi-k2-thinking-model
 */
export function withReasoning(messages: JsonValue[], losses: LossReport): JsonValue[] {
  let changed = false;
  const whole = messages.map((message, at) => {
    const fields = asObject(message);
    if (fields?.role !== 'assistant' || fields.reasoning_content) return message;
    const answers = asObject(messages[at - 1])?.role === 'tool';
    // Text before a call, as a separate message: https://github.com/experientiallabs/experiential/pull/890
    const goesOn = asObject(messages[at + 1])?.role === 'assistant';
    if (!answers && !goesOn && (asArray(fields.tool_calls)?.length ?? 0) === 0) return message;
    changed = true;
    return { ...fields, reasoning_content: UNKNOWN_THOUGHT };
  });
  if (!changed) return messages;
  losses.approximated('reasoning', THOUGHT_UNKNOWN);
  return whole;
}

/**
 * Rewrites ids that another server gave to earlier calls in the form that this one accepts; the same array if all are in it. vLLM's have 46
 * characters, but OpenAI accepts only 40. https://github.com/anomalyco/opencode/issues/12653
 */
export function withFittedCallIds(messages: JsonValue[], quirks: Quirks): JsonValue[] {
  let changed = false;
  const fitted = messages.map((message) => {
    const fields = asObject(message);
    const next = fields === undefined ? message : fitCallIds(fields, quirks);
    changed ||= next !== message;
    return next;
  });
  return changed ? fitted : messages;
}

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
