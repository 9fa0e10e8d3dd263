// The configuration as a primary hands it to its workers, so that only one of them has to read and judge it.
import type { ResolvedConfig } from '../config/resolved.ts';

/** Found sound; null where it holds code, which no pipe carries: a worker loads it itself then. */
export type SentConfig = ResolvedConfig | null;

/** Transformers are code. */
export function sendable(config: ResolvedConfig): SentConfig {
  try {
    return structuredClone(config);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'DataCloneError') return null;
    throw error;
  }
}
