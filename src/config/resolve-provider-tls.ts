// A provider's section `tls`: which files are read, and what is wrong with them.
import type { KeyPath, Severity } from './problem.ts';
import { pathOf, type ResolveSources } from './resolve-server.ts';
import type { ProviderTls } from './resolved.ts';
import type { ProviderEntry } from './schema.ts';

/** Problems are fatal: a certificate that is just being replaced must not disable a provider that works. */
export function resolveProviderTls(
  { tls }: ProviderEntry,
  baseUrl: string,
  { providerTls }: ResolveSources,
  report: (severity: Severity, path: KeyPath, message: string) => void,
): ProviderTls | undefined {
  if (tls === null) return undefined;
  if (providerTls === undefined) {
    report(
      'fatal',
      ['tls'],
      'an embedded gateway reads no files: give it a fetch of your own that uses them',
    );
    return undefined;
  }
  const { cert, key, ca } = tls;
  if ((cert === undefined) !== (key === undefined)) {
    const [there, missing] = cert === undefined ? (['key', 'cert'] as const) : (['cert', 'key'] as const);
    report('fatal', ['tls', there], `is set without ${missing}: a certificate and its key belong together`);
    return undefined;
  }
  if (!baseUrl.startsWith('https:'))
    report(
      'warning',
      ['tls'],
      `no TLS is spoken with ${baseUrl}; set base_url to an address that begins with https://`,
    );
  const paths = Object.entries({ cert, key, ca }).flatMap(([name, path]) =>
    path === undefined ? [] : [[name, pathOf(path)] as const],
  );
  const reading = providerTls(Object.fromEntries(paths));
  for (const problem of reading.problems) report(problem.severity, ['tls', problem.key], problem.message);
  return reading.tls ?? undefined;
}
