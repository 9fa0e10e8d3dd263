// Reads content blocks of requests and answers as neutral parts. Blocks without a neutral form become opaque.
import type {
  DocumentPart,
  Extension,
  ImagePart,
  MediaSource,
  Part,
  ServerToolOutput,
  TextPart,
  ToolCallPart,
  ToolResultContent,
  ToolResultPart,
} from '../../model/content.ts';
import { asObject, asString, isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { exactText } from '../../model/json/exact-numbers.ts';
import { isUnsealed } from '../../model/opaque-token.ts';
import { BLANK_LINE, SEARCH_RESULT } from '../claude/search-results.ts';
import { type Author, CLIENT } from './author.ts';
import { parseCitation } from './citations.ts';
import { type Fail, requireBoolean, requireObject, requireString } from './fields.ts';
import { objectArguments } from '../shared/tools/call-arguments.ts';
import { withoutFields } from '../shared/own-fields.ts';
import { codeOutputOf, codeRunIn } from './code-runs.ts';
import { MCP_RESULT, mcpOutputOf, mcpServerIn, SERVER_NAME } from './mcp.ts';
import { isOfGateway } from './summary.ts';
import {
  COMPACTION,
  extensionOf,
  ID,
  isServerToolResult,
  keptAs,
  PIECE,
  SERVER_TOOL_BLOCKS,
  TOOL_REFERENCE,
} from './wire.ts';

/** @throws what the author's `fail` throws, unless this is a string or an array of blocks with a `type`. */
export function parseContent(content: JsonValue | undefined, path: string, author: Author): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (Array.isArray(content))
    return content.flatMap((block, at) => parseBlocks(block, `${path}.${at}`, author));
  return author.fail(
    path,
    `${content === undefined ? 'is required: ' : ''}must be a string or an array of content blocks`,
  );
}

function parseBlocks(value: JsonValue, path: string, author: Author): Part[] {
  return (isObject(value) ? parsePieces(value) : undefined) ?? [parseBlock(value, path, author)];
}

function parseBlock(value: JsonValue, path: string, author: Author): Part {
  const { fail } = author;
  const block = requireObject(value, path, fail);
  const type = requireString(block.type, `${path}.type`, fail);
  if (type === '') fail(`${path}.type`, 'must not be empty');
  switch (type) {
    case 'text':
      return parseText(block, path, fail);
    case 'image':
      return parseImage(block) ?? opaque(type, block);
    case 'document':
      return parseDocument(block) ?? opaque(type, block);
    case SEARCH_RESULT:
      return parseSearchResult(block) ?? opaque(type, block);
    // In an answer it is not part of what the model says.
    case COMPACTION:
      return (author === CLIENT ? parseCompaction(block) : undefined) ?? opaque(type, block);
    case TOOL_REFERENCE:
      return parseToolReference(block) ?? opaque(type, block);
    case 'thinking': {
      const signature = asString(block.signature);
      return {
        type: 'reasoning',
        text: asString(block.thinking) ?? '',
        ...(signature && !isUnsealed(signature) ? { signature: author.token(signature) } : {}),
        ...extras(block, ['thinking', 'signature']),
      };
    }
    case 'redacted_thinking':
      return {
        type: 'reasoning',
        text: '',
        redacted: author.token(requireString(block.data, `${path}.data`, fail)),
        ...extras(block, ['data']),
      };
    case 'tool_use':
      return parseToolUse(block, path, author, 'function');
    case 'tool_result':
      return parseToolResult(block, path, author);
    default:
      if (SERVER_TOOL_BLOCKS.has(type)) return parseToolUse(block, path, author, 'server');
      if (isServerToolResult(type)) {
        const callId = requireString(block.tool_use_id, `${path}.tool_use_id`, fail);
        return { type: 'server-tool-result', callId, dialect: ID, value: block, ...outputOf(block) };
      }
      return opaque(type, block);
  }
}

export function parseText(block: JsonObject, path: string, fail: Fail): TextPart {
  const citations = Array.isArray(block.citations) ? block.citations.filter(isObject).map(parseCitation) : [];
  return {
    type: 'text',
    text: requireString(block.text, `${path}.text`, fail),
    ...(citations.length === 0 ? {} : { citations }),
    ...extras(block, ['text', 'citations']),
  };
}

/** The fields of a call that have no neutral form, alike for whole answers and streams. */
export function toolUseExtension(block: JsonObject, kind: 'function' | 'server'): { extension?: Extension } {
  const { extension } = extensionOf(
    kind === 'server' ? serverToolFields(block) : withoutFields(block, [...COMMON, 'id', 'name', 'input']),
  );
  // A direct call by the model itself is the default.
  const isDirect = asObject(block.caller)?.type === 'direct';
  const defaults = [
    ...(isDirect ? ['caller'] : []),
    ...('mcpServer' in mcpServerIn(block) ? [SERVER_NAME] : []),
  ];
  if (extension === undefined || defaults.length === 0) return extension === undefined ? {} : { extension };
  return { extension: { ...extension, defaults } };
}

/** The fields that a call run by the provider has in addition. */
function serverToolFields(block: JsonObject): JsonObject {
  return withoutFields(block, ['id', 'name', 'input', 'cache_control']);
}

function parseToolUse(
  block: JsonObject,
  path: string,
  { fail, call, missingId }: Author,
  kind: 'function' | 'server',
): ToolCallPart {
  const { id, token } = call(asString(block.id) || missingId(path));
  const written = exactText(block.input ?? {});
  return {
    type: 'tool-call',
    id,
    name: requireString(block.name, `${path}.name`, fail),
    arguments: kind === 'server' ? written : objectArguments(written),
    kind,
    ...(token === undefined ? {} : { signature: token }),
    ...mcpServerIn(block),
    ...codeRunIn(block),
    ...cacheControlOf(block),
    ...toolUseExtension(block, kind),
  };
}

/** What a tool that the provider ran returned, where other dialects can express it. */
export function outputOf(block: JsonObject): { output?: ServerToolOutput } {
  return block.type === MCP_RESULT ? mcpOutputOf(block) : codeOutputOf(block);
}

function parseToolResult(block: JsonObject, path: string, author: Author): ToolResultPart {
  const { fail, call } = author;
  const { content } = block;
  const results = (value: JsonValue, parts: Part[]) => parts.map((part) => resultContent(part, value));
  const at = `${path}.content`;
  return {
    type: 'tool-result',
    callId: call(requireString(block.tool_use_id, `${path}.tool_use_id`, fail)).id,
    content: Array.isArray(content)
      ? content.flatMap((value, index) => results(value, parseBlocks(value, `${at}.${index}`, author)))
      : results(null, content == null ? [] : parseContent(content, at, author)),
    ...(block.is_error != null && { isError: requireBoolean(block.is_error, `${path}.is_error`, fail) }),
    ...extras(block, ['tool_use_id', 'content', 'is_error']),
  };
}

function resultContent(part: Part, wire: JsonValue | undefined): ToolResultContent {
  switch (part.type) {
    case 'text':
    case 'image':
    case 'document':
    case 'opaque':
      return part;
    default: {
      const block = asObject(wire) ?? {};
      return opaque(asString(block.type) ?? part.type, block);
    }
  }
}

function parseImage(block: JsonObject): ImagePart | undefined {
  const source = parseSource(asObject(block.source));
  return source && { type: 'image', source, ...extras(block, ['source']) };
}

function parseDocument(block: JsonObject): DocumentPart | undefined {
  const wire = asObject(block.source);
  const cites = asObject(block.citations)?.enabled === true;
  const base = { ...nameOf(block), ...(cites && { cites }) };
  const known = ['title', ...(cites ? ['citations'] : [])];
  const text = wire?.type === 'content' ? plainText(wire.content) : undefined;
  // Other dialects read the text; this one restores its own form of the source.
  if (text !== undefined)
    return { type: 'document', source: { kind: 'text', text }, ...base, ...extras(block, known) };
  const source = parseSource(wire);
  return source && { type: 'document', source, ...base, ...extras(block, ['source', ...known]) };
}

function nameOf(block: JsonObject): { name?: string } {
  const name = asString(block.title) || undefined;
  return name === undefined ? {} : { name };
}

/**
 * The texts and images of a document that has both, in order: other dialects have no such documents, and this one joins the pieces again.
 * Undefined for other blocks, and for a document that contains anything else.
 */
function parsePieces(block: JsonObject): (DocumentPart | ImagePart)[] | undefined {
  const source = asObject(block.source);
  if (block.type !== 'document' || source?.type !== 'content') return undefined;
  const groups = groupTexts(source.content);
  if (groups === undefined || groups.every(isOfTexts)) return undefined;
  const more = withoutFields(block, [...COMMON, 'source', 'title']);
  const document = withoutFields(block, ['source', 'cache_control']);
  const pieces = groups.map((content, at): DocumentPart | ImagePart | undefined => {
    const isFirst = at === 0;
    const extension: Extension = {
      dialect: ID,
      fields: { ...(isFirst && more), [PIECE]: { document, content, isFirst } },
      defaults: [PIECE, ...(asObject(more.citations)?.enabled === true ? [] : ['citations'])],
    };
    const common = { ...(at === groups.length - 1 && cacheControlOf(block)), extension };
    const text = plainText(content);
    if (text !== undefined)
      return {
        type: 'document',
        source: { kind: 'text', text },
        ...nameOf(block),
        ...(groups.slice(0, at).some(isOfTexts) && { continues: true }),
        ...common,
      };
    const [image] = content;
    const shown = image?.type === 'image' ? parseSource(asObject(image.source)) : undefined;
    return shown && { type: 'image', source: shown, ...common };
  });
  return pieces.every((piece) => piece !== undefined) ? pieces : undefined;
}

/** Groups consecutive texts; undefined for anything but a list of blocks. */
function groupTexts(content: JsonValue | undefined): JsonObject[][] | undefined {
  if (!Array.isArray(content)) return undefined;
  const groups: JsonObject[][] = [];
  for (const item of content) {
    if (!isObject(item)) return undefined;
    const last = groups.at(-1);
    if (item.type === 'text' && last !== undefined && isOfTexts(last)) last.push(item);
    else groups.push([item]);
  }
  return groups;
}

function isOfTexts([first]: readonly JsonObject[]): boolean {
  return first?.type === 'text';
}

/** Other dialects read its text; this one restores the whole block. */
function parseSearchResult(block: JsonObject): DocumentPart | undefined {
  const text = textOfSearchResult(block);
  if (text === undefined) return undefined;
  const { citations } = withoutFields(block, [...COMMON, 'source', 'title', 'content']);
  const wanted = asObject(citations)?.enabled === true ? { citations } : {};
  return {
    type: 'document',
    source: { kind: 'text', text },
    ...nameOf(block),
    ...cacheControlOf(block),
    extension: { dialect: ID, fields: { [SEARCH_RESULT]: block, ...wanted }, defaults: [SEARCH_RESULT] },
  };
}

/** The source and, after a blank line, the text; undefined if there is more than text. */
export function textOfSearchResult({ source, content }: JsonObject): string | undefined {
  const text = plainText(content);
  const from = asString(source);
  return text === undefined || from === undefined ? text : `${from}${BLANK_LINE}${text}`;
}

/** A text, so that other dialects do not miss the turns that it replaces; this one restores the signed block. */
function parseCompaction(block: JsonObject): TextPart | undefined {
  const text = asString(block.content);
  if (!text) return undefined;
  return {
    type: 'text',
    // Some servers join it with the text that follows.
    text: text + BLANK_LINE,
    ...cacheControlOf(block),
    // A summary that another model wrote has no signature of Anthropic's.
    ...(!isOfGateway(block) && { extension: keptAs(COMPACTION, block) }),
  };
}

/** Other models have the tool from the start, but without this text would read that the search for it found nothing. */
function parseToolReference(block: JsonObject): TextPart | undefined {
  const name = asString(block.tool_name);
  if (!name) return undefined;
  return {
    type: 'text',
    text: `The tool ${name} can be called now.`,
    ...cacheControlOf(block),
    extension: keptAs(TOOL_REFERENCE, block),
  };
}

function parseSource(source: JsonObject | undefined): MediaSource | undefined {
  if (source === undefined) return undefined;
  const data = asString(source.data);
  const url = asString(source.url);
  const id = asString(source.file_id);
  switch (source.type) {
    case 'base64':
      if (data === undefined) return undefined;
      return { kind: 'base64', mediaType: asString(source.media_type) ?? 'application/octet-stream', data };
    case 'text':
      return data === undefined ? undefined : { kind: 'text', text: data };
    case 'url':
      return url === undefined ? undefined : { kind: 'url', url };
    case 'file':
      return id === undefined ? undefined : { kind: 'file', id, dialect: ID };
    default:
      return undefined;
  }
}

/** The text of a string, or of blocks that are all text; undefined otherwise. */
export function plainText(content: JsonValue | undefined): string | undefined {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return undefined;
  const texts = content.map((block) =>
    isObject(block) && block.type === 'text' ? asString(block.text) : undefined,
  );
  return texts.every((text) => text !== undefined) ? texts.join('\n') : undefined;
}

function opaque(name: string, value: JsonObject): Part & { type: 'opaque' } {
  return { type: 'opaque', dialect: ID, name, value };
}

const COMMON = ['type', 'cache_control'];

function cacheControlOf(block: JsonObject): { cacheControl?: JsonObject } {
  const cacheControl = asObject(block.cache_control);
  return cacheControl === undefined ? {} : { cacheControl };
}

function extras(block: JsonObject, known: readonly string[]) {
  return { ...cacheControlOf(block), ...extensionOf(withoutFields(block, [...COMMON, ...known])) };
}
