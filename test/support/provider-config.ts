// A resolved provider for tests.
import type { ProviderConfig } from '../../src/config/resolved.ts';
import { resolveInput } from './resolve-input.ts';

export function sampleProvider(changes: Partial<ProviderConfig> = {}): ProviderConfig {
  const lab = { dialect: 'openai-chat', base_url: 'http://127.0.0.1:1/v1', api_key: null, max_retries: 0 };
  const [provider] = resolveInput({ providers: { lab } }).config.providers;
  if (provider === undefined) throw new Error('the provider is not enabled');
  return { ...provider, ...changes };
}
