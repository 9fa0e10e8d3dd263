// Images, files and audio in the form of OpenAI's two dialects: data URLs, audio formats by name, documents by file extension.
import type { MediaSource } from '../../model/content.ts';
import { table } from '../../model/table.ts';

/** The source of an image or file URL: bytes for a base64 data URL, else the URL itself. */
export function parseMediaUrl(url: string): MediaSource {
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

/** The media type of `input_audio.format` (`wav` and `mp3` are the documented ones). */
export function audioMediaType(format: string): string {
  return format === 'mp3' ? 'audio/mpeg' : `audio/${format}`;
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

/** Raw base64 in `file_data` states no type: the file's extension decides, else it is taken for PDF. */
export function documentMediaType(filename: string | undefined): string {
  const ending = filename?.slice(filename.lastIndexOf('.') + 1).toLowerCase() ?? '';
  return DOCUMENT_TYPES[ending] ?? 'application/pdf';
}

/** The file name sent with the bytes, from which the server takes the kind of file. */
export function documentName(name: string | undefined, mediaType: string): string {
  if (name !== undefined) return name;
  const ending = Object.entries(DOCUMENT_TYPES).find(([, type]) => type === mediaType)?.[0];
  return `document.${ending ?? mediaType.slice(mediaType.indexOf('/') + 1)}`;
}
