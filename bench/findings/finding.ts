// What a finding is: a number that matters, and where there is one, its target.
import { type MeasureResult, spreadOfDifference, spreadOfMetric, spreadOfRatio } from '../results.ts';
import type { Spread } from '../statistics.ts';

export interface Target {
  bound: number;
  /** Whether the value should stay below the bound or reach it. */
  side: 'at most' | 'at least';
  /** What stands in the way, said only where the target is not reached. */
  obstacle: string;
}

export interface Finding {
  name: string;
  unit: string;
  /** Undefined: not measured on this machine. */
  value: Spread | undefined;
  target?: Target;
}

/** What findings are made of: one metric, of one contender or of two within each round. */
export interface Numbers {
  of(metric: string, contender: string): Spread | undefined;
  ratio(metric: string, contender: string, base: string): Spread | undefined;
  added(metric: string, contender: string, base: string): Spread | undefined;
}

export function numbersOf(results: readonly MeasureResult[]): Numbers {
  return {
    of: (metric, contender) => spreadOfMetric(results, metric, contender),
    ratio: (metric, contender, base) => spreadOfRatio(results, metric, contender, base),
    added: (metric, contender, base) => spreadOfDifference(results, metric, contender, base),
  };
}

export function isReached({ value, target }: Finding): boolean | undefined {
  if (value === undefined || target === undefined) return undefined;
  return target.side === 'at most' ? value.median <= target.bound : value.median >= target.bound;
}
