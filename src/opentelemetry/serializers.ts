// The library's serializers, and the shapes that they take.
import {
  JsonMetricsSerializer,
  JsonTraceSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { OtlpTarget } from './settings.ts';

export type SpanData = Parameters<typeof ProtobufTraceSerializer.serializeRequest>[0][number];
export type ResourceMetrics = Parameters<typeof ProtobufMetricsSerializer.serializeRequest>[0];
export type MetricData = ResourceMetrics['scopeMetrics'][number]['metrics'][number];
export type Resource = ResourceMetrics['resource'];
export type Attributes = SpanData['attributes'];

export const createResource: (attributes: Record<string, string>) => Resource = resourceFromAttributes;

export const CONTENT_TYPES: Record<OtlpTarget['encoding'], string> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

const TRACES = { protobuf: ProtobufTraceSerializer, json: JsonTraceSerializer };
const METRICS = { protobuf: ProtobufMetricsSerializer, json: JsonMetricsSerializer };

export function serializeSpans(encoding: OtlpTarget['encoding'], spans: SpanData[]): Uint8Array {
  return TRACES[encoding].serializeRequest(spans) ?? new Uint8Array();
}

export function serializeMetrics(encoding: OtlpTarget['encoding'], metrics: ResourceMetrics): Uint8Array {
  return METRICS[encoding].serializeRequest(metrics) ?? new Uint8Array();
}

/** A time as the library takes it: whole seconds, and nanoseconds. @param ms Unix milliseconds. */
export function hrTime(ms: number): [number, number] {
  const micros = Math.round(ms * 1_000);
  const seconds = Math.floor(micros / 1_000_000);
  return [seconds, (micros - seconds * 1_000_000) * 1_000];
}
