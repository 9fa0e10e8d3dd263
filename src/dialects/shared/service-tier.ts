// The service tier that a request asks for, where a provider names its tiers as the neutral request does.
import type { LossReport } from './loss-report.ts';

/** @param known the tiers that the provider takes. Undefined where there is nothing to say. */
export function buildServiceTier(
  tier: string | undefined,
  known: ReadonlySet<string>,
  losses: LossReport,
): string | undefined {
  // `auto` is the default, and not every server has the field.
  if (tier === undefined || tier === 'auto') return undefined;
  if (known.has(tier)) return tier;
  // Anthropic's value for "no priority capacity".
  if (tier === 'standard_only') {
    losses.approximated('service_tier', '`standard_only` is sent as `default`');
    return 'default';
  }
  losses.lost('service_tier');
  return undefined;
}
