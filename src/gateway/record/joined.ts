// Joins the parts of an answer from several targets into one observation for its row.
import { addUsage, NO_USAGE } from '../../model/usage.ts';
import type { Observation } from './observer.ts';
import type { StreamTiming } from './stream-timing.ts';

/** What a row needs of an answer, from however many targets. */
export type WholeObservation = Omit<Observation, 'timing'> & {
  timing: Omit<StreamTiming, 'connected' | 'during' | 'waiting' | 'arrived' | 'content' | 'taken' | 'handed'>;
};

/**
 * Counts are the sum of what the parts reported, and known only if every part reported some.
 * @param parts the earlier ones. Model, ending and connection time are those of `last` alone.
 */
export function joinParts(parts: readonly Observation[], last: Observation | null): WholeObservation | null {
  const [first] = parts;
  if (first === undefined) return last;
  const all = last === null ? parts : [...parts, last];
  const newest = all.at(-1) ?? first;
  const answerLosses = new Set(all.flatMap((part) => [...(part.answerLosses ?? [])]));
  return {
    ...newest,
    usage: all.reduce((sum, { usage }) => addUsage(sum, usage), NO_USAGE),
    usageKnown: all.every(({ usageKnown }) => usageKnown),
    firstContentAt: first.firstContentAt,
    malformedEvents: all.reduce((sum, { malformedEvents }) => sum + malformedEvents, 0),
    answerLosses: answerLosses.size === 0 ? null : answerLosses,
    timing: joinTimings(
      all.map(({ timing }) => timing),
      newest.timing,
    ),
  };
}

/** Each part's attempt has its own provider's time; the joined timing has the last one's. */
function joinTimings(all: readonly StreamTiming[], newest: StreamTiming): WholeObservation['timing'] {
  newest.settle();
  const sum = (read: (timing: StreamTiming) => number) =>
    all.reduce((total, timing) => total + read(timing), 0);
  const lasts = all.flatMap(({ lastContentAt }) => (lastContentAt === null ? [] : [lastContentAt]));
  return {
    settle: () => newest.settle(),
    providerMs: newest.providerMs,
    connectMs: newest.connectMs,
    clientMs: sum(({ clientMs }) => clientMs),
    lastContentAt: lasts.length === 0 ? null : Math.max(...lasts),
    stalls: sum(({ stalls }) => stalls),
    longestGapMs: Math.max(...all.map(({ longestGapMs }) => longestGapMs)),
    gapsMs: sum(({ gapsMs }) => gapsMs),
    gaps: joinCounts(all.map(({ gaps }) => gaps)),
  };
}

function joinCounts(counts: readonly (Uint32Array | null)[]): Uint32Array | null {
  let joined: Uint32Array | null = null;
  for (const each of counts) {
    if (each === null) continue;
    const before: Uint32Array | null = joined;
    joined = each.map((count, bucket) => count + (before?.[bucket] ?? 0));
  }
  return joined;
}
