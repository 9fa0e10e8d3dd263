// Media of answers: generated images that have an address alone, and the kind of audio.
import { asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';

/** What a generated image is called that has an address instead of bytes: no other dialect can say it. */
export const IMAGE_URL = 'image';

/** The entry of `images[]` that was kept as it came. */
export function ownImage(dialect: string, name: string, value: JsonValue): JsonObject | undefined {
  return dialect === 'openai-chat' && name === IMAGE_URL ? asObject(value) : undefined;
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
