// Enforces `rate_limits`: a request counts once towards each limit that it matches, before the first target that the limit
// applies to is asked; its tokens count when it has ended.
import type { RateLimit } from '../config/resolved.ts';
import { type Counters, createLocalCounters } from '../limits/counters.ts';
import { createLimitBook, type LimitState, type ReachedLimit } from '../limits/limit-book.ts';
import { formatReachedLimit } from '../limits/format-limit.ts';
import type { RequestNames } from '../model/request-names.ts';
import type { Usage } from '../model/usage.ts';
import type { Target } from '../routing/targets.ts';
import { type Refusal, refusedByRateLimit } from '../upstream/refusal.ts';
import type { ExchangeRecord } from './record/record.ts';

type LimitedRecord = Pick<ExchangeRecord, 'agentType' | 'projectId' | 'operation' | 'redact' | 'counted'>;

/** The limits on one request. */
export interface RequestLimits {
  /** Whether none of them keeps it from being sent to the target. */
  wouldPass(target: Target): boolean;
  /** Null: it may be sent to the target, and counts. */
  enter(target: Target): Refusal | null;
}

/** Null where nothing limits the request. */
export type LimitsOf = (record: LimitedRecord) => RequestLimits | null;

export interface RateLimits {
  of: LimitsOf;
  /** Replaces the limits in force, possibly by none. */
  configure(limits: readonly RateLimit[]): void;
  /** Counts the tokens that a request has reported since this was last called: at once, they would be owed for long. */
  goesOn(record: ExchangeRecord): void;
  /** Counts the tokens of a request that has ended, however. To be called once. */
  ended(record: ExchangeRecord): void;
  states(): LimitState[];
}

/** @param counters shared with other processes; left out where there are none. */
export function createRateLimits(
  monotonic: () => number,
  counters: Counters = createLocalCounters(monotonic),
): RateLimits {
  const book = createLimitBook(counters);

  function addTokens(record: ExchangeRecord, reported: TargetTokens[]): void {
    const caller = callerOf(record);
    for (const { provider, model, tokens } of reported)
      book.addTokens({ ...caller, provider, model }, tokens);
  }

  return {
    of(record) {
      if (book.isEmpty || record.operation === 'count-tokens') return null;
      const caller = callerOf(record);
      const namesAt = ({ provider, model }: Target) => ({ ...caller, provider: provider.name, model });
      return {
        wouldPass: (target) => book.reached(namesAt(target), record.counted ?? []) === null,
        enter(target) {
          record.counted ??= [];
          const reached = book.enter(namesAt(target), record.counted);
          return reached && refusalOf(reached);
        },
      };
    },
    configure: book.configure,
    goesOn(record) {
      if (record.counted !== null) addTokens(record, tokensOfAnswer(record));
    },
    ended(record) {
      if (record.counted === null) return;
      book.leave(record.counted);
      addTokens(record, [...tokensOfTries(record), ...tokensOfAnswer(record)]);
    },
    states: book.states,
  };
}

function refusalOf({ limit, name, waitMs }: ReachedLimit): Refusal {
  return refusedByRateLimit(formatReachedLimit(limit, name), waitMs, limit.kind === 'concurrent');
}

/** By the names in rows, which are redacted: they are shown. */
function callerOf({
  agentType,
  projectId,
  redact,
}: LimitedRecord): Pick<RequestNames, 'agentType' | 'projectId'> {
  const inRow = (name: string | null) => (name === null ? null : redact(name));
  return { agentType: inRow(agentType), projectId: inRow(projectId) };
}

interface TargetTokens {
  provider: string;
  model: string;
  tokens: number;
}

/** The tokens that tries reported which failed. */
function tokensOfTries({ attempts }: ExchangeRecord): TargetTokens[] {
  return attempts.flatMap(({ provider, model, usage }) =>
    usage === undefined ? [] : [{ provider, model, tokens: tokensIn(usage) }],
  );
}

/** The tokens that the answer has reported, without those that are counted already. From now on they are. */
function tokensOfAnswer(record: ExchangeRecord): TargetTokens[] {
  const { attempts, target, seen, countedTokens } = record;
  // What a failed try has seen is in its attempt already.
  const isOpen = attempts.some(({ error }) => error === null);
  if (!isOpen || target === null || seen?.usageKnown !== true) return [];
  record.countedTokens = tokensIn(seen.usage);
  const tokens = record.countedTokens - countedTokens;
  return [{ provider: target.provider.name, model: target.model, tokens }];
}

/** Without what was read from caches, which costs little, and which some providers do not limit. */
function tokensIn({ inputTokens, cacheWriteTokens, outputTokens }: Usage): number {
  return inputTokens + cacheWriteTokens + outputTokens;
}
