// `messages` of a request → system parts and neutral turns.
import type { ImagePart, Part, ReasoningPart, TextPart, ToolCallPart } from '../../model/content.ts';
import { exactText } from '../../model/json/exact-numbers.ts';
import { asString, isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { callWithThoughtsFromWire, type ThoughtBeforeCall } from '../../model/opaque-token.ts';
import type { Message } from '../../model/request.ts';
import { type CallMatcher, createCallMatcher } from '../shared/tools/call-matcher.ts';
import {
  invalid,
  nameType,
  optionalArray,
  optionalString,
  requiredMessages,
  requiredObject,
  requiredString,
} from '../shared/read-field.ts';

export interface ParsedMessages {
  system: TextPart[];
  messages: Message[];
}

const ROLES = 'say `system`, `user`, `assistant` or `tool`';

/** Throws `invalid_request`. */
export function parseMessages(value: JsonValue | undefined): ParsedMessages {
  const system: TextPart[] = [];
  const messages: Message[] = [];
  // Many clients drop the ids of calls or never receive any.
  const calls = createCallMatcher((position) => `call_h${position}`);
  /** The turn of the user that collects the results of one round of calls. */
  let results: Message | undefined;
  for (const [index, item] of requiredMessages(value).entries()) {
    const path = `messages[${index}]`;
    const message = requiredObject(item, path);
    const role = requiredString(message, 'role', `${path}.role`, ROLES);
    if (role === 'tool') {
      if (results === undefined) {
        results = { role: 'user', parts: [] };
        messages.push(results);
      }
      results.parts.push(...parseResult(message, path, calls));
      continue;
    }
    results = undefined;
    switch (role) {
      case 'system': {
        const text = optionalString(message, 'content', `${path}.content`) ?? '';
        if (messages.length === 0) system.push({ type: 'text', text });
        else messages.push({ role: 'system', parts: [{ type: 'text', text }] });
        break;
      }
      case 'user':
        messages.push({ role: 'user', parts: parseContent(message, path) });
        break;
      case 'assistant':
        messages.push({ role: 'assistant', parts: parseAssistant(message, path, calls) });
        break;
      default:
        throw invalid(`${path}.role`, `\`${role}\` is not a role; ${ROLES}`);
    }
  }
  return { system, messages };
}

/** The text, unless it is empty, and the images. */
function parseContent(message: JsonObject, path: string): (TextPart | ImagePart)[] {
  const text = optionalString(message, 'content', `${path}.content`) ?? '';
  const images = parseImages(message, path);
  return text === '' ? images : [{ type: 'text', text }, ...images];
}

function parseImages(message: JsonObject, path: string): ImagePart[] {
  return (optionalArray(message, 'images', `${path}.images`) ?? []).map((image, at) => {
    const place = `${path}.images[${at}]`;
    if (typeof image !== 'string' || image === '')
      throw invalid(place, `must be the image's bytes in base64, not ${nameType(image)}`);
    if (ADDRESS.test(image))
      throw invalid(place, "must be the image's bytes in base64, not a URL or a data URL");
    return { type: 'image', source: { kind: 'base64', mediaType: mediaTypeOf(image), data: image } };
  });
}

const ADDRESS = /^(data|https?|file):/i;

/** How each kind of image begins in base64. */
const BEGINNINGS: readonly (readonly [beginning: string, mediaType: string])[] = [
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
];

/** Derives the type of an image, which the dialect does not name, from its bytes. */
function mediaTypeOf(image: string): string {
  return BEGINNINGS.find(([beginning]) => image.startsWith(beginning))?.[1] ?? 'image/png';
}

function parseAssistant(message: JsonObject, path: string, calls: CallMatcher): Part[] {
  const thinking = optionalString(message, 'thinking', `${path}.thinking`) ?? '';
  const called = (optionalArray(message, 'tool_calls', `${path}.tool_calls`) ?? []).map((call, at) =>
    parseCall(call, `${path}.tool_calls[${at}]`, calls),
  );
  const said = parseContent(message, path);
  const thoughts = placeThoughts(
    thinking,
    called.map((each) => each.thoughts),
  );
  const [first = { before: [], after: [] }, ...others] = thoughts;
  return [
    ...first.before,
    ...said,
    ...first.after,
    ...called.flatMap(({ call }, at) => {
      const { before = [], after = [] } = (at > 0 && others[at - 1]) || {};
      return [...before, ...after, call];
    }),
  ];
}

interface PlacedThoughts {
  before: ReasoningPart[];
  after: ReasoningPart[];
}

/**
 * The thoughts before each call, or before the text where there are no calls. A token is useless if the text is not the one
 * that it signs; a token that signs no text is always kept.
 */
function placeThoughts(thinking: string, carried: readonly ThoughtBeforeCall[][]): PlacedThoughts[] {
  const length = carried.flat().reduce((sum, thought) => sum + thought.length, 0);
  const isWhole = length === thinking.length;
  let from = 0;
  const placed = carried.map((thoughts): PlacedThoughts => {
    const parts: PlacedThoughts = { before: [], after: [] };
    for (const { length, token, isRedacted, isAfterText } of thoughts) {
      const text = thinking.slice(from, from + length);
      from += length;
      if (length > 0 && !isWhole) continue;
      const sealed = token !== null && (isRedacted ? { redacted: token } : { signature: token });
      parts[isAfterText ? 'after' : 'before'].push({ type: 'reasoning', text, ...sealed });
    }
    return parts;
  });
  if (isWhole || thinking === '') return placed;
  const [first = { before: [], after: [] }, ...others] = placed;
  return [{ ...first, before: [{ type: 'reasoning', text: thinking }, ...first.before] }, ...others];
}

function parseCall(
  value: JsonValue,
  path: string,
  calls: CallMatcher,
): { call: ToolCallPart; thoughts: ThoughtBeforeCall[] } {
  const call = requiredObject(value, path);
  const called = requiredObject(call.function, `${path}.function`);
  const name = requiredString(called, 'name', `${path}.function.name`, 'name the tool that was called');
  const given = called.arguments ?? {};
  // Some clients write them as a string, as in OpenAI's dialects.
  if (!isObject(given) && typeof given !== 'string')
    throw invalid(`${path}.function.arguments`, `must be an object, not ${nameType(given)}`);
  const { id, token, thoughts } = callWithThoughtsFromWire(asString(call.id) ?? '');
  return {
    call: {
      type: 'tool-call',
      kind: 'function',
      id: calls.called(name, id),
      name,
      arguments: typeof given === 'string' ? given : exactText(given),
      ...(token !== undefined && { signature: token }),
    },
    thoughts,
  };
}

/** A result of no call is text, as every other provider refuses it: ADK for Rust keeps no calls, which Ollama does not mind. */
function parseResult(message: JsonObject, path: string, calls: CallMatcher): Part[] {
  // LangChain sends `name`, as in OpenAI's older messages.
  const name =
    optionalString(message, 'tool_name', `${path}.tool_name`) ??
    optionalString(message, 'name', `${path}.name`);
  const { id } = callWithThoughtsFromWire(
    optionalString(message, 'tool_call_id', `${path}.tool_call_id`) ?? '',
  );
  const callId = calls.answered(name || undefined, id);
  const content = parseContent(message, path);
  const isOfCall = calls.knows(callId) || calls.isWaiting();
  return isOfCall ? [{ type: 'tool-result', callId, content }] : content;
}
