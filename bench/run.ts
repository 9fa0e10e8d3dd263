// Runs measures: rounds over the contenders, in an order that turns around each time.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contender } from './contender.ts';
import type { Effort, Measure, Numbers } from './measure.ts';
import { spreadOf, type Spread } from './statistics.ts';

/** One contender's numbers, a Numbers a round. */
export type Rounds = Map<string, Numbers[]>;

export interface MeasureResult {
  measure: Measure;
  /** By contender. Round N of one and round N of another were taken one after the other. */
  rounds: Rounds;
}

export interface RunOptions {
  measures: readonly Measure[];
  contenders: readonly Contender[];
  effort: Effort;
  say(line: string): void;
}

export async function runMeasures(options: RunOptions): Promise<MeasureResult[]> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  try {
    const results: MeasureResult[] = [];
    for (const measure of options.measures) results.push(await runMeasure(measure, directory, options));
    return results;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function runMeasure(
  measure: Measure,
  parent: string,
  { contenders, effort, say }: RunOptions,
): Promise<MeasureResult> {
  const rounds: Rounds = new Map();
  const taking = contenders.filter((contender) => measure.applies(contender));
  const count = measure.rounds?.(effort) ?? effort.rounds;
  for (let round = 0; round < count && taking.length > 0; round++) {
    for (const contender of round % 2 === 0 ? taking : taking.toReversed()) {
      const directory = mkdtempSync(join(parent, 'run-'));
      mkdirSync(directory, { recursive: true });
      const numbers = await measure.run({ contender, effort, directory });
      rmSync(directory, { recursive: true, force: true });
      rounds.set(contender.name, [...(rounds.get(contender.name) ?? []), numbers]);
      say(`${measure.name} · ${round + 1}/${count} · ${contender.name}: ${describe(measure, numbers)}`);
    }
  }
  return { measure, rounds };
}

function describe({ metrics }: Measure, numbers: Numbers): string {
  return Object.entries(numbers)
    .map(([metric, value]) => `${metric} ${value.toPrecision(4)} ${metrics[metric] ?? ''}`)
    .join(', ');
}

/** The metric of one contender over its rounds; undefined where it was not measured. */
export function spreadOfMetric(
  results: readonly MeasureResult[],
  metric: string,
  contender: string,
): Spread | undefined {
  const values = valuesOf(results, metric, contender);
  return values.length === 0 ? undefined : spreadOf(values);
}

/** Ratios of two contenders, each taken within one round. */
export function spreadOfRatio(
  results: readonly MeasureResult[],
  metric: string,
  contender: string,
  base: string,
): Spread | undefined {
  const below = valuesOf(results, metric, base);
  const ratios = valuesOf(results, metric, contender).flatMap((value, round) => {
    const divisor = below[round];
    return divisor === undefined || divisor === 0 ? [] : [value / divisor];
  });
  return ratios.length === 0 ? undefined : spreadOf(ratios);
}

/** What one contender adds to another, each time within one round. */
export function spreadOfDifference(
  results: readonly MeasureResult[],
  metric: string,
  contender: string,
  base: string,
): Spread | undefined {
  const below = valuesOf(results, metric, base);
  const added = valuesOf(results, metric, contender).flatMap((value, round) => {
    const less = below[round];
    return less === undefined ? [] : [value - less];
  });
  return added.length === 0 ? undefined : spreadOf(added);
}

function valuesOf(results: readonly MeasureResult[], metric: string, contender: string): number[] {
  return results
    .flatMap(({ rounds }) => rounds.get(contender) ?? [])
    .flatMap((numbers) => {
      const value = numbers[metric];
      return value === undefined || Number.isNaN(value) ? [] : [value];
    });
}
