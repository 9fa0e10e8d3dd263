// The library's serializers, and the shapes of their input.
import {
  JsonMetricsSerializer,
  JsonTraceSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { Refusal } from './sender.ts';
import type { OtlpTarget } from './settings.ts';

export type SpanData = Parameters<typeof ProtobufTraceSerializer.serializeRequest>[0][number];
export type TraceState = NonNullable<ReturnType<SpanData['spanContext']>['traceState']>;
type ResourceMetrics = Parameters<typeof ProtobufMetricsSerializer.serializeRequest>[0];
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

/** What a collector that answered 200 says about spans that it rejected. Throws where the answer does not follow the protocol. */
export function refusedSpans(encoding: OtlpTarget['encoding'], answer: Uint8Array): Refusal | null {
  const { partialSuccess } = TRACES[encoding].deserializeResponse(answer);
  return refusalOf(partialSuccess?.rejectedSpans, partialSuccess?.errorMessage);
}

/** The same for points of metrics. */
export function refusedPoints(encoding: OtlpTarget['encoding'], answer: Uint8Array): Refusal | null {
  const { partialSuccess } = METRICS[encoding].deserializeResponse(answer);
  return refusalOf(partialSuccess?.rejectedDataPoints, partialSuccess?.errorMessage);
}

/** In JSON the count is a string; a count of 0 with a reason is a warning. https://opentelemetry.io/docs/specs/otlp/#partial-success-1 */
function refusalOf(count: number | string = 0, reason = ''): Refusal | null {
  return Number(count) === 0 && reason === '' ? null : { count: Number(count), reason };
}

/** A time in the library's form: whole seconds, and nanoseconds. @param ms Unix milliseconds. */
export function hrTime(ms: number): [number, number] {
  const micros = Math.round(ms * 1_000);
  const seconds = Math.floor(micros / 1_000_000);
  return [seconds, (micros - seconds * 1_000_000) * 1_000];
}
