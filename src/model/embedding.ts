// Texts in, vectors out: the neutral form of embeddings.
import type { Usage } from './usage.ts';

export interface EmbeddingRequest {
  model: string;
  input: EmbeddingInput[];
  dimensions?: number;
  /** How the client wants each vector: numbers, or base64 of little-endian 32-bit floats. */
  encoding: 'float' | 'base64';
  user?: string;
}

/** Text, or the ids of tokens that the client made of it. */
export type EmbeddingInput = { type: 'text'; text: string } | { type: 'tokens'; tokens: number[] };

export interface EmbeddingResponse {
  /** The model that served; null where the upstream does not say. */
  model: string | null;
  /** Null where the upstream reports none. */
  usage: Partial<Usage> | null;
  /** One a piece of input, in its order. Read only where they are rendered anew. Throws Error where unreadable. */
  vectors(): number[][];
}
