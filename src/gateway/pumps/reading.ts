// What each pump knows of the answer that it reads.
import type { ProviderSide, Quirks } from '../../dialects/dialect.ts';
import type { PlannedTry } from '../attempts/send.ts';
import type { Observer } from '../record/observer.ts';

export interface Reading {
  provider: string;
  side: ProviderSide;
  observer: Observer;
  /** In bytes. */
  maxEvent: number;
  /** Of the provider. */
  quirks: Quirks;
  /** An event of the provider cannot be read. */
  onMalformed(thrown: unknown): void;
  /** What the provider says of a failure may quote a key. */
  redact(text: string): string;
  /** Unix milliseconds. */
  now(): number;
}

/** Logs what cannot be read. */
export function readingOf({ requestId, host, plan, maxEvent, observer, redact }: PlannedTry): Reading {
  const { name: provider, quirks } = plan.target.provider;
  return {
    provider,
    side: plan.side,
    observer,
    maxEvent,
    quirks,
    onMalformed: (thrown) =>
      host.log('warn', 'an event of the provider cannot be read', {
        request_id: requestId,
        provider,
        reason: redact(thrown instanceof Error ? thrown.message : String(thrown)),
      }),
    redact,
    now: host.now,
  };
}
