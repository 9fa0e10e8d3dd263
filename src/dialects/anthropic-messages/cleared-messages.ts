// System messages that Claude is shown only until the user's next message (`clear_at`, a beta). Providers of other dialects, and models
// that accept no system messages between turns, get what Claude would see; others of this dialect get the messages unchanged.
// https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
import type { Part, TextPart } from '../../model/content.ts';
import { asArray, asNumber, asObject, asString, type JsonObject } from '../../model/json/json.ts';
import type { Message, NeutralRequest } from '../../model/request.ts';
import { ID, ownFields } from './wire.ts';

/** The field of the request's extension that keeps what `takeClearedMessages` took out. */
const CLEARED = 'cleared_messages';
const CLEAR_AT = 'messages.clear_at';
const NEXT = 'next_user_message';

/**
 * Removes the messages that Claude is not shown any more, and from the others the statement how long they are shown. The request's
 * extension keeps both, so that nothing is reported as lost elsewhere.
 */
export function takeClearedMessages(request: NeutralRequest): void {
  const taken: JsonObject[] = [];
  const messages: Message[] = [];
  const lastOfUser = request.messages.findLastIndex(({ role }) => role === 'user');
  for (const [at, message] of request.messages.entries()) {
    const until = message.role === 'system' ? message.parts.find(isUntil) : undefined;
    const rest = message.parts.filter((part) => part !== until);
    const texts = rest.filter(isPlainText);
    const isCleared = until?.value === NEXT && at < lastOfUser;
    if (until === undefined || (isCleared && texts.length < rest.length)) {
      messages.push(message);
      continue;
    }
    const isWhole = isCleared || rest.length === 0;
    taken.push({ message: at, clear_at: until.value, isWhole, texts: isWhole ? texts.map(kept) : [] });
    if (!isWhole) messages.push({ ...message, parts: rest });
  }
  if (taken.length === 0) return;
  const { fields = {}, defaults = [] } = request.extension ?? {};
  request.messages = messages;
  request.extension = {
    dialect: ID,
    fields: { ...fields, [CLEARED]: taken },
    defaults: [...defaults, CLEARED],
  };
}

/** The request without what `takeClearedMessages` kept, for models that accept no system messages. */
export function withoutClearedMessages(request: NeutralRequest): NeutralRequest {
  const { extension } = request;
  if (extension?.dialect !== ID || extension.fields[CLEARED] === undefined) return request;
  const { [CLEARED]: _, ...fields } = extension.fields;
  return { ...request, extension: { ...extension, fields } };
}

/** Reverses `takeClearedMessages` for a provider of this dialect; the same request if nothing was removed. */
export function putBackClearedMessages(request: NeutralRequest): NeutralRequest {
  const taken = asArray(ownFields(request.extension)[CLEARED]);
  if (taken === undefined) return request;
  const messages = [...request.messages];
  for (const entry of taken) {
    const { message, clear_at = null, isWhole, texts } = asObject(entry) ?? {};
    const at = asNumber(message) ?? 0;
    const until: Part = { type: 'opaque', dialect: ID, name: CLEAR_AT, value: clear_at };
    const said = isWhole === true ? undefined : messages[at];
    // A transformer may have moved the instruction to which it belonged.
    if (isWhole !== true && said?.role !== 'system') continue;
    const parts = said?.parts ?? (asArray(texts) ?? []).map((text) => restored(asObject(text) ?? {}));
    messages.splice(at, said === undefined ? 0 : 1, { role: 'system', parts: [...parts, until] });
  }
  return { ...withoutClearedMessages(request), messages };
}

function isUntil(part: Part): part is Extract<Part, { type: 'opaque' }> {
  const isOwn = part.type === 'opaque' && part.dialect === ID && part.name === CLEAR_AT;
  return isOwn && (part.value === NEXT || part.value === 'never');
}

function isPlainText(part: Part): part is TextPart {
  return part.type === 'text' && part.extension === undefined && part.citations === undefined;
}

function kept({ text, cacheControl }: TextPart): JsonObject {
  return cacheControl === undefined ? { text } : { text, cacheControl };
}

function restored({ text, cacheControl }: JsonObject): TextPart {
  const mark = asObject(cacheControl);
  return { type: 'text', text: asString(text) ?? '', ...(mark !== undefined && { cacheControl: mark }) };
}
