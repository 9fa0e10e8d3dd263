// The configuration in the form in which a primary hands it to its workers, so that only the primary has to read and check it.
import type { ResolvedConfig } from '../config/resolved.ts';

/** A checked configuration; null if it contains code, which no pipe carries: the worker then loads it itself. */
export type SentConfig = ResolvedConfig | null;

/** Null if there are transformers, which are code. */
export function sendable(config: ResolvedConfig): SentConfig {
  try {
    return structuredClone(config);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'DataCloneError') return null;
    throw error;
  }
}
