// Puts the results of parallel calls in the order of the calls. Clients send them as the tools finish; a provider without call ids, or
// whose model does not see them, takes the first result for that of the first call.
import type { Part } from '../../../model/content.ts';

/** Call id → the number of calls before it in its turn. */
export type CallPlaces = ReadonlyMap<string, number>;

/**
 * The parts with the results first, in the order of their calls.
 *
 * @param calls of the previous turn; results of other calls come last. Made once for all turns that answer it, which may be one per call.
 */
export function resultsInOrder(parts: readonly Part[], calls: CallPlaces): Part[] {
  const place = (part: Part) =>
    part.type === 'tool-result' ? (calls.get(part.callId) ?? calls.size) : calls.size + 1;
  return parts.toSorted((one, other) => place(one) - place(other));
}

/** The calls of a turn; if several have the same id, the first counts. */
export function callPlaces(parts: readonly Part[]): CallPlaces {
  const places = new Map<string, number>();
  for (const part of parts)
    if (part.type === 'tool-call' && !places.has(part.id)) places.set(part.id, places.size);
  return places;
}

/** Puts results first, since all results of a turn's calls must precede anything else in the next user message. */
export function resultsFirst<Block>(blocks: readonly Block[], isResult: (block: Block) => boolean): Block[] {
  return [...blocks.filter(isResult), ...blocks.filter((block) => !isResult(block))];
}
