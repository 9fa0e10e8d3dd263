// Clients match results to calls by id: where a server gives two calls of an answer the same, the second gets one of its own.
import type { NeutralResponse } from '../../model/response.ts';

/** Ids that are taken, each with the number by which the next of its kind is told apart: counted on, or thousands would take minutes. */
export type TakenIds = Map<string, number>;

/** The id, or one like it that is not taken; then it is. */
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

/** The answer with an id of its own for each call that the client is to answer. */
export function withDistinctCalls(answer: NeutralResponse): NeutralResponse {
  const taken: TakenIds = new Map();
  const parts = answer.parts.map((part) => {
    if (part.type !== 'tool-call' || part.kind === 'server') return part;
    const id = distinctId(part.id, taken);
    return id === part.id ? part : { ...part, id };
  });
  return { ...answer, parts };
}
