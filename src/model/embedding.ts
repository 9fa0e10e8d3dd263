// Texts in, vectors out: the neutral form of embeddings.
import type { Usage } from './usage.ts';

export interface EmbeddingRequest {
  model: string;
  input: EmbeddingInput[];
  dimensions?: number;
  /** How the client wants each vector: numbers, or base64 of little-endian 32-bit floats. */
  encoding: 'float' | 'base64';
  user?: string;
  /** The one piece of input was asked for by itself, not as a list of one. */
  alone?: true;
}

/** Text, or the ids of tokens that the client made of it. */
export type EmbeddingInput =
  | {
      type: 'text';
      text: string;
      /** What the vector is for, in Google's words: `RETRIEVAL_QUERY`, `CLUSTERING`, … */
      task?: string;
      /** Of the document that the text is from. */
      title?: string;
    }
  | { type: 'tokens'; tokens: number[] };

export interface EmbeddingResponse {
  /** The model that served; null where the upstream does not say. */
  model: string | null;
  /** Null where the upstream reports none. */
  usage: Partial<Usage> | null;
  /** One a piece of input, in its order. Read only where they are rendered anew. Throws Error where unreadable. */
  vectors(): number[][];
}
