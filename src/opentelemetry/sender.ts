// Posts what was serialized to a collector. A collector that is away costs what it would have been told, and nothing else.
import type { OtlpTarget } from './settings.ts';

export interface SenderHost {
  fetch(url: string, init: RequestInit): Promise<Response>;
  setTimer(callback: () => void, ms: number): () => void;
  log(level: 'info' | 'warn', message: string, fields?: Record<string, unknown>): void;
}

export interface Sender {
  /** Never rejects. False: it was given up. `once`: without further tries. */
  send(body: Uint8Array, options?: { once?: boolean }): Promise<boolean>;
}

const MOST_TRIES = 4;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** What the protocol calls retryable: https://opentelemetry.io/docs/specs/otlp/#failures-1 */
const RETRYABLE = new Set([429, 502, 503, 504]);

type Outcome = { ok: true } | { ok: false; why: string; retryAfterMs: number | null };

/** @param what it sends, for the log. */
export function createSender(
  what: string,
  contentType: string,
  target: OtlpTarget,
  host: SenderHost,
): Sender {
  let isDown = false;

  async function post(body: Uint8Array): Promise<Outcome> {
    const abort = new AbortController();
    const cancel = host.setTimer(() => abort.abort(), target.timeoutMs);
    try {
      const headers = { 'content-type': contentType, ...target.headers };
      const init: RequestInit = {
        method: 'POST',
        headers,
        body: new Uint8Array(body),
        signal: abort.signal,
        redirect: 'manual',
      };
      const response = await host.fetch(target.url, init);
      await response.body?.cancel();
      if (response.ok) return { ok: true };
      const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
      const hint = Number.isFinite(seconds) ? seconds * 1_000 : FIRST_PAUSE_MS;
      return {
        ok: false,
        why: `it answered ${response.status}`,
        retryAfterMs: RETRYABLE.has(response.status) ? hint : null,
      };
    } catch (thrown) {
      // The library of the platform may quote the address, which may hold a key.
      const name = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'no answer';
      return {
        ok: false,
        why: abort.signal.aborted ? 'no answer in time' : name,
        retryAfterMs: FIRST_PAUSE_MS,
      };
    } finally {
      cancel();
    }
  }

  function note(outcome: Outcome): void {
    if (outcome.ok === !isDown) return;
    isDown = !outcome.ok;
    if (outcome.ok) host.log('info', `OpenTelemetry: the collector takes ${what} again`);
    else {
      host.log('warn', `OpenTelemetry: the collector takes no ${what}; requests are served all the same`, {
        collector: new URL(target.url).host,
        reason: outcome.why,
      });
    }
  }

  return {
    async send(body, { once = false } = {}) {
      for (let tries = 1; ; tries++) {
        const outcome = await post(body);
        note(outcome);
        if (outcome.ok) return true;
        if (once || outcome.retryAfterMs === null || tries >= MOST_TRIES) return false;
        const pause = Math.min(
          LONGEST_PAUSE_MS,
          Math.max(outcome.retryAfterMs, FIRST_PAUSE_MS * 2 ** (tries - 1)),
        );
        await new Promise<void>((resolve) => host.setTimer(resolve, pause));
      }
    },
  };
}
