// A page of metrics as a parser reads it that has nothing to do with the gateway.
import parse from 'parse-prometheus-text-format';

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface ParsedPage {
  /** Type of each metric, by its name. */
  types: Record<string, string>;
  samples: Sample[];
  /** The value of the one sample with this name and these labels among its own; undefined where there is none. */
  value(name: string, labels?: Record<string, string>): number | undefined;
}

export function parsePrometheus(text: string): ParsedPage {
  const types = Object.fromEntries(parse(text).map(({ name, type }) => [name, type]));
  // The parser lumps the series of a histogram together: without their type, it shows each bucket as a sample.
  const samples = parse(text.replace(/^# TYPE \S+ histogram\n/gm, '')).flatMap(({ name, metrics }) =>
    metrics.map(({ labels = {}, value }) => ({ name, labels, value: Number(value) })),
  );
  return {
    types,
    samples,
    value(name, labels = {}) {
      const fits = samples.filter(
        (sample) =>
          sample.name === name &&
          Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
      );
      if (fits.length > 1) throw new Error(`${fits.length} samples are ${name} ${JSON.stringify(labels)}`);
      return fits[0]?.value;
    },
  };
}
