// The smallest possible run: everything starts, is measured and ends. The numbers themselves are not tested.
import { expect, test } from 'bun:test';
import { canLimitCpu } from '../../bench/cpu-quota.ts';
import { DIRECT, findContenders, FRAGMENTS, SLOWEST } from '../../bench/contenders.ts';
import { EFFORTS, type Measure } from '../../bench/measure.ts';
import { BODIES, bigBodies, bodyMetrics } from '../../bench/measures/big-bodies.ts';
import { burst } from '../../bench/measures/burst.ts';
import { rareWaits, steadyWaits } from '../../bench/measures/latency.ts';
import { manyStreams, metricsOf } from '../../bench/measures/many-streams.ts';
import { memory } from '../../bench/measures/memory.ts';
import { paced } from '../../bench/measures/paced.ts';
import { workers } from '../../bench/measures/workers.ts';
import { runMeasures } from '../../bench/run.ts';
import { PASSTHROUGH } from '../../bench/sluice.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

const { contenders } = findContenders();

/** On a busy machine no stream may end within so short a time; one that never does fails each try. */
const TRIES = { timeout: TEST_TIMEOUT_MS, retry: 3 };

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
    const [bursts, paces, memories] = results.map(({ rounds }) => Object.keys(rounds));
    expect(bursts).toEqual(contenders.filter((one) => burst.applies(one)).map(({ name }) => name));
    expect(paces).toEqual(contenders.filter((one) => paced.applies(one)).map(({ name }) => name));
    expect(memories).toContain(PASSTHROUGH);
    expect(results.flatMap(({ failures }) => failures)).toEqual([]);
    for (const { rounds } of results) {
      for (const [numbers] of Object.values(rounds)) {
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
    const level = { streams: 10, perSecond: 20, rounds: 1 };
    const results = await runMeasures({
      measures: [rareWaits, steadyWaits, manyStreams(level)],
      contenders: contenders.filter(({ name }) => name === DIRECT || name === PASSTHROUGH),
      effort: EFFORTS.tiny,
      say: () => {},
    });
    expect(results.flatMap(({ failures }) => failures)).toEqual([]);
    const [rare, steady, ways] = results.map(({ rounds }) => rounds[PASSTHROUGH]?.[0] ?? {});
    for (const metric of Object.keys(rareWaits.metrics)) expect(rare?.[metric]).toBeGreaterThan(0);
    for (const metric of Object.keys(steadyWaits.metrics)) expect(steady?.[metric]).toBeGreaterThan(0);
    const { p50, delivered } = metricsOf(level);
    expect(ways?.[p50]).toBeGreaterThan(0);
    expect(ways?.[delivered]).toBeGreaterThan(0);
  },
  TRIES,
);

test(
  'a tiny run of one worker and of two, where CPU can be dealt out',
  async () => {
    const results = await runMeasures({
      measures: [workers],
      contenders: contenders.filter(({ name }) => name === PASSTHROUGH),
      effort: EFFORTS.tiny,
      say: () => {},
    });
    const [numbers = {}] = results[0]?.rounds[PASSTHROUGH] ?? [];
    expect(results[0]?.failures).toEqual([]);
    expect(Object.keys(numbers)).toEqual((await canLimitCpu()) ? Object.keys(workers.metrics) : []);
    for (const value of Object.values(numbers)) expect(value).toBeGreaterThan(0);
  },
  TRIES,
);

test(
  'a tiny run of long bodies, of each kind',
  async () => {
    const kept = [PASSTHROUGH, SLOWEST, FRAGMENTS];
    const results = await runMeasures({
      measures: BODIES.map((body) => bigBodies(body)),
      contenders: contenders.filter(({ name }) => kept.includes(name)),
      effort: EFFORTS.tiny,
      say: () => {},
    });
    expect(results.flatMap(({ failures }) => failures)).toEqual([]);
    for (const [at, body] of BODIES.entries()) {
      const { speed, peak } = bodyMetrics(body);
      const taken = body.kind === 'argument' ? FRAGMENTS : SLOWEST;
      expect(Object.keys(results[at]?.rounds ?? {})).toEqual([PASSTHROUGH, taken]);
      for (const name of [PASSTHROUGH, taken]) {
        const numbers = results[at]?.rounds[name]?.[0] ?? {};
        expect(numbers[speed]).toBeGreaterThan(0);
        if (process.platform === 'linux') expect(numbers[peak]).toBeGreaterThan(10);
      }
    }
  },
  TRIES,
);

test('what fails is reported, and the rest goes on', async () => {
  const [contender] = contenders;
  if (contender === undefined) throw new Error('no contender');
  let turns = 0;
  const said: string[] = [];
  const measure: Measure = {
    name: 'of every other round',
    metrics: { turn: '', none: '' },
    applies: () => true,
    rounds: () => 3,
    run: () =>
      ++turns === 2
        ? Promise.reject(new Error('no luck'))
        : Promise.resolve({ turn: turns, none: Number.NaN }),
  };
  const [result] = await runMeasures({
    measures: [measure],
    contenders: [contender, { ...contender, name: 'once', rounds: 1 }],
    effort: EFFORTS.tiny,
    say: (line) => said.push(line),
  });
  expect(result?.rounds).toEqual({
    [contender.name]: [{ turn: 1 }, { turn: 3 }, { turn: 4 }],
    once: [{}],
  });
  expect(result?.failures).toEqual([{ contender: 'once', round: 1, message: 'no luck' }]);
  expect(said[1]).toContain('FAILED: no luck');
});
