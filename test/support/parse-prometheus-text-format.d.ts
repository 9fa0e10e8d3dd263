// The parser comes without types.
declare module 'parse-prometheus-text-format' {
  export interface ParsedFamily {
    name: string;
    help: string;
    type: 'COUNTER' | 'GAUGE' | 'HISTOGRAM' | 'SUMMARY' | 'UNTYPED';
    metrics: ParsedMetric[];
  }
  export interface ParsedMetric {
    labels?: Record<string, string>;
    /** Of counters and gauges. */
    value?: string;
    /** Of histograms. */
    buckets?: Record<string, string>;
    sum?: string;
    count?: string;
  }
  export default function parse(text: string): ParsedFamily[];
}
