// The change of metrics since their last report, for collectors that do not accept totals since the start (Dynatrace, Datadog).
import type { Distribution, Series } from '../telemetry/metric.ts';
import type { UnitMetric } from './gen-ai-meter.ts';

interface MetricChanges {
  /** When the change begins, in Unix milliseconds. */
  since(): number;
  /** The same metrics with only the change of each series; series without a change are left out. @param now Unix milliseconds. */
  take(metrics: readonly UnitMetric[], now: number): UnitMetric[];
  /** To be called when the last change taken has been delivered. Until then it is part of the next one. */
  delivered(): void;
}

type Point = Series['point'];
/** Keyed by the series object itself: several metrics may hold the same one. */
type Snapshot = ReadonlyMap<Series, Point>;

/** @param startedAt Unix milliseconds. */
export function createMetricChanges(startedAt: number): MetricChanges {
  let before: { at: number; points: Snapshot } = { at: startedAt, points: new Map() };
  let taken = before;
  return {
    since: () => before.at,
    take(metrics, now) {
      const points = new Map<Series, Point>();
      taken = { at: now, points };
      return metrics.map((metric) => {
        const series: Series[] = [];
        for (const one of metric.series) {
          const point = copyOf(one.point);
          points.set(one, point);
          const news = difference(point, before.points.get(one));
          if (news !== null) series.push({ values: one.values, point: news });
        }
        return { ...metric, series };
      });
    },
    delivered() {
      before = taken;
    },
  };
}

function copyOf(point: Point): Point {
  return typeof point === 'number' ? point : { ...point, counts: [...point.counts] };
}

/** Returns null where nothing has changed. */
function difference(now: Point, before: Point | undefined): Point | null {
  if (typeof now === 'number') {
    const news = now - (typeof before === 'number' ? before : 0);
    return news === 0 ? null : news;
  }
  if (before === undefined || typeof before === 'number') return now;
  const counts = now.counts.map((count, at) => count - (before.counts[at] ?? 0));
  const news: Distribution = { bounds: now.bounds, counts, sum: now.sum - before.sum };
  return counts.every((count) => count === 0) ? null : news;
}
