// The known providers, one row each. Nothing outside a row names a provider.
import type { ProviderKind } from './kind.ts';
import { OPENAI_SHAPED } from './openai-shaped.ts';

export const PROVIDER_KINDS: readonly ProviderKind[] = [
  {
    kind: 'anthropic',
    dialect: 'anthropic-messages',
    baseUrl: 'https://api.anthropic.com',
    keyVariable: 'ANTHROPIC_API_KEY',
    modelPatterns: [/^claude-/],
    priceId: 'anthropic',
    quirks: {},
  },
  {
    kind: 'openai',
    dialect: 'openai-chat',
    baseUrl: 'https://api.openai.com/v1',
    keyVariable: 'OPENAI_API_KEY',
    modelPatterns: [/^(gpt-|o\d|chatgpt-|codex-|computer-use)/],
    priceId: 'openai',
    pricedAt: /^https:\/\/([a-z]{2}\.)?api\.openai\.com$/,
    quirks: {
      maxTokensField: 'max_completion_tokens',
      fixedSampling: /^(o\d|gpt-5(?!.*chat))/,
      customTools: true,
      callIds: 'at-most-40',
    },
  },
  ...OPENAI_SHAPED,
  {
    kind: 'simulator',
    dialect: 'any',
    baseUrl: 'simulator://local',
    keyVariable: null,
    modelPatterns: [],
    priceId: null,
    quirks: {},
  },
];

export function findProviderKind(kind: string): ProviderKind | undefined {
  return PROVIDER_KINDS.find((row) => row.kind === kind);
}
