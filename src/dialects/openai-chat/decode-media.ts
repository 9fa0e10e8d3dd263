// Generated audio and images in a stream.
import type { StreamEvent } from '../../model/events.ts';
import { asArray, asObject, asString, type JsonValue } from '../../model/json.ts';
import type { BlockWriter } from './decode-blocks.ts';
import { parseMediaUrl, sniffAudio } from './media.ts';

export interface MediaDecoder {
  /** Base64 pieces, and the transcript, which is the answer's text. */
  audio(value: JsonValue): void;
  images(value: JsonValue): void;
  /** Tells the audio, which the neutral stream takes whole. */
  finish(): void;
}

export function createMediaDecoder(emit: (event: StreamEvent) => void, blocks: BlockWriter): MediaDecoder {
  let audio = '';

  function tell(mediaType: string, data: string): void {
    blocks.close();
    emit({ type: 'media', block: blocks.next(), mediaType, data });
  }

  return {
    audio(value) {
      const fields = asObject(value);
      const transcript = asString(fields?.transcript);
      if (transcript) blocks.text(transcript);
      audio += asString(fields?.data) ?? '';
    },
    images(value) {
      for (const item of asArray(value) ?? []) {
        const url = asString(asObject(asObject(item)?.image_url)?.url);
        const source = url === undefined ? undefined : parseMediaUrl(url);
        if (source?.kind === 'base64') tell(source.mediaType, source.data);
      }
    },
    finish() {
      if (audio !== '') tell(sniffAudio(audio), audio);
    },
  };
}
