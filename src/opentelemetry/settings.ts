// Reads OpenTelemetry's environment variables, which say where and how traces and metrics are sent.
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/
import { decodedPercent } from '../model/percent-encoding.ts';

type Environment = Readonly<Record<string, string | undefined>>;

type Signal = 'traces' | 'metrics';

export interface OtlpTarget {
  url: string;
  headers: Record<string, string>;
  encoding: 'protobuf' | 'json';
  /** Milliseconds until a request is given up. */
  timeoutMs: number;
  /** Left out where the collector is trusted by the system's authorities, and no certificate is sent to it. */
  certificates?: CertificateFiles;
}

/** Paths of PEM files. */
export interface CertificateFiles {
  /** The authorities that are trusted instead of the system's. */
  ca?: string;
  /** The certificate that is sent to the collector, and its key. */
  client?: { cert: string; key: string };
}

export interface OtlpSettings {
  traces: OtlpTarget | null;
  metrics: OtlpTarget | null;
  /** The attributes that identify this gateway. */
  resource: Record<string, string>;
  /** Milliseconds between two batches of spans. */
  traceDelayMs: number;
  /** Milliseconds between two reports of metrics. */
  metricIntervalMs: number;
  /** What a report contains: counts since the start, or since the previous report. */
  temporality: 'cumulative' | 'delta';
  /** Describes settings that could not be applied, without the values of headers. */
  problems: string[];
}

const TIMEOUT_MS = 10_000;
const TRACE_DELAY_MS = 5_000;
const METRIC_INTERVAL_MS = 60_000;

/** Whether anything is to be sent. It must be fast, since it is called at every start. */
export function isOtlpOn(environment: Environment): boolean {
  if (environment.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return false;
  return ['', '_TRACES', '_METRICS'].some((part) => environment[`OTEL_EXPORTER_OTLP${part}_ENDPOINT`]);
}

export function readOtlpSettings(environment: Environment): OtlpSettings {
  const problems: string[] = [];
  const target = (signal: Signal) => readTarget(environment, signal, problems);
  const { OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES } = environment;
  for (const [name, usual, instead] of UNFOLLOWED) {
    const wanted = environment[name];
    if (wanted && wanted.toLowerCase() !== usual) problems.push(`${name} is ignored: ${instead}`);
  }
  return {
    traces: target('traces'),
    metrics: target('metrics'),
    resource: {
      'service.name': 'sluice',
      ...readPairs('OTEL_RESOURCE_ATTRIBUTES', OTEL_RESOURCE_ATTRIBUTES, problems),
      ...(OTEL_SERVICE_NAME ? { 'service.name': OTEL_SERVICE_NAME } : {}),
    },
    traceDelayMs: readMs(environment, 'OTEL_BSP_SCHEDULE_DELAY', TRACE_DELAY_MS, problems),
    metricIntervalMs: readMs(environment, 'OTEL_METRIC_EXPORT_INTERVAL', METRIC_INTERVAL_MS, problems),
    temporality: readTemporality(environment, problems),
    problems,
  };
}

/** Settings that are not supported but affect what is sent or whether it arrives, with the value in use and what happens instead. */
const UNFOLLOWED: readonly [name: string, usual: string | null, instead: string][] = [
  [
    'OTEL_TRACES_SAMPLER',
    'parentbased_always_on',
    'all requests are exported, except those whose traceparent ends in 00',
  ],
];

function readTarget(environment: Environment, signal: Signal, problems: string[]): OtlpTarget | null {
  const exporterName = `OTEL_${signal.toUpperCase()}_EXPORTER`;
  const exporter = environment[exporterName];
  // Several may be named; only otlp matters here.
  const named = (exporter || 'otlp').split(',').map((name) => name.trim());
  if (!named.includes('otlp')) {
    if (exporter !== 'none')
      problems.push(`${exporterName} does not name otlp, the only supported exporter: no ${signal} are sent`);
    return null;
  }
  /** The variable for this signal, or else the one for all signals. */
  const variable: Variable = (name) => {
    const own = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${name}`;
    return environment[own]
      ? [own, environment[own]]
      : [`OTEL_EXPORTER_OTLP_${name}`, environment[`OTEL_EXPORTER_OTLP_${name}`]];
  };
  const [endpointName, endpoint] = variable('ENDPOINT');
  if (!endpoint) return null;
  const url = endpointName.includes(signal.toUpperCase())
    ? endpoint
    : `${endpoint.replace(/\/+$/, '')}/v1/${signal}`;
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    problems.push(`${endpointName} is not an http:// or https:// address: no ${signal} are sent`);
    return null;
  }
  const [protocolName, protocol = 'http/protobuf'] = variable('PROTOCOL');
  if (protocol !== 'http/protobuf' && protocol !== 'http/json') {
    problems.push(
      `${protocolName}=${protocol} is not supported, use http/protobuf or http/json: no ${signal} are sent`,
    );
    return null;
  }
  const [headersName, headers] = variable('HEADERS');
  const [timeoutName] = variable('TIMEOUT');
  // Without TLS certificates are not used, so they need not exist.
  const certificates = /^https:/i.test(url) ? readCertificates(variable, problems) : undefined;
  return {
    url,
    headers: readPairs(headersName, headers, problems),
    encoding: protocol === 'http/json' ? 'json' : 'protobuf',
    timeoutMs: readMs(environment, timeoutName, TIMEOUT_MS, problems),
    ...(certificates !== undefined && { certificates }),
  };
}

type Variable = (name: string) => [name: string, value: string | undefined];

function readCertificates(variable: Variable, problems: string[]): CertificateFiles | undefined {
  const [, ca] = variable('CERTIFICATE');
  const [certName, cert] = variable('CLIENT_CERTIFICATE');
  const [keyName, key] = variable('CLIENT_KEY');
  if (cert && !key) problems.push(`${certName} is ignored: there is no ${keyName} that belongs to it`);
  if (key && !cert) problems.push(`${keyName} is ignored: there is no ${certName} that it belongs to`);
  if (!ca && !(cert && key)) return undefined;
  return { ...(ca && { ca }), ...(cert && key && { client: { cert, key } }) };
}

/** `key=value,key=value`, percent-encoded. */
function readPairs(name: string, text: string | undefined, problems: string[]): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const entry of (text ?? '').split(',')) {
    if (entry.trim() === '') continue;
    const equals = entry.indexOf('=');
    const key = equals < 0 ? '' : entry.slice(0, equals).trim();
    const value = equals < 0 ? undefined : decodedPercent(entry.slice(equals + 1).trim());
    if (!/^[\w.!#$%&'*+^`|~-]+$/.test(key) || value === undefined || /[\r\n\0]/.test(value))
      problems.push(`${name} has an entry that is not key=value: it is left out`);
    else pairs[key] = value;
  }
  return pairs;
}

const TEMPORALITY = 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE';

/** For counters, which only grow, `delta` and `lowmemory` are the same. */
function readTemporality(environment: Environment, problems: string[]): OtlpSettings['temporality'] {
  const wanted = environment[TEMPORALITY]?.toLowerCase() || 'cumulative';
  if (wanted === 'delta' || wanted === 'lowmemory') return 'delta';
  if (wanted !== 'cumulative')
    problems.push(`${TEMPORALITY} is none of cumulative, delta and lowmemory: cumulative is used`);
  return 'cumulative';
}

function readMs(environment: Environment, name: string, byDefault: number, problems: string[]): number {
  const text = environment[name];
  if (!text) return byDefault;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (ms > 0) return ms;
  problems.push(`${name} is not a number of milliseconds: ${byDefault} is used`);
  return byDefault;
}
