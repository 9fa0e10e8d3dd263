// Message content of a request (string or parts) → neutral parts.
import type { DocumentPart, ImagePart, Part, TextPart, ToolResultContent } from '../../model/content.ts';
import { asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { invalid, nameType, requiredObject, requiredString } from '../shared/read-field.ts';
import { parseBreakpoint } from '../openai/breakpoint.ts';
import { audioMediaType, documentMediaType, parseMediaUrl } from '../openai/media.ts';
import { ID } from './wire.ts';

/** System and developer content: text only. */
export function parseTextContent(content: JsonValue | undefined, path: string): TextPart[] {
  return parseContent(content, path).map((part, index) => {
    if (part.type === 'text') return part;
    throw invalid(`${path}[${index}].type`, 'must be `text`; put other content into a `user` message');
  });
}

/** Tool results: text, and the images and files that some servers take there. */
export function parseResultContent(content: JsonValue | undefined, path: string): ToolResultContent[] {
  if (content === null || content === undefined) return [];
  return parseContent(content, path).map((part, index) => {
    if (part.type === 'text' || part.type === 'image' || part.type === 'document' || part.type === 'opaque') {
      return part;
    }
    throw invalid(`${path}[${index}].type`, 'cannot be in a tool result; use `text`');
  });
}

export function parseContent(content: JsonValue | undefined, path: string): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) {
    const found = content === undefined ? 'is missing' : `is ${nameType(content)}`;
    throw invalid(path, `${found}; it must be a string or an array of content parts`);
  }
  return content.map((part, index) => parsePart(part, `${path}[${index}]`));
}

/** A content part; one of a type without a neutral form is kept unchanged. */
function parsePart(value: JsonValue, path: string): Part {
  const part = requiredObject(value, path);
  const type = requiredString(
    part,
    'type',
    `${path}.type`,
    'say `text`, `image_url`, `input_audio` or `file`',
  );
  const parsed = parseTyped(type, part, path);
  if (parsed.type === 'opaque') return parsed;
  const cacheControl = asObject(part.cache_control);
  const breakpoint = parseBreakpoint(part, ID, undefined);
  if (breakpoint === undefined) return cacheControl === undefined ? parsed : { ...parsed, cacheControl };
  return { ...parsed, ...breakpoint, ...(cacheControl !== undefined && { cacheControl }) };
}

function parseTyped(type: string, part: JsonObject, path: string): Part {
  switch (type) {
    case 'text':
      if (typeof part.text !== 'string') throw invalid(`${path}.text`, 'must be a string');
      return { type: 'text', text: part.text };
    case 'image_url':
      return parseImage(part, path);
    case 'input_audio': {
      const audio = requiredObject(part.input_audio, `${path}.input_audio`);
      const data = requiredString(audio, 'data', `${path}.input_audio.data`, 'give the audio as base64');
      const mediaType = audioMediaType(asString(audio.format) ?? 'wav');
      return { type: 'audio', source: { kind: 'base64', mediaType, data } };
    }
    case 'file':
      return parseFile(part, path);
    case 'document_url':
      return parseDocumentUrl(part) ?? { type: 'opaque', dialect: ID, name: type, value: part };
    case 'refusal':
      if (typeof part.refusal !== 'string') throw invalid(`${path}.refusal`, 'must be a string');
      return { type: 'refusal', text: part.refusal };
    case 'thinking':
      return { type: 'reasoning', text: thinkingText(part) };
    case 'video_url': {
      const url = asString(asObject(part.video_url)?.url);
      const video = url === undefined ? {} : { video: parseMediaUrl(url) };
      return { type: 'opaque', dialect: ID, name: type, value: part, ...video };
    }
    default:
      return { type: 'opaque', dialect: ID, name: type, value: part };
  }
}

/** Mistral's thinking part: its text is a string or an array of text parts. */
export function thinkingText(part: JsonObject): string {
  if (typeof part.thinking === 'string') return part.thinking;
  if (!Array.isArray(part.thinking)) return '';
  return part.thinking.map((piece) => asString(asObject(piece)?.text) ?? '').join('');
}

function parseImage(part: JsonObject, path: string): ImagePart {
  // A bare string instead of `{url}` is a widespread mistake that many servers forgive.
  const image = typeof part.image_url === 'string' ? { url: part.image_url } : part.image_url;
  const fields = requiredObject(image, `${path}.image_url`);
  const url = requiredString(
    fields,
    'url',
    `${path}.image_url.url`,
    'give an http(s) URL or a base64 data URL',
  );
  const source = parseMediaUrl(url);
  const format = asString(fields.format);
  if (source.kind === 'url' && format?.startsWith('image/') === true) source.mediaType = format;
  const parsed: ImagePart = { type: 'image', source };
  const detail = asString(fields.detail);
  if (detail !== undefined) parsed.detail = detail;
  return parsed;
}

function parseFile(part: JsonObject, path: string): DocumentPart {
  const file = requiredObject(part.file, `${path}.file`);
  const name = asString(file.filename) || undefined;
  const data = asString(file.file_data);
  const id = asString(file.file_id);
  const named = name === undefined ? {} : { name };
  if (data) {
    const isUrl = /^(data:|https?:)/.test(data);
    const source = isUrl
      ? parseMediaUrl(data)
      : ({ kind: 'base64', mediaType: documentMediaType(name), data } as const);
    return { type: 'document', source, ...named };
  }
  if (id) return { type: 'document', source: { kind: 'file', id, dialect: ID }, ...named };
  throw invalid(`${path}.file`, 'has neither `file_data` nor `file_id`; give one of them');
}

/** Mistral's clients send documents in this form, with a URL or a data URL. https://docs.mistral.ai/api (`DocumentURLChunk`) */
function parseDocumentUrl(part: JsonObject): DocumentPart | undefined {
  const url = asString(part.document_url);
  if (!url) return undefined;
  const name = asString(part.document_name);
  return { type: 'document', source: parseMediaUrl(url), ...(name !== undefined && { name }) };
}
