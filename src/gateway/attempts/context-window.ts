// Targets for a prompt that is too long for the model it was meant for (GUARANTEES 4).
import { findPrices } from '../../ledger/prices/table.ts';
import { sameTarget, type Target } from '../../routing/targets.ts';

/** The context window of the target's model in tokens, undefined where unknown. */
export function contextWindow({ provider, model }: Target): number | undefined {
  if (provider.priceId === null) return undefined;
  return findPrices(provider.priceId, model)?.models[0]?.context_window;
}

/**
 * The remaining targets whose window is known to be larger than the refusing one's, then those that the configuration names for this case;
 * none that was asked already.
 */
export function largerTargets(
  refused: Target,
  left: readonly Target[],
  named: readonly Target[],
  tried: readonly Target[],
): Target[] {
  const window = contextWindow(refused) ?? Number.POSITIVE_INFINITY;
  const larger = left.filter((target) => (contextWindow(target) ?? 0) > window);
  const found: Target[] = [];
  for (const target of [...larger, ...named]) {
    if (![...tried, ...found].some((other) => sameTarget(other, target))) found.push(target);
  }
  return found;
}
