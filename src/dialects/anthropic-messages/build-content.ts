// Builds content blocks from neutral parts: for requests, where every deviation is reported, and for answers.
import type {
  DocumentPart,
  ImagePart,
  MediaSource,
  Part,
  ReasoningPart,
  ServerToolResultPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from '../../model/content.ts';
import { asArray, asObject, isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import {
  callIdToWire,
  type OpaqueToken,
  openToken,
  tokenToWire,
  UNSEALED,
} from '../../model/opaque-token.ts';
import { FORGOTTEN } from '../claude/build-thinking.ts';
import { isForeignServerCall } from '../claude/refused-history.ts';
import { openRedacted, openSignature } from '../claude/seals.ts';
import { BLANK_LINE, SEARCH_RESULT } from '../claude/search-results.ts';
import { anthropicBreakpoint } from '../shared/settings/cache-control.ts';
import { AnsweredCalls } from '../shared/answered-calls.ts';
import { asText } from '../shared/media/text-document.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { standardMediaType } from '../shared/media/media-type.ts';
import { buildArguments } from '../shared/tools/call-arguments.ts';
import {
  CALL_FAILED,
  FAILED_IN_WORDS,
  GIVEN_AS_TEXT,
  NOT_SEALED,
  UNREADABLE_IMAGE,
} from '../shared/losses/substitutes.ts';
import { buildCitation, providerCitation } from './citations.ts';
import { codeRunBlocks, reportRun, runIdForClient } from './code-runs.ts';
import { mcpCallFields, mcpResultBlock } from './mcp.ts';
import { plainText, textOfSearchResult } from './parse-content.ts';
import { toolId } from './tool-id.ts';
import { put } from '../shared/own-fields.ts';
import { references } from './found-tools.ts';
import { COMPACTION, ID, ownFields, PIECE, TOOL_REFERENCE } from './wire.ts';

export interface ContentOptions {
  losses: LossReport;
  /** Whether this is an answer for a client, not a turn for the provider: it may contain what the provider would refuse. */
  answer: boolean;
  /** Whether the provider's model is Claude, which can also read what it sealed on other platforms. */
  opensSeals: boolean;
  /** See ../claude/build-thinking.ts. */
  forgetsThinking: boolean;
  /** Names of the calls run by the provider so far, by id: a lost result is reported under its call's name. */
  serverTools: Map<string, string>;
  /** The MCP servers whose calls may be sent although they come from another dialect. Left out: all. */
  mcpServers?: ReadonlySet<string>;
  /** Ids of these calls so far. */
  mcpCalls: Set<string>;
  /** Names of tools that the model reads where they were found. Left out: none. */
  heldBack?: ReadonlySet<string>;
}

/** Blocks in the order of the parts. Parts without a form here are left out and reported. */
export function buildBlocks(parts: readonly Part[], options: ContentOptions): JsonObject[] {
  const blocks: JsonObject[] = [];
  /** The pieces so far of a document that arrives in several parts. */
  let document: JsonObject | undefined;
  const runs = new AnsweredCalls();
  for (const part of parts) {
    const isMedia = part.type === 'document' || part.type === 'image';
    const piece = isMedia ? asObject(ownFields(part.extension)[PIECE]) : undefined;
    if (isMedia && piece !== undefined) {
      document = piece.isFirst === true ? undefined : document;
      const joined = joinPiece(document, piece, part);
      if (document === undefined) blocks.push(joined);
      document = joined;
      continue;
    }
    document = undefined;
    if (isForeignRun(part)) runs.add(part);
    else if (part.type !== 'server-tool-result' || !addRun(part, runs, blocks, options)) {
      const block = buildBlock(part, options);
      if (block !== undefined) blocks.push(block);
    }
  }
  for (const { name } of runs.unanswered()) options.losses.lost(`tools.${name}`);
  return blocks;
}

/** Another dialect's run of code. */
function isForeignRun(part: Part): part is ToolCallPart & { runsCode: true } {
  return part.type === 'tool-call' && part.runsCode === true && part.extension?.dialect !== ID;
}

/** Adds the run that ends with this result, if it does. */
function addRun(
  result: ServerToolResultPart,
  runs: AnsweredCalls,
  blocks: JsonObject[],
  { losses, answer }: ContentOptions,
): boolean {
  const call = runs.answered(result);
  if (call === undefined || result.output === undefined) return false;
  reportRun(call, result.output, losses);
  blocks.push(...codeRunBlocks(answer ? runIdForClient(call.id) : call.id, call, result.output));
  return true;
}

function buildBlock(part: Part, options: ContentOptions): JsonObject | undefined {
  const { losses, answer } = options;
  if (part.type === 'opaque') {
    if (part.dialect === ID && isObject(part.value)) return part.value;
    losses.lost(part.name);
    return undefined;
  }
  if (answer && (part.type === 'image' || part.type === 'audio')) {
    // Clients know no generated media.
    losses.lost(part.type);
    return undefined;
  }
  if (part.type === 'tool-call' && part.kind === 'server') {
    options.serverTools.set(part.id, part.name);
    if (isForeignMcpCall(part, options)) {
      options.mcpCalls.add(part.id);
      return buildCall(part, options);
    }
    if (part.extension?.dialect !== ID || isForeign(part.id, ownFields(part.extension).type, options)) {
      losses.lost(`tools.${part.name}`);
      return undefined;
    }
  }
  losses.foreign(part.extension);
  switch (part.type) {
    case 'text':
      return buildText(part, options);
    case 'refusal':
      if (part.text === '') return undefined;
      losses.approximated('refusal', GIVEN_AS_TEXT);
      return { type: 'text', text: part.text };
    case 'reasoning':
      return buildReasoning(part, options);
    case 'tool-call':
      return buildCall(part, options);
    case 'tool-result':
      return buildResult(part, options);
    case 'server-tool-result':
      if (part.dialect === ID && !isForeign(part.callId, asObject(part.value)?.type, options))
        return part.value;
      if (options.mcpCalls.has(part.callId)) return mcpResultBlock(part);
      losses.lost(`tools.${options.serverTools.get(part.callId) ?? 'server_tool_result'}`);
      return undefined;
    case 'image':
      return buildImage(part, losses);
    case 'document':
      return buildDocument(part, losses);
    case 'audio':
      losses.lost('input_audio');
      return undefined;
  }
}

/** Whether Claude would refuse the call or result, as another server's. @param type of the block; left out for calls. */
function isForeign(id: string, type: JsonValue | undefined, { answer, opensSeals }: ContentOptions): boolean {
  const isMcp = type === 'mcp_tool_use' || type === 'mcp_tool_result';
  return !answer && opensSeals && !isMcp && isForeignServerCall(id);
}

/** Whether another dialect's call can be sent as one of this dialect. */
function isForeignMcpCall({ mcpServer, extension }: ToolCallPart, { mcpServers }: ContentOptions): boolean {
  return mcpServer !== undefined && extension?.dialect !== ID && mcpServers?.has(mcpServer) !== false;
}

/** A single plain text as a string, which every server of this dialect accepts; undefined for no content. */
export function compact(blocks: JsonObject[]): JsonValue | undefined {
  const [first] = blocks;
  if (first === undefined) return undefined;
  const plain = blocks.length === 1 && first.type === 'text' && Object.keys(first).length === 2;
  return plain ? first.text : blocks;
}

export function buildText(part: TextPart, { losses, answer }: ContentOptions): JsonObject | undefined {
  const own = ownFields(part.extension);
  const summary = asObject(own[COMPACTION]);
  if (summary !== undefined) return withBreakpoint(part, summaryBlock(part, summary));
  const reference = asObject(own[TOOL_REFERENCE]);
  if (reference !== undefined) return withBreakpoint(part, reference);
  // Empty text blocks are refused, but clients of other dialects send them beside tool calls.
  if (part.text === '' && part.cacheControl === undefined && !answer) return undefined;
  const block: JsonObject = { type: 'text', text: part.text };
  if (part.citations !== undefined) {
    const citations: JsonObject[] = [];
    for (const citation of part.citations) {
      const wire = answer ? buildCitation(citation) : providerCitation(citation);
      if (wire !== undefined) citations.push(wire);
      else losses.lost('citations');
    }
    if (citations.length > 0) block.citations = citations;
  }
  return withCommon(part, losses, block);
}

function buildReasoning(part: ReasoningPart, options: ContentOptions): JsonObject | undefined {
  const { losses, answer, opensSeals, forgetsThinking } = options;
  const { text, signature, redacted } = part;
  if (answer) {
    if (redacted !== undefined) {
      return withCommon(part, losses, { type: 'redacted_thinking', data: tokenToWire(ID, redacted) });
    }
    const seal = signature === undefined ? UNSEALED : tokenToWire(ID, signature);
    return withCommon(part, losses, { type: 'thinking', thinking: text, signature: seal });
  }
  if (forgetsThinking) {
    losses.lost('reasoning', FORGOTTEN);
    return undefined;
  }
  // The provider checks signatures, so only its own may be sent back to it.
  const own = (token: OpaqueToken) => openToken(ID, token);
  const data = redacted && (opensSeals ? openRedacted : own)(redacted);
  if (data !== undefined) return withCommon(part, losses, { type: 'redacted_thinking', data });
  const seal = signature && (opensSeals ? openSignature : own)(signature);
  if (seal) return withCommon(part, losses, { type: 'thinking', thinking: text, signature: seal });
  losses.lost('reasoning', NOT_SEALED);
  return undefined;
}

function buildCall(part: ToolCallPart, { losses, answer }: ContentOptions): JsonObject {
  const input = buildArguments(part, losses);
  // Calls of this dialect have no such token: for clients it is part of the id, for providers it is meaningless.
  if (part.signature !== undefined && !answer) losses.lost('thought_signature');
  const type = part.kind === 'server' ? 'server_tool_use' : 'tool_use';
  const id = answer ? callIdToWire(part.id, part.signature) : toolId(part.id);
  const fields = part.mcpServer === undefined ? {} : mcpCallFields(part);
  return withCommon(part, losses, { type, id, name: part.name, input, ...fields });
}

function buildResult(part: ToolResultPart, options: ContentOptions): JsonObject {
  const { losses } = options;
  const block: JsonObject = { type: 'tool_result', tool_use_id: toolId(part.callId) };
  const found = references(part, options.heldBack ?? new Set());
  if (found.length > 0) return withCommon(part, losses, { ...block, content: found });
  const blocks = buildBlocks(part.content, options);
  // "all content must be type `text` if `is_error` is true": https://github.com/vellum-ai/vellum-assistant/pull/18387
  const isMixed = part.isError === true && blocks.some(({ type }) => type !== 'text');
  if (isMixed) {
    losses.approximated('tool_result.is_error', FAILED_IN_WORDS);
    blocks.unshift({ type: 'text', text: CALL_FAILED });
  }
  // "content cannot be empty if `is_error` is true": https://github.com/jlevy/markform/issues/153
  if (part.isError === true && blocks.length === 0) blocks.push({ type: 'text', text: CALL_FAILED });
  put(block, 'content', compact(blocks));
  if (!isMixed) put(block, 'is_error', part.isError);
  return withCommon(part, losses, block);
}

/** https://platform.claude.com/docs/en/build-with-claude/vision */
const IMAGES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);

function buildImage(part: ImagePart, losses: LossReport): JsonObject | undefined {
  if (part.detail !== undefined && part.detail !== 'auto') losses.lost('detail');
  const source = buildSource(part.source, losses);
  if (source?.type === 'base64' && !IMAGES.has(String(source.media_type))) {
    losses.lost('image', 'images are accepted as PNG, JPEG, GIF or WebP');
    return { type: 'text', text: UNREADABLE_IMAGE };
  }
  return source && withCommon(part, losses, { type: 'image', source });
}

function buildDocument(part: DocumentPart, losses: LossReport): JsonObject | undefined {
  const found = asObject(ownFields(part.extension)[SEARCH_RESULT]);
  if (found !== undefined) return withBreakpoint(part, searchResultBlock(part, found));
  const source = buildSource(asText(part.source) ?? part.source, losses);
  if (source === undefined) return undefined;
  if (source.type === 'base64' && source.media_type !== 'application/pdf') {
    losses.lost('file', `documents of type ${String(source.media_type)} are not accepted`);
    return undefined;
  }
  const block: JsonObject = { type: 'document', source };
  put(block, 'title', part.name);
  if (part.cites === true) block.citations = { enabled: true };
  withCommon(part, losses, block);
  // The client's own form of the source is used, unless a transformer changed the text.
  const own = asObject(block.source);
  if (part.source.kind === 'text' && own?.type === 'content' && plainText(own.content) !== part.source.text)
    block.source = source;
  return block;
}

/** Adds the client's own blocks, or the text with which a transformer replaced them, to the document, or to a new one if there is none. */
function joinPiece(
  document: JsonObject | undefined,
  piece: JsonObject,
  part: DocumentPart | ImagePart,
): JsonObject {
  const whole = document ?? { ...asObject(piece.document), source: { type: 'content', content: [] } };
  const own = asArray(piece.content) ?? [];
  const text = part.type === 'document' && part.source.kind === 'text' ? part.source.text : undefined;
  const isChanged = text !== undefined && text !== plainText(own);
  const source = asObject(whole.source);
  asArray(source?.content)?.push(...(isChanged ? [{ type: 'text', text }] : own));
  put(whole, 'cache_control', part.cacheControl);
  return whole;
}

function buildSource(source: MediaSource, losses: LossReport): JsonObject | undefined {
  switch (source.kind) {
    case 'base64':
      return { type: 'base64', media_type: standardMediaType(source.mediaType), data: source.data };
    case 'url':
      return { type: 'url', url: source.url };
    case 'text':
      return { type: 'text', media_type: 'text/plain', data: source.text };
    case 'file':
      if (source.dialect === ID) return { type: 'file', file_id: source.id };
      losses.lost('file_id', "a file in another provider's store");
      return undefined;
  }
}

/** The client's own block; if a transformer changed the text, without its seals. */
function summaryBlock({ text }: TextPart, block: JsonObject): JsonObject {
  if (text === `${String(block.content)}${BLANK_LINE}`) return block;
  const { signature: _, encrypted_content: __, ...rest } = block;
  return { ...rest, content: text.trimEnd() };
}

/** The client's own block; if a transformer changed the text, with the new one. */
function searchResultBlock({ source }: DocumentPart, block: JsonObject): JsonObject {
  if (source.kind !== 'text' || source.text === textOfSearchResult(block)) return block;
  const { text } = source;
  const at = typeof block.source === 'string' ? text.indexOf(BLANK_LINE) : -1;
  if (at === -1) return { ...block, content: [{ type: 'text', text }] };
  const content = [{ type: 'text', text: text.slice(at + BLANK_LINE.length) }];
  return { ...block, source: text.slice(0, at), content };
}

function withBreakpoint(
  { cacheControl }: TextPart | DocumentPart,
  { cache_control: _, ...block }: JsonObject,
): JsonObject {
  put(block, 'cache_control', cacheControl);
  return block;
}

function withCommon(
  part: Exclude<Part, { type: 'opaque' }>,
  losses: LossReport,
  block: JsonObject,
): JsonObject {
  if (part.cacheControl !== undefined) block.cache_control = anthropicBreakpoint(part.cacheControl, losses);
  return Object.assign(block, ownFields(part.extension));
}
