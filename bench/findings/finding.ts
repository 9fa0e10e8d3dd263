// A finding: a number that matters, and its target, if any.
import { type MeasureResult, spreadOfDifference, spreadOfMetric, spreadOfRatio } from '../results.ts';
import type { Spread } from '../statistics.ts';

/** What prevents reaching one is in `obstacles.ts`. */
export interface Target {
  bound: number;
  /** What was aimed at first, where that was something else or the same. */
  firstBound?: number;
  /** Whether the value should stay below the bound or reach it. */
  side: 'at most' | 'at least';
}

export interface Finding {
  name: string;
  unit: string;
  /** Undefined: not measured. */
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

export function atMost(bound: number, firstBound?: number): Target {
  return { side: 'at most', bound, ...(firstBound === undefined ? {} : { firstBound }) };
}

export function atLeast(bound: number, firstBound?: number): Target {
  return { side: 'at least', bound, ...(firstBound === undefined ? {} : { firstBound }) };
}

/** Undefined where there is no target, or no value. */
export function isReached({ value, target }: Finding, bound = target?.bound): boolean | undefined {
  if (value === undefined || target === undefined || bound === undefined) return undefined;
  return target.side === 'at most' ? value.median <= bound : value.median >= bound;
}
