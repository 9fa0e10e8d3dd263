// The simulator's list of models: names worth trying.
import { findModels } from '../dialects/find-route.ts';

const NAMES = ['demo', 'fast', 'slow', 'echo', 'text'];

/** The answer to a GET of models, undefined for any other path. */
export function listModels(path: string, headers: Headers, query: URLSearchParams): Response | undefined {
  const found = findModels(path, headers);
  if (found === undefined || found.asked.isPosted === true) return undefined;
  const { client, asked } = found;
  const model = (id: string) => ({ id, provider: 'simulator' });
  if (asked.id === undefined) return Response.json(client.buildList(NAMES.map(model), query, asked));
  return Response.json(client.buildModel(model(asked.id), asked));
}
