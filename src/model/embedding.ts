// Texts in, vectors out: the neutral form of embeddings.
import type { Usage } from './usage.ts';

export interface EmbeddingRequest {
  model: string;
  input: EmbeddingInput[];
  dimensions?: number;
  /** The vectors are wanted as the model makes them, not of length 1. */
  unnormalized?: true;
  /** How the client wants each vector: numbers, or base64 of little-endian 32-bit floats. */
  encoding: 'float' | 'base64';
  user?: string;
  /** The client sent a single input, not a list of one. */
  alone?: true;
  /** The client reads Google Cloud's `predictions`. */
  asPredictions?: true;
  /** The client asks in the words of these models at Amazon, and reads theirs. */
  amazonForm?: 'titan' | 'cohere' | 'cohere-by-type' | 'nova';
}

/** Text, or the token ids that the client made from it. */
export type EmbeddingInput =
  | {
      type: 'text';
      text: string;
      /** What the vector is for, in Google's words: `RETRIEVAL_QUERY`, `CLUSTERING`, … */
      task?: string;
      /** The title of the document that the text is from. */
      title?: string;
    }
  | { type: 'tokens'; tokens: number[] };

export interface EmbeddingResponse {
  /** As the provider names it, where it does. */
  id?: string | undefined;
  /** The model that served; null if the upstream does not say. */
  model: string | null;
  /** Null if the upstream reports none. */
  usage: Partial<Usage> | null;
  /** One per input, in input order. Parsed only if they are rendered again. Throws Error if unreadable. */
  vectors(): number[][];
}
