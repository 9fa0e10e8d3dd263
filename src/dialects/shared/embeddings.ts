// What requests for embeddings and their answers have in common, whatever the dialect.
import type { EmbeddingInput, EmbeddingRequest } from '../../model/embedding.ts';
import { GatewayError } from '../../model/errors.ts';
import { asArray, asNumber, type JsonValue } from '../../model/json/json.ts';
import type { Loss } from '../../model/request.ts';
import type { Usage } from '../../model/usage.ts';
import { invalid } from './read-field.ts';

export type TextInput = Extract<EmbeddingInput, { type: 'text' }>;

/** Throws GatewayError for token ids, which only OpenAI and servers like it take. @param vendor for the message. */
export function textsOf({ input }: EmbeddingRequest, vendor: string): TextInput[] {
  return input.map((piece) => {
    if (piece.type === 'text') return piece;
    const message = `input: ${vendor} embeds text, not token ids; send strings`;
    throw new GatewayError('unsupported_feature', message, { reason: { param: 'input' } });
  });
}

/** The size that a client asks for its vectors to have. */
export function sizeIn(value: JsonValue, field: string): number {
  const size = asNumber(value);
  if (size === undefined || !Number.isInteger(size) || size < 1)
    throw invalid(field, 'must be a whole number of at least 1');
  return size;
}

/** Splits a request for models that take only a limited number of texts at once. @param most texts per request. */
export function inParts(request: EmbeddingRequest, most: number): EmbeddingRequest[] {
  const { input } = request;
  const parts: EmbeddingRequest[] = [];
  for (let at = 0; at < Math.max(1, input.length); at += most)
    parts.push({ ...request, input: input.slice(at, at + most) });
  return parts;
}

type Saying = 'user' | 'taskType' | 'title' | 'normalize';

/** What the request asks for, besides its texts, that a provider cannot express. */
export function embeddingLosses(request: EmbeddingRequest, carried: readonly Saying[] = []): Loss[] {
  const says: Record<Saying, boolean> = {
    user: request.user !== undefined,
    taskType: request.input.some((piece) => piece.type === 'text' && piece.task !== undefined),
    title: request.input.some((piece) => piece.type === 'text' && piece.title !== undefined),
    normalize: request.unnormalized === true,
  };
  const features: Saying[] = ['user', 'taskType', 'title', 'normalize'];
  return features
    .filter((feature) => says[feature] && !carried.includes(feature))
    .map((feature) => ({ feature, outcome: 'lost' }));
}

/** @param tokens undefined if the answer states no count. */
export function usageOf(tokens: number | undefined): Partial<Usage> | null {
  return tokens === undefined ? null : { inputTokens: tokens };
}

/** A vector in an answer. Throws Error if it is not one. @param where its place in the answer, for the message. */
export function vectorOf(value: JsonValue | undefined, where: string): number[] {
  const numbers = asArray(value);
  if (numbers === undefined) throw new Error(`${where} is not a list of numbers`);
  return numbers.map((number) => asNumber(number) ?? 0);
}
