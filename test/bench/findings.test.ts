// What a report makes of a run's numbers: ratios, verdicts, the page, and results of an earlier run that it keeps.
import { describe, expect, test } from 'bun:test';
import { findContenders } from '../../bench/contenders.ts';
import { findAll } from '../../bench/findings.ts';
import { type Finding, isReached } from '../../bench/findings/finding.ts';
import { OBSTACLES } from '../../bench/obstacles.ts';
import { benchmarksPage } from '../../bench/page.ts';
import type { Circumstances } from '../../bench/report.ts';
import type { MeasureResult } from '../../bench/results.ts';
import { mergeRuns, type SavedRun } from '../../bench/saved-run.ts';

const { contenders } = findContenders();
const NAME = 'CPU per event, passthrough';

const circumstances: Circumstances = {
  machine: 'one',
  runtime: 'Bun',
  commit: 'abc',
  command: 'npm run bench',
  date: '2026-01-01',
  pinned: true,
  missing: [],
};

const perEvent = (...values: number[]) => values.map((value) => ({ 'CPU per event': value }));

function resultOf(rounds: MeasureResult['rounds'], name = 'made up'): MeasureResult & { commit: string } {
  return { name, metrics: { 'CPU per event': 'µs' }, rounds, failures: [], seconds: 1, commit: 'abc' };
}

function runOf(...results: SavedRun['results']): SavedRun {
  return { circumstances, contenders: contenders.map(({ name }) => ({ name, isPeer: false })), results };
}

const find = (...results: MeasureResult[]): Finding | undefined =>
  findAll(results).find(({ name }) => name === NAME);

test('a ratio is taken within each round', () => {
  const finding = find(resultOf({ nginx: perEvent(10, 20, 10), passthrough: perEvent(15, 30, 20) }));
  expect(finding?.value).toEqual({ median: 1.5, lowest: 1.5, highest: 2 });
  expect(finding && isReached(finding)).toBe(true);
});

test('a round that failed for one of two is in no ratio', () => {
  const finding = find(resultOf({ nginx: perEvent(10, 20, 10), passthrough: [{}, ...perEvent(30, 20)] }));
  expect(finding?.value).toEqual({ median: 1.75, lowest: 1.5, highest: 2 });
});

test('what was not measured is not judged', () => {
  const finding = find(resultOf({ passthrough: perEvent(40) }));
  expect(finding?.value).toBeUndefined();
  expect(finding && isReached(finding)).toBeUndefined();
});

test('every target has a name of its own, and words for what stands in its way', () => {
  const aimed = findAll([]).flatMap(({ name, target }) => (target === undefined ? [] : [name]));
  expect(Object.keys(OBSTACLES).toSorted()).toEqual(aimed.toSorted());
});

describe('the page', () => {
  test('says what was missed, by which target, and why', () => {
    const page = benchmarksPage(runOf(resultOf({ nginx: perEvent(10), passthrough: perEvent(20) })));
    expect(page).toContain(
      `| ${NAME} | 2.00 × nginx | at most 2.20 | reached | at most 1.70 | not reached |`,
    );
    expect(page).toContain(`- **${NAME}**: ${OBSTACLES[NAME]}`);
  });

  test('names what failed', () => {
    const failures = [{ contender: 'passthrough', round: 2, message: 'no luck' }];
    const page = benchmarksPage(runOf({ ...resultOf({}), failures }));
    expect(page).toContain('- made up, passthrough, round 2: no luck');
  });

  test('has other gateways in a table of their own', () => {
    const { results, ...rest } = runOf(resultOf({ passthrough: perEvent(20), LiteLLM: perEvent(400) }));
    const page = benchmarksPage({
      ...rest,
      results,
      contenders: [...rest.contenders, { name: 'LiteLLM', isPeer: true }],
    });
    const [own = '', peers = ''] = page.split('## Other gateways');
    expect(own).not.toContain('LiteLLM');
    expect(peers).toContain('| CPU per event, µs | 20.0 | – | 400 |');
  });
});

test('a run of some measures replaces those, and says of the others where they are from', () => {
  const before = runOf(resultOf({ nginx: perEvent(10) }, 'one'), resultOf({ nginx: perEvent(20) }, 'other'));
  const later = {
    ...runOf({ ...resultOf({ nginx: perEvent(30) }, 'other'), commit: 'def' }),
    circumstances: { ...circumstances, commit: 'def' },
  };
  const merged = mergeRuns(before, later);
  expect(merged.results.map(({ name, commit, rounds }) => [name, commit, rounds.nginx])).toEqual([
    ['one', 'abc', perEvent(10)],
    ['other', 'def', perEvent(30)],
  ]);
  expect(benchmarksPage(merged)).toContain('| commit of one | abc |');
});
