// One provider per dialect at a replay upstream.
import type { ConfigInput } from '../../src/index.ts';

type ProviderInput = NonNullable<ConfigInput['providers']>[string];

/** `claude` and `gpt`; the first is the default. `changes` apply to both. */
export function labConfig(
  url: string,
  changes: Partial<ProviderInput> = {},
  more: Omit<ConfigInput, 'providers'> = {},
): ConfigInput {
  const common = { base_url: url, api_key: 'lab-key', max_retries: 0, ...changes };
  return {
    providers: {
      claude: { dialect: 'anthropic-messages', ...common },
      gpt: { dialect: 'openai-chat', ...common },
    },
    routing: { default_provider: 'claude' },
    ...more,
  };
}
