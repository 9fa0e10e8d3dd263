// Clients match results to calls by id: where two calls of a conversation have the same one, the second gets a new id.
import type { NeutralRequest } from '../../model/request.ts';
import type { NeutralResponse } from '../../model/response.ts';

/** Ids in use, each with the number that the next duplicate gets: searching for a free one would take minutes for thousands. */
export type TakenIds = Map<string, number>;

/** Takes the id, or one like it that is free. */
export function distinctId(id: string, taken: TakenIds): string {
  let count = taken.get(id);
  if (count === undefined) {
    taken.set(id, 2);
    return id;
  }
  let distinct: string;
  do distinct = `${id}_${count++}`;
  while (taken.has(distinct));
  taken.set(id, count);
  taken.set(distinct, 2);
  return distinct;
}

/**
 * The ids of a conversation's calls. Some servers number the calls of each turn anew, and Claude Code takes each for the first one:
 * https://github.com/NVIDIA-NeMo/Switchyard/issues/502, https://github.com/fw-ai/fireconnect/issues/16
 */
export function callsOf({ messages }: NeutralRequest): string[] {
  const ids: string[] = [];
  for (const { parts } of messages)
    for (const part of parts) if (part.type === 'tool-call' && part.kind !== 'server') ids.push(part.id);
  return ids;
}

/** @param earlier the ids of the conversation's calls. */
export function createTakenIds(earlier: readonly string[] = []): TakenIds {
  return new Map(earlier.map((id) => [id, 2]));
}

/**
 * The answer with a distinct id for each call that the client is to answer.
 * @param earlier the ids of the conversation's calls.
 */
export function withDistinctCalls(answer: NeutralResponse, earlier?: readonly string[]): NeutralResponse {
  const taken = createTakenIds(earlier);
  const parts = answer.parts.map((part) => {
    if (part.type !== 'tool-call' || part.kind === 'server') return part;
    const id = distinctId(part.id, taken);
    return id === part.id ? part : { ...part, id };
  });
  return { ...answer, parts };
}
