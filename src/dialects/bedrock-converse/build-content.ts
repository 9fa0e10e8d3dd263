// Neutral parts as content blocks of a request.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html
import type { Part, ReasoningPart, ToolCallPart, ToolResultPart } from '../../model/content.ts';
import type { JsonObject } from '../../model/json/json.ts';
import { type OpaqueToken, openToken } from '../../model/opaque-token.ts';
import { FORGOTTEN } from '../claude/build-thinking.ts';
import { buildSearchResult } from '../claude/search-results.ts';
import { openRedactedBytes, openSignature } from '../claude/seals.ts';
import { buildArguments } from '../shared/tools/call-arguments.ts';
import { NOT_CACHED, plainBreakpoint, withoutTtl } from '../shared/settings/cache-control.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { CALL_FAILED, FAILED_IN_WORDS, GIVEN_AS_TEXT, NOT_SEALED } from '../shared/losses/substitutes.ts';
import { buildDocument, buildImage, buildVideo } from './build-media.ts';
import { type CachePoints, type Family, knowsFailedResults, watchesVideos } from './models.ts';
import { toolUseId } from './tool-use-id.ts';
import { ID } from './wire.ts';

export interface ContentScope {
  losses: LossReport;
  model: string;
  family: Family;
  cachePoints: CachePoints;
  /** Whether a cache point may say how long it is kept. */
  cacheTtl: boolean;
  /** See ../claude/build-thinking.ts. */
  forgetsThinking: boolean;
  /**
   * Whether the model takes messages of the role `system`. Amazon calls this role Claude's.
   * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Message.html
   */
  systemMessages: boolean;
  /** See models.ts. */
  separatesTools: boolean;
  /** Whether documents here may be marked as to be cited. */
  citesDocuments: boolean;
  /** See models.ts. */
  takesSearchResults: boolean;
  /** A new number for each document, since names must be unique in a request. */
  nextDocument(): number;
}

/** The blocks in the order of the parts, each cache point after the block that it belongs to. */
export function buildBlocks(parts: readonly Part[], scope: ContentScope): JsonObject[] {
  const { losses } = scope;
  const blocks: JsonObject[] = [];
  for (const part of parts) {
    if (part.type === 'opaque') {
      const video = part.video && watchesVideos(scope.model) ? buildVideo(part.video) : undefined;
      if (video === undefined) losses.lost(part.name);
      else blocks.push(video);
      continue;
    }
    const found = part.type === 'document' && scope.takesSearchResults ? buildSearchResult(part) : undefined;
    // A call that the provider ran is not sent: reporting its name covers it.
    const isServers = part.type === 'tool-call' && part.kind === 'server';
    if (found === undefined && !isServers) losses.foreign(part.extension);
    const block = found === undefined ? buildBlock(part, scope) : { searchResult: found };
    if (block !== undefined) blocks.push(block);
    const point = buildCachePoint(part.cacheControl, blocks.at(-1), scope);
    if (point !== undefined) blocks.push(point);
  }
  return blocks;
}

function buildBlock(part: Exclude<Part, { type: 'opaque' }>, scope: ContentScope): JsonObject | undefined {
  const { losses } = scope;
  switch (part.type) {
    case 'text':
      if (part.citations !== undefined && part.citations.length > 0) losses.lost('citations');
      return textBlock(part.text);
    case 'refusal':
      losses.approximated('refusal', GIVEN_AS_TEXT);
      return textBlock(part.text);
    case 'reasoning':
      return buildReasoning(part, scope);
    case 'tool-call':
      return buildCall(part, scope);
    case 'tool-result':
      return { toolResult: buildResult(part, scope) };
    case 'image':
      return buildImage(part, losses);
    case 'document':
      return buildDocument(part, scope);
    case 'audio':
      losses.lost('input_audio');
      return undefined;
    case 'server-tool-result':
      losses.lost('server_tool_result');
      return undefined;
  }
}

/** Returns undefined for blank text, which is refused. */
function textBlock(text: string): JsonObject | undefined {
  return text.trim() === '' ? undefined : { text };
}

/** `{cachePoint}` where the client set a breakpoint and the model takes one after `block`. */
export function buildCachePoint(
  cacheControl: JsonObject | undefined,
  block: JsonObject | undefined,
  { losses, cachePoints, cacheTtl }: ContentScope,
): JsonObject | undefined {
  // Where the part is left out, this would be the second one after the same block.
  if (cacheControl === undefined || block === undefined || block.cachePoint !== undefined) return undefined;
  if (cachePoints === 'nowhere' || (cachePoints === 'behind-texts' && block.text === undefined)) {
    losses.lost('cache_control', NOT_CACHED);
    return undefined;
  }
  const breakpoint = plainBreakpoint(cacheControl, losses);
  const { ttl } = cacheTtl ? breakpoint : withoutTtl(breakpoint, losses);
  return { cachePoint: { type: 'default', ...(ttl === '1h' || ttl === '5m' ? { ttl } : {}) } };
}

/** The model checks signatures, so only its own may be sent back to it. */
function buildReasoning(
  { text, signature, redacted }: ReasoningPart,
  { losses, family, forgetsThinking }: ContentScope,
): JsonObject | undefined {
  if (forgetsThinking) {
    losses.lost('reasoning', FORGOTTEN);
    return undefined;
  }
  const own = (token: OpaqueToken) => openToken(ID, token);
  const redactedContent = redacted && (family === 'claude' ? openRedactedBytes : own)(redacted);
  if (redactedContent !== undefined) return { reasoningContent: { redactedContent } };
  const seal = signature && (family === 'claude' ? openSignature : own)(signature);
  if (seal) return { reasoningContent: { reasoningText: { text, signature: seal } } };
  losses.lost('reasoning', NOT_SEALED);
  return undefined;
}

function buildCall(call: ToolCallPart, { losses, model }: ContentScope): JsonObject | undefined {
  const { id, name, kind, signature } = call;
  if (kind === 'server') {
    losses.lost(`tools.${name}`);
    return undefined;
  }
  if (signature !== undefined) losses.lost('thought_signature');
  return { toolUse: { toolUseId: toolUseId(id, model), name, input: buildArguments(call, losses) } };
}

/** Stands in for a result without content, which is refused. */
const NO_OUTPUT = { text: '(no output)' };

function buildResult({ callId, content, isError }: ToolResultPart, scope: ContentScope): JsonObject {
  // "Citations are not supported in tool result documents": https://github.com/boto/boto3/issues/4648
  const blocks = buildBlocks(content, { ...scope, cachePoints: 'nowhere', citesDocuments: false });
  const result: JsonObject = {
    toolUseId: toolUseId(callId, scope.model),
    content: blocks.length === 0 ? [NO_OUTPUT] : blocks,
  };
  if (isError !== true) return result;
  // Claude's rule: "all content must be type `text` if `is_error` is true".
  if (scope.family === 'claude' && blocks.some((block) => block.text === undefined)) {
    scope.losses.approximated('tool_result.is_error', FAILED_IN_WORDS);
    blocks.unshift({ text: CALL_FAILED });
  } else if (knowsFailedResults(scope.family)) result.status = 'error';
  else scope.losses.lost('is_error');
  return result;
}
