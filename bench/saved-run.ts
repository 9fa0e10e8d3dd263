// A run's result as docs/benchmarks.json keeps it, so that the page can be rendered again without measuring.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Circumstances } from './report.ts';
import type { MeasureResult } from './results.ts';

export interface SavedRun {
  /** Of the last run. */
  circumstances: Circumstances;
  contenders: { name: string; isPeer: boolean }[];
  /** A run of a few measures replaces only those: each states the commit at which it was taken. */
  results: (MeasureResult & { commit: string })[];
}

const FILE = join(import.meta.dir, '..', 'docs', 'benchmarks.json');

export function readSavedRun(): SavedRun | undefined {
  // Written below.
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as SavedRun) : undefined;
}

export function writeSavedRun(run: SavedRun): void {
  writeFileSync(FILE, `${JSON.stringify(run, null, 1)}\n`);
}

/** Keeps earlier results of what was not measured again. */
export function mergeRuns(
  before: SavedRun | undefined,
  { circumstances, contenders, results }: SavedRun,
): SavedRun {
  const earlier = before?.results ?? [];
  const isNew = ({ name }: MeasureResult) => !earlier.some((one) => one.name === name);
  return {
    circumstances,
    contenders: [
      ...contenders,
      ...(before?.contenders ?? []).filter(({ name }) => !contenders.some((one) => one.name === name)),
    ],
    results: [
      ...earlier.map((one) => results.find(({ name }) => name === one.name) ?? one),
      ...results.filter(isNew),
    ],
  };
}
