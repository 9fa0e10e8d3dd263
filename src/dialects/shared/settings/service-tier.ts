// The service tier that a request asks for, and the one that served, where both sides use the same names.
import type { JsonObject } from '../../../model/json/json.ts';
import type { LossReport } from '../losses/loss-report.ts';

/** @param known the tiers that the provider accepts. Returns undefined if nothing needs to be sent. */
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

/** OpenAI, Google and Amazon use the same names for these, but not for the usual tier. */
const SERVED: ReadonlySet<string> = new Set(['flex', 'priority']);

/**
 * The field of an answer for the tier that served; empty if that was the usual one, or clients have no such name.
 * @param known the names that clients know.
 */
export function servedTier(
  field: 'service_tier' | 'serviceTier',
  tier: string | undefined,
  known = SERVED,
): JsonObject {
  return tier !== undefined && known.has(tier) ? { [field]: tier } : {};
}
