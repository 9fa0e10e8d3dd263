// A run as small as can be: everything starts, is measured and ends. What the numbers are is no test.
import { describe, expect, test } from 'bun:test';
import { BARE, DIRECT, findContenders } from '../../bench/contenders.ts';
import { findAll } from '../../bench/findings.ts';
import { isReached } from '../../bench/findings/finding.ts';
import { EFFORTS, type Measure, type Numbers } from '../../bench/measure.ts';
import { burst } from '../../bench/measures/burst.ts';
import { latency } from '../../bench/measures/latency.ts';
import { manyStreams, metricsOf } from '../../bench/measures/many-streams.ts';
import { memory } from '../../bench/measures/memory.ts';
import { paced } from '../../bench/measures/paced.ts';
import { benchmarksPage } from '../../bench/report.ts';
import { type MeasureResult, runMeasures } from '../../bench/run.ts';
import { PASSTHROUGH } from '../../bench/sluice.ts';

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

test(
  'a tiny run of waits, by the clock and of single events',
  async () => {
    const level = { streams: 10, perSecond: 20 };
    const results = await runMeasures({
      measures: [latency, manyStreams(level)],
      contenders: contenders.filter(({ name }) => name === DIRECT || name === PASSTHROUGH),
      effort: EFFORTS.tiny,
      say: () => {},
    });
    const [waits, ways] = results.map(({ rounds }) => rounds.get(PASSTHROUGH)?.[0] ?? {});
    for (const metric of Object.keys(latency.metrics)) expect(waits?.[metric]).toBeGreaterThan(0);
    const { p50, delivered } = metricsOf(level);
    expect(ways?.[p50]).toBeGreaterThan(0);
    expect(ways?.[delivered]).toBeGreaterThan(0);
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
    findAll(results).find(({ name }) => name === 'CPU per event, passthrough');

  test('a ratio is taken within each round', () => {
    const finding = find([result({ nginx: perEvent(10, 20, 10), passthrough: perEvent(15, 30, 20) })]);
    expect(finding?.value).toEqual({ median: 1.5, lowest: 1.5, highest: 2 });
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
    const page = benchmarksPage(circumstances, findAll(results), results, contenders);
    expect(page).toContain('- **CPU per event, passthrough**: ');
    expect(page).toContain('| CPU per event, passthrough | 4.00 × nginx | at most 1.70 | not reached |');
  });

  test('what was not measured is not judged', () => {
    const finding = find([result({ passthrough: perEvent(40) })]);
    expect(finding?.value).toBeUndefined();
    expect(finding && isReached(finding)).toBeUndefined();
  });
});
