// Hedging (docs/adr/0008): when nothing of the answer has come after a while, the next target is asked in parallel.
// The first to answer serves; the other is cancelled. Never more than two are asked at once.
import { Cancellation } from '../../upstream/cancellation.ts';
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
  walk,
} from './fallback.ts';
import type { ExchangeRecord } from '../record/record.ts';

export interface HedgeOptions<T> extends Omit<FallbackOptions<T>, 'begun'> {
  /** Null: never, and nothing here costs anything. */
  hedgeAfterMs: number | null;
  /** That of the context. */
  record: TryContext['record'] & Noted & Pick<ExchangeRecord, 'besideMs'>;
}

/** What a plan notes in the record: with two in parallel, the winner's notes are kept. */
type Noted = Pick<ExchangeRecord, 'target' | 'seen' | 'losses' | 'transformers'>;

/** One of the parallel lanes: takes one target after the other, as a request without hedging does. */
interface Lane {
  startedAt: number;
  controller: Cancellation;
  record: TryContext['record'];
  tries: (BegunTry & { noted: Noted })[];
}

/** As `firstAnswer`. Where all fail: the error that ended the request, else that of the target asked last. */
export function hedgedAnswer<T>(options: HedgeOptions<T>): Promise<T> {
  const { hedgeAfterMs, context } = options;
  if (hedgeAfterMs === null || context.targets.length < 2) return firstAnswer(options);
  return race(options, hedgeAfterMs);
}

function race<T>(options: HedgeOptions<T>, hedgeAfterMs: number): Promise<T> {
  const { record, context } = options;
  const { host, signal } = context;
  const queue = createTryQueue(context);
  const lanes = new Set<Lane>();
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let asking: Target | undefined;
  let decisive: unknown;
  let cancelTimer: (() => void) | undefined;
  let over = false;

  /** The wait starts anew with each target. */
  function arm(): void {
    cancelTimer?.();
    cancelTimer = host.setTimer(() => {
      if (!over && lanes.size < 2 && isAnyLeft() && !speaks()) start();
    }, hedgeAfterMs);
  }

  function isAnyLeft(): boolean {
    return queue.left.some((target) => mayBeAsked(context, target));
  }

  /** Whether a whole answer is already arriving as a stream: a second one would not be complete before it. */
  function speaks(): boolean {
    for (const { tries } of lanes) {
      const newest = tries.at(-1);
      if (newest?.attempt.error !== null) continue;
      const { firstContentAt, timing } = newest.planned.seen;
      // Content that transformers still hold back counts too.
      if (firstContentAt !== null || timing.lastContentAt !== null) return true;
    }
    return false;
  }

  function start(): void {
    const lane: Lane = {
      startedAt: host.monotonic(),
      controller: new Cancellation(),
      record: {
        attempts: record.attempts,
        startedAt: record.startedAt,
        lease: null,
        meant: null,
        queuedMs: null,
        backOffMs: 0,
        cost: (target, seen) => record.cost(target, seen),
        // Of the plan made last, which is this lane's when it is asked for.
        get trySpanId() {
          return record.trySpanId;
        },
      },
      tries: [],
    };
    const isHedge = lanes.size > 0;
    lanes.add(lane);
    const begun = (now: BegunTry) => {
      if (isHedge) now.attempt.hedge = true;
      const { target, seen, losses, transformers } = record;
      lane.tries.push({ ...now, noted: { target, seen, losses, transformers } });
      if (asking !== now.planned.target) arm();
      asking = now.planned.target;
    };
    const own = { ...context, record: lane.record, signal: lane.controller };
    walk({ context: own, plan: options.plan, begun }, queue).then(
      (answer) => {
        // The other lane was a moment earlier, and has ended this one.
        if (over) return;
        end(lane, `${lane.tries.at(-1)?.planned.target.provider.name} spoke first`);
        resolve(answer);
      },
      (thrown) => {
        if (!over) failed(lane, thrown);
      },
    );
  }

  function failed(lane: Lane, thrown: unknown): void {
    // No other target can help: none is asked any more, but the one in flight may still answer.
    if (queue.left.length > 0 || ERROR_RULES[toGatewayError(thrown).code].retry === 'never') {
      decisive ??= thrown;
      queue.left = [];
    }
    if (lanes.size > 1) {
      lanes.delete(lane);
      for (const other of lanes) countUntil(other.startedAt, lane);
      return;
    }
    end(lane, '');
    reject(decisive ?? thrown);
  }

  /** The record is this lane's from now on, and the other lane's request ends. */
  function end(lane: Lane, why: string): void {
    over = true;
    cancelTimer?.();
    for (const other of lanes) {
      if (other === lane) continue;
      giveUp(other, why, host.monotonic());
      countUntil(lane.startedAt, other);
    }
    const { lease, meant, backOffMs, queuedMs } = lane.record;
    Object.assign(record, lane.tries.at(-1)?.noted, { lease, meant });
    addWaits(record, backOffMs, queuedMs ?? 0);
  }

  /** A lane's time is the request's until `from`, when the other one began: what passed with a provider since is counted there. */
  function countUntil(from: number, { tries, startedAt, record: own }: Lane): void {
    let waited = Math.max(0, from - startedAt);
    for (const { attempt, startedAt: triedAt } of tries) {
      const { providerMs = 0 } = attempt;
      const until = Math.max(0, Math.min(providerMs, from - triedAt));
      record.besideMs += providerMs - until;
      waited -= until;
    }
    addWaits(record, Math.min(own.backOffMs, waited), Math.min(own.queuedMs ?? 0, waited - own.backOffMs));
  }

  const leave = () => {
    if (over) {
      for (const lane of lanes) lane.controller.abort(signal.reason);
      return;
    }
    // The row is that of the target asked last.
    const last = [...lanes].find(({ tries }) => tries.at(-1)?.noted.seen === record.seen) ?? [...lanes][0];
    over = true;
    last?.controller.abort(signal.reason);
    if (last !== undefined) end(last, 'the client left');
    reject(signal.reason);
  };
  if (signal.aborted) return Promise.reject(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  arm();
  start();
  return promise;
}

function addWaits(record: TryContext['record'], backOffMs: number, queuedMs: number): void {
  record.backOffMs += Math.max(0, backOffMs);
  if (queuedMs > 0) record.queuedMs = (record.queuedMs ?? 0) + queuedMs;
}

/** Ends a lane's request. That does not count against its provider, and what it is known to have cost is noted. */
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
