// Images, files and audio as this dialect writes them: URLs, data URLs, raw base64, ids of uploaded files.
import type { AudioPart, DocumentPart, ImagePart, MediaSource } from '../../model/content.ts';
import { asObject, asString, type JsonObject } from '../../model/json.ts';
import { table } from '../../model/table.ts';
import { ID } from './wire.ts';

/** The image of an `input_image` part, undefined where it names none. */
export function parseImage(part: JsonObject): ImagePart | undefined {
  // A chat-style `{url}` is a widespread mistake that servers forgive.
  const url = asString(part.image_url) ?? asString(asObject(part.image_url)?.url);
  const id = asString(part.file_id);
  const detail = asString(part.detail);
  const wanted = detail === undefined ? {} : { detail };
  if (url) return { type: 'image', source: parseMediaUrl(url), ...wanted };
  return id ? { type: 'image', source: { kind: 'file', id, dialect: ID }, ...wanted } : undefined;
}

/** The document of an `input_file` part, undefined where it names none. */
export function parseFile(part: JsonObject): DocumentPart | undefined {
  const name = asString(part.filename);
  const data = asString(part.file_data);
  const url = asString(part.file_url);
  const id = asString(part.file_id);
  const named = name === undefined ? {} : { name };
  if (data) {
    const source: MediaSource = data.startsWith('data:')
      ? parseMediaUrl(data)
      : { kind: 'base64', mediaType: documentMediaType(name), data };
    return { type: 'document', source, ...named };
  }
  if (url) return { type: 'document', source: { kind: 'url', url }, ...named };
  return id ? { type: 'document', source: { kind: 'file', id, dialect: ID }, ...named } : undefined;
}

/** The clip of an `input_audio` part, undefined where it has none. */
export function parseAudio(part: JsonObject): AudioPart | undefined {
  const audio = asObject(part.input_audio);
  const data = asString(audio?.data);
  if (!data) return undefined;
  const format = asString(audio?.format) ?? 'wav';
  const mediaType = format === 'mp3' ? 'audio/mpeg' : `audio/${format}`;
  return { type: 'audio', source: { kind: 'base64', mediaType, data } };
}

/** The source that a URL names: bytes for a base64 data URL, else the URL itself. */
function parseMediaUrl(url: string): MediaSource {
  const comma = url.startsWith('data:') ? url.indexOf(',') : -1;
  if (comma === -1) return { kind: 'url', url };
  const header = url.slice('data:'.length, comma);
  if (!header.endsWith(';base64')) return { kind: 'url', url };
  const mediaType = header.slice(0, header.indexOf(';')) || 'text/plain';
  return { kind: 'base64', mediaType, data: url.slice(comma + 1) };
}

export function buildDataUrl(mediaType: string, data: string): string {
  return `data:${mediaType};base64,${data}`;
}

export function audioFormat(mediaType: string): string {
  const subtype = mediaType.slice(mediaType.indexOf('/') + 1).replace(/^x-/, '');
  return subtype === 'mpeg' ? 'mp3' : subtype;
}

const DOCUMENT_TYPES: Record<string, string> = table({
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  html: 'text/html',
  json: 'application/json',
});

/** Raw base64 has no type of its own: the file name's ending tells, PDF where it does not. */
function documentMediaType(filename: string | undefined): string {
  const ending = filename?.slice(filename.lastIndexOf('.') + 1).toLowerCase() ?? '';
  return DOCUMENT_TYPES[ending] ?? 'application/pdf';
}

/** The name that goes with the bytes: the server reads the kind of file from it. */
export function documentName(name: string | undefined, mediaType: string): string {
  if (name !== undefined) return name;
  const ending = Object.entries(DOCUMENT_TYPES).find(([, type]) => type === mediaType)?.[0];
  return `document.${ending ?? mediaType.slice(mediaType.indexOf('/') + 1)}`;
}
