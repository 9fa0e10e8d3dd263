// Clients match results to calls by id: where a server gives two calls of an answer the same, the second gets one of its own.
import type { NeutralResponse } from '../../model/response.ts';

/** The id, or one like it that is not taken; then it is. */
export function distinctId(id: string, taken: Set<string>): string {
  let distinct = id;
  for (let count = 2; taken.has(distinct); count++) distinct = `${id}_${count}`;
  taken.add(distinct);
  return distinct;
}

/** The answer with an id of its own for each call that the client is to answer. */
export function withDistinctCalls(answer: NeutralResponse): NeutralResponse {
  const taken = new Set<string>();
  const parts = answer.parts.map((part) => {
    if (part.type !== 'tool-call' || part.kind === 'server') return part;
    const id = distinctId(part.id, taken);
    return id === part.id ? part : { ...part, id };
  });
  return { ...answer, parts };
}
