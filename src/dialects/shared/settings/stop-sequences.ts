// Stop sequences, of which providers take only so many.
import type { LossReport } from '../losses/loss-report.ts';

/** Undefined where none are left. Empty ones stop nothing, and are refused. */
export function firstStops(
  asked: readonly string[] | undefined,
  most: number,
  losses: LossReport,
): string[] | undefined {
  const stops = (asked ?? []).filter((stop) => stop !== '');
  if (stops.length > most)
    losses.approximated('stop', `only the first ${most} of ${stops.length} stop sequences are sent`);
  return stops.length === 0 ? undefined : stops.slice(0, most);
}
