// Removes secrets from errors: providers quote the keys they refuse (GUARANTEES 18).
import type { GatewayError } from '../../model/errors.ts';
import { HeaderList } from '../../model/header-list.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { shortMessage } from '../../model/short-message.ts';

/** The error, no longer than a page shows, without any secret in its message or in the provider's own words and headers. */
export function redactError(error: GatewayError, redact: (text: string) => string): GatewayError {
  // Shortened afterwards: half a secret would not be recognized.
  const message = shortMessage(redact(error.message));
  const { upstream } = error;
  if (upstream === undefined) return message === error.message ? error : error.with(message);
  const headers = redactHeaders(upstream.headers, redact);
  return error.with(message, { upstream: { ...upstream, headers, body: redact(upstream.body) } });
}

function redactHeaders(headers: HeaderReader, redact: (text: string) => string): HeaderReader {
  const clean = new HeaderList();
  headers.forEach((value, name) => {
    clean.set(name, redact(value));
  });
  return clean;
}
