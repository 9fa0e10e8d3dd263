// What the process with the ledger reports to OpenTelemetry, if the environment asks for it.
import type { ResolvedConfig } from '../../config/resolved.ts';
import { createWebHost } from '../../gateway/host.ts';
import type { Exporter, ExporterHost } from '../../opentelemetry/exporter.ts';
import type { CertificateFiles } from '../../opentelemetry/settings.ts';
import { startExporter } from '../../opentelemetry/start.ts';
import { PROVIDER_KINDS } from '../../providers/kinds.ts';
import { codeOf, messageOf } from '../../model/thrown.ts';
import type { ServeOptions } from './serving.ts';
import { VERSION } from '../version.ts';

/** @param config the configuration in use. @param connections to providers' servers, of all processes. */
export function startTelemetry(
  { environment, log }: Pick<ServeOptions, 'environment' | 'log'>,
  config: () => ResolvedConfig,
  connections: ExporterHost['connections'],
): Promise<Exporter | undefined> {
  const { now, randomId, setTimer } = createWebHost();
  return startExporter(environment, {
    now,
    randomId,
    setTimer,
    log,
    version: VERSION,
    connections,
    async fetch(url, init, certificates) {
      return fetch(url, certificates === undefined ? init : { ...init, tls: await readFiles(certificates) });
    },
    addressOf(name) {
      const address = config().providers.find((provider) => provider.name === name)?.baseUrl;
      return address !== undefined && /^https?:/i.test(address) && URL.canParse(address)
        ? address
        : undefined;
    },
    systemOf(name) {
      const kind = config().providers.find((provider) => provider.name === name)?.kind ?? name;
      return PROVIDER_KINDS.find((row) => row.kind === kind)?.telemetryName ?? kind;
    },
  });
}

async function readFiles({ ca, client }: CertificateFiles) {
  return {
    ...(ca !== undefined && { ca: await readText(ca) }),
    ...(client !== undefined && { cert: await readText(client.cert), key: await readText(client.key) }),
  };
}

async function readText(path: string): Promise<string> {
  try {
    return await Bun.file(path).text();
  } catch (error) {
    const code = codeOf(error) ?? messageOf(error);
    throw Object.assign(new Error(`${path} cannot be read`), { code: `${path} cannot be read: ${code}` });
  }
}
