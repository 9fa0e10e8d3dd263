// A collector of OpenTelemetry data: an HTTP server that reads OTLP by the protocol's own definitions.
import root from 'otlp-definitions/build/src/generated/root.js';

type JsonObject = Record<string, unknown>;

const { trace, metrics } = root.opentelemetry.proto.collector;
const TRACES = trace.v1.ExportTraceServiceRequest;
const METRICS = metrics.v1.ExportMetricsServiceRequest;

interface CollectedSpan {
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId: string | null;
  traceState?: string;
  /** Unix milliseconds. */
  startMs: number;
  endMs: number;
  attributes: Record<string, unknown>;
  /** 2: an error. */
  status: { code: number; message?: string };
}

export interface CollectedPoint {
  metric: string;
  unit: string;
  attributes: Record<string, unknown>;
  /** Of sums. */
  value?: number;
  /** Of histograms. */
  count?: number;
  sum?: number;
  bounds?: number[];
  buckets?: number[];
  /** 1: since the point before; 2: since the start. */
  temporality: number;
  startMs: number;
}

interface CollectedRequest {
  path: string;
  headers: Headers;
  body: Uint8Array;
}

export interface OtlpCollector extends AsyncDisposable {
  url: string;
  requests: CollectedRequest[];
  spans: CollectedSpan[];
  /** Of the newest report. */
  points: CollectedPoint[];
  /** `service.name` and the like, of the newest request. */
  resource: Record<string, unknown>;
  /** What the next requests get; 200 when there is none left. */
  answers: Response[];
}

/** @param tls left out: plain HTTP. */
export function startOtlpCollector(tls?: Bun.TLSOptions): OtlpCollector {
  const collected: Omit<OtlpCollector, 'url' | typeof Symbol.asyncDispose> = {
    requests: [],
    spans: [],
    points: [],
    resource: {},
    answers: [],
  };
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    ...(tls !== undefined && { tls }),
    async fetch(request) {
      const body = await request.bytes();
      const { pathname: path } = new URL(request.url);
      collected.requests.push({ path, headers: request.headers, body });
      const answer = collected.answers.shift();
      if (answer !== undefined) return answer;
      take(path, request.headers.get('content-type') ?? '', body, collected);
      return new Response();
    },
  });
  return {
    ...collected,
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${server.port}`,
    get points() {
      return collected.points;
    },
    get resource() {
      return collected.resource;
    },
    async [Symbol.asyncDispose]() {
      await server.stop(true);
    },
  };
}

/** Throws for what the protocol does not know. */
function take(
  path: string,
  contentType: string,
  body: Uint8Array,
  collected: Pick<OtlpCollector, 'spans' | 'points' | 'resource'>,
): void {
  const isTraces = path.endsWith('/v1/traces');
  if (!isTraces && !path.endsWith('/v1/metrics')) throw new Error(`no such signal: ${path}`);
  const message = readMessage(isTraces ? TRACES : METRICS, contentType, body);
  const parts = listOf(message, isTraces ? 'resourceSpans' : 'resourceMetrics');
  if (!isTraces) collected.points = [];
  for (const part of parts) {
    collected.resource = attributesOf(objectOf(part, 'resource'));
    for (const scope of listOf(part, isTraces ? 'scopeSpans' : 'scopeMetrics')) {
      if (isTraces) collected.spans.push(...listOf(scope, 'spans').map(readSpan));
      else collected.points.push(...listOf(scope, 'metrics').flatMap(readMetric));
    }
  }
}

function readMessage(type: typeof TRACES, contentType: string, body: Uint8Array): JsonObject {
  if (contentType === 'application/json') return JSON.parse(new TextDecoder().decode(body)) as JsonObject;
  if (contentType !== 'application/x-protobuf') throw new Error(`no such encoding: ${contentType}`);
  return type.toObject(type.decode(body), { longs: String, bytes: String, defaults: false });
}

function readSpan(span: JsonObject): CollectedSpan {
  const status = objectOf(span, 'status');
  const parent = idOf(span.parentSpanId);
  return {
    name: String(span.name),
    kind: Number(span.kind),
    traceId: idOf(span.traceId),
    spanId: idOf(span.spanId),
    parentSpanId: parent === '' ? null : parent,
    ...(span.traceState === undefined ? {} : { traceState: String(span.traceState) }),
    startMs: msOf(span.startTimeUnixNano),
    endMs: msOf(span.endTimeUnixNano),
    attributes: attributesOf(span),
    status: {
      code: Number(status.code ?? 0),
      ...(status.message === undefined ? {} : { message: String(status.message) }),
    },
  };
}

function readMetric(metric: JsonObject): CollectedPoint[] {
  const { sum, histogram } = metric;
  const data = (histogram ?? sum) as JsonObject;
  return listOf(data, 'dataPoints').map((point) => ({
    metric: String(metric.name),
    unit: String(metric.unit),
    temporality: Number(data.aggregationTemporality),
    startMs: msOf(point.startTimeUnixNano),
    attributes: attributesOf(point),
    ...(histogram === undefined
      ? { value: Number(point.asDouble ?? point.asInt) }
      : {
          count: Number(point.count),
          sum: Number(point.sum),
          bounds: (point.explicitBounds as number[]).map(Number),
          buckets: (point.bucketCounts as number[]).map(Number),
        }),
  }));
}

/** Nanoseconds are more than a number holds exactly. */
function msOf(nanoseconds: unknown): number {
  return Math.round(Number(nanoseconds) / 1e3) / 1e3;
}

/** Hex, which JSON has as it is and protobuf as bytes, shown in base64. */
function idOf(value: unknown): string {
  const text = typeof value === 'string' ? value : '';
  return /^([0-9a-f]{16}){0,2}$/.test(text) ? text : Buffer.from(text, 'base64').toString('hex');
}

function attributesOf(holder: JsonObject): Record<string, unknown> {
  return Object.fromEntries(
    listOf(holder, 'attributes').map(({ key, value }) => [String(key), plainValue(value as JsonObject)]),
  );
}

function plainValue(value: JsonObject): unknown {
  const [[kind, held] = []] = Object.entries(value);
  if (kind === 'intValue') return Number(held);
  if (kind === 'arrayValue') return listOf(held as JsonObject, 'values').map(plainValue);
  return held;
}

function listOf(holder: JsonObject, key: string): JsonObject[] {
  return (holder[key] ?? []) as JsonObject[];
}

function objectOf(holder: JsonObject, key: string): JsonObject {
  return (holder[key] ?? {}) as JsonObject;
}
