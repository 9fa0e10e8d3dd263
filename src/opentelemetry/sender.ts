// Posts serialized data to a collector. If the collector is down, only the data meant for it is lost.
import { codeOf } from '../model/thrown.ts';
import type { CertificateFiles, OtlpTarget } from './settings.ts';

export interface SenderHost {
  /** @param certificates are read again for each request, since they may be renewed. An error's `code` says what cannot be read. */
  fetch(url: string, init: RequestInit, certificates: CertificateFiles | undefined): Promise<Response>;
  setTimer(callback: () => void, ms: number): () => void;
  log(level: 'info' | 'warn', message: string, fields?: Record<string, unknown>): void;
}

/** What a collector says about data that it rejected. */
export interface Refusal {
  count: number;
  reason: string;
}

export interface Sender {
  /** Never rejects. Returns false where sending was given up, after too many tries or because another one would be refused too. */
  send(body: Uint8Array, mostTries: number): Promise<boolean>;
  /** To be called when the gateway ends: nothing is retried any more, and requests without an answer after `END_MS` are given up. */
  hurry(): void;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** The longest that the gateway's end waits for a collector that does not answer, however much data is left. */
const END_MS = 4_000;
/** The statuses that the protocol calls retryable: https://opentelemetry.io/docs/specs/otlp/#failures-1 */
const RETRYABLE = new Set([429, 502, 503, 504]);

type Outcome = { ok: true } | { ok: false; why: string; retryAfterMs: number | null };

/** @param what the name of the data in the log. @param refusalIn reads the answer of a collector that accepted a request. */
export function createSender(
  what: string,
  contentType: string,
  target: OtlpTarget,
  host: SenderHost,
  refusalIn: (body: Uint8Array) => Refusal | null,
): Sender {
  let isDown = false;
  let refusedFor: string | null = null;
  let isHurried = false;
  /** Ends the pause before the next try. */
  let wake = () => {};
  const end = new AbortController();

  async function post(body: Uint8Array): Promise<Outcome> {
    const abort = new AbortController();
    const cancel = host.setTimer(() => abort.abort(), target.timeoutMs);
    try {
      const headers = { 'content-type': contentType, ...target.headers };
      const init: RequestInit = {
        method: 'POST',
        headers,
        body: new Uint8Array(body),
        signal: AbortSignal.any([abort.signal, end.signal]),
        redirect: 'manual',
      };
      const response = await host.fetch(target.url, init, target.certificates);
      if (response.ok) {
        noteRefusal(await readRefusal(response));
        return { ok: true };
      }
      await response.body?.cancel();
      const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
      const hint = Number.isFinite(seconds) ? seconds * 1_000 : FIRST_PAUSE_MS;
      return {
        ok: false,
        why: `it answered ${response.status}`,
        retryAfterMs: RETRYABLE.has(response.status) ? hint : null,
      };
    } catch (thrown) {
      // The platform's message may quote the address, which may contain a key.
      const name = codeOf(thrown) ?? 'no answer';
      return {
        ok: false,
        why: abort.signal.aborted || end.signal.aborted ? 'no answer in time' : name,
        retryAfterMs: FIRST_PAUSE_MS,
      };
    } finally {
      cancel();
    }
  }

  /** Returns null also where the answer cannot be read: data that was accepted is not sent again. */
  async function readRefusal(response: Response): Promise<Refusal | null> {
    try {
      return refusalIn(await response.bytes());
    } catch {
      return null;
    }
  }

  /** Logs each reason only once, since the collector may repeat it for every batch. */
  function noteRefusal(refusal: Refusal | null): void {
    const reason = refusal?.reason ?? null;
    if (refusal !== null && reason !== refusedFor)
      host.log('warn', `OpenTelemetry: the collector accepts only some of the ${what}`, { ...refusal });
    refusedFor = reason;
  }

  function note(outcome: Outcome): void {
    if (outcome.ok === !isDown) return;
    isDown = !outcome.ok;
    if (outcome.ok) host.log('info', `OpenTelemetry: the collector accepts ${what} again`);
    else {
      host.log('warn', `OpenTelemetry: the collector accepts no ${what}; requests are served all the same`, {
        collector: new URL(target.url).host,
        reason: outcome.why,
      });
    }
  }

  return {
    async send(body, mostTries) {
      for (let tries = 1; ; tries++) {
        const outcome = await post(body);
        note(outcome);
        if (outcome.ok) return true;
        if (isHurried || outcome.retryAfterMs === null || tries >= mostTries) return false;
        const pause = Math.min(
          LONGEST_PAUSE_MS,
          Math.max(outcome.retryAfterMs, FIRST_PAUSE_MS * 2 ** (tries - 1)),
        );
        await new Promise<void>((resolve) => {
          const cancel = host.setTimer(resolve, pause);
          wake = () => {
            cancel();
            resolve();
          };
        });
        if (isHurried) return false;
      }
    },
    hurry() {
      isHurried = true;
      wake();
      host.setTimer(() => end.abort(), END_MS);
    },
  };
}
