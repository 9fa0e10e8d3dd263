// The provider's headers of an answer that the client gets: without the gateway's own keys, which some servers repeat there.
import type { ProviderConfig } from '../../config/resolved.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { REDACTED } from '../../model/redact/shapes.ts';
import { type AnswerHeaders, pickAnswerHeaders, secretsInHeader } from '../../upstream/headers.ts';

type Keyed = Pick<ProviderConfig, 'apiKeys' | 'headers'>;

/** In characters: a shorter one could be part of any value. */
const SHORTEST_SECRET = 8;

/** By their names, configured headers whose values are secrets: others say formats and versions, which answers have too. */
const SECRET_HEADER = /(key|token|secret|password|auth|authorization|credentials?|cookie)$/;

/** @param sameDialect the client speaks the provider's. @param provider whose answer it is. */
export function answerHeaders(given: HeaderReader, sameDialect: boolean, provider: Keyed): AnswerHeaders {
  const secrets = secretsSent(provider);
  return pickAnswerHeaders(given, sameDialect, (value) => withoutSecrets(value, secrets));
}

function withoutSecrets(value: string, secrets: readonly string[]): string {
  let clean = value;
  for (const secret of secrets) {
    // Most values are shorter than any key.
    if (clean.length < secret.length || secret.length < SHORTEST_SECRET) continue;
    if (clean.includes(secret)) clean = clean.replaceAll(secret, REDACTED);
  }
  return clean;
}

function secretsSent({ apiKeys, headers }: Keyed): readonly string[] {
  let secrets = apiKeys;
  for (const name in headers)
    if (SECRET_HEADER.test(name)) secrets = [...secrets, ...secretsInHeader(name, headers[name] ?? '')];
  return secrets;
}
