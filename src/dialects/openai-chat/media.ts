// Images, files and audio as this dialect writes them: data URLs, and audio formats by name.
import type { MediaSource } from '../../model/content.ts';
import { asObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import { table } from '../../model/table.ts';

/** The source that an image or file URL names: bytes for a base64 data URL, else the URL itself. */
export function parseMediaUrl(url: string): MediaSource {
  if (url.startsWith('data:')) {
    const comma = url.indexOf(',');
    const header = url.slice('data:'.length, Math.max(comma, 0));
    if (comma !== -1 && header.endsWith(';base64')) {
      const mediaType = header.slice(0, header.indexOf(';'));
      return { kind: 'base64', mediaType: mediaType || 'text/plain', data: url.slice(comma + 1) };
    }
  }
  return { kind: 'url', url };
}

/** What a generated image is called that has an address instead of bytes: no other dialect can say it. */
export const IMAGE_URL = 'image';

/** The entry of `images[]` that was kept as it came. */
export function ownImage(dialect: string, name: string, value: JsonValue): JsonObject | undefined {
  return dialect === 'openai-chat' && name === IMAGE_URL ? asObject(value) : undefined;
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

/**
 * Answers carry audio without its type; the first bytes tell it. Headerless audio is PCM16, the only
 * such format that can be asked for. https://platform.openai.com/docs/guides/audio
 */
export function sniffAudio(base64: string): string {
  if (base64.startsWith('UklGR')) return 'audio/wav';
  if (base64.startsWith('SUQz') || base64.startsWith('//')) return 'audio/mpeg';
  if (base64.startsWith('ZkxhQ')) return 'audio/flac';
  if (base64.startsWith('T2dnU')) return 'audio/ogg';
  return 'audio/pcm';
}

const DOCUMENT_TYPES: Record<string, string> = table({
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  html: 'text/html',
  json: 'application/json',
});

/** Raw base64 in `file_data` has no type of its own: the file name's ending tells, PDF where it does not. */
export function documentMediaType(filename: string | undefined): string {
  const ending = filename?.slice(filename.lastIndexOf('.') + 1).toLowerCase() ?? '';
  return DOCUMENT_TYPES[ending] ?? 'application/pdf';
}
