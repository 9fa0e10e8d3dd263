// Results of parallel calls in the order of the calls: clients send them as the tools end, and a provider that knows no
// id of a call, or whose model is shown none, takes the first result for the first call's.
import type { Part } from '../../model/content.ts';

/**
 * The parts with the results among them first, as their calls were made.
 *
 * @param calls ids of the calls of the turn before, in order; results of others come behind.
 */
export function resultsInOrder(parts: readonly Part[], calls: readonly string[]): Part[] {
  // Of calls with one id the first counts.
  const places = new Map(calls.map((id, at) => [id, at] as const).toReversed());
  const place = (part: Part) =>
    part.type === 'tool-result' ? (places.get(part.callId) ?? calls.length) : calls.length + 1;
  return parts.toSorted((one, other) => place(one) - place(other));
}

/** Ids of the calls of a turn, in order. */
export function callIds(parts: readonly Part[]): string[] {
  return parts.flatMap((part) => (part.type === 'tool-call' ? [part.id] : []));
}
