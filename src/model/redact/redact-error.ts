// Removes secrets from errors: providers quote the keys they refuse (GUARANTEES 18).
import type { GatewayError, GatewayErrorOptions, UpstreamReason } from '../errors.ts';
import { HeaderList } from '../header-list.ts';
import type { HeaderReader } from '../headers.ts';
import { shortMessage } from '../short-message.ts';

/** The error, at most as long as a page shows, without any secret in its message or in the provider's own words and headers. */
export function redactError(error: GatewayError, redact: (text: string) => string): GatewayError {
  // Redacted before it is shortened: half a secret would not be recognized.
  const message = shortMessage(redact(error.message));
  const { upstream } = error;
  const reason = error.reason && redactReason(error.reason, redact);
  if (upstream === undefined && reason === undefined)
    return message === error.message ? error : error.with(message);
  const changes: GatewayErrorOptions = {};
  if (reason !== undefined) changes.reason = reason;
  if (upstream !== undefined) {
    const headers = redactHeaders(upstream.headers, redact);
    changes.upstream = { ...upstream, headers, body: redact(upstream.body) };
  }
  return error.with(message, changes);
}

function redactReason(reason: UpstreamReason, redact: (text: string) => string): UpstreamReason {
  const clean: UpstreamReason = {};
  for (const field of ['type', 'code', 'param'] as const) {
    const text = reason[field];
    if (text !== undefined) clean[field] = redact(text);
  }
  return clean;
}

function redactHeaders(headers: HeaderReader, redact: (text: string) => string): HeaderReader {
  const clean = new HeaderList();
  headers.forEach((value, name) => {
    clean.set(name, redact(value));
  });
  return clean;
}
