// Enforces `rate_limits`. A request counts once towards each limit that applies to it, before the first target that the limit applies to is
// asked; its tokens count when it has ended.
import type { ResolvedConfig } from '../config/resolved.ts';
import { type Counters, createLocalCounters } from '../limits/counters.ts';
import { type Count, LimitBook } from '../limits/limit-book.ts';
import type { LimitState } from '../limits/limit-line.ts';
import type { RemoteState } from '../limits/remote-count.ts';
import type { RequestNames } from '../model/request-names.ts';
import type { Usage } from '../model/usage.ts';
import type { ExchangeRecord } from './record/record.ts';
import { createRequestLimits, type RequestLimits } from './request-limits.ts';
import { createSharedServer, type SharedServerOptions } from './shared-server.ts';

type LimitedRecord = Pick<ExchangeRecord, 'agentType' | 'projectId' | 'operation' | 'redact' | 'counted'>;

/** Null where nothing limits the request. */
export type LimitsOf = (record: LimitedRecord) => RequestLimits | null;

export interface RateLimits {
  of: LimitsOf;
  /** Replaces the limits in force, possibly by none, and where they are counted. */
  configure(config: Pick<ResolvedConfig, 'rateLimits' | 'redis'>): void;
  /**
   * Counts the tokens that a running request has reported since the last call. Counted at its end, all of a long conversation's tokens
   * would be owed at once.
   */
  countSoFar(record: ExchangeRecord): void;
  /** Counts the tokens of a request that has ended, in whatever way. To be called once. */
  ended(record: ExchangeRecord): void;
  states(): LimitState[] | Promise<LimitState[]>;
  /** Of the server that several gateways share; null where there is none. */
  remoteState(): RemoteState | null;
  /** Gives back what this process holds on that server; resolves when the server has been told, or cannot be reached. */
  close(): Promise<void>;
}

interface RateLimitOptions extends Omit<SharedServerOptions, 'running'> {
  /** Milliseconds that pass while the machine sleeps too. */
  elapsed(): number;
  /** Shared with other processes; left out where there are none. */
  counters?: Counters | undefined;
  /** The limits that each request running in this process counts towards. */
  running(): Iterable<readonly Count[]>;
}

export function createRateLimits(options: RateLimitOptions): RateLimits {
  const { elapsed, counters = createLocalCounters(elapsed) } = options;
  const book = new LimitBook(counters);
  const server = createSharedServer({ ...options, running: placesHeld });

  function placesHeld(): Map<string, number> {
    const held = new Map<string, number>();
    for (const counted of options.running())
      for (const { key, running } of counted) if (running !== null) held.set(key, (held.get(key) ?? 0) + 1);
    return held;
  }

  function addTokens(record: ExchangeRecord, reported: TargetTokens[]): void {
    const caller = callerOf(record);
    for (const { provider, model, tokens } of reported)
      book.addTokens({ ...caller, provider, model }, tokens);
  }

  return {
    of(record) {
      if (book.isEmpty || record.operation === 'count-tokens') return null;
      return createRequestLimits(book, record, callerOf(record));
    },
    configure(config) {
      book.configure(config.rateLimits, server.reach(config.redis));
    },
    countSoFar(record) {
      if (record.counted !== null) addTokens(record, tokensOfAnswer(record));
    },
    ended(record) {
      const { counted } = record;
      if (counted === null) return;
      record.counted = null;
      book.leave(counted.splice(0));
      addTokens(record, [...tokensOfTries(record), ...tokensOfAnswer(record)]);
    },
    states: () => book.states(),
    remoteState: server.state,
    close: server.close,
  };
}

/** By the redacted names that rows have too, since these names are shown. */
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

/** The tokens that failed tries reported. */
function tokensOfTries({ attempts }: ExchangeRecord): TargetTokens[] {
  return attempts.flatMap(({ provider, model, usage }) =>
    usage === undefined ? [] : [{ provider, model, tokens: tokensIn(usage) }],
  );
}

/** The tokens that the answer has reported and that are not counted yet; marks them as counted. */
function tokensOfAnswer(record: ExchangeRecord): TargetTokens[] {
  const { attempts, target, seen, countedTokens } = record;
  // A failed try's tokens are in its attempt already.
  const isOpen = attempts.some(({ error }) => error === null);
  if (!isOpen || target === null || seen?.usageKnown !== true) return [];
  record.countedTokens = tokensIn(seen.usage);
  const tokens = record.countedTokens - countedTokens;
  return [{ provider: target.provider.name, model: target.model, tokens }];
}

/** Leaves out tokens read from caches, which cost little and which some providers do not limit. */
function tokensIn({ inputTokens, cacheWriteTokens, outputTokens }: Usage): number {
  return inputTokens + cacheWriteTokens + outputTokens;
}
