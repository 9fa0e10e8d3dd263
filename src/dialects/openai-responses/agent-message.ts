// Messages between an agent and those that it started (`agent_message`; Codex with its newest models): they become turns of the user
// elsewhere, and pass unchanged to OpenAI's models. Other servers of this dialect refuse the type, so plain ones become turns of the user
// there too. OpenAI's models write the text encrypted, into arguments that the schema marks, and Codex passes on what stands there; a model
// of another vendor writes plain text there, which is read as such. https://github.com/openai/codex/pull/26210,
// https://github.com/openai/codex/issues/33551 Refused by Ollama, vLLM, Bedrock and xAI: https://github.com/ollama/ollama/issues/18286,
// https://github.com/BerriAI/litellm/issues/36528, https://github.com/router-for-me/CLIProxyAPI/issues/5207
import type { Part } from '../../model/content.ts';
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { Message } from '../../model/request.ts';
import { CONTENT_PREFIX, parseContent } from './parse-content.ts';
import { keptAs, ownFields } from './wire.ts';

export const AGENT_MESSAGE = 'agent_message';

/** The type of a part of such a message, and the name of the field with its text. */
const ENCRYPTED = 'encrypted_content';

/** What OpenAI encrypts begins with the version of its tokens, and contains no space. */
const CIPHERTEXT = /^gAAAAA[\w-]{40,}={0,2}$/;

const UNREADABLE = '(This text is encrypted for models of OpenAI. No other model can read it.)';

/** Undefined if the item does not begin with text, by which it would be found again. */
export function parseAgentMessage(item: JsonObject, path: string): Message | undefined {
  const [first, ...rest] = parseContent(item.content, `${path}.content`).flatMap(readable);
  if (first?.type !== 'text') return undefined;
  return { role: 'user', parts: [{ ...first, extension: keptAs(AGENT_MESSAGE, item) }, ...rest] };
}

/** The item from which the message was parsed, with the text that the message has now, since transformers may have changed it. */
export function agentMessageOf({ parts }: Message): JsonObject | undefined {
  const [first] = parts;
  const item = first?.type === 'text' ? asObject(ownFields(first.extension)[AGENT_MESSAGE]) : undefined;
  if (item === undefined) return undefined;
  const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  const { content } = item;
  if (typeof content === 'string') return { ...item, content: texts.join('') };
  return { ...item, content: (asArray(content) ?? []).map((entry) => inWords(entry, texts)) };
}

/**
 * The item in the form that a server of this dialect accepts. Encrypted ones pass everywhere, since an OpenAI model may have any name.
 * @param isOpenAis whether the model's name is one of OpenAI's, which refuses plain text in place of what it encrypted.
 */
export function fitAgentMessage(item: JsonObject, isOpenAis: boolean): JsonObject {
  const listed = asArray(item.content);
  if (listed === undefined && isOpenAis) return item;
  const given = listed ?? [item.content ?? ''];
  const isSealed = (part: JsonValue) => {
    const { type, [ENCRYPTED]: text } = asObject(part) ?? {};
    return type === ENCRYPTED && CIPHERTEXT.test(asString(text) ?? '');
  };
  if (!isOpenAis && given.some(isSealed)) return item;
  const content = given.map((part) => (isSealed(part) ? part : inPlainText(part)));
  if (!isOpenAis) return { type: 'message', role: 'user', content };
  return content.every((part, index) => part === given[index]) ? item : { ...item, content };
}

function inPlainText(part: JsonValue): JsonValue {
  if (typeof part === 'string') return { type: 'input_text', text: part };
  const { type, [ENCRYPTED]: text } = asObject(part) ?? {};
  return type === ENCRYPTED && typeof text === 'string' ? { type: 'input_text', text } : part;
}

/** @param texts those of the message from this entry on; the entry's own is removed. */
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
  // The part stays, so that it is reported as lost.
  if (CIPHERTEXT.test(text)) return [{ type: 'text', text: UNREADABLE }, part];
  return [{ type: 'text', text }];
}
