// What becomes of a provider's event that cannot be read: it is left out of a translated stream, and logged.
import type { AttemptContext } from '../attempts/send.ts';
import type { Plan } from '../attempts/plan.ts';

/** Logs an event that is left out. */
export function malformedIn(
  { host, requestId, redact }: Pick<AttemptContext, 'host' | 'requestId' | 'redact'>,
  { target }: Plan,
): (thrown: unknown) => void {
  return (thrown) =>
    host.log('warn', 'an event of the provider cannot be read', {
      request_id: requestId,
      provider: target.provider.name,
      reason: redact(thrown instanceof Error ? thrown.message : String(thrown)),
    });
}
