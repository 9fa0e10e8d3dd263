// Runs measures: rounds over the contenders, in alternating order. A failure is reported, and the rest continues.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killChildren } from './child.ts';
import type { Contender } from './contender.ts';
import type { Effort, Measure, MeasureContext, Numbers } from './measure.ts';
import type { Failure, MeasureResult } from './results.ts';

export interface RunOptions {
  measures: readonly Measure[];
  contenders: readonly Contender[];
  effort: Effort;
  say(line: string): void;
}

/** Longer than any run takes unless it is stuck. */
const RUN_TIMEOUT_MS = 120_000;

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
  const { name, metrics } = measure;
  const rounds: Record<string, Numbers[]> = {};
  const failures: Failure[] = [];
  const startedAt = performance.now();
  const taking = contenders.filter((contender) => measure.applies(contender));
  const count = measure.rounds?.(effort) ?? effort.rounds;
  for (let round = 0; round < count; round++) {
    const inTurn = round % 2 === 0 ? taking : taking.toReversed();
    for (const contender of inTurn.filter(({ rounds: most = count }) => round < most)) {
      const place = `${name} · ${round + 1}/${count} · ${contender.name}`;
      const directory = mkdtempSync(join(parent, 'run-'));
      let numbers: Numbers = {};
      try {
        numbers = onlyFinite(await inTime(measure, { contender, effort, directory }));
        say(`${place}: ${describe(measure, numbers)}`);
      } catch (thrown) {
        // Processes it left behind would take the cores of the next one.
        killChildren();
        const message = thrown instanceof Error ? thrown.message : String(thrown);
        failures.push({ contender: contender.name, round: round + 1, message });
        say(`${place}: FAILED: ${message}`);
      }
      rmSync(directory, { recursive: true, force: true });
      rounds[contender.name] = [...(rounds[contender.name] ?? []), numbers];
    }
  }
  return { name, metrics, rounds, failures, seconds: (performance.now() - startedAt) / 1_000 };
}

/** A quantile of no answers is not a number. */
function onlyFinite(numbers: Numbers): Numbers {
  return Object.fromEntries(Object.entries(numbers).filter(([, value]) => Number.isFinite(value)));
}

async function inTime(measure: Measure, context: MeasureContext): Promise<Numbers> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done in ${RUN_TIMEOUT_MS / 1_000} s`)), RUN_TIMEOUT_MS);
  });
  try {
    return await Promise.race([measure.run(context), late]);
  } finally {
    clearTimeout(timer);
  }
}

function describe({ metrics }: Measure, numbers: Numbers): string {
  return Object.entries(numbers)
    .map(([metric, value]) => `${metric} ${value.toPrecision(4)} ${metrics[metric] ?? ''}`)
    .join(', ');
}
