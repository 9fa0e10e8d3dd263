// Images, documents and audio on the wire: `inlineData` for bytes, `fileData` for URLs.
import type { AudioPart, DocumentPart, ImagePart, MediaSource } from '../../model/content.ts';
import type { JsonObject } from '../../model/json/json.ts';
import { standardMediaType } from '../shared/media/media-type.ts';
import { isVideoPage } from '../shared/media/video-page.ts';
import { table } from '../../model/table.ts';

type MediaPart = ImagePart | DocumentPart | AudioPart;

/** Undefined for what the neutral model has no part for (video). */
export function mediaPart(source: MediaSource, mediaType: string): MediaPart | undefined {
  if (mediaType.startsWith('image/')) return { type: 'image', source };
  if (mediaType.startsWith('audio/')) return { type: 'audio', source };
  return mediaType.startsWith('video/') ? undefined : { type: 'document', source };
}

/** Whether a URI is in Google's own storage, which no other provider can read. */
export function isGoogleFile(uri: string): boolean {
  return uri.startsWith('gs://') || /^(https:\/\/[^/]+\/v1(alpha|beta)?\/)?files\/[\w-]+$/.test(uri);
}

const TYPES: Record<string, string> = table({
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  heic: 'image/heic',
  heif: 'image/heif',
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  html: 'text/html',
  json: 'application/json',
  mp3: 'audio/mp3',
  wav: 'audio/wav',
  ogg: 'audio/ogg',
  flac: 'audio/flac',
  mp4: 'video/mp4',
  mpeg: 'video/mpeg',
  mov: 'video/mov',
  webm: 'video/webm',
});

/** The media type by a URL's extension, since the wire requires one. */
function typeOfUrl(url: string): string | undefined {
  const path = url.replace(/[?#].*$/, '');
  return TYPES[path.slice(path.lastIndexOf('.') + 1).toLowerCase()];
}

/** Audio types keep the parameters that are needed to read the audio: `audio/L16;rate=24000`. */
function spelt(mediaType: string): string {
  return /^image\//i.test(mediaType) ? standardMediaType(mediaType) : mediaType;
}

const IMAGES: ReadonlySet<string> = new Set(
  ['png', 'jpeg', 'webp', 'heic', 'heif'].map((type) => `image/${type}`),
);

/**
 * Whether Gemini reads images of this kind: it refuses GIF, which others accept.
 * https://ai.google.dev/gemini-api/docs/image-understanding#supported-formats
 */
export function isTakenImage(source: MediaSource): boolean {
  const type =
    source.kind === 'url'
      ? (source.mediaType ?? typeOfUrl(source.url))
      : source.kind === 'base64'
        ? source.mediaType
        : undefined;
  return type === undefined || IMAGES.has(standardMediaType(type));
}

/** The wire part of a source; undefined if it has none. */
export function buildMedia(source: MediaSource): JsonObject | undefined {
  switch (source.kind) {
    case 'base64':
      return { inlineData: { mimeType: spelt(source.mediaType), data: source.data } };
    case 'url': {
      const mimeType = source.mediaType ?? typeOfUrl(source.url);
      return mimeType === undefined ? undefined : { fileData: { mimeType, fileUri: source.url } };
    }
    case 'text':
    case 'file':
      return undefined;
  }
}

/** The same for a video; for a page that shows one, no type is stated. https://ai.google.dev/gemini-api/docs/video-understanding */
export function buildVideo(source: MediaSource): JsonObject | undefined {
  return source.kind === 'url' && isVideoPage(source.url)
    ? { fileData: { fileUri: source.url } }
    : buildMedia(source);
}
