// Images, files and audio of a request: URLs, data URLs, raw base64, and ids of uploaded files.
import type { AudioPart, DocumentPart, ImagePart, MediaSource } from '../../model/content.ts';
import { asObject, asString, type JsonObject } from '../../model/json/json.ts';
import { audioMediaType, documentMediaType, parseMediaUrl } from '../openai/media.ts';
import { ID } from './wire.ts';

/** The image of an `input_image` part, or of one in the form of Chat Completions; undefined if it names none. */
export function parseImage(part: JsonObject): ImagePart | undefined {
  // Chat's `{url}` is a widespread mistake that servers forgive.
  const chat = asObject(part.image_url);
  const url = asString(part.image_url) ?? asString(chat?.url);
  const id = asString(part.file_id);
  const detail = asString(part.detail) ?? asString(chat?.detail);
  const wanted = detail === undefined ? {} : { detail };
  if (url) return { type: 'image', source: parseMediaUrl(url), ...wanted };
  return id ? { type: 'image', source: { kind: 'file', id, dialect: ID }, ...wanted } : undefined;
}

/** The document of an `input_file` part; undefined if it names none. */
export function parseFile(part: JsonObject): DocumentPart | undefined {
  const name = asString(part.filename) || undefined;
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

/** The clip of an `input_audio` part; undefined if it has none. */
export function parseAudio(part: JsonObject): AudioPart | undefined {
  const audio = asObject(part.input_audio);
  const data = asString(audio?.data);
  if (!data) return undefined;
  const format = asString(audio?.format) ?? 'wav';
  return { type: 'audio', source: { kind: 'base64', mediaType: audioMediaType(format), data } };
}
