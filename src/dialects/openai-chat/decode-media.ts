// Generated audio and images in a stream.
import type { EventSink } from '../../model/events.ts';
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { joinBase64 } from '../shared/media/join-base64.ts';
import type { BlockWriter } from './decode-blocks.ts';
import { parseMediaUrl } from '../openai/media.ts';
import { IMAGE_URL, sniffAudio } from './media.ts';
import { extensionOf, ID } from './wire.ts';

export interface MediaDecoder {
  /** Base64 pieces, and the transcript, which is the answer's text. */
  audio(value: JsonValue): void;
  images(value: JsonValue): void;
  /** Sends the audio, which is one event in the neutral stream. */
  finish(): void;
}

/** @param keepsAudio false if the reader gets the audio from the chunks themselves. */
export function createMediaDecoder(sink: EventSink, blocks: BlockWriter, keepsAudio: boolean): MediaDecoder {
  let audio = '';
  /** Fields sent with the clip: its id and how long that is valid. */
  let audioFields: JsonObject = {};

  function emit(mediaType: string, data: string, fields: JsonObject = {}): void {
    blocks.close();
    sink.push({ type: 'media', block: blocks.next(), mediaType, data, ...extensionOf(fields) });
  }

  return {
    audio(value) {
      const { data, transcript, ...fields } = asObject(value) ?? {};
      if (typeof transcript === 'string' && transcript !== '') blocks.text(transcript);
      if (!keepsAudio) return;
      const piece = asString(data) ?? '';
      audioFields = { ...audioFields, ...fields };
      sink.kept?.(piece.length + JSON.stringify(fields).length);
      audio = joinBase64(audio, piece);
    },
    images(value) {
      for (const item of asArray(value) ?? []) {
        const url = asString(asObject(asObject(item)?.image_url)?.url);
        const source = url === undefined ? undefined : parseMediaUrl(url);
        if (source?.kind === 'base64') emit(source.mediaType, source.data);
        else if (source !== undefined) {
          blocks.close();
          sink.push({ type: 'extension', dialect: ID, name: IMAGE_URL, value: { value: item } });
        }
      }
    },
    finish() {
      if (audio !== '') emit(sniffAudio(audio), audio, audioFields);
    },
  };
}
