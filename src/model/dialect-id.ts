// The wire formats that Sluice speaks. A new one fails to compile until every table has an entry for it.

export const DIALECT_IDS = [
  'anthropic-messages',
  'openai-chat',
  'openai-responses',
  'gemini',
  'ollama-chat',
] as const;
export type DialectId = (typeof DIALECT_IDS)[number];

/** Dialects that some providers speak and no client does. */
const PROVIDER_ONLY_IDS = ['bedrock-converse', 'bedrock-invoke', 'code-assist'] as const;
export const PROVIDER_DIALECT_IDS = [...DIALECT_IDS, ...PROVIDER_ONLY_IDS] as const;
export type ProviderDialectId = (typeof PROVIDER_DIALECT_IDS)[number];
