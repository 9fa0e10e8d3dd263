// Messages between an agent and those that it started (`agent_message`; Codex with its newest models): turns of the user elsewhere, and
// unchanged for a provider of this dialect. OpenAI's models write their text encrypted, into arguments that the schema marks, and
// Codex sends on what stands there; a model of another vendor writes plain text into the same place, which is read as that.
// https://github.com/openai/codex/pull/26210, https://github.com/openai/codex/issues/33551
import type { Extension, Part } from '../../model/content.ts';
import { asObject, asString, type JsonObject } from '../../model/json/json.ts';
import type { Message } from '../../model/request.ts';
import { CONTENT_PREFIX, parseContent } from './parse-content.ts';
import { ID, ownFields } from './wire.ts';

export const AGENT_MESSAGE = 'agent_message';

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

/** The item that the message was parsed from. */
export function agentMessageOf({ parts: [first] }: Message): JsonObject | undefined {
  return first?.type === 'text' ? asObject(ownFields(first.extension)[AGENT_MESSAGE]) : undefined;
}

function readable(part: Part): Part[] {
  if (part.type !== 'opaque' || part.name !== `${CONTENT_PREFIX}encrypted_content`) return [part];
  const text = asString(asObject(part.value)?.encrypted_content);
  if (text === undefined) return [part];
  // The part stays, so that it is named as lost.
  if (CIPHERTEXT.test(text)) return [{ type: 'text', text: UNREADABLE }, part];
  return [{ type: 'text', text }];
}
