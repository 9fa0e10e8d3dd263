// The wire formats that Sluice speaks. A new one breaks the compile until every table answers it.

export const DIALECT_IDS = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'] as const;
export type DialectId = (typeof DIALECT_IDS)[number];
