// Starts the exporter where the environment asks for it, and loads nothing otherwise.
import type { Exporter, ExporterHost } from './exporter.ts';
import { isOtlpOn, readOtlpSettings } from './settings.ts';

/** Returns undefined where nothing is to be sent. Settings that cannot be applied are logged and do not stop the gateway. */
export async function startExporter(
  environment: Readonly<Record<string, string | undefined>>,
  host: ExporterHost,
): Promise<Exporter | undefined> {
  if (!isOtlpOn(environment)) return undefined;
  const settings = readOtlpSettings(environment);
  for (const problem of settings.problems) host.log('warn', `OpenTelemetry: ${problem}`);
  if (settings.traces === null && settings.metrics === null) return undefined;
  const { createExporter } = await import('./exporter.ts');
  return createExporter(settings, host);
}
