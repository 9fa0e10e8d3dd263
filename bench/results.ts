// The stored result of a run: every number of every round, and what failed.
import type { Numbers } from './measure.ts';
import { type Spread, spreadOf } from './statistics.ts';

export interface MeasureResult {
  name: string;
  /** Metrics and their units, in the order of the report. */
  metrics: Record<string, string>;
  /** By contender. Round N of one and round N of another were taken one after the other; one that failed has no numbers. */
  rounds: Record<string, Numbers[]>;
  failures: Failure[];
  /** How long all of it took. */
  seconds: number;
}

export interface Failure {
  contender: string;
  /** From 1. */
  round: number;
  message: string;
}

/** The metric of one contender over its rounds; undefined where it was not measured. */
export function spreadOfMetric(
  results: readonly MeasureResult[],
  metric: string,
  contender: string,
): Spread | undefined {
  return spreadOfRounds(valuesOf(results, metric, contender), (value) => value);
}

/** Ratios of two contenders, each taken within one round. */
export const spreadOfRatio = comparing((value, base) => (base === 0 ? undefined : value / base));

/** What one contender adds to another, each time within one round. */
export const spreadOfDifference = comparing((value, base) => value - base);

function comparing(compare: (value: number, base: number) => number | undefined) {
  return (results: readonly MeasureResult[], metric: string, contender: string, base: string) => {
    const bases = valuesOf(results, metric, base);
    return spreadOfRounds(valuesOf(results, metric, contender), (value, round) => {
      const other = bases[round];
      return other === undefined ? undefined : compare(value, other);
    });
  };
}

/** By round; undefined where there is no number. */
function valuesOf(
  results: readonly MeasureResult[],
  metric: string,
  contender: string,
): (number | undefined)[] {
  const [result] = results.filter(({ metrics }) => metric in metrics);
  return (result?.rounds[contender] ?? []).map((numbers) => numbers[metric]);
}

/** Of the rounds that have a value. */
function spreadOfRounds(
  values: readonly (number | undefined)[],
  each: (value: number, round: number) => number | undefined,
): Spread | undefined {
  const found = values.flatMap((value, round) => {
    const made = value === undefined ? undefined : each(value, round);
    return made === undefined || !Number.isFinite(made) ? [] : [made];
  });
  return found.length === 0 ? undefined : spreadOf(found);
}
