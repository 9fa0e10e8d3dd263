// Tries targets in order until one answers: retries, back-off, the next key, the next target (GUARANTEES 1–4).
import type { Attempt } from '../../ledger/rows/row.ts';
import { ERROR_RULES, GatewayError, toGatewayError } from '../../model/errors.ts';
import type { Target } from '../../routing/targets.ts';
import type { CancelSignal } from '../../upstream/cancellation.ts';
import type { Lease } from '../../upstream/lease.ts';
import type { ProviderStates } from '../../upstream/provider-state.ts';
import { allRefused, type Refusal, refusedByBudget, refusedWithoutKey } from '../../upstream/refusal.ts';
import { withAddresses } from './addresses.ts';
import { largerTargets } from './context-window.ts';
import type { GatewayHost } from '../host.ts';
import type { RequestLimits } from '../request-limits.ts';
import type { Observation } from '../record/observer.ts';
import type { ExchangeRecord } from '../record/record.ts';
import { redactError } from '../../model/redact/redact-error.ts';

export interface Try<T> {
  target: Target;
  /** Whose key the try uses. */
  key: 'own' | 'client' | 'none';
  /** What the try has seen so far: a failed try may have been billed. */
  seen: Observation;
  /**
   * `answered` is called with the HTTP status as soon as the upstream sends one, whatever becomes of the answer;
   * `signal` ends the try, and the answer that it gave.
   */
  run(answered: (status: number) => void, signal: CancelSignal): Promise<T>;
  /** Whether what was sent cannot be sent again to any target. Left out where it always can. */
  isSpent?(): boolean;
}

/** Whose key would go to a target; `missing`: there is none, and the target would refuse to answer without one. */
type WhoseKey = 'own' | 'client' | 'missing';

/** What a request provides for the tries at its targets. */
export interface TryContext {
  targets: readonly Target[];
  /** Tried when the prompt is too long for a target. */
  contextFallback: readonly Target[];
  keyFor(target: Target): WhoseKey;
  /** The used-up budget that forbids asking the target; null: none is used up, or asking it costs nothing. */
  spentBudget(target: Target): SpentBudget | null;
  /** The rate limits that the request counts towards; null: none. */
  limits: RequestLimits | null;
  /** Identifies the conversation, the same in each of its turns; null where it is unknown. */
  conversation(): string | null;
  host: GatewayHost;
  /** Aborted when the client leaves: that ends all waiting and trying. */
  signal: CancelSignal;
  /** Notes every try; its end also ends the lease of the try that answered. */
  record: Pick<
    ExchangeRecord,
    'attempts' | 'lease' | 'meant' | 'queuedMs' | 'backOffMs' | 'cost' | 'startedAt' | 'trySpanId'
  >;
  /** How long the client itself waits for an answer, in milliseconds: no try is made that would come too late. */
  deadlineMs: number;
  states: ProviderStates;
  /** Removes secrets from the words of a failure before it is reported. */
  redact(text: string): string;
}

export interface SpentBudget {
  /** Names the budget, and how much of it is spent. */
  words: string;
  /** Milliseconds until it is reset. */
  waitMs: number;
}

export interface FallbackOptions<T> {
  context: TryContext;
  /** Plans one try with this key. Throws where the target cannot be asked at all, which does not count as an attempt. */
  plan(target: Target, key: string | null): Try<T>;
  /** Called as each try begins. */
  begun?(begun: BegunTry): void;
}

export interface BegunTry {
  attempt: Attempt;
  planned: Omit<Try<unknown>, 'run'>;
  lease: Lease;
  /** `monotonic()`. */
  startedAt: number;
}

/** How long one request may wait between tries in all, in milliseconds; where a hint exceeds that, the next target is asked. */
export const RETRY_BUDGET_MS = 15_000;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 8_000;

/** The state of one request's tries: the targets tried so far, and those left. */
export interface TryQueue {
  left: Target[];
  tried: Target[];
  startedAt: number;
  budgetMs: number;
  failure: GatewayError | undefined;
  refusals: Refusal[];
  /** Why a target could not be asked at all. */
  unplanned: unknown;
}

/**
 * The first answer. Rejects with the last error of a target that was asked, else with why none was, or with the signal's reason when the
 * client left.
 */
export function firstAnswer<T>(options: FallbackOptions<T>): Promise<T> {
  return walk(options, createTryQueue(options.context));
}

export function createTryQueue({ targets, host }: Pick<TryContext, 'targets' | 'host'>): TryQueue {
  return {
    left: withAddresses(targets),
    tried: [],
    startedAt: host.monotonic(),
    budgetMs: RETRY_BUDGET_MS,
    failure: undefined,
    refusals: [],
    unplanned: undefined,
  };
}

/**
 * Takes one remaining target after the other, and asks each as often as is worthwhile. A single asynchronous function, since every request
 * passes through here, and each further layer would cost five objects and a turn of the event loop.
 */
export async function walk<T>(options: FallbackOptions<T>, queue: TryQueue): Promise<T> {
  const { context } = options;
  const { signal } = context;
  for (let target = queue.left.shift(); target !== undefined; target = queue.left.shift()) {
    queue.tried.push(target);
    const visit: Visit = {
      target,
      last: !queue.left.some((other) => mayBeAsked(context, other)),
      retries: 0,
      keysLeft: keysBeside(target),
      isRenewed: false,
      tooLong: false,
    };
    let next: Next = 'again';
    while (next !== 'elsewhere') {
      if (signal.aborted) throw signal.reason;
      context.record.meant = target;
      const queuedMs = context.record.queuedMs ?? 0;
      const key = context.keyFor(target);
      const checked = checkLimits(context, target, key);
      const limited = checked instanceof Promise ? await stillWanted(context, target, checked) : checked;
      const entered = limited ?? enter(context, visit, key);
      const lease = entered instanceof Promise ? await noteWait(context, target, entered) : entered;
      const isSent = !signal.aborted && !('refused' in lease);
      if (limited === null && !isSent) context.limits?.notSent(target);
      if (signal.aborted) throw leftBefore(lease, signal);
      if ('refused' in lease) next = noteRefusal(context, visit, lease, queue, queuedMs);
      else {
        context.record.lease = lease;
        const begun = begin(options, target, lease, queue);
        if (begun === undefined) break;
        try {
          const answer = await begun.run((status) => noteStatus(begun, status), signal);
          lease.answered(begun.planned.isSpent?.() !== true);
          noteEnd(begun, context);
          return answer;
        } catch (thrown) {
          noteEnd(begun, context);
          next = judge(context, visit, begun, thrown, queue);
        }
      }
      if (typeof next !== 'number') continue;
      if (!mayWait(context, visit, next, queue)) break;
      await pause(context, next);
      // Other requests that waited as well may have used up the retries.
      if (!context.states.mayRetry(target.provider)) break;
    }
    if (visit.tooLong) queue.left = largerTargets(target, queue.left, context.contextFallback, queue.tried);
  }
  const none = new GatewayError('internal', 'no target was tried');
  throw queue.failure ?? allRefused(queue.refusals) ?? queue.unplanned ?? none;
}

/** One target, while it is asked. */
interface Visit {
  target: Target;
  /** No other target that may be asked is left. */
  last: boolean;
  retries: number;
  keysLeft: number;
  /** It was asked again with other credentials of the host. */
  isRenewed: boolean;
  /** It refused the prompt as too long. (A target that was not asked says nothing about that.) */
  tooLong: boolean;
}

/** What follows a failed try: the same target at once, the same after so many milliseconds, or another target. */
type Next = 'again' | number | 'elsewhere';

function keysBeside({ provider }: Target): number {
  return provider.apiKeys.length - 1;
}

/** Whether the target may be asked as far as keys, budgets and rate limits go, whatever the state of its provider. */
export function mayBeAsked(
  context: Pick<TryContext, 'keyFor' | 'spentBudget' | 'limits'>,
  target: Target,
): boolean {
  return (
    context.keyFor(target) !== 'missing' &&
    context.spentBudget(target) === null &&
    (context.limits?.wouldPass(target) ?? true)
  );
}

/** Returns null if keys, budgets and rate limits allow the target to be asked; the request then counts towards the limits. */
function checkLimits(
  context: TryContext,
  target: Target,
  key: WhoseKey,
): Refusal | null | Promise<Refusal | null> {
  const { provider } = target;
  if (key === 'missing') return refusedWithoutKey(provider.name);
  const spent = context.spentBudget(target);
  if (spent !== null) return refusedByBudget(spent.words, spent.waitMs);
  return context.limits?.enter(target) ?? null;
}

/** Waits for the server's decision. Throws the signal's reason if the client has left, or another target has answered, before it came. */
async function stillWanted(
  { limits, signal }: TryContext,
  target: Target,
  checked: Promise<Refusal | null>,
): Promise<Refusal | null> {
  const limited = await checked;
  if (!signal.aborted) return limited;
  if (limited === null) limits?.notSent(target);
  throw signal.reason;
}

/** Asks for room at the provider. Called when only the state of the provider can still forbid asking the target. */
function enter(
  context: TryContext,
  { target, last, retries }: Visit,
  key: WhoseKey,
): ReturnType<ProviderStates['enter']> {
  return context.states.enter({
    provider: target.provider,
    model: target.model,
    key: key === 'client' ? 'client' : 'own',
    conversation: () => context.conversation(),
    lastResort: last,
    isRetry: retries > 0,
    signal: context.signal,
  });
}

/** The client left just when room became free: no try is made, and the room goes to another request. */
function leftBefore(lease: Lease | Refusal, signal: CancelSignal): unknown {
  if (!('refused' in lease)) lease.end('abandoned');
  return signal.reason;
}

/** Notes how long room was waited for, however the wait ends; if the client leaves, before its row is written. */
function noteWait<T>(
  { host, signal, record, limits }: TryContext,
  target: Target,
  entered: Promise<T>,
): Promise<T> {
  const since = host.monotonic();
  const over = () => {
    record.queuedMs = (record.queuedMs ?? 0) + host.monotonic() - since;
  };
  const left = () => {
    over();
    limits?.notSent(target);
  };
  signal.addEventListener('abort', left, { once: true });
  return entered.finally(() => {
    if (signal.aborted) return;
    signal.removeEventListener('abort', left);
    over();
  });
}

function noteRefusal(
  { record }: TryContext,
  { target: { provider, model }, last }: Visit,
  refusal: Refusal,
  queue: TryQueue,
  queuedBeforeMs: number,
): Next {
  const { refused, error, worthWaiting } = refusal;
  queue.refusals.push(refusal);
  record.attempts.push({
    provider: provider.name,
    model,
    status: null,
    error: error.code,
    message: error.message,
    durationMs: (record.queuedMs ?? 0) - queuedBeforeMs,
    skipped: refused,
  });
  return last && worthWaiting ? (error.retryAfterMs ?? 0) : 'elsewhere';
}

interface Begun<T> extends BegunTry {
  run: Try<T>['run'];
}

/** Plans a try and begins it. Undefined where a target other than the first cannot be asked at all. */
function begin<T>(
  options: FallbackOptions<T>,
  target: Target,
  lease: Lease,
  queue: TryQueue,
): Begun<T> | undefined {
  const { host, record } = options.context;
  record.meant = null;
  const planned = planOrLeave(options, target, lease, queue);
  if (planned === undefined) return undefined;
  const startedAt = host.monotonic();
  const attempt: Attempt = {
    provider: target.provider.name,
    model: target.model,
    status: null,
    error: null,
    durationMs: 0,
    startedMs: startedAt - record.startedAt,
  };
  if (record.trySpanId !== null) attempt.spanId = record.trySpanId;
  if (lease.keyLabel !== undefined) attempt.key = lease.keyLabel;
  record.attempts.push(attempt);
  const begun = { attempt, planned, lease, startedAt, run: planned.run };
  options.begun?.(begun);
  return begun;
}

function planOrLeave<T>(
  options: FallbackOptions<T>,
  target: Target,
  lease: Lease,
  queue: TryQueue,
): Try<T> | undefined {
  try {
    return options.plan(target, lease.key);
  } catch (thrown) {
    lease.end('abandoned');
    options.context.limits?.notSent(target);
    queue.unplanned ??= thrown;
    if (target === queue.tried[0]) throw thrown;
    // Why the first target failed tells the client more than why this one cannot be asked; where two are asked in parallel, the first may
    // still answer.
    return undefined;
  }
}

function noteStatus({ attempt }: BegunTry, status: number): void {
  attempt.status = status;
}

function noteEnd({ attempt, startedAt }: BegunTry, { host }: TryContext): void {
  attempt.durationMs = host.monotonic() - startedAt;
}

/** Decides what follows a failed try. Throws where no other try can help. */
function judge(context: TryContext, visit: Visit, begun: BegunTry, thrown: unknown, queue: TryQueue): Next {
  const { signal, host, record, states } = context;
  const { attempt, planned, lease } = begun;
  const error = redactError(toGatewayError(thrown), context.redact);
  lease.end(signal.aborted ? 'abandoned' : error);
  if (signal.aborted) throw signal.reason;
  noteFailure(attempt, planned, error, record);
  queue.failure = error;
  visit.tooLong = error.rule.retry === 'larger-context';
  if (!mayGoOn(error, planned.key) || planned.isSpent?.() === true) throw error;
  if (error.renewed && !visit.isRenewed) {
    visit.isRenewed = true;
    return 'again';
  }
  const { provider, model } = visit.target;
  const isKeys = isOfKey(error) && planned.key === 'own';
  if (isKeys && visit.keysLeft > 0 && states.hasOtherKey(provider, model)) {
    visit.keysLeft -= 1;
    return 'again';
  }
  if (ERROR_RULES[error.code].retry !== 'anywhere' || error.lasting) return 'elsewhere';
  // A short wait does not restore a used-up quota, unless the provider says that it does.
  if (error.exhausted && error.retryAfterMs === undefined) return 'elsewhere';
  return error.retryAfterMs ?? backOff(visit.retries, host.random());
}

/** Whether the target may be asked again after `ms`; if so, the wait is counted. */
function mayWait(
  { host, deadlineMs, states }: TryContext,
  visit: Visit,
  ms: number,
  queue: TryQueue,
): boolean {
  const elapsed = host.monotonic() - queue.startedAt;
  const tooLate = elapsed + ms >= deadlineMs;
  const { hasNextAddress, provider } = visit.target;
  const retries = hasNextAddress === true ? 0 : provider.maxRetries;
  if (visit.retries >= retries || ms > queue.budgetMs || tooLate || !states.mayRetry(provider)) return false;
  visit.retries += 1;
  queue.budgetMs -= ms;
  return true;
}

/** Notes the outcome of a try that does not serve any more. A provider that reported usage before it failed may bill it. */
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

/** Whether the failure concerns the key, so that another key of the same provider may succeed. */
function isOfKey(error: GatewayError): boolean {
  return error.code === 'upstream_unauthorized' || error.code === 'upstream_rate_limited';
}

/** Whether another target may be asked after this failure of a target that was asked with such a key. */
export function mayGoOn(error: GatewayError, key: 'own' | 'client' | 'none'): boolean {
  switch (ERROR_RULES[error.code].retry) {
    case 'anywhere':
    case 'elsewhere':
    case 'larger-context':
      return true;
    case 'own-key':
      // What the host signs, or what configured headers say, counts as the gateway's own as well.
      return key !== 'client';
    case 'never':
      return error.elsewhere;
  }
}

/** Exponential back-off, with random jitter over its upper half. */
function backOff(retry: number, random: number): number {
  return Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** retry) * (0.5 + random / 2);
}

function pause({ host, signal, record }: TryContext, ms: number): Promise<void> {
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
