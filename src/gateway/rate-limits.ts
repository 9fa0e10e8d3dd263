// Enforces `rate_limits`: a request counts once towards each limit that it matches, before the first target that the limit
// applies to is asked; its tokens count when it has ended.
import type { RedisConfig, ResolvedConfig } from '../config/resolved.ts';
import { type Counters, createLocalCounters } from '../limits/counters.ts';
import { type Count, createLimitBook, type ReachedLimit } from '../limits/limit-book.ts';
import type { LimitState } from '../limits/limit-line.ts';
import { formatReachedLimit } from '../limits/format-limit.ts';
import type { RemoteCount, RemoteCountOptions, RemoteState } from '../limits/remote-count.ts';
import type { RequestNames } from '../model/request-names.ts';
import type { Usage } from '../model/usage.ts';
import type { Target } from '../routing/targets.ts';
import { type Refusal, refusedByRateLimit } from '../upstream/refusal.ts';
import type { GatewayHost } from './host.ts';
import type { ExchangeRecord } from './record/record.ts';

type LimitedRecord = Pick<ExchangeRecord, 'agentType' | 'projectId' | 'operation' | 'redact' | 'counted'>;

/** The limits on one request. */
export interface RequestLimits {
  /** Whether none of them keeps it from being sent to the target. */
  wouldPass(target: Target): boolean;
  /** Null: it may be sent to the target, and counts. A promise only where the server that gateways share is asked. */
  enter(target: Target): Refusal | null | Promise<Refusal | null>;
  /** It was not sent to the target that let it enter, and counts no more for that. */
  notSent(target: Target): void;
}

/** A target that the request was let in to. Where two are asked at the same time, one may rely on what the other added. */
interface Entry {
  target: Target;
  /** With what it took over from others, which may be while the server is asked for it. */
  added: Count[];
  /** What others had added, and it would count towards too. */
  relied: readonly Count[];
  /** Tried, and asked to be let in again. */
  isSent: boolean;
}

/** Null where nothing limits the request. */
export type LimitsOf = (record: LimitedRecord) => RequestLimits | null;

export interface RateLimits {
  of: LimitsOf;
  /** Replaces the limits in force, possibly by none, and where they are counted. */
  configure(config: Pick<ResolvedConfig, 'rateLimits' | 'redis'>): void;
  /** Counts the tokens that a request has reported since this was last called: at once, they would be owed for long. */
  goesOn(record: ExchangeRecord): void;
  /** Counts the tokens of a request that has ended, however. To be called once. */
  ended(record: ExchangeRecord): void;
  states(): LimitState[] | Promise<LimitState[]>;
  /** Of the server that gateways share; null where there is none. */
  remoteState(): RemoteState | null;
  /** Gives back what this process holds on that server; resolves when that has been said, or cannot be. */
  close(): Promise<void>;
}

/** What the log says where gateways count together. */
const COUNTED_ALONE = 'rate limits are counted by this gateway alone until the server in redis.url answers';
const COUNTED_TOGETHER = 'rate limits are counted together with the other gateways again';
const UNREACHABLE =
  'the program that embeds this gateway gives it no client for Redis (host.connectRemoteCount): leave redis out, or run sluice';

interface RateLimitOptions {
  /** Milliseconds that pass while the machine sleeps too. */
  elapsed(): number;
  /** Shared with other processes; left out where there are none. */
  counters?: Counters | undefined;
  /** Left out where the host cannot reach such a server. */
  connect?: ConnectRemoteCount | undefined;
  /** Of the requests that run in this process, what each counts towards. */
  running(): Iterable<readonly Count[]>;
  /** Called when the server begins or ceases to answer; null: there is none any more. Holds no secret. */
  remoteChanged(state: RemoteState | null): void;
  /** Removes secrets from the words of a failure. */
  redact(text: string): string;
}

/** Logs once that the server has ceased to answer, and once that it answers again. */
export function createRemoteLog(log: GatewayHost['log']): (state: RemoteState | null) => void {
  let wasOk = true;
  return (state) => {
    const isOk = state === null || state.ok;
    if (!isOk && wasOk) log('warn', COUNTED_ALONE, { error: state.lastError });
    if (isOk && !wasOk && state !== null) log('info', COUNTED_TOGETHER);
    wasOk = isOk;
  };
}

/** Begins to reach the server over which several gateways count together. */
export type ConnectRemoteCount = (config: RedisConfig, options: RemoteCountOptions) => RemoteCount;

export function createRateLimits(options: RateLimitOptions): RateLimits {
  const { elapsed, counters = createLocalCounters(elapsed), connect } = options;
  const book = createLimitBook(counters);
  let redis: RedisConfig | null = null;
  let remote: RemoteCount | null = null;
  let state: RemoteState | null = null;

  function reach(config: RedisConfig | null): void {
    if (JSON.stringify(config) === JSON.stringify(redis)) return;
    void remote?.close();
    redis = config;
    remote = null;
    if (config === null) {
      note(null);
      return;
    }
    // What was said of another server stands until this one has answered or failed.
    state ??= { ok: true, lastError: null };
    if (connect === undefined) {
      note({ ok: false, lastError: UNREACHABLE });
      return;
    }
    remote = connect(config, {
      running: placesHeld,
      changed(changed) {
        if (config !== redis) return;
        const { ok, lastError } = changed;
        note({ ok, lastError: lastError === null ? null : options.redact(lastError) });
      },
    });
  }

  function note(changed: RemoteState | null): void {
    state = changed;
    options.remoteChanged(changed);
  }

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
      const caller = callerOf(record);
      const namesAt = ({ provider, model }: Target) => ({ ...caller, provider: provider.name, model });
      let entering: Promise<unknown> | null = null;
      const entries: Entry[] = [];

      function enter(target: Target): Refusal | null | Promise<Refusal | null> {
        record.counted ??= [];
        const { counted } = record;
        // Of two targets that are asked at the same time, the second may count towards nothing more. Where the request ended
        // meanwhile, nobody would give back what it counted towards.
        if (entering !== null)
          return entering.then(() => (record.counted === counted ? enter(target) : null));
        for (const earlier of entries) if (earlier.target === target) earlier.isSent = true;
        const names = namesAt(target);
        const before = [...counted];
        const entry: Entry = { target, added: [], relied: book.countsOf(names, counted), isSent: false };
        entries.push(entry);
        const entered = (found: ReachedLimit | null) => {
          entry.added.push(...counted.filter((count) => !before.includes(count)));
          if (found !== null) withdraw(entry);
          return found && refusalOf(found);
        };
        const reached = book.enter(names, counted);
        if (!(reached instanceof Promise)) return entered(reached);
        entering = reached;
        return reached.then((found) => {
          entering = null;
          if (record.counted === counted) return entered(found);
          // The request ended before the answer came: what it counted towards until then is not there any more.
          book.giveBack(counted);
          withdraw(entry);
          return found && refusalOf(found);
        });
      }

      /** What it added counts no more, unless another target relies on that: then it is that one's. */
      function withdraw(entry: Entry): void {
        entries.splice(entries.indexOf(entry), 1);
        const free: Count[] = [];
        for (const count of entry.added) {
          const heir = entries.find(({ relied }) => relied.includes(count));
          if (heir === undefined) free.push(count);
          else heir.added.push(count);
        }
        // What ran has been given back where the request has ended.
        book.giveBack(record.counted === null ? free.filter(({ running }) => running === null) : free);
        for (const count of free) {
          const at = record.counted?.indexOf(count) ?? -1;
          if (at !== -1) record.counted?.splice(at, 1);
        }
      }

      return {
        wouldPass: (target) => book.reached(namesAt(target), record.counted ?? []) === null,
        enter,
        notSent(target) {
          const entry = entries.findLast((each) => each.target === target && !each.isSent);
          if (entry !== undefined) withdraw(entry);
        },
      };
    },
    configure(config) {
      reach(config.redis);
      book.configure(config.rateLimits, remote);
    },
    goesOn(record) {
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
    remoteState: () => state,
    async close() {
      await remote?.close();
    },
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
