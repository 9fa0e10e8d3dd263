// A whole completion → NeutralResponse.
// https://platform.openai.com/docs/api-reference/chat/object
import type { Citation, Part, TextPart } from '../../model/content.ts';
import { GatewayError } from '../../model/errors.ts';
import { asArray, asObject, asString, isObject, type JsonObject } from '../../model/json/json.ts';
import { ownToken } from '../../model/opaque-token.ts';
import type { NeutralResponse } from '../../model/response.ts';
import { countsOf } from '../../model/usage.ts';
import { objectsIn, textIn } from '../shared/answer-list.ts';
import type { Account } from '../dialect.ts';
import { listsSources, parseAnnotations, parseSources } from './annotations.ts';
import { errorInBody } from './errors.ts';
import { brokenFinish, parseFinish } from './finish.ts';
import { parseLogprobs } from '../openai/logprobs.ts';
import { parseMediaUrl } from '../openai/media.ts';
import { IMAGE_URL, sniffAudio } from './media.ts';
import { isEmptyValue } from '../shared/losses/unread-fields.ts';
import { answerExtension } from './unmapped-fields.ts';
import { thinkingText } from './parse-content.ts';
import { parseReasoning, withCopilots } from './reasoning.ts';
import { argumentText } from '../openai/calls.ts';
import { namelessCall } from '../shared/tools/call-arguments.ts';
import { foreignCallType, parseToolCall } from './tool-call.ts';
import { synthesizeCallId } from './tool-call-id.ts';
import { countsIn, showsSearches, withSearches } from './usage.ts';
import { ID } from './wire.ts';

/** Reads the first choice, since the other dialects have room for one. */
export function parseResponse(answer: JsonObject): NeutralResponse {
  const body = withCallsBeside(answer);
  const error = errorInBody(body);
  if (error !== undefined) throw error;
  const choice = asObject(asArray(body.choices)?.[0]);
  const message = asObject(choice?.message);
  if (choice === undefined || message === undefined) {
    throw new GatewayError(
      'upstream_malformed',
      'the provider answered JSON without `choices[0].message`: is its base_url that of an OpenAI-compatible API?',
    );
  }
  const raw = asString(choice.finish_reason) || null;
  const failure = brokenFinish(raw);
  if (failure !== undefined) throw failure;
  const id = asString(body.id) || null;
  const reasoning = parseReasoning(withCopilots(message), (text) => ownToken(ID, text));
  const parts: Part[] = [...reasoning.before, ...parseContent(message), ...reasoning.after];
  addCitations(parts, message, body);
  const refusal = asString(message.refusal);
  if (refusal) parts.push({ type: 'refusal', text: refusal });
  const logprobs = addLogprobs(parts, asObject(choice.logprobs));
  parts.push(...parseMedia(message, parts));
  const sawToolCall = addCalls(parts, message, id);
  const { model, usage } = accountIn(body);
  return {
    id,
    model,
    parts,
    finish: parseFinish(raw, choice, sawToolCall),
    ...countsOf(usage),
    ...answerExtension(body, choice, logprobs),
  };
}

/**
 * Copilot has the calls of Claude's in a further choice, and `tool_calls` as the reason of the first, which has none.
 * https://github.com/zeroclaw-labs/zeroclaw/pull/2136, https://github.com/HKUDS/nanobot/pull/1555
 */
function withCallsBeside(body: JsonObject): JsonObject {
  const [first, ...others] = (asArray(body.choices) ?? []).map(asObject);
  const message = asObject(first?.message);
  if (first?.finish_reason !== 'tool_calls' || message === undefined || hasCalls(message)) return body;
  const calls = others.flatMap((other) => asArray(asObject(other?.message)?.tool_calls) ?? []);
  if (calls.length === 0) return body;
  return { ...body, choices: [{ ...first, message: { ...message, tool_calls: calls } }] };
}

function hasCalls({ tool_calls: calls, function_call: call }: JsonObject): boolean {
  return (asArray(calls)?.length ?? 0) > 0 || asObject(call) !== undefined;
}

export function accountIn(body: JsonObject): Account {
  const choice = asObject(asArray(body.choices)?.[0]);
  const usage = countsIn(body, choice);
  const searched = listsSources(body) || showsSearches(asObject(choice?.message) ?? {});
  return {
    model: asString(body.model) || null,
    usage: usage !== undefined && searched ? withSearches(usage) : usage,
  };
}

/** Adds the message's calls; returns whether there are any. */
function addCalls(parts: Part[], message: JsonObject, id: string | null): boolean {
  const listed = objectsIn(message.tool_calls, 'choices[0].message.tool_calls');
  let saw = false;
  for (const [index, fields] of [...listed, ...legacyCalls(message)].entries()) {
    if (foreignCallType(fields) !== undefined) continue;
    const call = parseToolCall(fields, synthesizeCallId(id, index));
    const { function: called } = fields;
    // Some servers fill in every field, so an empty call counts as none.
    const isEmpty = isObject(called) ? argumentText(called.arguments) === '' : !called;
    if (call === undefined && isEmpty) continue;
    if (call === undefined) throw namelessCall();
    saw = true;
    parts.push(call);
  }
  return saw;
}

/** Content is a string or, from Mistral, an array of thinking and text. */
function parseContent(message: JsonObject): Part[] {
  const { content } = message;
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  const parts: Part[] = [];
  for (const piece of objectsIn(content, 'choices[0].message.content')) {
    const last = parts.at(-1);
    if (piece.type === 'text') {
      const text = textIn(piece.text, 'choices[0].message.content[].text');
      if (last?.type === 'text') last.text += text;
      else parts.push({ type: 'text', text });
    } else if (piece.type === 'thinking') {
      const text = thinkingText(piece);
      if (last?.type === 'reasoning') last.text += text;
      else parts.push({ type: 'reasoning', text });
    } else if (typeof piece.type === 'string') {
      parts.push({ type: 'opaque', dialect: ID, name: piece.type, value: piece });
    }
  }
  return parts;
}

function addCitations(parts: Part[], message: JsonObject, body: JsonObject): void {
  const annotations: Citation[] = parseAnnotations(message.annotations, 0);
  const citations = annotations.length > 0 ? annotations : parseSources(body);
  if (citations.length === 0) return;
  const text: TextPart | undefined = parts.find((part) => part.type === 'text');
  if (text !== undefined) text.citations = citations;
}

/** Gives each token to its text. Returns the rest: tokens of no text, unreadable ones, or those in Together's form. */
function addLogprobs(parts: readonly Part[], logprobs: JsonObject | undefined): JsonObject | undefined {
  if (logprobs === undefined) return undefined;
  const rest: JsonObject = { ...logprobs };
  for (const [field, type] of [
    ['content', 'text'],
    ['refusal', 'refusal'],
  ] as const) {
    const tokens = parseLogprobs(logprobs[field]);
    const [text, another] = parts.filter((part) => part.type === type);
    // With several texts it is unknown to which one a token belongs.
    if (tokens === undefined || another !== undefined) continue;
    if (text?.type !== 'text' && text?.type !== 'refusal') continue;
    text.logprobs = tokens;
    rest[field] = null;
  }
  return Object.values(rest).every(isEmptyValue) ? undefined : rest;
}

function parseMedia(message: JsonObject, before: readonly Part[]): Part[] {
  const parts: Part[] = [];
  const audio = asObject(message.audio);
  const data = asString(audio?.data);
  if (audio !== undefined && data) {
    const transcript = asString(audio.transcript);
    if (transcript && !before.some((part) => part.type === 'text')) {
      parts.push({ type: 'text', text: transcript });
    }
    const { data: _, ...fields } = audio;
    parts.push({
      type: 'audio',
      source: { kind: 'base64', mediaType: sniffAudio(data), data },
      extension: { dialect: ID, fields },
    });
  }
  for (const item of asArray(message.images) ?? []) {
    const url = asString(asObject(asObject(item)?.image_url)?.url);
    if (url === undefined) continue;
    const source = parseMediaUrl(url);
    if (source.kind === 'base64') parts.push({ type: 'image', source });
    else parts.push({ type: 'opaque', dialect: ID, name: IMAGE_URL, value: item });
  }
  return parts;
}

function legacyCalls(message: JsonObject): JsonObject[] {
  const call = asObject(message.function_call);
  return call === undefined ? [] : [{ function: call }];
}
