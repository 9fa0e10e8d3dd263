// `messages` of a request → system parts and neutral turns.
import type { Part, TextPart, ToolCallPart } from '../../model/content.ts';
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { callIdFromWire, tokenFromWire } from '../../model/opaque-token.ts';
import type { Message } from '../../model/request.ts';
import { isEmptyValue } from '../shared/losses/unread-fields.ts';
import {
  invalid,
  optionalArray,
  requiredMessages,
  requiredObject,
  requiredString,
} from '../shared/read-field.ts';
import { parseAnnotations } from './annotations.ts';
import { breakpointOf } from './breakpoint-field.ts';
import { parseImages, withSeals } from './media.ts';
import { parseContent, parseResultContent, parseTextContent } from './parse-content.ts';
import { type MessageReasoning, parseReasoning, parseThinkingBlocks, THINKING_BLOCKS } from './reasoning.ts';
import { carriedThought, parseClientCall } from './tool-call.ts';
import { ID } from './wire.ts';

export interface ParsedMessages {
  system: TextPart[];
  messages: Message[];
}

export function parseMessages(value: JsonValue | undefined): ParsedMessages {
  const system: TextPart[] = [];
  const messages: Message[] = [];
  /** The user turn that collects the results of one round of calls. */
  let results: Message | undefined;
  /** Calls in the legacy form `function_call` have no id: a name → the id generated for its newest call. */
  const legacyIds = new Map<string, string>();

  for (const [index, item] of requiredMessages(value).entries()) {
    const path = `messages[${index}]`;
    const message = requiredObject(item, path);
    const role = requiredString(
      message,
      'role',
      `${path}.role`,
      'say `system`, `developer`, `user`, `assistant` or `tool`',
    );
    if (role === 'tool' || role === 'function') {
      const callId = role === 'tool' ? toolCallId(message, path) : legacyCallId(message, path, legacyIds);
      const part: Part = {
        type: 'tool-result',
        callId,
        content: parseResultContent(message.content, `${path}.content`),
      };
      if (results === undefined) {
        results = { role: 'user', parts: [] };
        messages.push(results);
      }
      results.parts.push(...withCacheControl([part], message));
      continue;
    }
    results = undefined;
    switch (role) {
      case 'system':
      case 'developer': {
        const parts = withCacheControl(parseTextContent(message.content, `${path}.content`), message);
        if (messages.length === 0) system.push(...parts);
        else messages.push({ role: 'system', parts, ...participant(message) });
        break;
      }
      case 'user': {
        const parts = withCacheControl(parseContent(message.content, `${path}.content`), message);
        messages.push({ role: 'user', parts, ...participant(message) });
        break;
      }
      case 'assistant': {
        const parts = withCacheControl(parseAssistant(message, path, index, legacyIds), message);
        messages.push({ role: 'assistant', parts, ...participant(message) });
        break;
      }
      default:
        throw invalid(
          `${path}.role`,
          `\`${role}\` is not a role; say \`system\`, \`developer\`, \`user\`, \`assistant\` or \`tool\``,
        );
    }
  }
  return { system, messages };
}

/** Fields of an assistant message that are read below, or only repeat the answer. */
const ASSISTANT_FIELDS = new Set([
  'role',
  'content',
  'name',
  'refusal',
  'tool_calls',
  'function_call',
  'reasoning_content',
  'reasoning',
  'reasoning_details',
  THINKING_BLOCKS,
  'annotations',
  'cache_control',
  'copilot_cache_control',
  'provider_metadata',
  'channel',
]);

const REASONING_FIELDS = ['reasoning_content', 'reasoning', 'reasoning_details'] as const;

/** OpenAI's Agents SDK for JavaScript sends an answer's fields back on its text instead of the message. */
function withReasoningOfText(message: JsonObject): JsonObject {
  if (REASONING_FIELDS.some((name) => message[name] !== undefined)) return message;
  const text = asObject(asArray(message.content)?.[0]);
  const moved = REASONING_FIELDS.flatMap((name) => (text?.[name] === undefined ? [] : [[name, text[name]]]));
  return moved.length === 0 ? message : { ...message, ...Object.fromEntries(moved) };
}

function parseAssistant(
  sent: JsonObject,
  path: string,
  index: number,
  legacyIds: Map<string, string>,
): Part[] {
  const message = withReasoningOfText(sent);
  const reasoning =
    parseThinkingBlocks(message) ?? parseReasoning(message, (text) => tokenFromWire(ID, text));
  const said: Part[] = [];
  if (message.content !== null && message.content !== undefined && message.content !== '') {
    said.push(...parseContent(message.content, `${path}.content`));
  }
  const firstText = said.find((part) => part.type === 'text');
  const citations = parseAnnotations(message.annotations, 0);
  if (firstText !== undefined && citations.length > 0) firstText.citations = citations;
  const refusal = asString(message.refusal);
  if (refusal) said.push({ type: 'refusal', text: refusal });

  const calls: ToolCallPart[] = (optionalArray(message, 'tool_calls', `${path}.tool_calls`) ?? []).map(
    (call, position) => {
      const callPath = `${path}.tool_calls[${position}]`;
      const fields = requiredObject(call, callPath);
      requiredString(fields, 'id', `${callPath}.id`, 'repeat the id that the answer gave');
      const parsed = parseClientCall(fields, '');
      if (parsed === undefined)
        throw invalid(`${callPath}.function.name`, 'is missing; name the tool called');
      return parsed;
    },
  );
  const legacy = asObject(message.function_call);
  if (legacy !== undefined && calls.length === 0) {
    const call = parseClientCall({ function: legacy }, `call_message_${index}`);
    if (call === undefined)
      throw invalid(`${path}.function_call.name`, 'is missing; name the function called');
    legacyIds.set(call.name, call.id);
    calls.push(call);
  }

  const images = parseImages(message.images);
  const others: Part[] = [];
  for (const [name, field] of Object.entries(message)) {
    if (ASSISTANT_FIELDS.has(name) || isEmptyValue(field)) continue;
    if (name === 'images' && images !== undefined) continue;
    if (name === 'extra_content' && isOnCall(field, message)) continue;
    others.push({ type: 'opaque', dialect: ID, name, value: { [name]: field } });
  }
  const { before, after } = withCarried(reasoning, message);
  const rest =
    said.length === 0
      ? withSeals([...before, ...after], images ?? [])
      : [...before, ...said, ...withSeals(after, images ?? [])];
  return [...rest, ...calls, ...others];
}

/** That SDK also repeats a call's further fields on the message. */
function isOnCall(field: JsonValue | undefined, { tool_calls: calls }: JsonObject): boolean {
  const repeated = JSON.stringify(field);
  return asArray(calls)?.some((call) => JSON.stringify(asObject(call)?.extra_content) === repeated) === true;
}

/** The message's reasoning with the seal that its first call carries, unless that belongs to another text. */
function withCarried(reasoning: MessageReasoning, { tool_calls: calls }: JsonObject): MessageReasoning {
  const carried = carriedThought(asObject(asArray(calls)?.[0]) ?? {});
  if (carried === undefined) return reasoning;
  const [kept, ...others] = [...reasoning.before, ...reasoning.after];
  if (kept === undefined) return { before: [carried], after: [] };
  const isBare = kept.signature === undefined && kept.redacted === undefined;
  return isBare && others.length === 0 && kept.text === carried.text
    ? { before: [carried], after: [] }
    : reasoning;
}

function toolCallId(message: JsonObject, path: string): string {
  const id = requiredString(
    message,
    'tool_call_id',
    `${path}.tool_call_id`,
    'repeat the id of the tool call that this message answers',
  );
  return callIdFromWire(id).id;
}

function legacyCallId(message: JsonObject, path: string, legacyIds: Map<string, string>): string {
  const name = requiredString(message, 'name', `${path}.name`, 'name the function that this message answers');
  const id = legacyIds.get(name);
  if (id === undefined) throw invalid(`${path}.name`, `no earlier assistant message called \`${name}\``);
  return id;
}

function participant(message: JsonObject): { name?: string } {
  const name = asString(message.name);
  return name === undefined ? {} : { name };
}

/** A breakpoint on the message (instead of a part) belongs to its last part. */
function withCacheControl<P extends Part>(parts: P[], message: JsonObject): P[] {
  const last = parts.at(-1);
  const cacheControl = breakpointOf(message);
  if (cacheControl !== undefined && last !== undefined && last.type !== 'opaque')
    last.cacheControl ??= cacheControl;
  return parts;
}
