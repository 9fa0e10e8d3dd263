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

/** The size of the vectors that a client asks for. */
export function sizeIn(value: JsonValue, field: string): number {
  const size = asNumber(value);
  if (size === undefined || !Number.isInteger(size) || size < 1)
    throw invalid(field, 'must be a whole number of at least 1');
  return size;
}

/** Several requests in place of one, for models that take only so many texts at once. @param most texts at a time. */
export function inParts(request: EmbeddingRequest, most: number): EmbeddingRequest[] {
  const { input } = request;
  const parts: EmbeddingRequest[] = [];
  for (let at = 0; at < Math.max(1, input.length); at += most)
    parts.push({ ...request, input: input.slice(at, at + most) });
  return parts;
}

type Saying = 'user' | 'taskType' | 'title' | 'normalize';

/** What the request says besides its texts that a provider cannot express. */
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

/** @param tokens undefined where the answer states none. */
export function usageOf(tokens: number | undefined): Partial<Usage> | null {
  return tokens === undefined ? null : { inputTokens: tokens };
}

/** One vector of an answer. Throws Error where it is none. @param where in the answer. */
export function vectorOf(value: JsonValue | undefined, where: string): number[] {
  const numbers = asArray(value);
  if (numbers === undefined) throw new Error(`${where} is not a list of numbers`);
  return numbers.map((number) => asNumber(number) ?? 0);
}
