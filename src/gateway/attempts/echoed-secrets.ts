// The gateway's own secrets are taken out of an answer's headers, since some servers repeat those of the request there.
import type { ProviderConfig } from '../../config/resolved.ts';
import { HeaderList } from '../../model/header-list.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { REDACTED } from '../../model/redact/shapes.ts';
import { secretsInHeader } from '../../upstream/headers.ts';

/** In characters: a shorter one could be part of any value. */
const SHORTEST_SECRET = 8;

/** By their names, headers whose values are secrets: others say formats and versions, which answers have too. */
const SECRET_HEADER = /(key|token|secret|password|auth|authorization|credentials?|cookie)$/;

/** The provider's, as it is configured. */
export function configuredSecrets({
  apiKeys,
  headers,
}: Pick<ProviderConfig, 'apiKeys' | 'headers'>): readonly string[] {
  let secrets = apiKeys;
  for (const name in headers)
    if (SECRET_HEADER.test(name)) secrets = [...secrets, ...secretsInHeader(name, headers[name] ?? '')];
  return secrets;
}

/** Those that were fetched or made for one request: what its headers have beyond the planned ones. */
export function fetchedSecrets(sent: HeaderReader, planned: HeaderReader): string[] {
  const secrets: string[] = [];
  sent.forEach((value, name) => {
    if (SECRET_HEADER.test(name) && planned.get(name) !== value)
      secrets.push(...secretsInHeader(name, value));
  });
  return secrets;
}

export function withoutEchoes(headers: HeaderReader, secrets: readonly string[]): HeaderReader {
  let clean: HeaderList | undefined;
  headers.forEach((value, name) => {
    for (const secret of secrets) {
      // Most values are shorter than any key.
      if (value.length < secret.length || secret.length < SHORTEST_SECRET) continue;
      if (!value.includes(secret)) continue;
      clean ??= HeaderList.of(headers);
      clean.set(name, (clean.get(name) ?? '').replaceAll(secret, REDACTED));
    }
  });
  return clean ?? headers;
}
