// The built-in transformers, by name.
import { cleanCache } from './clean-cache.ts';
import { fields } from './fields.ts';
import { headers } from './headers.ts';
import { maxTokens } from './max-tokens.ts';
import { reasoning } from './reasoning.ts';
import { redact } from './redact.ts';
import type { TransformerRow } from './row.ts';
import { sampling } from './sampling.ts';
import { systemPrompt } from './system-prompt.ts';
import { toolUse } from './tool-use.ts';

export const TRANSFORMERS: readonly TransformerRow[] = [
  maxTokens,
  sampling,
  cleanCache,
  reasoning,
  toolUse,
  systemPrompt,
  headers,
  fields,
  redact,
];

export function findTransformer(name: string): TransformerRow | undefined {
  return TRANSFORMERS.find((row) => row.name === name);
}
