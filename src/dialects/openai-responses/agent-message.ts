// Messages between an agent and those that it started (`agent_message`; Codex with its newest models): turns of the user elsewhere, and
// unchanged for a provider of this dialect. OpenAI's models write their text encrypted, into arguments that the schema marks, and
// Codex sends on what stands there; a model of another vendor writes plain text into the same place, which is read as that.
// https://github.com/openai/codex/pull/26210, https://github.com/openai/codex/issues/33551
import type { Extension, Part } from '../../model/content.ts';
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { Message } from '../../model/request.ts';
import { CONTENT_PREFIX, parseContent } from './parse-content.ts';
import { ID, ownFields } from './wire.ts';

export const AGENT_MESSAGE = 'agent_message';

/** The type of a part of such a message, and the field that has its text. */
const ENCRYPTED = 'encrypted_content';

/** What OpenAI encrypts begins with the version of its tokens, and has no space. */
const CIPHERTEXT = /^gAAAAA[\w-]{40,}={0,2}$/;

const UNREADABLE = '(This text is encrypted for models of OpenAI. No other model can read it.)';

/** Undefined where it does not begin with text, by which the item is found again. */
export function parseAgentMessage(item: JsonObject, path: string): Message | undefined {
  const [first, ...rest] = parseContent(item.content, `${path}.content`).flatMap(readable);
  if (first?.type !== 'text') return undefined;
  const extension: Extension = { dialect: ID, fields: { [AGENT_MESSAGE]: item }, defaults: [AGENT_MESSAGE] };
  return { role: 'user', parts: [{ ...first, extension }, ...rest] };
}

/** The item that the message was parsed from, in the words that the message has now: transformers may have changed them. */
export function agentMessageOf({ parts }: Message): JsonObject | undefined {
  const [first] = parts;
  const item = first?.type === 'text' ? asObject(ownFields(first.extension)[AGENT_MESSAGE]) : undefined;
  if (item === undefined) return undefined;
  const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  const { content } = item;
  if (typeof content === 'string') return { ...item, content: texts.join('') };
  return { ...item, content: (asArray(content) ?? []).map((entry) => inWords(entry, texts)) };
}

/** @param texts those of the message from this entry on; its own is taken out. */
function inWords(entry: JsonValue, texts: string[]): JsonValue {
  const [part] = parseContent([entry], AGENT_MESSAGE).flatMap(readable);
  if (part?.type !== 'text') return entry;
  const text = texts.shift();
  if (text === undefined || text === part.text || part.text === UNREADABLE) return entry;
  const fields = asObject(entry) ?? {};
  return { ...fields, [fields.type === ENCRYPTED ? ENCRYPTED : 'text']: text };
}

function readable(part: Part): Part[] {
  if (part.type !== 'opaque' || part.name !== CONTENT_PREFIX + ENCRYPTED) return [part];
  const text = asString(asObject(part.value)?.[ENCRYPTED]);
  if (text === undefined) return [part];
  // The part stays, so that it is named as lost.
  if (CIPHERTEXT.test(text)) return [{ type: 'text', text: UNREADABLE }, part];
  return [{ type: 'text', text }];
}
