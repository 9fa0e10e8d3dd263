// Metrics in the text format of Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/
import type { Distribution, Metric, Series } from './metric.ts';

export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export function prometheusText(metrics: readonly Metric[]): string {
  return metrics.map(describe).join('');
}

function describe({ name, help, type, labels, series }: Metric): string {
  let text = `# HELP ${name} ${help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}\n# TYPE ${name} ${type}\n`;
  for (const { values, point } of series) {
    const given = labels.map((label, index) => `${label}="${escaped(values[index] ?? '')}"`);
    text +=
      typeof point === 'number' ? `${name}${braced(given)} ${point}\n` : distribution(name, given, point);
  }
  return text;
}

/** Writes a histogram of durations: its buckets are cumulative, and in seconds. */
function distribution(
  name: string,
  labels: readonly string[],
  { bounds, counts, sum }: Distribution,
): string {
  let text = '';
  let total = 0;
  for (const [place, count] of counts.entries()) {
    total += count;
    const bound = bounds[place];
    const upTo = bound === undefined ? '+Inf' : String(bound / 1000);
    text += `${name}_bucket${braced([...labels, `le="${upTo}"`])} ${total}\n`;
  }
  return `${text}${name}_sum${braced(labels)} ${sum / 1000}\n${name}_count${braced(labels)} ${total}\n`;
}

function braced(labels: readonly string[]): string {
  return labels.length === 0 ? '' : `{${labels.join(',')}}`;
}

function escaped(value: Series['values'][number]): string {
  return value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"');
}
