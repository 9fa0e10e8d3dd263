// What the clients of each dialect post: one small question, streamed or not.
import { FRAMING_TYPES } from '../../src/dialects/dialect.ts';
import { DIALECTS } from '../../src/dialects/registry.ts';
import { DIALECT_IDS, type DialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import { readEvents } from './read-events.ts';
import { type Recording, recordings } from './recordings.ts';
import type { LAB_PROVIDERS } from './test-gateway.ts';

/** The dialects that are in the registry. */
export const SPOKEN_DIALECTS: readonly DialectId[] = DIALECT_IDS.filter((id) => Object.hasOwn(DIALECTS, id));

/** Of the test gateway's providers, the one of each dialect. */
export const LAB_PROVIDER_OF: Record<DialectId, keyof typeof LAB_PROVIDERS> = {
  'anthropic-messages': 'claude',
  'openai-chat': 'gpt',
  'openai-responses': 'responses',
  gemini: 'gemini',
  'ollama-chat': 'ollama',
};

/** The recorded streams of a dialect as its providers are asked for them: one answer each, in its own framing. */
export function recordedStreams(dialect: DialectId): Recording[] {
  const { classify, framing = 'sse' } = DIALECTS[dialect].provider;
  return recordings(RECORDED_AS[dialect], { streamed: true, status: 'ok' }).filter(
    ({ contentType, body }) => {
      if (!contentType.startsWith(FRAMING_TYPES[framing])) return false;
      return readEvents(body).filter((event) => classify(event) === 'terminal').length <= 1;
    },
  );
}

/** The content type of the streams that clients of a dialect read, as the gateway sends it. */
export function streamTypeOf(client: DialectId): string {
  return FRAMING_TYPES[DIALECTS[client].provider.framing ?? 'sse'];
}

/** The recordings of each dialect's wire format. */
export const RECORDED_AS: Record<DialectId, string> = {
  'anthropic-messages': 'anthropic-messages',
  'openai-chat': 'openai-chat',
  'openai-responses': 'openai-responses',
  gemini: 'gemini-generate',
  'ollama-chat': 'ollama-chat',
};

export interface ClientAsk {
  model?: string;
  stream: boolean;
  /** Over and beside the question: `messages` and the like. */
  more?: JsonObject;
}

export function clientRequest(dialect: DialectId, ask: ClientAsk): { path: string; body: JsonObject } {
  const { model = 'any-model', stream, more = {} } = ask;
  return {
    path: PATHS[dialect](model, stream),
    body: { ...(dialect === 'gemini' ? {} : { model, stream }), ...QUESTIONS[dialect](stream), ...more },
  };
}

const PATHS: Record<DialectId, (model: string, stream: boolean) => string> = {
  'anthropic-messages': () => '/v1/messages',
  'openai-chat': () => '/v1/chat/completions',
  'openai-responses': () => '/v1/responses',
  gemini: (model, stream) =>
    `/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  'ollama-chat': () => '/api/chat',
};

const HELLO = [{ role: 'user', content: 'hi' }];

const QUESTIONS: Record<DialectId, (stream: boolean) => JsonObject> = {
  'anthropic-messages': () => ({ max_tokens: 1_000, messages: HELLO }),
  'openai-chat': (stream) => ({
    max_tokens: 1_000,
    ...(stream ? { stream_options: { include_usage: true } } : {}),
    messages: HELLO,
  }),
  'openai-responses': () => ({ max_output_tokens: 1_000, input: HELLO }),
  gemini: () => ({
    generationConfig: { maxOutputTokens: 1_000 },
    contents: [{ role: 'user', parts: [{ text: 'hi' }] }],
  }),
  'ollama-chat': () => ({ options: { num_predict: 1_000 }, messages: HELLO }),
};
