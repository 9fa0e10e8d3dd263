// Clients match results to calls by id: where two calls of a conversation have the same one, the second gets a new id.
import type { NeutralRequest } from '../../model/request.ts';
import type { NeutralResponse } from '../../model/response.ts';

/** Ids in use, each with the number that its next duplicate gets: searching for a free number would take minutes for thousands of calls. */
export type TakenIds = Map<string, number>;

/** Takes the id, or a free one made from it. */
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

/** The ids of a conversation's calls as one string: an answer holds them until it ends, and as separate strings each took 93 bytes. */
export type EarlierCalls = string;

/** Occurs in no id. */
const SEPARATOR = '\0';

/**
 * The ids of a conversation's calls. Some servers number the calls of each turn from the beginning, and Claude Code takes every call of the
 * same id for the first one:
 * https://github.com/NVIDIA-NeMo/Switchyard/issues/502, https://github.com/fw-ai/fireconnect/issues/16
 */
export function callsOf({ messages }: Pick<NeutralRequest, 'messages'>): EarlierCalls {
  const ids: string[] = [];
  for (const { parts } of messages)
    for (const part of parts) if (part.type === 'tool-call' && part.kind !== 'server') ids.push(part.id);
  return ids.join(SEPARATOR);
}

export function createTakenIds(earlier: EarlierCalls = ''): TakenIds {
  if (earlier === '') return new Map();
  return new Map(earlier.split(SEPARATOR).map((id) => [id, 2]));
}

/** The answer with a distinct id for each call that the client is to answer. */
export function withDistinctCalls(answer: NeutralResponse, earlier?: EarlierCalls): NeutralResponse {
  const taken = createTakenIds(earlier);
  const parts = answer.parts.map((part) => {
    if (part.type !== 'tool-call' || part.kind === 'server') return part;
    const id = distinctId(part.id, taken);
    return id === part.id ? part : { ...part, id };
  });
  return { ...answer, parts };
}
