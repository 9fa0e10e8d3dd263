// Results of parallel calls in the order of the calls: clients send them as the tools end, and a provider that knows no
// id of a call, or whose model is shown none, takes the first result for the first call's.
import type { Part } from '../../model/content.ts';

/**
 * The parts with the results among them first, as their calls were made.
 *
 * @param calls ids of the calls of the turn before, in order; results of others come behind.
 */
export function resultsInOrder(parts: readonly Part[], calls: readonly string[]): Part[] {
  const place = (part: Part) => {
    if (part.type !== 'tool-result') return calls.length + 1;
    const at = calls.indexOf(part.callId);
    return at === -1 ? calls.length : at;
  };
  return parts.toSorted((one, other) => place(one) - place(other));
}

/** Ids of the calls of a turn, in order. */
export function callIds(parts: readonly Part[]): string[] {
  return parts.flatMap((part) => (part.type === 'tool-call' ? [part.id] : []));
}
