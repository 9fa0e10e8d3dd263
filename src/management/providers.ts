// GET /gateway/providers: who is configured, and how each is doing. No address and no key is shown.
import type { ProviderConfig } from '../config/resolved.ts';
import type { ManagementDeps } from './management.ts';

export function readProviders(deps: ManagementDeps): object {
  const { providers, disabled } = deps.config();
  const states = deps.providerStates(providers.map(({ name }) => name));
  return {
    providers: providers.map((provider, index) => {
      const state = states[index];
      return {
        name: provider.name,
        kind: provider.kind,
        dialect: provider.dialect,
        healthy: state?.healthy ?? true,
        breaker: state?.breaker ?? 'closed',
        in_flight: state?.inFlight ?? 0,
        ...(state?.lastError === undefined ? {} : { last_error: state.lastError }),
        models: modelsOf(provider),
      };
    }),
    disabled: disabled.map(({ name, reason }) => ({ name, reason })),
  };
}

/** The names that the configuration gives: aliases and the default model. */
function modelsOf({ models, defaultModel }: ProviderConfig): string[] {
  return [...new Set([...Object.keys(models), ...(defaultModel === null ? [] : [defaultModel])])];
}
