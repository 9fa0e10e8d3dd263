// What a serving process tells OpenTelemetry about its providers: their addresses and which system each is.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'bun:test';
import { startTelemetry } from '../../src/cli/serve/serve-telemetry.ts';
import { createAuthority } from '../support/certificates.ts';
import { resolveInput } from '../support/resolve-input.ts';
import { sampleRow } from '../support/ledger-rows.ts';
import { startOtlpCollector } from '../support/otlp-collector.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

function configOf(providers: object) {
  return resolveInput({ providers }).config;
}

const PROVIDERS = {
  lab: { dialect: 'openai-chat', base_url: 'http://10.0.0.5:8000/v1', api_key: 'k' },
  six: { dialect: 'openai-chat', base_url: 'http://[::1]:9000/v1', api_key: 'k' },
  loud: { dialect: 'openai-chat', base_url: 'HTTPS://LAB.example/v1', api_key: 'k' },
  claude: { kind: 'anthropic', api_key: 'k' },
  azure: { api_key: 'k', options: { resource: 'ours', api_version: '2026-01-01' } },
  bedrock: { api_key: 'k', options: { region: 'eu-west-1' } },
};

test('the address and the system of each provider, by the configuration in force', async () => {
  await using collector = startOtlpCollector();
  let config = configOf(PROVIDERS);
  const exporter = await startTelemetry(
    { environment: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }, log: () => {} },
    () => config,
    () => [],
  );
  const ask = (name: string) =>
    exporter?.see(
      sampleRow({
        provider: name,
        trace: { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), parentSpanId: null, sampled: true },
        attempts: [
          { provider: name, model: 'm', status: 200, error: null, durationMs: 1, spanId: '1'.repeat(16) },
        ],
      }),
    );
  for (const name of Object.keys(PROVIDERS)) ask(name);
  ask('simulator');
  ask('nobody-any-more');
  config = configOf({ lab: { ...PROVIDERS.lab, base_url: 'https://moved.example/v1' } });
  ask('lab');
  await exporter?.close();
  const spans = collector.spans
    .filter(({ kind }) => kind === 3)
    .map(({ attributes }) => [
      attributes['gen_ai.provider.name'],
      attributes['server.address'],
      attributes['server.port'],
    ]);
  expect(spans).toEqual([
    ['custom', '10.0.0.5', 8000],
    ['custom', '::1', 9000],
    ['custom', 'lab.example', 443],
    ['anthropic', 'api.anthropic.com', 443],
    ['azure.ai.openai', 'ours.openai.azure.com', 443],
    ['aws.bedrock', 'bedrock-runtime.eu-west-1.amazonaws.com', 443],
    // It is at no address.
    ['simulator', undefined, undefined],
    ['nobody-any-more', undefined, undefined],
    ['custom', 'moved.example', 443],
  ]);
});

test('nothing is started where the environment asks for neither traces nor metrics', async () => {
  const isStarted = async (environment: Record<string, string>) => {
    const exporter = await startTelemetry(
      { environment, log: () => {} },
      () => configOf({}),
      () => [],
    );
    await exporter?.close();
    return exporter !== undefined;
  };
  await using collector = startOtlpCollector();
  const none = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' };
  expect(await isStarted({})).toBe(false);
  expect(await isStarted({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...none })).toBe(false);
  for (const what of ['TRACES', 'METRICS'])
    expect(
      await isStarted({
        [`OTEL_EXPORTER_OTLP_${what}_ENDPOINT`]: `${collector.url}/v1/${what.toLowerCase()}`,
      }),
    ).toBe(true);
});

test('a collector with an authority of its own, which asks for a certificate', async () => {
  const folder = temporaryFolder('otlp-tls');
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const authority = createAuthority('lab');
  const own = authority.issue({ names: ['127.0.0.1'] });
  const client = authority.issue({ names: ['gateway'] });
  await using collector = startOtlpCollector({
    cert: own.certificate,
    key: own.key,
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const send = async (environment: Record<string, string>) => {
    const said: string[] = [];
    const exporter = await startTelemetry(
      {
        environment: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces`, ...environment },
        log: (_, message, fields) => said.push(`${message} ${fields?.reason}`),
      },
      () => configOf({}),
      () => [],
    );
    const trace = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), parentSpanId: null, sampled: true };
    exporter?.see(sampleRow({ trace, attempts: [] }));
    await exporter?.close();
    return said;
  };
  const ca = { OTEL_EXPORTER_OTLP_CERTIFICATE: write('ca.pem', authority.certificate) };
  const both = {
    ...ca,
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: write('client.pem', client.certificate),
    OTEL_EXPORTER_OTLP_CLIENT_KEY: write('client.key', client.key),
  };
  for (const too of [{}, ca]) expect(await send(too)).not.toEqual([]);
  const missing = join(folder, 'none.pem');
  expect((await send({ ...both, OTEL_EXPORTER_OTLP_CERTIFICATE: missing }))[0]).toContain(
    `${missing} cannot be read: ENOENT`,
  );
  expect(collector.requests).toEqual([]);
  expect(await send(both)).toEqual([]);
  expect(collector.requests).toHaveLength(1);
});
