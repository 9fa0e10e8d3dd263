// What the provider's messages in a realtime conversation, or in a translation, state.
// https://developers.openai.com/api/docs/guides/realtime-websocket
import { asObject, type JsonObject, parseObject } from '../../model/json/json.ts';
import { CountReader, countIn, type PricedParts, type StatedUsage } from '../../model/usage.ts';
import type { ForwardedSocket, SocketReport } from '../forwarded-socket.ts';
import { transcriptionBill } from './forwarded-usage.ts';

/** Everything else, mainly sound, is not parsed. Translations state no counts. */
const READ =
  /"type"\s*:\s*"(session\.(created|updated|output_transcript\.delta)|response\.done|response\.(output_)?(text|audio_transcript)\.delta|conversation\.item\.input_audio_transcription\.completed)"/;

/** Reads the messages of one connection in their order. */
export function createRealtimeReader(): ForwardedSocket['read'] {
  const conversation = new Conversation();
  return (message) => (READ.test(message) ? conversation.report(parseObject(message) ?? {}) : undefined);
}

class Conversation {
  /** The transcribing model, in a session that only transcribes. */
  private transcriber: string | undefined;
  private hasTranscribed = false;
  /** Several models transcribed, at different prices. */
  private isMixed = false;

  report(event: JsonObject): SocketReport | undefined {
    switch (event.type) {
      case 'session.created':
      case 'session.updated':
        return this.begun(asObject(event.session) ?? {});
      case 'response.done': {
        const usage = asObject(asObject(event.response)?.usage);
        return { mayEnd: true, ...(usage !== undefined && { usage: answerBill(usage) }) };
      }
      case 'conversation.item.input_audio_transcription.completed':
        return this.transcribed(event);
      default:
        return typeof event.delta === 'string' ? { text: event.delta } : undefined;
    }
  }

  private begun(session: JsonObject): SocketReport | undefined {
    const input = asObject(asObject(session.audio)?.input);
    const transcribes = session.type === 'transcription';
    const model = transcribes ? asObject(input?.transcription)?.model : session.model;
    if (typeof model !== 'string') return undefined;
    if (transcribes) {
      if (this.hasTranscribed && model !== this.transcriber) this.isMixed = true;
      this.transcriber = model;
    }
    return { model };
  }

  private transcribed({ usage }: JsonObject): SocketReport | undefined {
    if (this.transcriber === undefined) {
      // A model other than the speaking one transcribed, and the event does not name it.
      return usage === undefined ? undefined : { usage: { otherCharges: true } };
    }
    this.hasTranscribed = true;
    const stated = transcriptionBill(usage === undefined ? {} : { usage });
    if (stated === undefined) return { mayEnd: true };
    return { mayEnd: true, usage: this.isMixed ? { ...stated, otherCharges: true } : stated };
  }
}

/** https://developers.openai.com/api/reference/resources/realtime/server-events#response.done */
function answerBill(usage: JsonObject): StatedUsage {
  const reader = new CountReader();
  const input = reader.read(usage.input_tokens);
  const output = reader.read(usage.output_tokens);
  const inputs = asObject(usage.input_token_details) ?? {};
  const cached = Math.min(reader.read(inputs.cached_tokens) ?? 0, input ?? 0);
  const cachedAudioTokens = countIn(asObject(inputs.cached_tokens_details)?.audio_tokens) ?? 0;
  const audioInput = reader.read(inputs.audio_tokens);
  const audioOutput = reader.read(asObject(usage.output_token_details)?.audio_tokens);
  // Images have a price of their own.
  const seen = countIn(inputs.image_tokens) ?? 0;
  const pricedApart: PricedParts | undefined =
    cachedAudioTokens + seen === 0
      ? undefined
      : {
          ...(cachedAudioTokens > 0 && { cachedAudioTokens }),
          ...(seen > 0 && { imageInputTokens: seen }),
        };
  return {
    ...reader.stated({
      ...(input !== undefined && { inputTokens: input - cached }),
      ...(output !== undefined && { outputTokens: output }),
      ...(cached > 0 && { cacheReadTokens: cached }),
      ...(audioInput !== undefined && { audioInputTokens: audioInput }),
      ...(audioOutput !== undefined && { audioOutputTokens: audioOutput }),
    }),
    ...(pricedApart !== undefined && { pricedApart }),
    // It is not said which of them came from the cache, and their prices differ.
    ...(seen > 0 && cached > 0 && { otherCharges: true }),
  };
}
