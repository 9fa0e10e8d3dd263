// What a function returned, as clients wrap it in the `response` of its `functionResponse`.
import type { ToolResultContent } from '../../model/content.ts';
import { exactText, readJson } from '../../model/json/exact-numbers.ts';
import { asArray, asString, isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { withoutFields } from '../shared/own-fields.ts';

interface Returned {
  content: ToolResultContent[];
  isError: boolean;
}

/** Bytes that stand in the result; undefined if a result has no place for them. */
type ReadMedia = (inlineData: JsonObject) => ToolResultContent | undefined;

/**
 * `{output}` and `{error}` are Google's own forms of a plain result and a failure, `{result}` that of its SDKs and
 * of ADK, which wrap what a function returns (python-genai, _extra_utils.py; adk-python, functions.py). The AI SDK's are
 * `{name, content}` and `{name, error}`, with the function's name (github.com/vercel/ai,
 * packages/google/src/convert-to-google-messages.ts), RubyLLM's `{name, content: [{text}]}`, and Pydantic AI's `{return_value}`
 * (github.com/pydantic/pydantic-ai, pydantic_ai/messages.py: `RETURN_VALUE_KEY`). LangChain and Strands put a list of parts into
 * `{output}`, LangChain for JavaScript into `{result}`, ADK an MCP server's whole result in place of the object (mcp_tool.py), and
 * Google's SDK for Python into `{result}` or `{error}`. Any other object is the result itself.
 */
export function readResponse(response: JsonValue | undefined, name: string, readMedia: ReadMedia): Returned {
  if (!isObject(response)) return said(response == null ? '' : textOf(response));
  const fromServer = readServersResult(response, readMedia);
  if (fromServer !== undefined) return fromServer;
  const isNamed = response.name === name;
  const [[field, value] = [], ...others] = Object.entries(
    isNamed ? withoutFields(response, ['name']) : response,
  );
  if (others.length > 0) return said(exactText(response));
  if ((field === 'result' || field === 'error') && isObject(value)) {
    const wrapped = readServersResult(value, readMedia);
    if (wrapped !== undefined) return { ...wrapped, isError: wrapped.isError || field === 'error' };
  }
  // Null and false say that nothing failed.
  if (field === 'error' && value != null && value !== false) return { ...said(textOf(value)), isError: true };
  if (field === 'return_value') return said(textOf(value));
  const isPlain = field === 'output' || field === 'result';
  if (isPlain || (isNamed && field === 'content')) {
    const content = readParts(value, readMedia);
    if (content !== undefined) return { content, isError: false };
  }
  if (isNamed && field === 'content') return said(textOf(value));
  if (isPlain && typeof value === 'string') return said(value);
  return said(exactText(response));
}

function said(text: string): Returned {
  return { content: [{ type: 'text', text }], isError: false };
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : exactText(value ?? null);
}

/**
 * With more, it may be what the function returned: a list of notes, each with an id. LangChain gives each text one
 * (github.com/langchain-ai/langchain, langchain_core: `LC_AUTO_PREFIX`).
 */
function isText({ type, text: _, id, ...others }: JsonObject): boolean {
  const isPlain = type === 'text' || (type === undefined && id === undefined);
  const isLangChains = id == null || (typeof id === 'string' && id.startsWith('lc_'));
  return isPlain && isLangChains && Object.keys(others).length === 0;
}

/** A list that contains nothing but parts, and is not empty. */
function readParts(value: JsonValue | undefined, readMedia: ReadMedia): ToolResultContent[] | undefined {
  const items = asArray(value) ?? [];
  const content = items.flatMap((item) => readPart(item, readMedia) ?? []);
  return items.length > 0 && content.length === items.length ? content : undefined;
}

function readPart(item: JsonValue, readMedia: ReadMedia): ToolResultContent | undefined {
  if (!isObject(item)) return undefined;
  const { text, json, inlineData = item.inline_data } = item;
  if (typeof text === 'string' && isText(item)) return { type: 'text', text };
  if (Object.keys(item).length !== 1) return undefined;
  if (json !== undefined) return { type: 'text', text: textOf(json) };
  if (!isObject(inlineData)) return undefined;
  const { mimeType = inlineData.mime_type, data } = inlineData;
  return mediaOf(mimeType, data, readMedia);
}

/** Undefined where there are no bytes: it may be what the function returned. */
function mediaOf(
  mimeType: JsonValue | undefined,
  data: JsonValue | undefined,
  readMedia: ReadMedia,
): ToolResultContent | undefined {
  if (typeof mimeType !== 'string' || mimeType === '' || typeof data !== 'string') return undefined;
  return BASE64.test(data.slice(0, PROBE_LENGTH)) ? readMedia({ mimeType, data }) : undefined;
}

const BASE64 = /^[\w+/=-]+$/;
/** Shorter than the lines into which some encoders break it. */
const PROBE_LENGTH = 64;

const SERVERS_FIELDS = ['content', 'isError', 'structuredContent', '_meta', 'meta'];
const SERVERS_TYPES: readonly unknown[] = ['image', 'audio', 'resource', 'resource_link'];
/** With more, or without a text, it is not a server's: a message of OpenAI's Assistants, a list of notes, each with an id. */
const SERVERS_TEXT = ['type', 'text', 'annotations', '_meta', 'meta'];

/** https://modelcontextprotocol.io/specification/2025-06-18/server/tools */
function readServersResult(response: JsonObject, readMedia: ReadMedia): Returned | undefined {
  const items = asArray(response.content) ?? [];
  const isServers =
    items.length > 0 &&
    items.every((item) => isObject(item) && (SERVERS_TYPES.includes(item.type) || isServersText(item))) &&
    Object.keys(response).every((field) => SERVERS_FIELDS.includes(field));
  if (!isServers) return undefined;
  const content = items.map((item) => readServersPart(item, readMedia));
  const { structuredContent } = response;
  if (structuredContent != null && !isRepeated(structuredContent, content))
    content.push({ type: 'text', text: exactText(structuredContent) });
  return { content, isError: response.isError === true };
}

function readServersPart(item: JsonValue, readMedia: ReadMedia): ToolResultContent {
  const { type, text, data, mimeType } = isObject(item) ? item : {};
  if (type === 'text') return { type: 'text', text: asString(text) ?? '' };
  const image = type === 'image' ? mediaOf(mimeType, data, readMedia) : undefined;
  return image ?? { type: 'text', text: exactText(item) };
}

function isServersText(item: JsonObject): boolean {
  const isText = item.type === 'text' && typeof item.text === 'string';
  return isText && Object.keys(item).every((field) => SERVERS_TEXT.includes(field));
}

/**
 * Servers should say it as text, too. FastMCP wraps what is no object in one (https://gofastmcp.com/servers/tools), and says a list in
 * as many texts as it has items (https://github.com/modelcontextprotocol/python-sdk, func_metadata.py).
 */
function isRepeated(structured: JsonValue, content: readonly ToolResultContent[]): boolean {
  const { result, ...others } = isObject(structured) ? structured : { result: structured };
  const texts = content.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  const wrapped = Object.keys(others).length === 0 ? result : undefined;
  if (texts.some((text) => says(text, structured) || says(text, wrapped))) return true;
  const items = asArray(wrapped);
  return items?.length === texts.length && items.every((item, index) => says(texts[index] ?? '', item));
}

/** Whether the text is the value, however its JSON is written. */
function says(text: string, value: JsonValue | undefined): boolean {
  if (value === undefined || value === text) return value !== undefined;
  try {
    return exactText(readJson(text)) === exactText(value);
  } catch {
    return false;
  }
}
