// The answers of the benchmark's upstream and the requests of its clients, in each dialect that it speaks.
import { anthropicMessages } from './fixtures/anthropic.ts';
import { gemini } from './fixtures/gemini.ts';
import { openaiChat } from './fixtures/openai-chat.ts';
import { openaiResponses } from './fixtures/openai-responses.ts';
import { type ClientFixture, countedOn, type ProviderFixture } from './fixtures/wire.ts';

export const CLIENT_IDS = ['anthropic-messages', 'openai-chat', 'openai-responses'] as const;
export type ClientId = (typeof CLIENT_IDS)[number];
export const PROVIDER_IDS = ['anthropic-messages', 'openai-chat', 'gemini'] as const;
export type ProviderId = (typeof PROVIDER_IDS)[number];

export const CLIENTS: Record<ClientId, ClientFixture> = {
  'anthropic-messages': anthropicMessages,
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
};

export const PROVIDERS: Record<ProviderId, ProviderFixture> = {
  'anthropic-messages': anthropicMessages,
  'openai-chat': openaiChat,
  gemini,
};

/** Text of a stream's first delta: what a client looks for to time the first token. */
export const FIRST_TEXT = 'Onset';
/** Text of the others: about one token. */
export const DELTA_TEXT = ' word';

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Base64 of bytes that begin like a PNG image and do not repeat. */
export function imageOf(characters: number): string {
  const bytes = Buffer.alloc((characters / 4) * 3);
  for (let at = 0, state = 1; at < bytes.length; at++) {
    // https://en.wikipedia.org/wiki/Linear_congruential_generator
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = PNG_SIGNATURE[at] ?? state >>> 24;
  }
  return bytes.toString('base64');
}

/** The whole text of an unpaced stream. */
export function streamText(dialect: ProviderId, deltas: number): string {
  const { head, delta, tail } = PROVIDERS[dialect];
  return head + delta(FIRST_TEXT) + eventsLike(delta(DELTA_TEXT), deltas - 1).join('') + tail;
}

/** One after the other, each with the counts of its place. */
export function eventsLike(event: string, count: number): string[] {
  return Array.from({ length: count }, (_, place) => countedOn(event, place + 1));
}

const LINES = [
  'export function parse(text: string): Config {',
  '  const found = text.match(/^([\\w-]+)\\s*=\\s*"(.*)"$/m); // \'name\' = "value"',
  '  if (found === null) throw new Error("line " + at + ": expected a name and a value");',
  '\t\treturn { ...defaults, [found[1]]: found[2] ?? null };',
  '}',
  '',
  ' * The bearer of a token may read it again — see https://example.com/docs?page=2#keys',
  '  const headers = { authorization: "Bearer " + token, "x-request-id": id };',
];

/** Files that a tool reads: code, with characters that JSON escapes, each slightly different. */
export function filesOf(characters: number, count: number): string[] {
  return Array.from({ length: count }, (_, file) => {
    let text = '';
    for (let line = 0; text.length < characters; line++)
      text += `${String(line + 1).padStart(6)}\t${LINES[(line * 3 + file) % LINES.length] ?? ''}\n`;
    return text;
  });
}
