// A run as small as can be: everything starts, is measured and ends. What the numbers are is no test.
import { describe, expect, test } from 'bun:test';
import { BARE, DIRECT, findContenders, PASSTHROUGH } from '../../bench/contenders.ts';
import { findAll, isReached } from '../../bench/findings.ts';
import { EFFORTS, type Measure, type Numbers } from '../../bench/measure.ts';
import { burst } from '../../bench/measures/burst.ts';
import { memory } from '../../bench/measures/memory.ts';
import { paced } from '../../bench/measures/paced.ts';
import { benchmarksPage } from '../../bench/report.ts';
import { type MeasureResult, runMeasures } from '../../bench/run.ts';

const { contenders } = findContenders();

/** On a busy machine no stream may end within so short a time; one that never does fails each try. */
const TRIES = { timeout: 120_000, retry: 3 };

test(
  'a tiny run of streams through every contender',
  async () => {
    const said: string[] = [];
    const results = await runMeasures({
      measures: [burst, paced, memory],
      contenders,
      effort: EFFORTS.tiny,
      say: (line) => said.push(line),
    });
    const [bursts, paces, memories] = results.map(({ rounds }) => [...rounds.keys()]);
    expect(bursts).toEqual(contenders.map(({ name }) => name).filter((name) => name !== BARE));
    expect(paces).toEqual(contenders.map(({ name }) => name).filter((name) => name !== DIRECT));
    expect(memories).toContain(PASSTHROUGH);
    for (const { rounds } of results) {
      for (const [numbers] of rounds.values()) {
        for (const value of Object.values(numbers ?? {})) expect(value).toBeFinite();
      }
    }
    expect(said).toHaveLength((bursts?.length ?? 0) + (paces?.length ?? 0) + (memories?.length ?? 0));
  },
  TRIES,
);

describe('findings', () => {
  const measure: Measure = {
    name: 'made up',
    metrics: { 'CPU per event': 'µs' },
    applies: () => true,
    run: () => Promise.resolve({}),
  };
  const result = (rounds: Record<string, Numbers[]>): MeasureResult => ({
    measure,
    rounds: new Map(Object.entries(rounds)),
  });
  const perEvent = (...values: number[]) => values.map((value) => ({ 'CPU per event': value }));
  const find = (results: MeasureResult[]) =>
    findAll(results, contenders).find(({ name }) => name === 'CPU per event, passthrough');

  test('a ratio is taken within each round', () => {
    const finding = find([result({ nginx: perEvent(10, 20, 10), passthrough: perEvent(20, 40, 30) })]);
    expect(finding?.value).toEqual({ median: 2, lowest: 2, highest: 3 });
    expect(finding && isReached(finding)).toBe(true);
  });

  test('a target that is missed says so, with the reason', () => {
    const results = [result({ nginx: perEvent(10), passthrough: perEvent(40) })];
    const finding = find(results);
    expect(finding && isReached(finding)).toBe(false);
    const circumstances = {
      machine: 'one',
      runtime: 'Bun',
      commit: 'abc',
      command: 'npm run bench',
      date: '2026-01-01',
      pinned: true,
      missing: [],
    };
    const page = benchmarksPage(circumstances, findAll(results, contenders), results, contenders);
    expect(page).toContain('- **CPU per event, passthrough**: ');
    expect(page).toContain('| CPU per event, passthrough | 4.00 × nginx | at most 2.2 | not reached |');
  });

  test('what was not measured is not judged', () => {
    const finding = find([result({ passthrough: perEvent(40) })]);
    expect(finding?.value).toBeUndefined();
    expect(finding && isReached(finding)).toBeUndefined();
  });
});
