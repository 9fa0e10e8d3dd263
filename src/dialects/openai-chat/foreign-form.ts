// Requests in other dialects' forms that are posted to this dialect's path, recognized by the body. Cursor, given a custom base URL, sends
// them depending on model and mode: whole OpenAI Responses bodies; flat tools; Anthropic's tools, calls and results. It reads answers in
// this dialect. https://openrouter.ai/docs/cookbook/coding-agents/cursor-integration
import { exactText } from '../../model/json/exact-numbers.ts';
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { ForeignForm } from '../dialect.ts';
import { nestGrammar } from '../openai/free-text-format.ts';
import { withoutFields } from '../shared/own-fields.ts';
import { CALL_FAILED } from '../shared/losses/substitutes.ts';

/** Every request passes through here, so one in this dialect's own form must cost no more than a check. */
export function readForeignForm(body: JsonObject): ForeignForm | undefined {
  if (asksInResponses(body)) return { dialect: 'openai-responses', edits: { messages: undefined } };
  const edits: ForeignForm['edits'] = {};
  const tools = asArray(body.tools);
  if (tools?.some(isFlat)) edits.tools = tools.map((tool) => (isFlat(tool) ? nestTool(tool) : tool));
  const choice = asObject(body.tool_choice);
  if (choice !== undefined) {
    const rewritten = rewriteChoice(choice);
    if (rewritten !== choice) edits.tool_choice = rewritten;
    const { disable_parallel_tool_use: single } = choice;
    if (typeof single === 'boolean') edits.parallel_tool_calls = !single;
  }
  const messages = asArray(body.messages);
  if (messages?.some(isForeign)) edits.messages = messages.flatMap(rewriteMessage);
  return Object.keys(edits).length === 0 ? undefined : { edits };
}

function asksInResponses({ input, messages }: JsonObject): boolean {
  if (input === undefined || input === null) return false;
  return messages === undefined || messages === null || asArray(messages)?.length === 0;
}

const FLAT_TYPES: readonly unknown[] = [undefined, 'function', 'custom'];

/** What this dialect has inside `function` or `custom` stands beside the type in Responses, and without a type in Anthropic's. */
function isFlat(tool: JsonValue): tool is JsonObject {
  const { type, name, function: declared, custom } = asObject(tool) ?? {};
  return (
    typeof name === 'string' && declared === undefined && custom === undefined && FLAT_TYPES.includes(type)
  );
}

function nestTool({ type, cache_control, input_schema, ...declared }: JsonObject): JsonObject {
  const cached = cache_control === undefined ? {} : { cache_control };
  if (type === 'custom' && input_schema === undefined) {
    const format = asObject(declared.format);
    return { type, custom: format === undefined ? declared : { ...declared, format: nestGrammar(format) } };
  }
  const parameters = input_schema === undefined ? {} : { parameters: input_schema };
  return { type: 'function', function: { ...declared, ...parameters }, ...cached };
}

function rewriteChoice(choice: JsonObject): JsonValue {
  const { type, name } = choice;
  if (type === 'any') return 'required';
  if (type === 'auto' || type === 'none' || type === 'required') return type;
  if (typeof name !== 'string') return choice;
  if (type === 'function' || type === 'custom') return { type, [type]: { name } };
  return type === 'tool' ? { type: 'function', function: { name } } : choice;
}

const FOREIGN_PARTS = new Set([
  'tool_use',
  'tool_result',
  'input_text',
  'output_text',
  'input_image',
  'image',
  // OpenRouter's and Mistral's SDKs for Python wrap what they do not know.
  'UNKNOWN',
]);

/** In the form of Chat Completions, neither has its data beside the type. */
const FOREIGN_IF_BARE: readonly unknown[] = ['file', 'audio'];

function isForeign(message: JsonValue): boolean {
  const fields = asObject(message);
  const content = asArray(fields?.content);
  if (content === undefined) return false;
  // OpenAI refuses an empty list beside calls.
  if (content.length === 0)
    return fields?.role === 'assistant' && (asArray(fields.tool_calls)?.length ?? 0) > 0;
  return content.some((value) => {
    const part = asObject(value);
    return FOREIGN_PARTS.has(asString(part?.type) ?? '') || isBare(part);
  });
}

function isBare(part: JsonObject | undefined): boolean {
  return FOREIGN_IF_BARE.includes(part?.type) && typeof (part?.base64 ?? part?.data) === 'string';
}

/** Calls are moved beside the content, and results into separate messages before the turn's other content. */
function rewriteMessage(message: JsonValue): JsonValue[] {
  const fields = asObject(message);
  if (fields === undefined || !isForeign(message)) return [message];
  const calls: JsonObject[] = [];
  const results: JsonObject[] = [];
  const content: JsonValue[] = [];
  for (const value of asArray(fields.content) ?? []) {
    const part = asObject(value) ?? {};
    if (part.type === 'tool_use') calls.push(chatCall(part));
    else if (part.type === 'tool_result') results.push(chatResult(part));
    else content.push(chatPart(value));
  }
  if (content.length === 0 && calls.length === 0 && results.length > 0) return results;
  const rest: JsonObject = { ...fields, content: content.length === 0 ? null : content };
  if (calls.length > 0) rest.tool_calls = [...(asArray(fields.tool_calls) ?? []), ...calls];
  return [...results, rest];
}

function chatCall({ id, name, input, cache_control }: JsonObject): JsonObject {
  const called = { name, arguments: exactText(input ?? {}) };
  return { id, type: 'function', function: called, ...(cache_control !== undefined && { cache_control }) };
}

function chatResult({ tool_use_id, content, is_error, cache_control }: JsonObject): JsonObject {
  const output = asArray(content)?.map(chatPart) ?? content ?? '';
  const cached = cache_control === undefined ? {} : { cache_control };
  return {
    role: 'tool',
    tool_call_id: tool_use_id,
    content: is_error === true ? failed(output) : output,
    ...cached,
  };
}

function failed(output: JsonValue): JsonValue {
  if (Array.isArray(output)) return [{ type: 'text', text: CALL_FAILED }, ...output];
  return output === '' ? CALL_FAILED : `${CALL_FAILED}\n\n${asString(output) ?? ''}`;
}

function chatPart(value: JsonValue): JsonValue {
  const part = asObject(value);
  if (part === undefined) return value;
  const { type, image_url, detail, source, ...rest } = part;
  if (isBare(part)) return bareMedia(part);
  switch (type) {
    case 'input_text':
    case 'output_text':
      return { ...rest, type: 'text' };
    case 'input_image':
      if (typeof image_url !== 'string') return value;
      return {
        ...rest,
        type: 'image_url',
        image_url: { url: image_url, ...(detail !== undefined && { detail }) },
      };
    case 'image': {
      // LangChain's own form, without a source, which nobody takes: its ChatGroq for JavaScript sends it, and in results its
      // models of Mistral and OpenRouter.
      const own = asObject(source) === undefined;
      const url = urlOf(asObject(source) ?? part);
      if (url === undefined) return value;
      const more = own ? withoutFields(rest, LANGCHAIN_MEDIA) : rest;
      return { ...more, type: 'image_url', image_url: { url } };
    }
    case 'UNKNOWN':
      return chatPart(asObject(part.raw) ?? null) ?? value;
    default:
      return value;
  }
}

/** A file or a sound in LangChain's own form. */
function bareMedia(part: JsonObject): JsonObject {
  const { type, filename, extras: _, ...fields } = part;
  const rest = withoutFields(fields, LANGCHAIN_MEDIA);
  const data = asString(part.base64 ?? part.data) ?? '';
  if (type === 'audio') {
    const format = (asString(mediaTypeOf(part)) ?? 'audio/wav')
      .replace(/^audio\/(x-)?/, '')
      .replace('mpeg', 'mp3');
    return { ...rest, type: 'input_audio', input_audio: { data, format } };
  }
  const named = typeof filename === 'string' ? { filename } : {};
  return { ...rest, type: 'file', file: { ...named, file_data: urlOf(part) ?? '' } };
}

/** https://docs.langchain.com/oss/javascript/langchain/messages, and the form of earlier releases. */
const LANGCHAIN_MEDIA = ['source_type', 'data', 'base64', 'url', 'mime_type', 'mimeType', 'id', 'index'];

function mediaTypeOf({ media_type, mime_type, mimeType }: JsonObject): JsonValue | undefined {
  return media_type ?? mime_type ?? mimeType;
}

function urlOf(source: JsonObject): string | undefined {
  const data = source.base64 ?? source.data;
  if (typeof data !== 'string') return asString(source.url);
  return `data:${asString(mediaTypeOf(source)) ?? ''};base64,${data}`;
}
