// Metrics in the shape that the library serializes: sums and histograms since the start.
import { NONE } from '../telemetry/labels.ts';
import type { Distribution, Series } from '../telemetry/metric.ts';
import type { UnitMetric } from './gen-ai-meter.ts';
import { type Attributes, hrTime, type MetricData } from './serializers.ts';

const CUMULATIVE = 1;
const HISTOGRAM = 0;
const SUM = 3;
const DOUBLE = 1;

/** @param startedAt Unix milliseconds of the start. @param now Unix milliseconds. */
export function metricData(metric: UnitMetric, startedAt: number, now: number): MetricData {
  const { name, help, unit, labels } = metric;
  const common = {
    descriptor: { name, description: help, unit, valueType: DOUBLE },
    aggregationTemporality: CUMULATIVE,
  } as const;
  const times = { startTime: hrTime(startedAt), endTime: hrTime(now) };
  const series = [...metric.series];
  const described = (values: Series['values']) => ({ ...times, attributes: attributesOf(labels, values) });
  if (metric.type !== 'histogram') {
    const dataPoints = series.flatMap(({ values, point }) =>
      typeof point === 'number' ? [{ ...described(values), value: point }] : [],
    );
    return { ...common, dataPointType: SUM, isMonotonic: metric.type === 'counter', dataPoints };
  }
  const scale = unit === 's' ? 1_000 : 1;
  const dataPoints = series.flatMap(({ values, point }) =>
    typeof point === 'number' ? [] : [{ ...described(values), value: distributionOf(point, scale) }],
  );
  return { ...common, dataPointType: HISTOGRAM, dataPoints };
}

function distributionOf({ bounds, counts, sum }: Distribution, scale: number) {
  return {
    buckets: { boundaries: bounds.map((bound) => bound / scale), counts },
    sum: sum / scale,
    count: counts.reduce((total, count) => total + count, 0),
  };
}

/** What does not apply is left out. */
function attributesOf(labels: readonly string[], values: Series['values']): Attributes {
  const attributes: Attributes = {};
  for (const [index, label] of labels.entries()) {
    const value = values[index];
    if (value !== undefined && value !== NONE) attributes[label] = value;
  }
  return attributes;
}
