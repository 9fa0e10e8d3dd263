// Neutral parts → parts of a request's contents.
import type {
  AudioPart,
  DocumentPart,
  ImagePart,
  Part,
  ReasoningPart,
  ToolCallPart,
  ToolResultPart,
} from '../../model/content.ts';
import { argumentsToWrite } from '../../model/json/exact-numbers.ts';
import { isObject, type JsonObject } from '../../model/json/json.ts';
import type { BuildOptions } from '../dialect.ts';
import { titledText } from '../shared/media/text-document.ts';
import { buildArguments } from '../shared/tools/call-arguments.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { SENT_AS_TEXT, TEXT_ALONE, GIVEN_AS_TEXT, UNREADABLE_IMAGE } from '../shared/losses/substitutes.ts';
import { isMadeUp } from './call-id.ts';
import { buildMedia, buildVideo, isTakenImage } from './media.ts';
import type { ModelTraits } from './models.ts';
import { buildServerCall } from './server-tools.ts';
import { ownSignature } from './signature.ts';
import { ID, ownFields } from './wire.ts';

export interface BuildScope {
  options: BuildOptions;
  losses: LossReport;
  traits: ModelTraits;
  /** Call id → name of the tool, since results refer to calls by name here. */
  callNames: Map<string, string>;
}

/** A part of a user's or the model's turn; undefined for one without a form here, which is reported. */
export function buildPart(part: Exclude<Part, ToolResultPart>, scope: BuildScope): JsonObject | undefined {
  const { losses } = scope;
  if (part.type === 'opaque') {
    if (part.dialect === ID && isObject(part.value)) return part.value;
    const video = part.video && buildVideo(part.video);
    if (video !== undefined) return video;
    losses.lost(part.name);
    return undefined;
  }
  if (part.cacheControl !== undefined) losses.lost('cache_control');
  if (part.type !== 'tool-call' || part.kind !== 'server') losses.foreign(part.extension);
  switch (part.type) {
    case 'text':
      if (part.citations !== undefined && part.citations.length > 0) {
        losses.approximated('citations', TEXT_ALONE);
      }
      return part.text === '' ? undefined : { text: part.text, ...ownFields(part.extension) };
    case 'refusal':
      if (part.text === '') return undefined;
      losses.approximated('refusal', GIVEN_AS_TEXT);
      return { text: part.text };
    case 'reasoning':
      return buildReasoning(part, losses);
    case 'tool-call':
      return buildCall(part, losses);
    case 'server-tool-result':
      if (part.dialect === ID) return part.value;
      losses.lost(`tools.${scope.callNames.get(part.callId) ?? 'server_tool_result'}`);
      return undefined;
    case 'image':
    case 'document':
    case 'audio':
      return buildMediaPart(part, losses);
  }
}

/** Unsigned thoughts are sent back, as Google's own client does; those of other providers are useless there. */
function buildReasoning(part: ReasoningPart, losses: LossReport): JsonObject | undefined {
  const signature = ownSignature(part.signature);
  if (part.redacted !== undefined || (part.signature !== undefined && signature === undefined)) {
    losses.lost('reasoning');
    return undefined;
  }
  if (part.text === '' && signature === undefined) return undefined;
  return {
    text: part.text,
    ...(part.text === '' ? {} : { thought: true }),
    ...(signature === undefined ? {} : { thoughtSignature: signature }),
  };
}

function buildCall(part: ToolCallPart, losses: LossReport): JsonObject | undefined {
  if (part.kind === 'server') {
    const built = buildServerCall(part, 'provider');
    if (built === undefined) losses.lost(`tools.${part.name}`);
    return built;
  }
  const args = buildArguments(part, losses);
  const signature = ownSignature(part.signature);
  return {
    functionCall: {
      ...(isMadeUp(part.id) ? {} : { id: part.id }),
      name: part.name,
      args,
    },
    ...(signature === undefined ? {} : { thoughtSignature: signature }),
    ...ownFields(part.extension),
  };
}

function buildMediaPart(
  part: ImagePart | DocumentPart | AudioPart,
  losses: LossReport,
): JsonObject | undefined {
  if (part.type === 'image' && part.detail !== undefined && part.detail !== 'auto') losses.lost('detail');
  const { source } = part;
  if (part.type === 'document' && part.cites === true) losses.lost('citations');
  if (source.kind === 'text') {
    losses.approximated(part.type, SENT_AS_TEXT);
    return { text: titledText(source.text, part.type === 'document' ? part.name : undefined) };
  }
  const media = buildMedia(source);
  if (media !== undefined && part.type === 'image' && !isTakenImage(source)) {
    losses.lost('image', 'images are accepted as PNG, JPEG, WebP, HEIC or HEIF');
    return { text: UNREADABLE_IMAGE };
  }
  if (media === undefined) {
    losses.lost(source.kind === 'file' ? `${part.type}.file_id` : `${part.type}.url`);
    return undefined;
  }
  if (part.type === 'document' && part.name !== undefined) losses.lost('document.name');
  return { ...media, ...ownFields(part.extension) };
}

/**
 * The result of a call. Media that it cannot contain are put into `moved`, for the content after it.
 * @param name of the function, looked up by the call's id.
 */
export function buildResult(
  part: ToolResultPart,
  name: string,
  moved: JsonObject[],
  scope: BuildScope,
): JsonObject {
  const { losses, traits } = scope;
  if (part.cacheControl !== undefined) losses.lost('cache_control');
  losses.foreign(part.extension);
  const texts: string[] = [];
  const media: JsonObject[] = [];
  for (const content of part.content) {
    const built = buildPart(content, scope);
    if (built === undefined) continue;
    if (typeof built.text === 'string') texts.push(built.text);
    else if (traits.mediaInResults && !('fileData' in built)) media.push(built);
    else {
      losses.approximated(`tool_result.${content.type}`, 'sent after the result');
      moved.push(built);
    }
  }
  const response = buildResponseObject(texts.join('\n\n'), part.isError === true);
  return {
    functionResponse: {
      ...(isMadeUp(part.callId) ? {} : { id: part.callId }),
      name,
      response,
      ...(media.length === 0 ? {} : { parts: media }),
      ...ownFields(part.extension),
    },
  };
}

/**
 * In a result Google reads `$ref` as the name of an image beside it, and refuses unknown names. JSON Schemas and API descriptions, which
 * tools return, are full of them. https://github.com/googleapis/python-genai/issues/2792
 */
const REFERENCE = /"\$ref"\s*:/;

/** `output` and `error` are Google's names for results that are not objects. */
function buildResponseObject(text: string, isError: boolean): JsonObject {
  const object = REFERENCE.test(text) ? undefined : argumentsToWrite(text);
  if (isError) return { error: object ?? text };
  return object ?? { output: text };
}
