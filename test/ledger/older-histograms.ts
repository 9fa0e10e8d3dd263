// Histograms as older databases had them, one row for each bucket, and what they must become.
import { expect } from 'bun:test';
import type { LedgerStore } from '../../src/ledger/store.ts';
import { placesOf } from '../../src/ledger/sums/sum-spans.ts';
import { bucketOf } from '../../src/model/histogram.ts';
import { SAMPLE_TIME, sampleRow } from '../support/ledger-rows.ts';

const HOUR = 3_600_000;
const OLDER = SAMPLE_TIME - 50 * HOUR;

/** In the order of the columns of that time: of a model that goes on, and of one that does not. */
export const BUCKET_ROWS: readonly string[] = placesOf(OLDER).flatMap(([span, start]) => [
  `${span}, ${start}, 'latency', 'lab', 'small-1', 9, 3`,
  `${span}, ${start}, 'latency', 'lab', 'small-1', 10, 12`,
  `${span}, ${start}, 'gaps', 'lab', 'small-1', 39, 5000000000`,
  `${span}, ${start}, 'ttft', 'lab', 'slash/it''s', 0, 1`,
]);

export async function expectPackedHistograms(store: LedgerStore): Promise<void> {
  await store.append([
    sampleRow({ latencyMs: 2 ** -1.6 }),
    sampleRow({ requestId: 'req_other', model: "slash/it's" }),
    sampleRow({ requestId: 'req_older', timestamp: OLDER, ttftMs: null }),
  ]);
  for (const since of [null, OLDER - HOUR]) {
    const { models } = await store.summary({ window: { since }, by: [], models: 5 });
    const histograms = models.map(({ model, latency, ttft, gaps }) => [
      model,
      ...[latency, ttft, gaps].map(counted),
    ]);
    expect(histograms).toEqual([
      [
        'small-1',
        { 9: 3, 10: 13, [bucketOf(1234.5)]: 1 },
        { [bucketOf(210.25)]: 1 },
        { 39: 5_000_000_036, 42: 2 },
      ],
      ["slash/it's", { [bucketOf(1234.5)]: 1 }, { 0: 1, [bucketOf(210.25)]: 1 }, { 39: 18, 42: 1 }],
    ]);
  }
  const { models } = await store.summary({ window: { since: SAMPLE_TIME }, by: [], models: 5 });
  expect(models.map(({ latency }) => counted(latency))).toEqual([{ [bucketOf(1234.5)]: 1 }, { 10: 1 }]);
}

/** The buckets that have something. */
function counted(counts: readonly number[]): Record<number, number> {
  return Object.fromEntries([...counts.entries()].filter(([, count]) => count > 0));
}
