// The rate limits on one request: at which target it begins to count towards them, and what no longer counts if it was not sent there after
// all.
import type { Count, LimitBook, ReachedLimit } from '../limits/limit-book.ts';
import { formatReachedLimit } from '../limits/format-limit.ts';
import type { RequestNames } from '../model/request-names.ts';
import type { Target } from '../routing/targets.ts';
import { type Refusal, refusedByRateLimit } from '../upstream/refusal.ts';
import type { ExchangeRecord } from './record/record.ts';

export interface RequestLimits {
  /** Whether no limit forbids sending the request to the target. */
  wouldPass(target: Target): boolean;
  /**
   * Counts the request towards the target's limits and returns null, or returns why it may not be sent. A promise only where the server
   * that gateways share is asked.
   */
  enter(target: Target): Refusal | null | Promise<Refusal | null>;
  /** The request was not sent to a target that `enter` allowed: it no longer counts for that. */
  notSent(target: Target): void;
}

/** A target that `enter` allowed. Where two are asked at the same time, one may rely on what the other has counted. */
interface Entry {
  target: Target;
  /** What it has counted, or inherited from withdrawn entries; filled even while the server is being asked. */
  added: Count[];
  /** What other entries had counted already and this one would have counted too. */
  relied: readonly Count[];
  /** It was tried: the same target is being entered again. */
  isSent: boolean;
}

/** @param caller the names by which limits identify the client. */
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
    // One at a time: of two targets that are asked together, the second may add nothing to what the first counts. If the request ended
    // meanwhile, nobody would give back what the second counts.
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
      // The request ended before the server answered: nobody else gives back what was counted since.
      book.giveBack(counted);
      withdraw(entry);
      return found && refusalOf(found);
    });
  }

  /** Uncounts what the entry has counted, except what another entry relies on: that passes to the other. */
  function withdraw(entry: Entry): void {
    entries.splice(entries.indexOf(entry), 1);
    const free: Count[] = [];
    for (const count of entry.added) {
      const heir = entries.find(({ relied }) => relied.includes(count));
      if (heir === undefined) free.push(count);
      else heir.added.push(count);
    }
    // Where the request has ended, its running counts have been given back already.
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
