// Removes the gateway's own secrets from an answer's headers, since some servers repeat the request's headers there.
import type { ProviderConfig } from '../../config/resolved.ts';
import { HeaderList } from '../../model/header-list.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { REDACTED } from '../../model/redact/shapes.ts';
import { secretsInHeader } from '../../upstream/headers.ts';

/** In characters: a shorter one could be part of any value. */
const SHORTEST_SECRET = 8;

/** Names of headers whose values are secrets. Other headers hold formats and versions, which answers have as well. */
const SECRET_HEADER = /(key|token|secret|password|auth|authorization|credentials?|cookie)$/;

/** The secrets in a provider's configuration. */
export function configuredSecrets({
  apiKeys,
  headers,
}: Pick<ProviderConfig, 'apiKeys' | 'headers'>): readonly string[] {
  let secrets = apiKeys;
  for (const name in headers)
    if (SECRET_HEADER.test(name)) secrets = [...secrets, ...secretsInHeader(name, headers[name] ?? '')];
  return secrets;
}

/** The secrets that were fetched or made for one request: the values of headers that were not planned. */
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
      // Compared by length first, since most values are shorter than any key.
      if (value.length < secret.length || secret.length < SHORTEST_SECRET) continue;
      if (!value.includes(secret)) continue;
      clean ??= HeaderList.of(headers);
      clean.set(name, (clean.get(name) ?? '').replaceAll(secret, REDACTED));
    }
  });
  return clean ?? headers;
}
