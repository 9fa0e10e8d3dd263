// Results of parallel calls in the order of the calls: clients send them as the tools end, and a provider that knows no
// id of a call, or whose model is shown none, takes the first result for the first call's.
import type { Part } from '../../model/content.ts';

/** By the id of each call of a turn, how many came before it. */
export type CallPlaces = ReadonlyMap<string, number>;

/**
 * The parts with the results among them first, as their calls were made.
 *
 * @param calls of the turn before; results of others come behind. Made once for all the turns that answer it, which may be
 * one for each call.
 */
export function resultsInOrder(parts: readonly Part[], calls: CallPlaces): Part[] {
  const place = (part: Part) =>
    part.type === 'tool-result' ? (calls.get(part.callId) ?? calls.size) : calls.size + 1;
  return parts.toSorted((one, other) => place(one) - place(other));
}

/** The calls of a turn; of those with one id the first counts. */
export function callPlaces(parts: readonly Part[]): CallPlaces {
  const places = new Map<string, number>();
  for (const part of parts)
    if (part.type === 'tool-call' && !places.has(part.id)) places.set(part.id, places.size);
  return places;
}
