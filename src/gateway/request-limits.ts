// The rate limits on one request: at which target it begins to count towards them, and what it counts no more once it was
// not sent there after all.
import type { Count, LimitBook, ReachedLimit } from '../limits/limit-book.ts';
import { formatReachedLimit } from '../limits/format-limit.ts';
import type { RequestNames } from '../model/request-names.ts';
import type { Target } from '../routing/targets.ts';
import { type Refusal, refusedByRateLimit } from '../upstream/refusal.ts';
import type { ExchangeRecord } from './record/record.ts';

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

/** @param caller the names by which limits know who asks. */
export function createRequestLimits(
  book: LimitBook,
  record: Pick<ExchangeRecord, 'counted'>,
  caller: Pick<RequestNames, 'agentType' | 'projectId'>,
): RequestLimits {
  const namesAt = ({ provider, model }: Target) => ({ ...caller, provider: provider.name, model });
  let entering: Promise<unknown> | null = null;
  const entries: Entry[] = [];

  function enter(target: Target): Refusal | null | Promise<Refusal | null> {
    record.counted ??= [];
    const { counted } = record;
    // Of two targets that are asked at the same time, the second may count towards nothing more. Where the request ended
    // meanwhile, nobody would give back what it counted towards.
    if (entering !== null) return entering.then(() => (record.counted === counted ? enter(target) : null));
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
}

function refusalOf({ limit, name, waitMs }: ReachedLimit): Refusal {
  return refusedByRateLimit(formatReachedLimit(limit, name), waitMs, limit.kind === 'concurrent');
}
