// Texts in, vectors out: the neutral form of embeddings.
import type { Usage } from './usage.ts';

export interface EmbeddingRequest {
  model: string;
  input: EmbeddingInput[];
  dimensions?: number;
  /** The vectors are wanted as the model makes them, not scaled to length 1. */
  unnormalized?: true;
  /** How the client wants each vector: numbers, or base64 of little-endian 32-bit floats. */
  encoding: 'float' | 'base64';
  user?: string;
  /** The client sent a single input instead of a list. */
  alone?: true;
  /** The client reads Google Cloud's `predictions`. */
  asPredictions?: true;
  /** The client uses the form of these models at Amazon, for its request and for the answer. */
  amazonForm?: 'titan' | 'cohere' | 'cohere-by-type' | 'nova';
}

/** Text, or the token ids that the client made from it. */
export type EmbeddingInput =
  | {
      type: 'text';
      text: string;
      /** What the vector is for, in Google's words: `RETRIEVAL_QUERY`, `CLUSTERING`, … */
      task?: string;
      /** The title of the document from which the text is. */
      title?: string;
    }
  | { type: 'tokens'; tokens: number[] };

export interface EmbeddingResponse {
  /** The provider's id of the answer, if it has one. */
  id?: string | undefined;
  /** The model that served; null if the upstream does not say. */
  model: string | null;
  /** Null if the upstream reports none. */
  usage: Partial<Usage> | null;
  /** One per input, in the order of the inputs. Parsed only if they are rendered again. Throws Error if they cannot be read. */
  vectors(): number[][];
}
