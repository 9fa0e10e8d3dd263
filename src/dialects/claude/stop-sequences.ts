// Claude refuses stop sequences that consist of white space: "each stop sequence must contain non-whitespace".
// https://github.com/BerriAI/litellm/issues/3286
import type { LossReport } from '../shared/losses/loss-report.ts';

export function withoutBlankStops(stops: readonly string[], losses: LossReport): string[] {
  const kept = stops.filter((stop) => stop.trim() !== '');
  if (kept.length < stops.length) losses.lost('stop', 'stop sequences of only white space are not accepted');
  return kept;
}
