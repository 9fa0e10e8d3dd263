// A model as model lists describe it.
import type { Extension } from './content.ts';

export interface ModelEntry {
  /** The name to request it by. */
  id: string;
  displayName?: string;
  /** Unix time in seconds. */
  created?: number;
  inputTokenLimit?: number;
  outputTokenLimit?: number;
  /** How many tokens prompt and answer may have together, for providers that state only that. */
  contextWindow?: number;
  /** Left out if the provider's list says nothing about them. */
  capabilities?: ModelCapabilities;
  /** The entry as its provider's dialect wrote it. */
  extension?: Extension;
}

/** Each is left out if unknown. */
export interface ModelCapabilities {
  /** Accepts images. */
  images?: boolean;
  /** Thinks before it answers. */
  reasoning?: boolean;
  /** Calls functions. */
  tools?: boolean;
  /** Makes embeddings instead of answers. */
  embeds?: boolean;
}

/** One page of a provider's list. */
export interface ModelPage {
  models: ModelEntry[];
  /** Where the next page begins; null after the last one. */
  next: string | null;
}

/** A model that the gateway offers. */
export interface OfferedModel extends ModelEntry {
  /** The configured provider that serves it. */
  provider: string;
}
