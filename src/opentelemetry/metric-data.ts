// Metrics in the form that OpenTelemetry's library serializes: sums and histograms.
import { NONE } from '../telemetry/labels.ts';
import type { Distribution, Series } from '../telemetry/metric.ts';
import type { UnitMetric } from './gen-ai-meter.ts';
import { type Attributes, hrTime, type MetricData } from './serializers.ts';

/** The library's number for each temporality. */
const TEMPORALITIES = { delta: 0, cumulative: 1 } as const;
const HISTOGRAM = 0;
const SUM = 3;
const DOUBLE = 1;

/** When counting began, and the time of the report, in Unix milliseconds. */
export interface Period {
  from: number;
  until: number;
  temporality: keyof typeof TEMPORALITIES;
}

export function metricData(metric: UnitMetric, { from, until, temporality }: Period): MetricData {
  const { name, help, unit, labels } = metric;
  const common = {
    descriptor: { name, description: help, unit, valueType: DOUBLE },
    aggregationTemporality: TEMPORALITIES[temporality],
  } as const;
  const times = { startTime: hrTime(from), endTime: hrTime(until) };
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

/** Leaves out labels that do not apply. */
function attributesOf(labels: readonly string[], values: Series['values']): Attributes {
  const attributes: Attributes = {};
  for (const [index, label] of labels.entries()) {
    const value = values[index];
    if (value !== undefined && value !== NONE) attributes[label] = value;
  }
  return attributes;
}
