// What each pump knows of the answer that it reads.
import type { ProviderSide } from '../../dialects/dialect.ts';
import type { Quirks } from '../../dialects/quirks.ts';
import type { PlannedTry } from '../attempts/send.ts';
import type { Observer } from '../record/observer.ts';
import type { EarlierCalls } from './call-ids.ts';
import { messageOf } from '../../model/thrown.ts';

export interface Reading {
  provider: string;
  side: ProviderSide;
  observer: Observer;
  /** In bytes. */
  maxEvent: number;
  /** The provider's. */
  quirks: Quirks;
  /** As in `PlannedTry`. */
  earlierCalls?: EarlierCalls | undefined;
  /** Called where an event of the provider cannot be read. */
  onMalformed(thrown: unknown): void;
  /** Removes keys, which a provider's words about a failure may quote. */
  redact(text: string): string;
  /** Unix milliseconds. */
  now(): number;
}

/** How many events of one answer are logged: a faulty provider must not fill the log. The row counts all. */
const MOST_LOGGED = 10;

/** Logs what cannot be read. */
export function readingOf(planned: PlannedTry): Reading {
  const { requestId, host, plan, maxEvent, observer, earlierCalls, redact } = planned;
  const { name: provider, quirks } = plan.target.provider;
  let logged = 0;
  return {
    provider,
    side: plan.side,
    observer,
    maxEvent,
    quirks,
    earlierCalls,
    onMalformed(thrown) {
      if (logged === MOST_LOGGED) return;
      logged++;
      host.log('warn', 'an event of the provider cannot be read', {
        request_id: requestId,
        provider,
        reason: redact(messageOf(thrown)),
        ...(logged === MOST_LOGGED && { further: 'those of this answer are only counted, in its row' }),
      });
    },
    redact,
    now: host.now,
  };
}
