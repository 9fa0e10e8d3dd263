// Tries targets in order until one answers: retries, back-off and fallback (GUARANTEES 2–4).
import type { Attempt } from '../ledger/row.ts';
import { ERROR_RULES, GatewayError, toGatewayError } from '../model/errors.ts';
import type { Target } from '../routing/targets.ts';
import type { GatewayHost } from './host.ts';
import { redactError } from './redact-error.ts';

/** What provider health is told. A try that answered is over only when its answer is: others say so. */
export interface ProviderHealth {
  started(name: string): void;
  succeeded(name: string): void;
  failed(name: string, error: GatewayError): void;
  finished(name: string): void;
}

export interface Try<T> {
  target: Target;
  /** Whose key the try uses. */
  key: 'own' | 'client' | 'none';
  /** `answered` is told the HTTP status as soon as the upstream has one, whatever becomes of the answer. */
  run(answered: (status: number) => void): Promise<T>;
}

export interface FallbackOptions<T> {
  targets: readonly Target[];
  /** Plans one try; throws what keeps the target from being asked at all, which is no attempt. */
  plan(target: Target): Try<T>;
  host: GatewayHost;
  /** Aborted when the client leaves: ends waiting and trying. */
  signal: AbortSignal;
  attempts: Attempt[];
  /** How long the client itself waits for the answer: no try begins that it would not see. */
  deadlineMs?: number;
  health: ProviderHealth;
  /** Takes secrets out of what a failure says, before anyone is told. */
  redact(text: string): string;
}

/** All waiting of one request between tries, in milliseconds; a hint beyond it moves on to the next target. */
export const RETRY_BUDGET_MS = 15_000;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 8_000;

/** The first answer. Throws the last target's error, or the signal's reason when the client left. */
export async function firstAnswer<T>(options: FallbackOptions<T>): Promise<T> {
  const { targets, signal, deadlineMs = Number.POSITIVE_INFINITY } = options;
  const startedAt = options.host.monotonic();
  let budget = RETRY_BUDGET_MS;
  let failure: GatewayError | undefined;
  for (const target of targets) {
    let sameAgain = true;
    for (let retry = 0; sameAgain; retry++) {
      if (signal.aborted) throw signal.reason;
      let planned: Try<T>;
      try {
        planned = options.plan(target);
      } catch (thrown) {
        // It cannot even be asked. The failure of one that was tells the client more.
        if (failure === undefined) throw thrown;
        break;
      }
      const outcome = await tryOnce(options, planned);
      if ('answer' in outcome) return outcome.answer;
      if (signal.aborted) throw signal.reason;
      failure = outcome.error;
      if (!mayGoOn(failure, outcome.key)) throw failure;
      const wait = failure.retryAfterMs ?? backOff(retry, options.host.random());
      sameAgain =
        ERROR_RULES[failure.code].retry === 'anywhere' &&
        retry < target.provider.maxRetries &&
        wait <= budget &&
        options.host.monotonic() - startedAt + wait < deadlineMs;
      if (!sameAgain) break;
      budget -= wait;
      await pause(options.host, wait, signal);
    }
  }
  throw failure ?? new GatewayError('internal', 'no target was tried');
}

type Outcome<T> = { answer: T } | { error: GatewayError; key: Try<T>['key'] };

async function tryOnce<T>(options: FallbackOptions<T>, planned: Try<T>): Promise<Outcome<T>> {
  const { host, attempts, signal, health } = options;
  const { target, key } = planned;
  const { name } = target.provider;
  const startedAt = host.monotonic();
  const attempt: Attempt = {
    provider: name,
    model: target.model,
    status: null,
    error: null,
    durationMs: 0,
  };
  attempts.push(attempt);
  health.started(name);
  try {
    const answer = await planned.run((status) => {
      attempt.status = status;
    });
    health.succeeded(name);
    return { answer };
  } catch (thrown) {
    const error = redactError(toGatewayError(thrown), options.redact);
    health.finished(name);
    if (signal.aborted) return { error, key };
    attempt.error = error.code;
    attempt.message = error.message;
    // A client's own key that is refused says nothing about the provider.
    if (error.code !== 'upstream_unauthorized' || key === 'own') health.failed(name, error);
    return { error, key };
  } finally {
    attempt.durationMs = host.monotonic() - startedAt;
  }
}

function mayGoOn(error: GatewayError, key: 'own' | 'client' | 'none'): boolean {
  switch (ERROR_RULES[error.code].retry) {
    case 'anywhere':
    case 'elsewhere':
      return true;
    case 'own-key':
      return key === 'own';
    case 'larger-context':
    case 'never':
      return false;
  }
}

/** Exponential with full jitter over its upper half. */
function backOff(retry: number, random: number): number {
  return Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** retry) * (0.5 + random / 2);
}

function pause(host: GatewayHost, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      cancel();
      reject(signal.reason);
    };
    const cancel = host.setTimer(() => {
      signal.removeEventListener('abort', leave);
      resolve();
    }, ms);
    signal.addEventListener('abort', leave, { once: true });
  });
}
