// Requests for embeddings in parts, for models that take only so many texts at once.
import type { EmbeddingRequest } from '../../model/embedding.ts';

/** @param most texts at a time. */
export function inParts(request: EmbeddingRequest, most: number): EmbeddingRequest[] {
  const { input } = request;
  const parts: EmbeddingRequest[] = [];
  for (let at = 0; at < Math.max(1, input.length); at += most)
    parts.push({ ...request, input: input.slice(at, at + most) });
  return parts;
}
