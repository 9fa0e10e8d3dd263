// Hedging (docs/adr/0008): when nothing of the answer has arrived after a while, the next target is asked in parallel. The first to answer
// serves, and the other is cancelled. No more than two are asked at once.
import { Cancellation } from '../../upstream/cancellation.ts';
import { setTimeLimit } from '../../upstream/time-limit.ts';
import { ERROR_RULES, GatewayError, toGatewayError } from '../../model/errors.ts';
import type { Target } from '../../routing/targets.ts';
import {
  type BegunTry,
  type TryContext,
  createTryQueue,
  type FallbackOptions,
  firstAnswer,
  mayBeAsked,
  noteFailure,
  type TryQueue,
  walk,
} from './fallback.ts';
import type { ExchangeRecord } from '../record/record.ts';

export interface HedgeOptions<T> extends Omit<FallbackOptions<T>, 'begun'> {
  /** Null: no hedging, which then costs nothing here. */
  hedgeAfterMs: number | null;
  /** The context's record. */
  record: TryContext['record'] & Noted & Pick<ExchangeRecord, 'besideMs'>;
}

/** What planning notes in the record: with two in parallel, the winner's notes are kept. */
type Noted = Pick<ExchangeRecord, 'target' | 'seen' | 'losses' | 'transformers'>;

/** One of the parallel lanes: it takes one target after the other, as a request without hedging does. */
interface Lane {
  startedAt: number;
  controller: Cancellation;
  record: TryContext['record'];
  tries: (BegunTry & { noted: Noted })[];
}

/** Like `firstAnswer`. If all fail, rejects with the error that ended the request, else with that of the target asked last. */
export function hedgedAnswer<T>(options: HedgeOptions<T>): Promise<T> {
  const { hedgeAfterMs, context } = options;
  if (hedgeAfterMs === null || context.targets.length < 2) return firstAnswer(options);
  return new Race(options, hedgeAfterMs).run();
}

class Race<T> {
  private readonly options: HedgeOptions<T>;
  private readonly hedgeAfterMs: number;
  private readonly queue: TryQueue;
  private readonly lanes = new Set<Lane>();
  private readonly answer = Promise.withResolvers<T>();
  /** The target asked last. */
  private asking: Target | undefined;
  /** The failure that no other target can help against, once there is one. */
  private decisive: unknown;
  private cancelTimer: (() => void) | undefined;
  private over = false;

  constructor(options: HedgeOptions<T>, hedgeAfterMs: number) {
    this.options = options;
    this.hedgeAfterMs = hedgeAfterMs;
    this.queue = createTryQueue(options.context);
  }

  run(): Promise<T> {
    const { signal } = this.options.context;
    if (signal.aborted) return Promise.reject(signal.reason);
    signal.addEventListener('abort', () => this.clientLeft(signal.reason), { once: true });
    this.arm();
    this.start();
    return this.answer.promise;
  }

  /** Starts the wait anew, with each target that is asked. */
  private arm(): void {
    this.cancelTimer?.();
    const passed = () => {
      if (this.lanes.size < 2 && this.isAnyLeft() && !this.speaks()) this.start();
    };
    this.cancelTimer = setTimeLimit(this.options.context.host, passed, this.hedgeAfterMs);
  }

  private isAnyLeft(): boolean {
    return this.queue.left.some((target) => mayBeAsked(this.options.context, target));
  }

  /** Whether an answer is already streaming, so that a second one would not be complete before it. */
  private speaks(): boolean {
    for (const { tries } of this.lanes) {
      const newest = tries.at(-1);
      if (newest?.attempt.error !== null) continue;
      // Content that transformers still hold back counts too.
      if (newest.planned.seen.timing.lastContentAt !== null) return true;
    }
    return false;
  }

  private start(): void {
    const { context, record, plan } = this.options;
    const lane: Lane = {
      startedAt: context.host.monotonic(),
      controller: new Cancellation(),
      record: recordOfLane(record),
      tries: [],
    };
    const isHedge = this.lanes.size > 0;
    this.lanes.add(lane);
    const begun = (now: BegunTry) => {
      if (isHedge) now.attempt.hedge = true;
      this.begun(lane, now);
    };
    const own = { ...context, record: lane.record, signal: lane.controller };
    walk({ context: own, plan, begun }, this.queue).then(
      (answer) => this.answered(lane, answer),
      (thrown) => this.failed(lane, thrown),
    );
  }

  private begun(lane: Lane, now: BegunTry): void {
    const { target, seen, losses, transformers } = this.options.record;
    lane.tries.push({ ...now, noted: { target, seen, losses, transformers } });
    if (this.asking !== now.planned.target) this.arm();
    this.asking = now.planned.target;
  }

  private answered(lane: Lane, answer: T): void {
    // The other lane was a moment earlier, and has ended this one.
    if (this.over) return;
    this.end(lane, `${lane.tries.at(-1)?.planned.target.provider.name} spoke first`);
    this.answer.resolve(answer);
  }

  private failed(lane: Lane, thrown: unknown): void {
    if (this.over) return;
    const { queue, lanes } = this;
    // No other target can help against this lane's failure (for instance, the request is invalid), so none is asked any more; but the other
    // lane's target may still answer. A lane that asked nobody has learned nothing like that.
    const isFinal = queue.left.length > 0 || ERROR_RULES[toGatewayError(thrown).code].retry === 'never';
    if (isFinal && lane.tries.length > 0) {
      this.decisive ??= thrown;
      queue.left = [];
    }
    if (lanes.size > 1) {
      lanes.delete(lane);
      for (const other of lanes) countUntil(other.startedAt, lane, this.options.record);
      return;
    }
    this.end(lane, '');
    this.answer.reject(this.decisive ?? thrown);
  }

  private clientLeft(reason: unknown): void {
    const { lanes, over } = this;
    if (over) {
      for (const lane of lanes) lane.controller.abort(reason);
      return;
    }
    // The row describes the target asked last.
    const { seen } = this.options.record;
    const last = [...lanes].find(({ tries }) => tries.at(-1)?.noted.seen === seen) ?? [...lanes][0];
    last?.controller.abort(reason);
    if (last !== undefined) this.end(last, 'the client left');
    this.answer.reject(reason);
  }

  /** Ends the request: the record becomes that of this lane, and the other lane is cancelled. */
  private end(lane: Lane, why: string): void {
    const { record, context } = this.options;
    this.over = true;
    this.cancelTimer?.();
    for (const other of this.lanes) {
      if (other === lane) continue;
      giveUp(other, why, context.host.monotonic());
      countUntil(lane.startedAt, other, record);
    }
    const { lease, meant, backOffMs, queuedMs } = lane.record;
    Object.assign(record, lane.tries.at(-1)?.noted, { lease, meant });
    addWaits(record, backOffMs, queuedMs ?? 0);
  }
}

/** What a lane notes separately until it is known whether it serves. */
function recordOfLane(record: TryContext['record']): Lane['record'] {
  return {
    attempts: record.attempts,
    startedAt: record.startedAt,
    lease: null,
    meant: null,
    queuedMs: null,
    backOffMs: 0,
    cost: (target, seen) => record.cost(target, seen),
    // The span of the newest plan, which is this lane's at the time of reading.
    get trySpanId() {
      return record.trySpanId;
    },
  };
}

/**
 * Adds to the record's times a lane's time until `from`, when the other lane began. Time with a provider after that counts as `besideMs`.
 */
function countUntil(
  from: number,
  { tries, startedAt, record: own }: Lane,
  record: HedgeOptions<unknown>['record'],
): void {
  let waited = Math.max(0, from - startedAt);
  for (const { attempt, startedAt: triedAt } of tries) {
    const { providerMs = 0 } = attempt;
    const until = Math.max(0, Math.min(providerMs, from - triedAt));
    record.besideMs += providerMs - until;
    waited -= until;
  }
  addWaits(record, Math.min(own.backOffMs, waited), Math.min(own.queuedMs ?? 0, waited - own.backOffMs));
}

function addWaits(record: TryContext['record'], backOffMs: number, queuedMs: number): void {
  record.backOffMs += Math.max(0, backOffMs);
  if (queuedMs > 0) record.queuedMs = (record.queuedMs ?? 0) + queuedMs;
}

/** Cancels a lane's request. That does not count against its provider, and what it is known to have cost is noted. */
function giveUp({ tries, record, controller }: Lane, why: string, now: number): void {
  const open = tries.at(-1);
  const error = new GatewayError('cancelled', `cancelled: ${why}`);
  if (open !== undefined && open.attempt.error === null) {
    noteFailure(open.attempt, open.planned, error, record);
    open.attempt.durationMs = now - open.startedAt;
  }
  record.lease?.end('abandoned');
  controller.abort(error);
}
