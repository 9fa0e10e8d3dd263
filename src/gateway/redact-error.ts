// Takes secrets out of what a failure says: providers quote the keys they refuse (GUARANTEES 18).
import type { GatewayError } from '../model/errors.ts';

/** The error without any secret in its message or in the provider's own words. */
export function redactError(error: GatewayError, redact: (text: string) => string): GatewayError {
  const message = redact(error.message);
  const { upstream } = error;
  if (upstream === undefined) return message === error.message ? error : error.with(message);
  return error.with(message, { upstream: { ...upstream, body: redact(upstream.body) } });
}
