// Providers with several addresses: a failure at one moves on to the next at once, before any content (GUARANTEES 2).
import type { Target } from '../../routing/targets.ts';

/** Repeats each target for every address of its provider, in their order; only the last one is retried. */
export function withAddresses(targets: readonly Target[]): Target[] {
  if (!targets.some(hasSeveral)) return [...targets];
  return targets.flatMap((target) => {
    const { otherBaseUrls = [], baseUrl, maxRetries } = target.provider;
    if (otherBaseUrls.length === 0) return [target];
    const addresses = [baseUrl, ...otherBaseUrls];
    return addresses.map((address, at) => {
      const retries = at === addresses.length - 1 ? maxRetries : 0;
      const provider = { ...target.provider, baseUrl: address, otherBaseUrls: [], maxRetries: retries };
      return { ...target, provider };
    });
  });
}

function hasSeveral({ provider: { otherBaseUrls = [] } }: Target): boolean {
  return otherBaseUrls.length > 0;
}
