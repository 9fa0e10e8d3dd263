// Neutral parts → content of messages and tool results.
import type { DocumentPart, ImagePart, Part, TextPart } from '../../model/content.ts';
import { asObject, type JsonObject } from '../../model/json/json.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { SENT_AS_TEXT, TEXT_ALONE } from '../shared/losses/substitutes.ts';
import { titledText } from '../shared/media/text-document.ts';
import { BREAKPOINT, breakpointIn, explicitBreakpoint } from '../openai/breakpoint.ts';
import { buildAnnotation } from './annotations.ts';
import { audioFormat, buildDataUrl, documentName } from '../openai/media.ts';
import { reportMisplaced } from '../openai/misplaced-parts.ts';
import { CONTENT_PREFIX } from './parse-content.ts';
import { ID, ownFields } from './wire.ts';

export interface BuildScope {
  losses: LossReport;
  /** Whether the client speaks this dialect, so that its content is passed on unchanged. */
  native: boolean;
  /** Whether the server accepts OpenAI's cache breakpoints from clients of Chat Completions too; others may refuse them. */
  marks: boolean;
  /** Whether the model accepts breakpoints in place of Anthropic's. */
  breakpoints: boolean;
  /** Whether the model accepts instructions between turns, which chat templates of many open models refuse. */
  laterInstructions: boolean;
  /** Whether the model is known to see images. */
  seesImages: () => boolean;
  /** The declared MCP servers that come from another dialect: calls of their tools can be sent back. */
  mcpServers: ReadonlySet<string>;
}

/** Parts of a user or system message, or of a tool result. */
export function buildInputContent(parts: readonly Part[], scope: BuildScope): JsonObject[] {
  const built: JsonObject[] = [];
  for (const part of parts) {
    const content = buildInputPart(part, scope);
    if (content === undefined) continue;
    if (part.type !== 'opaque') addCommon(part, content, scope);
    built.push(content);
  }
  return built;
}

function addCommon(part: Exclude<Part, { type: 'opaque' }>, content: JsonObject, scope: BuildScope): void {
  scope.losses.foreign(part.extension);
  const { [BREAKPOINT]: _, ...own } = ownFields(part.extension);
  Object.assign(content, own);
  // A transformer may have removed it.
  if (part.cacheControl === undefined) return;
  const given = scope.marks ? breakpointIn(part.extension) : undefined;
  if (given !== undefined) content[BREAKPOINT] = given;
  else addBreakpoint(part.cacheControl, content, scope);
}

/** @param content the last of what is to be cached; undefined if nothing can hold the breakpoint. */
export function addBreakpoint(
  cacheControl: JsonObject,
  content: JsonObject | undefined,
  { native, breakpoints, losses }: BuildScope,
): void {
  if (content === undefined || !(native || breakpoints)) losses.lost('cache_control');
  else content[BREAKPOINT] ??= explicitBreakpoint(cacheControl, losses);
}

function buildInputPart(part: Part, { losses, native }: BuildScope): JsonObject | undefined {
  switch (part.type) {
    case 'text':
      if (!native && part.citations !== undefined && part.citations.length > 0)
        losses.approximated('citations', TEXT_ALONE);
      return { type: 'input_text', text: part.text };
    case 'refusal':
      return { type: 'input_text', text: part.text };
    case 'image':
      return buildImage(part, losses);
    case 'document':
      return buildDocument(part, losses);
    case 'audio':
      if (native && part.source.kind === 'base64') {
        const { data, mediaType } = part.source;
        return { type: 'input_audio', input_audio: { data, format: audioFormat(mediaType) } };
      }
      losses.lost('input_audio');
      return undefined;
    case 'opaque': {
      const own = part.dialect === ID && part.name.startsWith(CONTENT_PREFIX);
      if (!own) losses.lost(part.name);
      return own ? asObject(part.value) : undefined;
    }
    case 'reasoning':
    case 'tool-call':
    case 'server-tool-result':
      reportMisplaced(part, losses);
      return undefined;
    // A separate item.
    case 'tool-result':
      return undefined;
  }
}

function buildImage(part: ImagePart, losses: LossReport): JsonObject | undefined {
  const { source } = part;
  const image = { type: 'input_image', detail: part.detail ?? 'auto' };
  switch (source.kind) {
    case 'base64':
      return { ...image, image_url: buildDataUrl(source.mediaType, source.data) };
    case 'url':
      return { ...image, image_url: source.url };
    case 'text':
      return { type: 'input_text', text: source.text };
    case 'file':
      if (source.dialect === ID) return { ...image, file_id: source.id };
      losses.lost('image.file_id');
      return undefined;
  }
}

function buildDocument({ source, name, cites }: DocumentPart, losses: LossReport): JsonObject | undefined {
  if (cites === true) losses.lost('citations');
  switch (source.kind) {
    case 'base64': {
      const { mediaType, data } = source;
      const filename = documentName(name, mediaType);
      return { type: 'input_file', filename, file_data: buildDataUrl(mediaType, data) };
    }
    case 'url':
      return { type: 'input_file', file_url: source.url, ...(name !== undefined && { filename: name }) };
    case 'text':
      losses.approximated('document', SENT_AS_TEXT);
      return { type: 'input_text', text: titledText(source.text, name) };
    case 'file':
      if (source.dialect === ID) {
        return { type: 'input_file', file_id: source.id, ...(name !== undefined && { filename: name }) };
      }
      losses.lost('document.file_id');
      return undefined;
  }
}

/** A text of an earlier answer, with those of its citations that have a form here. */
export function buildOutputText(part: TextPart, { losses }: BuildScope): JsonObject {
  const annotations: JsonObject[] = [];
  for (const citation of part.citations ?? []) {
    const annotation = buildAnnotation(citation, part.text.length);
    if (annotation === undefined)
      losses.approximated('citations', 'only those with a URL are kept in earlier answers');
    else annotations.push(annotation);
  }
  return { type: 'output_text', text: part.text, annotations };
}
