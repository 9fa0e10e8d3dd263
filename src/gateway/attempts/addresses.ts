// Providers with several addresses: a failure at one moves on to the next at once, before any content (GUARANTEES 2).
import type { Target } from '../../routing/targets.ts';

/** Repeats each target for every address of its provider, in their order. A pause before the next try is made only at the last one. */
export function withAddresses(targets: readonly Target[]): Target[] {
  if (!targets.some(hasSeveral)) return [...targets];
  return targets.flatMap((target) => {
    const { otherBaseUrls = [], baseUrl } = target.provider;
    if (otherBaseUrls.length === 0) return [target];
    const addresses = [baseUrl, ...otherBaseUrls];
    return addresses.map((address, at) => {
      const provider = { ...target.provider, baseUrl: address, otherBaseUrls: [] };
      return { ...target, provider, hasNextAddress: at < addresses.length - 1 };
    });
  });
}

function hasSeveral({ provider: { otherBaseUrls = [] } }: Target): boolean {
  return otherBaseUrls.length > 0;
}
