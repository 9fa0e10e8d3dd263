// Simulated embeddings: small vectors that depend only on the text, so that the same text is always found again.
import type { ClientRoute, ClientSide } from '../dialects/dialect.ts';
import type { EmbeddingInput } from '../model/embedding.ts';
import type { JsonObject } from '../model/json/json.ts';
import { GatewayError } from '../model/errors.ts';
import { countPieces } from './pieces.ts';

const DIMENSIONS = 8;
const MOST_DIMENSIONS = 4_096;
/** The most numbers in all vectors of an answer: a request with thousands of one-word texts can ask for as many vectors. */
const MOST_NUMBERS = 4_000_000;

/** The answer as JSON text. Throws GatewayError `invalid_request`. */
export function embeddingsOf(body: JsonObject, route: ClientRoute, { embeddings }: ClientSide): string {
  if (embeddings === undefined)
    throw new GatewayError('unsupported_feature', 'the simulator has no embeddings here');
  const request = embeddings.parseRequest(body, route);
  const dimensions = Math.min(request.dimensions ?? DIMENSIONS, MOST_DIMENSIONS);
  const numbers = request.input.length * dimensions;
  if (numbers > MOST_NUMBERS) {
    const message = `${request.input.length} vectors of ${dimensions} numbers; it returns at most ${MOST_NUMBERS}: send fewer texts at a time`;
    throw new GatewayError('invalid_request', message);
  }
  const texts = request.input.map(textOf);
  const inputTokens = request.input.reduce(
    (sum, piece, at) => sum + (piece.type === 'tokens' ? piece.tokens.length : countPieces(texts[at] ?? '')),
    0,
  );
  const vectors = () => texts.map((text) => vectorOf(text, dimensions));
  const response = { model: request.model, usage: { inputTokens }, vectors };
  return JSON.stringify(embeddings.buildResponse(response, request, request.model));
}

function textOf(piece: EmbeddingInput): string {
  return piece.type === 'text' ? piece.text : piece.tokens.join(' ');
}

/** The vector has length 1, as those of embeddings do. FNV-1a over the text seeds a linear congruential generator. */
function vectorOf(text: string, dimensions: number): number[] {
  let state = 0x811c9dc5;
  for (const letter of text) state = Math.imul(state ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  const raw = Array.from({ length: dimensions }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 0xffffffff - 0.5;
  });
  const norm = Math.hypot(...raw) || 1;
  return raw.map((value) => value / norm);
}
