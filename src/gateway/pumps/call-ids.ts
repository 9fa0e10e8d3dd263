// Clients match results to calls by id: where two calls of an answer have the same one, the second gets a new id.
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

/** The answer with a distinct id for each call that the client is to answer. */
export function withDistinctCalls(answer: NeutralResponse): NeutralResponse {
  const taken: TakenIds = new Map();
  const parts = answer.parts.map((part) => {
    if (part.type !== 'tool-call' || part.kind === 'server') return part;
    const id = distinctId(part.id, taken);
    return id === part.id ? part : { ...part, id };
  });
  return { ...answer, parts };
}
