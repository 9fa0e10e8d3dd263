// Media of answers: generated images, also as clients send them back, and the type of audio.
import type { ImagePart, Part } from '../../model/content.ts';
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { AnswerContext } from '../dialect.ts';
import { parseMediaUrl } from '../openai/media.ts';
import { ID, keptAs, ownFields } from './wire.ts';

const IMAGES = 'images';

/** `images` of an earlier answer; undefined if there are none, or one cannot be read. */
export function parseImages(value: JsonValue | undefined): ImagePart[] | undefined {
  const images: ImagePart[] = [];
  for (const entry of asArray(value) ?? []) {
    const url = asString(asObject(asObject(entry)?.image_url)?.url);
    if (!url) return undefined;
    images.push({ type: 'image', source: parseMediaUrl(url), extension: keptAs(IMAGES, entry) });
  }
  return images.length === 0 ? undefined : images;
}

/** The entry of `images` that the client sent. */
export function sentImage({ extension }: ImagePart): JsonValue | undefined {
  return ownFields(extension)[IMAGES];
}

/** Providers seal each image separately; since a seal has no place among images here, it goes to the end of the reasoning. */
export function withSeals(reasoning: readonly Part[], images: readonly ImagePart[]): Part[] {
  let at = reasoning.length;
  while (reasoning.length - at < images.length && isSeal(reasoning[at - 1])) at--;
  const sealed = images.flatMap((image, place): Part[] => [
    image,
    ...reasoning.slice(at + place, at + place + 1),
  ]);
  return [...reasoning.slice(0, at), ...sealed];
}

function isSeal(part: Part | undefined): boolean {
  return part?.type === 'reasoning' && part.text === '' && part.signature !== undefined;
}

/** The name of a generated image that has a URL instead of bytes: no other dialect has a form for it. */
export const IMAGE_URL = 'image';

/** The entry of `images[]` that was kept unchanged. */
export function ownImage(dialect: string, name: string, value: JsonValue): JsonObject | undefined {
  return dialect === ID && name === IMAGE_URL ? asObject(value) : undefined;
}

/** What clients require of audio besides its bytes. The audio is not stored for later turns, so it has already expired. */
export function unsaidAudio({ requestId, created }: AnswerContext): JsonObject {
  return { id: `audio-${requestId}`, expires_at: created, transcript: '' };
}

/**
 * Answers carry audio without its type, but the first bytes reveal it. Audio without a header is PCM16, the only such format that can be
 * requested. https://platform.openai.com/docs/guides/audio
 */
export function sniffAudio(base64: string): string {
  if (base64.startsWith('UklGR')) return 'audio/wav';
  if (base64.startsWith('SUQz') || base64.startsWith('//')) return 'audio/mpeg';
  if (base64.startsWith('ZkxhQ')) return 'audio/flac';
  if (base64.startsWith('T2dnU')) return 'audio/ogg';
  return 'audio/pcm';
}
