// Begins to export where the environment asks for it; costs nothing where it does not.
import type { Exporter, ExporterHost } from './exporter.ts';
import { isOtlpOn, readOtlpSettings } from './settings.ts';

/** Undefined where nothing is to be sent. What cannot be followed is logged, and stops no gateway. */
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
