// OpenTelemetry's variables: how they are read, and what is logged about those that cannot be obeyed.
import { describe, expect, test } from 'bun:test';
import { isOtlpOn, readOtlpSettings } from '../../src/opentelemetry/settings.ts';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
const ENCRYPTED = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector:4318' };

describe('the environment', () => {
  test('is off unless an endpoint is named', () => {
    expect(isOtlpOn({})).toBe(false);
    expect(isOtlpOn({ OTEL_EXPORTER_OTLP_ENDPOINT: '' })).toBe(false);
    expect(isOtlpOn({ ...ENDPOINT, OTEL_SDK_DISABLED: 'true' })).toBe(false);
    expect(isOtlpOn(ENDPOINT)).toBe(true);
    expect(isOtlpOn({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector/t' })).toBe(true);
  });

  test('one endpoint for both signals, protobuf by default', () => {
    const { traces, metrics, resource, problems } = readOtlpSettings({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/base/',
    });
    const common = { headers: {}, encoding: 'protobuf', timeoutMs: 10_000 };
    expect(traces).toEqual({ url: 'http://collector:4318/base/v1/traces', ...common } as never);
    expect(metrics).toEqual({ url: 'http://collector:4318/base/v1/metrics', ...common } as never);
    expect(resource).toEqual({ 'service.name': 'sluice' });
    expect(problems).toEqual([]);
  });

  test('a signal may have its own, which is used as it is', () => {
    const settings = readOtlpSettings({
      ...ENDPOINT,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces.example/ingest',
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc, x-tenant=one',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-tenant=two',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_EXPORTER_OTLP_TIMEOUT: '500',
      OTEL_BSP_SCHEDULE_DELAY: '1000',
      OTEL_SERVICE_NAME: 'edge',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test,service.name=ignored',
    });
    expect(settings).toEqual({
      traces: {
        url: 'https://traces.example/ingest',
        headers: { 'x-tenant': 'two' },
        encoding: 'json',
        timeoutMs: 500,
      },
      metrics: null,
      resource: { 'service.name': 'edge', 'deployment.environment': 'test' },
      traceDelayMs: 1_000,
      metricIntervalMs: 60_000,
      temporality: 'cumulative',
      problems: [],
    });
    const { metrics } = readOtlpSettings({
      ...ENDPOINT,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc, x-tenant=one',
    });
    expect(metrics?.headers).toEqual({ authorization: 'Bearer abc', 'x-tenant': 'one' });
  });

  for (const [name, environment, signals] of [
    ['an address that is none', { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, false],
    ['a protocol that is not spoken', { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, false],
    ['a header without a value', { ...ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: 'secret-without-key' }, true],
    ['a header that breaks the line', { ...ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: 'a=secret%0d%0ab' }, true],
    ['a header that is not encoded', { ...ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: 'a=secret%' }, true],
    ['a time that is none', { ...ENDPOINT, OTEL_EXPORTER_OTLP_TIMEOUT: '10s' }, true],
  ] as const) {
    test(`says what is wrong: ${name}`, () => {
      const { traces, metrics, problems } = readOtlpSettings(environment);
      expect([traces !== null, metrics !== null]).toEqual([signals, signals]);
      expect(problems.length).toBeGreaterThan(0);
      for (const problem of problems) {
        expect(problem).toContain('OTEL_EXPORTER_OTLP_');
        expect(problem).not.toContain('secret');
      }
    });
  }

  test('a signal that is to go elsewhere is not sent, one that goes here too is', () => {
    const read = (exporter: string) => {
      const { traces, metrics, problems } = readOtlpSettings({
        ...ENDPOINT,
        OTEL_METRICS_EXPORTER: exporter,
      });
      return [traces !== null, metrics !== null, problems.length];
    };
    expect(read('prometheus')).toEqual([true, false, 1]);
    expect(read('none')).toEqual([true, false, 0]);
    for (const named of ['', 'otlp', 'console, otlp']) expect(read(named)).toEqual([true, true, 0]);
  });

  test.each([
    ['', 'cumulative'],
    ['Cumulative', 'cumulative'],
    ['DELTA', 'delta'],
    ['lowmemory', 'delta'],
  ] as const)('what metrics count from: %j', (wanted, temporality) => {
    const environment = { ...ENDPOINT, OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: wanted };
    expect(readOtlpSettings(environment)).toMatchObject({ temporality, problems: [] });
  });

  test('an ignored setting that would matter is logged, one that changes nothing is not', () => {
    const said = (environment: Record<string, string>) =>
      readOtlpSettings({ ...ENCRYPTED, ...environment }).problems.map((problem) => problem.split(' ', 1)[0]);
    expect(said({ OTEL_TRACES_SAMPLER: 'parentbased_always_on' })).toEqual([]);
    for (const [name, value] of [
      ['OTEL_TRACES_SAMPLER', 'traceidratio'],
      ['OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', 'some'],
      ['OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY', '/etc/key.pem'],
      ['OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE', '/etc/client.pem'],
    ] as const)
      expect(said({ [name]: value })).toEqual([name]);
  });

  test('certificates are files, for all that is sent or for one of both', () => {
    const files = {
      OTEL_EXPORTER_OTLP_CERTIFICATE: '/etc/ca.pem',
      OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE: '/etc/other.pem',
      OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: '/etc/client.pem',
      OTEL_EXPORTER_OTLP_CLIENT_KEY: '/etc/client.key',
    };
    const { traces, metrics } = readOtlpSettings({ ...ENCRYPTED, ...files });
    const client = { cert: '/etc/client.pem', key: '/etc/client.key' };
    expect(traces?.certificates).toEqual({ ca: '/etc/ca.pem', client });
    expect(metrics?.certificates).toEqual({ ca: '/etc/other.pem', client });
    expect(readOtlpSettings({ ...ENDPOINT, ...files }).traces).not.toHaveProperty('certificates');
  });
});
