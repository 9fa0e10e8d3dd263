// Tries targets in order until one answers: retries, back-off, the next key, the next target (GUARANTEES 1–4).
import type { Attempt } from '../ledger/row.ts';
import { ERROR_RULES, GatewayError, toGatewayError } from '../model/errors.ts';
import type { Target } from '../routing/targets.ts';
import type { Leaving } from '../upstream/departure.ts';
import type { Lease } from '../upstream/lease.ts';
import type { ProviderStates } from '../upstream/provider-state.ts';
import { allRefused, type Refusal } from '../upstream/refusal.ts';
import { withAddresses } from './addresses.ts';
import { largerTargets } from './context-window.ts';
import type { GatewayHost } from './host.ts';
import type { Observation } from './observer.ts';
import type { ExchangeRecord } from './record.ts';
import { redactError } from './redact-error.ts';

export interface Try<T> {
  target: Target;
  /** Whose key the try uses. */
  key: 'own' | 'client' | 'none';
  /** What the try has seen so far: a try that fails may have been paid for. */
  seen: Observation;
  /**
   * `answered` is told the HTTP status as soon as the upstream has one, whatever becomes of the answer; `signal`
   * ends the try, and the answer that it gave.
   */
  run(answered: (status: number) => void, signal: Leaving): Promise<T>;
}

/** What a request brings to whoever asks targets for it. */
export interface Course {
  targets: readonly Target[];
  /** Tried when the prompt is too long for a target. */
  contextFallback: readonly Target[];
  /** Whether the client's own key would go to the target. */
  usesClientKey(target: Target): boolean;
  /** The same for every turn of a conversation; null where it cannot be told. */
  conversation(): string | null;
  host: GatewayHost;
  /** Aborted when the client leaves: ends waiting and trying. */
  signal: Leaving;
  /** Takes note of every try; whoever ends it ends the lease of the try that answered. */
  record: Pick<
    ExchangeRecord,
    'attempts' | 'lease' | 'queuedMs' | 'backOffMs' | 'cost' | 'startedAt' | 'trySpanId'
  >;
  /** How long the client itself waits for the answer: no try begins that it would not see. */
  deadlineMs?: number;
  states: ProviderStates;
  /** Takes secrets out of what a failure says, before anyone is told. */
  redact(text: string): string;
}

export interface FallbackOptions<T> extends Course {
  /** Plans one try with this key; throws what keeps the target from being asked at all, which is no attempt. */
  plan(target: Target, key: string | null): Try<T>;
  /** Told of each try as it begins. */
  begun?(begun: BegunTry): void;
}

export interface BegunTry {
  attempt: Attempt;
  planned: Omit<Try<unknown>, 'run'>;
  lease: Lease;
  /** `monotonic()`. */
  startedAt: number;
}

/** All waiting of one request between tries, in milliseconds; a hint beyond it moves on to the next target. */
export const RETRY_BUDGET_MS = 15_000;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 8_000;

/** What became of the targets so far, and who is left. */
export interface Trip {
  left: Target[];
  tried: Target[];
  startedAt: number;
  budgetMs: number;
  failure: GatewayError | undefined;
  refusals: Refusal[];
}

/**
 * The first answer. Throws the last error of a target that was asked, else why none was, or the signal's reason
 * when the client left.
 */
export function firstAnswer<T>(options: FallbackOptions<T>): Promise<T> {
  return walk(options, createTrip(options));
}

export function createTrip({ targets, host }: Pick<Course, 'targets' | 'host'>): Trip {
  return {
    left: withAddresses(targets),
    tried: [],
    startedAt: host.monotonic(),
    budgetMs: RETRY_BUDGET_MS,
    failure: undefined,
    refusals: [],
  };
}

/** Takes one target after the other from those that are left. */
export async function walk<T>(options: FallbackOptions<T>, trip: Trip): Promise<T> {
  for (let target = trip.left.shift(); target !== undefined; target = trip.left.shift()) {
    trip.tried.push(target);
    const asked = await askTarget(options, target, trip, trip.left.length === 0);
    if (asked !== undefined) return asked.answer;
    if (trip.failure?.rule.retry === 'larger-context') {
      trip.left = largerTargets(target, trip.left, options.contextFallback, trip.tried);
      if (trip.left.length === 0) throw trip.failure;
    }
  }
  const none = new GatewayError('internal', 'no target was tried');
  throw trip.failure ?? allRefused(trip.refusals) ?? none;
}

/** Asks one target as often as is worth while. Undefined: the next one may help; throws where none can. */
async function askTarget<T>(
  options: FallbackOptions<T>,
  target: Target,
  trip: Trip,
  last: boolean,
): Promise<{ answer: T } | undefined> {
  const { signal, host, states } = options;
  const { provider, model } = target;
  let keysLeft = provider.apiKeys.length - 1;
  for (let retry = 0; ; ) {
    if (signal.aborted) throw signal.reason;
    const entered = enter(options, target, last);
    const lease = entered instanceof Promise ? await entered : entered;
    noteLease(options.record, lease);
    let wait: number;
    if ('refused' in lease) {
      trip.refusals.push(lease);
      options.record.attempts.push(skipped(target, lease));
      if (!last || !lease.worthWaiting) return undefined;
      wait = lease.error.retryAfterMs ?? 0;
    } else {
      const outcome = await tryOnce(options, target, lease, trip);
      if (outcome === undefined || 'answer' in outcome) return outcome;
      const { error, key } = outcome;
      trip.failure = error;
      if (!mayGoOn(error, key)) throw error;
      if (isOfKey(error) && key === 'own' && keysLeft > 0 && states.hasOtherKey(provider, model)) {
        keysLeft -= 1;
        continue;
      }
      if (ERROR_RULES[error.code].retry !== 'anywhere') return undefined;
      // A moment's wait brings nothing back that is used up, unless the provider says so.
      if (error.exhausted && error.retryAfterMs === undefined) return undefined;
      wait = error.retryAfterMs ?? backOff(retry, host.random());
    }
    const elapsed = host.monotonic() - trip.startedAt;
    const tooLate = elapsed + wait >= (options.deadlineMs ?? Number.POSITIVE_INFINITY);
    if (retry >= provider.maxRetries || wait > trip.budgetMs || tooLate) return undefined;
    retry += 1;
    trip.budgetMs -= wait;
    await pause(host, wait, signal, options.record);
  }
}

function enter(options: Course, target: Target, last: boolean): ReturnType<ProviderStates['enter']> {
  const { signal, conversation, states, usesClientKey } = options;
  const { provider, model } = target;
  const key = usesClientKey(target) ? 'client' : 'own';
  return states.enter({ provider, model, key, conversation, lastResort: last, signal });
}

function noteLease(record: Course['record'], lease: Lease | Refusal): void {
  if ('refused' in lease) return;
  if (lease.queuedMs > 0) record.queuedMs = (record.queuedMs ?? 0) + lease.queuedMs;
  record.lease = lease;
}

function skipped({ provider, model }: Target, { refused, error }: Refusal): Attempt {
  return {
    provider: provider.name,
    model,
    status: null,
    error: error.code,
    message: error.message,
    durationMs: 0,
    skipped: refused,
  };
}

type Outcome<T> = { answer: T } | { error: GatewayError; key: Try<T>['key'] };

/** Undefined: it cannot even be asked, and the failure of one that was tells the client more. */
async function tryOnce<T>(
  options: FallbackOptions<T>,
  target: Target,
  lease: Lease,
  trip: Trip,
): Promise<Outcome<T> | undefined> {
  const { host, record, signal } = options;
  let planned: Try<T>;
  try {
    planned = options.plan(target, lease.key);
  } catch (thrown) {
    lease.end('abandoned');
    if (trip.failure === undefined) throw thrown;
    return undefined;
  }
  const startedAt = host.monotonic();
  const attempt: Attempt = {
    provider: target.provider.name,
    model: target.model,
    status: null,
    error: null,
    durationMs: 0,
    startedMs: startedAt - record.startedAt,
    ...(record.trySpanId === null ? {} : { spanId: record.trySpanId }),
    ...(lease.keyLabel === undefined ? {} : { key: lease.keyLabel }),
  };
  record.attempts.push(attempt);
  options.begun?.({ attempt, planned, lease, startedAt });
  try {
    const answer = await planned.run((status) => {
      attempt.status = status;
    }, signal);
    lease.answered();
    return { answer };
  } catch (thrown) {
    const error = redactError(toGatewayError(thrown), options.redact);
    lease.end(signal.aborted ? 'abandoned' : error);
    if (signal.aborted) throw signal.reason;
    noteFailure(attempt, planned, error, record);
    return { error, key: planned.key };
  } finally {
    attempt.durationMs = host.monotonic() - startedAt;
  }
}

/** What a try came to that serves no more. A provider that reported usage before it failed may bill it. */
export function noteFailure(
  attempt: Attempt,
  { target, seen }: Pick<Try<unknown>, 'target' | 'seen'>,
  error: GatewayError,
  record: Pick<ExchangeRecord, 'cost'>,
): void {
  attempt.error = error.code;
  attempt.message = error.message;
  seen.timing.settle();
  attempt.providerMs = seen.timing.providerMs;
  if (!seen.usageKnown) return;
  attempt.usage = seen.usage;
  attempt.costUsd = record.cost(target, seen);
}

/** Another key of the same provider may be better off. */
function isOfKey(error: GatewayError): boolean {
  return error.code === 'upstream_unauthorized' || error.code === 'upstream_rate_limited';
}

function mayGoOn(error: GatewayError, key: 'own' | 'client' | 'none'): boolean {
  switch (ERROR_RULES[error.code].retry) {
    case 'anywhere':
    case 'elsewhere':
    case 'larger-context':
      return true;
    case 'own-key':
      return key === 'own';
    case 'never':
      return false;
  }
}

/** Exponential with full jitter over its upper half. */
function backOff(retry: number, random: number): number {
  return Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** retry) * (0.5 + random / 2);
}

function pause(
  host: GatewayHost,
  ms: number,
  signal: Leaving,
  record: Pick<ExchangeRecord, 'backOffMs'>,
): Promise<void> {
  const since = host.monotonic();
  const over = () => {
    record.backOffMs += host.monotonic() - since;
  };
  return new Promise((resolve, reject) => {
    const leave = () => {
      over();
      cancel();
      reject(signal.reason);
    };
    const cancel = host.setTimer(() => {
      over();
      signal.removeEventListener('abort', leave);
      resolve();
    }, ms);
    signal.addEventListener('abort', leave, { once: true });
  });
}
