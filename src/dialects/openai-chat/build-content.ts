// Neutral parts → message content of this dialect.
import type {
  DocumentPart,
  ImagePart,
  MediaSource,
  OpaquePart,
  Part,
  TextPart,
} from '../../model/content.ts';
import type { JsonObject } from '../../model/json/json.ts';
import type { BuildOptions } from '../dialect.ts';
import type { Quirks } from '../quirks.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { asText, titledText } from '../shared/media/text-document.ts';
import { SENT_AS_TEXT, TEXT_ALONE, UNREADABLE_DOCUMENT } from '../shared/losses/substitutes.ts';
import { isVideoPage } from '../shared/media/video-page.ts';
import { BREAKPOINT, breakpointIn, explicitBreakpoint, takesBreakpoints } from '../openai/breakpoint.ts';
import { audioFormat, buildDataUrl } from '../openai/media.ts';
import { reportMisplaced } from '../openai/misplaced-parts.ts';
import { keepsTextsApart, sentBreakpoint } from './breakpoint-field.ts';
import { ID } from './wire.ts';

export interface BuildScope {
  options: BuildOptions;
  losses: LossReport;
}

/** What joins text parts if the content becomes one string; nothing, for those of an answer. */
type TextSeparator = '' | '\n\n';

/**
 * The content as one string if it is only text, since older and smaller servers accept no array. An array if it contains another kind of
 * part, or a cache breakpoint that the provider understands.
 */
export function buildContent(
  parts: readonly Part[],
  separator: TextSeparator,
  scope: BuildScope,
): string | JsonObject[] | undefined {
  const built: JsonObject[] = [];
  let isPlain = true;
  for (const part of parts) {
    const content = buildPart(part, scope);
    if (content === undefined) continue;
    if (part.type !== 'opaque') {
      scope.losses.foreign(part.extension);
      addBreakpoint(part, content, scope, separator === '');
    }
    if (content.type !== 'text' || content.cache_control !== undefined || content[BREAKPOINT] !== undefined)
      isPlain = false;
    built.push(content);
  }
  if (built.length === 0) return undefined;
  if (built.length > 1 && separator !== '' && keepsTextsApart(scope.options)) return built;
  return isPlain ? built.map((content) => content.text).join(separator) : built;
}

/**
 * Adds the client's own breakpoint, unless a transformer removed it. That of the sister dialect only goes to OpenAI's servers, since others
 * may refuse it.
 * @param isAnswer OpenAI accepts none in the model's earlier answers.
 */
function addBreakpoint(
  { cacheControl, extension }: Pick<TextPart, 'cacheControl' | 'extension'>,
  content: JsonObject,
  { options, losses }: BuildScope,
  isAnswer: boolean,
): void {
  if (cacheControl === undefined) return;
  const { quirks } = options;
  const isExplicit = !isAnswer && takesBreakpoints(options);
  const isTaken = extension?.dialect === ID || quirks.customTools === true;
  const own = isTaken ? breakpointIn(extension) : undefined;
  const breakpoint = own ?? (isExplicit ? explicitBreakpoint(cacheControl, losses) : undefined);
  if (breakpoint !== undefined) content[BREAKPOINT] = breakpoint;
  if (quirks.cacheControl === true) content.cache_control = sentBreakpoint(cacheControl, options, losses);
  else if (breakpoint === undefined) losses.lost('cache_control');
}

function buildPart(part: Part, scope: BuildScope): JsonObject | undefined {
  const { losses } = scope;
  switch (part.type) {
    case 'text':
      return buildText(part, losses);
    case 'image':
      return buildImage(part, losses);
    case 'document':
      return buildDocument(part, scope);
    case 'audio':
      if (part.source.kind === 'base64') {
        const { data, mediaType } = part.source;
        return { type: 'input_audio', input_audio: { data, format: audioFormat(mediaType) } };
      }
      losses.lost('audio');
      return undefined;
    case 'refusal':
      return { type: 'refusal', refusal: part.text };
    case 'opaque':
      return buildOpaque(part, scope);
    case 'reasoning':
    case 'tool-call':
    case 'server-tool-result':
      reportMisplaced(part, losses);
      return undefined;
    // Built elsewhere, as a message of its own.
    case 'tool-result':
      return undefined;
  }
}

function buildText(part: TextPart, losses: LossReport): JsonObject {
  if (part.citations !== undefined && part.citations.length > 0) {
    losses.approximated('citations', TEXT_ALONE);
  }
  return { type: 'text', text: part.text };
}

function buildImage(part: ImagePart, losses: LossReport): JsonObject | undefined {
  const { source } = part;
  const detail = part.detail === undefined ? {} : { detail: part.detail };
  switch (source.kind) {
    case 'base64':
      return {
        type: 'image_url',
        image_url: { url: buildDataUrl(source.mediaType, source.data), ...detail },
      };
    case 'url':
      return { type: 'image_url', image_url: { url: source.url, ...detail } };
    case 'text':
      return { type: 'text', text: source.text };
    case 'file':
      losses.lost('image.file_id');
      return undefined;
  }
}

function buildDocument(part: DocumentPart, { losses, options }: BuildScope): JsonObject | undefined {
  const { name } = part;
  const { documentUrls, textFiles } = options.quirks;
  // OpenAI accepts bytes of PDFs only: https://github.com/trpc-group/trpc-agent-go/issues/1816
  const source = (textFiles !== true && asText(part.source)) || part.source;
  if (part.cites === true) losses.lost('citations');
  if (options.quirks.documents === false && source.kind !== 'text') {
    losses.lost('document');
    return { type: 'text', text: UNREADABLE_DOCUMENT };
  }
  switch (source.kind) {
    case 'base64': {
      if (documentUrls === true) return documentUrl(buildDataUrl(source.mediaType, source.data), name);
      const filename = name ?? (source.mediaType === 'application/pdf' ? 'document.pdf' : 'document');
      return { type: 'file', file: { filename, file_data: buildDataUrl(source.mediaType, source.data) } };
    }
    case 'text':
      losses.approximated('document', SENT_AS_TEXT);
      return { type: 'text', text: titledText(source.text, name) };
    case 'file':
      if (source.dialect === ID) return { type: 'file', file: { file_id: source.id } };
      losses.lost('document.file_id');
      return undefined;
    case 'url':
      if (documentUrls === true) return documentUrl(source.url, name);
      losses.lost('document.url');
      return undefined;
  }
}

/** https://docs.mistral.ai/api (`DocumentURLChunk`) */
function documentUrl(url: string, name: string | undefined): JsonObject {
  return {
    type: 'document_url',
    document_url: url,
    ...(name === undefined ? {} : { document_name: name }),
  };
}

function videoUrl(source: MediaSource, { videos }: Quirks): string | undefined {
  if (videos === undefined) return undefined;
  if (source.kind === 'base64') return buildDataUrl(source.mediaType, source.data);
  if (source.kind !== 'url' || (videos === 'files' && isVideoPage(source.url))) return undefined;
  return source.url;
}

function buildOpaque(
  { dialect, name, value, video }: OpaquePart,
  { losses, options }: BuildScope,
): JsonObject | undefined {
  const isOwnPart = dialect === ID && typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isOwnPart && typeof value.type === 'string') return { ...value };
  const url = video && videoUrl(video, options.quirks);
  if (url !== undefined) return { type: 'video_url', video_url: { url } };
  // Fields of an assistant message have no type, and go back onto the message.
  if (!isOwnPart) losses.lost(name);
  return undefined;
}
